//! Evidence: each lie of an operator is shown by one file, and no file convicts an honest register.

use colophon_ledger::batch::Batch;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::evidence::{
    BatchCase, BatchClaim, CheckpointsClaim, Claim, EVIDENCE_BYTES_MAX, EntriesClaim, Evidence, EvidenceError,
    ForkClaim, Lie, ProvedLeaf, Stated,
};
use colophon_ledger::field::Int;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::{Replay, ReplayError};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{RecordKey, Unreadable};
use colophon_ledger::state_root::Base64Hash;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Algorithm, Signer, VerifierKey};
use colophon_tlog::proof::{PROOF_HASHES_MAX, consistency, consistency_tiles, root, root_tiles};
use colophon_tlog::tree::TreeSize;
use proptest::prelude::*;

use crate::attacks::story;
use crate::rules::{mint_body, raw_note, terms_body};
use crate::tampering::no_change_is_accepted;
use crate::world::{DAY_MS, World, account, digest, signed};

pub(crate) fn judge(evidence: &Evidence) -> Result<Lie, EvidenceError> {
    let read = Evidence::parse(evidence.to_text().as_bytes()).unwrap();
    assert_eq!(read, *evidence);
    read.judge(&World::vkey())
}

pub(crate) fn leaf(world: &World, index: u64) -> ProvedLeaf {
    ProvedLeaf::new(&world.leaves[usize::try_from(index).unwrap()], index, &world.proof(index))
}

fn stated(world: &World, index: u64) -> Stated {
    Stated { checkpoint: world.checkpoint().to_string(), leaf: leaf(world, index) }
}

/// Returns the evidence about the batch of these leaves, which stand in the world's log after what `replay` has taken.
pub(crate) fn batch_evidence(world: &World, replay: &Replay, leaves: &[Vec<u8>]) -> Evidence {
    let case = BatchCase {
        rules: replay.rules(),
        records: replay.records(),
        tree: replay.tree(),
        position: replay.position(),
        leaves,
        voiding: replay.voiding(),
        checkpoint: &world.checkpoint(),
    };
    case.evidence(|index| Ok::<_, Unreadable>(leaf(world, index))).unwrap()
}

/// Returns the file that could be made about each batch of an honest world.
fn honest_files(world: &World) -> Vec<Evidence> {
    let mut replay = Replay::begin(&world.leaves[0]).unwrap();
    let (mut files, mut leaves) = (Vec::new(), Vec::new());
    for leaf in &world.leaves {
        leaves.push(leaf.clone());
        if Seal::peek(leaf).is_some() {
            files.push(batch_evidence(world, &replay, &leaves));
            for leaf in &leaves {
                assert!(replay.leaf(leaf.clone()).is_ok());
            }
            leaves.clear();
        }
    }
    files
}

/// Appends leaves that no honest register has, and returns the file about them.
pub(crate) fn lie_with(world: &mut World, leaves: &[Vec<u8>]) -> Evidence {
    world.relog(world.leaves.iter().chain(leaves).cloned().collect());
    batch_evidence(world, &world.replay, leaves)
}

/// Returns the leaves of a next batch with these mints of ana's, under its seal after `change`.
pub(crate) fn batch(world: &World, faces: &[&str], change: impl FnOnce(&mut Seal)) -> Vec<Vec<u8>> {
    let mut batch = Batch::open(&world.rules, world.replay.records(), world.replay.position(), world.time_ms);
    for face in faces {
        let entry = signed(&text_of(&world.rules.register, &Body::Mint(mint_body("ana", face))), &[("ana", "ana")]);
        batch.push(Signed::check(entry, world.replay.records()).unwrap()).unwrap();
    }
    let mut closed = batch.close(account("operator"), world.replay.tree()).unwrap();
    change(&mut closed.seal);
    let seal = signed(&text_of(&world.rules.register, &Body::Seal(closed.seal)), &[("operator", "operator")]);
    closed.entries.iter().map(Entry::to_bytes).chain([seal.to_bytes()]).collect()
}

