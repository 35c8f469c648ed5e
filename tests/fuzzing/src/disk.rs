//! A disk in memory: files that begin with what a target was fed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use colophon_storage::disk::{Disk, DiskFile};

/// Files by path.
#[derive(Debug, Default)]
pub struct MemoryDisk {
    files: Mutex<BTreeMap<PathBuf, Arc<MemoryFile>>>,
}

/// One file.
#[derive(Debug, Default)]
pub struct MemoryFile {
    bytes: Mutex<Vec<u8>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryDisk {
    /// Puts a file with these bytes in its place.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        held(&self.files).insert(path.to_owned(), Arc::new(MemoryFile { bytes: Mutex::new(bytes) }));
    }

    /// Returns the bytes of every file.
    pub fn all(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        held(&self.files).iter().map(|(path, file)| (path.clone(), held(&file.bytes).clone())).collect()
    }

    /// Returns the bytes of a file, none if it is not there.
    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        self.all().remove(path).unwrap_or_default()
    }
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = held(&self.files).get(path).cloned();
        Ok(file.ok_or(io::ErrorKind::NotFound)?)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::clone(held(&self.files).entry(path.to_owned()).or_default()) as Arc<dyn DiskFile>)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(held(&self.bytes).len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let held = held(&self.bytes);
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start.checked_add(bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(held.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut held = held(&self.bytes);
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start + bytes.len();
        if held.len() < end {
            held.resize(end, 0);
        }
        held[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        held(&self.bytes).resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
