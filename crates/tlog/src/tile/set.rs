//! The tiles one has, and every hash of the tree that they hold or give.

use std::collections::BTreeMap;

use crate::hash::{HASH_BYTES, Hash, node_hash};
use crate::size::Node;
use crate::tile::coordinates::{TILE_HEIGHT, TILE_WIDTH, Tile};

/// A hash that was needed and is in none of the tiles given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no tile given has the subtree of height {height} at {index}")]
pub struct MissingTile {
    /// The height of the subtree.
    pub height: u8,
    /// Its place among those of its height.
    pub index: u64,
}

/// Bytes that are no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tile} has {found} bytes; it should have {expected}")]
pub struct TileBytesError {
    /// The tile's path.
    pub tile: String,
    /// How many bytes were given.
    pub found: usize,
    /// How many it should have.
    pub expected: u64,
}

/// Tiles, with the hashes of all complete subtrees within each computed once, when the tile comes.
///
/// Nothing is verified: what is computed from a stranger's tiles must be held against a root.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    /// By level and index: the rows of the tile's complete subtrees, hashes of the tile first, each row half as long.
    tiles: BTreeMap<(u8, u64), [Vec<Hash>; TILE_HEIGHT as usize]>,
}

impl TileSet {
    /// Returns a set without tiles.
    pub fn new() -> TileSet {
        TileSet::default()
    }

    /// Adds a tile by its bytes.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileBytesError> {
        self.insert_hashes(tile.level, tile.index, tile_hashes(tile, bytes)?);
        Ok(())
    }

    /// Adds the hashes of a tile, the first 256 if there are more; a wider tile takes the place of a narrower.
    ///
    /// Where the wider tile begins with the narrower, only what is new is computed.
    pub fn insert_hashes(&mut self, level: u8, index: u64, mut hashes: Vec<Hash>) {
        hashes.truncate(usize::try_from(TILE_WIDTH).expect("256 is a small number"));
        let rows = self.tiles.entry((level, index)).or_default();
        let [held, inner @ ..] = rows;
        if hashes.len() <= held.len() {
            return;
        }
        if !hashes.starts_with(held) {
            inner.iter_mut().for_each(Vec::clear);
        }
        *held = hashes;
        let mut below: &[Hash] = held;
        for row in inner {
            let (pairs, _) = below.as_chunks::<2>();
            let new = pairs.iter().skip(row.len()).map(|[left, right]| node_hash(left, right));
            row.extend(new);
            below = row;
        }
    }

    /// Drops every tile that is not among these.
    pub fn keep_only(&mut self, tiles: &[Tile]) {
        self.tiles.retain(|(level, index), _| tiles.iter().any(|tile| (tile.level, tile.index) == (*level, *index)));
    }

    /// Returns the hashes of a tile as it was given.
    pub fn hashes(&self, level: u8, index: u64) -> Option<&[Hash]> {
        self.tiles.get(&(level, index))?.first().map(Vec::as_slice)
    }

    /// Returns the root of a complete subtree, if a tile given has it.
    pub fn node(&self, node: Node) -> Option<Hash> {
        let (tile, row, place) = tile_of(node);
        self.tiles.get(&tile)?.get(row)?.get(place).copied()
    }

    /// Returns the root of a complete subtree, or says that no tile given has it.
    pub fn require(&self, node: Node) -> Result<Hash, MissingTile> {
        self.node(node).ok_or(MissingTile { height: node.height, index: node.index })
    }
}

/// Returns the hashes in the bytes of a tile.
pub fn tile_hashes(tile: Tile, bytes: &[u8]) -> Result<Vec<Hash>, TileBytesError> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if hashes.len() as u64 != tile.width.get() || !rest.is_empty() {
        let expected = tile.width.get() * HASH_BYTES as u64;
        return Err(TileBytesError { tile: tile.path(), found: bytes.len(), expected });
    }
    Ok(hashes.iter().map(|bytes| Hash::from(*bytes)).collect())
}

