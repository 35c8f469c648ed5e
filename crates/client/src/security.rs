//! Answers that do not prove what they should: never used, never asked again.

use std::fmt;
use std::path::PathBuf;

use colophon_ledger::certificate::CertificateError;
use colophon_ledger::proved::ProvedError;
use colophon_tlog::checkpoint::{CheckpointError, SignedCheckpoint};
use colophon_tlog::receipt::ReceiptError;

use crate::failure::{Class, Failure, shown};

/// Why an answer was thrown away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    /// The log's history does not fit what it showed before.
    #[error(transparent)]
    Fork(Box<Fork>),
    /// The checkpoint is not signed by the register's key.
    #[error("the checkpoint is not this register's: {}", shown(&.0.to_string()))]
    Checkpoint(CheckpointError),
    /// A proof leads elsewhere, or something is not said that should be.
    #[error("{}", shown(&.0.to_string()))]
    Proved(ProvedError),
    /// The certificate does not prove what it says.
    #[error("the certificate: {}", shown(&.0.to_string()))]
    Certificate(CertificateError),
    /// The receipt does not prove that the entry is in the log.
    #[error("the receipt: {}", shown(&.0.to_string()))]
    Receipt(ReceiptError),
    /// The answer is about something else than what was asked.
    #[error("asked about {asked}, the node answers about {given}")]
    Other {
        /// What was asked.
        asked: String,
        /// What the answer is about.
        given: String,
    },
    /// Parts of the answer contradict each other.
    #[error("the answer contradicts itself: {0}")]
    Contradiction(String),
}

impl SecurityError {
    /// Says that the answer is about something else.
    pub(crate) fn other(asked: impl fmt::Display, given: impl fmt::Display) -> SecurityError {
        SecurityError::Other { asked: shown(&asked.to_string()), given: shown(&given.to_string()) }
    }
}

impl Failure for SecurityError {
    fn class(&self) -> Class {
        Class::Security
    }

    fn cure(&self) -> String {
        match self {
            SecurityError::Fork(fork) if fork.evidence.is_ok() => {
                "do not rely on this register; show the file to its operator and to others who use it".to_owned()
            }
            SecurityError::Fork(_) => "do not rely on this register; write down both sizes and roots".to_owned(),
            SecurityError::Checkpoint(_) => {
                "check the address; if it is right, ask the operator why another key signs".to_owned()
            }
            SecurityError::Proved(_)
            | SecurityError::Certificate(_)
            | SecurityError::Receipt(_)
            | SecurityError::Other { .. }
            | SecurityError::Contradiction(_) => {
                "do not rely on this answer; tell the operator, and ask another node of the register".to_owned()
            }
        }
    }
}

/// A log whose new checkpoint does not go with what it showed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The log's name.
    pub origin: String,
    /// The newest checkpoint seen before. None: it is the pinned genesis that does not fit.
    pub old: Option<SignedCheckpoint>,
    /// The checkpoint that does not fit.
    pub new: SignedCheckpoint,
    /// How it does not.
    pub misfit: Misfit,
    /// The file in which both checkpoints are kept, or why they could not be.
    pub evidence: Result<PathBuf, String>,
}

/// How two checkpoints do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// Same size, another root: the log is signed twice over.
    Roots,
    /// The larger log, as its own tiles show, does not begin with the smaller: what was there has been rewritten.
    Rewritten,
    /// The tiles handed out do not lead to the checkpoint. Says which, or how.
    Tiles(String),
    /// A tile that is needed is not handed out: that the log goes on from what it was is not shown.
    Withheld(String),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::Roots => f.write_str("two different logs of one size are signed"),
            Misfit::Rewritten => f.write_str("entries that were there have been changed or taken out"),
            Misfit::Tiles(why) => write!(f, "its tiles do not lead to the checkpoint: {}", shown(why)),
            Misfit::Withheld(path) => {
                write!(f, "it does not hand out {path}, without which nothing shows that they fit")
            }
        }
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new = self.new.checkpoint().size;
        write!(f, "the history of the register {} does not fit: ", self.origin)?;
        match &self.old {
            Some(old) if new < old.checkpoint().size => {
                write!(f, "it has gone back from {} to {new} entries; ", old.checkpoint().size)?;
            }
            Some(old) => write!(f, "it showed {} entries before and now shows {new}; ", old.checkpoint().size)?,
            None => write!(f, "it shows {new} entries, and they do not begin with the genesis it is known by; ")?,
        }
        write!(f, "{}; ", self.misfit)?;
        match &self.evidence {
            Ok(path) => write!(f, "both checkpoints are kept in {}", path.display()),
            Err(why) => write!(f, "the checkpoints could not be kept: {}", shown(why)),
        }
    }
}

impl std::error::Error for Fork {}
