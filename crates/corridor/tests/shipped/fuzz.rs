//! Any text as rules, facts, tables of cases, scales and licences: what is read keeps to the limits and is written back the same, and
//! no rule that is read can fail. A seeded mutator tries some hundreds of inputs.

use colophon_corridor::answer::Says;
use colophon_corridor::case::{Case, TABLE_BYTES_MAX};
use colophon_corridor::facts::{FACTS_BYTES_MAX, LIST_MAX, NUMBER_MAX};
use colophon_corridor::royalty::Scale;
use colophon_corridor::rule_set::{POLICIES_MAX, RULES_BYTES_MAX};
use colophon_corridor::shipped::SHIPPED;
use colophon_corridor::territory::{Grant, Territory};
use colophon_corridor::{Corridor, Facts, RuleSet};

use crate::dice::Dice;

const INPUTS: usize = 400;

/// Between the rules and the facts of an input.
const MARK: &str = "\n====\n";

/// Words of rules, facts and tables.
const WORDS: &[&str] = &[
    "@id(\"a\")",
    "@outcome(\"hold\")",
    "@royalty(\"EUR 4% above\")",
    "forbid (principal, action, resource)",
    "permit",
    "when { ",
    "unless { ",
    " };\n",
    "context.price has EUR && context.price.EUR",
    "context.work.older_than",
    "context.year",
    " * 9007199254740991",
    " - ",
    " && ",
    " || ",
    "!",
    "(((",
    "[",
    "9223372036854775807",
    "Region::\"EU\"",
    "Country::\"CN\"",
    "principal like \"*\"",
    "//",
    "\"",
    "\\",
    MARK,
    " papers=EU_IMPORT_LICENCE@FR,INVOICE@giver",
    " price=EUR:300000",
    " asks=exclusive:EU:0..9",
    "given from=CN to=FR\n",
    " | allow | ",
    "% to 50000.00, ",
    ", at most ",
];

/// Reads rules and judges facts by them; reads the same text as everything else.
fn check(text: &str) {
    let (rules, line) = text.split_once(MARK).unwrap_or((text, "from=CN to=FR"));
    let facts = facts(line).unwrap_or_else(|| "from=CN to=FR price=EUR:300000".parse().unwrap());
    if let Ok(set) = RuleSet::parse("FUZZ", rules) {
        assert!(rules.len() <= RULES_BYTES_MAX && set.rules().len() <= POLICIES_MAX);
        assert_eq!(set.text(), rules);
        assert_eq!(RuleSet::parse("FUZZ", rules).as_ref(), Ok(&set));
        let corridor = Corridor::of(&[set]).unwrap();
        let answer = corridor.judge(&facts);
        assert_eq!(corridor.judge(&facts), answer);
        for finding in &answer.findings {
            let no_price = "it takes a share of a price in";
            assert!(!matches!(&finding.says, Says::Fails(why) if !why.starts_with(no_price)), "{finding:?}");
        }
    }
    if let Ok(cases) = Case::parse(text) {
        assert!(text.len() <= TABLE_BYTES_MAX);
        for case in cases {
            assert_eq!(case.facts.to_string().parse(), Ok(case.facts));
        }
    }
    if let Ok(scale) = text.parse::<Scale>() {
        assert_eq!(scale.to_string().parse(), Ok(scale.clone()));
        assert!(scale.due(1_000_001) <= 1_000_001 && scale.due(NUMBER_MAX) <= NUMBER_MAX);
    }
    if let Ok(grant) = text.parse::<Grant>() {
        assert!(grant.meets(&grant) || grant.territory == Territory::Countries([].into()));
        assert_eq!(grant.to_string().parse(), Ok(grant));
    }
}

/// Reads facts, and sees that they are written back the same.
fn facts(line: &str) -> Option<Facts> {
    let facts: Facts = line.parse().ok()?;
    assert!(line.len() <= FACTS_BYTES_MAX && facts.papers.len() <= LIST_MAX);
    assert_eq!(facts.to_string().parse().as_ref(), Ok(&facts));
    Some(facts)
}

/// The shipped sets with facts, and each of the other texts.
fn seeds() -> Vec<String> {
    let lines = [
        "from=CN to=FR delivery=physical work.category=archaeology work.older=300 papers=EU_IMPORT_LICENCE@DE",
        "from=FR to=US basis=auction professional=yes price=EUR:5000000 value=USD:1 work.died=1980 year=2026",
        "from=FR to=DE act=licence asks=exclusive:DE:5..9 holds=exclusive:EU:0..9 granted=simple:world:0..9,exclusive:FR+DE:1..5",
    ];
    let sets = SHIPPED.iter().zip(lines.iter().cycle()).map(|((_, text), line)| format!("{text}{MARK}{line}"));
    let others = [
        "# cases\ngiven from=CN to=FR year=2030\nto=US | allow | why\n- | hold; A/b holds | why not\n",
        "EUR 4% to 50000.00, 3% to 200000.00, 0.25% above, at most 12500.00",
        "exclusive:FR+DE:20000..20365",
    ];
    sets.chain(others.map(ToOwned::to_owned)).collect()
}

/// Returns one of `seeds` after one to five changes.
fn mutated(dice: &mut Dice, seeds: &[String]) -> String {
    let mut letters: Vec<char> = seeds[dice.below(seeds.len())].chars().collect();
    for _ in 0..=dice.below(5) {
        let at = dice.below(letters.len() + 1);
        let end = (at + dice.below(30)).min(letters.len());
        let word = WORDS[dice.below(WORDS.len())];
        match dice.below(6) {
            0 => drop(letters.splice(at..end, word.chars())),
            1 => drop(letters.splice(at..at, word.chars())),
            2 => drop(letters.drain(at..end)),
            3 => {
                let part = letters[at..end].to_vec();
                drop(letters.splice(at..at, part));
            }
            4 if at < letters.len() => letters[at] = char::from(u8::try_from(dice.below(128)).unwrap()),
            _ => letters.truncate(letters.len() - dice.below(letters.len() / 8 + 1)),
        }
    }
    letters.into_iter().collect()
}

#[test]
fn nothing_that_is_read_can_fail() {
    let seeds = seeds();
    let mut dice = Dice::new(2026);
    for seed in &seeds {
        check(seed);
    }
    for _ in 0..INPUTS {
        let input = mutated(&mut dice, &seeds);
        let found = std::panic::catch_unwind(|| check(&input));
        assert!(found.is_ok(), "fails on {input:?}");
    }
}
