//! Files of pinned registers: written back with the same meaning, of a register that began as the file says, under its name.

use colophon_client::pinned::{PINNED_BYTES_MAX, Pinned};
use colophon_ledger::replay::read_genesis;
use colophon_ledger::rule::Rules;

use crate::story::{genesis, log_signer};

/// Words of pinned registers.
pub const WORDS: &[&str] = &[
    "\"format\": \"colophon.register/v1\"",
    "\"address\":",
    "\"log\":",
    "\"genesis\":",
    "\\n",
    "\\u2014 ",
    "null",
    "[[[[[[[[",
];

/// Reads a file and writes it back.
pub fn check(data: &[u8]) {
    let Ok(pinned) = Pinned::parse(data) else { return };
    assert!(data.len() <= PINNED_BYTES_MAX);
    assert_eq!(Pinned::parse(pinned.to_json().as_bytes()).as_ref(), Ok(&pinned));
    let (rules, entry) = read_genesis(pinned.genesis().as_bytes()).unwrap();
    assert_eq!(entry.to_bytes(), pinned.genesis().as_bytes());
    let kept = Rules { log_key: pinned.rules().log_key.clone(), ..rules.clone() };
    assert_eq!((pinned.rules(), kept.log_key.name()), (&kept, rules.log_key.name()));
    assert_eq!(rules.register.genesis, entry.id());
    // Nobody else here begins registers, and the signatures of the genesis cover all that it lays down.
    assert_eq!((rules.log_key, entry.id()), (log_signer().verifier(), genesis().id()));
}

/// The story's register under two addresses.
pub fn seeds() -> Vec<Vec<u8>> {
    let leaf = String::from_utf8(genesis().to_bytes()).unwrap();
    let pin = |address: &str| Pinned::new(address, &log_signer().verifier(), &leaf).unwrap().to_json().into_bytes();
    vec![pin("https://registry.example/art"), pin("")]
}
