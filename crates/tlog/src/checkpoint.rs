//! Checkpoints: a log's signed word for its size and root (<https://c2sp.org/tlog-checkpoint>).
//!
//! ```text
//! registry.example/art
//! 70000
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — registry.example/art Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp…
//! ```

use std::fmt;

use crate::hash::Hash;
use crate::note::{Note, NoteError, SIGNATURES_MAX, Signer, VerifierKey};
use crate::size::TreeSize;
use crate::spelling::parse_decimal;

/// Why text was not accepted as a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not signed by the log's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not three lines.
    #[error("a checkpoint has three lines: origin, size, root")]
    Lines,
    /// Another log's.
    #[error("the checkpoint is of the log {0:?}")]
    Origin(String),
    /// Its size is no plain number, or larger than any tree.
    #[error("size line {0:?} is not a plain decimal number below 2^63")]
    Size(String),
    /// Its root is no hash.
    #[error("root line {0:?} is not the base64 of a hash")]
    Root(String),
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: TreeSize,
    /// The root of their tree.
    pub root: Hash,
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

impl Checkpoint {
    /// Reads the text of a checkpoint. Extension lines are refused: no log this software follows writes any.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if origin.is_empty() {
            return Err(CheckpointError::Lines);
        }
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size: parse_decimal(size).and_then(TreeSize::new).ok_or_else(|| CheckpointError::Size(shortened(size)))?,
            root: Hash::from_base64(root).map_err(|_| CheckpointError::Root(shortened(root)))?,
        })
    }

    /// Returns the text, with its last newline.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Signs the checkpoint with the log's key.
    pub fn sign(self, log: &Signer) -> Result<SignedCheckpoint, CheckpointError> {
        let text = self.to_text();
        let line = log.sign(&text);
        let note = Note::new(text, vec![line])?;
        Ok(SignedCheckpoint { checkpoint: self, note })
    }
}

/// A checkpoint whose log's signature verifies. `Display` gives the very bytes that were opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Opens a checkpoint of the log whose key is `log` and whose origin is that key's name.
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<SignedCheckpoint, CheckpointError> {
        let note = Note::parse(bytes, SIGNATURES_MAX)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != log.name() {
            return Err(CheckpointError::Origin(shortened(&checkpoint.origin)));
        }
        note.verify(std::slice::from_ref(log))?;
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// Returns what it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the note with all its signatures, those by unknown keys too.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
