//! One signature line of a note, and who makes it.

use std::fmt;
use std::str::FromStr;

use crate::key::SecretKey;
use crate::note::cosigned::CosignedAt;
use crate::note::name::is_valid_name;
use crate::note::verifier_key::{Algorithm, KeyId, VerifierKey, VerifierKeyError};
use crate::spelling::{from_base64, to_base64};

/// How a signature line begins: an em dash and a space.
const LINE_START: &str = "— ";

/// A signature on a note, verified or not.
///
/// Its text has no newline; the base64 holds the four bytes of the key id and the signature:
///
/// ```text
/// — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignatureLine {
    /// The name of the key.
    pub name: String,
    /// The id of the key under this name.
    pub key_id: KeyId,
    /// The signature, whose form is the key's affair. At least one byte.
    pub signature: Vec<u8>,
}

/// Why text was not accepted as a signature line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureLineError {
    /// Not a dash, a name and a signature.
    #[error("not a signature line of the form '— NAME SIGNATURE'")]
    Form,
    /// Not a name of a key.
    #[error("{0:?} is not a key name")]
    Name(String),
    /// Not the canonical base64 of a key id and a signature.
    #[error("the signature of {0} is not the canonical base64 of a key id and a signature")]
    Signature(String),
}

impl SignatureLine {
    /// Returns when it was made, if it is a cosignature, of type 0x04 or 0x06. Nothing is verified.
    pub fn cosigned_at(&self) -> Option<CosignedAt> {
        CosignedAt::split(&self.signature).map(|(at, _)| at)
    }

    /// Checks that the line reads back as it is.
    pub(crate) fn check(&self) -> Result<(), SignatureLineError> {
        if !is_valid_name(&self.name) {
            return Err(SignatureLineError::Name(self.name.clone()));
        }
        if self.signature.is_empty() { Err(SignatureLineError::Signature(self.name.clone())) } else { Ok(()) }
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_bytes()[..], &self.signature].concat();
        write!(f, "{LINE_START}{} {}", self.name, to_base64(&bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = SignatureLineError;

    fn from_str(text: &str) -> Result<SignatureLine, SignatureLineError> {
        let rest = text.strip_prefix(LINE_START).ok_or(SignatureLineError::Form)?;
        let (name, base64) = rest.split_once(' ').ok_or(SignatureLineError::Form)?;
        if !is_valid_name(name) {
            return Err(SignatureLineError::Name(name.to_owned()));
        }
        let bad = || SignatureLineError::Signature(name.to_owned());
        let bytes = from_base64(base64).ok_or_else(bad)?;
        let (id, signature) = bytes.split_first_chunk().filter(|(_, rest)| !rest.is_empty()).ok_or_else(bad)?;
        let key_id = KeyId::new(u32::from_be_bytes(*id));
        Ok(SignatureLine { name: name.to_owned(), key_id, signature: signature.to_vec() })
    }
}

/// A secret key under a name: makes Ed25519 signature lines (type 0x01).
#[derive(Debug, Clone)]
pub struct Signer {
    verifier: VerifierKey,
    secret: SecretKey,
}

impl Signer {
    /// Returns the signer of this name.
    pub fn new(name: &str, secret: SecretKey) -> Result<Signer, VerifierKeyError> {
        Ok(Signer { verifier: VerifierKey::new(name, Algorithm::Ed25519, secret.public())?, secret })
    }

    /// Returns the key that verifies what this signs.
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Signs the text of a note, its last newline included. The same text always gets the same line.
    pub fn sign(&self, text: &str) -> SignatureLine {
        SignatureLine {
            name: self.verifier.name().to_owned(),
            key_id: self.verifier.id(),
            signature: self.secret.sign(text.as_bytes()).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_lines_are_refused() {
        let refused = |text: &str| text.parse::<SignatureLine>().unwrap_err();
        for text in ["", "— ", "— a", "- a AAAAAAA=", "—a AAAAAAA=", " — a AAAAAAA=", "— a"] {
            assert_eq!(refused(text), SignatureLineError::Form, "{text:?}");
        }
        for text in ["— a+b AAAAAAA=", "—  a AAAAAAA=", "— a\u{a0}b AAAAAAA="] {
            assert!(matches!(refused(text), SignatureLineError::Name(_)), "{text:?}");
        }
        for text in ["— a AAAAAA==", "— a AAAAAAA", "— a AAAAAAB=", "— a  AAAAAAA=", "— a AAAAAAA=\r", "— a "]
        {
            assert_eq!(refused(text), SignatureLineError::Signature("a".into()), "{text:?}");
        }
        assert!("— a AAAAAAA=".parse::<SignatureLine>().is_ok());
    }

    #[test]
    fn signer_signs_for_its_verifier() {
        let signer = Signer::new("example.com/log", SecretKey::from_seed([1; 32])).unwrap();
        let line = signer.sign("text\n");
        assert_eq!((line.name.as_str(), line.key_id), (signer.verifier().name(), signer.verifier().id()));
        assert!(signer.verifier().verify("text\n", &line.signature));
        assert!(!signer.verifier().verify("text", &line.signature));
        assert!(Signer::new("a b", SecretKey::from_seed([1; 32])).is_err());
    }

    proptest! {
        #[test]
        fn lines_read_back(name in "[^+\\s\\pC]{1,60}", id: u32, signature in prop::collection::vec(any::<u8>(), 1..80)) {
            let line = SignatureLine { name, key_id: KeyId::new(id), signature };
            prop_assert_eq!(line.check(), Ok(()));
            prop_assert_eq!(line.to_string().parse(), Ok(line));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "(— )?\\PC{0,10} ?[A-Za-z0-9+/]{0,9}={0,2}") {
            if let Ok(line) = text.parse::<SignatureLine>() {
                prop_assert_eq!(line.to_string(), text);
            }
        }
    }
}
