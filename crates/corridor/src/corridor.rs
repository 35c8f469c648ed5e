//! The rule sets that are in force together, and what they answer.

mod request;

use std::collections::BTreeMap;

use cedar_policy::{AuthorizationError, Request};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Finding, Says};
use crate::engine::{engine, with_room_to_judge};
use crate::facts::Facts;
use crate::paper::{By, Of, Wanted};
use crate::place::Region;
use crate::rule::{Demand, Due, Rule, Weight};
use crate::rule_set::RuleSet;

/// The most rule sets in force at once.
pub const SETS_MAX: usize = 64;

const TAG: &[u8] = b"colophon.corridor/v1\n";

/// Rule sets that are in force together.
#[derive(Debug, Clone)]
pub struct Corridor {
    rules: BTreeMap<String, Rule>,
    digest: [u8; 32],
}

/// Why rule sets cannot be in force together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdoptError {
    /// Two sets of one name.
    #[error("two rule sets are called {0:?}")]
    Repeated(String),
    /// More sets than may be in force.
    #[error("there are more than {SETS_MAX} rule sets")]
    TooMany,
}

impl Corridor {
    /// Puts rule sets in force. Their order does not matter.
    pub fn of(sets: &[RuleSet]) -> Result<Corridor, AdoptError> {
        if sets.len() > SETS_MAX {
            return Err(AdoptError::TooMany);
        }
        let mut by_name = BTreeMap::new();
        for set in sets {
            if by_name.insert(set.name(), set).is_some() {
                return Err(AdoptError::Repeated(set.name().to_owned()));
            }
        }
        let hash = by_name.values().fold(Sha256::new().chain_update(TAG), |hash, set| hash.chain_update(set.digest()));
        let rules = by_name.values().flat_map(|set| set.rules()).map(|rule| (rule.id.clone(), rule.clone()));
        Ok(Corridor { rules: rules.collect(), digest: hash.finalize().into() })
    }

    /// Returns SHA-256("colophon.corridor/v1\n" ‖ the sets' digests in the order of their names): what "checked against" means.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Returns the digest as 64 lower-case hex digits.
    pub fn digest_text(&self) -> String {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("half a byte is a hex digit");
        self.digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// Lists the rules in force, in the order of their ids.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Judges a crossing. Always answers, and the same on every machine.
    pub fn judge(&self, facts: &Facts) -> Answer {
        let reaching: Vec<&Rule> = self.rules.values().filter(|rule| rule.reach.holds(facts)).collect();
        if reaching.is_empty() {
            return Answer { findings: Vec::new() };
        }
        with_room_to_judge(|| weigh(reaching, facts))
    }
}

/// Evaluates rules, in the order of their ids.
fn weigh<'r>(rules: impl IntoIterator<Item = &'r Rule>, facts: &Facts) -> Answer {
    let request = request::of(facts);
    let findings = rules.into_iter().filter_map(|rule| Some(finding(rule, rule.asked(&request, facts)?)));
    Answer { findings: findings.collect() }
}

/// Says what a rule does that applies.
fn finding(rule: &Rule, says: Says) -> Finding {
    let weight = match says {
        Says::Fails(_) => Weight::Refuse,
        Says::Unattested(_) => Weight::Note,
        Says::Needs(_) | Says::Bars(_) | Says::Owes { .. } => rule.weight,
    };
    Finding { rule: rule.id.clone(), weight, says, cite: rule.cite.clone(), because: rule.because.clone() }
}

impl Rule {
    /// Says what the rule does in a crossing, if it applies.
    fn asked(&self, request: &Request, facts: &Facts) -> Option<Says> {
        let response = engine().authorizer.is_authorized(request, &self.policy, &engine().entities);
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response.diagnostics().errors().next() {
            return Some(Says::Fails(error.inner().to_string()));
        }
        response.diagnostics().reason().next().map(|_| self.says(facts))
    }

    /// Says what the rule asks for in a crossing where it applies.
    fn says(&self, facts: &Facts) -> Says {
        let (document, by) = match &self.demand {
            Demand::Nothing(cure) => return Says::Bars(cure.clone()),
            Demand::Paper { document, by } => (*document, *by),
        };
        let wanted = Wanted { document, of: of(by, facts) };
        if self.weight > Weight::Note {
            return if can_be_had(wanted, facts) { Says::Needs(wanted) } else { Says::Unattested(wanted) };
        }
        let Some(scale) = &self.royalty else {
            return Says::Owes { closed_by: wanted, due: None, within_days: self.within_days };
        };
        match facts.price.get(scale.currency) {
            Some(price) => {
                let due = Due { amount: scale.due(*price), currency: scale.currency };
                Says::Owes { closed_by: wanted, due: Some(due), within_days: self.within_days }
            }
            None => Says::Fails(format!("it takes a share of a price in {}, and none is told", scale.currency)),
        }
    }
}

