//! The fields of bodies and records: types that cannot hold a wrong value.
//!
//! No field depends on a table of a library: codes are judged by their syntax alone, so every version of every node gives
//! the same answer. Membership (is there a country `QQ`?) is for the command line to check before it signs.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use colophon_tlog::hash::Hash;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 digest as it stands in bodies: 64 lower-case hex digits. Entry ids and work ids are digests too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub Hash);

/// SHA-256 of an entry's signed text.
pub type EntryId = Digest;
/// The entry id of a work's mint.
pub type WorkId = Digest;

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Hash> for Digest {
    fn from(hash: Hash) -> Digest {
        Digest(hash)
    }
}

/// Why text was not accepted as a field's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct FieldError {
    found: String,
    expected: &'static str,
}

impl FieldError {
    /// Says that `found` (shortened) is not what was `expected`.
    pub fn new(found: &str, expected: &'static str) -> FieldError {
        FieldError { found: found.chars().take(80).collect(), expected }
    }
}

impl FromStr for Digest {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Digest, FieldError> {
        text.parse().map(Digest).map_err(|_| FieldError::new(text, "a SHA-256 digest of 64 lower-case hex digits"))
    }
}

/// Reads a value from a string without keeping the string.
pub(crate) struct FromText<T>(PhantomData<T>);

impl<T> FromText<T> {
    pub(crate) fn new() -> FromText<T> {
        FromText(PhantomData)
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Serializes through `Display` and deserializes through `FromStr`.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                deserializer.deserialize_str(crate::field::FromText::new())
            }
        }
    };
}
pub(crate) use serde_as_text;
serde_as_text!(Digest);

/// Declares a string field: its name, what it is, and the test of its syntax.
macro_rules! text_field {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $test:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = FieldError;

            fn from_str(text: &str) -> Result<$name, FieldError> {
                let test: fn(&str) -> bool = $test;
                if test(text) { Ok($name(text.to_owned())) } else { Err(FieldError::new(text, $expected)) }
            }
        }
        serde_as_text!($name);
    };
}

