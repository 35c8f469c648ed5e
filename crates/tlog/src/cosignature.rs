//! Cosignatures: a witness's signed word that a checkpoint is the largest it has seen of a log (<https://c2sp.org/tlog-cosignature>).
//!
//! ```text
//! — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
//! ```
//!
//! It is a line of the checkpoint's note. A verifier key of type 0x04 or 0x06 verifies it like any other line.

use crate::checkpoint::SignedCheckpoint;
use crate::key::{MlDsaSecretKey, SecretKey};
pub use crate::note::CosignedAt;
use crate::note::{Algorithm, SignatureLine, VerifierKey, VerifierKeyError};

/// A witness's secret key under its name.
///
/// Type 0x04 does not commit to the name, so a key is used by one witness and for nothing else.
#[derive(Debug, Clone)]
pub struct Cosigner {
    verifier: VerifierKey,
    secret: CosignerKey,
}

/// A secret key that cosigns.
#[derive(Debug, Clone)]
pub enum CosignerKey {
    /// Ed25519: cosignatures of type 0x04.
    Ed25519(Box<SecretKey>),
    /// ML-DSA-44: cosignatures of type 0x06.
    MlDsa44(MlDsaSecretKey),
}

impl CosignerKey {
    /// Returns the key of a 32-byte seed for cosignatures of this type, or nothing where the type is not one of them.
    pub fn from_seed(algorithm: Algorithm, seed: [u8; 32]) -> Option<CosignerKey> {
        match algorithm {
            Algorithm::Ed25519 => None,
            Algorithm::CosignatureV1 => Some(CosignerKey::Ed25519(Box::new(SecretKey::from_seed(seed)))),
            Algorithm::SubtreeV1 => Some(CosignerKey::MlDsa44(MlDsaSecretKey::from_seed(seed))),
        }
    }

    /// Returns the seed.
    pub fn seed(&self) -> [u8; 32] {
        match self {
            CosignerKey::Ed25519(key) => *key.seed(),
            CosignerKey::MlDsa44(key) => key.seed(),
        }
    }
}

impl Cosigner {
    /// Returns the cosigner of this name.
    pub fn new(name: &str, secret: CosignerKey) -> Result<Cosigner, VerifierKeyError> {
        let verifier = match &secret {
            CosignerKey::Ed25519(key) => VerifierKey::new(name, Algorithm::CosignatureV1, key.public())?,
            CosignerKey::MlDsa44(key) => VerifierKey::of_ml_dsa(name, key.public())?,
        };
        Ok(Cosigner { verifier, secret })
    }

