//! A rule set: the text that governors adopt, read, measured and validated before it may judge anything.

mod scan;
mod shape;

use std::collections::BTreeSet;

use cedar_policy::{PolicyId, PolicySet, ValidationMode};
use sha2::{Digest, Sha256};

use crate::engine::{ENGINE, engine, with_room_to_read};
use crate::rule::{Rule, RuleError, Weight};

pub use scan::{BRACKETS_MAX, POLICIES_MAX, RULES_BYTES_MAX, ScanError, TOKENS_MAX};
pub use shape::{DEPTH_MAX, NODES_MAX, ShapeError};

const NAME_BYTES_MAX: usize = 32;
const TAG: &[u8] = b"colophon.rules/v1\n";

/// A rule set.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSet {
    name: String,
    text: String,
    rules: Vec<Rule>,
}

/// Why text was not accepted as a rule set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleSetError {
    /// A name that is none.
    #[error("{0:?} is not a name of 1 to {NAME_BYTES_MAX} capital letters, digits and hyphens")]
    Name(String),
    /// Text that is not even given to Cedar.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// Not Cedar.
    #[error("not Cedar: {0}")]
    Syntax(String),
    /// A policy with slots.
    #[error("it has a template: every rule must be complete")]
    Template,
    /// Nothing in it.
    #[error("it has no rule")]
    Empty,
    /// Not as the schema has it.
    #[error("not as the schema has it: {0}")]
    Schema(String),
    /// A policy that makes no rule.
    #[error("rule {place}: {source}")]
    Rule {
        /// Which one, from 1.
        place: usize,
        /// Why.
        source: RuleError,
    },
    /// Two rules of one name.
    #[error("two rules are called {0:?}")]
    Repeated(String),
    /// A policy that says more, or other things, than a rule may.
    #[error("{rule}: {source}")]
    Shape {
        /// Which one.
        rule: String,
        /// Why.
        source: ShapeError,
    },
}

impl RuleSet {
    /// Reads a rule set, and makes sure that it can judge: it is within the limits, as the schema has it, no sum of it can overflow, and
    /// each paper that it asks for opens it.
    pub fn parse(name: &str, text: &str) -> Result<RuleSet, RuleSetError> {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(fits) {
            return Err(RuleSetError::Name(name.chars().take(NAME_BYTES_MAX + 1).collect()));
        }
        scan::scan(text)?;
        let rules = with_room_to_read(|| read(name, text))?;
        Ok(RuleSet { name: name.to_owned(), text: text.to_owned(), rules })
    }

    /// Returns the set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the rules, in the order of the text.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Returns SHA-256("colophon.rules/v1\n" ‖ engine ‖ "\n" ‖ name ‖ "\n" ‖ text).
    pub fn digest(&self) -> [u8; 32] {
        let parts = [TAG, ENGINE.as_bytes(), b"\n", self.name.as_bytes(), b"\n", self.text.as_bytes()];
        parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize().into()
    }
}

fn read(set: &str, text: &str) -> Result<Vec<Rule>, RuleSetError> {
    let found: PolicySet =
        text.parse().map_err(|error: cedar_policy::ParseErrors| RuleSetError::Syntax(short(&error)))?;
    if found.num_of_templates() > 0 {
        return Err(RuleSetError::Template);
    }
    if found.is_empty() {
        return Err(RuleSetError::Empty);
    }
    let rules = read_rules(set, &found)?;
    // Only what is known to be shallow: the validator recurses.
    let judged = engine().validator.validate(&found, ValidationMode::Strict);
    if judged.validation_passed_without_warnings() {
        return Ok(rules);
    }
    let mut complaints: Vec<String> = judged.validation_errors().map(ToString::to_string).collect();
    complaints.extend(judged.validation_warnings().map(ToString::to_string));
    complaints.sort(); // Cedar walks hash maps
    Err(RuleSetError::Schema(short(&by_name(&rules, complaints.join("; ")))))
}

/// Names rules in Cedar's words as their authors do. Cedar numbers them.
fn by_name(rules: &[Rule], complaint: String) -> String {
    let named =
        |said: String, (place, rule): (usize, &Rule)| said.replace(&policy_name(place, "`"), &format!("`{}`", rule.id));
    rules.iter().enumerate().fold(complaint, named)
}

/// Returns the name that Cedar gives to the policy at a place of a text, from 0, between two marks.
fn policy_name(place: usize, mark: &str) -> String {
    format!("{mark}policy{place}{mark}")
}

/// Reads the rules, and measures each.
fn read_rules(set: &str, found: &PolicySet) -> Result<Vec<Rule>, RuleSetError> {
    let mut rules = Vec::new();
    let mut names = BTreeSet::new();
    for place in 0..found.num_of_policies() {
        let policy = found.policy(&PolicyId::new(policy_name(place, ""))).expect("Cedar numbers policies from 0");
        let rule = Rule::read(set, policy).map_err(|source| RuleSetError::Rule { place: place + 1, source })?;
        if !names.insert(rule.id.clone()) {
            return Err(RuleSetError::Repeated(rule.id));
        }
        let opened_by = (rule.weight > Weight::Note).then_some(&rule.demand);
        shape::measure(policy, opened_by).map_err(|source| RuleSetError::Shape { rule: rule.id.clone(), source })?;
        rules.push(rule);
    }
    Ok(rules)
}

