//! What a file shows, plays or says, read by another process where its reader's memory has no bounds of its own.
//!
//! Those are PDFs: an object in memory takes some sixty times the bytes that it takes in the file, and a file may hold very many.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use colophon_fingerprint::text::TextForm;
use colophon_fingerprint::{Code, Content, ContentError, ContentKind, content_of_file, content_of_stream};
use serde::{Deserialize, Serialize};

use crate::apart::process::{ask, take_input};
use crate::words::shown;

const PDF: &str = "application/pdf";
/// What is done apart, as [`super::Work::Document`] is called.
const WORK: &str = "document";

/// Why a file has no code of its content, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    what: String,
    cure: String,
}

impl Unread {
    /// Returns what the person can do about it.
    pub fn cure(&self) -> &str {
        &self.cure
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl From<ContentError> for Unread {
    fn from(error: ContentError) -> Unread {
        Unread { what: error.to_string(), cure: error.cure().to_owned() }
    }
}

/// What the process says of a document.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// The code of its text, in hex.
    Code(String),
    /// The same, of a text of next to no words.
    ScantCode(String),
    /// Why it has none, and what can be done about it.
    Unread { what: String, cure: String },
}

/// Returns the content of a file of this media type, or none if the type has no code here.
pub fn content(path: &Path, media_type: &str) -> Result<Option<Content>, Unread> {
    if media_type != PDF {
        return Ok(content_of_file(path, media_type)?);
    }
    let broke_down = |error: std::io::Error| Unread {
        what: error.to_string(),
        cure: "register it by its digests alone, or a smaller rendition of it beside it".to_owned(),
    };
    let said = std::env::current_exe().and_then(|program| ask(&program, &[OsStr::new(WORK)], path));
    let (code, scant) = match said.map_err(broke_down)? {
        Said::Code(code) => (code, false),
        Said::ScantCode(code) => (code, true),
        Said::Unread { what, cure } => return Err(Unread { what: shown(&what), cure: shown(&cure) }),
    };
    let code = hex::decode(&code).ok().and_then(|code| Code::try_from(code).ok());
    let code = code.ok_or(ContentError::BrokeDown)?;
    Ok(Some(Content { kind: ContentKind::Text, code, prep: TextForm::Pdf.prep(), thumbnail: None, scant }))
}

/// Reads the document on standard input, in a process of its own.
pub(super) fn of_document() -> impl Serialize {
    let read = || content_of_stream(take_input()?, PDF)?.ok_or(ContentError::BrokeDown);
    match read() {
        Ok(content) if content.scant => Said::ScantCode(hex::encode(content.code)),
        Ok(content) => Said::Code(hex::encode(content.code)),
        Err(error) => Said::Unread { what: error.to_string(), cure: error.cure().to_owned() },
    }
}
