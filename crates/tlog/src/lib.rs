//! Transparency-log arithmetic and the C2SP text formats. Knows nothing of artworks.
//!
//! Pure: no I/O, no async, no clock.

pub mod checkpoint;
pub mod hash;
pub mod key;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod tile;
pub mod tree;