/// Cedar's words may repeat all of the text.
fn short(error: &impl ToString) -> String {
    error.to_string().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gate with one condition.
    fn gate(condition: &str) -> String {
        format!(
            "@id(\"one\") @cite(\"c\") @checked(\"2026-01-31\") @because(\"b\") @outcome(\"refuse\") @cure(\"none\")\n\
             forbid (principal, action, resource) when {{ {condition} }};\n"
        )
    }

    fn told(text: &str) -> String {
        RuleSet::parse("SET", text).unwrap_err().to_string()
    }

    #[test]
    fn a_set_is_read_in_the_order_of_its_text() {
        let two = gate("context.from == context.to") + &gate("context.professional").replace("one", "two");
        let set = RuleSet::parse("SET-1", &two).unwrap();
        assert_eq!(set.rules().iter().map(|rule| &*rule.id).collect::<Vec<_>>(), ["SET-1/one", "SET-1/two"]);
        assert_eq!((set.name(), set.text()), ("SET-1", &*two));
    }

    #[test]
    fn the_digest_is_over_name_and_text() {
        let set = |name: &str, text: &str| RuleSet::parse(name, text).unwrap().digest();
        let text = gate("context.professional");
        let digests = [set("A", &text), set("B", &text), set("A", &format!("{text}\n"))];
        assert_eq!(BTreeSet::from(digests).len(), 3);
        assert_eq!(set("A", &text), digests[0]);
    }

    #[test]
    fn names_are_short_and_plain() {
        let text = gate("context.professional");
        for wrong in ["", "a", "A/B", "A B", &"A".repeat(NAME_BYTES_MAX + 1)] {
            assert!(matches!(RuleSet::parse(wrong, &text), Err(RuleSetError::Name(_))), "{wrong}");
        }
        assert!(RuleSet::parse(&"A".repeat(NAME_BYTES_MAX), &text).is_ok());
    }

    #[test]
    fn what_is_not_a_rule_set_is_refused() {
        for (text, expected) in [
            (String::new(), "it has no rule"),
            ("// nothing\n".into(), "it has no rule"),
            ("forbid".into(), "not Cedar: "),
            (gate("context.professional").replace("resource)", "resource == ?resource)"), "it has a template"),
            (gate("context.professional").repeat(2), "two rules are called \"SET/one\""),
            (gate("context.profesional"), "not as the schema has it: for policy `SET/one`, "),
            (gate("context.delivery == Delivery::\"phisical\""), "not as the schema has it: "),
            (gate("context.to in Region::\"UE\""), "not as the schema has it: "),
            (gate("context.delivery == Basis::\"sale\""), "not as the schema has it: "),
            (gate("context.work.maker_died < 1950"), "not as the schema has it: "), // may be unknown
            (gate("context.price.EUR > 5"), "not as the schema has it: "),
            (gate("context.year == \"2026\""), "not as the schema has it: "),
            (gate("context.professional && false"), "not as the schema has it: "), // never applies
            (
                gate("context.professional").replace("action,", "action == Action::\"steal\","),
                "not as the schema has it: ",
            ),
            (gate("context.giver.country == Country::\"France\""), "SET/one: \"France\" is no country code"),
        ] {
            let found = told(&text);
            assert!(found.starts_with(expected), "{text}\ngives: {found}");
        }
    }

    #[test]
    fn annotations_make_the_rule() {
        let text = gate("context.professional");
        for (from, to, expected) in [
            ("@id(\"one\")", "", "rule 1: it has no @id"),
            ("@id(\"one\")", "@id(\"One\")", "rule 1: its @id: \"One\" is not a name"),
            ("@cite(\"c\")", "", "rule 1: it has no @cite"),
            ("@cite(\"c\")", "@cite", "rule 1: its @cite is empty"),
            ("@cite(\"c\")", "@cite(\"\\u{e9}\")", "rule 1: its @cite is empty, longer"),
            (
                "@because(\"b\")",
                "@because(\"b\") @owes(\"INVOICE\")",
                "rule 1: it has an @owes, which says nothing here",
            ),
            ("@because(\"b\")", "@because(\"b\") @within_days(\"3\")", "rule 1: it has an @within_days"),
            ("2026-01-31", "31.1.2026", "rule 1: its @checked: "),
            ("\"refuse\"", "\"allow\"", "rule 1: its @outcome: \"allow\" is not hold or refuse"),
            ("@cure(\"none\")", "", "rule 1: it has no @document or @cure"),
            ("@cure(\"none\")", "@document(\"INVOICE\")", "rule 1: it has no @by"),
            ("@cure(\"none\")", "@document(\"invoice\") @by(\"to\")", "rule 1: its @document: "),
            ("@cure(\"none\")", "@document(\"INVOICE\") @by(\"you\")", "rule 1: its @by: "),
            ("@cure(\"none\")", "@document(\"INVOICE\") @by(\"to\")", "SET/one: it asks for INVOICE"),
            ("forbid", "permit", "rule 1: it has no @owes"),
        ] {
            let changed = text.replace(from, to);
            let found = told(&changed);
            assert!(found.starts_with(expected), "{changed}\ngives: {found}");
        }
        let long = |count: usize| text.replace("\"b\"", &format!("\"{}\"", "b".repeat(count)));
        assert!(RuleSet::parse("SET", &long(crate::rule::ANNOTATION_BYTES_MAX)).is_ok());
        assert!(
            told(&long(crate::rule::ANNOTATION_BYTES_MAX + 1)).starts_with("rule 1: its @because is empty, longer")
        );
    }

    #[test]
    fn one_beyond_the_number_of_rules_is_refused() {
        let many = |count| {
            (0..count).map(|n| gate("context.professional").replace("one", &format!("r{n}"))).collect::<String>()
        };
        assert!(RuleSet::parse("SET", &many(POLICIES_MAX)).is_ok());
        assert_eq!(told(&many(POLICIES_MAX + 1)), format!("it has more than {POLICIES_MAX} rules"));
    }
}
