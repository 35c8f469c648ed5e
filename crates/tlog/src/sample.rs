//! A tree past the second tile boundary, and the definition that the tests hold the code against.

use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::tile::{Tile, TileSet};
use crate::tree::{TileHashes, Tree};

/// The sizes at which tiles begin, fill and spill.
pub(crate) const BOUNDARIES: [u64; 8] = [0, 1, 255, 256, 257, 65_535, 65_536, 65_537];

/// Returns the hash of the leaf that says its own index.
pub(crate) fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

/// Returns the root by the definition of RFC 6962, section 2.1, word for word.
pub(crate) fn reference_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&reference_root(left), &reference_root(right))
        }
    }
}

/// Returns all tiles of the tree of `size` leaves.
pub(crate) fn all_tiles(size: u64) -> TileSet {
    let (mut tree, mut hashes) = (Tree::new(), TileHashes::default());
    (0..size).for_each(|index| tree.append(leaf(index), &mut hashes));
    let mut tiles = TileSet::new();
    for (level, hashes) in (0..).zip(&hashes.levels) {
        for (index, hashes) in (0..).zip(hashes.chunks(256)) {
            tiles.insert_hashes(level, index, hashes.to_vec());
        }
    }
    tiles
}

/// The tree of 65 537 leaves, as the dense hashes of its levels.
pub(crate) struct BigTree {
    hashes: TileHashes,
}

impl BigTree {
    pub(crate) fn new() -> BigTree {
        let mut hashes = TileHashes::default();
        let mut tree = Tree::new();
        for index in 0..65_537 {
            tree.append(leaf(index), &mut hashes);
        }
        BigTree { hashes }
    }

    pub(crate) fn levels(&self) -> &[Vec<Hash>] {
        &self.hashes.levels
    }

    pub(crate) fn leaves(&self, size: u64) -> &[Hash] {
        &self.hashes.levels[0][..usize::try_from(size).unwrap()]
    }

    /// Returns a set of these tiles and no other.
    pub(crate) fn tiles(&self, tiles: &[Tile]) -> TileSet {
        let mut set = TileSet::new();
        for tile in tiles {
            let first = tile.byte_range().start / 32;
            let range = usize::try_from(first).unwrap()..usize::try_from(first + tile.width.get()).unwrap();
            let hashes = &self.hashes.levels[usize::from(tile.level)][range];
            set.insert(*tile, &hashes.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>()).unwrap();
        }
        set
    }
}