text_field!(
    /// A country by the syntax of ISO 3166-1 alpha-2.
    Country, "a country code of two capital letters", |text| text.len() == 2 && every(text, |b| b.is_ascii_uppercase())
);
text_field!(
    /// A currency by the syntax of ISO 4217.
    Currency, "a currency code of three capital letters", |text| text.len() == 3 && every(text, |b| b.is_ascii_uppercase())
);
text_field!(
    /// A creator's role by the syntax of a MARC relator code.
    Role, "a role of three lower-case letters", |text| text.len() == 3 && every(text, |b| b.is_ascii_lowercase())
);
text_field!(
    /// What sort of work it is, such as `digital_image`.
    WorkKind, "a kind of work: 1 to 32 of a-z, 0-9 and _", |text| sized(text, 1, 32)
        && every(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
);
text_field!(
    /// A digital source type of the IPTC vocabulary, such as `digitalCreation`.
    SourceType, "a source type of 1 to 64 letters", |text| sized(text, 1, 64) && every(text, |b| b.is_ascii_alphabetic())
);
text_field!(
    /// An SPDX licence id or a URI.
    License, "a licence: 1 to 200 printable ASCII characters without spaces", |text| sized(text, 1, 200)
        && every(text, |b| b.is_ascii_graphic())
);
text_field!(
    /// A media type without parameters, such as `image/png` (RFC 6838).
    MediaType, "a media type such as image/png, at most 127 lower-case characters", is_media_type
);
text_field!(
    /// A similarity code of a file's content, such as an ISCC.
    Fingerprint, "a fingerprint: 1 to 256 of A-Z, a-z, 0-9 and :+/=_-", |text| sized(text, 1, 256)
        && every(text, |b| b.is_ascii_alphanumeric() || b":+/=_-".contains(&b))
);
text_field!(
    /// How a file was prepared before its content was reduced to a code, such as `image-1`.
    Prep, "a preparation: 1 to 48 of a-z, 0-9 and .+-", |text| sized(text, 1, 48)
        && every(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".+-".contains(&b))
);
text_field!(
    /// The difference hash of a picture.
    PictureHash, "a difference hash of 16 lower-case hex digits", |text| text.len() == 16
        && every(text, |b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);
text_field!(
    /// The label of a C2PA manifest, such as `urn:c2pa:…`.
    ManifestLabel, "a manifest's label: 1 to 200 printable ASCII characters without spaces", |text| sized(text, 1, 200)
        && every(text, |b| b.is_ascii_graphic())
);
text_field!(
    /// The type of a document that accompanies a transfer, such as `EXPORT_CERT_ORIGIN`.
    DocumentType, "a document type: 1 to 48 of A-Z, 0-9 and _", |text| sized(text, 1, 48)
        && every(text, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
);
text_field!(
    /// A year, a month or a day: `YYYY`, `YYYY-MM` or `YYYY-MM-DD` (EDTF level 0).
    Date, "a date written YYYY, YYYY-MM or YYYY-MM-DD", is_date
);
text_field!(
    /// A day, `YYYY-MM-DD`, by its syntax: February may have 31 days.
    Day, "a day written YYYY-MM-DD", |text| text.len() == 10 && is_date(text)
);
text_field!(
    /// The name of a rule set, such as `EU-IMP-880`.
    RuleSetName, "a name of 1 to 32 of A-Z, 0-9 and -", |text| sized(text, 1, 32)
        && every(text, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
);
text_field!(
    /// A kind of cultural good, such as `painting`.
    CulturalCategory, "a category of 1 to 32 of a-z and _", is_word
);
text_field!(
    /// What a country says of a work, such as `listed`.
    CountryProtection, "a protection of 1 to 32 of a-z and _", is_word
);
text_field!(
    /// A subheading of the Harmonized System.
    HsCode, "a code of six digits", |text| text.len() == 6 && every(text, |b| b.is_ascii_digit())
);
text_field!(
    /// A code of the Central Product Classification.
    CpcCode, "a code of one to five digits", |text| sized(text, 1, 5) && every(text, |b| b.is_ascii_digit())
);
text_field!(
    /// A code of the Extended Balance of Payments Services classification, such as `SH`.
    EbopsCode, "a code of 2 to 8 of A-Z and 0-9 that begins with S", |text| sized(text, 2, 8)
        && text.starts_with('S')
        && every(text, |b| b.is_ascii_uppercase() || b.is_ascii_digit())
);
text_field!(
    /// A domain of the UNESCO Framework for Cultural Statistics, by its letter.
    FcsDomain, "a capital letter from A to H", |text| text.len() == 1 && every(text, |b| (b'A'..=b'H').contains(&b))
);
text_field!(
    /// A version of that framework.
    FcsVersion, "fcs and a year", |text| text.len() == 7 && text.strip_prefix("fcs").is_some_and(|year| every(year, |b| b.is_ascii_digit()))
);
text_field!(
    /// The id of a rule: its set's name, a slash, its own; such as `ARR-EU/royalty`.
    RuleId, "a rule's id such as ARR-EU/royalty", |text| text.split_once('/').is_some_and(|(set, rule)| {
        set.parse::<RuleSetName>().is_ok()
            && sized(rule, 1, 32)
            && every(rule, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    })
);
text_field!(
    /// Whose law a rule set states: a country, or a region such as `EU` or `EEA`.
    Jurisdiction, "two or three capital letters", |text| sized(text, 2, 3) && every(text, |b| b.is_ascii_uppercase())
);
text_field!(
    /// The law or decision behind a rule set.
    Citation, "a citation: 1 to 400 printable ASCII characters", |text| sized(text, 1, 400) && every(text, is_printable)
);
text_field!(
    /// A line of a rule set, without its newline.
    Line, "a line of at most 1000 printable ASCII characters", |text| text.len() <= 1000 && every(text, is_printable)
);
text_field!(
    /// The name line of a register's log: `[a-z0-9.-]+(/[a-z0-9._-]+)*`, at most 255 bytes, and not the first line of a
    /// witness's cosigned text.
    Origin, "an origin such as registry.example/art: lower-case letters, digits, dots and dashes, parts divided by /", is_origin
);

fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

fn every(text: &str, test: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(test)
}

fn sized(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len())
}

fn is_word(text: &str) -> bool {
    sized(text, 1, 32) && every(text, |b| b.is_ascii_lowercase() || b == b'_')
}

fn is_media_type(text: &str) -> bool {
    let restricted = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && every(part, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&-^_.+".contains(&b))
    };
    text.len() <= 127 && text.split_once('/').is_some_and(|(kind, subtype)| restricted(kind) && restricted(subtype))
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize, min: u32, max: u32| match parts.next() {
        None => Some(false),
        Some(part) if part.len() == digits && every(part, |b| b.is_ascii_digit()) => {
            part.parse().is_ok_and(|value: u32| (min..=max).contains(&value)).then_some(true)
        }
        Some(_) => None,
    };
    let year_month_day = (part(4, 0, 9999), part(2, 1, 12), part(2, 1, 31));
    matches!(year_month_day, (Some(true), Some(_), Some(_))) && parts.next().is_none()
}

fn is_origin(text: &str) -> bool {
    let allowed = |part: &str, underscore: bool| {
        !part.is_empty()
            && every(part, |b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-' || (underscore && b == b'_')
            })
    };
    let mut parts = text.split('/');
    let apart = colophon_tlog::checkpoint::is_valid_origin(text);
    apart
        && text.len() <= 255
        && parts.next().is_some_and(|host| allowed(host, false))
        && parts.all(|part| allowed(part, true))
}

/// An integer from `MIN` to `MAX`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Int<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Int<MIN, MAX> {
    /// Returns the integer as a field, if it is within the bounds.
    pub fn new(value: u64) -> Option<Self> {
        (MIN..=MAX).contains(&value).then_some(Int(value))
    }

    /// Returns the value.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        Int::new(value).ok_or_else(|| D::Error::custom(format!("{value} is not an integer from {MIN} to {MAX}")))
    }
}

/// A list of `MIN` to `MAX` members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> List<T, MIN, MAX> {
    /// Returns the members as a field, if their number is within the bounds.
    pub fn new(members: Vec<T>) -> Option<Self> {
        (MIN..=MAX).contains(&members.len()).then_some(List(members))
    }

    /// Returns the members.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// Gives the members away.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de> for List<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Vec::<T>::deserialize(deserializer)?;
        let found = members.len();
        List::new(members)
            .ok_or_else(|| D::Error::custom(format!("a list of {found} members, where {MIN} to {MAX} are allowed")))
    }
}

