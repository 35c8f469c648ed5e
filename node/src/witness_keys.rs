//! A witness's keys: used for cosignatures and for nothing else.
//!
//! `witness.vkey` has a verifier key a line and says the witness's name; each has its secret in a file of its own, 64
//! lower-case hex digits of a seed and a newline.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use colophon_storage::durable::{self, Access};
use colophon_storage::witnessed::{WITNESSED_DIR, Witnessed};
use colophon_tlog::cosignature::{Cosigner, CosignerKey};
use colophon_tlog::note::{Algorithm, VerifierKey, VerifierKeyError, is_valid_name};

use crate::keys::{self, KeyFileError};

/// The verifier keys, for everybody.
pub const WITNESS_VERIFIER_KEY_FILE: &str = "witness.vkey";
/// Makes cosignatures of type 0x04. Lost: the witness ends. Stolen: the thief can vouch for forks.
pub const WITNESS_ED25519_KEY_FILE: &str = "witness.ed25519.key";
/// Makes cosignatures of type 0x06, likewise.
pub const WITNESS_ML_DSA_KEY_FILE: &str = "witness.ml-dsa-44.key";

/// Why a witness's keys could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum WitnessKeyError {
    /// A file of a secret key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The name cannot be that of a key.
    #[error(transparent)]
    Name(#[from] VerifierKeyError),
    /// The file of verifier keys cannot be read.
    #[error(
        "the file {path:?} cannot be read: {error}. `colophon-node witness-key` makes the keys of a new witness; of an old one \
         put the file back: it says the witness's name"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// Keys were made here before.
    #[error(
        "{0:?} is there already: the folder has the keys of a witness. Nothing was changed. Keys of both types are made at once, by \
         `--type ed25519 --type ml-dsa-44`, in a folder that has none"
    )]
    There(PathBuf),
    /// The file of verifier keys, or its folder, cannot be made.
    #[error("{path:?} cannot be made: {error}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The file of verifier keys holds something else.
    #[error("the file {0:?} should hold the verifier key of a cosigner in each line, all of one name")]
    Form(PathBuf),
    /// A secret key is another's.
    #[error("the key in {file:?} is not that of {key}: put back the right key file")]
    Other {
        /// The file of the secret.
        file: PathBuf,
        /// The verifier key it should lead to.
        key: String,
    },
}

/// Makes keys of these types for the witness called `name`, in a folder that may be there, and the place where it keeps what it
/// cosigns. Durable when it returns.
pub fn create(dir: &Path, name: &str, types: &[Algorithm]) -> Result<Vec<VerifierKey>, WitnessKeyError> {
    let failed = |path: PathBuf| move |error| WitnessKeyError::Write { path, error };
    // Before anything is written: a name that cannot be one.
    if !is_valid_name(name) {
        return Err(VerifierKeyError::Name(name.to_owned()).into());
    }
    let files = [WITNESS_VERIFIER_KEY_FILE, WITNESS_ED25519_KEY_FILE, WITNESS_ML_DSA_KEY_FILE];
    if let Some(there) = files.iter().map(|file| dir.join(file)).find(|path| path.exists()) {
        return Err(WitnessKeyError::There(there));
    }
    durable::create_dir(dir).map_err(failed(dir.to_owned()))?;
    let mut made = Vec::new();
    for (place, algorithm) in types.iter().enumerate() {
        if types[..place].contains(algorithm) {
            continue;
        }
        let seed = keys::create_seed(dir, file_of(*algorithm))?;
        let Some(key) = CosignerKey::from_seed(*algorithm, *seed) else { continue };
        made.push(Cosigner::new(name, key)?.verifier().clone());
    }
    // After the secrets: keys that were put back without what they cosigned fail above, and get no empty place.
    Witnessed::create(dir).map_err(failed(dir.join(WITNESSED_DIR)))?;
    let path = dir.join(WITNESS_VERIFIER_KEY_FILE);
    let text: String = made.iter().map(|key| key.to_string() + "\n").collect();
    durable::write_new(&path, text.as_bytes(), Access::Public).map_err(failed(path))?;
    Ok(made)
}

