//! Commits: a record of 72 bytes is whole and says one thing, or is no record.

use colophon_storage::commits::{COMMIT_BYTES, Commit};
use colophon_tlog::hash::sha256;

use crate::people::digest;

/// Nothing in a record is text.
pub const WORDS: &[&str] = &["\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{1}"];

/// Reads records as they are, and with the check that would make them whole.
pub fn check(data: &[u8]) {
    let (records, _) = data.as_chunks::<COMMIT_BYTES>();
    for record in records {
        let mut whole = *record;
        let digest = sha256(&record[..COMMIT_BYTES - 8]);
        whole[COMMIT_BYTES - 8..].copy_from_slice(&digest.as_bytes()[..8]);
        let commit = Commit::decode(&whole).expect("a record with its check is whole");
        assert_eq!(commit.encode(), whole);
        assert_eq!(Commit::decode(record).is_some(), *record == whole);
    }
}

/// Records of a small and of an impossible batch.
pub fn seeds() -> Vec<Vec<u8>> {
    let small = Commit { height: 1, first: 2, count: 3, end: 4, root: digest("root").0 };
    let huge = Commit { height: u64::MAX, first: u64::MAX, count: u64::MAX, end: u64::MAX, root: digest("other").0 };
    vec![small.encode().to_vec(), [small.encode(), huge.encode()].concat()]
}
