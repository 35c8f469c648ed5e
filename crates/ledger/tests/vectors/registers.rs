//! Further registers in the test vectors of the specification, one whose governors act, one with rules of the corridor, one that succeeds another and one in which
//! leaves are voided: the same records, refusals and verdicts.

use std::collections::BTreeMap;

use colophon_ledger::batch::Batch;
use colophon_ledger::certificate::Certificate;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::governance;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::register::Register as Identity;
use colophon_ledger::replay::{Replay, ReplayError};
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::voiding::VoidLists;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use serde::Deserialize;

use crate::altered::{Edit, altered};

#[derive(Deserialize)]
struct Vectors {
    acts: Acts,
    borders: Borders,
    charges: Charges,
    mended: Mended,
    succession: Succession,
}

/// A register whose governors act.
#[derive(Deserialize)]
struct Acts {
    former_vkey: String,
    certificate: CertificateVector,
    #[serde(flatten)]
    register: Register,
}

/// A register with rules of the corridor.
#[derive(Deserialize)]
struct Borders {
    certificate: CertificateVector,
    /// The same after the document that counted was taken back.
    revoked: CertificateVector,
    /// Of a work whose facts were amended.
    amended: CertificateVector,
    #[serde(flatten)]
    register: Register,
}

/// A register in which editions are flagged, charged, lent and released.
#[derive(Deserialize)]
struct Charges {
    certificates: Vec<CertificateVector>,
    #[serde(flatten)]
    register: Register,
}

/// A register with leaves that the rules refuse, and an upgrade that voids them.
#[derive(Deserialize)]
struct Mended {
    voided: Vec<u64>,
    #[serde(flatten)]
    register: Register,
}

/// A register that succeeds another.
#[derive(Deserialize)]
struct Succession {
    founding: String,
    retired: Leaf,
    certificates: Vec<CertificateVector>,
    #[serde(flatten)]
    register: Register,
}

