//! One fixed record a batch: where it ends in the log, and the tree it leads to. A hint, computed again whenever in doubt.
//!
//! ```text
//!  8  height       batches before, big endian like the others
//!  8  first        index of its first entry
//!  8  count        entries, the seal included
//!  8  end          offset in entries.log after its last byte
//! 32  root         of the tree after it
//!  8  check        the first 8 bytes of SHA-256 of all before
//! ```

use colophon_tlog::hash::{Hash, sha256};

/// The name of the file in the register's folder.
pub const COMMITS_FILE: &str = "commits";
/// The length of a record.
pub const COMMIT_BYTES: usize = 72;

const CHECKED_BYTES: usize = COMMIT_BYTES - 8;

/// A batch in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// How many batches came before.
    pub height: u64,
    /// The index of its first entry.
    pub first: u64,
    /// How many entries it has, the seal included.
    pub count: u64,
    /// The offset in `entries.log` after its last byte.
    pub end: u64,
    /// The root of the tree after it.
    pub root: Hash,
}

impl Commit {
    /// Returns the record.
    pub fn encode(&self) -> [u8; COMMIT_BYTES] {
        let mut bytes = Vec::with_capacity(COMMIT_BYTES);
        for number in [self.height, self.first, self.count, self.end] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.root.as_bytes());
        let digest = sha256(&bytes);
        bytes.extend(digest.as_bytes().iter().take(COMMIT_BYTES - CHECKED_BYTES));
        bytes.try_into().expect("four numbers, a hash and 8 bytes are 72 bytes")
    }

    /// Reads a record, unless it is torn.
    pub fn decode(bytes: &[u8; COMMIT_BYTES]) -> Option<Commit> {
        let (numbers, rest) = bytes.as_chunks::<8>().0.split_first_chunk::<4>()?;
        let [height, first, count, end] = numbers.map(u64::from_be_bytes);
        let (root, _) = rest.as_flattened().split_first_chunk::<32>()?;
        let commit = Commit { height, first, count, end, root: Hash::from(*root) };
        (commit.encode() == *bytes).then_some(commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_comes_back_and_a_flipped_bit_is_seen(
            numbers: [u64; 4], root: [u8; 32], place in 0..COMMIT_BYTES, bit in 0..8_u32,
        ) {
            let [height, first, count, end] = numbers;
            let commit = Commit { height, first, count, end, root: root.into() };
            let mut bytes = commit.encode();
            prop_assert_eq!(Commit::decode(&bytes), Some(commit));
            bytes[place] ^= 1 << bit;
            prop_assert_eq!(Commit::decode(&bytes), None);
        }
    }
}
