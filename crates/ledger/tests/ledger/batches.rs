//! A batch and its seal: what a replay says of each lie, and at which index.

use colophon_ledger::batch::{Batch, Closed, Position};
use colophon_ledger::canonical::INTEGER_MAX;
use colophon_ledger::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::Int;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::{ReplayError, replay_batch};
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{RecordKey, Records as _};
use colophon_ledger::voiding::Voiding;

use crate::rules::{mint_body, raw_note};
use crate::world::{World, account, digest, signed};

fn mint(world: &World, face: &str) -> Signed {
    let entry = signed(&text_of(&world.rules.register, &Body::Mint(mint_body("ana", face))), &[("ana", "ana")]);
    Signed::check(entry, world.replay.records()).unwrap()
}

/// Closes the next batch of the world with a mint of each face, and appends nothing.
fn closed(world: &World, faces: &[&str]) -> Closed {
    let mut batch = Batch::open(&world.rules, world.replay.records(), world.replay.position(), world.time_ms);
    for face in faces {
        batch.push(mint(world, face)).unwrap();
    }
    batch.close(account("operator"), world.replay.tree()).unwrap()
}

fn sealed(world: &World, entries: &[Vec<u8>], seal: Seal) -> Vec<Vec<u8>> {
    let by = if seal.by == account("ana") { "ana" } else { "operator" };
    let seal = signed(&text_of(&world.rules.register, &Body::Seal(seal)), &[(by, by)]);
    entries.iter().cloned().chain([seal.to_bytes()]).collect()
}

/// Replays the next batch of the world, of one mint, under its own seal after `change`.
fn replayed_with(world: &World, change: impl FnOnce(&mut Seal)) -> Result<(), ReplayError> {
    let Closed { entries, mut seal, .. } = closed(world, &["hills"]);
    change(&mut seal);
    let leaves = sealed(world, &entries.iter().map(Entry::to_bytes).collect::<Vec<_>>(), seal);
    replay_at(world, world.replay.position(), &leaves)
}

fn replay_at(world: &World, position: Position, leaves: &[Vec<u8>]) -> Result<(), ReplayError> {
    let nothing = Voiding::default();
    replay_batch(&world.rules, world.replay.records(), world.replay.tree(), position, leaves, &nothing).map(|_| ())
}

/// Which member, and how it is made to lie.
type Lie = (&'static str, fn(&mut Seal));

#[test]
fn a_seal_that_lies_in_one_member_is_named_with_its_index() {
    let world = World::new();
    assert_eq!(replayed_with(&world, |_| ()), Ok(()));
    let before = world.replay.position();
    let lies: [Lie; 6] = [
        ("first", |seal| seal.first = Int::new(seal.first.get() + 1).unwrap()),
        ("count", |seal| seal.count = Int::new(2).unwrap()),
        ("height", |seal| seal.height = Int::new(seal.height.get() + 1).unwrap()),
        ("prev_seal", |seal| seal.prev_seal = digest("another seal")),
        ("time_ms", |seal| seal.time_ms = Int::new(seal.time_ms.get() - 1).unwrap()),
        ("state", |seal| seal.state = digest("another state")),
    ];
    for (lie, change) in lies {
        let error = replayed_with(&world, change).unwrap_err();
        assert_eq!(error.broken_at(), Some(before.index + 1), "{lie}");
        assert!(matches!(error, ReplayError::Seal { member, .. } if member == lie), "{lie}: {error}");
    }
    let error = replayed_with(&world, |seal| seal.count = Int::new(2).unwrap()).unwrap_err();
    let (found, expected) = ("2".to_owned(), "1".to_owned());
    assert_eq!(error, ReplayError::Seal { index: 3, member: "count", found, expected });
    assert_eq!(replayed_with(&world, |seal| seal.by = account("ana")), Err(ReplayError::NotOperator(3)));
}

#[test]
fn what_newer_rules_may_allow_is_no_evidence_of_a_wrong() {
    let world = World::new();
    let newer = |index, what: &str| Err(ReplayError::NeedsNewer { index, what: what.to_owned() });
    let rules_2 = replayed_with(&world, |seal| seal.rules = Int::new(2).unwrap());
    assert_eq!(rules_2, newer(3, "rules version 2"));
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "hills")));
    let Closed { seal, .. } = closed(&world, &["hills"]);
    let unknown = [
        (text.replacen("\"kind\":\"mint\"", "\"kind\":\"bless\"", 1), Refusal::UnknownKind("bless".to_owned())),
        (text.replacen("\"license\"", "\"licence\"", 1), Refusal::UnknownMember("licence".to_owned())),
    ];
    for (text, refusal) in unknown {
        assert!(refusal.needs_newer_software());
        let leaves = sealed(&world, &[raw_note(&text)], seal.clone());
        let error = replay_at(&world, world.replay.position(), &leaves).unwrap_err();
        assert_eq!(error.broken_at(), None);
        assert_eq!(Err(error), newer(2, &refusal.to_string()));
    }
    // What no rules will ever allow is one.
    let wrong = raw_note(&text.replacen("\"editions\":2", "\"editions\":0", 1));
    let error = replay_at(&world, world.replay.position(), &sealed(&world, &[wrong], seal)).unwrap_err();
    assert_eq!(error.broken_at(), Some(2));
}

