//! Where a tile stands: level, index and width, and the path that says so.

use std::fmt;
use std::ops::Range;

use crate::hash::HASH_BYTES;
use crate::size::{SIZE_MAX, TreeSize};
use crate::spelling::parse_decimal;

/// How many levels of the tree a tile covers.
pub const TILE_HEIGHT: u32 = 8;
/// How many hashes a full tile has, and entries a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// The highest level of a tile that a tree of at most 2^63 − 1 entries has.
pub const LEVEL_MAX: u8 = 7;
/// The greatest index of a tile or bundle of such a tree.
pub const TILE_INDEX_MAX: u64 = SIZE_MAX / TILE_WIDTH;

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

/// Why a path names neither a tile nor a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TilePathError {
    /// Not of the form of tlog-tiles.
    #[error("not the path of a tile")]
    Form,
    /// A level above 7, or with a leading zero.
    #[error("a level is 0 to 7, without leading zeros")]
    Level,
    /// An index that is not in groups of three digits, or beyond any tree.
    #[error("an index stands in groups of three digits, all but the last after an x, without leading zeros")]
    Index,
    /// A partial width that is not 1 to 255.
    #[error("a partial width is 1 to 255, without leading zeros")]
    Width,
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
        let level = parse_decimal(level).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= LEVEL_MAX);
        let level = level.ok_or(TilePathError::Level)?;
        let (index, width) = parse_place(rest)?;
        Ok(Tile { level, index, width })
    }

    /// Returns the path, the inverse of [`Tile::parse`].
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place_path(self.index, self.width))
    }

    /// Returns the bytes of the tile in the dense sequence of its level's hashes.
    ///
    /// The range of a tile that no file of 2^64 bytes can hold is empty.
    pub fn byte_range(&self) -> Range<u64> {
        let hash_bytes = HASH_BYTES as u64;
        let start = self.index.saturating_mul(TILE_WIDTH * hash_bytes);
        start..start.checked_add(self.width.get() * hash_bytes).unwrap_or(start)
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

/// Returns how many tile hashes a level has in a tree of `size`, if there is such a level.
pub fn hashes_at(level: u8, size: TreeSize) -> Option<u64> {
    (level <= LEVEL_MAX).then(|| size.get() >> (TILE_HEIGHT * u32::from(level)))
}

/// Returns how many of the 256 places of the tile `index` are taken when its level has `count` hashes.
pub(crate) fn width_of(index: u64, count: u64) -> Option<TileWidth> {
    let first = index.checked_mul(TILE_WIDTH)?;
    count.checked_sub(first).and_then(|left| TileWidth::new(left.min(TILE_WIDTH)))
}

/// Reads the index and width of a path, such as `x001/234.p/17`.
pub(crate) fn parse_place(path: &str) -> Result<(u64, TileWidth), TilePathError> {
    let (groups, width) = match path.split_once(".p/") {
        None => (path, TileWidth::FULL),
        Some((groups, width)) => {
            let width = parse_decimal(width).filter(|width| *width < TILE_WIDTH).and_then(TileWidth::new);
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
    if index > TILE_INDEX_MAX || place_path(index, TileWidth::FULL) != groups {
        return Err(TilePathError::Index);
    }
    Ok((index, width))
}

/// Returns the index and width as they stand in a path, the inverse of [`parse_place`].
pub(crate) fn place_path(index: u64, width: TileWidth) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width.is_full() { path } else { format!("{path}.p/{}", width.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(size: u64) -> TreeSize {
        TreeSize::new(size).unwrap()
    }

    /// Returns the paths of all tiles of a tree.
    fn paths(of: u64) -> Vec<String> {
        let level = |level| (0..).map_while(move |index| Tile::at(level, index, size(of))).map(|tile| tile.path());
        (0..=LEVEL_MAX).flat_map(level).collect()
    }

    #[test]
    fn the_boundaries_have_the_tiles_of_the_specification() {
        assert!(paths(0).is_empty());
        assert_eq!(paths(1), ["tile/0/000.p/1"]);
        assert_eq!(paths(255), ["tile/0/000.p/255"]);
        assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
        let ends = |of: u64, count: usize| {
            let paths = paths(of);
            assert_eq!(paths.len(), count);
            paths.into_iter().filter(|path| path.contains(".p/") || !path.starts_with("tile/0")).collect::<Vec<_>>()
        };
        assert_eq!(ends(65_535, 257), ["tile/0/255.p/255", "tile/1/000.p/255"]);
        assert_eq!(ends(65_536, 258), ["tile/1/000", "tile/2/000.p/1"]);
        assert_eq!(ends(65_537, 259), ["tile/0/256.p/1", "tile/1/000", "tile/2/000.p/1"]);
        assert_eq!(ends(70_000, 277), ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn paths_read_back() {
        let full = |level, index| Tile { level, index, width: TileWidth::FULL };
        let cases = [
            ("tile/0/005", full(0, 5)),
            ("tile/1/x001/000", full(1, 1000)),
            ("tile/0/x001/x234/067", full(0, 1_234_067)),
            ("tile/7/999.p/255", Tile { width: TileWidth::new(255).unwrap(), ..full(7, 999) }),
            ("tile/0/x036/x028/x797/x018/x963/967", full(0, TILE_INDEX_MAX)),
        ];
        for (path, tile) in cases {
            assert_eq!(Tile::parse(path), Ok(tile));
            assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn second_spellings_and_strangers_are_refused() {
        let cases = [
            (TilePathError::Form, &["", "tile", "tile/", "tile/0", "/tile/0/000", "tiles/0/000"][..]),
            (
                TilePathError::Level,
                &["tile/00/000", "tile/8/000", "tile/64/000", "tile/+1/000", "tile//000", "tile/0x/000"],
            ),
            (TilePathError::Width, &["tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/", "tile/0/000.p/01"]),
            (TilePathError::Width, &["tile/0/000.p/+1", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.p/65537"]),
            (
                TilePathError::Index,
                &["tile/0/", "tile/0/00", "tile/0/0000", "tile/0/+00", "tile/0/000/", "tile/0/x000"],
            ),
            (TilePathError::Index, &["tile/0/x000/000", "tile/0/001/000", "tile/0/xx01/000", "tile/0/x001/x000"]),
            (TilePathError::Index, &["tile/0/x001/000/", "tile/0/000.p", "tile/0/００１", "tile/0/000?", "tile/0/-01"]),
            (
                TilePathError::Index,
                &["tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/x036/x028/x797/x018/x963/968"],
            ),
        ];
        for (error, paths) in cases {
            for path in paths {
                assert_eq!(Tile::parse(path), Err(error.clone()), "{path:?}");
            }
        }
        let long = format!("tile/0/{}000", "x999/".repeat(100_000));
        assert_eq!(Tile::parse(&long), Err(TilePathError::Index));
    }

    #[test]
    fn hostile_coordinates_neither_overflow_nor_panic() {
        let huge = Tile { level: u8::MAX, index: u64::MAX, width: TileWidth::FULL };
        assert!(huge.byte_range().is_empty());
        assert!(!huge.is_within(size(SIZE_MAX)));
        assert_eq!((Tile::at(8, 0, size(SIZE_MAX)), Tile::at(0, u64::MAX, size(SIZE_MAX))), (None, None));
        assert_eq!(Tile::at(7, 0, size(SIZE_MAX)).unwrap().width.get(), 127);
        assert_eq!(Tile::at(0, TILE_INDEX_MAX, size(SIZE_MAX)).unwrap().width.get(), 255);
        assert_eq!((TileWidth::new(0), TileWidth::new(257), TileWidth::new(65_537)), (None, None, None));
    }

    proptest! {
        #[test]
        fn every_tile_reads_back(level in 0..=LEVEL_MAX, index in 0..=TILE_INDEX_MAX, width in 1..=TILE_WIDTH) {
            let tile = Tile { level, index, width: TileWidth::new(width).unwrap() };
            prop_assert_eq!(Tile::parse(&tile.path()), Ok(tile));
        }

        #[test]
        fn what_is_read_is_written_the_same(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,3}[0-9]{2,3}(.p/[0-9]{1,3})?") {
            if let Ok(tile) = Tile::parse(&path) {
                prop_assert_eq!(tile.path(), path);
            }
        }

        #[test]
        fn a_tile_is_within_the_sizes_that_have_its_last_hash(level in 0..3u8, index in 0..3u64, width in 1..=TILE_WIDTH, of in 0..200_000u64) {
            let tile = Tile { level, index, width: TileWidth::new(width).unwrap() };
            let leaves = (index * TILE_WIDTH + width) << (8 * level);
            prop_assert_eq!(tile.is_within(size(of)), of >= leaves);
            prop_assert_eq!(tile.byte_range(), index * 8192..index * 8192 + width * 32);
        }
    }
}
