//! Where a file carries Content Credentials: the C2PA manifest store in it, its hash, and the label of the active manifest.
//!
//! Nothing is validated here and nothing else in the store is read (it may hold places and faces). The containers are those
//! of C2PA 2.2, appendix A: JPEG (APP11), PNG (`caBX`), ISO base media (`uuid`), JPEG XL (`jumb`), RIFF (`C2PA`), GIF (an
//! application extension), TIFF and DNG (field 0xcd41), MP3 and FLAC (`GEOB` of ID3), SVG (`c2pa:manifest`). Absent: PDF, in
//! which nothing is found without a whole reader of its objects. The hash is of the store's JUMBF superbox as it would stand in
//! a file of its own, so it is the same in every container.

mod carrier;
mod jumbf;

use std::io::{self, Read, Seek};

use colophon_tlog::hash::{Hash, sha256};

/// The longest manifest store, in bytes.
pub const STORE_BYTES_MAX: u64 = 32 << 20;
/// How many segments, chunks, boxes, blocks, frames or fields of a file are looked at.
pub const PARTS_MAX: usize = 1 << 16;
/// The longest label of a manifest, in bytes.
pub const LABEL_BYTES_MAX: usize = 200;

/// A manifest store, found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the store.
    pub store: Hash,
    /// The label of the active manifest, such as `urn:c2pa:…`.
    pub label: String,
}

/// Why a file's manifest store could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file could not be read.
    #[error("it could not be read: {0}")]
    Read(#[from] io::Error),
    /// The file's parts do not fit into each other.
    #[error("its parts do not fit: {0}")]
    Container(&'static str),
    /// More parts than are looked at.
    #[error("it has more than {PARTS_MAX} parts")]
    TooManyParts,
    /// A longer store than is read.
    #[error("its manifest store has {0} bytes, more than {STORE_BYTES_MAX}")]
    TooLong(u64),
    /// More than one store, of which none counts (C2PA 2.2, 11.1.3).
    #[error("it has more than one manifest store")]
    Several,
    /// The store is none.
    #[error("its manifest store is damaged: {0}")]
    Store(&'static str),
}

/// Finds the manifest store of a file, whatever its name; none if it has none, or is of a kind that is not looked into.
pub fn find_manifest<R: Read + Seek>(reader: &mut R) -> Result<Option<Manifest>, ManifestError> {
    let Some(found) = carrier::find(reader)? else { return Ok(None) };
    let store = jumbf::superbox(&found)?;
    let label = jumbf::active_label(store)?;
    Ok(Some(Manifest { store: sha256(store), label }))
}
