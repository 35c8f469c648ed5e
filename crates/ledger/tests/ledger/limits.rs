//! The last that is allowed, and the first that is not.

use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, Certificate, CertificateError};
use colophon_ledger::draft::{Draft, DraftError};
use colophon_ledger::entry::authority::AUTHORITIES_MAX;
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{ENTRY_BYTES_MAX, Entry, Text, genesis_text, text_of};
use colophon_ledger::field::{Int, List};
use colophon_ledger::refusal::Refusal;

use crate::borders::body_of;
use crate::rules::{Words, raw_note};
use crate::world::{World, account, digest, origin, signed};

fn genesis_of(operators: &[&str], log_vkey: &str) -> Genesis {
    let operators: Vec<_> = operators.iter().map(|name| account(name)).collect();
    Genesis {
        by: operators[0],
        governor_threshold: Int::new(1).unwrap(),
        governors: List::new(vec![account("governor")]).unwrap(),
        kind: GenesisWord::It,
        log_vkey: log_vkey.to_owned(),
        nonce: digest("nonce"),
        operators: List::new(operators).unwrap(),
        rules: 1,
        succeeds: None,
    }
}

/// A text of exactly so many bytes. Its log key is none, which only a register that begins with it would notice.
fn text_of_length(bytes: usize) -> String {
    let short = genesis_text(&origin(), &genesis_of(&["operator"], ""));
    let text = genesis_text(&origin(), &genesis_of(&["operator"], &"k".repeat(bytes - short.len())));
    assert_eq!(text.len(), bytes);
    text
}

#[test]
fn an_entry_has_16_384_bytes_at_most() {
    assert_eq!(ENTRY_BYTES_MAX, 16_384);
    let signature = signed(&text_of_length(1_000), &[("ana", "ana")]).to_bytes().len() - 1_000;
    let entry = |bytes: usize| {
        let text = text_of_length(bytes - signature);
        let signer = colophon_tlog::note::Signer::new(account("ana").as_str(), crate::world::key("ana")).unwrap();
        format!("{text}\n{}\n", signer.sign(&text)).into_bytes()
    };
    let largest = entry(ENTRY_BYTES_MAX);
    assert_eq!(largest.len(), ENTRY_BYTES_MAX);
    assert_eq!(Entry::parse(&largest).unwrap().to_bytes(), largest);
    let bytes = ENTRY_BYTES_MAX + 1;
    assert_eq!(Entry::parse(&entry(bytes)).unwrap_err(), Refusal::EntryTooLarge { bytes });
}

#[test]
fn a_drafts_text_has_16_384_bytes_at_most() {
    let largest = text_of_length(ENTRY_BYTES_MAX);
    assert_eq!(Draft::new(largest.clone(), None, None).unwrap().text(), largest);
    let bytes = ENTRY_BYTES_MAX + 1;
    let refusal = Refusal::EntryTooLarge { bytes };
    assert_eq!(Draft::new(text_of_length(bytes), None, None), Err(DraftError::Refused(refusal)));
}

#[test]
fn a_certificate_has_64_mebibytes_at_most() {
    assert_eq!(CERTIFICATE_BYTES_MAX, 67_108_864);
    let largest = Certificate::parse(&vec![b'x'; CERTIFICATE_BYTES_MAX]).unwrap_err();
    assert!(matches!(largest, CertificateError::Malformed(_)), "{largest}");
    let bytes = CERTIFICATE_BYTES_MAX + 1;
    assert_eq!(Certificate::parse(&vec![b'x'; bytes]).unwrap_err(), CertificateError::TooLarge(bytes));
}

#[test]
fn operators_stand_in_strictly_ascending_order() {
    let mut two = ["one", "two"];
    two.sort_by_key(|name| account(name));
    let read = |operators: &[&str]| {
        let text = genesis_text(&origin(), &genesis_of(operators, "a key"));
        Text::parse(&text).map(|_| ()).map_err(|refusal| refusal.code())
    };
    assert_eq!(read(&two), Ok(()));
    assert_eq!(read(&[two[1], two[0]]), Err("body_invalid"));
    assert_eq!(read(&[two[0], two[0]]), Err("body_invalid"));
}

#[test]
fn the_genesis_of_a_namesake_belongs_to_another_register() {
    let (world, other) = (World::new(), World::with_nonce("another genesis"));
    let [own, foreign] = [&world, &other].map(|world| Entry::parse(&world.leaves[0]).unwrap());
    assert_eq!(own.check_register(&world.rules.register), Ok(()));
    assert_eq!(foreign.check_register(&world.rules.register), Err(Refusal::WrongGenesis(foreign.id())));
}

#[test]
fn a_country_has_64_authorities_at_most_and_each_type_stands_once() {
    assert_eq!(AUTHORITIES_MAX, 64);
    let mut world = World::new();
    let enrol = |world: &mut World, name: &str, types: &str| {
        let words = [format!("account={name}"), "country=CN".to_owned(), format!("types={types}")];
        let body = body_of(world, "governor", "authority", &Words::read(&words.each_ref().map(String::as_str)));
        world.submit(&body, &[("governor", "governor")]).map_err(|refusal| refusal.code())
    };
    for number in 0..AUTHORITIES_MAX {
        enrol(&mut world, &format!("bureau {number}"), "INVOICE").unwrap();
    }
    assert_eq!(enrol(&mut world, "one more", "INVOICE"), Err("authority_unfit"));
    // One that is enrolled already takes no place.
    enrol(&mut world, "bureau 7", "APPRAISAL,INVOICE").unwrap();
    let words = Words::read(&["account=bureau", "country=CN", "types=INVOICE"]);
    let text = text_of(&world.rules.register, &body_of(&world, "governor", "authority", &words));
    let code = |types: &str| {
        let changed = text.replacen("[\"INVOICE\"]", types, 1);
        Entry::parse(&raw_note(&changed)).map(|_| ()).map_err(|refusal| refusal.code())
    };
    assert_eq!(code("[\"APPRAISAL\",\"INVOICE\"]"), Ok(()));
    for types in ["[\"INVOICE\",\"INVOICE\"]", "[\"INVOICE\",\"APPRAISAL\"]", "[]"] {
        assert_eq!(code(types), Err("body_invalid"), "{types}");
    }
}

#[test]
fn what_is_taken_back_is_about_one_thing() {
    let world = World::new();
    let words = Words::read(&["of=ana", "type=INVOICE"]);
    let text = text_of(&world.rules.register, &body_of(&world, "bo", "revoke", &words));
    let both =
        text.replacen("\"type\":\"INVOICE\"", &format!("\"type\":\"INVOICE\",\"work\":\"{}\"", digest("a work")), 1);
    let code = |text: &str| Entry::parse(&raw_note(text)).map(|_| ()).map_err(|refusal| refusal.code());
    assert_eq!([&text, &both].map(|text| code(text)), [Ok(()), Err("body_invalid")]);
}
