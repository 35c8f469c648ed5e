//! The one spelling of a number and of bytes in text.
//!
//! A value with two spellings would be a signed text with two meanings, so each reader here writes the value again and
//! compares: no sign, no leading zero, no stray bits, no missing padding, no line break.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads an ASCII decimal without sign and without leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if digits && !leading_zero { text.parse().ok() } else { None }
}

/// Returns the standard padded base64 (RFC 4648, section 4).
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads the text that [`to_base64`] returns, and no other.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| to_base64(bytes) == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_have_one_spelling() {
        for (text, number) in [("0", 0), ("7", 7), ("18446744073709551615", u64::MAX)] {
            assert_eq!(parse_decimal(text), Some(number));
        }
        let bad = ["", "+5", "-0", "00", "01", " 1", "1 ", "1_000", "0x1", "18446744073709551616", "٣", "1\r", "1e3"];
        for text in bad {
            assert_eq!(parse_decimal(text), None, "{text:?}");
        }
        assert_eq!(parse_decimal(&"1".repeat(100_000)), None);
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(from_base64("Zm8="), Some(b"fo".to_vec()));
        for text in ["Zm8", "Zm9=", "Zm8==", "Zm8=\n", "Z m8=", "Zm8-", "Zm8=Zm8=", "=", "Zg=\n="] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back(number: u64) {
            prop_assert_eq!(parse_decimal(&number.to_string()), Some(number));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "\\PC{0,24}") {
            if let Some(number) = parse_decimal(&text) {
                prop_assert_eq!(number.to_string(), text.clone());
            }
            if let Some(bytes) = from_base64(&text) {
                prop_assert_eq!(to_base64(&bytes), text);
            }
        }
    }
}
