//! What keeps a copy from going on, told apart by who is to blame.

use std::path::PathBuf;

use colophon_client::failure::{Class, Failure as _};
use colophon_client::follow::FollowError;
use colophon_client::tiles::TreeError;
use colophon_ledger::state::Unreadable;

use crate::follow::following::Standing;
use crate::sequencer::Fatal;

/// Why a copy did not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// A fault of the register, the network or this machine. It will pass.
    #[error("{0}")]
    Away(String),
    /// There is no room on this machine's disk.
    #[error("{0}")]
    Full(String),
    /// What was answered proves nothing. It was not used.
    #[error("{0}")]
    Unproved(String),
    /// The register broke its word.
    #[error("{why}")]
    Caught {
        /// What it did.
        why: String,
        /// The file that shows it.
        evidence: Result<PathBuf, String>,
    },
    /// This software is too old.
    #[error("{0}")]
    NeedsNewer(String),
    /// The copy has to be opened again first.
    #[error("{0}")]
    Reopen(String),
    /// The copy is to stop.
    #[error("stopped")]
    Stopped,
    /// It is not known what is on this machine's disk.
    #[error(transparent)]
    Fatal(Fatal),
}

impl Trouble {
    /// Returns how the copy stands to its register with this trouble; nothing where it has to end.
    pub(super) fn standing(&self) -> Option<Standing> {
        match self {
            Trouble::Away(why) => Some(Standing::Away(why.clone())),
            Trouble::Full(why) => Some(Standing::Full(why.clone())),
            Trouble::Unproved(why) => Some(Standing::Unproved(why.clone())),
            Trouble::Caught { why, evidence } => {
                Some(Standing::Caught { why: why.clone(), evidence: evidence.clone() })
            }
            Trouble::NeedsNewer(why) => Some(Standing::NeedsNewer(why.clone())),
            Trouble::Reopen(_) | Trouble::Stopped | Trouble::Fatal(_) => None,
        }
    }
}

impl<E: Into<Fatal>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::Fatal(error.into())
    }
}

/// Returns the trouble with answers of which nothing shows that the register itself is to blame.
pub(super) fn of_tree(error: &TreeError) -> Trouble {
    if error.class() == Class::Security {
        Trouble::Unproved(error.to_string())
    } else {
        Trouble::Away(error.to_string())
    }
}

/// Returns the trouble with a checkpoint that did not come or is not the register's.
pub(super) fn of_checkpoint(error: &FollowError) -> Trouble {
    if error.class() == Class::Security {
        Trouble::Unproved(error.to_string())
    } else {
        Trouble::Away(error.to_string())
    }
}

/// Returns the trouble with this copy's own tables. They are made again by themselves.
pub(super) fn of_tables(error: &Unreadable) -> Trouble {
    Trouble::Away(format!("this copy's tables: {error}"))
}
