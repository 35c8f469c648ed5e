//! Leaves looked at before their turn: whatever was known then, the replay says the same.

use std::collections::BTreeSet;

use colophon_ledger::entry::seal::BATCH_ENTRIES_MAX;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::look::{Batches, Looked, NoSeal};
use colophon_ledger::replay::{Replay, ReplayError, replay_batch, replay_looked};
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::{EachTime, FirstKeys, Signed};
use colophon_ledger::state::{Changes, Records};
use colophon_ledger::voiding::Voiding;

use crate::rules::mint_body;
use crate::world::{World, signed};

/// A register in which an artist and the operator have changed their keys, and gone on with the new ones.
fn with_rotations() -> World {
    let mut world = World::new();
    world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    world.rotate("ana", &["ana.2", "ana.3"], 2);
    world.rotate("operator", &["operator.2"], 1);
    let sea = Body::Mint(mint_body("ana", "sea"));
    world.submit(&sea, &[("ana", "ana.2"), ("ana", "ana.3")]).unwrap();
    world.must("stone", &Body::Mint(mint_body("ben", "stone")), &["ben"]);
    world
}

type Look<'l> = dyn Fn(&[u8]) -> Looked + 'l;

#[test]
fn a_register_looked_at_before_comes_out_the_same() {
    let world = with_rotations();
    let late = world.replay.records();
    let looks: [&Look<'_>; 3] = [
        &|leaf| Looked::later(leaf.to_vec()),
        &|leaf| Looked::at(leaf.to_vec(), &FirstKeys),
        // By keys that only later entries brought.
        &|leaf| Looked::at(leaf.to_vec(), late),
    ];
    for look in looks {
        let mut replay = Replay::begin(&world.leaves[0]).unwrap();
        for leaf in &world.leaves {
            let looked = look(leaf);
            assert_eq!((looked.leaf(), looked.closes()), (&leaf[..], is_seal(leaf)));
            let closes = looked.closes();
            assert_eq!(replay.looked(looked).unwrap().is_some(), closes);
        }
        assert_eq!(replay.state_root(), world.replay.state_root());
        assert_eq!(replay.position(), world.replay.position());
    }
}

#[test]
fn what_other_keys_have_signed_is_looked_at_again_and_nothing_else_is() {
    let world = with_rotations();
    let first: Vec<Looked> = world.leaves.iter().map(|leaf| Looked::at(leaf.clone(), &FirstKeys)).collect();
    let verified = |looked: &[Looked]| looked.iter().filter(|looked| looked.is_verified()).count();
    assert!((1..first.len()).contains(&verified(&first)), "some by first keys, some by others");
    // Those that verified stay as they are, whatever the records say now.
    let again: Vec<Looked> = Looked::again_each(first, world.replay.records(), &EachTime);
    assert_eq!(verified(&again), world.leaves.len());
    let mut replay = Replay::begin(&world.leaves[0]).unwrap();
    for looked in again {
        replay.looked(looked).unwrap();
    }
    assert_eq!(replay.state_root(), world.replay.state_root());
}

#[test]
fn of_many_each_is_found_what_it_would_be_alone() {
    let world = with_rotations();
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "river")));
    let good = signed(&text, &[("ana", "ana")]).to_bytes();
    let mut forged = good.clone();
    // Within the signature: after the dash, the name, and the key's id.
    let place = forged.len() - 20;
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    let others = [good, forged, signed(&text, &[("ben", "ben")]).to_bytes()];
    let mut leaves: Vec<Vec<u8>> = others.into_iter().chain([b"no entry".to_vec(), Vec::new()]).collect();
    leaves.extend(world.leaves.iter().cloned());
    let mut refused = BTreeSet::new();
    for records in [&Changes::new(), world.replay.records()] {
        let each: Vec<Looked> = leaves.iter().map(|leaf| Looked::at(leaf.clone(), records)).collect();
        let many = Looked::at_each(leaves.clone(), records, &EachTime);
        let found = |looked: &[Looked]| -> Vec<_> {
            looked.iter().map(|looked| (looked.leaf().to_vec(), looked.closes(), looked.is_verified())).collect()
        };
        assert_eq!(found(&many), found(&each));
        let entries: Vec<Entry> = leaves.iter().filter_map(|leaf| Entry::parse(leaf).ok()).collect();
        let alone: Vec<_> = entries.iter().map(|entry| Signed::check(entry.clone(), records)).collect();
        assert_eq!(Signed::check_each(entries, records, &EachTime), alone);
        refused.extend(alone.iter().filter_map(|signed| signed.as_ref().err()).map(|stop| code_of(stop).to_owned()));
    }
    assert!(["signature_invalid", "signature_set"].iter().all(|code| refused.contains(*code)), "{refused:?}");
}

fn code_of(stop: &Stop) -> &str {
    match stop {
        Stop::Refused(refusal) => refusal.code(),
        Stop::Unreadable(_) => "unreadable",
    }
}

fn is_seal(leaf: &[u8]) -> bool {
    matches!(Entry::parse(leaf).unwrap().body(), Body::Seal(_))
}

/// Replays a batch of one mint, signed as said, with its leaves looked at by `records`, and holds it against a replay of the
/// leaves themselves.
fn refused(world: &World, signers: &[(&str, &str)], records: &impl Records) -> ReplayError {
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "river")));
    // Any seal will do: the entry before it is judged first.
    let leaves = vec![signed(&text, signers).to_bytes(), world.leaves.last().unwrap().clone()];
    let (replay, position) = (&world.replay, world.replay.position());
    let nothing = Voiding::default();
    let plain = replay_batch(&world.rules, replay.records(), replay.tree(), position, &leaves, &nothing).unwrap_err();
    let looked = leaves.into_iter().map(|leaf| Looked::at(leaf, records)).collect();
    let tree = replay.tree().clone();
    let error = replay_looked(&world.rules, replay.records(), tree, position, looked, &nothing).unwrap_err();
    assert_eq!(error, plain);
    error
}

#[test]
fn a_key_that_was_rotated_away_meanwhile_counts_for_nothing() {
    let world = with_rotations();
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "river")));
    // By her first key alone the entry is well signed, as it was when it was looked at.
    assert!(Signed::check(signed(&text, &[("ana", "ana")]), &FirstKeys).is_ok());
    let error = refused(&world, &[("ana", "ana")], &FirstKeys);
    assert_eq!(error.broken_at(), Some(world.size()));
    let one_of_two = refused(&world, &[("ana", "ana.2")], world.replay.records());
    assert!(one_of_two.to_string().contains("needs 2 of its keys"), "{one_of_two}");
}

#[test]
fn a_log_is_cut_at_its_seals() {
    let world = with_rotations();
    let mut batches = Batches::from(0);
    let mut leaves = Vec::new();
    for leaf in &world.leaves {
        let batch = batches.leaf(Looked::later(leaf.clone())).unwrap();
        assert_eq!(batch.is_some(), batches.is_at_seal());
        leaves.extend(batch.into_iter().flatten().map(|looked| looked.leaf().to_vec()));
    }
    assert_eq!(leaves, world.leaves);
    let mut endless = Batches::from(7);
    for _ in 0..BATCH_ENTRIES_MAX {
        assert!(endless.leaf(Looked::later(b"no seal".to_vec())).unwrap().is_none());
    }
    let error = endless.leaf(Looked::later(b"one too many".to_vec())).unwrap_err();
    assert_eq!(error, NoSeal(7 + BATCH_ENTRIES_MAX));
}
