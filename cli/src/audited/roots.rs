//! The root of a register's log at each of its seals, as a list on disk.
//!
//! Records of 40 bytes, the size in big-endian order and the root, by ascending size.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use colophon_tlog::hash::{HASH_BYTES, Hash};

use crate::home::private_options;

/// The bytes of a record: a size and a root.
const RECORD_BYTES: u64 = 8 + HASH_BYTES as u64;

/// Looks up the root at a size by halving the list.
pub(super) fn root_at(mut file: File, size: u64) -> io::Result<Option<Hash>> {
    let (mut low, mut high) = (0, file.metadata()?.len() / RECORD_BYTES);
    while low < high {
        let middle = low.midpoint(high);
        let (found, root) = record(&mut file, middle)?;
        match found.cmp(&size) {
            std::cmp::Ordering::Equal => return Ok(Some(root)),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(None)
}

fn record(file: &mut File, place: u64) -> io::Result<(u64, Hash)> {
    let (mut size, mut root) = ([0; 8], [0; HASH_BYTES]);
    file.seek(SeekFrom::Start(place * RECORD_BYTES))?;
    file.read_exact(&mut size)?;
    file.read_exact(&mut root)?;
    Ok((u64::from_be_bytes(size), Hash::from(root)))
}

/// The list of an audit under way.
#[derive(Debug)]
pub struct RootList {
    path: PathBuf,
    file: BufWriter<File>,
}

impl RootList {
    /// Begins an empty list, in the place of one that may be there.
    pub fn begin(path: &Path) -> io::Result<RootList> {
        let file = private_options().write(true).create(true).truncate(true).open(path)?;
        Ok(RootList { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Takes up the first `seals` roots of a list, of which the last is `root` at `size`, and cuts what comes behind.
    pub fn resume(path: &Path, seals: u64, size: u64, root: &Hash) -> io::Result<RootList> {
        let mut file = private_options().read(true).write(true).open(path)?;
        let last = seals.checked_sub(1).map(|last| record(&mut file, last)).transpose()?;
        if last != Some((size, *root)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not end where the audit did"));
        }
        let end = seals * RECORD_BYTES;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(RootList { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Adds the root at the next seal.
    pub fn add(&mut self, size: u64, root: &Hash) -> io::Result<()> {
        self.file.write_all(&size.to_be_bytes()).and_then(|()| self.file.write_all(root.as_bytes()))
    }

    /// Brings the list to the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }

    /// Returns where the list is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
