//! Reads a rule set and its table of cases, as whoever writes one checks it before governors adopt it.
//!
//! Run it in `crates/corridor` with `cargo run --example check -- ../../rules/EU-IMP-880.cedar`, which takes `rules/EU-IMP-880.cases` too.

use std::path::Path;
use std::{env, fs};

use colophon_corridor::answer::NOT_LEGAL_ADVICE;
use colophon_corridor::case::Case;
use colophon_corridor::{Corridor, RuleSet};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = env::args().nth(1).ok_or("name a rule set: NAME.cedar, with NAME.cases beside it")?;
    let name = Path::new(&path).file_stem().and_then(|stem| stem.to_str()).ok_or("the file has no name")?;
    let corridor = Corridor::of(&[RuleSet::parse(name, &fs::read_to_string(&path)?)?])?;
    for rule in corridor.rules() {
        println!(
            "{} {}: {}\n  {}; compared with it on {}\n",
            rule.id, rule.weight, rule.because, rule.cite, rule.checked
        );
    }
    let cases = Case::parse(&fs::read_to_string(Path::new(&path).with_extension("cases"))?)?;
    let mut wrong = 0;
    for case in &cases {
        let answer = corridor.judge(&case.facts);
        if answer.to_string() != case.expected {
            wrong += 1;
            println!(
                "line {} ({}): {}\n  expected {}\n  answered {answer}",
                case.line, case.reason, case.facts, case.expected
            );
            answer.findings.iter().for_each(|finding| println!("  cure: {}", finding.cure()));
        }
    }
    let digest = corridor.digest_text();
    println!(
        "{} cases, {wrong} answered otherwise; checked against rule set {digest}; {NOT_LEGAL_ADVICE}",
        cases.len()
    );
    if wrong == 0 { Ok(()) } else { Err("the rules and the cases do not agree".into()) }
}
