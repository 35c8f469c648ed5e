//! The one encoding of a body, a record and a list of keys: canonical JSON in a narrow profile.
//!
//! RFC 8785 with less: objects, arrays, strings of printable ASCII, booleans and integers within ±(2^53−1); no floats, no
//! null. A struct whose fields are declared in sorted order is written in canonical form by `serde_json` itself; what is
//! read is parsed into such a struct, written again and compared, so nothing but the canonical form gets in.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest integer a body may hold: 2^53 − 1, which every JSON implementation keeps exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

const ALWAYS_WRITTEN: &str = "bodies and records have string keys and no failing serializers";

/// Why text was not accepted as the canonical form of a value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// The text is not JSON, or not of the expected shape.
    #[error("{0}")]
    Shape(String),
    /// The text has a member this version does not know.
    #[error("unknown member {0:?}")]
    UnknownMember(String),
    /// The text says the right thing in another spelling than the canonical one.
    #[error("not in canonical form: the same value is written {0}")]
    Spelling(String),
}

/// Returns the canonical form of `value`, whose struct fields must be declared in sorted order.
pub fn to_canonical<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect(ALWAYS_WRITTEN)
}

/// Reads a value that must be written exactly in its canonical form.
pub fn from_canonical<T: Serialize + DeserializeOwned>(text: &str) -> Result<T, CanonicalError> {
    let value: T = serde_json::from_str(text).map_err(|error| shape_error(&error))?;
    // As long as what was read, if it is canonical.
    let mut canonical = Vec::with_capacity(text.len());
    serde_json::to_writer(&mut canonical, &value).expect(ALWAYS_WRITTEN);
    if canonical == text.as_bytes() { Ok(value) } else { Err(CanonicalError::Spelling(to_canonical(&value))) }
}

/// Tells a member from a newer rules version apart from a plain mistake; serde says both in words alone.
pub(crate) fn shape_error(error: &serde_json::Error) -> CanonicalError {
    let message = error.to_string();
    match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
        Some((name, _)) => CanonicalError::UnknownMember(name.to_owned()),
        None => CanonicalError::Shape(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        count: u64,
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        assert_eq!(from_canonical::<Sample>(r#"{"count":7}"#), Ok(Sample { about: None, count: 7 }));
        for text in [
            r#"{ "count":7}"#,
            r#"{"count":7,"about":"x"}"#,
            r#"{"about":null,"count":7}"#,
            r#"{"about":"\u0061","count":7}"#,
            r#"{"about":"a\/b","count":7}"#,
        ] {
            assert!(matches!(from_canonical::<Sample>(text), Err(CanonicalError::Spelling(_))), "{text}");
        }
        for text in [r#"{"count":7.0}"#, r#"{"count":-0}"#, r#"{"count":7,"count":7}"#, r#"{"count":1e3}"#, "{", ""] {
            assert!(from_canonical::<Sample>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_deep_huge_or_there_twice_is_refused() {
        let deep = |levels: usize| format!(r#"{{"about":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        for levels in [1, 127, 128, 100_000] {
            assert!(matches!(from_canonical::<Sample>(&deep(levels)), Err(CanonicalError::Shape(_))), "{levels}");
        }
        assert!(matches!(from_canonical::<Sample>(&"[".repeat(100_000)), Err(CanonicalError::Shape(_))));
        for number in ["18446744073709551616", "1e999", "-1", "1".repeat(10_000).as_str()] {
            let text = format!(r#"{{"count":{number}}}"#);
            assert!(matches!(from_canonical::<Sample>(&text), Err(CanonicalError::Shape(_))), "{number}");
        }
        let twice = format!(r#"{{{}"count":7}}"#, r#""count":7,"#.repeat(1_000));
        assert!(matches!(from_canonical::<Sample>(&twice), Err(CanonicalError::Shape(_))));
    }

    #[test]
    fn an_unknown_member_is_told_apart() {
        assert_eq!(
            from_canonical::<Sample>(r#"{"count":7,"newer":1}"#),
            Err(CanonicalError::UnknownMember("newer".to_owned()))
        );
    }

    #[test]
    fn the_writer_agrees_with_an_independent_canonicaliser() {
        let sample = Sample { about: Some("a \"quoted\" \\ / ~ !".to_owned()), count: INTEGER_MAX };
        assert_eq!(to_canonical(&sample), serde_json_canonicalizer::to_string(&sample).unwrap());
    }
}
