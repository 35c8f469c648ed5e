//! What a file's content is known by.

use crate::code::Code;
use crate::thumbnail::Thumbnail;

/// What sort of content a code is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContentKind {
    /// Something to read.
    Text,
    /// A still picture.
    Image,
    /// Something to hear.
    Audio,
    /// A moving picture.
    Video,
}

/// What a file's content is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What sort it is.
    pub kind: ContentKind,
    /// The ISCC Content unit.
    pub code: Code,
    /// How the file was prepared for it, such as `image-1`: another preparation may give another code.
    pub prep: &'static str,
    /// Of a picture: what it was reduced to.
    pub thumbnail: Option<Thumbnail>,
    /// Of a text or a sound: whether next to nothing is in it. Such codes are alike, and say nothing. Of a picture its code tells that.
    pub scant: bool,
}
