//! Files that may carry Content Credentials: whatever they are, a store that is found is one, and is the same when found again.

use std::io::Cursor;

use colophon_fingerprint::find_manifest;
use colophon_fingerprint::manifest::LABEL_BYTES_MAX;
use colophon_ledger::field::ManifestLabel;

use crate::carriers::carriers;

/// Words of the containers.
pub const WORDS: &[&str] = &[
    "jumb",
    "jumd",
    "c2pa",
    "caBX",
    "C2PA",
    "uuid",
    "JP",
    "ftypisom",
    "\u{0}\u{0}\u{0}\u{1}",
    "manifest\u{0}",
    "GIF89a",
    "C2PA_GIF\u{1}\u{0}\u{0}",
    "ID3\u{4}",
    "GEOB",
    "application/c2pa\u{0}",
    "<svg>",
    "<metadata>",
    "<c2pa:manifest>",
    "</",
    "<![CDATA[",
];

/// Looks for a manifest store.
pub fn check(data: &[u8]) {
    let Ok(Some(manifest)) = find_manifest(&mut Cursor::new(data)) else { return };
    assert!(manifest.label.len() <= LABEL_BYTES_MAX && manifest.label.parse::<ManifestLabel>().is_ok());
    let again = find_manifest(&mut Cursor::new(data)).unwrap();
    assert_eq!(again, Some(manifest));
}

/// Files of every container.
pub fn seeds() -> Vec<Vec<u8>> {
    carriers().into_iter().map(|(_, file)| file).collect()
}
