//! The open files of a log, and where each entry ends.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use colophon_tlog::tile::LEVEL_MAX;

use crate::commits::COMMITS_FILE;
use crate::disk::{Disk, DiskFile};

/// The name of the file of entries in the register's folder.
pub const ENTRIES_FILE: &str = "entries.log";

/// Returns the name of the file of tile hashes of a level.
pub fn tile_file_name(level: u8) -> String {
    format!("tile.{level}")
}

/// The files of a log. One thread writes; any number read what `ends` says is there.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    /// The truth: every entry behind its length.
    pub(crate) entries: Arc<dyn DiskFile>,
    /// A hint: one record a batch.
    pub(crate) commits: Arc<dyn DiskFile>,
    /// Hints: dense hashes by level, as far as there are any.
    tiles: RwLock<Vec<Arc<dyn DiskFile>>>,
    /// The offset after each entry, of all that readers may see.
    pub(crate) ends: RwLock<Vec<u64>>,
}

impl Files {
    /// Opens the files in `dir`. The entries must be there; what can be computed from them need not.
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: &Path) -> io::Result<Files> {
        let entries = disk.open(&dir.join(ENTRIES_FILE))?;
        let commits = disk.create(&dir.join(COMMITS_FILE))?;
        let mut tiles = Vec::new();
        for level in 0..=LEVEL_MAX {
            match disk.open(&dir.join(tile_file_name(level))) {
                Ok(file) => tiles.push(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Files { disk, dir: dir.to_owned(), entries, commits, tiles: RwLock::new(tiles), ends: RwLock::default() })
    }

    /// Returns the file of a level's hashes, if there are any.
    pub(crate) fn tiles(&self, level: usize) -> Option<Arc<dyn DiskFile>> {
        self.tiles.read().unwrap_or_else(PoisonError::into_inner).get(level).cloned()
    }

    /// Returns the file of a level's hashes, making it and those below it if need be.
    pub(crate) fn make_tiles(&self, level: usize) -> io::Result<Arc<dyn DiskFile>> {
        let mut tiles = self.tiles.write().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(file) = tiles.get(level) {
                return Ok(Arc::clone(file));
            }
            let next = u8::try_from(tiles.len()).map_err(io::Error::other)?;
            tiles.push(self.disk.create(&self.dir.join(tile_file_name(next)))?);
        }
    }

    /// Returns how many levels have a file.
    pub(crate) fn levels(&self) -> usize {
        self.tiles.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}
