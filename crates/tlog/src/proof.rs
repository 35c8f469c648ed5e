//! Inclusion and consistency: which tiles are needed, how a proof is built of them, how it is verified.
//!
//! Verification follows RFC 9162, sections 2.1.3.2 and 2.1.4.2. Building asks for complete subtrees only: each is a hash in
//! some tile or computed within one.

use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{MissingTile, Tile, TileSet};
use crate::tree::{EntryIndex, Node, TreeSize, subtrees};

/// The most hashes of a proof: no tree is higher.
pub const PROOF_HASHES_MAX: usize = 63;

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

/// Returns the largest power of two below `n`, which must be at least 2: where a tree of `n` leaves splits.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// A step of a proof: the range of leaves whose root it is.
type Step = (u64, u64);

fn inclusion_steps(index: EntryIndex, size: TreeSize) -> Vec<Step> {
    let (mut start, mut end) = (0, size.get());
    let mut steps = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index.get() < middle {
            steps.push((middle, end));
            end = middle;
        } else {
            steps.push((start, middle));
            start = middle;
        }
    }
    steps.reverse();
    steps
}

fn consistency_steps(old: TreeSize, new: TreeSize) -> Vec<Step> {
    if old == TreeSize::ZERO || old >= new {
        return Vec::new();
    }
    let (mut start, mut end) = (0, new.get());
    let mut steps = Vec::new();
    // Down to the subtree that ends where the old tree does.
    while end != old.get() {
        let middle = start + split(end - start);
        if old.get() <= middle {
            steps.push((middle, end));
            end = middle;
        } else {
            steps.push((start, middle));
            start = middle;
        }
    }
    if start != 0 {
        steps.push((start, end));
    }
    steps.reverse();
    steps
}

fn tiles_of(steps: &[Step], size: TreeSize) -> Vec<Tile> {
    let tile = |node: Node| Tile::at(node.height / 8, node.index >> (8 - node.height % 8), size);
    let mut tiles: Vec<Tile> = steps.iter().flat_map(|(start, end)| subtrees(*start, *end)).filter_map(tile).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

fn hashes_of(steps: &[Step], tiles: &TileSet) -> Result<Vec<Hash>, MissingTile> {
    steps.iter().map(|(start, end)| range_root(*start, *end, tiles)).collect()
}

fn range_root(start: u64, end: u64, tiles: &TileSet) -> Result<Hash, MissingTile> {
    let mut root = None;
    for node in subtrees(start, end).into_iter().rev() {
        let left = tiles.require(node)?;
        root = Some(root.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(root.unwrap_or_else(empty_root))
}

/// Returns the tiles from which [`root`] is computed.
pub fn root_tiles(size: TreeSize) -> Vec<Tile> {
    tiles_of(&[(0, size.get())], size)
}

/// Returns the root of the tree of `size`.
pub fn root(size: TreeSize, tiles: &TileSet) -> Result<Hash, MissingTile> {
    range_root(0, size.get(), tiles)
}

/// Returns the tiles from which [`inclusion`] is computed. An index outside the tree needs none.
pub fn inclusion_tiles(index: EntryIndex, size: TreeSize) -> Vec<Tile> {
    if size.holds(index) { tiles_of(&inclusion_steps(index, size), size) } else { Vec::new() }
}

/// Returns the proof that the tree of `size` has a leaf at `index`, from the leaf's sibling upward.
///
/// Requires `index` to be in the tree: the proof of one that is not is empty and proves nothing.
pub fn inclusion(index: EntryIndex, size: TreeSize, tiles: &TileSet) -> Result<Vec<Hash>, MissingTile> {
    if size.holds(index) { hashes_of(&inclusion_steps(index, size), tiles) } else { Ok(Vec::new()) }
}

/// Returns the tiles from which [`consistency`] is computed.
pub fn consistency_tiles(old: TreeSize, new: TreeSize) -> Vec<Tile> {
    tiles_of(&consistency_steps(old, new), new)
}

/// Returns the proof that the tree of `new` entries begins with the tree of `old`. Empty from size 0 and between equal sizes.
pub fn consistency(old: TreeSize, new: TreeSize, tiles: &TileSet) -> Result<Vec<Hash>, MissingTile> {
    hashes_of(&consistency_steps(old, new), tiles)
}

fn check_length(found: usize, expected: usize) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Length { found, expected }) }
}

fn check_root(found: Hash, expected: &Hash) -> Result<(), ProofError> {
    if found == *expected { Ok(()) } else { Err(ProofError::Root { found, expected: *expected }) }
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
    if old == TreeSize::ZERO {
        check_length(proof.len(), 0)?;
        return check_root(empty_root(), old_root);
    }
    if old == new {
        check_length(proof.len(), 0)?;
        return check_root(*new_root, old_root);
    }
    let steps = consistency_steps(old, new);
    check_length(proof.len(), steps.len())?;
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
