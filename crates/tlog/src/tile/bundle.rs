//! Entry bundles: up to 256 entries side by side, each after its length.

use crate::size::{EntryIndex, TreeSize};
use crate::tile::coordinates::{TILE_WIDTH, TilePathError, TileWidth, parse_place, place_path, width_of};

/// The longest bundle, in bytes: 256 entries of 65 535 bytes, each after its big-endian 16-bit length.
pub const BUNDLE_BYTES_MAX: usize = 256 * (2 + 65_535);

/// Up to 256 entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bundle {
    /// How many bundles stand left of it.
    pub index: u64,
    /// How many of its entries there are.
    pub width: TileWidth,
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
        let (index, width) = parse_place(rest)?;
        Ok(Bundle { index, width })
    }

    /// Returns the path, the inverse of [`Bundle::parse`].
    pub fn path(&self) -> String {
        format!("tile/entries/{}", place_path(self.index, self.width))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bundle(index: u64, width: u64) -> Bundle {
        Bundle { index, width: TileWidth::new(width).unwrap() }
    }

    fn join(entries: &[Vec<u8>]) -> Vec<u8> {
        let length = |entry: &Vec<u8>| u16::try_from(entry.len()).unwrap().to_be_bytes();
        entries.iter().flat_map(|entry| [&length(entry)[..], entry].concat()).collect()
    }

    #[test]
    fn paths_read_back() {
        for (path, read) in [("tile/entries/000.p/3", bundle(0, 3)), ("tile/entries/x001/234", bundle(1234, 256))] {
            assert_eq!(Bundle::parse(path), Ok(read));
            assert_eq!(read.path(), path);
        }
        assert_eq!(Bundle::parse("tile/0/000"), Err(TilePathError::Form));
        assert_eq!(Bundle::parse("tile/entries/000.p/256"), Err(TilePathError::Width));
        assert_eq!(Bundle::parse("tile/entries/1"), Err(TilePathError::Index));
        assert_eq!(crate::tile::Tile::parse("tile/entries/000"), Err(TilePathError::Level));
    }

    #[test]
    fn boundaries() {
        let at = |index, size| Bundle::at(index, TreeSize::new(size).unwrap()).map(|bundle| bundle.width.get());
        assert_eq!(
            (at(0, 0), at(0, 1), at(0, 255), at(0, 256), at(1, 256)),
            (None, Some(1), Some(255), Some(256), None)
        );
        assert_eq!(
            (at(1, 257), at(255, 65_535), at(256, 65_536), at(256, 65_537)),
            (Some(1), Some(255), None, Some(1))
        );
        assert!(bundle(0, 3).is_within(TreeSize::new(3).unwrap()));
        assert!(!bundle(0, 3).is_within(TreeSize::new(2).unwrap()));
        assert_eq!(bundle(2, 1).first(), EntryIndex::new(512));
        assert_eq!(bundle(u64::MAX, 1).first(), None);
    }

    #[test]
    fn the_longest_bundle_is_split() {
        let bytes = join(&vec![vec![7; 65_535]; 256]);
        assert_eq!(bytes.len(), BUNDLE_BYTES_MAX);
        assert_eq!(bundle(0, 256).split(&bytes).unwrap().len(), 256);
        assert_eq!(bundle(0, 256).split(&[&bytes[..], &[0]].concat()), Err(BundleError::Long(1)));
    }

    proptest! {
        #[test]
        fn entries_come_back_from_all_of_the_bytes_alone(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..9)) {
            let bytes = join(&entries);
            let bundle = bundle(0, entries.len() as u64);
            prop_assert_eq!(bundle.split(&bytes).unwrap(), entries);
            for end in 0..bytes.len() {
                prop_assert!(matches!(bundle.split(&bytes[..end]), Err(BundleError::Short(_))));
            }
        }
    }
}
