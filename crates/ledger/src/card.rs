//! People's words: titles, names, descriptions. Committed to by an entry, kept beside the log, erasable.
//!
//! A card is a JSON object of any Unicode, 8 KiB at most. The entry carries
//! `SHA-256("colophon.card/v1\n" ‖ salt ‖ card)`, so that once the card and its 32 random bytes are erased, nothing can be
//! guessed back from what stays in the log.

mod json;

use colophon_tlog::hash::sha256_concat;
use serde::{Deserialize, Serialize};

use self::json::Object;
use crate::field::Digest;

/// The longest card, in bytes.
pub const CARD_BYTES_MAX: usize = 8 * 1024;
/// The deepest that a card nests, itself counted: as deep as the JSON reader goes.
pub const CARD_DEPTH_MAX: usize = 127;
/// The most titles of a work.
pub const TITLES_MAX: usize = 8;

const CARD_TAG: &[u8] = b"colophon.card/v1\n";

/// Why a card was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Longer than a card may be.
    #[error("the card has {0} bytes; at most 8192 are allowed")]
    TooLarge(usize),
    /// Not a JSON object, or not one of the expected members.
    #[error("the card is not a JSON object as it should be: {0}")]
    Malformed(String),
}

/// A card with the salt of its digest. Nodes keep it and certificates carry it in this form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// 32 random bytes.
    pub salt: Digest,
    /// The card's exact bytes.
    pub text: String,
}

impl Card {
    /// Returns the card with these words, if they are a JSON object of at most 8 KiB.
    pub fn new(salt: [u8; 32], text: String) -> Result<Card, CardError> {
        let card = Card { salt: Digest(salt.into()), text };
        card.check()?;
        Ok(card)
    }

    /// Checks a card that came from outside: its length, and that it is a JSON object.
    pub fn check(&self) -> Result<(), CardError> {
        if self.text.len() > CARD_BYTES_MAX {
            return Err(CardError::TooLarge(self.text.len()));
        }
        self.read::<Object>().map(drop)
    }

    /// Returns the digest that an entry commits to.
    pub fn digest(&self) -> Digest {
        Digest(sha256_concat(&[CARD_TAG, self.salt.0.as_bytes(), self.text.as_bytes()]))
    }

    /// Reads the words as a work's, an account's or a transfer's. Members that are not known are passed over: words are
    /// for people, and no rule depends on them.
    pub fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, CardError> {
        serde_json::from_str(&self.text).map_err(|error| CardError::Malformed(error.to_string()))
    }
}

/// The words about a work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkWords {
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The creators' names, in the order of the mint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// 1 to 8 titles.
    pub titles: Vec<Title>,
}

/// A title in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// BCP 47 tag.
    pub lang: String,
    /// The title.
    pub text: String,
}

/// The words about an account, by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileWords {
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// An ISNI, 16 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isni: Option<String>,
    /// What it calls itself.
    pub name: String,
    /// An ORCID iD, in groups of four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orcid: Option<String>,
    /// A website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

/// The words about a transfer or an offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsWords {
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The documents' numbers, in the order of the terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document_numbers: Vec<String>,
}

/// The words about a document that is attested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperWords {
    /// What it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_over_tag_salt_and_bytes() {
        let card = Card::new([7; 32], r#"{"titles":[{"lang":"zh","text":"山水"}]}"#.to_owned()).unwrap();
        let preimage = [b"colophon.card/v1\n".as_slice(), &[7; 32], card.text.as_bytes()].concat();
        assert_eq!(card.digest().0, colophon_tlog::hash::sha256(&preimage));
        let words: WorkWords = card.read().unwrap();
        assert_eq!(words.titles[0].text, "山水");
    }

    #[test]
    fn a_card_is_as_deep_as_it_may_be_and_no_deeper() {
        let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(Card::new([0; 32], deep(CARD_DEPTH_MAX)).is_ok());
        assert!(matches!(Card::new([0; 32], deep(CARD_DEPTH_MAX + 1)), Err(CardError::Malformed(_))));
        let lists = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(Card::new([0; 32], lists(CARD_DEPTH_MAX - 1)).is_ok());
        assert!(matches!(Card::new([0; 32], lists(CARD_DEPTH_MAX)), Err(CardError::Malformed(_))));
    }

    #[test]
    fn names_that_a_json_library_keeps_for_itself_are_names_like_others() {
        for name in ["RawValue", "Number"] {
            for value in ["[ ]", "5", "\"{\"", "\"1\"", "{}"] {
                for text in [
                    format!("{{\"$serde_json::private::{name}\":{value}}}"),
                    format!("{{\"titles\":[{{\"$serde_json::private::{name}\":{value}}}]}}"),
                ] {
                    assert!(Card::new([7; 32], text.clone()).is_ok(), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_card_is_an_object_of_at_most_8_kib() {
        let fill = |bytes: usize| format!(r#"{{"about":"{}"}}"#, "a".repeat(bytes - 12));
        assert_eq!(Card::new([0; 32], fill(CARD_BYTES_MAX)).map(|_| ()), Ok(()));
        assert_eq!(Card::new([0; 32], fill(CARD_BYTES_MAX + 1)), Err(CardError::TooLarge(CARD_BYTES_MAX + 1)));
        for text in ["", "[]", "null", "{", "{\"a\":1}x", &"[".repeat(4000)] {
            assert!(matches!(Card::new([0; 32], text.to_owned()), Err(CardError::Malformed(_))), "{text}");
        }
    }
}
