//! The keys of the log: the one that signs its checkpoints, and the one that is to take its place.
//!
//! A new key lies ready in [`NEXT_LOG_KEY_FILE`] before the governors name it. Once the batch that says so is in the log, it
//! signs; its file then takes the name of the old one, which is kept under [`FORMER_LOG_KEY_FILE`].

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use colophon_storage::durable::{self, Access};
use colophon_tlog::note::{Signer, VerifierKey};
use tracing::{info, warn};

use crate::keys::{self, FORMER_LOG_KEY_FILE, KeyFileError, LOG_KEY_FILE, NEXT_LOG_KEY_FILE, VERIFIER_KEY_FILE};

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No file holds the key.
    #[error(
        "the key in {LOG_KEY_FILE:?} is {found}; the register names {named}. Put back the right key file, or put the \
         new key into {NEXT_LOG_KEY_FILE:?}"
    )]
    Other {
        /// Whose verifier key the file leads to.
        found: String,
        /// Which one the register names.
        named: String,
    },
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] KeyFileError),
}

/// The log's key, and where the next one would be.
#[derive(Debug)]
pub struct Keyring {
    dir: PathBuf,
    signer: Signer,
}

impl Keyring {
    /// Opens the keys in `dir`, of which `named` is the one in force.
    pub fn open(dir: &Path, named: &VerifierKey) -> Result<Keyring, KeyringError> {
        if let Some(signer) = load(dir, NEXT_LOG_KEY_FILE, named).filter(|signer| signer.verifier() == *named) {
            let keyring = Keyring { dir: dir.to_owned(), signer };
            keyring.settle();
            return Ok(keyring);
        }
        let secret = keys::load(dir, LOG_KEY_FILE)?;
        let signer = Signer::new(named.name(), secret).ok().filter(|signer| signer.verifier() == *named);
        match signer {
            Some(signer) => Ok(Keyring { dir: dir.to_owned(), signer }),
            None => Err(KeyringError::Other {
                found: load(dir, LOG_KEY_FILE, named).map(|signer| signer.verifier().to_string()).unwrap_or_default(),
                named: named.to_string(),
            }),
        }
    }

    /// Returns the keys in `dir` of a log that has just begun.
    pub fn new(dir: &Path, signer: Signer) -> Keyring {
        Keyring { dir: dir.to_owned(), signer }
    }

    /// Returns the key that signs.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Returns the folder in which the keys are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Signs with this key from now on, if it lies ready. Its file keeps its name until [`Keyring::settle`].
    #[must_use]
    pub fn turn_to(&mut self, key: &VerifierKey) -> bool {
        match load(&self.dir, NEXT_LOG_KEY_FILE, key).filter(|signer| signer.verifier() == *key) {
            Some(signer) => {
                self.signer = signer;
                true
            }
            None => false,
        }
    }

    /// Gives the files of the keys their new names, once the new key has signed. A start after a crash does it again.
    pub fn settle(&self) {
        let key = self.signer.verifier();
        match self.rename(&key) {
            Ok(()) => info!("The log's checkpoints are signed by a new key from here on: {key}"),
            Err(error) => warn!("The files of the log's keys keep their names until the next start: {error}"),
        }
    }

    fn rename(&self, key: &VerifierKey) -> io::Result<()> {
        let path = |name: &str| self.dir.join(name);
        if path(LOG_KEY_FILE).exists() {
            fs::rename(path(LOG_KEY_FILE), path(FORMER_LOG_KEY_FILE))?;
        }
        fs::rename(path(NEXT_LOG_KEY_FILE), path(LOG_KEY_FILE))?;
        File::open(&self.dir)?.sync_all()?;
        durable::replace(&path(VERIFIER_KEY_FILE), format!("{key}\n").as_bytes(), Access::Public)
    }
}

/// Tells whether a key lies ready in `dir` to take the place of the log's.
pub fn lies_ready(dir: &Path, key: &VerifierKey) -> bool {
    load(dir, NEXT_LOG_KEY_FILE, key).is_some_and(|signer| signer.verifier() == *key)
}

fn load(dir: &Path, name: &str, named: &VerifierKey) -> Option<Signer> {
    keys::load(dir, name).ok().and_then(|secret| Signer::new(named.name(), secret).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vkey(secret: &colophon_tlog::key::SecretKey) -> VerifierKey {
        Signer::new("registry.example/art", secret.clone()).unwrap().verifier()
    }

    #[test]
    fn a_new_key_takes_the_place_of_the_old_one_and_a_crash_in_between_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        let old = vkey(&keys::create(dir, LOG_KEY_FILE).unwrap());
        let mut keyring = Keyring::open(dir, &old).unwrap();
        let new = vkey(&keys::create(dir, NEXT_LOG_KEY_FILE).unwrap());
        assert!(lies_ready(dir, &new) && !lies_ready(dir, &old));
        assert!(!keyring.turn_to(&old) && keyring.turn_to(&new));
        assert_eq!(keyring.signer().verifier(), new);
        // Ended before the files had their new names; then between the two.
        drop(keyring);
        fs::rename(dir.join(LOG_KEY_FILE), dir.join(FORMER_LOG_KEY_FILE)).unwrap();
        let keyring = Keyring::open(dir, &new).unwrap();
        assert_eq!(keyring.signer().verifier(), new);
        assert!(!dir.join(NEXT_LOG_KEY_FILE).exists());
        assert_eq!(fs::read_to_string(dir.join(VERIFIER_KEY_FILE)).unwrap(), format!("{new}\n"));
        assert_eq!(vkey(&keys::load(dir, FORMER_LOG_KEY_FILE).unwrap()), old);
        assert_eq!(Keyring::open(dir, &new).unwrap().signer().verifier(), new);
        let error = Keyring::open(dir, &old).unwrap_err().to_string();
        assert!(error.contains(&new.to_string()) && error.contains(&old.to_string()), "{error}");
    }
}
