//! Who may sign a note: names, key ids and the one-line text of a verifier key.

use std::fmt;
use std::str::FromStr;

use crate::hash::sha256_concat;
use crate::key::{KeyError, ML_DSA_KEY_BYTES, MlDsaPublicKey, PublicKey};
use crate::note::cosigned::{CosignedAt, cosignature_message, subtree_message};
use crate::note::name::is_valid_name;
use crate::spelling::{from_base64, to_base64};

/// What a key signs, and so the type byte of its signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 over the text of the note.
    Ed25519 = 0x01,
    /// Ed25519 over a time and the text of a checkpoint ([tlog-cosignature](https://c2sp.org/tlog-cosignature)).
    CosignatureV1 = 0x04,
    /// ML-DSA-44 over a time and what a checkpoint says, in the same specification.
    SubtreeV1 = 0x06,
}

impl Algorithm {
    /// Returns the algorithm of a type byte, if it is one of those known here.
    pub fn from_byte(byte: u8) -> Option<Algorithm> {
        match byte {
            0x01 => Some(Algorithm::Ed25519),
            0x04 => Some(Algorithm::CosignatureV1),
            0x06 => Some(Algorithm::SubtreeV1),
            _ => None,
        }
    }

    /// Returns the type byte.
    pub fn to_byte(self) -> u8 {
        self as u8
    }
}

/// The short id of a key. It names a key only together with the key's name, and is no proof of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// Returns the id of this number.
    pub fn new(number: u32) -> KeyId {
        KeyId(number)
    }

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// Returns the four bytes that stand before a signature.
    pub fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Returns the id of a key under a name: the first four bytes of `SHA-256(NAME ‖ 0x0A ‖ TYPE ‖ PUBLIC KEY)`.
pub fn key_id(name: &str, algorithm: Algorithm, public: &PublicKey) -> KeyId {
    key_id_of(name, algorithm, &public.to_bytes())
}

fn key_id_of(name: &str, algorithm: Algorithm, public: &[u8]) -> KeyId {
    let hash = sha256_concat(&[name.as_bytes(), b"\n", &[algorithm.to_byte()], public]);
    let [a, b, c, d, ..] = *hash.as_bytes();
    KeyId(u32::from_be_bytes([a, b, c, d]))
}

/// Why a verifier key was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not the three parts of a verifier key.
    #[error("not a verifier key of the form NAME+ID+KEY")]
    Form,
    /// Not a name of a key.
    #[error("{0:?} is not a key name: 1 to 255 bytes without space or '+'")]
    Name(String),
    /// A type byte not known here.
    #[error("signature type {0} is not supported")]
    Algorithm(u8),
    /// An Ed25519 key for signatures that are not Ed25519.
    #[error("signature type {0} is not made with an Ed25519 key")]
    NotEd25519(u8),
    /// The public key is no good.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The id is not that of the name and key.
    #[error("the key id is {found:?}, but the name and key have {expected}")]
    Id {
        /// What stands in the text.
        found: String,
        /// What the name and key have.
        expected: KeyId,
    },
}

/// A public key under a name: what is needed to check one signer's lines.
///
/// The text is `NAME+ID+BASE64`, the last part holding the type byte and the public key:
///
/// ```text
/// example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    public: Public,
}

/// A public key, and what it is used for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Public {
    Ed25519(PublicKey),
    CosignatureV1(PublicKey),
    SubtreeV1(MlDsaPublicKey),
}

impl Public {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Public::Ed25519(key) | Public::CosignatureV1(key) => key.to_bytes().to_vec(),
            Public::SubtreeV1(key) => key.to_bytes().to_vec(),
        }
    }
}

impl VerifierKey {
    /// Returns the verifier key of an Ed25519 key under a name, for type 0x01 or 0x04.
    pub fn new(name: &str, algorithm: Algorithm, public: PublicKey) -> Result<VerifierKey, VerifierKeyError> {
        let public = match algorithm {
            Algorithm::Ed25519 => Public::Ed25519(public),
            Algorithm::CosignatureV1 => Public::CosignatureV1(public),
            Algorithm::SubtreeV1 => return Err(VerifierKeyError::NotEd25519(algorithm.to_byte())),
        };
        VerifierKey::named(name, public)
    }

    /// Returns the verifier key of an ML-DSA-44 key under a name: type 0x06.
    pub fn of_ml_dsa(name: &str, public: MlDsaPublicKey) -> Result<VerifierKey, VerifierKeyError> {
        VerifierKey::named(name, Public::SubtreeV1(public))
    }

    fn named(name: &str, public: Public) -> Result<VerifierKey, VerifierKeyError> {
        if !is_valid_name(name) {
            return Err(VerifierKeyError::Name(name.to_owned()));
        }
        let mut key = VerifierKey { name: name.to_owned(), id: KeyId(0), public };
        key.id = key_id_of(name, key.algorithm(), &key.public.to_bytes());
        Ok(key)
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns what the key signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.public {
            Public::Ed25519(_) => Algorithm::Ed25519,
            Public::CosignatureV1(_) => Algorithm::CosignatureV1,
            Public::SubtreeV1(_) => Algorithm::SubtreeV1,
        }
    }

    /// Returns the bytes of the public key: 32 of Ed25519, 1312 of ML-DSA-44.
    pub fn public_bytes(&self) -> Vec<u8> {
        self.public.to_bytes()
    }

    /// Returns whether `signature`, without the key id before it, is this key's over a note's text.
    pub fn verify(&self, text: &str, signature: &[u8]) -> bool {
        if let Public::Ed25519(key) = &self.public {
            return key.verify(text.as_bytes(), signature);
        }
        let Some((at, signature)) = CosignedAt::split(signature) else { return false };
        let Some(message) = self.cosigned_message(text, at) else { return false };
        match &self.public {
            Public::Ed25519(key) | Public::CosignatureV1(key) => key.verify(&message, signature),
            Public::SubtreeV1(key) => key.verify(&message, signature),
        }
    }

