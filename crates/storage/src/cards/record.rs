//! One card's record in the file of cards.
//!
//! ```text
//!  8  "\ncard/1\n"     a mark that cannot stand inside a card: JSON has no bare newline in a string
//!  4  bytes of text    big endian
//! 32  digest           what the entry commits to
//!  8  check            the first 8 bytes of SHA-256(bytes of text ‖ digest)
//!  1  ff: kept, 0: withdrawn
//! 32  salt             zeros once withdrawn
//!  …  text             zeros once withdrawn
//! ```

use std::io;

use colophon_ledger::card::{CARD_BYTES_MAX, Card};
use colophon_ledger::field::Digest;
use colophon_tlog::hash::{Hash, sha256_concat};

use crate::disk::DiskFile;

/// What each record begins with.
pub(super) const MARK: &[u8; 8] = b"\ncard/1\n";
/// The length of a record's head, up to the byte that says kept or withdrawn.
pub(super) const HEAD_BYTES: usize = 8 + 4 + 32 + 8;
/// The byte that says withdrawn.
pub(super) const WITHDRAWN: u8 = 0;
/// Far from [`WITHDRAWN`]: no flipped bit withdraws a card.
const KEPT: u8 = 0xff;
const SALT_BYTES: usize = 32;

/// Where a record's body stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Where the byte that says kept or withdrawn stands.
    pub(super) offset: u64,
    /// The length of the text.
    pub(super) text_bytes: usize,
    /// Whether it has not been withdrawn.
    pub(super) kept: bool,
}

impl Place {
    /// Returns the length of all that comes after the head.
    pub(super) fn body_bytes(&self) -> usize {
        1 + SALT_BYTES + self.text_bytes
    }
}

/// Appends a card's record.
pub(super) fn encode(card: &Card, digest: &Digest, bytes: &mut Vec<u8>) {
    let text_bytes = u32::try_from(card.text.len()).expect("a card is at most 8 KiB").to_be_bytes();
    bytes.extend(MARK);
    bytes.extend(text_bytes);
    bytes.extend(digest.0.as_bytes());
    bytes.extend(check(text_bytes, digest));
    bytes.push(KEPT);
    bytes.extend(card.salt.0.as_bytes());
    bytes.extend(card.text.as_bytes());
}

fn check(text_bytes: [u8; 4], digest: &Digest) -> [u8; 8] {
    let hash = sha256_concat(&[&text_bytes, digest.0.as_bytes()]);
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

/// Reads the head of a record: its digest and the length of its text.
pub(super) fn decode_head(head: &[u8; HEAD_BYTES]) -> Option<(Digest, usize)> {
    let rest = head.strip_prefix(MARK)?;
    let (text_bytes, rest) = rest.split_first_chunk::<4>()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let digest = Digest(Hash::from(*digest));
    let length = usize::try_from(u32::from_be_bytes(*text_bytes)).ok()?;
    (length <= CARD_BYTES_MAX && rest == check(*text_bytes, &digest)).then_some((digest, length))
}

/// What stands behind the head of a record.
pub(super) enum Content {
    Card(Card),
    Withdrawn,
    Nothing,
}

/// Reads the record whose head stands before `place`.
pub(super) fn read_body(file: &dyn DiskFile, place: Place) -> io::Result<Content> {
    let mut body = vec![0; place.body_bytes()];
    file.read_at(&mut body, place.offset)?;
    let Some((state, rest)) = body.split_first() else { return Ok(Content::Nothing) };
    if *state == WITHDRAWN {
        return Ok(Content::Withdrawn);
    }
    let Some((salt, text)) = rest.split_first_chunk::<SALT_BYTES>() else { return Ok(Content::Nothing) };
    let Ok(text) = String::from_utf8(text.to_vec()) else { return Ok(Content::Nothing) };
    Ok(Content::Card(Card { salt: Digest(Hash::from(*salt)), text }))
}
