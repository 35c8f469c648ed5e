//! The last that is allowed, and the first that is not.

use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, Certificate, CertificateError};
use colophon_ledger::draft::{Draft, DraftError};
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{ENTRY_BYTES_MAX, Entry, Text, genesis_text};
use colophon_ledger::field::{Int, List};
use colophon_ledger::refusal::Refusal;

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
