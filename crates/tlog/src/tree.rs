//! The append-only tree: new leaf hashes in; the new root and the new hashes of its tiles out.
//!
//! A tree of `n` leaves falls into one complete subtree for each bit of `n`, the largest leftmost. Their roots are all that
//! growing needs:
//!
//! ```text
//! 7 leaves:   [0 1 2 3] [4 5] [6]     three roots; the root of the tree is  node(a, node(b, c))
//! ```

use crate::hash::{Hash, empty_root, node_hash};
pub use crate::size::{EntryIndex, Node, SIZE_MAX, TreeSize, subtrees};
use crate::tile::{MissingTile, TILE_HEIGHT, TileSet};

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

    /// Returns the tree of `size` leaves that falls into subtrees with these roots, if they are as many as they should be.
    pub fn from_subtrees(size: TreeSize, roots: Vec<Hash>) -> Option<Tree> {
        (roots.len() == size.get().count_ones() as usize).then(|| Tree { size: size.get(), stack: roots })
    }

    /// Returns the roots of the complete subtrees that the leaves fall into, left to right.
    pub fn subtree_roots(&self) -> &[Hash] {
        &self.stack
    }

    /// Returns how many leaves there are.
    pub fn size(&self) -> TreeSize {
        TreeSize::new(self.size).expect("nobody lives to append 2^63 leaves")
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

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::proof::root_tiles;
    use crate::sample::{BOUNDARIES, BigTree, leaf, reference_root};

    #[test]
    fn the_boundaries_have_the_root_of_the_definition() {
        let big = BigTree::new();
        let mut tree = Tree::new();
        for size in BOUNDARIES {
            while tree.size().get() < size {
                tree.append(leaf(tree.size().get()), &mut TileHashes::default());
            }
            assert_eq!(tree.root(), reference_root(big.leaves(size)), "{size}");
        }
        assert_eq!(tree.size().get(), 65_537);
    }

    #[test]
    fn the_tiles_of_a_tree_give_it_back() {
        let big = BigTree::new();
        for size in BOUNDARIES {
            let size = TreeSize::new(size).unwrap();
            let tree = Tree::from_tiles(size, &big.tiles(&root_tiles(size))).unwrap();
            assert_eq!((tree.size(), tree.root()), (size, reference_root(big.leaves(size.get()))));
            assert_eq!(Tree::from_subtrees(size, tree.subtree_roots().to_vec()), Some(tree.clone()));
            assert_eq!(Tree::from_subtrees(size, vec![leaf(1); tree.subtree_roots().len() + 1]), None);
            let mut grown = tree.clone();
            grown.append(leaf(size.get()), &mut TileHashes::default());
            let next = [big.leaves(size.get()), &[leaf(size.get())]].concat();
            assert_eq!(grown.root(), reference_root(&next));
        }
        let size = TreeSize::new(257).unwrap();
        let missing = MissingTile { height: 8, index: 0 };
        assert_eq!(Tree::from_tiles(size, &TileSet::new()), Err(missing));
    }

    #[test]
    fn each_level_gets_the_roots_of_the_full_tiles_below() {
        let big = BigTree::new();
        let [leaves, ones, twos] = big.levels() else { panic!("three levels") };
        assert_eq!((leaves.len(), ones.len(), twos.len()), (65_537, 256, 1));
        for (tile, root) in leaves.chunks(256).zip(ones) {
            assert_eq!(reference_root(tile), *root);
        }
        assert_eq!(reference_root(ones), twos[0]);
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(size in 0..600u64) {
            let (mut tree, mut oracle) = (Tree::new(), MemoryBackedTree::<Sha256, [u8; 8]>::new());
            for n in 0..size {
                tree.append(leaf(n), &mut TileHashes::default());
                oracle.push(n.to_be_bytes());
            }
            prop_assert_eq!(tree.root().as_bytes().to_vec(), oracle.root().as_bytes().to_vec());
        }
    }
}
