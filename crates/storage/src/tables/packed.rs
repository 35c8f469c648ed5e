//! A record's text made shorter, so that the view is small: digests in bytes, and the words between values by a byte each.
//!
//! Canonical JSON has no bytes below 0x20. 0x01 stands before the 32 bytes of a digest that is written in 64 hex digits
//! between quotes; 0x02 and above stand for a phrase each; 0x1f at the beginning says that the rest is the text as it is.

use colophon_tlog::hash::{HASH_BYTES, Hash};

const DIGEST: u8 = 1;
const FIRST_PHRASE: u8 = 2;
const AS_IT_IS: u8 = 0x1f;

/// What stands between the values of records. Their order is part of the format of the view; of two that fit, the first is
/// taken.
const PHRASES: [&str; 28] = [
    r#"{"count":1,"face":true,"work":"#,
    r#"{"count":"#,
    r#","face":true,"work":"#,
    r#","face":false,"work":"#,
    r#"{"work":"#,
    r#"{"country":""#,
    r#"","created":""#,
    r#"","editions":"#,
    r#","source_type":""#,
    r#","index":"#,
    r#","maker":"z6Mk"#,
    r#"","minted_ms":"#,
    r#"","holder":"z6Mk"#,
    r#"","newest":"#,
    r#","offer":{"basis":""#,
    r#","firm":"#,
    r#","to":"z6Mk"#,
    r#"","to_country":""#,
    r#","since_ms":"#,
    r#","transfers":"#,
    r#"{"keys":["z6Mk"#,
    r#"","z6Mk"#,
    r#""],"newest":"#,
    r#","next":"#,
    r#","rotated":"#,
    r#","threshold":"#,
    r#"{"index":"#,
    r#""}"#,
];
const _: () = assert!(PHRASES.len() < (AS_IT_IS - FIRST_PHRASE) as usize, "each phrase has a byte");

/// Makes a text short.
pub(super) fn pack(text: &str) -> Vec<u8> {
    if text.bytes().any(|byte| byte <= AS_IT_IS) {
        return [&[AS_IT_IS], text.as_bytes()].concat();
    }
    let mut packed = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let phrase = || if matches!(first, b'{' | b'"' | b',') { phrase_at(rest) } else { None };
        if let Some((digest, after)) = digest_at(rest) {
            packed.push(DIGEST);
            packed.extend(digest.as_bytes());
            rest = after;
        } else if let Some((byte, after)) = phrase() {
            packed.push(byte);
            rest = after;
        } else {
            packed.push(*first);
            rest = after;
        }
    }
    packed
}

/// Returns the text that was made short, unless these bytes are none.
pub(super) fn unpack(packed: &[u8]) -> Option<String> {
    if let Some((&AS_IT_IS, text)) = packed.split_first() {
        return String::from_utf8(text.to_vec()).ok();
    }
    let mut text = Vec::with_capacity(packed.len() * 3);
    let mut rest = packed;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match *byte {
            DIGEST => {
                let (digest, after) = rest.split_first_chunk::<HASH_BYTES>()?;
                text.push(b'"');
                text.extend(digest.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]));
                text.push(b'"');
                rest = after;
            }
            byte if byte > AS_IT_IS => text.push(byte),
            byte => text.extend(PHRASES.get(usize::from(byte.checked_sub(FIRST_PHRASE)?))?.as_bytes()),
        }
    }
    String::from_utf8(text).ok()
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}

/// Cuts a digest between quotes off.
fn digest_at(bytes: &[u8]) -> Option<(Hash, &[u8])> {
    let (digits, rest) = bytes.strip_prefix(b"\"")?.split_at_checked(HASH_BYTES * 2)?;
    let rest = rest.strip_prefix(b"\"")?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// Cuts a phrase off and returns its byte.
fn phrase_at(bytes: &[u8]) -> Option<(u8, &[u8])> {
    (FIRST_PHRASE..).zip(PHRASES).find_map(|(byte, phrase)| Some((byte, bytes.strip_prefix(phrase.as_bytes())?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            proptest::sample::select(&PHRASES[..]).prop_map(str::to_owned),
            any::<[u8; 32]>().prop_map(|bytes| format!("\"{}\"", Hash::from(bytes))),
            "[0-9a-f]{60,66}\"",
            ".{0,6}",
            "\"[0-9A-Za-z]{0,70}\"",
        ]
    }

    proptest! {
        #[test]
        fn any_text_comes_back(pieces in proptest::collection::vec(piece(), 0..9)) {
            let text = pieces.concat();
            prop_assert_eq!(unpack(&pack(&text)), Some(text));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0_u8..40, 0..90)) {
            if let Some(text) = unpack(&bytes) {
                prop_assert_eq!(unpack(&pack(&text)), Some(text));
            }
        }
    }

    #[test]
    fn records_become_short() {
        let digest = Hash::from([0xab; 32]);
        let file = format!(r#"{{"count":1,"face":true,"work":"{digest}"}}"#);
        assert_eq!(pack(&file).len(), 35);
        let account = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let work = format!(
            r#"{{"country":"CN","created":"2026","editions":100,"index":1000000,"maker":"{account}","minted_ms":1800000000000,"source_type":"print"}}"#
        );
        assert_eq!(pack(&work).len(), 86);
        assert_eq!(pack("a\nb")[0], AS_IT_IS);
        assert_eq!(unpack(&[DIGEST, 1, 2]), None);
        assert_eq!((unpack(&[0]), unpack(&[AS_IT_IS - 1]), unpack(&[200])), (None, None, None));
    }
}
