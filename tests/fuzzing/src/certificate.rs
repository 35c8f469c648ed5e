//! Certificates: one spelling, and whatever verifies is the provenance that the story tells.

use std::collections::BTreeSet;

use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, Certificate, Provenance};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::EntryId;
use colophon_ledger::state::{EditionRecord, RecordKey, Records as _};

use crate::story::{log_signer, story};

/// Words of certificates.
pub const WORDS: &[&str] = &[
    "\"cards\":[",
    "\"checkpoint\":\"",
    "\"edition\":",
    "\"entries\":[",
    "\"records\":[",
    "\"proof\":[]",
    "\"index\":0",
    "null",
    "[[[[[[[[",
    "colophon.certificate/v2",
    "\\u0061",
    "\\n",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "1",
];

/// Reads a certificate, writes it, and verifies it.
pub fn check(data: &[u8]) {
    let Ok(certificate) = Certificate::parse(data) else { return };
    assert!(data.len() <= CERTIFICATE_BYTES_MAX);
    assert_eq!(certificate.to_text().as_bytes(), data);
    check_truth(&certificate);
}

/// Holds a certificate that verifies against the story. Cards may be withheld; nothing else may be otherwise.
pub fn check_truth(certificate: &Certificate) {
    let Ok(provenance) = certificate.verify(&log_signer().verifier()) else { return };
    let Provenance { work, edition, .. } = provenance;
    assert_eq!(provenance.rules, *story().replay.rules());
    assert_eq!(provenance.checkpoint.to_string(), story().checkpoint.clone());
    let record: Option<EditionRecord> = story().replay.records().read(&RecordKey::Edition(work, edition)).unwrap();
    match record {
        Some(record) => assert_eq!(record, provenance.state),
        None => assert_eq!((provenance.state.holder, provenance.steps.len()), (provenance.mint.by, 0)),
    }
    let entries: Vec<Entry> = story().leaves.iter().map(|leaf| Entry::parse(leaf).unwrap()).collect();
    let is_step = |entry: &&Entry| entry.body().edition() == Some((work, edition));
    let steps: Vec<(EntryId, &Body)> = entries.iter().filter(is_step).map(|entry| (entry.id(), entry.body())).collect();
    let found: Vec<(EntryId, &Body)> = provenance.steps.iter().map(|step| (step.moment.id, &step.body)).collect();
    assert_eq!(found, steps);
    for (account, facts) in &provenance.accounts {
        let of_kind = |kind: &str| {
            let by = entries.iter().filter(|entry| entry.body().by() == account && entry.body().kind() == kind);
            by.count()
        };
        assert_eq!((facts.profiles.len(), facts.rotations.len()), (of_kind("profile"), of_kind("rotate")), "{account}");
    }
    let committed: BTreeSet<_> = entries.iter().filter_map(|entry| entry.body().card()).collect();
    assert!(provenance.cards.keys().all(|digest| committed.contains(digest)));
    let honest = story().certificate(work, edition);
    assert_eq!((&certificate.entries, &certificate.records), (&honest.entries, &honest.records));
}

/// The certificates of a sold, an offered and a resting edition.
pub fn seeds() -> Vec<Vec<u8>> {
    let [hills, copy] = [story().works[0], story().works[1]];
    [(hills, 1), (hills, 2), (copy, 1)]
        .map(|(work, edition)| story().certificate(work, edition).to_text().into_bytes())
        .to_vec()
}
