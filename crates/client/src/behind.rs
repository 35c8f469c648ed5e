//! A copy of a register that shows less than has been seen of it.
//!
//! A smaller checkpoint and a larger one, both signed, contradict each other only where the larger tree does not begin with the
//! smaller one. A copy that is behind does not have what would show it either way, so nothing it says is used, and nobody is accused.

use std::fmt;

use colophon_tlog::checkpoint::SignedCheckpoint;

use crate::failure::shown;
use crate::http::HttpError;
use crate::security::{Fork, Misfit};

/// What a person can do about it.
pub(crate) const CURE: &str =
    "try again once the copy has caught up, or ask the register itself, or another copy, with --node URL";

/// A copy that shows fewer entries than have been seen, and cannot show that they are the first of those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// What the copy shows.
    pub given: SignedCheckpoint,
    /// The newest checkpoint seen before.
    pub seen: SignedCheckpoint,
    /// What the copy does not have, of all that would show that the two fit.
    pub missing: String,
    /// Why the register itself did not show it; nothing where no address of it is known.
    pub register: Option<HttpError>,
}

impl Behind {
    pub(crate) fn new(
        given: &SignedCheckpoint,
        seen: &SignedCheckpoint,
        missing: String,
        register: Option<HttpError>,
    ) -> Behind {
        Behind { given: given.clone(), seen: seen.clone(), missing, register }
    }

    /// Returns the fork that it is if something shows that the two do not fit. What shows it is still to be kept.
    pub(crate) fn as_fork(&self) -> Fork {
        Fork {
            origin: self.given.checkpoint().origin.clone(),
            old: Some(self.seen.clone()),
            new: self.given.clone(),
            misfit: Misfit::Withheld(self.missing.clone()),
            evidence: Err(String::new()),
        }
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (given, seen) = (self.given.checkpoint().size, self.seen.checkpoint().size);
        write!(f, "this copy is behind: it has {given} entries, and {seen} have been seen before; ")?;
        match &self.register {
            Some(error) => {
                write!(
                    f,
                    "the register itself, which could show that they fit, does not: {}",
                    shown(&error.to_string())
                )
            }
            None => f.write_str("nothing shows yet that they fit"),
        }
    }
}

impl std::error::Error for Behind {}