/// A member that is there and `true`, or absent; never `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker;

impl Serialize for Marker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<'de> Deserialize<'de> for Marker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Marker, D::Error> {
        if bool::deserialize(deserializer)? {
            Ok(Marker)
        } else {
            Err(D::Error::custom("false is written by leaving the member out"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_judged_by_syntax() {
        assert!("CN".parse::<Country>().is_ok() && "QQ".parse::<Country>().is_ok());
        for wrong in ["", "c", "Cn", "CNN", "C\u{4e2d}", "C1"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong}");
        }
        for right in ["image/png", "application/vnd.oasis.opendocument.text", "image/svg+xml"] {
            assert!(right.parse::<MediaType>().is_ok(), "{right}");
        }
        for wrong in
            ["image", "image/", "/png", "image/PNG", "a/b/c", "image/png; q=1", &format!("a/{}", "b".repeat(126))]
        {
            assert!(wrong.parse::<MediaType>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_of_small_letters() {
        assert!("z_a".parse::<CulturalCategory>().is_ok() && "a".repeat(32).parse::<CountryProtection>().is_ok());
        for wrong in ["", "a b", "aB", "a1", "a-b", &"a".repeat(33)] {
            assert!(
                wrong.parse::<CulturalCategory>().is_err() && wrong.parse::<CountryProtection>().is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn dates_have_three_lengths() {
        for right in ["2026", "2026-11", "2026-11-23", "0800"] {
            assert!(right.parse::<Date>().is_ok(), "{right}");
        }
        for wrong in [
            "",
            "26",
            "2026-",
            "2026-13",
            "2026-00",
            "2026-11-32",
            "2026-11-23-01",
            "2026-1",
            "-2026",
            "+026",
            "2026-11-",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_can_be_mistaken_for_nothing_else() {
        for right in ["registry.example", "registry.example/art", "a/b_c/d"] {
            assert!(right.parse::<Origin>().is_ok(), "{right}");
        }
        let longest = "a".repeat(255);
        assert!(longest.parse::<Origin>().is_ok());
        for wrong in
            ["", "/", "a/", "a//b", "A", "a b", "a+b", "a_b", "https://a", "cosignature/v1", &format!("{longest}a")]
        {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn bounds_hold_at_both_ends() {
        type Three = Int<1, 3>;
        type Pair = List<u64, 1, 2>;
        assert!(serde_json::from_str::<Three>("0").is_err() && serde_json::from_str::<Three>("4").is_err());
        assert_eq!(serde_json::from_str::<Three>("3").unwrap().get(), 3);
        assert!(serde_json::from_str::<Pair>("[]").is_err() && serde_json::from_str::<Pair>("[1,2,3]").is_err());
        assert!(serde_json::from_str::<Marker>("false").is_err() && serde_json::from_str::<Marker>("true").is_ok());
    }
}
