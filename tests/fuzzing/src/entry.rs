//! Leaves: bytes in, the same bytes out, and every look at them agrees.

use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::{Body, ENTRY_BYTES_MAX, Entry, SIGNATURES_MAX, entry_id};
use colophon_ledger::signature::{FirstKeys, Signed};
use colophon_tlog::hash::sha256;
use colophon_tlog::note::{Algorithm, VerifierKey};

use crate::story::story;

/// Words of leaves.
pub const WORDS: &[&str] = &[
    "colophon.entry/v1 ",
    "colophon.genesis/v1 ",
    "registry.example/art",
    "\n\n\u{2014} ",
    "\n",
    "\"kind\":\"seal\"",
    "\"rules\":2",
    "\"kind\":\"mint\"",
    "=",
    "z6Mk",
];

/// Reads a leaf and holds every way of looking at it against the others.
pub fn check(data: &[u8]) {
    let newer = Seal::other_version(data);
    let read = Entry::parse(data);
    let peeked = Seal::peek(data);
    let Ok(entry) = read else {
        assert_eq!(peeked, None);
        return;
    };
    assert!(data.len() <= ENTRY_BYTES_MAX && (1..=SIGNATURES_MAX).contains(&entry.signatures().len()));
    assert_eq!(entry.to_bytes(), data);
    assert_eq!(entry.id().0, sha256(entry.text().as_bytes()));
    assert_eq!(entry_id(data), Some(entry.id().0));
    assert_eq!(Entry::from_parts(entry.text(), entry.signatures().to_vec()).as_ref(), Ok(&entry));
    match entry.body() {
        Body::Seal(seal) => assert_eq!(peeked.as_ref(), Some(seal)),
        _ => assert_eq!(peeked, None),
    }
    assert_eq!(
        newer,
        match entry.body() {
            Body::Seal(seal) if seal.rules.get() != 1 => Some(seal.rules.get()),
            _ => None,
        }
    );
    check_signatures(entry);
}

/// What is taken as signed by first keys, a plain reader of signed notes takes too, line by line.
fn check_signatures(entry: Entry) {
    let Ok(signed) = Signed::check(entry, &FirstKeys) else { return };
    let entry = signed.entry();
    let key = |account: &colophon_ledger::account::AccountId| {
        let public = account.first_key().public()?;
        VerifierKey::new(account.as_str(), Algorithm::Ed25519, public).ok()
    };
    let mut keys: Vec<VerifierKey> = entry.body().signers().iter().filter_map(key).collect();
    if let Body::Rotate(rotate) = entry.body() {
        let new = rotate.keys.as_slice().iter().filter_map(colophon_ledger::account::Multikey::public);
        keys.extend(new.filter_map(|public| VerifierKey::new(rotate.by.as_str(), Algorithm::Ed25519, public).ok()));
    }
    for line in entry.signatures() {
        assert!(keys.iter().any(|key| key.id() == line.key_id && key.verify(entry.text(), &line.signature)));
    }
}

/// Every leaf of the story.
pub fn seeds() -> Vec<Vec<u8>> {
    story().leaves.clone()
}