fn batch_error(evidence: &Evidence) -> ReplayError {
    match judge(evidence) {
        Ok(Lie::Batch { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

/// Two worlds of one key and one genesis that part after it, the second one longer.
fn parted() -> (World, World) {
    let (mut one, mut other) = (World::new(), World::new());
    one.must("sea", &Body::Mint(mint_body("dee", "sea")), &["dee"]);
    one.must("rain", &Body::Mint(mint_body("dee", "rain")), &["dee"]);
    one.must("wind", &Body::Mint(mint_body("dee", "wind")), &["dee"]);
    other.time_ms += DAY_MS;
    other.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    other.must("stone", &Body::Mint(mint_body("ana", "stone")), &["ana"]);
    (other, one)
}

fn fork(smaller: &SignedCheckpoint, world: &World) -> ForkClaim {
    let (old, new) = (smaller.checkpoint().size, world.checkpoint().checkpoint().size);
    let tiles: Vec<_> = [root_tiles(old), consistency_tiles(old, new)].concat();
    let wide = tiles.iter().filter_map(|tile| colophon_tlog::tile::Tile::at(tile.level, tile.index, new));
    let tiles = world.tile_set(&wide.collect::<Vec<_>>());
    let proof = consistency(old, new, &tiles).unwrap();
    ForkClaim::new(smaller, &world.checkpoint(), root(old, &tiles).unwrap(), &proof)
}

#[test]
fn a_fork_across_two_keys_of_the_log_convicts_nobody() {
    let (short, long) = parted();
    let other = Signer::new(short.rules.register.origin.as_str(), SecretKey::from_seed([99; 32])).unwrap();
    let keys = [World::vkey(), other.verifier()];
    let resigned = short.checkpoint().checkpoint().clone().sign(&other).unwrap();
    let across = Evidence::of(Claim::Fork(fork(&resigned, &long)));
    for key in &keys {
        assert!(matches!(across.judge(key), Err(EvidenceError::Checkpoint(_))));
    }
    assert!(across.is_by_two_keys(&keys), "who knows both keys is told what it is");
    assert!(!across.is_by_two_keys(&keys[..1]));
    let within = Evidence::of(Claim::Fork(fork(&short.checkpoint(), &long)));
    assert!(!within.is_by_two_keys(&keys));
}

#[test]
fn two_logs_that_part_are_a_fork_at_one_size_or_two() {
    let (short, long) = parted();
    let of = |claim: ForkClaim| judge(&Evidence::of(Claim::Fork(claim)));
    assert_eq!(of(fork(&short.checkpoint(), &long)), Ok(Lie::Fork { smaller: 6, larger: 8 }));
    let mut same = World::new();
    same.must("x", &Body::Mint(mint_body("bo", "x")), &["bo"]);
    same.must("y", &Body::Mint(mint_body("bo", "y")), &["bo"]);
    assert_eq!(of(fork(&short.checkpoint(), &same)), Ok(Lie::Fork { smaller: 6, larger: 6 }));
    // A log of nothing has one root, and an honest log begins with it.
    let nothing = colophon_tlog::checkpoint::Checkpoint {
        origin: short.rules.register.origin.to_string(),
        size: TreeSize::ZERO,
        root: Hash::ZERO,
    };
    let nothing = nothing.sign(&crate::world::log_signer()).unwrap();
    assert_eq!(of(fork(&nothing, &long)), Ok(Lie::Fork { smaller: 0, larger: 8 }));
}

#[test]
fn a_log_that_only_grew_is_no_fork_whatever_is_shown() {
    let (_, long) = parted();
    let mut before = World::new();
    for face in ["sea", "rain"] {
        let honest = fork(&before.checkpoint(), &long);
        let convicts = |claim: ForkClaim| Evidence::of(Claim::Fork(claim)).judge(&World::vkey()).is_ok();
        let nothing = judge(&Evidence::of(Claim::Fork(honest.clone())));
        assert!(matches!(nothing, Err(EvidenceError::NothingWrong(_))), "{nothing:?}");
        // Another root needs a proof that leads from it to the signed one.
        assert!(!convicts(ForkClaim { root: Base64Hash(Hash::ZERO), ..honest.clone() }));
        for place in 0..honest.proof.len() {
            let mut changed = honest.clone();
            changed.proof[place] = Base64Hash(Hash::ZERO);
            assert!(!convicts(changed));
        }
        assert!(!convicts(ForkClaim { smaller: honest.larger.clone(), larger: honest.smaller.clone(), ..honest }));
        before.must(face, &Body::Mint(mint_body("dee", face)), &["dee"]);
    }
}

#[test]
fn an_entry_that_was_acknowledged_and_is_another_now_is_shown() {
    let (short, long) = parted();
    let of = |one, other| judge(&Evidence::of(Claim::Entries(EntriesClaim { one, other })));
    assert_eq!(of(stated(&short, 2), stated(&long, 2)), Ok(Lie::Replaced { index: 2, sizes: (6, 8) }));
    // The genesis is in both.
    assert!(matches!(of(stated(&short, 0), stated(&long, 0)), Err(EvidenceError::NothingWrong(_))));
    // Entries at different places may both be so, unless they are seals.
    assert!(matches!(of(stated(&short, 2), stated(&long, 4)), Err(EvidenceError::Malformed(_))));
}

#[test]
fn seals_show_that_a_log_went_back_and_on_in_another_way() {
    let (short, long) = parted();
    let of = |one, other| judge(&Evidence::of(Claim::Entries(EntriesClaim { one, other })));
    // The seal at index 5 is later by its time than the one at index 7: one of the two logs came after the other was cut.
    assert_eq!(of(stated(&short, 5), stated(&long, 7)), Ok(Lie::Seals { indices: (5, 7), sizes: (6, 8) }));
    assert!(matches!(of(stated(&long, 7), stated(&short, 5)), Err(EvidenceError::Malformed(_))));
    // In one log, no two seals contradict each other.
    let (world, _) = story();
    let is_seal = |leaf: &[u8]| Seal::peek(leaf).is_some();
    let seals: Vec<u64> = (0..).zip(&world.leaves).filter(|(_, leaf)| is_seal(leaf)).map(|(index, _)| index).collect();
    for (n, one) in seals.iter().enumerate() {
        for other in &seals[n + 1..] {
            let found = of(stated(&world, *one), stated(&world, *other));
            assert!(matches!(found, Err(EvidenceError::NothingWrong(_))), "{one} {other}: {found:?}");
        }
    }
}

#[test]
fn seals_that_cannot_stand_in_one_log_contradict_each_other() {
    let (world, _) = story();
    let one = stated(&world, world.size() - 1);
    let lies: [(&str, ChangeOfSeal); 3] = [
        ("it covers the seal before", |seal| {
            seal.first = Int::new(seal.first.get() - 1).unwrap();
            seal.count = Int::new(seal.count.get() + 1).unwrap();
        }),
        ("it has the same height", |seal| seal.height = Int::new(seal.height.get() - 1).unwrap()),
        ("it is earlier", |seal| seal.time_ms = Int::new(seal.time_ms.get() - 1).unwrap()),
    ];
    for (what, change) in lies {
        let (mut other, _) = story();
        let leaves = batch(&other, &["dunes"], change);
        lie_with(&mut other, &leaves);
        let claim = EntriesClaim { one: one.clone(), other: stated(&other, other.size() - 1) };
        let found = judge(&Evidence::of(Claim::Entries(claim)));
        assert!(matches!(found, Ok(Lie::Seals { .. })), "{what}: {found:?}");
    }
    let (mut newer, _) = story();
    let leaves = batch(&newer, &["dunes"], |seal| seal.rules = Int::new(2).unwrap());
    lie_with(&mut newer, &leaves);
    let claim = EntriesClaim { one: one.clone(), other: stated(&newer, newer.size() - 1) };
    assert!(matches!(judge(&Evidence::of(Claim::Entries(claim))), Err(EvidenceError::NeedsNewer(_))));
    let mut long = stated(&world, world.size() - 1);
    long.leaf.proof = vec![Base64Hash(Hash::ZERO); PROOF_HASHES_MAX + 1];
    let found = judge(&Evidence::of(Claim::Entries(EntriesClaim { one: long, other: one }))).unwrap_err();
    let what = format!("the entry at index {}", world.size() - 1);
    assert_eq!(found, EvidenceError::NotShown { what, why: format!("the proof has {} hashes", PROOF_HASHES_MAX + 1) });
}

#[test]
fn a_wrong_state_root_is_shown_by_the_batch_alone() {
    let (mut world, _) = story();
    let leaves = batch(&world, &["dunes", "dusk"], |seal| seal.state = digest("another state"));
    let first = world.size();
    let evidence = lie_with(&mut world, &leaves);
    let error = batch_error(&evidence);
    assert!(matches!(error, ReplayError::Seal { index, member: "state", .. } if index == first + 2), "{error}");
    // It holds what the rules asked for and no other part of the state.
    let Claim::Batch(claim) = &evidence.claim else { panic!() };
    let kinds: Vec<&str> = claim.records.iter().filter_map(|record| record.key.split('/').next()).collect();
    assert_eq!(kinds, ["account", "file", "file", "register", "work", "work"]);
    let other = VerifierKey::new("registry.example/art", Algorithm::Ed25519, SecretKey::from_seed([9; 32]).public());
    assert!(matches!(evidence.judge(&other.unwrap()), Err(EvidenceError::Checkpoint(_))));
}

type ChangeOfSeal = fn(&mut Seal);

#[test]
fn every_lie_of_a_seal_is_shown() {
    let lies: [(&str, ChangeOfSeal); 6] = [
        ("first", |seal| seal.first = Int::new(seal.first.get() - 1).unwrap()),
        ("count", |seal| seal.count = Int::new(2).unwrap()),
        ("height", |seal| seal.height = Int::new(0).unwrap()),
        ("prev_seal", |seal| seal.prev_seal = digest("another seal")),
        ("time_ms", |seal| seal.time_ms = Int::new(1).unwrap()),
        ("state", |seal| seal.state = digest("another state")),
    ];
    for (lie, change) in lies {
        let (mut world, _) = story();
        let leaves = batch(&world, &["dunes"], change);
        let error = batch_error(&lie_with(&mut world, &leaves));
        assert!(matches!(error, ReplayError::Seal { member, .. } if member == lie), "{lie}: {error}");
    }
    let (mut world, _) = story();
    let leaves = batch(&world, &["dunes"], |seal| seal.by = account("ana"));
    assert!(matches!(
        batch_error(&lie_with(&mut world, &leaves)),
        ReplayError::Refused { .. } | ReplayError::NotOperator(_)
    ));
}

#[test]
fn an_entry_against_the_rules_is_shown() {
    let (mut world, work) = story();
    let index = world.size();
    // Ana sells what cy holds; the operator records it.
    let sale = terms_body("ana", "bo", work, world.edition_prev(&work), world.time_ms + DAY_MS);
    let sale = signed(&text_of(&world.rules.register, &Body::Transfer(sale)), &[("ana", "ana"), ("bo", "bo.2")]);
    let seal = batch(&world, &["dunes"], |_| ()).pop().unwrap();
    let error = batch_error(&lie_with(&mut world, &[sale.to_bytes(), seal]));
    assert_eq!(error, ReplayError::Refused { index, refusal: Refusal::NotHolder { holder: account("cy") } });
}

#[test]
fn what_is_no_entry_at_all_is_shown() {
    for junk in [b"no entry".to_vec(), vec![0xff; 40], Vec::new(), raw_note("a\nb\n")] {
        let (mut world, _) = story();
        let seal = batch(&world, &["dunes"], |_| ()).pop().unwrap();
        let error = batch_error(&lie_with(&mut world, &[junk.clone(), seal]));
        assert!(matches!(error, ReplayError::Refused { .. }), "{junk:?}: {error}");
        // Without a seal, too: a log ends on one.
        let (mut world, _) = story();
        let error = batch_error(&lie_with(&mut world, &[junk]));
        assert!(error.broken_at().is_some(), "{error}");
    }
}

#[test]
fn a_log_that_begins_with_no_genesis_is_shown() {
    let (mut world, _) = story();
    let leaves = world.leaves[2..6].to_vec();
    world.relog(leaves);
    let claim = BatchClaim {
        before: None,
        checkpoint: world.checkpoint().to_string(),
        genesis: leaf(&world, 0),
        leaves: vec![leaf(&world, 0), leaf(&world, 1)],
        records: Vec::new(),
        rest: None,
    };
    assert_eq!(batch_error(&Evidence::of(Claim::Batch(Box::new(claim)))), ReplayError::NoGenesis);
}

#[test]
fn what_newer_rules_may_allow_convicts_nobody() {
    let (mut world, _) = story();
    let leaves = batch(&world, &["dunes"], |seal| seal.rules = Int::new(2).unwrap());
    let found = judge(&lie_with(&mut world, &leaves));
    assert_eq!(found, Err(EvidenceError::NeedsNewer("rules version 2".to_owned())));
    let (mut world, _) = story();
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "dunes")));
    let unknown = raw_note(&text.replacen("\"kind\":\"mint\"", "\"kind\":\"bless\"", 1));
    let seal = batch(&world, &["dunes"], |_| ()).pop().unwrap();
    assert!(matches!(judge(&lie_with(&mut world, &[unknown, seal])), Err(EvidenceError::NeedsNewer(_))));
}

#[test]
fn no_batch_of_an_honest_register_convicts_it() {
    let (world, _) = story();
    let files = honest_files(&world);
    assert!(files.len() > 8);
    for file in files {
        let found = judge(&file);
        assert!(matches!(found, Err(EvidenceError::NothingWrong(_))), "{found:?}");
    }
}

/// What somebody may do to the file about an honest batch, to make it seem wrong.
#[derive(Debug, Clone)]
enum Twist {
    DropLeaf(usize),
    DropRecord(usize),
    HideRecord(usize),
    OtherRecord(usize, usize),
    RenameRecord(usize),
    SwapLeaves(usize, usize),
    DoubleLeaf(usize),
    AppendNext(usize),
    Before(usize),
    NoBefore,
    Genesis(usize),
    Leaf(usize, usize),
    Proof(usize, usize),
    Path(usize, usize),
    Index(usize, u64),
}

fn twists() -> impl Strategy<Value = Twist> {
    let n = || 0..40usize;
    prop_oneof![
        n().prop_map(Twist::DropLeaf),
        n().prop_map(Twist::DropRecord),
        n().prop_map(Twist::HideRecord),
        (n(), n()).prop_map(|(at, of)| Twist::OtherRecord(at, of)),
        n().prop_map(Twist::RenameRecord),
        (n(), n()).prop_map(|(one, other)| Twist::SwapLeaves(one, other)),
        n().prop_map(Twist::DoubleLeaf),
        n().prop_map(Twist::AppendNext),
        n().prop_map(Twist::Before),
        Just(Twist::NoBefore),
        n().prop_map(Twist::Genesis),
        (n(), n()).prop_map(|(at, of)| Twist::Leaf(at, of)),
        (n(), n()).prop_map(|(at, of)| Twist::Proof(at, of)),
        (n(), n()).prop_map(|(at, of)| Twist::Path(at, of)),
        (n(), 0..40u64).prop_map(|(at, index)| Twist::Index(at, index)),
    ]
}

impl Twist {
    fn apply(&self, claim: &mut BatchClaim, world: &World) {
        let any = |of: usize| leaf(world, of as u64 % world.size());
        let (leaves, records) = (claim.leaves.len().max(1), claim.records.len().max(1));
        match *self {
            Twist::DropLeaf(at) if !claim.leaves.is_empty() => drop(claim.leaves.remove(at % leaves)),
            Twist::DropRecord(at) if !claim.records.is_empty() => drop(claim.records.remove(at % records)),
            Twist::SwapLeaves(one, other) if !claim.leaves.is_empty() => {
                claim.leaves.swap(one % leaves, other % leaves);
            }
            Twist::DoubleLeaf(at) if !claim.leaves.is_empty() => {
                claim.leaves.insert(at % leaves, claim.leaves[at % leaves].clone());
            }
            Twist::AppendNext(count) => {
                let next = claim.leaves.last().map_or(0, |last| last.index + 1);
                let end = world.size().min(next + count as u64 % 3);
                claim.leaves.extend((next..end).map(|index| leaf(world, index)));
            }
            Twist::Before(of) => claim.before = Some(any(of)),
            Twist::NoBefore => claim.before = None,
            Twist::Genesis(of) => claim.genesis = any(of),
            Twist::Leaf(at, of) if !claim.leaves.is_empty() => claim.leaves[at % leaves].leaf = any(of).leaf,
            Twist::Index(at, index) if !claim.leaves.is_empty() => claim.leaves[at % leaves].index = index,
            Twist::Proof(at, of) if !claim.leaves.is_empty() => claim.leaves[at % leaves].proof = any(of).proof,
            Twist::HideRecord(at) if !claim.records.is_empty() => claim.records[at % records].record = None,
            Twist::RenameRecord(at) if !claim.records.is_empty() => claim.records[at % records].key.push('0'),
            Twist::Path(at, of) if !claim.records.is_empty() => {
                let other = claim.records[of % records].path.clone();
                claim.records[at % records].path = other;
            }
            Twist::OtherRecord(at, of) if !claim.records.is_empty() => {
                let key = RecordKey::Account(account(["ana", "bo", "cy", "operator"][of % 4]));
                claim.records[at % records] = world.proved_record(&key);
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn an_honest_register_is_convicted_of_nothing_however_its_batches_are_twisted(
        which in any::<prop::sample::Index>(),
        twists in prop::collection::vec(twists(), 1..5),
    ) {
        let (world, _) = story();
        let files = honest_files(&world);
        let Claim::Batch(mut claim) = files[which.index(files.len())].claim.clone() else { panic!() };
        for twist in &twists {
            twist.apply(&mut claim, &world);
        }
        let found = Evidence::of(Claim::Batch(claim)).judge(&World::vkey());
        prop_assert!(found.is_err(), "{:?}", found);
    }
}

#[test]
fn checkpoints_that_nobody_showed_to_fit_convict_of_nothing() {
    let (short, long) = parted();
    let claim = CheckpointsClaim {
        genesis: String::from_utf8(long.leaves[0].clone()).unwrap(),
        newer: long.checkpoint().to_string(),
        older: Some(short.checkpoint().to_string()),
    };
    let evidence = Evidence::of(Claim::Checkpoints(claim.clone()));
    assert_eq!(evidence.origin().as_deref(), Some("registry.example/art"));
    assert_eq!(judge(&evidence), Err(EvidenceError::Undecided { older: 6, newer: 8 }));
    let first = Evidence::of(Claim::Checkpoints(CheckpointsClaim { older: None, ..claim }));
    assert_eq!(judge(&first), Err(EvidenceError::Undecided { older: 1, newer: 8 }));
}

#[test]
fn every_byte_of_evidence_counts() {
    let (short, long) = parted();
    let (mut world, _) = story();
    let leaves = batch(&world, &["dunes"], |seal| seal.state = digest("another state"));
    let files = [
        Evidence::of(Claim::Fork(fork(&short.checkpoint(), &long))),
        Evidence::of(Claim::Entries(EntriesClaim { one: stated(&short, 5), other: stated(&long, 7) })),
        lie_with(&mut world, &leaves),
    ];
    for file in files {
        no_change_is_accepted(file.to_text().as_bytes(), 7, |bytes| {
            Evidence::parse(bytes).is_ok_and(|evidence| evidence.judge(&World::vkey()).is_ok())
        });
    }
}

#[test]
fn evidence_has_one_spelling_and_a_limit() {
    let (short, long) = parted();
    let text = Evidence::of(Claim::Fork(fork(&short.checkpoint(), &long))).to_text();
    let parse = |text: &str| Evidence::parse(text.as_bytes());
    assert!(parse(&text).is_ok());
    assert_eq!(parse(text.trim_end()), Err(EvidenceError::Spelling));
    assert_eq!(parse(&text.replacen("{\"claim\"", "{ \"claim\"", 1)), Err(EvidenceError::Spelling));
    assert!(matches!(parse(&text.replacen("/v1", "/v2", 1)), Err(EvidenceError::NeedsNewer(_))));
    assert!(matches!(parse(&text.replacen("\"root\"", "\"roof\"", 1)), Err(EvidenceError::NeedsNewer(_))));
    assert!(matches!(parse(&text.replacen("\"fork\"", "\"spoon\"", 1)), Err(EvidenceError::NeedsNewer(_))));
    assert!(matches!(parse(&text.replacen("n.evidence", "n.certificate", 1)), Err(EvidenceError::Malformed(_))));
    assert!(matches!(parse(""), Err(EvidenceError::Malformed(_))));
    let padded = |bytes: usize| [text.as_bytes(), &vec![b' '; bytes - text.len()]].concat();
    assert_eq!(Evidence::parse(&padded(EVIDENCE_BYTES_MAX)), Err(EvidenceError::Spelling));
    let one_more = Err(EvidenceError::TooLarge(EVIDENCE_BYTES_MAX + 1));
    assert_eq!(Evidence::parse(&padded(EVIDENCE_BYTES_MAX + 1)), one_more);
}

#[test]
fn a_lie_is_told_in_one_sentence() {
    let no_seal = ReplayError::NoSeal(11);
    let of_batch = format!("the batch from index 9 on, in the signed log of 12 entries: {no_seal}");
    for (lie, kind, told) in [
        (Lie::Fork { smaller: 6, larger: 6 }, "fork", "two different logs of 6 entries are signed"),
        (
            Lie::Fork { smaller: 6, larger: 8 },
            "fork",
            "the log of 8 entries does not begin with the log of 6 entries; both are signed",
        ),
        (
            Lie::Replaced { index: 5, sizes: (6, 8) },
            "replaced",
            "two different entries at index 5 are signed, in logs of 6 and 8 entries",
        ),
        (
            Lie::Seals { indices: (3, 5), sizes: (6, 8) },
            "seals",
            "the seals at index 3 and 5, in signed logs of 6 and 8 entries, contradict each other",
        ),
        (Lie::Batch { first: 9, size: 12, error: no_seal }, "batch", of_batch.as_str()),
    ] {
        assert_eq!((lie.kind(), lie.to_string().as_str()), (kind, told));
    }
}

#[test]
fn evidence_has_a_name_by_what_it_is_about() {
    let (short, long) = parted();
    let (mut world, _) = story();
    let first = world.size();
    let leaves = batch(&world, &["dunes"], |seal| seal.state = digest("another state"));
    let shown = Evidence::of(Claim::Fork(fork(&short.checkpoint(), &long)));
    let files = [
        (shown.clone(), "fork-6-8-".to_owned()),
        (
            Evidence::of(Claim::Entries(EntriesClaim { one: stated(&short, 5), other: stated(&long, 7) })),
            "entries-5-7-".to_owned(),
        ),
        (lie_with(&mut world, &leaves), format!("batch-{first}-{}-", first + 2)),
    ];
    for (file, begin) in files {
        let name = file.file_name();
        let digits = name.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(".json")).expect(&name);
        assert!(digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{name}");
    }
    let undecided = Evidence::of(Claim::Checkpoints(CheckpointsClaim {
        genesis: String::from_utf8(long.leaves[0].clone()).unwrap(),
        newer: long.checkpoint().to_string(),
        older: Some(short.checkpoint().to_string()),
    }));
    assert_eq!(undecided.file_name(), shown.file_name());
    let Claim::Checkpoints(claim) = undecided.claim else { panic!("two checkpoints") };
    let (newer, older) = (claim.older.unwrap(), Some(claim.newer));
    let turned = Evidence::of(Claim::Checkpoints(CheckpointsClaim { newer, older, ..claim }));
    assert_eq!(turned.file_name(), shown.file_name());
}

/// What `tests/spec/colophon_spec.py vectors` writes.
#[derive(serde::Deserialize)]
struct Vectors {
    vkey: String,
    evidence: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    what: String,
    evidence: String,
    verdict: String,
}

#[test]
fn files_of_the_other_implementation_are_judged_the_same() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../../tests/testdata/evidence.json")).unwrap();
    let vkey: VerifierKey = vectors.vkey.parse().unwrap();
    for Vector { what, evidence, verdict } in vectors.evidence {
        let found = match Evidence::parse(evidence.as_bytes()).and_then(|evidence| evidence.judge(&vkey)) {
            Ok(_) => "convicted",
            Err(EvidenceError::NeedsNewer(_)) => "needs_newer",
            Err(EvidenceError::Undecided { .. } | EvidenceError::MayBeVoided { .. }) => "undecided",
            Err(_) => "not_convicted",
        };
        assert_eq!(found, verdict, "{what}");
    }
}
