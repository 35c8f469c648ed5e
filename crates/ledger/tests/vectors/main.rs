//! The test vectors of the specification, made by its second implementation: the same bytes, the same answers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod altered;
mod registers;

use std::collections::BTreeMap;

use colophon_ledger::account::{AccountId, KeyList, Multikey};
use colophon_ledger::batch::Batch;
use colophon_ledger::canonical::to_canonical;
use colophon_ledger::card::Card;
use colophon_ledger::certificate::{Certificate, CertificateError};
use colophon_ledger::deal::Money;
use colophon_ledger::entry::terms::Terms;
use colophon_ledger::entry::{Body, Entry, entry_id};
use colophon_ledger::proved::{ProvedEntry, ProvedError, ProvedRecord};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::{Replay, read_genesis};
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{RecordKey, Records, record_digest};
use colophon_ledger::state_root::{StateKey, StateTree};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::key::{PublicKey, SecretKey};
use colophon_tlog::note::{Algorithm, VerifierKey};
use colophon_tlog::proof::verify_inclusion;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree, TreeSize};
use serde::Deserialize;

use crate::altered::{Edit, altered};

/// What `tests/spec/colophon_spec.py vectors` writes.
#[derive(Deserialize)]
struct Vectors {
    keys: Vec<KeyVector>,
    multikeys_refused: Vec<String>,
    points_refused: Vec<String>,
    vkey: VkeyVector,
    key_lists: Vec<KeyListVector>,
    cards: Vec<CardVector>,
    cards_accepted: Vec<String>,
    cards_refused: Vec<String>,
    price: PriceVector,
    trees: Vec<TreeVector>,
    inclusion: Vec<InclusionVector>,
    state: StateVector,
    register: RegisterVector,
    genesis_refused: Vec<GenesisVector>,
    refused: Vec<RefusedVector>,
    certificate: CertificateVector,
    cheats: Vec<CheatVector>,
}

#[derive(Deserialize)]
struct KeyVector {
    seed: Hash32,
    public: Hash32,
    multikey: String,
    key_id: String,
}

#[derive(Deserialize)]
struct VkeyVector {
    name: String,
    public: Hash32,
    vkey: String,
}

#[derive(Deserialize)]
struct KeyListVector {
    keys: Vec<Multikey>,
    canonical: String,
    commitment: String,
}

#[derive(Deserialize)]
struct CardVector {
    salt: Hash32,
    text: String,
    digest: String,
}

#[derive(Deserialize)]
struct PriceVector {
    amount: u64,
    currency: String,
    salt: Hash32,
    terms: String,
    preimage: String,
    commitment: String,
}

#[derive(Deserialize)]
struct TreeVector {
    size: u64,
    root: Hash32,
}

#[derive(Deserialize)]
struct InclusionVector {
    index: u64,
    size: u64,
    proof: Vec<String>,
    root: Hash32,
}

#[derive(Deserialize)]
struct StateVector {
    records: Vec<StateRecordVector>,
    root: Hash32,
    proofs: Vec<ProvedRecord>,
    lies: Vec<LieVector>,
}

#[derive(Deserialize)]
struct StateRecordVector {
    key: String,
    record: String,
    place: Hash32,
    value: Hash32,
}

#[derive(Deserialize)]
struct LieVector {
    what: String,
    proof: ProvedRecord,
}

#[derive(Deserialize)]
struct RegisterVector {
    vkey: String,
    leaves: Vec<LeafVector>,
    records: BTreeMap<String, String>,
    state: Hash32,
    checkpoint: String,
}

#[derive(Deserialize)]
struct LeafVector {
    kind: String,
    id: Hash32,
    leaf_hash: Hash32,
    signers: Vec<AccountId>,
    entry: String,
}

#[derive(Deserialize)]
struct GenesisVector {
    what: String,
    entry: String,
}

#[derive(Deserialize)]
struct RefusedVector {
    code: String,
    what: String,
    entry: String,
    time_ms: u64,
}

#[derive(Deserialize)]
struct CertificateVector {
    text: String,
    altered: Vec<AlteredVector>,
}

#[derive(Deserialize)]
struct AlteredVector {
    what: String,
    edits: Vec<Edit>,
    verdict: String,
}

#[derive(Deserialize)]
struct CheatVector {
    what: String,
    certificate: String,
    verdict: String,
}

/// 32 bytes in hex.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hash32(Hash);

impl TryFrom<String> for Hash32 {
    type Error = colophon_tlog::hash::HashError;

