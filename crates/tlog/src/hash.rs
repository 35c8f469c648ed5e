//! SHA-256 with the prefixes of RFC 6962.
//!
//! A leaf hashes to `SHA-256(0x00 ‖ entry)`, an inner node to `SHA-256(0x01 ‖ left ‖ right)`, the tree of nothing to
//! `SHA-256("")`. The prefixes keep an entry from ever being read as an inner node.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

use crate::spelling::{from_base64, to_base64};

/// How many bytes a hash has.
pub const HASH_BYTES: usize = 32;
/// How many characters the base64 of a hash has.
const BASE64_CHARS: usize = 44;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// In the order of the bytes. Two hashes nearly always part in their first eight, which one comparison tells.
impl Ord for Hash {
    fn cmp(&self, other: &Hash) -> Ordering {
        let first = |hash: &Hash| hash.0.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        first(self).cmp(&first(other)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Hash {
    fn partial_cmp(&self, other: &Hash) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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
        to_base64(&self.0)
    }

    /// Reads the one base64 spelling of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Hash, HashError> {
        let decoded = if text.len() == BASE64_CHARS { from_base64(text) } else { None };
        let bytes = decoded.and_then(|decoded| <[u8; HASH_BYTES]>::try_from(decoded).ok());
        bytes.map(Hash).ok_or(HashError::Base64)
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
        let mut digits = [0; 2 * HASH_BYTES];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
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
    pair_hash(0x01, left, right)
}

/// What SHA-256 begins with (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// How many bits a byte and two hashes have.
const PAIR_BITS: u16 = 8 * (1 + 32 + 32);

/// Returns SHA-256 of a byte and two hashes: what [`sha256_concat`] of the three is, in a third of the time, since all trees are
/// made of it.
pub fn pair_hash(prefix: u8, left: &Hash, right: &Hash) -> Hash {
    // The message, a bit 1, zeros, and the number of bits: two blocks (FIPS 180-4, section 5.1.1).
    let mut blocks = [[0; 64]; 2];
    let bytes = blocks.as_flattened_mut();
    bytes[0] = prefix;
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..65].copy_from_slice(&right.0);
    bytes[65] = 0x80;
    bytes[126..].copy_from_slice(&PAIR_BITS.to_be_bytes());
    let mut words = INITIAL;
    compress256(&mut words, &blocks);
    let mut hash = [0; HASH_BYTES];
    for (bytes, word) in hash.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    Hash(hash)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_hashes() {
        assert_eq!(empty_root().to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        let empty_leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(leaf_hash(b"").to_string(), empty_leaf);
        let (left, right) = (leaf_hash(b""), leaf_hash(&[0x00]));
        let pair = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
        assert_eq!(node_hash(&left, &right).to_string(), pair);
        assert_eq!(node_hash(&left, &right), sha256_concat(&[&[1], left.as_bytes(), right.as_bytes()]));
        assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
    }

    proptest! {
        #[test]
        fn a_pair_hashes_as_its_bytes_do(prefix: u8, left: [u8; 32], right: [u8; 32]) {
            let whole = sha256_concat(&[&[prefix], &left, &right]);
            prop_assert_eq!(pair_hash(prefix, &Hash::from(left), &Hash::from(right)), whole);
        }

        #[test]
        fn hashes_stand_in_the_order_of_their_bytes(one: [u8; 32], other: [u8; 32], same in 0..33_usize) {
            let mut other = other;
            other[..same].copy_from_slice(&one[..same]);
            prop_assert_eq!(Hash::from(one).cmp(&Hash::from(other)), one.cmp(&other));
            prop_assert_eq!(Hash::from(one).partial_cmp(&Hash::from(other)), one.partial_cmp(&other));
        }
    }

    #[test]
    fn only_one_spelling_is_read() {
        let hash = sha256(b"a");
        let (hex, base64) = (hash.to_string(), hash.to_base64());
        let stray_bits = base64.replace("s=", "t=");
        assert_ne!(stray_bits, base64);
        for text in [hex.to_uppercase(), hex[1..].to_owned(), format!("{hex}0"), format!(" {hex}"), String::new()] {
            assert_eq!(text.parse::<Hash>(), Err(HashError::Hex), "{text:?}");
        }
        for text in [&base64[..43], &format!("{base64}\n"), &stray_bits, "", &base64.replace('/', "_"), &"é".repeat(22)]
        {
            assert_eq!(Hash::from_base64(text), Err(HashError::Base64), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn spellings_read_back(bytes: [u8; HASH_BYTES]) {
            let hash = Hash::from(bytes);
            prop_assert_eq!(hash.to_string().parse(), Ok(hash));
            prop_assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        }
    }
}
