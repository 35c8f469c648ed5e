//! Inclusion and consistency proofs, held against the algorithms of RFC 9162 as they stand there.

use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use colophon_tlog::hash::{Hash, empty_root, node_hash};
use colophon_tlog::proof::{PROOF_HASHES_MAX, consistency, inclusion, root, verify_consistency, verify_inclusion};
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::{EntryIndex, SIZE_MAX, TreeSize};

use crate::choices::rest;
use crate::mutate::Dice;
use crate::story::tree_of;

/// Nothing in a claim is text.
pub const WORDS: &[&str] = &["\u{0}\u{0}", "\u{1}\u{0}", "\u{7f}"];

/// The size of the tree that sound proofs are made in: more than two tiles wide.
const LEAVES: u16 = 600;

/// A proof, sound but for what is changed in it, or made up.
#[derive(Debug, Arbitrary)]
struct Claim {
    index: u16,
    old: u16,
    size: u16,
    made_up: Option<[u64; 3]>,
}

/// The most changes of one proof, and the most hashes of one that is made up.
const CHANGES_MAX: usize = 64;

#[derive(Debug, Arbitrary)]
enum Change {
    Flip { at: u8, bit: u8 },
    Drop { at: u8 },
    Add { at: u8, hash: [u8; 32] },
    Swap { one: u8, other: u8 },
    Index(u16),
    Size(u16),
    Old(u16),
}

/// What a verifier is asked.
struct Question {
    index: u64,
    old: u64,
    size: u64,
    proof: Vec<Hash>,
}

/// Asks both verifiers the same, about inclusion and about consistency.
pub fn check(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(claim) = Claim::arbitrary(&mut choices) else { return };
    let changes: Vec<Change> = rest(&mut Unstructured::new(data), CHANGES_MAX);
    let size = u64::from(claim.size % LEAVES + 1);
    let (index, old) = (u64::from(claim.index) % size, u64::from(claim.old) % (size + 1));
    let tiles = tiles();
    let tree = TreeSize::new(size).unwrap();
    let included = inclusion(EntryIndex::new(index).unwrap(), tree, tiles).unwrap();
    let consistent = consistency(TreeSize::new(old).unwrap(), tree, tiles).unwrap();
    let leaf = tiles.hashes(0, index / 256).unwrap()[usize::try_from(index % 256).unwrap()];
    let roots = [root(TreeSize::new(old).unwrap(), tiles).unwrap(), root(tree, tiles).unwrap()];
    for (proof, is_inclusion) in [(included, true), (consistent, false)] {
        let mut question = Question { index, old, size, proof };
        let ask = |question: &Question| {
            if is_inclusion { ask_inclusion(question, leaf, roots[1]) } else { ask_consistency(question, roots) }
        };
        assert!(ask(&question), "a sound proof verifies");
        assert!(question.proof.len() <= PROOF_HASHES_MAX + 1);
        for change in &changes {
            change.apply(&mut question);
        }
        ask(&question);
    }
    if let Some(numbers) = claim.made_up {
        let [index, old, size] = numbers.map(|number| number % (SIZE_MAX + 1));
        let proof = rest::<[u8; 32]>(&mut choices, CHANGES_MAX).into_iter().map(Hash::from).collect();
        let question = Question { index, old, size, proof };
        ask_inclusion(&question, leaf, roots[1]);
        ask_consistency(&question, roots);
    }
}

fn tiles() -> &'static TileSet {
    static TILES: OnceLock<TileSet> = OnceLock::new();
    TILES.get_or_init(|| tree_of(&(0..LEAVES).map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>()).1)
}

impl Change {
    fn apply(&self, question: &mut Question) {
        let proof = &mut question.proof;
        let place = |at: u8, count: usize| usize::from(at) % count.max(1);
        match self {
            Change::Flip { at, bit } if !proof.is_empty() => {
                let at = place(*at, proof.len());
                let mut hash = *proof[at].as_bytes();
                hash[usize::from(*bit) / 8] ^= 1 << (bit % 8);
                proof[at] = Hash::from(hash);
            }
            Change::Drop { at } if !proof.is_empty() => drop(proof.remove(place(*at, proof.len()))),
            Change::Add { at, hash } => proof.insert(place(*at, proof.len() + 1), Hash::from(*hash)),
            Change::Swap { one, other } if !proof.is_empty() => {
                let count = proof.len();
                proof.swap(place(*one, count), place(*other, count));
            }
            Change::Flip { .. } | Change::Drop { .. } | Change::Swap { .. } => {}
            Change::Index(index) => question.index = u64::from(*index),
            Change::Size(size) => question.size = u64::from(*size),
            Change::Old(old) => question.old = u64::from(*old),
        }
    }
}

fn ask_inclusion(question: &Question, leaf: Hash, root: Hash) -> bool {
    let Question { index, size, proof, .. } = question;
    let (at, tree) = (EntryIndex::new(*index), TreeSize::new(*size).unwrap());
    let answer = at.is_some_and(|at| verify_inclusion(&leaf, at, tree, proof, &root).is_ok());
    assert_eq!(answer, includes(*index, *size, leaf, proof, root));
    answer
}

fn ask_consistency(question: &Question, [old_root, new_root]: [Hash; 2]) -> bool {
    let Question { old, size, proof, .. } = question;
    let [first, second] = [*old, *size].map(|size| TreeSize::new(size).unwrap());
    let answer = verify_consistency(first, second, &old_root, &new_root, proof).is_ok();
    assert_eq!(answer, extends(*old, *size, [old_root, new_root], proof));
    answer
}

/// RFC 9162, section 2.1.3.2.
fn includes(index: u64, size: u64, leaf: Hash, path: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut found) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            found = node_hash(sibling, &found);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            found = node_hash(&found, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && found == root
}

/// RFC 9162, section 2.1.4.2, with the two cases that it leaves out: the empty tree, and a tree with itself.
fn extends(old: u64, new: u64, [old_root, new_root]: [Hash; 2], path: &[Hash]) -> bool {
    if old == 0 || old >= new {
        let empty = old > 0 || old_root == empty_root();
        return old <= new && path.is_empty() && empty && (old < new || old_root == new_root);
    }
    let mut hashes = path.to_vec();
    if old.is_power_of_two() {
        hashes.insert(0, old_root);
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let Some((first, rest)) = hashes.split_first() else { return false };
    if path.is_empty() {
        return false;
    }
    let (mut old_found, mut new_found) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            (old_found, new_found) = (node_hash(hash, &old_found), node_hash(hash, &new_found));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_found = node_hash(&new_found, hash);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    old_found == old_root && new_found == new_root && last == 0
}

/// Bytes of which claims of every sort are made.
pub fn seeds() -> Vec<Vec<u8>> {
    Dice::new(7).runs(32, 9)
}
