//! Evidence about a batch: where it begins and ends, what stands before it, and how much of what comes behind it is taken.

use colophon_ledger::entry::seal::BATCH_ENTRIES_MAX;
use colophon_ledger::evidence::{BatchCase, BatchClaim, Claim, Evidence, EvidenceError, Lie};
use colophon_ledger::replay::Replay;

use crate::attacks::story;
use crate::evidence::{batch, judge, leaf, lie_with};
use crate::rules::raw_note;
use crate::world::{World, digest};

/// Returns a claim about the leaves of the world's log from `first` on, without any record.
fn claim_of(world: &World, first: u64, count: u64) -> BatchClaim {
    BatchClaim {
        before: first.checked_sub(1).map(|before| leaf(world, before)),
        checkpoint: world.checkpoint().to_string(),
        genesis: leaf(world, 0),
        leaves: (first..first + count).map(|index| leaf(world, index)).collect(),
        records: Vec::new(),
        rest: None,
    }
}

fn judge_claim(claim: BatchClaim) -> Result<Lie, EvidenceError> {
    judge(&Evidence::of(Claim::Batch(Box::new(claim))))
}

#[test]
fn what_stands_before_a_batch_is_a_seal_in_its_place_of_this_register() {
    let (world, _) = story();
    let seal = world.leaves.last().unwrap().clone();
    let other = World::with_nonce("another");
    for before in [seal, other.leaves[1].clone()] {
        let (mut world, _) = story();
        let first = world.size() + 1;
        world.relog(world.leaves.iter().cloned().chain([before, b"junk".to_vec()]).collect());
        let expected = EvidenceError::Malformed("the entry before the batch is no seal of the register".to_owned());
        assert_eq!(judge_claim(claim_of(&world, first, 1)), Err(expected));
    }
}

#[test]
fn a_record_stands_in_evidence_once() {
    let (mut world, _) = story();
    let leaves = batch(&world, &["dunes"], |seal| seal.state = digest("another state"));
    let Claim::Batch(mut claim) = lie_with(&mut world, &leaves).claim else { panic!("a batch") };
    let first = claim.records[0].clone();
    claim.records.insert(0, first);
    let expected = EvidenceError::Malformed("its records are not in ascending order".to_owned());
    assert_eq!(judge_claim(*claim), Err(expected));
}

#[test]
fn a_batch_without_end_is_shown_by_one_leaf_more_than_a_batch_has() {
    let (mut world, _) = story();
    let first = world.size();
    let most = BATCH_ENTRIES_MAX + 1;
    world.relog(world.leaves.iter().cloned().chain((0..=most).map(|n| n.to_string().into_bytes())).collect());
    let found = judge_claim(claim_of(&world, first, most));
    assert!(matches!(found, Ok(Lie::Batch { .. })), "{found:?}");
    let expected = EvidenceError::Malformed("more leaves than a batch has".to_owned());
    assert_eq!(judge_claim(claim_of(&world, first, most + 1)), Err(expected));
    let expected = EvidenceError::Malformed("the end of the batch is left out".to_owned());
    assert_eq!(judge_claim(claim_of(&world, first, most - 1)), Err(expected));
}

/// Returns how many leaves behind a batch the evidence about it takes, of so many that stand there.
fn taken_behind(before: &Replay, world: &mut World, leaves: &[Vec<u8>], behind: usize) -> usize {
    let first = before.position().index;
    let kept = world.leaves[..usize::try_from(first).unwrap()].to_vec();
    world.relog([kept, leaves.to_vec(), vec![b"junk".to_vec(); behind]].concat());
    let case = BatchCase {
        rules: before.rules(),
        records: before.records(),
        tree: before.tree(),
        position: before.position(),
        leaves,
        voiding: before.voiding(),
        checkpoint: &world.checkpoint(),
    };
    let end = first + leaves.len() as u64;
    case.indices().into_iter().filter(|index| *index >= end).count()
}

#[test]
fn what_comes_behind_is_taken_where_it_might_void_an_entry_and_is_not_too_much() {
    let (world, _) = story();
    let mut before = Replay::begin(&world.leaves[0]).unwrap();
    for leaf in &world.leaves {
        before.leaf(leaf.clone()).unwrap();
    }
    let seal = batch(&world, &["dunes"], |_| ()).pop().unwrap();
    let taken = |leaves: &[Vec<u8>], behind: usize| taken_behind(&before, &mut story().0, leaves, behind);
    let refused = [b"no entry".to_vec(), seal];
    assert_eq!([0, 1, 3_000, 3_001].map(|behind| taken(&refused, behind)), [0, 1, 3_000, 0]);
    // A seal is never voided, nor is the genesis.
    let mut unsigned = batch(&world, &["dunes"], |_| ());
    let last = unsigned.last_mut().unwrap();
    *last = raw_note(std::str::from_utf8(last).unwrap().split_inclusive("\n\n").next().unwrap().trim_end_matches('\n'));
    assert_eq!(taken(&unsigned, 5), 0);
    let nothing = Replay::begin(&world.leaves[0]).unwrap();
    let leaves = [b"no entry".to_vec(), world.leaves[1].clone()];
    assert_eq!(taken_behind(&nothing, &mut story().0, &leaves, 5), 0);
}