    /// Returns the key that verifies what this signs.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Cosigns what a log has signed. The same checkpoint at the same time always gets the same line.
    ///
    /// That it is consistent with every checkpoint cosigned before is the caller's duty: see [`crate::witness::decide`].
    pub fn cosign(&self, signed: &SignedCheckpoint, at: CosignedAt) -> SignatureLine {
        let message = self.verifier.cosigned_message(signed.note().text(), at).expect("it is a cosigner's key");
        let signature = match &self.secret {
            CosignerKey::Ed25519(key) => key.sign(&message).to_vec(),
            CosignerKey::MlDsa44(key) => key.sign(&message).to_vec(),
        };
        SignatureLine {
            name: self.verifier.name().to_owned(),
            key_id: self.verifier.id(),
            signature: at.join(&signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::hash::{Hash, sha256};
    use crate::note::{Note, NoteError, SIGNATURES_MAX, Signer};
    use crate::size::TreeSize;

    const TYPES: [Algorithm; 2] = [Algorithm::CosignatureV1, Algorithm::SubtreeV1];

    fn at(seconds: u64) -> CosignedAt {
        CosignedAt::new(seconds).unwrap()
    }

    fn cosigner(algorithm: Algorithm, seed: u8) -> Cosigner {
        Cosigner::new("w.example", CosignerKey::from_seed(algorithm, [seed; 32]).unwrap()).unwrap()
    }

    fn signed(size: u64) -> SignedCheckpoint {
        let log = Signer::new("log.example", SecretKey::from_seed([1; 32])).unwrap();
        let root = Hash::from([9; 32]);
        Checkpoint { origin: "log.example".into(), size: TreeSize::new(size).unwrap(), root }.sign(&log).unwrap()
    }

    #[test]
    fn verifies_what_the_specification_shows() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let line = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
        let note = Note::parse(format!("{text}\n{line}\n").as_bytes(), SIGNATURES_MAX).unwrap();
        assert_eq!(note.signatures()[0].cosigned_at(), Some(at(1_679_315_147)));
        assert_eq!(note.signatures()[0].signature.len(), 72);
    }

    #[test]
    fn lines_verify_and_tell_their_time() {
        for (algorithm, bytes) in TYPES.into_iter().zip([72, 2428]) {
            let cosigner = cosigner(algorithm, 2);
            let line = cosigner.cosign(&signed(7), at(1_800_000_000));
            assert_eq!((line.signature.len(), line.cosigned_at()), (bytes, Some(at(1_800_000_000))));
            assert_eq!((line.name.as_str(), line.key_id), ("w.example", cosigner.verifier().id()));
            assert_eq!(cosigner.verifier().algorithm(), algorithm);
            assert_eq!(line, cosigner.cosign(&signed(7), at(1_800_000_000)));
            assert!(cosigner.verifier().verify(signed(7).note().text(), &line.signature));
            assert!(!cosigner.verifier().verify(signed(8).note().text(), &line.signature));
            for place in [0, 7, 8, 40, 71] {
                let mut altered = line.signature.clone();
                altered[place] ^= 1;
                assert!(!cosigner.verifier().verify(signed(7).note().text(), &altered), "byte {place}");
            }
        }
    }

    #[test]
    fn lines_are_always_the_same_bytes() {
        let digests = TYPES.map(|algorithm| {
            let line = cosigner(algorithm, 2).cosign(&signed(7), at(1_800_000_000));
            sha256(line.to_string().as_bytes()).to_string()
        });
        let pinned = [
            "19e247cc3be71477d23b94091bfbf4cf7136045a6675d1227018ccdb8a71a3dc",
            "85fccfd22e19db18a03d6e732a8b8da80d481c37515d64772398fa6cd36c56f5",
        ];
        assert_eq!(digests, pinned);
    }

    #[test]
    fn type_06_commits_to_the_name() {
        let text = signed(7).note().text().to_owned();
        for (algorithm, survives) in TYPES.into_iter().zip([true, false]) {
            let key = CosignerKey::from_seed(algorithm, [2; 32]).unwrap();
            assert_eq!(key.seed(), [2; 32]);
            let other = Cosigner::new("other.example", key).unwrap();
            let line = cosigner(algorithm, 2).cosign(&signed(7), at(5));
            assert_eq!(other.verifier().verify(&text, &line.signature), survives);
            assert_ne!(other.verifier().id(), line.key_id);
        }
        assert!(CosignerKey::from_seed(Algorithm::Ed25519, [2; 32]).is_none());
        assert!(Cosigner::new("a b", CosignerKey::from_seed(TYPES[0], [2; 32]).unwrap()).is_err());
    }

    #[test]
    fn a_checkpoint_takes_new_lines_in_the_place_of_old_ones() {
        let [one, two] = TYPES.map(|algorithm| cosigner(algorithm, 2));
        let checkpoint = signed(7);
        let log_line = checkpoint.note().signatures()[0].clone();
        let first = checkpoint.with_lines(&[one.cosign(&checkpoint, at(5)), two.cosign(&checkpoint, at(5))]).unwrap();
        let newer = one.cosign(&checkpoint, at(6));
        let second = first.with_lines(std::slice::from_ref(&newer)).unwrap();
        assert_eq!(second.note().signatures(), [log_line, newer, two.cosign(&checkpoint, at(5))]);
        assert_eq!(second.note().text(), checkpoint.note().text());
        let keys = [one.verifier().clone(), two.verifier().clone()];
        assert_eq!(second.note().verify(&keys), Ok(keys.iter().collect()));
        assert_eq!(checkpoint.note().verify(&keys), Err(NoteError::NoKnownKey));
    }
}
