//! The directory of a copy: the same files as a register's, with the name of the register in place of keys.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use colophon_client::pinned::{PINNED_BYTES_MAX, PinError, Pinned};
use colophon_storage::durable::{self, Access};
use colophon_storage::files::ENTRIES_FILE;
use colophon_storage::log::{CreateError, Log};
use colophon_tlog::note::VerifierKey;

use crate::keys::{LOG_KEY_FILE, OPERATOR_KEY_FILE, VERIFIER_KEY_FILE};

/// The file that makes a directory a copy: which register it is of. A register's own directory has none.
pub const COPY_FILE: &str = "copy.json";

/// Why a directory is not used as a copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It is the register's own.
    #[error(
        "{dir:?} is a register's own directory (it has {file:?}): run `colophon-node serve` on it, or name another directory for \
         the copy"
    )]
    Own {
        /// The directory.
        dir: PathBuf,
        /// The key that is in it.
        file: &'static str,
    },
    /// It holds something else.
    #[error(
        "{0:?} holds something that is no copy of a register: a copy is begun in a directory that is empty or not there yet"
    )]
    NotEmpty(PathBuf),
    /// It is of another register.
    #[error(
        "{dir:?} is a copy of the register with the key {found}, not of {expected}: name another directory, or the right key. If the \
         governors of that register have given its log this key, add it to the file of --vkey, in a line of its own"
    )]
    Other {
        /// The directory.
        dir: PathBuf,
        /// The key of the register that it is a copy of.
        found: String,
        /// The key that was given.
        expected: String,
    },
    /// Its file cannot be used.
    #[error("the file {COPY_FILE:?}: {0}")]
    Pinned(#[from] PinError),
    /// It cannot be read or written.
    #[error("the copy {path:?} cannot be read or written: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The files of the log cannot be made.
    #[error(transparent)]
    Create(#[from] CreateError),
}

/// Returns whether a directory is that of a copy.
pub(crate) fn is_copy(dir: &Path) -> bool {
    dir.join(COPY_FILE).exists()
}

/// Returns the register that `dir` is a copy of, which must be known by one of `keys`; nothing if a copy can be begun in it.
pub(super) fn find(dir: &Path, keys: &[VerifierKey]) -> Result<Option<Pinned>, CopyError> {
    for file in [LOG_KEY_FILE, OPERATOR_KEY_FILE] {
        if dir.join(file).exists() {
            return Err(CopyError::Own { dir: dir.to_owned(), file });
        }
    }
    let path = dir.join(COPY_FILE);
    let failed = |error| CopyError::Io { path: path.clone(), error };
    match fs::metadata(&path) {
        Ok(found) if found.len() > PINNED_BYTES_MAX as u64 => {
            Err(PinError::Form(format!("it has {} bytes", found.len())).into())
        }
        Ok(_) => {
            let pinned = Pinned::parse(&fs::read(&path).map_err(failed)?)?;
            let found = &pinned.rules().log_key;
            if !keys.contains(found) {
                let expected: Vec<String> = keys.iter().map(ToString::to_string).collect();
                let (dir, found, expected) = (dir.to_owned(), found.to_string(), expected.join(" or "));
                return Err(CopyError::Other { dir, found, expected });
            }
            Ok(Some(pinned))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match fs::read_dir(dir).map(|files| files.flatten().find(|file| !is_unfinished(&file.file_name()))) {
                Ok(Some(_)) => Err(CopyError::NotEmpty(dir.to_owned())),
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
                Ok(None) | Err(_) => Ok(None),
            }
        }
        Err(error) => Err(failed(error)),
    }
}

/// Returns whether a file is what is left of one that was being written when power failed.
fn is_unfinished(name: &OsStr) -> bool {
    name.to_str().and_then(|name| name.strip_suffix(".tmp")) == Some(COPY_FILE)
}

/// Makes the directory of a copy. The file that makes it one is written first: what breaks off after it goes on at the next start.
pub(super) fn begin(dir: &Path, pinned: &Pinned) -> Result<(), CopyError> {
    let path = dir.join(COPY_FILE);
    let written =
        durable::create_dir(dir).and_then(|()| write_register(dir, pinned)).and_then(|()| write_key(dir, pinned));
    written.map_err(|error| CopyError::Io { path, error })?;
    make_log(dir)
}

/// Writes down that the register, which `dir` is a copy of, has another key by now. The file of the key comes first: the other one says
/// that it is done.
pub(super) fn turn_to(dir: &Path, pinned: &Pinned) -> Result<(), CopyError> {
    let path = dir.join(COPY_FILE);
    write_key(dir, pinned).and_then(|()| write_register(dir, pinned)).map_err(|error| CopyError::Io { path, error })
}

fn write_register(dir: &Path, pinned: &Pinned) -> io::Result<()> {
    durable::replace(&dir.join(COPY_FILE), pinned.to_json().as_bytes(), Access::Public)
}

fn write_key(dir: &Path, pinned: &Pinned) -> io::Result<()> {
    let key = format!("{}\n", pinned.rules().log_key);
    durable::replace(&dir.join(VERIFIER_KEY_FILE), key.as_bytes(), Access::Public)
}

/// Makes the files of an empty log where there are none.
pub(super) fn make_log(dir: &Path) -> Result<(), CopyError> {
    let has_entries = fs::metadata(dir.join(ENTRIES_FILE)).is_ok_and(|found| found.len() > 0);
    if has_entries { Ok(()) } else { Ok(Log::create(dir)?) }
}
