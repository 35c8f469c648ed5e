//! A node's problem document (RFC 9457) as a typed error.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::{Class, Failure, shown};

/// The longest problem document that is read, in bytes: one that proves an absence carries records and proofs.
pub const PROBLEM_BYTES_MAX: usize = 256 * 1024;
/// The longest stable code.
const CODE_BYTES_MAX: usize = 64;
/// Stands for the code where the answer has none.
const NO_CODE: &str = "none";

/// What a node says is wrong with a request. Its texts are safe to show.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code, `[a-z0-9_]`; `none` if the answer was no problem document.
    pub code: String,
    /// What is wrong with this request.
    pub detail: String,
    /// What would cure it.
    pub cure: Option<String>,
    /// After how long to try again.
    pub retry_after: Option<Duration>,
    body: Vec<u8>,
}

#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    cure: Option<String>,
}

impl Problem {
    /// Reads an answer that is no success. One that is no problem document becomes a problem without a code.
    pub fn read(status: u16, retry_after: Option<Duration>, body: Vec<u8>) -> Problem {
        let document: Document = serde_json::from_slice(&body).unwrap_or_default();
        let Document { code, title, detail, cure } = document;
        let detail = if detail.is_empty() { title } else { detail };
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let has_code = (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(is_code);
        Problem {
            status,
            code: if has_code { code } else { NO_CODE.to_owned() },
            detail: if detail.is_empty() { format!("status {status}") } else { shown(&detail) },
            cure: cure.filter(|cure| !cure.is_empty()).map(|cure| shown(&cure)),
            retry_after,
            body,
        }
    }

    /// Returns an extension member of the document, if it is there and of this type.
    pub(crate) fn member<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&self.body).ok()?;
        serde_json::from_value(members.remove(name)?).ok()
    }
}

impl Failure for Problem {
    fn class(&self) -> Class {
        match self.status {
            408 | 429 | 500.. => Class::Fault,
            400..=499 => Class::Refusal,
            _ => Class::Unable,
        }
    }

    fn cure(&self) -> String {
        match (&self.cure, self.class(), self.retry_after) {
            (Some(cure), _, _) => cure.clone(),
            (None, Class::Fault, Some(after)) => format!("try again in {} s", after.as_secs()),
            (None, Class::Fault, None) => "try again later".to_owned(),
            (None, Class::Refusal, _) if self.code == NO_CODE => "check that the address is a register's".to_owned(),
            (None, Class::Refusal, _) => format!("look up the code {} in the specification", self.code),
            (None, Class::Unable, _) if (300..400).contains(&self.status) => {
                "it sends askers elsewhere: give the address that it leads to".to_owned()
            }
            (None, Class::Security | Class::Unable, _) => "check that the address is a register's".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == NO_CODE {
            return write!(f, "the node answers: {}", self.detail);
        }
        write!(f, "the node answers: {} ({})", self.detail, self.code)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({} {} {:?})", self.status, self.code, self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(status: u16, body: &str) -> Problem {
        Problem::read(status, None, body.as_bytes().to_vec())
    }

    #[test]
    fn a_document_is_read_with_its_code_and_cure() {
        let problem =
            read(409, r#"{"title":"t","detail":"it moved","code":"prev_stale","cure":"look it up","status":200}"#);
        assert_eq!((problem.code.as_str(), problem.status, problem.class()), ("prev_stale", 409, Class::Refusal));
        assert_eq!(
            (problem.to_string().as_str(), problem.cure().as_str()),
            ("the node answers: it moved (prev_stale)", "look it up")
        );
    }

    #[test]
    fn a_cure_without_words_is_none() {
        let problem = read(409, r#"{"detail":"it moved","code":"prev_stale","cure":""}"#);
        assert_eq!(problem.cure(), "look up the code prev_stale in the specification");
    }

    #[test]
    fn anything_else_is_a_problem_without_a_code() {
        let long = format!(r#"{{"code":"{}"}}"#, "a".repeat(CODE_BYTES_MAX + 1));
        for body in [
            "",
            "<html>",
            "[]",
            "null",
            r#"{"code":"A B"}"#,
            r#"{"code":""}"#,
            long.as_str(),
            "{\"code\":\"a\\u001b\"}",
        ] {
            let problem = read(502, body);
            assert_eq!((problem.code.as_str(), problem.class()), (NO_CODE, Class::Fault), "{body}");
        }
        assert!(read(400, &"[".repeat(100_000)).detail.contains("400"));
    }

    proptest! {
        #[test]
        fn whatever_is_answered_becomes_a_problem_that_can_be_shown(status: u16, body in "\\PC*|.{0,40}") {
            let problem = read(status, &format!(r#"{{"code":"a","detail":{}}}"#, serde_json::to_string(&body).unwrap()));
            prop_assert!(!problem.to_string().contains(char::is_control));
            prop_assert_eq!(Problem::read(status, None, body.into_bytes()).code, NO_CODE);
        }
    }

    #[test]
    fn statuses_fall_into_their_classes() {
        for (status, class) in [
            (302, Class::Unable),
            (400, Class::Refusal),
            (404, Class::Refusal),
            (422, Class::Refusal),
            (408, Class::Fault),
            (429, Class::Fault),
            (500, Class::Fault),
            (503, Class::Fault),
        ] {
            assert_eq!(read(status, "{}").class(), class, "{status}");
        }
    }
}
