//! Verdicts word for word, as a person reads them.

use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Algorithm, VerifierKey};
use colophon_tlog::policy::Policy;
use dialoguer::console::{measure_text_width, strip_ansi_codes};

use super::*;
use crate::as_of::StateBy;
use crate::sample::{DAY_MS, MINTED_MS, Sample, account, cosigner, digest, log_key, short_body, terms};
use crate::sheet::WIDTH;

const HOUR_MS: u64 = 60 * 60 * 1000;

fn policy() -> Policy {
    Policy::of_log(&log_key()).unwrap()
}

fn file() -> Subject {
    Subject::File { name: "river.png".to_owned(), sha256: digest("river.png"), place: 1, of: 2 }
}

fn findings<'p>(sample: &'p Sample, policy: &'p Policy) -> Findings<'p> {
    let provenance = sample.provenance();
    Findings {
        subject: file(),
        provenance,
        backing: backing(policy, provenance.seal.time_ms.get() + 2 * HOUR_MS),
        claims: (Vec::new(), 0),
        overtaken: None,
        max_age_ms: None,
    }
}

fn backing(policy: &Policy, now_ms: u64) -> Backing<'_> {
    Backing { policy, audited: false, online: false, now_ms }
}

fn claim(number: u64, work: &str, maker: &str, name: Option<&str>) -> Claim {
    Claim { number, work: digest(work), maker: Party::named(&account(maker), name.map(ToOwned::to_owned)) }
}

