//! Reading a log while it grows: shared files, positioned reads, nothing beyond what has been appended.

use std::io;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use colophon_tlog::hash::{HASH_BYTES, Hash};
use colophon_tlog::proof;
use colophon_tlog::tile::{Bundle, MissingTile, Tile, TileSet};
use colophon_tlog::tree::{EntryIndex, TreeSize};

use crate::files::Files;

/// The most entries read at once.
pub const ENTRIES_AT_ONCE_MAX: u64 = 4_096;

const LENGTH_BYTES: u64 = 2;

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log has not got it.
    #[error("the log has no {what}; it holds {size} entries")]
    NotThere {
        /// What was asked for.
        what: String,
        /// How many entries the log holds.
        size: u64,
    },
    /// More was asked for than is read at once.
    #[error("{0} entries were asked for at once; at most {ENTRIES_AT_ONCE_MAX} are read")]
    TooMany(u64),
    /// The disk cannot be read, or a file is shorter than it was.
    #[error("the log cannot be read: {0}")]
    Disk(#[from] io::Error),
    /// A length in the file of entries is not what it was when the log was opened.
    #[error("the file of entries has changed under the log at index {0}: the disk or another program has damaged it")]
    Changed(u64),
    /// A proof needs a tile that was not read.
    #[error(transparent)]
    MissingTile(#[from] MissingTile),
}

/// Reads a log. Clones share the files; all of them see every entry as soon as [`crate::log::Log::append`] has returned.
#[derive(Debug, Clone)]
pub struct LogReader {
    files: Arc<Files>,
}

impl LogReader {
    pub(crate) fn new(files: Arc<Files>) -> LogReader {
        LogReader { files }
    }

    /// Returns a reader of files that were only read, up to these offsets.
    pub(crate) fn over(files: Files, ends: Vec<u64>) -> LogReader {
        *files.ends.write().unwrap_or_else(PoisonError::into_inner) = ends;
        LogReader::new(Arc::new(files))
    }

    /// Returns how many entries there are.
    pub fn size(&self) -> TreeSize {
        let ends = self.files.ends.read().unwrap_or_else(PoisonError::into_inner);
        TreeSize::new(ends.len() as u64).expect("no memory holds 2^63 offsets")
    }

    /// Returns the leaf at `index`.
    pub fn entry(&self, index: EntryIndex) -> Result<Vec<u8>, ReadError> {
        let mut entries = self.entries(index, 1)?;
        entries.pop().ok_or(ReadError::Changed(index.get()))
    }

    /// Returns `count` leaves from `first` on.
    pub fn entries(&self, first: EntryIndex, count: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        if count > ENTRIES_AT_ONCE_MAX {
            return Err(ReadError::TooMany(count));
        }
        let indices = first.get()..first.get().saturating_add(count);
        let bytes = self.read_entries(indices.clone(), || format!("entries {indices:?}"))?;
        let mut entries = Vec::new();
        let mut rest = &bytes[..];
        for index in indices {
            let cut = rest
                .split_first_chunk()
                .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
            let (entry, after) = cut.ok_or(ReadError::Changed(index))?;
            entries.push(entry.to_vec());
            rest = after;
        }
        if rest.is_empty() { Ok(entries) } else { Err(ReadError::Changed(first.get())) }
    }

    /// Returns the bytes of a bundle, exactly as c2sp.org/tlog-tiles serves them.
    pub fn bundle(&self, bundle: &Bundle) -> Result<Vec<u8>, ReadError> {
        let first = bundle.first().map_or(u64::MAX, EntryIndex::get);
        self.read_entries(first..first.saturating_add(bundle.width.get()), || bundle.path())
    }

    /// Returns the bytes of a tile, exactly as c2sp.org/tlog-tiles serves them.
    pub fn tile(&self, tile: &Tile) -> Result<Vec<u8>, ReadError> {
        let size = self.size();
        let not_there = || ReadError::NotThere { what: tile.path(), size: size.get() };
        if !tile.is_within(size) {
            return Err(not_there());
        }
        let file = self.files.tiles(usize::from(tile.level)).ok_or_else(not_there)?;
        let mut bytes = vec![0; usize::from(u16::try_from(tile.width.get()).unwrap_or(u16::MAX)) * HASH_BYTES];
        file.read_at(&mut bytes, tile.byte_range().start)?;
        Ok(bytes)
    }

    /// Returns tiles, for a proof to be made of.
    pub fn tiles(&self, tiles: &[Tile]) -> Result<TileSet, ReadError> {
        let mut set = TileSet::new();
        self.refresh(&mut set, tiles)?;
        Ok(set)
    }

    /// Makes `set` one of these tiles and no others. Those it holds as wide as they are asked for are not read again.
    pub fn refresh(&self, set: &mut TileSet, tiles: &[Tile]) -> Result<(), ReadError> {
        set.keep_only(tiles);
        for tile in tiles {
            let held = set.hashes(tile.level, tile.index).map_or(0, <[Hash]>::len);
            if (held as u64) < tile.width.get() {
                set.insert(*tile, &self.tile(tile)?).map_err(io::Error::other)?;
            }
        }
        Ok(())
    }

    /// Returns the hashes that lead from the leaf at `index` to the root of the tree of `size`.
    pub fn inclusion(&self, index: EntryIndex, size: TreeSize) -> Result<Vec<Hash>, ReadError> {
        let tiles = self.tiles(&proof::inclusion_tiles(index, size))?;
        Ok(proof::inclusion(index, size, &tiles)?)
    }

    /// Returns the hashes that show that the tree of `new` extends the tree of `old`.
    pub fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<Vec<Hash>, ReadError> {
        let tiles = self.tiles(&proof::consistency_tiles(old, new))?;
        Ok(proof::consistency(old, new, &tiles)?)
    }

    /// Returns the root of the tree of the first `size` entries.
    pub fn root(&self, size: TreeSize) -> Result<Hash, ReadError> {
        let tiles = self.tiles(&proof::root_tiles(size))?;
        Ok(proof::root(size, &tiles)?)
    }

    /// Reads the bytes of entries with their lengths, which lie side by side.
    fn read_entries(&self, indices: Range<u64>, what: impl Fn() -> String) -> Result<Vec<u8>, ReadError> {
        let Range { start, end } =
            self.byte_range(&indices).ok_or_else(|| ReadError::NotThere { what: what(), size: self.size().get() })?;
        let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
        self.files.entries.read_at(&mut bytes, start)?;
        Ok(bytes)
    }

    fn byte_range(&self, indices: &Range<u64>) -> Option<Range<u64>> {
        let ends = self.files.ends.read().unwrap_or_else(PoisonError::into_inner);
        let end_before = |index: u64| match index.checked_sub(1) {
            None => Some(0),
            Some(before) => ends.get(usize::try_from(before).ok()?).copied(),
        };
        let range = end_before(indices.start)?..end_before(indices.end)?;
        (range.end >= range.start + LENGTH_BYTES * (indices.end - indices.start)).then_some(range)
    }
}
