//! The append-only tree: new leaf hashes in; the new root and the new hashes of its tiles out.

use std::fmt;

use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{MissingTile, TILE_HEIGHT, TileSet};

/// The largest tree, in entries. Nothing computed from a size overflows below it.
pub const SIZE_MAX: u64 = (1 << 63) - 1;

/// The place of an entry, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryIndex(u64);

/// How many entries a tree has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

impl EntryIndex {
    /// Returns the index, if a tree can be large enough to have it.
    pub fn new(index: u64) -> Option<EntryIndex> {
        (index < SIZE_MAX).then_some(EntryIndex(index))
    }

    /// Returns the number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Returns the size of the tree whose last entry this is.
    pub fn size_after(self) -> TreeSize {
        TreeSize(self.0 + 1)
    }
}

impl TreeSize {
    /// The size of the empty tree.
    pub const ZERO: TreeSize = TreeSize(0);

    /// Returns the size, if a tree can have it.
    pub fn new(size: u64) -> Option<TreeSize> {
        (size <= SIZE_MAX).then_some(TreeSize(size))
    }

    /// Returns the number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Returns whether a tree of this size has an entry at `index`.
    pub fn holds(self, index: EntryIndex) -> bool {
        index.0 < self.0
    }
}

impl fmt::Display for EntryIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The complete subtree of `2^height` leaves that begins at the leaf `index · 2^height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// How many levels above the leaves its root is.
    pub height: u8,
    /// How many subtrees of the same height stand left of it.
    pub index: u64,
}

/// Returns the complete subtrees that the leaves from `start` to `end` fall into, left to right, as large as they can be.
///
/// Requires `start` to be a multiple of the largest power of two that is at most `end − start`, as it is wherever a tree splits.
pub fn subtrees(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut start = start;
    while start < end {
        let height = (end - start).ilog2();
        nodes.push(Node { height: u8::try_from(height).unwrap_or(u8::MAX), index: start >> height });
        start += 1 << height;
    }
    nodes
}

/// New tile hashes, by level: leaf hashes at 0, roots of full level-0 tiles at 1, and so on. Each continues the dense
/// sequence of hashes that the level's tiles are cut from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileHashes {
    /// The hashes of each level.
    pub levels: Vec<Vec<Hash>>,
}

impl TileHashes {
    fn push(&mut self, level: usize, hash: Hash) {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        if let Some(hashes) = self.levels.get_mut(level) {
            hashes.push(hash);
        }
    }
}

/// A tree as the roots of the complete subtrees its leaves fall into, left to right: one for each bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    stack: Vec<Hash>,
}

impl Tree {
    /// Returns the empty tree.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Returns the tree of `size` leaves whose tiles are `tiles`; [`crate::proof::root_tiles`] tells which it needs.
    pub fn from_tiles(size: TreeSize, tiles: &TileSet) -> Result<Tree, MissingTile> {
        let nodes = subtrees(0, size.get());
        let stack = nodes.iter().map(|node| tiles.require(*node)).collect::<Result<_, _>>()?;
        Ok(Tree { size: size.get(), stack })
    }

    /// Returns how many leaves there are.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Returns the root (RFC 6962, section 2.1).
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.stack.iter().rev();
        match right_to_left.next() {
            None => empty_root(),
            Some(last) => right_to_left.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// Appends the hash of a leaf, and every tile hash that this completes to `emit`.
    pub fn append(&mut self, leaf: Hash, emit: &mut TileHashes) {
        emit.push(0, leaf);
        let mut hash = leaf;
        for height in 1..=self.size.trailing_ones() {
            let Some(left) = self.stack.pop() else { break };
            hash = node_hash(&left, &hash);
            if height.is_multiple_of(TILE_HEIGHT) {
                emit.push((height / TILE_HEIGHT) as usize, hash);
            }
        }
        self.stack.push(hash);
        self.size += 1;
    }
}