/// Returns the part of a text from one label's line to the line before another's.
fn part(text: &str, from: &str, to: &str) -> String {
    let begins = |line: &&str, label: &str| line.strip_prefix("  ").is_some_and(|line| line.starts_with(label));
    let lines = text.lines().skip_while(|line| !begins(line, from)).take_while(|line| !begins(line, to));
    lines.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn a_file_sold_abroad_and_checked_by_a_stranger() {
    let verdict = Verdict::new(findings(&Sample::sold_abroad(), &policy())).unwrap();
    assert_eq!(verdict.exit(), Exit::Done);
    assert_eq!(verdict.to_string(), include_str!("golden/sold_abroad.txt"));
}

#[test]
fn what_is_not_checked_of_a_file_is_told() {
    let mut verdict = Verdict::new(findings(&Sample::minted(), &policy())).unwrap();
    let is_told = |verdict: &Verdict, told: &str| verdict.not_checked.iter().any(|one| one.contains(told));
    assert!(is_told(&verdict, "what only looks like it") && !is_told(&verdict, "Content Credentials"));
    verdict.note_too_little();
    verdict.note_credentials();
    assert!(!is_told(&verdict, "what only looks like it") && is_told(&verdict, "too little is in it"));
    assert!(is_told(&verdict, "its Content Credentials: this program is built without"));
}

#[test]
fn a_second_registration_whose_words_are_gone() {
    let mut sample = Sample::minted();
    sample.acknowledge(digest("first"));
    sample.withdraw_words();
    let policy = policy();
    let subject = Subject::Certificate { name: "river.certificate".to_owned() };
    let verdict = Verdict::new(Findings { subject, ..findings(&sample, &policy) }).unwrap();
    assert_eq!(verdict.to_string(), include_str!("golden/second.txt"));
}

#[test]
fn a_file_that_several_have_registered() {
    let (sample, policy) = (Sample::minted(), policy());
    let claims = vec![
        claim(1, "first", "eve", Some("Eve")),
        claim(2, "work", "ana", Some("Ana Lu")),
        claim(3, "third", "bo", None),
        claim(4, "fourth", "ana", Some("Ana Lu")),
    ];
    let verdict = findings(&sample, &policy);
    let backing = Backing { online: true, ..verdict.backing };
    let verdict = Verdict::new(Findings { claims: (claims, 6), backing, ..verdict }).unwrap();
    assert_eq!(part(&verdict.to_string(), "EARLIER", "as of"), include_str!("golden/claims.txt"));
    assert!(!verdict.checked.iter().any(|checked| checked.starts_with("who was first")));
}

#[test]
fn a_verdict_that_falls_short() {
    let sample = Sample::sold_abroad();
    let witness = VerifierKey::new("w.example", Algorithm::CosignatureV1, SecretKey::from_seed([9; 32]).public());
    let text = format!("log {}\nwitness w {}\nquorum w\n", log_key(), witness.unwrap());
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let backing_at = |now_ms| backing(&policy, now_ms);
    let (max_age_ms, backing) = (Some(DAY_MS), backing_at(MINTED_MS + 20 * DAY_MS));
    let verdict = Findings { max_age_ms, backing, overtaken: Some(7), ..findings(&sample, &policy) };
    let verdict = Verdict::new(verdict).unwrap();
    assert_eq!(verdict.exit(), Exit::Stale);
    let heading: String = verdict.to_string().lines().take(6).flat_map(|line| [line, "\n"]).collect();
    let as_of = part(&verdict.to_string(), "as of", "checked");
    let early = Findings { backing: backing_at(MINTED_MS), ..findings(&sample, &policy) };
    let early = Verdict::new(early).unwrap();
    let early = part(&early.to_string(), "as of", "state");
    assert_eq!([heading, as_of, early].concat(), include_str!("golden/stale.txt"));
}

/// Returns a policy that asks for one of two public witnesses and one of two that replay the state.
fn replaying_policy() -> Policy {
    let line = |name| format!("witness {name} {}\n", cosigner(name).verifier());
    let witnesses: String = ["one", "two", "mirror", "other"].map(line).concat();
    let groups =
        "group public any one two\ngroup replayed any mirror other\ngroup both all public replayed\nquorum both\n";
    Policy::parse(format!("log {}\n{witnesses}{groups}", log_key()).as_bytes()).unwrap()
}

#[test]
fn whose_word_the_state_rests_on() {
    let (mut sample, policy) = (Sample::minted(), replaying_policy());
    let now_ms = MINTED_MS + 2 * DAY_MS;
    let told = |sample: &Sample, audited, now_ms| {
        let backing = Backing { audited, ..backing(&policy, now_ms) };
        let max_age_ms = Some(DAY_MS);
        let verdict = Verdict::new(Findings { backing, max_age_ms, ..findings(sample, &policy) }).unwrap();
        let heading = verdict.to_string().split("\n\n").next().unwrap().to_owned();
        (verdict.as_of.state_by, format!("{heading}\n{}\n", part(&verdict.to_string(), "as of", "checked")))
    };
    let mut all = Vec::new();
    all.push(told(&sample, false, now_ms));
    all.push(told(&sample, true, now_ms));
    sample.cosign("one", now_ms - 3 * HOUR_MS);
    sample.cosign("mirror", now_ms - HOUR_MS / 4);
    all.push(told(&sample, false, now_ms));
    all.push(told(&sample, true, now_ms));
    // The quorum is as old as the older of the two it takes.
    all.push(told(&sample, false, now_ms + DAY_MS - 2 * HOUR_MS));
    // A cosignature from the future would be fresh for ever: a minute of skew is borne, more is not.
    all.push(told(&sample, false, now_ms - HOUR_MS / 4 - crate::witnessed::SKEW_MS));
    all.push(told(&sample, false, now_ms - HOUR_MS / 4 - crate::witnessed::SKEW_MS - 1));
    let words: Vec<StateBy> = all.iter().map(|(state_by, _)| *state_by).collect();
    let (operator, witnesses) = (StateBy::Operator, StateBy::Witnesses);
    assert_eq!(words, [operator, StateBy::You, witnesses, StateBy::You, witnesses, witnesses, operator]);
    let text: String = all.into_iter().map(|(_, text)| text).collect();
    assert_eq!(text, include_str!("golden/state.txt"));
}

#[test]
fn a_line_in_the_name_of_a_witness_that_did_not_make_it_is_a_forgery() {
    let (mut sample, policy) = (Sample::minted(), replaying_policy());
    sample.cosign("one", MINTED_MS);
    sample.forge("mirror");
    let failure = Verdict::new(findings(&sample, &policy)).unwrap_err();
    assert_eq!(failure.exit(), Exit::NotVerified);
}

#[test]
fn offers_as_they_bind() {
    let mut sample = Sample::minted();
    sample.name("bo", "FR", "Galerie Rive");
    let mut body = terms("offer", "bo", "FR", 30);
    body["firm"] = true.into();
    sample.step(1, &body);
    sample.offer("bo", "FR", 30);
    let policy = policy();
    let shown = |findings: Findings<'_>| Verdict::new(findings).unwrap().to_string();
    let open = part(&shown(findings(&sample, &policy)), "OFFER", "as of");
    let late = backing(&policy, MINTED_MS + 31 * DAY_MS);
    let run_out = part(&shown(Findings { backing: late, ..findings(&sample, &policy) }), "offer", "as of");
    sample.rotate("bo", 99);
    let void = part(&shown(findings(&sample, &policy)), "offer", "as of");
    assert_eq!([open, run_out, void].concat(), include_str!("golden/offers.txt"));
}

#[test]
fn a_whole_story() {
    let mut sample = Sample::minted();
    sample.name("bo", "FR", "Galerie Rive");
    sample.step(1, &terms("offer", "bo", "FR", 5));
    sample.step(2, &short_body("close", "bo"));
    sample.step(3, &terms("offer", "eve", "CN", 9));
    sample.step(4, &short_body("close", "ana"));
    sample.step(5, &short_body("close", "ana"));
    sample.step(6, &terms("offer", "bo", "FR", 20));
    sample.step(7, &short_body("accept", "bo"));
    let story = crate::story::Story::of(sample.provenance());
    let mut sheet = Sheet::new();
    story.write(&mut sheet);
    assert_eq!(sheet.to_string(), include_str!("golden/story.txt"));
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let (sample, policy) = (Sample::sold_abroad(), policy());
    let verdict = Verdict::new(findings(&sample, &policy)).unwrap();
    let plain = verdict.to_string();
    owo_colors::set_override(true);
    let coloured = verdict.to_string();
    owo_colors::unset_override();
    assert!(!plain.contains('\u{1b}'));
    assert_ne!(plain, coloured);
    assert_eq!(strip_ansi_codes(&coloured), plain);
    assert!(plain.lines().all(|line| measure_text_width(line) <= WIDTH));
}
