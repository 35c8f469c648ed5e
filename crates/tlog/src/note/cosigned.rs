//! What a cosignature signs, and when it was made (<https://c2sp.org/tlog-cosignature>).
//!
//! The signature is eight bytes of big-endian seconds since 1970, and then 64 bytes of Ed25519 (type 0x04) over
//!
//! ```text
//! cosignature/v1
//! time 1679315147
//! example.com/behind-the-sofa
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```
//!
//! or 2420 bytes of ML-DSA-44 (type 0x06) over `"subtree/v1" LF 00`, the cosigner's name after a byte of length, the time,
//! the origin after a byte of length, 0 and the size as big-endian numbers of eight bytes, and the root.

use std::fmt;

use crate::hash::Hash;
use crate::note::name::is_valid_name;
use crate::size::TreeSize;
use crate::spelling::parse_decimal;

/// The greatest time of a cosignature, in seconds since 1970.
const COSIGNED_AT_MAX: u64 = i64::MAX as u64;
/// How a text signed with type 0x06 begins.
const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// When a cosignature was made, in seconds since 1970: at least 1 and less than 2^63. Its maker's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CosignedAt(u64);

impl CosignedAt {
    /// Returns the time, if a checkpoint's cosignature can have it: it MUST NOT be 0.
    pub fn new(seconds: u64) -> Option<CosignedAt> {
        (1..=COSIGNED_AT_MAX).contains(&seconds).then_some(CosignedAt(seconds))
    }

    /// Reads the time before a signature, and returns the signature too.
    pub(crate) fn split(signature: &[u8]) -> Option<(CosignedAt, &[u8])> {
        let (time, signature) = signature.split_first_chunk()?;
        Some((CosignedAt::new(u64::from_be_bytes(*time))?, signature))
    }

    /// Returns the bytes of a cosignature made at this time.
    pub(crate) fn join(self, signature: &[u8]) -> Vec<u8> {
        [&self.0.to_be_bytes()[..], signature].concat()
    }

    /// Returns the seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CosignedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Returns what type 0x04 signs: the time and the whole text of the checkpoint.
pub(crate) fn cosignature_message(at: CosignedAt, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {at}\n{text}").into_bytes()
}

/// Returns what type 0x06 signs: the cosigner's name, the time and what the checkpoint says. None where `text` is not the
/// three lines of a checkpoint.
pub(crate) fn subtree_message(cosigner: &str, at: CosignedAt, text: &str) -> Option<Vec<u8>> {
    let mut lines = text.split('\n');
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let is_whole = lines.next() == Some("") && lines.next().is_none() && is_valid_name(origin);
    let size = parse_decimal(size).and_then(TreeSize::new)?;
    let root = Hash::from_base64(root).ok().filter(|_| is_whole)?;
    let numbers = [0, size.get()].map(u64::to_be_bytes);
    let parts: [&[u8]; 6] = [
        SUBTREE_LABEL,
        &counted(cosigner)?,
        &at.0.to_be_bytes(),
        &counted(origin)?,
        numbers.as_flattened(),
        root.as_bytes(),
    ];
    Some(parts.concat())
}

/// Returns a name after one byte that says how long it is.
fn counted(name: &str) -> Option<Vec<u8>> {
    Some([&[u8::try_from(name.len()).ok()?], name.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a.example\n258\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn at(seconds: u64) -> CosignedAt {
        CosignedAt::new(seconds).unwrap()
    }

    #[test]
    fn times_have_bounds() {
        assert_eq!((CosignedAt::new(0), CosignedAt::new(COSIGNED_AT_MAX + 1)), (None, None));
        assert_eq!((at(1).seconds(), at(COSIGNED_AT_MAX).to_string()), (1, "9223372036854775807".to_owned()));
        assert_eq!(CosignedAt::split(&at(258).join(b"rest")), Some((at(258), &b"rest"[..])));
        assert_eq!((CosignedAt::split(&[0; 72]), CosignedAt::split(&[1; 7])), (None, None));
    }

    #[test]
    fn messages_are_those_of_the_specification() {
        assert_eq!(cosignature_message(at(5), TEXT), format!("cosignature/v1\ntime 5\n{TEXT}").into_bytes());
        let hash = Hash::from_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap();
        let expected = [
            &b"subtree/v1\n\0"[..],
            b"\x01w\0\0\0\0\0\0\x01\x03\x09a.example\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x02",
            hash.as_bytes(),
        ];
        assert_eq!(subtree_message("w", at(259), TEXT), Some(expected.concat()));
    }

    #[test]
    fn only_three_lines_of_a_checkpoint_have_a_subtree_message() {
        let others = [
            String::new(),
            format!("{TEXT}extension\n"),
            format!("{TEXT}\n"),
            TEXT.trim_end().to_owned(),
            TEXT.replace("258", "0258"),
            TEXT.replace("258", "9223372036854775808"),
            TEXT.replace("a.example", ""),
            TEXT.replace("a.example", "a example"),
            TEXT.replace("2I=", "2J="),
        ];
        for text in others {
            assert_eq!(subtree_message("w", at(1), &text), None, "{text:?}");
        }
        assert_eq!(subtree_message(&"w".repeat(256), at(1), TEXT), None);
    }
}
