//! The boxes of a manifest store (JUMBF, ISO/IEC 19566-5), no deeper than the manifests' labels.

use super::{LABEL_BYTES_MAX, ManifestError};

/// Length and type of a box, and the longer length that may follow.
const HEADER_BYTES: usize = 8;
const LONG_HEADER_BYTES: usize = 16;
/// A description's type and toggles, in front of its label; and the toggle that says there is one.
const TYPE_BYTES: usize = 16;
const TOGGLE_LABEL: u8 = 0b10;
/// The label of a manifest store.
const STORE_LABEL: &str = "c2pa";

/// One box.
struct Part<'b> {
    kind: [u8; 4],
    content: &'b [u8],
    /// What follows it.
    rest: &'b [u8],
}

/// Returns the superbox that `bytes` begin with, without what may follow it to fill its container.
pub(super) fn superbox(bytes: &[u8]) -> Result<&[u8], ManifestError> {
    let part = part(bytes)?;
    bytes.get(..bytes.len() - part.rest.len()).ok_or(ManifestError::Store("its length is wrong"))
}

/// Returns whether these bytes begin like a manifest store.
pub(super) fn is_store(bytes: &[u8]) -> bool {
    let content = match header(bytes) {
        Some((_, kind, header)) if &kind == b"jumb" => bytes.get(header..),
        _ => None,
    };
    content.and_then(|content| label(content).ok()) == Some(STORE_LABEL)
}

/// Returns the label of a store's active manifest: of its last.
pub(super) fn active_label(store: &[u8]) -> Result<String, ManifestError> {
    let outer = part(store)?;
    if &outer.kind != b"jumb" || label(outer.content)? != STORE_LABEL {
        return Err(ManifestError::Store("it is not labelled as one"));
    }
    let mut rest = part(outer.content)?.rest;
    let mut newest = None;
    while !rest.is_empty() {
        let manifest = part(rest)?;
        if &manifest.kind == b"jumb" {
            newest = Some(manifest.content);
        }
        rest = manifest.rest;
    }
    let newest = newest.ok_or(ManifestError::Store("there is no manifest in it"))?;
    label(newest).map(ToOwned::to_owned)
}

/// Returns a box's whole length (0: to the end), its type, and the length of its header.
fn header(bytes: &[u8]) -> Option<(u64, [u8; 4], usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    match u32::from_be_bytes(*length) {
        1 => Some((u64::from_be_bytes(*rest.first_chunk::<8>()?), *kind, LONG_HEADER_BYTES)),
        length => Some((u64::from(length), *kind, HEADER_BYTES)),
    }
}

fn part(bytes: &[u8]) -> Result<Part<'_>, ManifestError> {
    let (length, kind, header) = header(bytes).ok_or(ManifestError::Store("a box is cut off"))?;
    let length = if length == 0 { bytes.len() } else { usize::try_from(length).unwrap_or(usize::MAX) };
    let (whole, rest) = bytes.split_at_checked(length).ok_or(ManifestError::Store("a box is longer than the store"))?;
    let content = whole.get(header..).ok_or(ManifestError::Store("a box is shorter than its header"))?;
    Ok(Part { kind, content, rest })
}

/// Returns the label in the description that a superbox's content begins with.
fn label(content: &[u8]) -> Result<&str, ManifestError> {
    let description = part(content)?;
    if &description.kind != b"jumd" {
        return Err(ManifestError::Store("a box has no description"));
    }
    let (toggles, text) = (description.content.get(TYPE_BYTES..))
        .and_then(<[u8]>::split_first)
        .ok_or(ManifestError::Store("a description is cut off"))?;
    let end = text.iter().position(|byte| *byte == 0).filter(|_| toggles & TOGGLE_LABEL != 0);
    let text = end.and_then(|end| text.get(..end)).ok_or(ManifestError::Store("a box has no label"))?;
    let readable = !text.is_empty() && text.len() <= LABEL_BYTES_MAX && text.iter().all(u8::is_ascii_graphic);
    str::from_utf8(text)
        .ok()
        .filter(|_| readable)
        .ok_or(ManifestError::Store("a label is not 1 to 200 plain characters"))
}
