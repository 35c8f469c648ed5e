//! Checking proofs. The sizes and the index alone decide how many hashes a proof has and where each belongs.

use crate::hash::{Hash, empty_root, node_hash};
use crate::proof::step::{consistency_steps, inclusion_steps};
use crate::size::{EntryIndex, TreeSize};

/// Why a proof does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not in the tree.
    #[error("index {index} is not in a tree of {size} entries")]
    Outside {
        /// The index.
        index: EntryIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The newer tree is the smaller one.
    #[error("a tree of {new} entries cannot extend one of {old}")]
    Shrinks {
        /// The size that came first.
        old: TreeSize,
        /// The size that came later.
        new: TreeSize,
    },
    /// Another number of hashes than this proof has.
    #[error("the proof has {found} hashes; it should have {expected}")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to the root {found}, not {expected}")]
    Root {
        /// Where it leads.
        found: Hash,
        /// Where it should.
        expected: Hash,
    },
}

/// Checks that the tree of `size` with this `root` has a leaf with the hash `leaf` at `index`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: EntryIndex,
    size: TreeSize,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if !size.holds(index) {
        return Err(ProofError::Outside { index, size });
    }
    // The siblings from the leaf upward, each on the side that the index and the size alone decide.
    let steps = inclusion_steps(index, size);
    check_length(proof.len(), steps.len())?;
    let found = steps.iter().zip(proof).fold(*leaf, |below, ((start, _), sibling)| {
        if *start <= index.get() { node_hash(sibling, &below) } else { node_hash(&below, sibling) }
    });
    check_root(found, root)
}

/// Checks that the tree of `new` entries with `new_root` begins with the tree of `old` entries with `old_root`.
///
/// Equal sizes need equal roots, size 0 needs the root of nothing, and both the empty proof.
pub fn verify_consistency(
    old: TreeSize,
    new: TreeSize,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrinks { old, new });
    }
    let steps = consistency_steps(old, new);
    check_length(proof.len(), steps.len())?;
    if old == TreeSize::ZERO {
        check_root(*old_root, &empty_root())?;
    }
    if old == new {
        return check_root(*new_root, old_root);
    }
    if old == TreeSize::ZERO {
        return Ok(());
    }
    let mut parts = steps.iter().zip(proof);
    // If the old tree is one complete subtree on the left edge, its root is where both climbs begin.
    let (mut old_found, mut new_found) = (*old_root, *old_root);
    if !old.get().is_power_of_two()
        && let Some((_, first)) = parts.next()
    {
        (old_found, new_found) = (*first, *first);
    }
    for ((start, _), hash) in parts {
        if *start < old.get() {
            old_found = node_hash(hash, &old_found);
            new_found = node_hash(hash, &new_found);
        } else {
            new_found = node_hash(&new_found, hash);
        }
    }
    check_root(old_found, old_root)?;
    check_root(new_found, new_root)
}

fn check_length(found: usize, expected: usize) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Length { found, expected }) }
}

fn check_root(found: Hash, expected: &Hash) -> Result<(), ProofError> {
    if found == *expected { Ok(()) } else { Err(ProofError::Root { found, expected: *expected }) }
}
