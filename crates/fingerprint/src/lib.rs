//! A work's bytes in, its fingerprint out.
//!
//! In scope: SHA-256, size and media type of a file of any size, a stream, or a folder of any number of files. Everything
//! is judged by content, never by name. Memory does not grow with a file's size; a folder costs 64 bytes a file while it
//! is added up. Absent: network, ledger, keys.

pub mod file;
pub mod folder;
pub mod leaf;
pub mod media;

pub use file::{FileError, FileFingerprint, fingerprint_file, fingerprint_reader};
pub use folder::{FolderError, FolderFile, FolderStep, FolderSurvey, FolderTree, fingerprint_folder, survey_folder};
pub use leaf::path_digest;
