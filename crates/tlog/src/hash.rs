//! SHA-256 with the prefixes of RFC 6962.
//!
//! A leaf hashes to `SHA-256(0x00 ‖ entry)`, an inner node to `SHA-256(0x01 ‖ left ‖ right)`, the tree of nothing to
//! `SHA-256("")`. The prefixes keep an entry from ever being read as an inner node.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// How many bytes a hash has.
pub const HASH_BYTES: usize = 32;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// Why text was not accepted as a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not 64 lower-case hex digits.
    #[error("not 64 lower-case hex digits")]
    Hex,
    /// Not the canonical base64 of 32 bytes.
    #[error("not the canonical base64 of 32 bytes")]
    Base64,
}

impl Hash {
    /// 32 zero bytes: the hash of nothing known.
    pub const ZERO: Hash = Hash([0; HASH_BYTES]);

    /// Returns the 32 bytes.
    pub fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Returns the 44 characters of the standard padded base64 (RFC 4648, section 4).
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the one base64 spelling of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Hash, HashError> {
        let mut bytes = [0; HASH_BYTES];
        let decoded = if text.len() == 44 { STANDARD.decode(text).ok() } else { None };
        let decoded = decoded.filter(|decoded| decoded.len() == HASH_BYTES).ok_or(HashError::Base64)?;
        bytes.copy_from_slice(&decoded);
        let hash = Hash(bytes);
        if hash.to_base64() == text { Ok(hash) } else { Err(HashError::Base64) }
    }
}

impl From<[u8; HASH_BYTES]> for Hash {
    fn from(bytes: [u8; HASH_BYTES]) -> Hash {
        Hash(bytes)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Hash, HashError> {
        let mut bytes = [0; HASH_BYTES];
        let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if lower => Ok(Hash(bytes)),
            _ => Err(HashError::Hex),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Returns the hash of a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256_concat(&[&[0x00], entry])
}

/// Returns the hash of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256_concat(&[&[0x01], &left.0, &right.0])
}

/// Returns the root of the tree of no leaves.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// Returns SHA-256 without a prefix.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// Returns SHA-256 of the parts, one after the other.
pub fn sha256_concat(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}
