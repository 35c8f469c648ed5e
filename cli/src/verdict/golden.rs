//! Verdicts word for word, as a person reads them.

use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Algorithm, VerifierKey};
use dialoguer::console::{measure_text_width, strip_ansi_codes};

use super::*;
use crate::sample::{DAY_MS, MINTED_MS, Sample, account, digest, log_key, short_body, terms};
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
        policy,
        claims: (Vec::new(), 0),
        online: false,
        overtaken: None,
        max_age_ms: None,
        now_ms: provenance.seal.time_ms.get() + 2 * HOUR_MS,
    }
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
    let verdict = Verdict::new(findings(&Sample::sold_abroad(), &policy()));
    assert_eq!(verdict.exit(), Exit::Done);
    assert_eq!(verdict.to_string(), include_str!("golden/sold_abroad.txt"));
}

#[test]
fn a_second_registration_whose_words_are_gone() {
    let mut sample = Sample::minted();
    sample.acknowledge(digest("first"));
    sample.withdraw_words();
    let policy = policy();
    let subject = Subject::Certificate { name: "river.certificate".to_owned() };
    let verdict = Verdict::new(Findings { subject, ..findings(&sample, &policy) });
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
    let verdict = Verdict::new(Findings { claims: (claims, 6), online: true, ..findings(&sample, &policy) });
    assert_eq!(part(&verdict.to_string(), "EARLIER", "as of"), include_str!("golden/claims.txt"));
    assert!(!verdict.checked.iter().any(|checked| checked.starts_with("who was first")));
}

#[test]
fn a_verdict_that_falls_short() {
    let sample = Sample::sold_abroad();
    let witness = VerifierKey::new("w.example", Algorithm::CosignatureV1, SecretKey::from_seed([9; 32]).public());
    let text = format!("log {}\nwitness w {}\nquorum w\n", log_key(), witness.unwrap());
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let now_ms = MINTED_MS + 20 * DAY_MS;
    let max_age_ms = Some(DAY_MS);
    let verdict = Verdict::new(Findings { max_age_ms, now_ms, overtaken: Some(7), ..findings(&sample, &policy) });
    assert_eq!(verdict.exit(), Exit::Stale);
    let heading: String = verdict.to_string().lines().take(6).flat_map(|line| [line, "\n"]).collect();
    let as_of = part(&verdict.to_string(), "as of", "checked");
    let early = Verdict::new(Findings { now_ms: MINTED_MS, ..findings(&sample, &policy) });
    let early = part(&early.to_string(), "as of", "state");
    assert_eq!([heading, as_of, early].concat(), include_str!("golden/stale.txt"));
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
    let shown = |findings: Findings<'_>| Verdict::new(findings).to_string();
    let open = part(&shown(findings(&sample, &policy)), "OFFER", "as of");
    let now_ms = MINTED_MS + 31 * DAY_MS;
    let run_out = part(&shown(Findings { now_ms, ..findings(&sample, &policy) }), "offer", "as of");
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
    let verdict = Verdict::new(findings(&sample, &policy));
    let plain = verdict.to_string();
    owo_colors::set_override(true);
    let coloured = verdict.to_string();
    owo_colors::unset_override();
    assert!(!plain.contains('\u{1b}'));
    assert_ne!(plain, coloured);
    assert_eq!(strip_ansi_codes(&coloured), plain);
    assert!(plain.lines().all(|line| measure_text_width(line) <= WIDTH));
}