/// Reads the keys of the witness in `dir`: at least one.
pub fn load(dir: &Path) -> Result<Vec<Cosigner>, WitnessKeyError> {
    let path = dir.join(WITNESS_VERIFIER_KEY_FILE);
    let text = fs::read_to_string(&path).map_err(|error| WitnessKeyError::Read { path: path.clone(), error })?;
    let mut cosigners: Vec<Cosigner> = Vec::new();
    for line in text.lines() {
        let key: VerifierKey = line.parse().map_err(|_| WitnessKeyError::Form(path.clone()))?;
        let file = file_of(key.algorithm());
        let secret = CosignerKey::from_seed(key.algorithm(), *keys::load_seed(dir, file)?);
        let cosigner = Cosigner::new(key.name(), secret.ok_or_else(|| WitnessKeyError::Form(path.clone()))?)?;
        if *cosigner.verifier() != key {
            return Err(WitnessKeyError::Other { file: dir.join(file), key: key.to_string() });
        }
        if cosigners.iter().any(|other| other.verifier().name() != key.name()) {
            return Err(WitnessKeyError::Form(path));
        }
        cosigners.push(cosigner);
    }
    if cosigners.is_empty() { Err(WitnessKeyError::Form(path)) } else { Ok(cosigners) }
}

fn file_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::CosignatureV1 => WITNESS_ED25519_KEY_FILE,
        Algorithm::SubtreeV1 => WITNESS_ML_DSA_KEY_FILE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::CosignatureV1, Algorithm::SubtreeV1];

    #[test]
    fn keys_come_back_from_their_files_and_never_take_anothers_place() {
        let dir = tempfile::tempdir().unwrap();
        let made = create(&dir.path().join("new"), "w.example", &BOTH.repeat(2)).unwrap();
        assert_eq!(made.len(), 2, "a type that is named twice is one");
        let loaded = load(&dir.path().join("new")).unwrap();
        assert_eq!(made, loaded.iter().map(|cosigner| cosigner.verifier().clone()).collect::<Vec<_>>());
        let cosigned = dir.path().join("new").join(WITNESSED_DIR);
        assert_eq!(fs::read_dir(&cosigned).unwrap().count(), 0);
        fs::remove_dir(&cosigned).unwrap();
        let again = create(&dir.path().join("new"), "w.example", &BOTH);
        assert!(matches!(again, Err(WitnessKeyError::There(_))), "{again:?}");
        assert!(!cosigned.exists(), "old keys get no empty place");
    }

    #[test]
    fn a_key_of_the_other_type_is_not_left_behind_where_there_are_keys_already() {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path(), "w.example", &BOTH[..1]).unwrap();
        let again = create(dir.path(), "w.example", &BOTH[1..]);
        assert!(matches!(again, Err(WitnessKeyError::There(_))), "{again:?}");
        assert!(!dir.path().join(WITNESS_ML_DSA_KEY_FILE).exists());
        assert_eq!(load(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(load(dir.path()), Err(WitnessKeyError::Read { .. })));
        assert!(matches!(create(dir.path(), "w example", &BOTH), Err(WitnessKeyError::Name(_))));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "a bad name makes no file");
        create(dir.path(), "w.example", &BOTH[..1]).unwrap();
        let other = tempfile::tempdir().unwrap();
        create(other.path(), "w.example", &BOTH[..1]).unwrap();
        fs::copy(other.path().join(WITNESS_VERIFIER_KEY_FILE), dir.path().join(WITNESS_VERIFIER_KEY_FILE)).unwrap();
        assert!(matches!(load(dir.path()), Err(WitnessKeyError::Other { .. })));
        for text in ["", "\n", "log.example\n"] {
            fs::write(dir.path().join(WITNESS_VERIFIER_KEY_FILE), text).unwrap();
            assert!(matches!(load(dir.path()), Err(WitnessKeyError::Form(_))), "{text:?}");
        }
    }
}
