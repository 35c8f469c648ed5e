//! The disk as the log sees it: whole writes at an offset, lengths, and a sync that may fail.
//!
//! A narrow seam, so that tests can put a disk under the log that loses what was not synced or fails at a chosen call.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Where files are opened.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file for reading and writing. Answers [`io::ErrorKind::NotFound`] where there is none.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading and writing, and makes an empty one where there is none. The name of a new file outlives a
    /// power cut only after [`Disk::sync_dir`].
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file, read and written at offsets by any number of threads.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Returns the length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Fills `bytes` from `offset` on, or fails if the file ends before.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` from `offset` on, making the file longer if need be. After an error any part of it may be
    /// there.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the file `len` bytes long.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Makes everything written so far durable. After an error nobody knows what is durable, and calling again will not
    /// tell: the kernel may have dropped what it could not write.
    fn sync(&self) -> io::Result<()>;
}

/// The machine's own file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(File::options().read(true).write(true).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(File::options().read(true).write(true).create(true).truncate(false).open(path)?))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// How much is read or written at once where a whole file is gone through.
const CHUNK_BYTES: usize = 1 << 20;

/// Writes `range` of a file over itself and syncs it.
///
/// A process that died of a failed sync leaves bytes that can be read from the page cache and yet are not on the disk, and
/// that the kernel takes for written. Only writing them again makes a later sync mean something.
pub(crate) fn write_again(file: &dyn DiskFile, range: std::ops::Range<u64>) -> io::Result<()> {
    let mut offset = range.start;
    let mut bytes = vec![0; CHUNK_BYTES];
    while offset < range.end {
        let count = usize::try_from(range.end - offset).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        file.read_at(&mut bytes[..count], offset)?;
        file.write_at(&bytes[..count], offset)?;
        offset += count as u64;
    }
    file.sync()
}