    /// Returns the bytes that a cosignature of this key signs, if it is a cosigner's and `text` is what it can cosign.
    pub(crate) fn cosigned_message(&self, text: &str, at: CosignedAt) -> Option<Vec<u8>> {
        match &self.public {
            Public::Ed25519(_) => None,
            Public::CosignatureV1(_) => Some(cosignature_message(at, text)),
            Public::SubtreeV1(_) => subtree_message(&self.name, at, text),
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm().to_byte()][..], &self.public.to_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, to_base64(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<VerifierKey, VerifierKeyError> {
        let (name, rest) = text.split_once('+').ok_or(VerifierKeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(VerifierKeyError::Form)?;
        let key = from_base64(key).ok_or(VerifierKeyError::Form)?;
        let (algorithm, public) = key.split_first().ok_or(VerifierKeyError::Form)?;
        let algorithm = Algorithm::from_byte(*algorithm).ok_or(VerifierKeyError::Algorithm(*algorithm))?;
        let key = match algorithm {
            Algorithm::Ed25519 | Algorithm::CosignatureV1 => {
                let public = <&[u8; 32]>::try_from(public).map_err(|_| VerifierKeyError::Form)?;
                VerifierKey::new(name, algorithm, PublicKey::from_bytes(public)?)?
            }
            Algorithm::SubtreeV1 => {
                let public = <&[u8; ML_DSA_KEY_BYTES]>::try_from(public).map_err(|_| VerifierKeyError::Form)?;
                VerifierKey::of_ml_dsa(name, MlDsaPublicKey::from_bytes(public))?
            }
        };
        if key.id.to_string() == id {
            Ok(key)
        } else {
            Err(VerifierKeyError::Id { found: id.to_owned(), expected: key.id })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{MlDsaSecretKey, SecretKey};

    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn text_reads_back() {
        let key: VerifierKey = EXAMPLE.parse().unwrap();
        assert_eq!(key.to_string(), EXAMPLE);
        assert_eq!((key.name(), key.id()), ("example.com/foo", KeyId::new(0x530d_903a)));
        assert_eq!((key.id().get(), key.algorithm()), (0x530d_903a, Algorithm::Ed25519));
        let secret = SecretKey::from_seed([3; 32]);
        let witness = VerifierKey::new("witness", Algorithm::CosignatureV1, secret.public()).unwrap();
        assert_eq!(witness.public_bytes(), secret.public().to_bytes());
        assert_eq!(witness.to_string().parse(), Ok(witness));
        let public = MlDsaSecretKey::from_seed([3; 32]).public();
        let lasting = VerifierKey::of_ml_dsa("witness", public.clone()).unwrap();
        assert_eq!((lasting.algorithm(), lasting.public_bytes()), (Algorithm::SubtreeV1, public.to_bytes().to_vec()));
        let text = lasting.to_string();
        assert_eq!(text.len(), "witness+01234567+".len() + 4 * 1313usize.div_ceil(3));
        assert_eq!(text.parse(), Ok(lasting));
        assert_eq!(text[..text.len() - 4].parse::<VerifierKey>(), Err(VerifierKeyError::Form));
        let not_ed25519 = VerifierKey::new("witness", Algorithm::SubtreeV1, secret.public());
        assert_eq!(not_ed25519, Err(VerifierKeyError::NotEd25519(6)));
    }

    #[test]
    fn other_text_is_refused() {
        let refused = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        let form =
            ["", "a", "a+b", "example.com/foo+530d903a", &EXAMPLE[..EXAMPLE.len() - 4], "a+530d903a+", "a+1+Zm9="];
        for text in form {
            assert_eq!(refused(text), VerifierKeyError::Form, "{text:?}");
        }
        for text in
            [EXAMPLE.replace("530d903a", "530D903A"), EXAMPLE.replace("foo", "fop"), EXAMPLE.replace("+5", "+05")]
        {
            assert!(matches!(refused(&text), VerifierKeyError::Id { .. }), "{text:?}");
        }
        assert_eq!(refused(&EXAMPLE.replace("AekyeR", "AukyeR")), VerifierKeyError::Algorithm(2));
        assert_eq!(refused(&EXAMPLE.replace("example", "exa mple")), VerifierKeyError::Name("exa mple.com/foo".into()));
        let weak = format!("a+00000000+{}", to_base64(&[&[1, 1][..], &[0; 31]].concat()));
        assert_eq!(refused(&weak), VerifierKeyError::Key(KeyError::Weak));
    }

    #[test]
    fn cosignatures_need_their_time() {
        let secret = SecretKey::from_seed([3; 32]);
        let key = VerifierKey::new("witness", Algorithm::CosignatureV1, secret.public()).unwrap();
        let text = "origin\n0\nroot\n";
        let cosign = |time: u64| {
            let signature = secret.sign(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
            [&time.to_be_bytes()[..], &signature].concat()
        };
        assert!(key.verify(text, &cosign(1)));
        assert!(key.verify(text, &cosign(i64::MAX as u64)));
        assert!(!key.verify(text, &cosign(0)));
        assert!(!key.verify(text, &cosign(1 << 63)));
        assert!(!key.verify("origin\n1\nroot\n", &cosign(1)));
        let mut later = cosign(1);
        later[7] = 2;
        assert!(!key.verify(text, &later));
        assert!(!key.verify(text, &secret.sign(text.as_bytes())));
        assert!(!key.verify(text, &[]));
    }
}
