//! The register's secret keys, each in a file of its own that its owner alone can read.
//!
//! A key file is the 64 lower-case hex digits of a seed and a newline.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use colophon_storage::durable::{Access, write_new};
use colophon_tlog::hash::Hash;
use colophon_tlog::key::SecretKey;
use zeroize::Zeroizing;

/// Signs checkpoints. Lost: the register can say nothing new under its name. Stolen: the thief can show other logs under it.
pub const LOG_KEY_FILE: &str = "log.key";
/// The key that is to take the place of the log's, until the governors have said so.
pub const NEXT_LOG_KEY_FILE: &str = "log.next.key";
/// The log's key before. It signs nothing any more; what it signed is verified by it.
pub const FORMER_LOG_KEY_FILE: &str = "log.former.key";
/// Signs seals. Lost: no batch can be closed. Stolen, with the log key: batches can be forged.
pub const OPERATOR_KEY_FILE: &str = "operator.key";
/// Speaks for the register's constitution; not needed to serve. To be kept offline.
pub const GOVERNOR_KEY_FILE: &str = "governor.key";
/// The log's verifier key, for everybody.
pub const VERIFIER_KEY_FILE: &str = "log.vkey";

/// The files beside the log that are for everybody.
pub const PUBLIC_FILES: [(&str, Access); 1] = [(VERIFIER_KEY_FILE, Access::Public)];
/// The secret files that a register is served with.
pub const SERVING_KEYS: [(&str, Access); 3] =
    [(LOG_KEY_FILE, Access::Private), (NEXT_LOG_KEY_FILE, Access::Private), (OPERATOR_KEY_FILE, Access::Private)];

/// Why a key file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be written.
    #[error("the key file {path:?} cannot be written: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// There is a file of its name.
    #[error(
        "the file {0:?} is there already: it was not changed, for a key is never written over another. Name another file"
    )]
    Exists(PathBuf),
    /// It cannot be read.
    #[error("the key file {path:?} cannot be read: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// It holds something else than a key.
    #[error("the file {0:?} is not a key: it should hold 64 lower-case hex digits and a newline")]
    Form(PathBuf),
    /// Others than its owner may read it.
    #[error("the key file {path:?} has the mode {mode:o}: others may read it. Run `chmod 600` on it")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

/// Returns 32 random bytes of the system.
pub fn random() -> Result<[u8; 32], KeyFileError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| KeyFileError::Random(error.to_string()))?;
    Ok(bytes)
}

/// Makes a new key and its file in `dir`. Durable when it returns.
pub fn create(dir: &Path, name: &str) -> Result<SecretKey, KeyFileError> {
    create_file(&dir.join(name))
}

/// Makes a new key and its file. Durable when it returns.
pub fn create_file(path: &Path) -> Result<SecretKey, KeyFileError> {
    Ok(SecretKey::from_seed(*create_seed_file(path)?))
}

/// Reads a key from its file in `dir`.
pub fn load(dir: &Path, name: &str) -> Result<SecretKey, KeyFileError> {
    load_file(&dir.join(name))
}

/// Reads a key from its file.
pub fn load_file(path: &Path) -> Result<SecretKey, KeyFileError> {
    Ok(SecretKey::from_seed(*load_seed_file(path)?))
}

/// Makes the seed of a new key, of any algorithm, and its file in `dir`. Durable when it returns.
pub(crate) fn create_seed(dir: &Path, name: &str) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    create_seed_file(&dir.join(name))
}

/// Reads the seed of a key from its file in `dir`.
pub(crate) fn load_seed(dir: &Path, name: &str) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    load_seed_file(&dir.join(name))
}

fn create_seed_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let seed = Zeroizing::new(random()?);
    let text = Zeroizing::new(hex::encode(*seed) + "\n");
    match write_new(path, text.as_bytes(), Access::Private) {
        Ok(()) => Ok(seed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(KeyFileError::Exists(path.to_owned())),
        Err(error) => Err(KeyFileError::Write { path: path.to_owned(), error }),
    }
}

fn load_seed_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let path = path.to_owned();
    let read = |error| KeyFileError::Read { path: path.clone(), error };
    let mode = fs::metadata(&path).map_err(read)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path, mode });
    }
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(read)?);
    let digits = text.strip_suffix('\n').unwrap_or(&text);
    // Read as a hash: the same strict spelling of 32 bytes.
    let seed: Hash = digits.parse().map_err(|_| KeyFileError::Form(path.clone()))?;
    Ok(Zeroizing::new(*seed.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_never_takes_anothers_place() {
        let dir = tempfile::tempdir().unwrap();
        let key = create(dir.path(), LOG_KEY_FILE).unwrap();
        assert_eq!(load(dir.path(), LOG_KEY_FILE).unwrap().seed(), key.seed());
        assert!(matches!(create(dir.path(), LOG_KEY_FILE), Err(KeyFileError::Exists(_))));
        assert!(matches!(create(&dir.path().join("absent"), LOG_KEY_FILE), Err(KeyFileError::Write { .. })));
        assert_eq!(load(dir.path(), LOG_KEY_FILE).unwrap().seed(), key.seed());
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path(), LOG_KEY_FILE).unwrap();
        let path = dir.path().join(LOG_KEY_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(dir.path(), LOG_KEY_FILE), Err(KeyFileError::Open { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "\n", "00", &"0".repeat(63), &"A".repeat(64), &format!("{}\n\n", "0".repeat(64))] {
            fs::write(&path, text).unwrap();
            assert!(matches!(load(dir.path(), LOG_KEY_FILE), Err(KeyFileError::Form(_))), "{text:?}");
        }
        assert!(matches!(load(dir.path(), "absent"), Err(KeyFileError::Read { .. })));
    }
}
