//! Tiles and entry bundles: coordinates, paths, byte ranges.
//!
//! A tile is up to 256 hashes of one level, 8 KiB. Hash `i` of tile `(L, N)` is the root of the complete subtree of
//! `256^L` leaves that begins at leaf `(N·256 + i)·256^L`. Paths are those of <https://c2sp.org/tlog-tiles>:
//!
//! ```text
//! tile/0/005              the tile (0, 5), full: bytes 40 960 to 49 152 of the level's dense hashes
//! tile/1/x001/234.p/17    the first 17 hashes of the tile (1, 1234)
//! tile/entries/000.p/3    the first 3 entries, each after its big-endian 16-bit length
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::hash::{HASH_BYTES, Hash, node_hash};
use crate::tree::{EntryIndex, Node, SIZE_MAX, TreeSize};

/// How many levels of the tree a tile covers.
pub const TILE_HEIGHT: u32 = 8;
/// How many hashes a full tile has, and entries a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// The highest level of a tile that a tree of at most 2^63 − 1 entries has.
pub const LEVEL_MAX: u8 = 7;

/// How many hashes of a tile there are: 1 to 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileWidth(u16);

impl TileWidth {
    /// A whole tile.
    pub const FULL: TileWidth = TileWidth(256);

    /// Returns the width, if a tile can have it.
    pub fn new(width: u64) -> Option<TileWidth> {
        u16::try_from(width).ok().filter(|width| (1..=256).contains(width)).map(TileWidth)
    }

    /// Returns the number.
    pub fn get(self) -> u64 {
        u64::from(self.0)
    }

    /// Returns whether the tile is whole.
    pub fn is_full(self) -> bool {
        self == TileWidth::FULL
    }
}

/// Up to 256 hashes of one level of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// 0 for leaf hashes, 1 for the roots of full level-0 tiles, up to 7.
    pub level: u8,
    /// How many tiles of the level stand left of it.
    pub index: u64,
    /// How many of its hashes there are.
    pub width: TileWidth,
}

/// Up to 256 entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bundle {
    /// How many bundles stand left of it.
    pub index: u64,
    /// How many of its entries there are.
    pub width: TileWidth,
}

/// Why a path names neither a tile nor a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TilePathError {
    /// Not of the form of tlog-tiles.
    #[error("not the path of a tile")]
    Form,
    /// A level above 7, or with a leading zero.
    #[error("a level is 0 to 7, without leading zeros")]
    Level,
    /// An index that is not in groups of three digits, or has too many of them.
    #[error("an index stands in groups of three digits, all but the last after an x, without leading zeros")]
    Index,
    /// A partial width that is not 1 to 255.
    #[error("a partial width is 1 to 255, without leading zeros")]
    Width,
}

/// Reads a number that must be written as `Display` writes it.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn parse_coordinates(path: &str) -> Result<(u64, TileWidth), TilePathError> {
    let (groups, width) = match path.split_once(".p/") {
        None => (path, TileWidth::FULL),
        Some((groups, width)) => {
            let width = decimal(width).filter(|width| *width < TILE_WIDTH).and_then(TileWidth::new);
            (groups, width.ok_or(TilePathError::Width)?)
        }
    };
    let mut index: u64 = 0;
    let mut parts = groups.split('/').peekable();
    while let Some(part) = parts.next() {
        let digits = if parts.peek().is_some() { part.strip_prefix('x').ok_or(TilePathError::Index)? } else { part };
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TilePathError::Index);
        }
        let group: u64 = digits.parse().map_err(|_| TilePathError::Index)?;
        index = index.checked_mul(1000).and_then(|index| index.checked_add(group)).ok_or(TilePathError::Index)?;
    }
    // A leading group of zeros would be a second spelling.
    if index > SIZE_MAX || coordinates(index, TileWidth::FULL) != groups {
        return Err(TilePathError::Index);
    }
    Ok((index, width))
}

fn coordinates(index: u64, width: TileWidth) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width.is_full() { path } else { format!("{path}.p/{}", width.0) }
}

/// Returns how many of the 256 places of the tile `index` are taken when its level has `count` hashes.
fn width_of(index: u64, count: u64) -> Option<TileWidth> {
    let first = index.checked_mul(TILE_WIDTH)?;
    count.checked_sub(first).and_then(|left| TileWidth::new(left.min(TILE_WIDTH)))
}

impl Tile {
    /// Returns the tile at these coordinates as wide as a tree of `size` has it, if it has any of it.
    pub fn at(level: u8, index: u64, size: TreeSize) -> Option<Tile> {
        let count = hashes_at(level, size)?;
        width_of(index, count).map(|width| Tile { level, index, width })
    }

