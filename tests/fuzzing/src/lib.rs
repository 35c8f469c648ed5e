//! What the fuzz targets check, where they begin, and a mutator for the smoke run: shared by `cargo fuzz` and `make test`.
//!
//! Each target is a function that takes any bytes and asserts more than that nothing panics: what is read is written back
//! the same, limits hold, two readers agree, and what verifies is true. `target::TARGETS` lists them all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a target that cannot go on has found something")]

// What the tests of the fingerprints make, so that fuzzing begins with it too.
#[path = "../../../crates/fingerprint/tests/fingerprint/carriers.rs"]
mod carriers;
#[path = "../../../crates/fingerprint/tests/fingerprint/corpus.rs"]
mod corpus;
#[path = "../../../crates/fingerprint/tests/fingerprint/painting.rs"]
mod painting;

pub mod add_checkpoint;
pub mod apply;
pub mod body;
pub mod card;
pub mod cards_file;
pub mod certificate;
pub mod checkpoint;
pub mod choices;
pub mod commits;
pub mod content;
pub mod cosignatures;
pub mod disk;
pub mod draft;
pub mod entry;
pub mod evidence;
pub mod field;
pub mod iscc;
pub mod journal;
pub mod list;
pub mod log_file;
pub mod manifest;
pub mod mutate;
pub mod note;
pub mod people;
pub mod pinned;
pub mod policy;
pub mod problem;
pub mod proof;
pub mod receipt;
pub mod redo;
pub mod request;
pub mod slots;
pub mod spelling;
pub mod state;
pub mod story;
pub mod tamper;
pub mod target;
pub mod text_search;
pub mod tile;
pub mod video_signature;
