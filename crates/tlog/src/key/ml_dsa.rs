//! ML-DSA-44 keys (FIPS 204): for cosignatures that are to hold when Ed25519 no longer does.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use ml_dsa::{B32, EncodedVerifyingKey, Keypair as _, MlDsa44, Signature, Signer as _, SigningKey, VerifyingKey};

/// How many bytes a public key has.
pub const ML_DSA_KEY_BYTES: usize = 1312;
/// How many bytes a signature has.
pub const ML_DSA_SIGNATURE_BYTES: usize = 2420;

/// An ML-DSA-44 public key. Any 1312 bytes are one, and each key has one encoding.
///
/// Behind it stands a matrix of 16 KiB, which clones share.
#[derive(Clone)]
pub struct MlDsaPublicKey(Arc<VerifyingKey<MlDsa44>>);

impl MlDsaPublicKey {
    /// Reads 1312 bytes of key (FIPS 204, algorithm 23).
    pub fn from_bytes(bytes: &[u8; ML_DSA_KEY_BYTES]) -> MlDsaPublicKey {
        MlDsaPublicKey(Arc::new(VerifyingKey::decode(&EncodedVerifyingKey::<MlDsa44>::from(*bytes))))
    }

    /// Returns the 1312 bytes.
    pub fn to_bytes(&self) -> [u8; ML_DSA_KEY_BYTES] {
        self.0.encode().into()
    }

    /// Returns whether `signature` is this key's over `message`, with an empty context (FIPS 204, algorithm 3).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::<MlDsa44>::try_from(signature)
            .is_ok_and(|signature| self.0.verify_with_context(message, &[], &signature))
    }
}

impl PartialEq for MlDsaPublicKey {
    fn eq(&self, other: &MlDsaPublicKey) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for MlDsaPublicKey {}

impl PartialOrd for MlDsaPublicKey {
    fn partial_cmp(&self, other: &MlDsaPublicKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MlDsaPublicKey {
    fn cmp(&self, other: &MlDsaPublicKey) -> Ordering {
        self.0.encode().cmp(&other.0.encode())
    }
}

impl fmt::Debug for MlDsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaPublicKey({})", hex::encode(self.to_bytes()))
    }
}

/// An ML-DSA-44 secret key. Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct MlDsaSecretKey(Arc<SigningKey<MlDsa44>>);

impl MlDsaSecretKey {
    /// Returns the key of a 32-byte seed (FIPS 204, algorithm 6).
    pub fn from_seed(seed: [u8; 32]) -> MlDsaSecretKey {
        MlDsaSecretKey(Arc::new(SigningKey::from_seed(&B32::from(seed))))
    }

    /// Returns the seed.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_seed().into()
    }

    /// Returns the public key.
    pub fn public(&self) -> MlDsaPublicKey {
        MlDsaPublicKey(Arc::new(self.0.verifying_key()))
    }

    /// Signs a message with an empty context. The same message always gets the same 2420 bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; ML_DSA_SIGNATURE_BYTES] {
        self.0.sign(message).encode().into()
    }
}

impl fmt::Debug for MlDsaSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MlDsaSecretKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256_concat;

    #[test]
    fn makes_the_key_that_openssl_makes() {
        let secret = MlDsaSecretKey::from_seed([7; 32]);
        let digest = sha256_concat(&[&secret.public().to_bytes()]);
        assert_eq!(digest.to_string(), "86c769d3b468de487eb9a09f242f7fa0b997a07ef4ded49627e7bf9539f28b62");
        assert_eq!((secret.seed(), format!("{secret:?}")), ([7; 32], "MlDsaSecretKey(hidden)".to_owned()));
    }

    #[test]
    fn keys_read_back_and_are_ordered_by_their_bytes() {
        let [one, other] = [1, 2].map(|seed| MlDsaSecretKey::from_seed([seed; 32]).public());
        assert_eq!(MlDsaPublicKey::from_bytes(&one.to_bytes()), one);
        assert_ne!(one, other);
        assert_eq!(one < other, one.to_bytes() < other.to_bytes());
        assert_eq!(one.partial_cmp(&one.clone()), Some(Ordering::Equal));
        for any in [[0; ML_DSA_KEY_BYTES], [0xff; ML_DSA_KEY_BYTES]] {
            assert_eq!(MlDsaPublicKey::from_bytes(&any).to_bytes(), any);
        }
    }

    #[test]
    fn only_its_own_signature_is_accepted() {
        let secret = MlDsaSecretKey::from_seed([7; 32]);
        let (public, signature) = (secret.public(), secret.sign(b"message"));
        assert_eq!(signature, secret.sign(b"message"));
        assert!(public.verify(b"message", &signature));
        assert!(!public.verify(b"massage", &signature));
        assert!(!MlDsaSecretKey::from_seed([8; 32]).public().verify(b"message", &signature));
        for wrong in [&signature[..ML_DSA_SIGNATURE_BYTES - 1], &[&signature[..], &[0]].concat(), &[]] {
            assert!(!public.verify(b"message", wrong));
        }
        for bit in (0..signature.len() * 8).step_by(61) {
            let mut wrong = signature;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!public.verify(b"message", &wrong), "bit {bit}");
        }
    }
}
