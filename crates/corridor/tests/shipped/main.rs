//! The rule sets that are shipped: their case tables, what no reordering may change, and decisions that are pinned.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod dice;
mod fuzz;
mod pinned;
mod tables;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use colophon_corridor::answer::Says;
use colophon_corridor::paper::{Issuer, Of, Paper, Wanted};
use colophon_corridor::rule::Weight;
use colophon_corridor::shipped::shipped;
use colophon_corridor::{Corridor, Facts, Outcome, RuleSet};
use proptest::prelude::*;

use crate::dice::{Dice, any_facts};

static SETS: LazyLock<Vec<RuleSet>> = LazyLock::new(shipped);
static TOGETHER: LazyLock<Corridor> = LazyLock::new(|| Corridor::of(&SETS).unwrap());
static ALONE: LazyLock<Vec<Corridor>> =
    LazyLock::new(|| SETS.iter().map(|set| Corridor::of(std::slice::from_ref(set)).unwrap()).collect());

/// Returns a set that has the same rules in another order.
fn reordered(dice: &mut Dice, set: &RuleSet) -> RuleSet {
    let mut policies: Vec<&str> = set.text().split_inclusive("};\n").filter(|part| part.contains("@id")).collect();
    assert_eq!(policies.len(), set.rules().len());
    dice.shuffle(&mut policies);
    RuleSet::parse(set.name(), &policies.concat()).unwrap()
}

/// Returns the line with its facts, and each of their lists, in another order.
fn reordered_line(dice: &mut Dice, line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let (key, value) = word.split_once('=').unwrap();
        let mut members: Vec<&str> = value.split(',').collect();
        dice.shuffle(&mut members);
        words.push(format!("{key}={}", members.join(",")));
    }
    dice.shuffle(&mut words);
    words.join(" ")
}

proptest! {
    #[test]
    fn the_order_of_sets_facts_and_papers_does_not_matter(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let facts = any_facts(&mut dice);
        let mut sets = SETS.clone();
        dice.shuffle(&mut sets);
        let line = reordered_line(&mut dice, &facts.to_string());
        let shuffled = Corridor::of(&sets).unwrap().judge(&line.parse().unwrap());
        prop_assert_eq!(TOGETHER.judge(&facts), shuffled);
    }

    #[test]
    fn facts_are_read_as_they_are_written(seed in any::<u64>()) {
        let facts = any_facts(&mut Dice::new(seed));
        prop_assert_eq!(facts.to_string().parse(), Ok(facts));
    }

    #[test]
    fn what_an_answer_asks_for_cures(seed in any::<u64>()) {
        let mut facts = any_facts(&mut Dice::new(seed));
        let before = TOGETHER.judge(&facts);
        let wanted: Vec<Wanted> = before.wanted().copied().collect();
        facts.papers.extend(wanted.iter().map(|wanted| given(*wanted, &facts)).collect::<Vec<_>>());
        let after = TOGETHER.judge(&facts);
        let barred = |weight| before.findings.iter().any(|one| one.weight == weight && matches!(one.says, Says::Bars(_)));
        prop_assert_eq!(after.wanted().count(), 0);
        prop_assert_eq!(after.outcome() == Outcome::Refuse, barred(Weight::Refuse));
    }

    #[test]
    fn a_paper_more_never_hurts(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let mut facts = any_facts(&mut dice);
        let before = TOGETHER.judge(&facts).outcome();
        facts.papers.extend(any_facts(&mut dice).papers);
        prop_assert!(TOGETHER.judge(&facts).outcome() <= before);
    }

    #[test]
    fn each_set_answers_as_it_does_among_others(seed in any::<u64>()) {
        let facts = any_facts(&mut Dice::new(seed));
        let alone = ALONE.iter().flat_map(|corridor| corridor.judge(&facts).findings);
        prop_assert_eq!(TOGETHER.judge(&facts).findings, alone.collect::<Vec<_>>());
    }
}

/// Returns the paper that is wanted.
fn given(wanted: Wanted, facts: &Facts) -> Paper {
    let enrolled = |country: &_| facts.enrolled.contains(&(wanted.document, *country));
    let issuer = match wanted.of {
        Of::Country(country) => Issuer::Country(country),
        Of::Region(region) => {
            Issuer::Country(region.members().find(enrolled).expect("it is asked for only where it can be had"))
        }
        Of::Party(party) => party,
        Of::UnknownOrigin => panic!("no shipped rule asks the country of origin"),
    };
    Paper { document: wanted.document, issuer }
}

#[test]
fn the_order_of_rules_does_not_matter() {
    let mut dice = Dice::new(3);
    for _ in 0..3 {
        let sets: Vec<RuleSet> = SETS.iter().map(|set| reordered(&mut dice, set)).collect();
        let corridor = Corridor::of(&sets).unwrap();
        for _ in 0..200 {
            let facts = any_facts(&mut dice);
            assert_eq!(corridor.judge(&facts), TOGETHER.judge(&facts), "{facts}");
        }
    }
}

#[test]
fn made_up_facts_reach_every_rule() {
    let all: BTreeSet<String> = TOGETHER.rules().map(|rule| rule.id.clone()).collect();
    let mut dice = Dice::new(1);
    let mut reached = BTreeSet::new();
    for _ in 0..20_000 {
        reached.extend(TOGETHER.judge(&any_facts(&mut dice)).findings.into_iter().map(|finding| finding.rule));
        if reached == all {
            return;
        }
    }
    panic!("not reached: {:?}", all.difference(&reached));
}

#[test]
fn every_answer_can_be_told_to_people() {
    let mut dice = Dice::new(2);
    for finding in (0..2_000).flat_map(|_| TOGETHER.judge(&any_facts(&mut dice)).findings) {
        for text in [&finding.cite, &finding.because, &finding.cure()] {
            assert!(text.len() > 20 && !text.ends_with('.'), "{}: {text:?}", finding.rule);
        }
    }
}
