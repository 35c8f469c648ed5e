//! The tiles of one tree, each held against its root before anything in it counts.
//!
//! From the root downward: first the partial tiles at the right edge, of which the root is made; then any full tile whose
//! root is a hash of one that was proved before. Of each level one full tile is remembered: a tree that is gone through
//! from left to right takes 8 KiB a level, however large it is.
//!
//! ```text
//! 70 000 leaves    edge: (0, 273).p/112  (1, 1).p/17  (2, 0).p/1      proved by the root
//!                  (1, 0)                                             proved by the hash 0 of (2, 0)
//!                  (0, 5)                                             proved by the hash 5 of (1, 0)
//! ```

use crate::hash::{Hash, node_hash};
use crate::proof::{root, root_tiles};
use crate::size::TreeSize;
use crate::tile::coordinates::{LEVEL_MAX, TILE_WIDTH, Tile, TileWidth};
use crate::tile::set::{MissingTile, TileBytesError, TileSet, tile_hashes};

/// Why a tile is not shown to be the tree's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnprovenTile {
    /// The bytes are no tile.
    #[error(transparent)]
    Bytes(#[from] TileBytesError),
    /// A tile of the right edge was not given.
    #[error(transparent)]
    Missing(#[from] MissingTile),
    /// The tiles of the right edge lead to another root.
    #[error("the tiles at the right edge lead to the root {found}, not {expected}")]
    Root {
        /// Where they lead.
        found: Hash,
        /// Where they should.
        expected: Hash,
    },
    /// The hashes are not those of the tree.
    #[error("{0} is not the tree's: its hashes are others")]
    Other(String),
    /// The tile above it was not proved yet, or the tree has no such tile.
    #[error("nothing proved so far says what {0} should hold")]
    Unknown(String),
}

/// What a tile must hold to be the tree's. May be checked anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    tile: Tile,
    hashes: ExpectedHashes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ExpectedHashes {
    /// Of a full tile: its root.
    Root(Hash),
    /// Of one at the right edge: all of its hashes.
    All(Vec<Hash>),
}

impl Expected {
    /// Returns the tile.
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// Checks that these are all hashes of the tile.
    pub fn check(&self, hashes: &[Hash]) -> Result<(), UnprovenTile> {
        let same = match &self.hashes {
            ExpectedHashes::Root(root) => tile_root(hashes) == Some(*root),
            ExpectedHashes::All(all) => hashes == all,
        };
        if same { Ok(()) } else { Err(UnprovenTile::Other(self.tile.path())) }
    }
}

/// The tiles of a tree that were proved so far.
#[derive(Debug, Clone)]
pub struct ProvenTiles {
    size: TreeSize,
    /// The partial tiles.
    edge: TileSet,
    /// Of each level the full tile that was proved last.
    full: [Option<(u64, Vec<Hash>)>; LEVEL_MAX as usize + 1],
}

impl ProvenTiles {
    /// Begins with the tiles that [`crate::proof::root_tiles`] names, of the tree of `size` with this root.
    pub fn begin(size: TreeSize, expected: Hash, mut edge: TileSet) -> Result<ProvenTiles, UnprovenTile> {
        let tiles = root_tiles(size);
        edge.keep_only(&tiles);
        let found = root(size, &edge)?;
        if found != expected {
            return Err(UnprovenTile::Root { found, expected });
        }
        // A tile that is wider than the tree has it would bring hashes along that the root says nothing of.
        let wide =
            |tile: &&Tile| edge.hashes(tile.level, tile.index).map_or(0, <[Hash]>::len) as u64 != tile.width.get();
        if let Some(tile) = tiles.iter().find(wide) {
            return Err(UnprovenTile::Other(tile.path()));
        }
        Ok(ProvenTiles { size, edge, full: Default::default() })
    }

    /// Returns the full tile that has to be added before the tile at these coordinates can be checked, if one has to. Asked
    /// again until there is none, it leads from the root down to the tile.
    pub fn needed_for(&self, level: u8, index: u64) -> Option<Tile> {
        let tile = Tile::at(level, index, self.size)?;
        if !tile.width.is_full() {
            return None;
        }
        let (above, place) = (level.checked_add(1)?, index / TILE_WIDTH);
        if self.hashes(above, place).is_some() {
            return None;
        }
        self.needed_for(above, place).or_else(|| Tile::at(above, place, self.size))
    }

    /// Returns what the tile at these coordinates must hold, as wide as the tree has it, if it can be said yet.
    pub fn expect(&self, level: u8, index: u64) -> Option<Expected> {
        let tile = Tile::at(level, index, self.size)?;
        let hashes = if tile.width == TileWidth::FULL {
            let above = self.hashes(level.checked_add(1)?, index / TILE_WIDTH)?;
            ExpectedHashes::Root(*above.get(usize::try_from(index % TILE_WIDTH).ok()?)?)
        } else {
            ExpectedHashes::All(self.edge.hashes(level, index)?.to_vec())
        };
        Some(Expected { tile, hashes })
    }

    /// Checks a full tile and remembers it in the place of the last one of its level.
    pub fn add(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), UnprovenTile> {
        let expected = self.expect(tile.level, tile.index).filter(|expected| expected.tile == tile);
        let expected = expected.ok_or_else(|| UnprovenTile::Unknown(tile.path()))?;
        let hashes = tile_hashes(tile, bytes)?;
        expected.check(&hashes)?;
        if let Some(full) = self.full.get_mut(usize::from(tile.level)).filter(|_| tile.width.is_full()) {
            *full = Some((tile.index, hashes));
        }
        Ok(())
    }

    fn hashes(&self, level: u8, index: u64) -> Option<&[Hash]> {
        let remembered = self.full.get(usize::from(level))?.as_ref().filter(|(held, _)| *held == index);
        remembered.map(|(_, hashes)| hashes.as_slice()).or_else(|| self.edge.hashes(level, index))
    }
}

/// Returns the root of a full tile, which is a hash of the tile above it. Nothing if there are not 256 hashes.
fn tile_root(hashes: &[Hash]) -> Option<Hash> {
    if hashes.len() as u64 != TILE_WIDTH {
        return None;
    }
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        let (pairs, _) = row.as_chunks::<2>();
        row = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{BOUNDARIES, BigTree};

    fn size(size: u64) -> TreeSize {
        TreeSize::new(size).unwrap()
    }

    fn begin(tree: &BigTree, of: u64) -> ProvenTiles {
        let edge = tree.tiles(&root_tiles(size(of)));
        let expected = root(size(of), &edge).unwrap();
        ProvenTiles::begin(size(of), expected, edge).unwrap()
    }

    fn hashes(tree: &BigTree, tile: Tile) -> Vec<Hash> {
        tree.tiles(&[tile]).hashes(tile.level, tile.index).unwrap().to_vec()
    }

    fn bytes(tree: &BigTree, tile: Tile) -> Vec<u8> {
        hashes(tree, tile).iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    #[test]
    fn every_tile_is_proved_from_the_root_downward() {
        let tree = BigTree::new();
        for of in BOUNDARIES.into_iter().chain([511, 512, 700, 60_000]) {
            let mut proven = begin(&tree, of);
            let mut seen = 0;
            for index in 0.. {
                let Some(tile) = Tile::at(0, index, size(of)) else { break };
                while let Some(needed) = proven.needed_for(0, index) {
                    assert!(needed.width.is_full() && needed.level > 0, "{needed}");
                    proven.add(needed, &bytes(&tree, needed)).unwrap();
                }
                let expected = proven.expect(0, index).unwrap();
                assert_eq!(expected.tile(), tile);
                expected.check(&hashes(&tree, tile)).unwrap();
                seen += tile.width.get();
            }
            assert_eq!(seen, of);
            assert_eq!(proven.expect(0, of.div_ceil(256)), None);
        }
    }

    #[test]
    fn a_changed_hash_anywhere_is_noticed() {
        let tree = BigTree::new();
        let mut proven = begin(&tree, 65_537);
        let above = proven.needed_for(0, 3).unwrap();
        assert_eq!(above, Tile { level: 1, index: 0, width: TileWidth::FULL });
        let truth = bytes(&tree, above);
        for at in (0..truth.len()).step_by(97) {
            let mut lie = truth.clone();
            lie[at] ^= 1;
            assert_eq!(proven.add(above, &lie), Err(UnprovenTile::Other(above.path())));
        }
        assert!(matches!(proven.add(above, &truth[1..]), Err(UnprovenTile::Bytes(_))));
        assert_eq!(proven.expect(0, 3), None);
        proven.add(above, &truth).unwrap();
        for (index, width) in [(3, 256), (256, 1)] {
            let tile = Tile { level: 0, index, width: TileWidth::new(width).unwrap() };
            let (expected, truth) = (proven.expect(0, index).unwrap(), hashes(&tree, tile));
            for at in 0..truth.len() {
                let mut lie = truth.clone();
                lie[at] = crate::sample::leaf(99_999);
                assert_eq!(expected.check(&lie), Err(UnprovenTile::Other(tile.path())));
            }
            assert!(
                expected.check(&truth[1..]).is_err() && expected.check(&[&truth[..], &truth[..1]].concat()).is_err()
            );
        }
    }

    #[test]
    fn nothing_counts_that_the_root_says_nothing_of() {
        let tree = BigTree::new();
        let edge = root_tiles(size(700));
        let expected = root(size(700), &tree.tiles(&edge)).unwrap();
        // Another root; a tile missing; one that is wider than the tree has it.
        let other = ProvenTiles::begin(size(700), Hash::ZERO, tree.tiles(&edge)).unwrap_err();
        assert_eq!(other, UnprovenTile::Root { found: expected, expected: Hash::ZERO });
        let short = ProvenTiles::begin(size(700), expected, tree.tiles(&edge[1..])).unwrap_err();
        assert!(matches!(short, UnprovenTile::Missing(_)));
        let wider: Vec<Tile> = edge.iter().map(|tile| Tile { width: TileWidth::FULL, ..*tile }).collect();
        let wide = ProvenTiles::begin(size(700), expected, tree.tiles(&wider)).unwrap_err();
        assert_eq!(wide, UnprovenTile::Other("tile/0/002.p/188".into()));
        // A full tile that comes along with the edge proves nothing, and what is below an unproved tile is not known.
        let above = Tile { level: 1, index: 0, width: TileWidth::FULL };
        let along: Vec<Tile> = root_tiles(size(65_537)).into_iter().chain([above]).collect();
        let mut proven = ProvenTiles::begin(size(65_537), root_of(&tree, 65_537), tree.tiles(&along)).unwrap();
        assert_eq!(proven.expect(0, 3), None);
        let tile = Tile { level: 0, index: 3, width: TileWidth::FULL };
        assert_eq!(proven.add(tile, &bytes(&tree, tile)), Err(UnprovenTile::Unknown(tile.path())));
    }

    fn root_of(tree: &BigTree, of: u64) -> Hash {
        root(size(of), &tree.tiles(&root_tiles(size(of)))).unwrap()
    }
}