#[test]
fn a_batch_without_a_seal_is_told_by_its_index() {
    let world = World::new();
    let Closed { entries, seal, .. } = closed(&world, &["hills"]);
    let entry = entries[0].to_bytes();
    let here = world.replay.position();
    assert_eq!(replay_at(&world, here, &[]), Err(ReplayError::NoSeal(2)));
    assert_eq!(replay_at(&world, here, &[entry.clone(), entry.clone()]), Err(ReplayError::NoSeal(3)));
    // No seal can be made of an empty batch, nor of one whose height no entry can tell.
    assert_eq!(replay_at(&world, here, &sealed(&world, &[], seal.clone())), Err(ReplayError::NoSeal(2)));
    let beyond = Position { height: INTEGER_MAX + 1, ..here };
    assert_eq!(replay_at(&world, beyond, &sealed(&world, &[entry], seal)), Err(ReplayError::NoSeal(3)));
}

#[test]
fn a_replay_waits_for_a_seal_no_longer_than_a_batch_can_be() {
    let mut world = World::new();
    for _ in 0..BATCH_ENTRIES_MAX {
        assert!(world.replay.leaf(b"not yet looked at".to_vec()).unwrap().is_none());
    }
    let error = world.replay.leaf(b"one too many".to_vec()).unwrap_err();
    assert_eq!(error, ReplayError::NoSeal(2 + BATCH_ENTRIES_MAX));
}

#[test]
fn an_entry_twice_in_one_batch_is_refused_by_the_index_of_the_first() {
    let world = World::new();
    let mut batch = Batch::open(&world.rules, world.replay.records(), world.replay.position(), world.time_ms);
    let (hills, sea) = (mint(&world, "hills"), mint(&world, "sea"));
    assert_eq!(batch.push(hills.clone()), Ok(2));
    assert_eq!(batch.push(sea.clone()), Ok(3));
    let changes = batch.records().changes().clone();
    assert!(changes.contains_key(&RecordKey::Work(sea.entry().id())));
    assert_eq!(batch.push(sea.clone()), Err(Stop::Refused(Refusal::Repeated { index: 3 })));
    assert_eq!(batch.push(hills.clone()), Err(Stop::Refused(Refusal::Repeated { index: 2 })));
    assert_eq!(*batch.records().changes(), changes);
    assert_eq!(batch.entries(), [hills.entry().clone(), sea.entry().clone()]);
}

#[test]
fn records_tell_what_they_hold() {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let holds = |key: RecordKey| world.replay.records().holds(&key).unwrap();
    assert_eq!([holds(RecordKey::Work(work)), holds(RecordKey::Edition(work, 1))], [true, false]);
}

#[test]
fn a_whole_batch_tells_its_entries_with_their_indices() {
    let world = World::new();
    let closed = closed(&world, &["hills", "sea"]);
    let seal = signed(&text_of(&world.rules.register, &Body::Seal(closed.seal.clone())), &[("operator", "operator")]);
    let entries = closed.entries.clone();
    let applied = closed.sealed(seal);
    let indexed: Vec<_> = applied.indexed().collect();
    assert_eq!(indexed, [(2, &entries[0]), (3, &entries[1])]);
    assert_eq!(applied.next.index, 5);
}