    fn try_from(text: String) -> Result<Hash32, Self::Error> {
        text.parse().map(Hash32)
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests/testdata/vectors.json")).unwrap()
}

fn public(bytes: &Hash32) -> PublicKey {
    PublicKey::from_bytes(bytes.0.as_bytes()).unwrap()
}

#[test]
fn keys_have_the_same_names_and_ids() {
    for vector in vectors().keys {
        let found = SecretKey::from_seed(*vector.seed.0.as_bytes()).public();
        assert_eq!(found, public(&vector.public));
        let multikey: Multikey = vector.multikey.parse().unwrap();
        assert_eq!(multikey, Multikey::from(&found));
        assert_eq!(multikey.id_under(&AccountId::of(multikey)).unwrap().to_string(), vector.key_id);
    }
    let VkeyVector { name, public: key, vkey } = vectors().vkey;
    assert_eq!(VerifierKey::new(&name, Algorithm::Ed25519, public(&key)).unwrap().to_string(), vkey);
    for vector in vectors().key_lists {
        let list = KeyList::new(vector.keys).unwrap();
        assert_eq!((to_canonical(&list), list.commitment().to_string()), (vector.canonical, vector.commitment));
    }
}

#[test]
fn what_is_no_key_is_refused() {
    for text in vectors().multikeys_refused {
        assert!(text.parse::<Multikey>().is_err(), "{text:?}");
    }
    for point in vectors().points_refused {
        let bytes = point.parse::<Hash>().unwrap();
        assert!(PublicKey::from_bytes(bytes.as_bytes()).is_err(), "{point}");
    }
}

#[test]
fn cards_and_prices_have_the_same_digests() {
    for CardVector { salt, text, digest } in vectors().cards {
        assert_eq!(Card::new(*salt.0.as_bytes(), text).unwrap().digest().to_string(), digest);
    }
    for text in vectors().cards_accepted {
        assert!(Card::new([0; 32], text.clone()).is_ok(), "{text}");
    }
    for text in vectors().cards_refused {
        assert!(Card::new([0; 32], text.clone()).is_err(), "{text}");
    }
    let vector = vectors().price;
    let terms: Terms = serde_json::from_str(&vector.terms).unwrap();
    let money = format!(r#"{{"amount":{},"currency":"{}"}}"#, vector.amount, vector.currency);
    let money: Money = serde_json::from_str(&money).unwrap();
    let salt = vector.salt.0;
    assert_eq!(terms.price_commitment(&money, salt.as_bytes()).to_string(), vector.commitment);
    let preimage = [b"colophon.price/v1\n".as_slice(), salt.as_bytes(), vector.preimage.as_bytes()].concat();
    assert_eq!(colophon_tlog::hash::sha256(&preimage).to_string(), vector.commitment);
}

#[test]
fn the_log_tree_has_the_same_roots_and_proofs() {
    let leaf = |n: u64| leaf_hash(format!("leaf {n}").as_bytes());
    for TreeVector { size, root } in vectors().trees {
        let mut tree = Tree::new();
        (0..size).for_each(|n| tree.append(leaf(n), &mut TileHashes::default()));
        assert_eq!(tree.root(), root.0, "size {size}");
    }
    for InclusionVector { index, size, proof, root } in vectors().inclusion {
        let mut proof: Vec<Hash> = proof.iter().map(|hash| Hash::from_base64(hash).unwrap()).collect();
        let (place, size) = (EntryIndex::new(index).unwrap(), TreeSize::new(size).unwrap());
        assert_eq!(verify_inclusion(&leaf(index), place, size, &proof, &root.0), Ok(()));
        proof.push(Hash::ZERO);
        assert!(verify_inclusion(&leaf(index), place, size, &proof, &root.0).is_err());
    }
}

#[test]
fn the_state_tree_has_the_same_root_and_proofs() {
    let StateVector { records, root, proofs, lies } = vectors().state;
    for record in &records {
        assert_eq!(StateKey::of(&record.key).as_hash(), &record.place.0);
        assert_eq!(record_digest(&record.record), record.value.0);
    }
    let tree = StateTree::new().apply(records.iter().map(|it| (StateKey::of(&it.key), it.value.0)));
    assert_eq!(tree.root(), root.0);
    for proved in proofs {
        let proof = tree.prove(&StateKey::of(&proved.key));
        let path: Vec<Hash> = proved.path.iter().map(|hash| hash.0).collect();
        let other = proved.other.as_ref().map(|other| (StateKey::from_hash(other.key.0), other.value.0));
        assert_eq!((proof.path, proof.other), (path, other), "{}", proved.key);
        assert_eq!(proved.verify(&root.0), Ok(()));
    }
    for LieVector { what, proof } in lies {
        assert!(proof.verify(&root.0).is_err(), "{what}");
    }
}

fn replayed(register: &RegisterVector) -> Replay {
    let mut replay = Replay::begin(register.leaves[0].entry.as_bytes()).unwrap();
    for leaf in &register.leaves {
        replay.leaf(leaf.entry.clone().into_bytes()).unwrap();
    }
    replay
}

#[test]
fn a_register_kept_by_the_other_implementation_is_replayed() {
    let register = vectors().register;
    let replay = replayed(&register);
    let records = replay.records().iter().map(|(key, record)| (key.to_string(), record.clone())).collect();
    assert_eq!(register.records, records);
    assert_eq!(replay.state_root(), register.state.0);
    let mut tree = Tree::new();
    for leaf in &register.leaves {
        let entry = Entry::parse(leaf.entry.as_bytes()).unwrap();
        assert_eq!((entry.id().0, entry.body().kind()), (leaf.id.0, leaf.kind.as_str()));
        assert_eq!(entry_id(leaf.entry.as_bytes()), Some(leaf.id.0));
        assert_eq!(entry.body().signers(), leaf.signers);
        assert_eq!(entry.to_bytes(), leaf.entry.as_bytes());
        assert_eq!(leaf_hash(leaf.entry.as_bytes()), leaf.leaf_hash.0);
        tree.append(leaf.leaf_hash.0, &mut TileHashes::default());
    }
    let vkey = register.vkey.parse().unwrap();
    let signed = SignedCheckpoint::open(register.checkpoint.as_bytes(), &vkey).unwrap();
    assert_eq!((signed.checkpoint().size, signed.checkpoint().root), (tree.size(), tree.root()));
}

#[test]
fn every_kind_of_entry_and_of_record_is_in_the_register() {
    let register = vectors().register;
    let kinds: std::collections::BTreeSet<&str> = register.leaves.iter().map(|leaf| leaf.kind.as_str()).collect();
    let all = ["accept", "close", "genesis", "mint", "offer", "profile", "rotate", "seal", "transfer"];
    assert!(kinds.iter().eq(&all));
    let count = |start: &str, parts: usize| {
        register.records.keys().filter(|key| key.starts_with(start) && key.split('/').count() == parts).count()
    };
    let names = [("work/", 2), ("file/", 2), ("file/", 3), ("face/", 3), ("edition/", 3), ("account/", 2), ("key/", 3)];
    for (start, parts) in names {
        assert!(count(start, parts) > 0, "{start}");
    }
    let all: usize = names.iter().map(|(start, parts)| count(start, *parts)).sum();
    assert_eq!(all, register.records.len());
}

fn judge(replay: &Replay, vector: &RefusedVector) -> Result<u64, Refusal> {
    let refusal = |stop| match stop {
        Stop::Refused(refusal) => refusal,
        Stop::Unreadable(unreadable) => panic!("{unreadable}"),
    };
    let entry = Entry::parse(vector.entry.as_bytes())?;
    entry.check_register(&replay.rules().register)?;
    entry.check_submittable()?;
    let signed = Signed::check(entry, replay.records()).map_err(refusal)?;
    let mut batch = Batch::open(replay.rules(), replay.records(), replay.position(), vector.time_ms);
    batch.push(signed).map_err(refusal)
}

#[test]
fn the_same_entries_are_refused_for_the_same_reasons() {
    let Vectors { register, refused, .. } = vectors();
    let replay = replayed(&register);
    for vector in refused {
        let code = judge(&replay, &vector).map_err(|refusal| refusal.code());
        assert_eq!(code, Err(vector.code.as_str()), "{}: {}", vector.what, vector.entry);
    }
}

#[test]
fn no_register_begins_with_a_wrong_genesis() {
    for GenesisVector { what, entry } in vectors().genesis_refused {
        assert!(read_genesis(entry.as_bytes()).is_err(), "{what}");
    }
}

fn verdict(text: &str, vkey: &VerifierKey) -> &'static str {
    match Certificate::parse(text.as_bytes()).and_then(|certificate| certificate.verify(vkey)) {
        Ok(_) => "proved",
        Err(CertificateError::NeedsNewer(_) | CertificateError::Proved(ProvedError::NeedsNewer(_))) => "needs_newer",
        Err(_) => "refused",
    }
}

fn check_verdict(what: &str, text: &str, vkey: &VerifierKey, expected: &str) {
    let found = verdict(text, vkey);
    assert_eq!(found, expected, "{what}");
}

#[test]
fn a_certificate_of_the_other_implementation_proves_the_same() {
    let Vectors { register, certificate, .. } = vectors();
    let vkey = register.vkey.parse().unwrap();
    let parsed = Certificate::parse(certificate.text.as_bytes()).unwrap();
    let provenance = parsed.verify(&vkey).unwrap();
    let replay = replayed(&register);
    let key = RecordKey::Edition(parsed.work, 1);
    assert_eq!(replay.records().read(&key).unwrap(), Some(provenance.state));
    let moves = |step: &&colophon_ledger::certificate::Step| matches!(step.body, Body::Accept(_) | Body::Transfer(_));
    assert_eq!(provenance.steps.iter().filter(moves).count(), 2);
    let proved: &ProvedEntry = &parsed.entries[0];
    assert_eq!(proved.index, 0);
}

#[test]
fn altered_certificates_and_those_of_cheating_operators_are_judged_the_same() {
    let Vectors { register, certificate, cheats, .. } = vectors();
    let vkey = register.vkey.parse().unwrap();
    for AlteredVector { what, edits, verdict } in certificate.altered {
        check_verdict(&what, &altered(&certificate.text, &edits), &vkey, &verdict);
    }
    for CheatVector { what, certificate, verdict } in cheats {
        check_verdict(&what, &certificate, &vkey, &verdict);
    }
}
