//! The newest checkpoint seen of each register, kept on disk.
//!
//! One file a log, `HEX.checkpoint`, named by the SHA-256 of its verifier key; its content is the signed note itself, so
//! that nothing beside the key is needed to read it. Lost, a register could show another past unnoticed; whoever can write
//! it can make this reader cry wolf, but not believe a checkpoint that the register's key has not signed. Beside it,
//! `HEX.seal`, the newest seal of which the log has been shown to hold it: with it a rollback can be shown to others, even
//! where the register no longer hands out what it had.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use colophon_ledger::canonical::to_canonical;
use colophon_ledger::evidence::Stated;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::sha256;
use colophon_tlog::note::{NOTE_BYTES_MAX, VerifierKey};

use crate::failure::{Class, Failure};

/// The most bytes of a file that keeps a seal: a note, a leaf, and the hashes of a proof.
const SEAL_BYTES_MAX: u64 = 2 * (NOTE_BYTES_MAX as u64);
/// How long to wait for another process that is writing.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often to look whether it is done.
const LOCK_LOOK: Duration = Duration::from_millis(10);

/// The mode of the files: what a person has looked up is nobody else's business.
#[cfg(unix)]
const PRIVATE_MODE: u32 = 0o600;

/// Why what was seen could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// The files cannot be used.
    #[error("{path}: {error}")]
    File {
        /// Which file or directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another process keeps the lock.
    #[error("another process has been writing {0} for some seconds")]
    Locked(PathBuf),
    /// The file is no checkpoint of the register.
    #[error("{path} should hold a checkpoint of this register: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Failure for SeenError {
    fn class(&self) -> Class {
        match self {
            SeenError::Locked(_) => Class::Fault,
            SeenError::File { .. } | SeenError::Damaged { .. } => Class::Unable,
        }
    }

    fn cure(&self) -> String {
        match self {
            SeenError::File { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                "see with ls -ld whose it is, and give it back to yourself: another user may have written it, as with sudo"
                    .to_owned()
            }
            SeenError::File { error, .. }
                if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                "make room on the disk, then try again".to_owned()
            }
            SeenError::File { .. } => "see that the directory is there and can be written".to_owned(),
            SeenError::Locked(_) => "try again when the other command is done".to_owned(),
            SeenError::Damaged { .. } => {
                "restore the file from a backup; only if there is none, delete it: what the register showed before is then forgotten"
                    .to_owned()
            }
        }
    }
}

/// What came of an attempt to replace a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// The new one is kept, durably.
    Done,
    /// Another process was first: the checkpoint kept is no longer the one expected.
    Changed,
}

/// The directory of the checkpoints. Any number of processes may use it.
#[derive(Debug, Clone)]
pub struct SeenDir {
    dir: PathBuf,
}