    /// Reads the path of a tile, from `tile/` on.
    pub fn parse(path: &str) -> Result<Tile, TilePathError> {
        let rest = path.strip_prefix("tile/").ok_or(TilePathError::Form)?;
        let (level, rest) = rest.split_once('/').ok_or(TilePathError::Form)?;
        let level = decimal(level).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= LEVEL_MAX);
        let (index, width) = parse_coordinates(rest)?;
        Ok(Tile { level: level.ok_or(TilePathError::Level)?, index, width })
    }

    /// Returns the path, the inverse of [`Tile::parse`].
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, coordinates(self.index, self.width))
    }

    /// Returns the bytes of the tile in the dense sequence of its level's hashes.
    pub fn byte_range(&self) -> Range<u64> {
        let hash_bytes = HASH_BYTES as u64;
        let start = self.index.saturating_mul(TILE_WIDTH * hash_bytes);
        start..start.saturating_add(self.width.get() * hash_bytes)
    }

    /// Returns whether a tree of `size` has all hashes of the tile.
    pub fn is_within(&self, size: TreeSize) -> bool {
        Tile::at(self.level, self.index, size).is_some_and(|tile| tile.width >= self.width)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Returns how many tile hashes a level has in a tree of `size`.
pub fn hashes_at(level: u8, size: TreeSize) -> Option<u64> {
    (level <= LEVEL_MAX).then(|| size.get() >> (TILE_HEIGHT * u32::from(level)))
}

/// Why bytes are not the entries of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The bytes end before the last entry does.
    #[error("the bundle ends within its entry {0}")]
    Short(u64),
    /// There are more bytes than entries.
    #[error("the bundle has {0} bytes after its last entry")]
    Long(usize),
}

impl Bundle {
    /// Returns the bundle as wide as a tree of `size` has it, if it has any of it.
    pub fn at(index: u64, size: TreeSize) -> Option<Bundle> {
        width_of(index, size.get()).map(|width| Bundle { index, width })
    }

    /// Reads the path of a bundle, from `tile/entries/` on.
    pub fn parse(path: &str) -> Result<Bundle, TilePathError> {
        let rest = path.strip_prefix("tile/entries/").ok_or(TilePathError::Form)?;
        let (index, width) = parse_coordinates(rest)?;
        Ok(Bundle { index, width })
    }

    /// Returns the path, the inverse of [`Bundle::parse`].
    pub fn path(&self) -> String {
        format!("tile/entries/{}", coordinates(self.index, self.width))
    }

    /// Returns whether a tree of `size` has all entries of the bundle.
    pub fn is_within(&self, size: TreeSize) -> bool {
        Bundle::at(self.index, size).is_some_and(|bundle| bundle.width >= self.width)
    }

    /// Returns the index of the first entry, if a tree can be that large.
    pub fn first(&self) -> Option<EntryIndex> {
        self.index.checked_mul(TILE_WIDTH).and_then(EntryIndex::new)
    }

    /// Cuts the bytes of the bundle into its entries, which must take up all of them.
    pub fn split<'b>(&self, bytes: &'b [u8]) -> Result<Vec<&'b [u8]>, BundleError> {
        let mut entries = Vec::new();
        let mut rest = bytes;
        for n in 0..self.width.get() {
            let (length, after) = rest.split_first_chunk::<2>().ok_or(BundleError::Short(n))?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Short(n))?;
            entries.push(entry);
            rest = after;
        }
        if rest.is_empty() { Ok(entries) } else { Err(BundleError::Long(rest.len())) }
    }
}

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

/// Tiles with every hash that can be computed within each.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    /// By level and index: the rows of the tile's complete subtrees, hashes of the tile first, each row half as long.
    tiles: BTreeMap<(u8, u64), Vec<Vec<Hash>>>,
}

impl TileSet {
    /// Returns a set without tiles.
    pub fn new() -> TileSet {
        TileSet::default()
    }

    /// Adds a tile by its bytes.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileBytesError> {
        let expected = tile.width.get() * HASH_BYTES as u64;
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        if hashes.len() as u64 != tile.width.get() || !rest.is_empty() {
            return Err(TileBytesError { tile: tile.path(), found: bytes.len(), expected });
        }
        self.insert_hashes(tile.level, tile.index, hashes.iter().map(|bytes| Hash::from(*bytes)).collect());
        Ok(())
    }

    /// Adds the hashes of a tile; a wider one takes the place of a narrower.
    pub fn insert_hashes(&mut self, level: u8, index: u64, hashes: Vec<Hash>) {
        let held = self.tiles.get(&(level, index)).and_then(|rows| rows.first()).map_or(0, Vec::len);
        if hashes.len() > held {
            self.tiles.insert((level, index), rows_of(hashes));
        }
    }

    /// Returns the hashes of a tile as it was given.
    pub fn hashes(&self, level: u8, index: u64) -> Option<&[Hash]> {
        self.tiles.get(&(level, index))?.first().map(Vec::as_slice)
    }

    /// Returns the root of a complete subtree, if a tile given has it.
    pub fn node(&self, node: Node) -> Option<Hash> {
        let (tile_level, row) = (node.height / 8, u32::from(node.height) % TILE_HEIGHT);
        let in_row = TILE_WIDTH >> row;
        let rows = self.tiles.get(&(tile_level, node.index / in_row))?;
        rows.get(row as usize)?.get(usize::try_from(node.index % in_row).ok()?).copied()
    }

    /// Returns the root of a complete subtree, or says that no tile given has it.
    pub fn require(&self, node: Node) -> Result<Hash, MissingTile> {
        self.node(node).ok_or(MissingTile { height: node.height, index: node.index })
    }
}

fn rows_of(hashes: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut rows = vec![hashes];
    for _ in 1..TILE_HEIGHT {
        let below = rows.last().map_or(&[] as &[Hash], Vec::as_slice);
        let (pairs, _) = below.as_chunks::<2>();
        rows.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
    }
    rows
}
