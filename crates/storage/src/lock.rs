//! One process alone on a register's folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The name of the file in the register's folder. It is never renamed or removed.
pub const LOCK_FILE: &str = "lock";

/// Why the folder could not be had alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "another process is using {dir:?}: stop that colophon-node first, or choose another folder (two on one register \
         would break it)"
    )]
    Held {
        /// The register's folder.
        dir: PathBuf,
    },
    /// The lock file cannot be opened or locked.
    #[error("the file {LOCK_FILE:?} in {dir:?} cannot be locked: {error}")]
    File {
        /// The register's folder.
        dir: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// The folder, for as long as this is held. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

impl DirLock {
    /// Takes the folder, or says at once that another has it.
    pub fn take(dir: &Path) -> Result<DirLock, LockError> {
        let failed = |error| LockError::File { dir: dir.to_owned(), error };
        let path = dir.join(LOCK_FILE);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(DirLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { dir: dir.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_had_by_one_alone() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::take(dir.path()).unwrap();
        let refused = DirLock::take(dir.path()).unwrap_err();
        assert!(refused.to_string().contains("stop that colophon-node first"), "{refused}");
        drop(lock);
        DirLock::take(dir.path()).unwrap();
        assert!(matches!(DirLock::take(&dir.path().join("absent")), Err(LockError::File { .. })));
    }
}
