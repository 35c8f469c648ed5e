//! Every target on a stable compiler: its seeds, and some thousands of inputs that a seeded mutator makes of them.
//!
//! `COLOPHON_FUZZ_SECONDS` makes each go on for so long, with other inputs every time, and say how many they were: for a machine
//! where there is no `cargo-fuzz`. No input leads to the next here, so it finds less than `make long-fuzz` in the same time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, UNIX_EPOCH};

use fuzzing::apply::play;
use fuzzing::mutate::{Dice, mutated};
use fuzzing::target::{TARGETS, Target};

/// Changing it tries other inputs.
const SEED: u64 = 2026;

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("the target is listed");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has no input to begin with");
    for seed in &seeds {
        try_input(target, seed);
    }
    let mut dice = Dice::new(SEED);
    for _ in 0..target.smoke {
        try_input(target, &mutated(&mut dice, &seeds, target.words));
    }
    if let Some(seconds) = std::env::var("COLOPHON_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()) {
        go_on(target, &seeds, Duration::from_secs(seconds));
    }
}

/// Tries other inputs for so long.
fn go_on(target: &Target, seeds: &[Vec<u8>], time: Duration) {
    let seed = UNIX_EPOCH.elapsed().expect("it is after 1970").as_secs();
    let (mut dice, begun, mut tried) = (Dice::new(seed), Instant::now(), 0_u64);
    while begun.elapsed() < time {
        try_input(target, &mutated(&mut dice, seeds, target.words));
        tried += 1;
    }
    println!("{}: {tried} inputs in {} s from seed {seed}, no finding", target.name, time.as_secs());
}

/// Tries one input, and tells it if there is a finding.
fn try_input(target: &Target, input: &[u8]) {
    let found = std::panic::catch_unwind(|| (target.check)(input));
    assert!(found.is_ok(), "{} fails on b\"{}\"", target.name, input.escape_ascii());
}

macro_rules! smoke {
    ($($name:ident),+ $(,)?) => {
        const RUN: &[&str] = &[$(stringify!($name)),+];

        $(#[test]
        fn $name() {
            run(stringify!($name));
        })+
    };
}

smoke! {
    add_checkpoint, apply, body, card, cards_file, certificate, checkpoint, commits, content, cosignatures, draft,
    entry, evidence, field, iscc, journal, list, log_file, manifest, note, pinned, policy, problem, proof, receipt, redo, request,
    slots, state, tamper, text_search, tile, video_signature,
}

/// Every kind that is taken and every refusal that is met.
const MET: &[&str] = &[
    "accept",
    "ack_first_missing",
    "ack_first_wrong",
    "amend",
    "attest",
    "authority",
    "authority_unfit",
    "close",
    "country_mismatch",
    "crossing_held",
    "crossing_refused",
    "edition_unknown",
    "encumbered",
    "encumbrances_too_many",
    "entry_malformed",
    "expired",
    "expires_too_late",
    "face_repeated",
    "flag",
    "key_reused",
    "lien",
    "loan",
    "log_key",
    "log_key_unfit",
    "mint",
    "move",
    "next_mismatch",
    "no_offer",
    "not_authority",
    "not_governor",
    "not_holder",
    "not_maker",
    "not_payee",
    "not_recipient",
    "not_releaser",
    "nothing_attested",
    "nothing_owed",
    "nothing_to_release",
    "offer",
    "offer_firm",
    "offer_stands",
    "operator_cannot_own",
    "prev_stale",
    "profile",
    "receipt",
    "release",
    "repeated",
    "retire",
    "retired",
    "revoke",
    "rotate",
    "rules",
    "rules_retroactive",
    "rules_unknown",
    "same_holder",
    "signature_invalid",
    "signature_set",
    "transfer",
    "transmit",
    "upgrade",
    "upgrade_too_near",
    "void_unfit",
    "voided",
    "work_unknown",
];

/// Runs that reach nothing would find nothing: every kind is taken, every refusal that the rules know is met, and a leaf is voided.
#[test]
fn runs_of_entries_reach_every_rule() {
    let mut met = BTreeSet::new();
    for run in Dice::new(SEED).runs(2_000, 12) {
        met.extend(play(&run));
    }
    assert_eq!(met, MET.iter().copied().collect());
}

#[test]
fn every_target_is_run() {
    let listed: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(listed, RUN, "list each target in tests/fuzzing/tests/smoke.rs and in tests/fuzzing/src/target.rs");
}