/// Returns the level and index of the tile that a subtree's root is in, its row there, from the tile's hashes upward, and
/// its place in the row.
fn tile_of(node: Node) -> ((u8, u64), usize, usize) {
    let row = u32::from(node.height) % TILE_HEIGHT;
    let in_row = TILE_WIDTH >> row;
    let place = usize::try_from(node.index % in_row).expect("a row has at most 256 places");
    ((level_of(node), node.index / in_row), row as usize, place)
}

fn level_of(node: Node) -> u8 {
    u8::try_from(u32::from(node.height) / TILE_HEIGHT).expect("an eighth of a small number")
}

/// Returns the level and index of the tile that gives the root of a complete subtree.
pub(crate) fn coordinates_of(node: Node) -> (u8, u64) {
    tile_of(node).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::tile::coordinates::TileWidth;

    fn leaves(count: u16) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn bytes(hashes: &[Hash]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// Returns every node of the first three levels of tiles that a set has, up to index 300.
    fn nodes(set: &TileSet) -> Vec<Option<Hash>> {
        (0..24).flat_map(|height| (0..300).map(move |index| set.node(Node { height, index }))).collect()
    }

    #[test]
    fn bytes_have_the_length_of_the_tile() {
        let tile = Tile { level: 0, index: 0, width: TileWidth::new(3).unwrap() };
        let good = bytes(&leaves(3));
        let mut set = TileSet::new();
        for wrong in [&good[..95], &good[..64], &[&good[..], &[0]].concat(), &[&good[..], &good].concat(), &[]] {
            let error = TileBytesError { tile: "tile/0/000.p/3".into(), found: wrong.len(), expected: 96 };
            assert_eq!(set.insert(tile, wrong), Err(error));
        }
        assert_eq!(set.hashes(0, 0), None);
        assert_eq!(set.insert(tile, &good), Ok(()));
        assert_eq!(set.hashes(0, 0), Some(&leaves(3)[..]));
    }

    #[test]
    fn a_tile_gives_the_complete_subtrees_within_it() {
        let hashes = leaves(5);
        let mut set = TileSet::new();
        set.insert_hashes(0, 1, hashes.clone());
        let at = |height, index| set.node(Node { height, index });
        let pair = |a: usize| node_hash(&hashes[a], &hashes[a + 1]);
        assert_eq!((at(0, 256), at(0, 260), at(0, 261)), (Some(hashes[0]), Some(hashes[4]), None));
        assert_eq!((at(1, 128), at(1, 129), at(1, 130)), (Some(pair(0)), Some(pair(2)), None));
        assert_eq!((at(2, 64), at(2, 65), at(3, 32)), (Some(node_hash(&pair(0), &pair(2))), None, None));
        assert_eq!((at(0, 0), at(8, 1), at(255, u64::MAX)), (None, None, None));
        let missing = MissingTile { height: 8, index: 1 };
        assert_eq!(set.require(Node { height: 8, index: 1 }), Err(missing));
    }

    #[test]
    fn a_tile_that_widens_gives_the_same_as_one_that_came_at_once() {
        let all = leaves(300);
        let mut grown = TileSet::new();
        for width in [1, 2, 3, 7, 8, 100, 101, 255, 256, 300] {
            grown.insert_hashes(0, 0, all[..width].to_vec());
            let mut fresh = TileSet::new();
            fresh.insert_hashes(0, 0, all[..width].to_vec());
            assert_eq!(nodes(&grown), nodes(&fresh), "{width}");
        }
        grown.insert_hashes(0, 0, all[..9].to_vec());
        assert_eq!(grown.hashes(0, 0).unwrap(), &all[..256]);
    }

    #[test]
    fn a_wider_tile_with_another_beginning_leaves_nothing_of_the_narrower() {
        let mut set = TileSet::new();
        set.insert_hashes(0, 0, leaves(200).into_iter().rev().collect());
        set.insert_hashes(0, 0, leaves(201));
        let mut fresh = TileSet::new();
        fresh.insert_hashes(0, 0, leaves(201));
        assert_eq!(nodes(&set), nodes(&fresh));
    }
}
