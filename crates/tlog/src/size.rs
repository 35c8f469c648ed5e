//! Places and sizes: where an entry stands, how many there are, and the complete subtrees over them.

use std::fmt;

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

/// Returns the complete subtrees that the leaves from `start` up to but without `end` fall into, left to right, as large
/// as they can be: one for each bit of `end − start`.
///
/// Requires `start` to be a multiple of the largest power of two that is at most `end − start`, as it is wherever a tree
/// splits.
pub fn subtrees(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut start = start;
    while start < end {
        let height = (end - start).ilog2();
        nodes.push(Node { height: u8::try_from(height).expect("a u64 has 64 bits"), index: start >> height });
        start += 1 << height;
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_where_arithmetic_does() {
        assert_eq!(TreeSize::new(SIZE_MAX).map(TreeSize::get), Some(SIZE_MAX));
        assert_eq!((TreeSize::new(SIZE_MAX + 1), TreeSize::new(u64::MAX)), (None, None));
        let last = EntryIndex::new(SIZE_MAX - 1).unwrap();
        assert_eq!(Some(last.size_after()), TreeSize::new(SIZE_MAX));
        assert_eq!((EntryIndex::new(SIZE_MAX), EntryIndex::new(u64::MAX)), (None, None));
        assert!(last.size_after().holds(last));
        assert!(!TreeSize::ZERO.holds(EntryIndex::new(0).unwrap()));
    }

    #[test]
    fn a_tree_falls_into_one_subtree_for_each_bit() {
        assert_eq!(subtrees(0, 0), []);
        let seven = [(2, 0), (1, 2), (0, 6)].map(|(height, index)| Node { height, index });
        assert_eq!(subtrees(0, 7), seven);
        assert_eq!(subtrees(4, 8), [Node { height: 2, index: 1 }]);
        assert_eq!(subtrees(0, SIZE_MAX).len(), 63);
        assert_eq!(subtrees(9, 4), []);
    }
}
