//! Ed25519 keys: one strict rule of verification for everything that is signed. ML-DSA-44 keys stand beside.

mod ml_dsa;
mod strict;

use std::cmp::Ordering;
use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

pub use crate::key::ml_dsa::{ML_DSA_KEY_BYTES, ML_DSA_SIGNATURE_BYTES, MlDsaPublicKey, MlDsaSecretKey};
pub use crate::key::strict::{Claim, verify_each};

/// Why bytes were not accepted as a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the canonical encoding of a point.
    #[error("not the encoding of an Ed25519 public key")]
    Encoding,
    /// A point of small order, for which signatures can be made without a secret.
    #[error("a weak Ed25519 public key")]
    Weak,
}

/// An Ed25519 public key that is strong and canonically encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 32 bytes of key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, KeyError> {
        if !is_reduced(bytes) {
            return Err(KeyError::Encoding);
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Encoding)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(PublicKey(key)) }
    }

    /// Returns the 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Returns whether `signature` is this key's over `message`, by the strict rule that every standard library agrees with.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        verify_each(&[Claim { key: *self, message, signature }]) == [true]
    }
}

/// Returns whether the y coordinate, the low 255 bits, is below the field's prime 2^255 - 19 (RFC 8032, section 5.1.3).
///
/// The only other points with two encodings are those with x = 0, and they are weak.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    *first < 0xed || last & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &PublicKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &PublicKey) -> Ordering {
        self.to_bytes().cmp(&other.to_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.to_bytes()))
    }
}

/// An Ed25519 secret key. Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Returns the key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: [u8; 32]) -> SecretKey {
        SecretKey(SigningKey::from_bytes(&seed))
    }

    /// Returns the seed.
    pub fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Returns the public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message. The same message always gets the same 64 bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// One test of RFC 8032, section 7.1: seed, public key, message, signature.
    const RFC_8032_TEST_2: [&str; 4] = [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ];

    #[test]
    fn signs_as_the_rfc_says() {
        let [seed, public, message, signature] = RFC_8032_TEST_2.map(|text| hex::decode(text).unwrap());
        let secret = SecretKey::from_seed(seed.try_into().unwrap());
        assert_eq!(secret.seed().to_vec(), hex::decode(RFC_8032_TEST_2[0]).unwrap());
        assert_eq!(secret.public().to_bytes().to_vec(), public);
        assert_eq!(secret.sign(&message).to_vec(), signature);
        assert!(secret.public().verify(&message, &signature));
        assert!(!secret.public().verify(b"r2", &signature));
        for wrong in [&signature[..63], &[&signature[..], &[0]].concat(), &[]] {
            assert!(!secret.public().verify(&message, wrong));
        }
        assert_eq!(format!("{secret:?}"), "SecretKey(hidden)");
    }

    #[test]
    fn every_flipped_bit_of_a_signature_is_refused() {
        let secret = SecretKey::from_seed([7; 32]);
        let signature = secret.sign(b"message");
        for bit in 0..signature.len() * 8 {
            let mut wrong = signature;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!secret.public().verify(b"message", &wrong), "bit {bit}");
        }
    }

    #[test]
    fn weak_and_second_encodings_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::Weak));
        identity[31] = 0x80;
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::Weak));
        let mut above_the_prime = [0xff; 32];
        for first in 0xed..=0xff {
            above_the_prime[0] = first;
            for last in [0x7f, 0xff] {
                above_the_prime[31] = last;
                assert_eq!(PublicKey::from_bytes(&above_the_prime), Err(KeyError::Encoding));
            }
        }
        let off_the_curve = [2; 32];
        assert_eq!(PublicKey::from_bytes(&off_the_curve), Err(KeyError::Encoding));
    }

    #[test]
    fn a_coordinate_is_reduced_right_up_to_the_prime() {
        let encoding = |first, second, last| {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[1], bytes[31]) = (first, second, last);
            bytes
        };
        for sign in [0, 0x80] {
            assert!(is_reduced(&encoding(0xec, 0xff, 0x7f | sign)));
            assert!(is_reduced(&encoding(0xff, 0xff, 0x7e | sign)));
            assert!(is_reduced(&encoding(0xff, 0xfe, 0x7f | sign)));
            assert!(!is_reduced(&encoding(0xed, 0xff, 0x7f | sign)));
        }
    }

    #[test]
    fn keys_are_ordered_by_their_bytes() {
        let [one, other] = [1, 2].map(|seed| SecretKey::from_seed([seed; 32]).public());
        assert_eq!(one < other, one.to_bytes() < other.to_bytes());
        assert_eq!(other < one, other.to_bytes() < one.to_bytes());
        assert_eq!(one.partial_cmp(&one), Some(Ordering::Equal));
    }

    #[derive(serde::Deserialize)]
    struct Vector {
        #[serde(alias = "pub_key")]
        key: String,
        #[serde(alias = "signature")]
        sig: String,
        #[serde(alias = "message")]
        msg: String,
    }

    /// Returns the vectors of a file, or nothing where the folder of vectors is absent.
    fn vectors(name: &str) -> Option<Vec<Vector>> {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
        #[expect(clippy::disallowed_methods, reason = "a test finds its vectors")]
        let shared = std::env::var_os("COLOPHON_SHARED").map_or_else(beside, PathBuf::from);
        if !shared.is_dir() {
            println!("skipped: {} is absent, so {name} was not run", shared.display());
            return None;
        }
        let bytes = std::fs::read(shared.join("ed25519").join(name)).unwrap();
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    fn accepts(key: &str, message: &[u8], signature: &str) -> bool {
        let key = hex::decode(key).unwrap().try_into().unwrap();
        let signature = hex::decode(signature).unwrap();
        PublicKey::from_bytes(&key).is_ok_and(|key| key.verify(message, &signature))
    }

    #[test]
    fn accepts_43_of_the_cctv_vectors() {
        let Some(vectors) = vectors("cctv-ed25519vectors.json") else { return };
        let accepted = vectors.iter().filter(|it| accepts(&it.key, it.msg.as_bytes(), &it.sig)).count();
        assert_eq!((vectors.len(), accepted), (914, 43));
    }

    #[test]
    fn accepts_one_of_the_speccheck_vectors() {
        let Some(vectors) = vectors("speccheck.json") else { return };
        let accepted = |it: &Vector| accepts(&it.key, &hex::decode(&it.msg).unwrap(), &it.sig);
        let numbers: Vec<usize> =
            (0..).zip(&vectors).filter(|(_, it)| accepted(it)).map(|(number, _)| number).collect();
        assert_eq!((vectors.len(), numbers), (12, vec![3]));
    }
}
