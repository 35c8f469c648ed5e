//! People whose keys come from their names, and what they sign.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use colophon_ledger::account::{AccountId, Multikey};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::Digest;
use colophon_tlog::hash::sha256;
use colophon_tlog::key::SecretKey;
use serde_json::Value;

/// Returns the secret key of this name.
pub fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

/// Returns the public key of this name. Each is computed once.
pub fn multikey(name: &str) -> Multikey {
    static KNOWN: OnceLock<Mutex<BTreeMap<String, Multikey>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(name.to_owned()).or_insert_with(|| Multikey::from(&secret(name).public()))
}

/// Returns the account whose first key has this name.
pub fn account(name: &str) -> AccountId {
    AccountId::of(multikey(name))
}

/// Returns the digest of a name, where any digest will do.
pub fn digest(name: &str) -> Digest {
    Digest(sha256(name.as_bytes()))
}

/// Returns the canonical form of a value whose members may stand in any order.
pub fn canonical(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string()
}

/// Reads a body whose members may stand in any order.
pub fn body_of(value: &Value) -> Body {
    Body::parse(&canonical(value)).unwrap()
}

/// Returns the draft of a text that each account has signed with a key, both by name.
pub fn signed_draft(text: String, signers: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::new(text, None, None).unwrap();
    for (of, by) in signers {
        draft.sign(&account(of), secret(by)).unwrap();
    }
    draft
}

/// Returns the entry of a text that each account signs with a key, both by name.
pub fn sign(text: String, signers: &[(&str, &str)]) -> Entry {
    signed_draft(text, signers).to_entry().unwrap()
}
