//! The keys of everybody, and the register that they belong to.

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{Body, Entry, genesis_text, text_of};
use colophon_ledger::field::{Digest, Int, List};
use colophon_ledger::rule::Rules;
use colophon_tlog::cosignature::{Cosigner, CosignerKey};
use colophon_tlog::hash::sha256;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Algorithm, Signer, VerifierKey};

pub(crate) const ORIGIN: &str = "sim.example/log";
pub(crate) const WITNESSES: usize = 3;
/// How many of them must cosign what is published.
pub(crate) const QUORUM: usize = 2;
/// When everything begins, in milliseconds after 1970.
pub(crate) const EPOCH_MS: u64 = 1_800_000_000_000;

fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

fn account(name: &str) -> AccountId {
    AccountId::from(&secret(name).public())
}

/// Returns what signs checkpoints.
pub(crate) fn log_signer() -> Signer {
    Signer::new(ORIGIN, secret("log")).expect("the origin is a name")
}

/// Returns the account that seals.
pub(crate) fn operator() -> AccountId {
    account("operator")
}

/// Signs a seal.
pub(crate) fn sign_seal(rules: &Rules, seal: &Body) -> Entry {
    signed(text_of(&rules.register, seal), &["operator"])
}

/// Returns the entry that the register begins with.
pub(crate) fn genesis() -> Entry {
    let body = Genesis {
        by: operator(),
        governor_threshold: Int::new(1).expect("one"),
        governors: List::new(vec![account("governor")]).expect("one"),
        kind: GenesisWord::It,
        log_vkey: log_signer().verifier().to_string(),
        nonce: Digest(sha256(b"nonce")),
        operators: List::new(vec![operator()]).expect("one"),
        rules: 1,
        succeeds: None,
    };
    signed(genesis_text(&ORIGIN.parse().expect("an origin"), &body), &["operator", "governor"])
}

fn signed(text: String, signers: &[&str]) -> Entry {
    let mut draft = Draft::new(text, None, None).expect("a text as entries have it");
    for signer in signers {
        draft.sign(&account(signer), secret(signer)).expect("an account's own key");
    }
    draft.to_entry().expect("a signed entry")
}

/// Returns the key of a witness. The last one cosigns with ML-DSA-44.
pub(crate) fn cosigner(number: usize) -> Cosigner {
    let algorithm = if number + 1 == WITNESSES { Algorithm::SubtreeV1 } else { Algorithm::CosignatureV1 };
    let name = format!("witness-{number}.example");
    let seed = *sha256(name.as_bytes()).as_bytes();
    Cosigner::new(&name, CosignerKey::from_seed(algorithm, seed).expect("a type that cosigns")).expect("a name")
}

/// Returns the verifier keys of all witnesses.
pub(crate) fn witness_keys() -> Vec<VerifierKey> {
    (0..WITNESSES).map(|number| cosigner(number).verifier().clone()).collect()
}