/// Says of whom a paper is wanted, here.
fn of(by: By, facts: &Facts) -> Of {
    match by {
        By::From => Of::Country(facts.from),
        By::To => Of::Country(facts.to),
        By::Origin => facts.work.origin.map_or(Of::UnknownOrigin, Of::Country),
        By::Party(party) => Of::Party(party),
        By::Region(region) => Of::Region(region),
        By::Country(country) => Of::Country(country),
    }
}

/// Tells whether there is somebody who could attest a paper. Each party can state its own.
fn can_be_had(wanted: Wanted, facts: &Facts) -> bool {
    let enrolled = |country| facts.enrolled.contains(&(wanted.document, country));
    match wanted.of {
        Of::Country(country) => enrolled(country),
        Of::Region(region) => Region::members(region).any(enrolled) || region.as_str().parse().is_ok_and(enrolled),
        Of::Party(_) | Of::UnknownOrigin => true,
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;
    use crate::answer::Outcome;
    use crate::rule::alone;
    use crate::rule_set::RuleSet;
    use crate::word::{Act, Delivery};

    fn set(name: &str, rules: &str) -> RuleSet {
        RuleSet::parse(name, rules).unwrap()
    }

    fn rule(id: &str, own: &str, policy: &str) -> String {
        format!("@id(\"{id}\") @cite(\"c\") @checked(\"2026-01-31\") @because(\"b\") {own}\n{policy};\n")
    }

    fn gate(id: &str, outcome: &str, condition: &str) -> String {
        let own = format!("@outcome(\"{outcome}\") @cure(\"none\")");
        rule(id, &own, &format!("forbid (principal, action, resource) when {{ {condition} }}"))
    }

    fn facts(line: &str) -> Facts {
        line.parse().unwrap()
    }

    #[test]
    fn without_rules_everything_goes() {
        let answer = Corridor::of(&[]).unwrap().judge(&facts("from=CN to=FR"));
        assert_eq!(answer.to_string(), "allow");
    }

    #[test]
    fn the_heaviest_finding_decides_and_all_are_told() {
        let text = gate("a", "hold", "context.professional") + &gate("b", "refuse", "context.from == context.to");
        let corridor = Corridor::of(&[set("S", &text)]).unwrap();
        for (line, told) in [
            ("from=CN to=FR", "allow"),
            ("from=CN to=FR professional=yes", "hold; S/a holds"),
            ("from=CN to=CN", "refuse; S/b refuses"),
            ("from=CN to=CN professional=yes", "refuse; S/a holds; S/b refuses"),
        ] {
            assert_eq!(corridor.judge(&facts(line)).to_string(), told, "{line}");
        }
    }

    #[test]
    fn a_paper_opens_a_gate_only_from_whom_it_is_wanted() {
        let own = "@outcome(\"refuse\") @document(\"NAT_EXPORT_LICENCE\") @by(\"from\")";
        let open = "{ document: Document::\"NAT_EXPORT_LICENCE\", by: \"from\" }";
        let policy = format!("forbid (principal, action, resource) unless {{ context.papers.contains({open}) }}");
        let corridor = Corridor::of(&[set("S", &rule("a", own, &policy))]).unwrap();
        let line = "from=CN to=FR enrolled=NAT_EXPORT_LICENCE@CN";
        let refused = "refuse; S/a refuses: needs NAT_EXPORT_LICENCE of CN";
        for (papers, told) in [
            ("", refused),
            (" papers=NAT_EXPORT_LICENCE@FR", refused),
            (" papers=NAT_EXPORT_LICENCE@giver", refused),
            (" papers=INVOICE@CN", refused),
            (" papers=NAT_EXPORT_LICENCE@CN", "allow"),
        ] {
            assert_eq!(corridor.judge(&facts(&format!("{line}{papers}"))).to_string(), told, "{papers}");
        }
        let nobody = corridor.judge(&facts("from=CN to=FR"));
        assert_eq!(nobody.to_string(), "allow; S/a notes: nobody attests NAT_EXPORT_LICENCE of CN");
    }

    #[test]
    fn a_share_of_a_price_that_is_not_told_in_its_currency_does_not_pass() {
        let own = "@owes(\"ARR_RECEIPT\") @by(\"maker\") @royalty(\"EUR 4% above\")";
        let corridor = Corridor::of(&[set("S", &rule("a", own, "permit (principal, action, resource)"))]).unwrap();
        let answer = |line: &str| corridor.judge(&facts(line)).to_string();
        assert_eq!(answer("from=CN to=FR price=EUR:100"), "allow; S/a notes: owes ARR_RECEIPT of maker, 4 EUR");
        assert_eq!(answer("from=CN to=FR price=USD:100"), "refuse; S/a refuses: cannot be evaluated");
    }

    /// No rule that was parsed can fail; so one is slipped in that was not.
    #[test]
    fn a_rule_that_fails_refuses() {
        let set = set("S", &gate("a", "hold", "context.professional"));
        let mut broken = set.rules()[0].clone();
        let overflow = "permit (principal, action, resource) when { context.year * 9223372036854775807 > 1 };";
        for (id, weight, text) in [
            ("S/b", Weight::Note, overflow.to_owned()),
            ("S/c", Weight::Hold, overflow.replace("permit", "forbid")),
            ("S/d", Weight::Refuse, "forbid (principal, action, resource) when { context.nothing };".to_owned()),
        ] {
            let mut corridor = Corridor::of(&[]).unwrap();
            (broken.id, broken.weight) = (id.to_owned(), weight);
            broken.policy = alone(Policy::parse(Some(cedar_policy::PolicyId::new(id)), text).unwrap());
            corridor.rules.insert(broken.id.clone(), broken.clone());
            let answer = corridor.judge(&facts("from=CN to=FR"));
            assert_eq!(answer.outcome(), Outcome::Refuse);
            assert_eq!(answer.to_string(), format!("refuse; {id} refuses: cannot be evaluated"));
        }
    }

    #[test]
    fn a_rule_that_does_not_reach_a_crossing_would_not_apply() {
        let sets: Vec<RuleSet> = crate::shipped::SHIPPED.iter().map(|(name, text)| set(name, text)).collect();
        let corridor = Corridor::of(&sets).unwrap();
        let (mut found, mut reached, mut asked) = (0, 0, 0);
        for place in 0..4 * 6 * 6 * 3 {
            let countries = ["CN", "FR", "ID", "NO", "RU", "US"];
            let (from, to) = (countries[place % 6], countries[place / 6 % 6]);
            let (act, delivery) = (Act::ALL[place / 36 % 4], Delivery::ALL[place / 144]);
            let source = if place % 2 == 0 { "trainedAlgorithmicMedia" } else { "print" };
            let facts = facts(&format!(
                "from={from} to={to} act={act} delivery={delivery} work.source={source} work.category=painting \
                 work.protection=listed work.older=300 professional=yes enrolled=NAT_EXPORT_LICENCE@CN,EU_IMPORT_LICENCE@FR"
            ));
            let answer = corridor.judge(&facts);
            assert_eq!(answer, weigh(corridor.rules.values(), &facts), "{facts}");
            found += answer.findings.len();
            reached += corridor.rules.values().filter(|rule| rule.reach.holds(&facts)).count();
            asked += corridor.rules.len();
        }
        assert!(found > 50 && reached < asked / 4, "{found} {reached} {asked}");
    }

    #[test]
    fn sets_differ_by_name_and_are_not_too_many() {
        let named = |name: &str| set(name, &gate("a", "hold", "context.professional"));
        assert!(matches!(Corridor::of(&[named("S"), named("S")]), Err(AdoptError::Repeated(_))));
        let many = |count: usize| Corridor::of(&(0..count).map(|n| named(&format!("S{n}"))).collect::<Vec<_>>());
        assert!(many(SETS_MAX).is_ok());
        assert!(matches!(many(SETS_MAX + 1), Err(AdoptError::TooMany)));
    }

    #[test]
    fn the_digest_is_that_of_the_sets_in_any_order() {
        let named = |name: &str| set(name, &gate("a", "hold", "context.professional"));
        let digest = |sets: &[RuleSet]| Corridor::of(sets).unwrap().digest();
        assert_eq!(digest(&[named("S"), named("T")]), digest(&[named("T"), named("S")]));
        assert_ne!(digest(&[named("S")]), digest(&[named("T")]));
        assert_ne!(digest(&[named("S")]), digest(&[]));
    }

    #[test]
    fn the_answer_needs_no_room_on_the_callers_stack() {
        let text = gate("deep", "refuse", &vec!["context.professional"; crate::rule_set::DEPTH_MAX - 1].join(" && "));
        let line = "from=CN to=FR professional=yes";
        let judge = move || Corridor::of(&[set("S", &text)]).unwrap().judge(&facts(line)).to_string();
        let small = std::thread::Builder::new().stack_size(96 * 1024).spawn(judge).unwrap().join().unwrap();
        assert_eq!(small, "refuse; S/deep refuses");
    }
}
