//! Why a file's content is not read.

use std::time::Duration;

/// Why a file has no Content unit. The text says what happened; [`ContentError::cure`] what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// It could not be read.
    #[error("it could not be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is not what its first bytes say, or is damaged.
    #[error("its {what} cannot be decoded: {why}")]
    Broken {
        /// What was expected in it.
        what: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// More of something than is decoded here.
    #[error("{found} {what} are more than the {max} that are decoded here")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much was found, or where counting stopped.
        found: u64,
        /// How much is decoded.
        max: u64,
    },
    /// It is of a kind that no decoder here takes.
    #[error("its {what} is of a kind that is not decoded here: {why}")]
    Unsupported {
        /// What was expected in it.
        what: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// It is larger than its decoder may be asked for.
    #[error("its picture is larger than is decoded here: {side_max} pixels a side, and {bytes_max} bytes in memory")]
    TooLarge {
        /// The longest side, in pixels.
        side_max: u32,
        /// The most memory, in bytes.
        bytes_max: u64,
    },
    /// There is nothing in it to make a code of.
    #[error("there is no {0} in it")]
    Nothing(&'static str),
    /// Decoding took too long.
    #[error("its content was not decoded within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// As many decoders as may be are left to themselves already.
    #[error("{0} decoders that took too long are still at work")]
    LeftBehind(usize),
    /// The decoder broke down.
    #[error("its decoder broke down")]
    BrokeDown,
}

impl ContentError {
    /// Returns what the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            ContentError::Read(_) => "check the disk or the network share, then try again",
            ContentError::Broken { .. } | ContentError::BrokeDown => {
                "open it with the program that made it and save it anew, or register it by its digests alone"
            }
            ContentError::Unsupported { .. } => {
                "register it by its digests alone, or the same saved in another format, a picture as PNG say, beside it"
            }
            ContentError::TooMuch { .. } | ContentError::TooLarge { .. } | ContentError::TooSlow(_) => {
                "register it by its digests alone, or a smaller rendition of it beside it"
            }
            ContentError::LeftBehind(_) => "register it by its digests alone, or by itself later",
            ContentError::Nothing(_) => "nothing need be done: it is known by its digests alone",
        }
    }
}

/// Returns the error of content that a decoder would not take.
pub(crate) fn broken(what: &'static str, why: &dyn std::fmt::Display) -> ContentError {
    ContentError::Broken { what, why: why.to_string().trim_end_matches(['.', ' ', '\n']).to_owned() }
}
