//! Each rule set beside its table of cases, and whether the table would notice if the rule said something else.

use std::collections::BTreeSet;

use colophon_corridor::case::Case;
use colophon_corridor::shipped::SHIPPED;
use colophon_corridor::{Corridor, RuleSet};

macro_rules! tables {
    ($($test:ident: $name:literal),+ $(,)?) => {
        const TABLES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../../rules/", $name, ".cases")))),+];

        $(#[test]
        fn $test() {
            check($name);
        })+
    };
}

tables! {
    ai_label: "AI-LABEL",
    arr_eu: "ARR-EU",
    cn_exp_heritage: "CN-EXP-HERITAGE",
    e_transmit: "E-TRANSMIT",
    eu_exp_116: "EU-EXP-116",
    eu_imp_880: "EU-IMP-880",
    eu_sanctions: "EU-SANCTIONS",
    terr_licence: "TERR-LICENCE",
}

fn of<'t>(list: &[(&str, &'t str)], name: &str) -> &'t str {
    list.iter().find(|(other, _)| *other == name).unwrap_or_else(|| panic!("{name} is not in the list")).1
}

/// Returns what a text answers to each case; nothing if it is not read.
fn answers(name: &str, text: &str, cases: &[Case]) -> Option<Vec<String>> {
    let corridor = Corridor::of(&[RuleSet::parse(name, text).ok()?]).unwrap();
    Some(cases.iter().map(|case| corridor.judge(&case.facts).to_string()).collect())
}

fn check(name: &str) {
    let (text, cases) = (of(SHIPPED, name), Case::parse(of(TABLES, name)).unwrap());
    let answered = answers(name, text, &cases).unwrap();
    for (case, answer) in cases.iter().zip(&answered) {
        assert_eq!(*answer, case.expected, "line {} ({}): {}", case.line, case.reason, case.facts);
    }
    let facts: BTreeSet<String> = cases.iter().map(|case| case.facts.to_string()).collect();
    assert_eq!(facts.len(), cases.len(), "a case of {name} stands there twice");

    for rule in text.split_inclusive("};\n").filter(|part| part.contains("@id")) {
        let alone = answers(name, rule, &cases).unwrap();
        assert!(alone.iter().any(|answer| answer != "allow"), "no case reaches\n{rule}");
        for (what, other) in changed(rule) {
            let noticed = answers(name, &other, &cases).as_ref() != Some(&alone);
            assert!(noticed, "no case of {name} would notice {what}");
        }
    }
}

/// Returns the text with each number one higher and one lower, and each word another of its kind.
fn changed(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (from, after) = (start, start + line.len());
        start = after;
        if line.starts_with("//") || line.starts_with('@') {
            continue;
        }
        let with = |place: usize, old: &str, new: &str| {
            let at = from + place;
            format!("{}{new}{}", &text[..at], &text[at + old.len()..])
        };
        for (place, number) in numbers(line) {
            let value: u64 = number.parse().unwrap();
            for other in [value + 1, value - 1] {
                let other = other.to_string();
                found.push((format!("{other} for {number}: {}", line.trim()), with(place, number, &other)));
            }
        }
        for (kind, word, other) in OTHERS {
            let old = format!("{kind}::\"{word}\"");
            let new = format!("{kind}::\"{other}\"");
            let any = format!("{kind}::\"");
            for (place, _) in line.match_indices(&any) {
                let whole = &line[place..=place + any.len() + line[place + any.len()..].find('"').unwrap()];
                if (*word == "*" || whole == old) && whole != new {
                    found.push((format!("{new} for {whole}: {}", line.trim()), with(place, whole, &new)));
                }
            }
        }
    }
    found
}

/// What to put in the place of a word: of each, or of one.
const OTHERS: &[(&str, &str, &str)] = &[
    ("Action", "crossing", "transfer"),
    ("Action", "transfer", "crossing"),
    ("Basis", "*", "inheritance"),
    ("Category", "*", "vehicle"),
    ("Category", "vehicle", "map"),
    ("Country", "*", "QQ"),
    ("Delivery", "*", "rights"),
    ("Delivery", "rights", "digital"),
    ("Document", "*", "INVOICE"),
    ("Protection", "*", "none"),
    ("Protection", "none", "listed"),
    ("Region", "EU", "EEA"),
    ("Region", "EEA", "EU"),
    ("Source", "*", "dataDrivenMedia"),
];

/// Finds the numbers of a line, outside of words and strings.
fn numbers(line: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut place = 0;
    for token in line.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '"')
    {
        let word = token.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            found.push((place, word));
        }
        place += token.len();
    }
    found
}

#[test]
fn every_shipped_set_has_its_table() {
    let names = |list: &[(&'static str, &str)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    assert_eq!(names(TABLES), names(SHIPPED));
    assert!(names(SHIPPED).is_sorted());
}
