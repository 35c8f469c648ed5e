//! What this person has replayed: the root of a register's log at each of its seals, as far as an audit came.
//!
//! One file a log, named by the SHA-256 of its verifier key: records of 40 bytes, the size in big-endian order and the root, by
//! ascending size. Lost, the audit can be made again; whoever can write it decides what this person takes for replayed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{HASH_BYTES, Hash, sha256};
use colophon_tlog::note::VerifierKey;

use crate::failure::Failure;
use crate::home::{Home, private_options};

/// The bytes of a record: a size and a root.
const RECORD_BYTES: usize = 8 + HASH_BYTES;

fn path_of(home: &Home, log: &VerifierKey) -> PathBuf {
    home.audited_dir().join(format!("{}.roots", sha256(log.to_string().as_bytes())))
}

/// Returns whether this person has replayed the log that a checkpoint is of, up to it.
pub fn holds(home: &Home, log: &VerifierKey, checkpoint: &Checkpoint) -> Result<bool, Failure> {
    let path = path_of(home, log);
    let root = match File::open(&path).and_then(|file| root_at(file, checkpoint.size.get())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => found.map_err(|error| unusable(&path, &error))?,
    };
    Ok(root == Some(checkpoint.root))
}

/// Looks up the root at a size by halving the file.
fn root_at(mut file: File, size: u64) -> io::Result<Option<Hash>> {
    let (mut low, mut high) = (0, file.metadata()?.len() / RECORD_BYTES as u64);
    while low < high {
        let middle = low.midpoint(high);
        file.seek(SeekFrom::Start(middle * RECORD_BYTES as u64))?;
        let (mut found, mut root) = ([0; 8], [0; HASH_BYTES]);
        file.read_exact(&mut found)?;
        file.read_exact(&mut root)?;
        match u64::from_be_bytes(found).cmp(&size) {
            std::cmp::Ordering::Equal => return Ok(Some(Hash::from(root))),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(None)
}

/// The roots of an audit under way. They count once the audit has come to its end.
#[derive(Debug)]
pub struct Roots {
    path: PathBuf,
    aside: PathBuf,
    file: BufWriter<File>,
}

impl Roots {
    /// Begins the list of a log.
    pub fn begin(home: &Home, log: &VerifierKey) -> Result<Roots, Failure> {
        let path = path_of(home, log);
        let aside = path.with_extension(format!("aside-{}", std::process::id()));
        let begin = || {
            fs::create_dir_all(home.audited_dir())?;
            private_options().write(true).create(true).truncate(true).open(&aside)
        };
        let file = begin().map_err(|error| unusable(&aside, &error))?;
        Ok(Roots { path, aside, file: BufWriter::new(file) })
    }

    /// Adds the root at the next seal.
    pub fn add(&mut self, size: u64, root: &Hash) -> Result<(), Failure> {
        let written = self.file.write_all(&size.to_be_bytes()).and_then(|()| self.file.write_all(root.as_bytes()));
        written.map_err(|error| unusable(&self.aside, &error))
    }

    /// Puts the list in the place of the one before. Durable when it returns.
    pub fn keep(mut self) -> Result<(), Failure> {
        let kept = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let kept = kept.and_then(|()| fs::rename(&self.aside, &self.path));
        kept.map_err(|error| unusable(&self.path, &error))
    }
}

impl Drop for Roots {
    /// Clears the list away, unless it was kept: the register did not stand the audit, or it was broken off.
    fn drop(&mut self) {
        // What cannot be removed is only in the way.
        let _removed = fs::remove_file(&self.aside);
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(
        format!("{}: {error}", path.display()),
        "check the disk; if the file is damaged, delete it and audit again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::key::SecretKey;
    use colophon_tlog::note::Algorithm;
    use colophon_tlog::tree::TreeSize;

    fn key(seed: u8) -> VerifierKey {
        VerifierKey::new("registry.example", Algorithm::Ed25519, SecretKey::from_seed([seed; 32]).public()).unwrap()
    }

    fn checkpoint(size: u64, root: Hash) -> Checkpoint {
        Checkpoint { origin: "registry.example".to_owned(), size: TreeSize::new(size).unwrap(), root }
    }

    fn root(size: u64) -> Hash {
        sha256(&size.to_be_bytes())
    }

    #[test]
    fn exactly_what_was_replayed_is_held() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        assert!(!holds(&home, &key(1), &checkpoint(2, root(2))).unwrap());
        let sizes: Vec<u64> = (1..200).map(|n| n * 3 - 1).collect();
        let mut roots = Roots::begin(&home, &key(1)).unwrap();
        for size in &sizes {
            roots.add(*size, &root(*size)).unwrap();
        }
        assert!(!holds(&home, &key(1), &checkpoint(2, root(2))).unwrap(), "an audit under way counts for nothing");
        roots.keep().unwrap();
        for size in 0..620 {
            let held = holds(&home, &key(1), &checkpoint(size, root(size))).unwrap();
            assert_eq!(held, sizes.contains(&size), "{size}");
            assert!(!holds(&home, &key(1), &checkpoint(size, root(size + 1))).unwrap());
            assert!(!holds(&home, &key(2), &checkpoint(size, root(size))).unwrap());
        }
        drop(Roots::begin(&home, &key(1)).unwrap());
        assert!(holds(&home, &key(1), &checkpoint(2, root(2))).unwrap());
        assert_eq!(fs::read_dir(home.audited_dir()).unwrap().count(), 1);
    }
}