/// A register kept by the other implementation.
#[derive(Deserialize)]
struct Register {
    vkey: String,
    leaves: Vec<Leaf>,
    records: BTreeMap<String, String>,
    state: String,
    checkpoint: String,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Leaf {
    kind: String,
    id: String,
    entry: String,
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    what: String,
    entry: String,
    size: usize,
    time_ms: u64,
}

#[derive(Deserialize)]
struct CertificateVector {
    text: String,
    altered: Vec<Altered>,
}

#[derive(Deserialize)]
struct Altered {
    what: String,
    edits: Vec<Edit>,
    verdict: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests/testdata/vectors.json")).unwrap()
}

fn replayed(leaves: &[Leaf]) -> Replay {
    replayed_knowing(leaves, &VoidLists::default()).unwrap()
}

fn replayed_knowing(leaves: &[Leaf], lists: &VoidLists) -> Result<Replay, ReplayError> {
    let mut replay = Replay::begin(leaves[0].entry.as_bytes()).unwrap();
    replay.learn(lists);
    for leaf in leaves {
        replay.leaf(leaf.entry.clone().into_bytes())?;
    }
    Ok(replay)
}

/// Returns what the upgrades of a register void, and of `more`, which would stand behind its first `size` leaves.
fn lists_of(leaves: &[Leaf], size: usize, more: &str) -> VoidLists {
    let mut lists = VoidLists::default();
    let leaves = leaves.iter().take(size).map(|leaf| leaf.entry.as_bytes()).chain([more.as_bytes()]);
    (0..).zip(leaves).for_each(|(index, leaf)| lists.leaf(index, leaf));
    lists
}

/// Replays a register, and holds it against what the other implementation says.
fn check_replay(register: &Register) -> Replay {
    let lists = lists_of(&register.leaves, register.leaves.len(), "");
    let replay = replayed_knowing(&register.leaves, &lists).unwrap();
    assert_eq!(replay.voiding().owed(), None);
    let records: BTreeMap<String, String> =
        replay.records().iter().map(|(key, record)| (key.to_string(), record.clone())).collect();
    assert_eq!(register.records, records);
    assert_eq!(replay.state_root().to_string(), register.state);
    for leaf in &register.leaves {
        let entry = Entry::parse(leaf.entry.as_bytes()).unwrap();
        assert_eq!((entry.body().kind(), entry.id().to_string()), (leaf.kind.as_str(), leaf.id.clone()));
        assert_eq!(
            entry.body().is_act(),
            ["log_key", "upgrade", "retire", "rules", "authority"].contains(&leaf.kind.as_str())
        );
    }
    let key = governance::log_key(replay.rules(), replay.records()).unwrap();
    assert_eq!(key.to_string(), register.vkey);
    assert!(SignedCheckpoint::open(register.checkpoint.as_bytes(), &key).is_ok());
    replay
}

#[test]
fn a_register_whose_governors_act_is_replayed() {
    let Acts { former_vkey, register, .. } = vectors().acts;
    assert_eq!(check_replay(&register).rules().log_key.to_string(), former_vkey);
}

#[test]
fn a_register_with_rules_of_the_corridor_is_replayed() {
    check_replay(&vectors().borders.register);
}

#[test]
fn a_register_with_flags_liens_and_loans_is_replayed() {
    check_replay(&vectors().charges.register);
}

#[test]
fn a_register_that_succeeds_another_is_replayed() {
    let Succession { founding, retired, register, .. } = vectors().succession;
    let replay = check_replay(&register);
    let genesis = Entry::parse(register.leaves[0].entry.as_bytes()).unwrap();
    let Body::Genesis(body) = genesis.body() else { panic!("the first leaf is a genesis") };
    assert_eq!(body.founding(genesis.origin()).to_string(), founding);
    let retired = Entry::parse(retired.entry.as_bytes()).unwrap();
    let Body::Retire(retire) = retired.body() else { panic!("the other register was retired") };
    let successor = retire.successor.clone().unwrap();
    assert_eq!((successor.founding.to_string(), &successor.origin), (founding, genesis.origin()));
    let predecessor = replay.rules().succeeds.as_ref().unwrap();
    let named = Identity { origin: predecessor.origin.clone(), genesis: predecessor.genesis };
    assert_eq!(retired.check_register(&named), Ok(()));
}

#[test]
fn a_register_with_voided_leaves_is_replayed_by_who_knows_of_them_and_by_nobody_else() {
    let Mended { voided, register } = vectors().mended;
    check_replay(&register);
    assert_eq!(voided.len(), 2);
    let error = replayed_knowing(&register.leaves, &VoidLists::default()).unwrap_err();
    assert_eq!(error.broken_at(), voided.first().copied());
    for vector in &register.refused {
        // Whatever the upgrade names besides, the leaves are those that were refused.
        let lists = lists_of(&register.leaves, register.leaves.len(), "");
        let replay = replayed_knowing(&register.leaves[..vector.size], &lists).unwrap();
        let code = judge(&replay, vector).map_err(|refusal| refusal.code());
        assert_eq!(code, Err(vector.code.as_str()), "{}", vector.what);
    }
}

fn judge(replay: &Replay, vector: &Refused) -> Result<u64, Refusal> {
    let refusal = |stop| match stop {
        Stop::Refused(refusal) => refusal,
        Stop::Unreadable(unreadable) => panic!("{unreadable}"),
    };
    let entry = Entry::parse(vector.entry.as_bytes())?;
    let signed = Signed::check(entry, replay.records()).map_err(refusal)?;
    let voiding = replay.voiding().clone();
    let mut batch = Batch::open_owing(replay.rules(), replay.records(), replay.position(), vector.time_ms, voiding);
    batch.push(signed).map_err(refusal)
}

#[test]
fn the_same_entries_are_refused_for_the_same_reasons() {
    let Vectors { acts, borders, charges, succession, .. } = vectors();
    for (register, vector) in [&acts.register, &borders.register, &charges.register, &succession.register]
        .iter()
        .flat_map(|register| register.refused.iter().map(move |vector| (register, vector)))
    {
        let replay = replayed(&register.leaves[..vector.size]);
        let code = judge(&replay, vector).map_err(|refusal| refusal.code());
        assert_eq!(code, Err(vector.code.as_str()), "{}: {}", vector.what, vector.entry);
    }
}

fn verdict(text: &str, key: &str) -> &'static str {
    let key: VerifierKey = key.parse().unwrap();
    let proved = Certificate::parse(text.as_bytes()).and_then(|certificate| certificate.verify(&key));
    if proved.is_ok() { "proved" } else { "refused" }
}

fn check_certificate(certificate: &CertificateVector, key: &str) {
    for Altered { what, edits, verdict: expected } in &certificate.altered {
        assert_eq!(verdict(&altered(&certificate.text, edits), key), expected, "{what}");
    }
}

#[test]
fn certificates_under_the_new_key_are_judged_the_same() {
    let Borders { certificate, revoked, amended, register } = vectors().borders;
    for certificate in [certificate, revoked, amended] {
        check_certificate(&certificate, &register.vkey);
    }
    let Acts { former_vkey, certificate, register } = vectors().acts;
    check_certificate(&certificate, &register.vkey);
    assert_eq!(verdict(&certificate.text, &former_vkey), "refused");
}

#[test]
fn certificates_with_flags_liens_and_loans_are_judged_the_same() {
    let Charges { certificates, register } = vectors().charges;
    assert_eq!(certificates.len(), 2);
    for certificate in &certificates {
        check_certificate(certificate, &register.vkey);
    }
}

#[test]
fn certificates_of_what_was_carried_over_are_judged_the_same() {
    let Succession { certificates, register, .. } = vectors().succession;
    assert_eq!(certificates.len(), 2);
    for certificate in &certificates {
        check_certificate(certificate, &register.vkey);
    }
}
