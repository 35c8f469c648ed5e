//! The verifier keys of one log, as they are named in a file to whoever reads it: one a line, where its governors give it another.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use colophon_tlog::note::{Algorithm, VerifierKey};

/// The most keys of one log that are trusted.
pub const LOG_KEYS_MAX: usize = 16;
/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why a file does not say which keys a log has.
#[derive(Debug, thiserror::Error)]
pub enum LogKeysError {
    /// It cannot be read.
    #[error("{path:?} cannot be read: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A line of it is something else, such as a witness's key.
    #[error("{0:?} is not a verifier key of a log, such as init writes to log.vkey")]
    Form(PathBuf),
    /// There are too many, or of several logs.
    #[error("{0:?} should hold the verifier keys of one log, at most {LOG_KEYS_MAX}, each in a line of its own")]
    OneLog(PathBuf),
}

/// Reads the keys in a file, each once.
pub fn read_log_keys(path: &Path) -> Result<Vec<VerifierKey>, LogKeysError> {
    let read = |error| LogKeysError::Read { path: path.to_owned(), error };
    let mut text = String::new();
    File::open(path).map_err(read)?.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(read)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut keys: Vec<VerifierKey> = Vec::new();
    for line in lines {
        let key = line.parse::<VerifierKey>().ok().filter(|key| key.algorithm() == Algorithm::Ed25519);
        let key = key.ok_or_else(|| LogKeysError::Form(path.to_owned()))?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return Err(LogKeysError::Form(path.to_owned()));
    }
    let is_of_one_log = keys.windows(2).all(|pair| pair[0].name() == pair[1].name());
    if is_of_one_log && keys.len() <= LOG_KEYS_MAX { Ok(keys) } else { Err(LogKeysError::OneLog(path.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::key::SecretKey;

    fn key_of(algorithm: Algorithm, name: &str, seed: u8) -> String {
        VerifierKey::new(name, algorithm, SecretKey::from_seed([seed; 32]).public()).unwrap().to_string()
    }

    fn key(name: &str, seed: u8) -> String {
        key_of(Algorithm::Ed25519, name, seed)
    }

    fn read(text: &str) -> Result<usize, LogKeysError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.vkey");
        std::fs::write(&path, text).unwrap();
        read_log_keys(&path).map(|keys| keys.len())
    }

    #[test]
    fn a_file_names_the_keys_of_one_log() {
        let many = |count: u8| (1..=count).map(|seed| key("a.example", seed) + "\n").collect::<String>();
        assert_eq!(read(&key("a.example", 1)).unwrap(), 1);
        assert_eq!(read(&format!("\n{}\n \n{}\n", key("a.example", 1), key("a.example", 2))).unwrap(), 2);
        assert_eq!(read(&many(16)).unwrap(), LOG_KEYS_MAX);
        assert_eq!(read(&many(16).repeat(2)).unwrap(), LOG_KEYS_MAX, "a key that is named twice is one");
        assert!(matches!(read(&many(17)), Err(LogKeysError::OneLog(_))));
        let two = format!("{}\n{}\n", key("a.example", 1), key("b.example", 2));
        assert!(matches!(read(&two), Err(LogKeysError::OneLog(_))));
        let of_a_witness = key_of(Algorithm::CosignatureV1, "a.example", 1);
        for text in ["", "\n", "a.example", &format!("{}\nmore\n", key("a.example", 1)), &of_a_witness] {
            assert!(matches!(read(text), Err(LogKeysError::Form(_))), "{text:?}");
        }
        assert!(matches!(read_log_keys(Path::new("/nowhere/log.vkey")), Err(LogKeysError::Read { .. })));
    }
}
