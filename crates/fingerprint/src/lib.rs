//! A work's bytes in, its fingerprint out.
//!
//! In scope: SHA-256, size and media type of a file of any size, a stream, or a folder of any number of files; the units of
//! its ISCC (ISO 24138), which similar works have alike; where a file carries Content Credentials. Everything is judged by
//! content, never by name, but for Markdown. Memory does not grow with a file's size, except that what is decoded (pictures, documents)
//! has its named bounds; a folder costs 64 bytes a file while it is added up. Videos are looked at by
//! a program of this machine, where it is there. Absent: network, ledger, keys.

mod code;
mod content;
mod deadline;
mod error;
pub mod file;
pub mod folder;
pub mod leaf;
pub mod likeness;
pub mod listing;
pub mod manifest;
pub mod media;
pub mod picture;
mod pieces;
pub mod reading;
mod sound;
pub mod text;
pub mod thumbnail;
pub mod units;
pub mod video;

pub use code::Code;
pub use content::{Content, ContentKind};
pub use error::ContentError;
pub use file::{FileError, FileFingerprint, fingerprint_file, fingerprint_reader};
pub use folder::{FolderError, FolderFile, FolderStep, FolderSurvey, FolderTree, fingerprint_folder, survey_folder};
pub use leaf::path_digest;
pub use likeness::{Grade, SecondOpinion, distance, grade};
pub use listing::{Listed, Listing, list_files};
pub use manifest::{Manifest, ManifestError, find_manifest};
pub use reading::{content_of_bytes, content_of_file, content_of_stream};
pub use units::{ByteUnits, identify_file, identify_reader};
