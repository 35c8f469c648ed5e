//! Fields of bodies: each has one spelling, within its length, whichever way it is read.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use colophon_ledger::account::{AccountId, AccountPrev, Multikey};
use colophon_ledger::field::{
    Country, Currency, Date, Digest, DocumentType, Fingerprint, License, MediaType, Origin, Role, SourceType, WorkKind,
};
use colophon_tlog::note::{SignatureLine, VerifierKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::people::{account, digest};
use crate::spelling::is_signature_line;
use crate::story::{ORIGIN, log_signer};

/// Words of fields.
pub const WORDS: &[&str] =
    &["z6Mk", "2026-11-23", "image/png", "EUR", "FR", "art", "cosignature/v1", "/", ".", "-", "\u{0}", "0"];

/// Reads the text as every field there is.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    field::<Digest>(text, 64);
    field::<Multikey>(text, 48);
    field::<AccountId>(text, 48);
    field::<AccountPrev>(text, 64);
    field::<Origin>(text, 255);
    field::<Country>(text, 2);
    field::<Currency>(text, 3);
    field::<Date>(text, 10);
    field::<Role>(text, 3);
    field::<WorkKind>(text, 32);
    field::<SourceType>(text, 64);
    field::<License>(text, 200);
    field::<MediaType>(text, 127);
    field::<Fingerprint>(text, 256);
    field::<DocumentType>(text, 48);
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    let line = text.parse::<SignatureLine>();
    assert_eq!(line.is_ok(), is_signature_line(text), "{line:?}");
    if let Ok(line) = line {
        assert_eq!(line.to_string(), text);
    }
}

/// Reads text as one field: from text and from JSON alike, and written back the same.
fn field<T: FromStr + Display + Serialize + DeserializeOwned + PartialEq + Debug>(text: &str, most: usize) {
    let quoted = serde_json::to_string(text).unwrap();
    let read: Option<T> = text.parse().ok();
    assert_eq!(read, serde_json::from_str(&quoted).ok(), "{text:?}");
    let Some(value) = read else { return };
    assert_eq!(value.to_string(), text);
    assert_eq!(serde_json::to_string(&value).unwrap(), quoted);
    assert!(text.len() <= most && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
}

/// One value of each field.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        digest("x").to_string(),
        account("ana").to_string(),
        ORIGIN.to_owned(),
        log_signer().verifier().to_string(),
        log_signer().sign("text\n").to_string(),
        "FR".to_owned(),
        "EUR".to_owned(),
        "2026-11-23".to_owned(),
        "art".to_owned(),
        "digital_image".to_owned(),
        "digitalCreation".to_owned(),
        "LicenseRef-ARR".to_owned(),
        "image/svg+xml".to_owned(),
        "ISCC:KECYCMZIOY36XXGZ".to_owned(),
        "EXPORT_CERT_ORIGIN".to_owned(),
        "a".repeat(255),
    ];
    texts.map(String::into_bytes).to_vec()
}