impl SeenDir {
    /// Opens the directory, and makes it if it is missing.
    pub fn open(dir: &Path) -> Result<SeenDir, SeenError> {
        fs::create_dir_all(dir).map_err(at(dir))?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_dir(parent).map_err(at(parent))?;
        }
        Ok(SeenDir { dir: dir.to_owned() })
    }

    /// Returns the newest checkpoint seen of the log whose key is `log`, if any was.
    pub fn last(&self, log: &VerifierKey) -> Result<Option<SignedCheckpoint>, SeenError> {
        let path = self.path(log);
        let mut bytes = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(at(&path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        let damaged = |why: String| SeenError::Damaged { path, why };
        SignedCheckpoint::open(&bytes, log).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Keeps `new` in the place of `old`, if that is still the one kept. Durable when it returns.
    pub fn replace(
        &self,
        log: &VerifierKey,
        old: Option<&SignedCheckpoint>,
        new: &SignedCheckpoint,
    ) -> Result<Replaced, SeenError> {
        let _lock = self.lock()?;
        if self.last(log)?.as_ref() != old {
            return Ok(Replaced::Changed);
        }
        let path = self.path(log);
        write_atomically(&path, &path.with_extension("aside"), new.to_string().as_bytes()).map_err(at(&path))?;
        Ok(Replaced::Done)
    }

    /// Returns the newest seal that was kept of a log, with what shows that the log has it. What cannot be read is as good as
    /// none: it only helps to show a lie to others.
    pub fn seal(&self, log: &VerifierKey) -> Option<Stated> {
        let mut text = String::new();
        let file = File::open(self.seal_path(log)).ok()?;
        file.take(SEAL_BYTES_MAX).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps the newest seal of a log, unless a newer one is kept. Durable when it returns.
    pub fn keep_seal(&self, log: &VerifierKey, stated: &Stated) -> Result<(), SeenError> {
        let _lock = self.lock()?;
        if self.seal(log).is_some_and(|kept| kept.leaf.index >= stated.leaf.index) {
            return Ok(());
        }
        let path = self.seal_path(log);
        let text = to_canonical(stated) + "\n";
        write_atomically(&path, &path.with_extension("aside"), text.as_bytes()).map_err(at(&path))
    }

    fn seal_path(&self, log: &VerifierKey) -> PathBuf {
        self.path(log).with_extension("seal")
    }

    fn path(&self, log: &VerifierKey) -> PathBuf {
        self.dir.join(format!("{}.checkpoint", sha256(log.to_string().as_bytes())))
    }

    /// Waits for the lock, which is held until the file is dropped or the process ends.
    fn lock(&self) -> Result<File, SeenError> {
        let path = self.dir.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(at(&path))?;
        let until = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_LOOK),
                Err(TryLockError::WouldBlock) => return Err(SeenError::Locked(path)),
                Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
            }
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> SeenError {
    move |error| SeenError::File { path: path.to_owned(), error }
}

/// Creates a file that its owner alone can read and write, or empties the one that is there.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE_MODE);
    options.open(path)
}

/// Writes a file aside, syncs it and renames it into place, so that a power cut leaves the old one or the new one.
pub(crate) fn write_atomically(path: &Path, aside: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(aside, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::evidence::ProvedLeaf;
    use colophon_tlog::checkpoint::Checkpoint;
    use colophon_tlog::hash::leaf_hash;
    use colophon_tlog::key::SecretKey;
    use colophon_tlog::note::Signer;
    use colophon_tlog::tree::TreeSize;

    fn log(seed: u8) -> Signer {
        Signer::new("registry.example", SecretKey::from_seed([seed; 32])).unwrap()
    }

    fn checkpoint(log: &Signer, size: u64) -> SignedCheckpoint {
        let root = leaf_hash(&size.to_be_bytes());
        Checkpoint { origin: "registry.example".to_owned(), size: TreeSize::new(size).unwrap(), root }
            .sign(log)
            .unwrap()
    }

    #[test]
    fn the_file_is_the_note_and_comes_back() {
        let temp = tempfile::tempdir().unwrap();
        let seen = SeenDir::open(&temp.path().join("a/b")).unwrap();
        let log = log(1);
        let key = log.verifier();
        assert_eq!(seen.last(&key).unwrap(), None);
        let (two, five) = (checkpoint(&log, 2), checkpoint(&log, 5));
        assert_eq!(seen.replace(&key, None, &two).unwrap(), Replaced::Done);
        assert_eq!(seen.replace(&key, Some(&two), &five).unwrap(), Replaced::Done);
        assert_eq!(seen.last(&key).unwrap(), Some(five.clone()));
        assert_eq!(fs::read_to_string(seen.path(&key)).unwrap(), five.to_string());
    }

    #[test]
    fn whoever_expects_another_checkpoint_writes_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let seen = SeenDir::open(temp.path()).unwrap();
        let log = log(1);
        let key = log.verifier();
        let (two, five) = (checkpoint(&log, 2), checkpoint(&log, 5));
        seen.replace(&key, None, &five).unwrap();
        assert_eq!(seen.replace(&key, None, &two).unwrap(), Replaced::Changed);
        assert_eq!(seen.replace(&key, Some(&two), &two).unwrap(), Replaced::Changed);
        assert_eq!(seen.last(&key).unwrap(), Some(five));
    }

    #[test]
    fn registers_of_one_name_are_kept_apart() {
        let temp = tempfile::tempdir().unwrap();
        let seen = SeenDir::open(temp.path()).unwrap();
        seen.replace(&log(1).verifier(), None, &checkpoint(&log(1), 2)).unwrap();
        assert_eq!(seen.last(&log(2).verifier()).unwrap(), None);
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_a_first_visit() {
        let temp = tempfile::tempdir().unwrap();
        let seen = SeenDir::open(temp.path()).unwrap();
        let key = log(1).verifier();
        let endless = vec![b'a'; NOTE_BYTES_MAX + 1];
        let forged = checkpoint(&log(2), 2).to_string();
        for damage in [b"".as_slice(), b"\xff", forged.as_bytes(), &endless] {
            fs::write(seen.path(&key), damage).unwrap();
            let error = seen.last(&key).unwrap_err();
            assert!(matches!(error, SeenError::Damaged { .. }), "{error}");
            assert_eq!(error.class(), Class::Unable);
        }
    }

    #[test]
    fn the_newest_seal_is_kept_and_what_is_damaged_is_as_good_as_none() {
        let temp = tempfile::tempdir().unwrap();
        let seen = SeenDir::open(temp.path()).unwrap();
        let key = log(1).verifier();
        let stated = |size: u64| Stated {
            checkpoint: checkpoint(&log(1), size).to_string(),
            leaf: ProvedLeaf::new(b"a seal", size - 1, &[leaf_hash(b"beside it")]),
        };
        assert_eq!(seen.seal(&key), None);
        for (kept, newest) in [(5, 5), (2, 5), (7, 7)] {
            seen.keep_seal(&key, &stated(kept)).unwrap();
            assert_eq!(seen.seal(&key), Some(stated(newest)));
        }
        assert_eq!(seen.seal(&log(2).verifier()), None);
        let endless = vec![b' '; usize::try_from(SEAL_BYTES_MAX).unwrap() + 1];
        for damage in [b"".as_slice(), b"\xff", b"{}", &endless] {
            fs::write(seen.seal_path(&key), damage).unwrap();
            assert_eq!(seen.seal(&key), None);
        }
        seen.keep_seal(&key, &stated(3)).unwrap();
        assert_eq!(seen.seal(&key), Some(stated(3)));
    }

    #[test]
    fn a_writer_waits_for_the_lock_of_another() {
        let temp = tempfile::tempdir().unwrap();
        let seen = SeenDir::open(temp.path()).unwrap();
        let held = seen.lock().unwrap();
        std::thread::scope(|threads| {
            let writer = threads.spawn(|| seen.replace(&log(1).verifier(), None, &checkpoint(&log(1), 2)));
            assert_eq!(seen.last(&log(1).verifier()).unwrap(), None);
            drop(held);
            assert_eq!(writer.join().unwrap().unwrap(), Replaced::Done);
        });
    }
}
