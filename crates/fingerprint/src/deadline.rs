//! When a reader of a stranger's file gives up by itself.
//!
//! Nobody can end a thread from outside: one that is left to itself keeps a core and its memory. So whatever can go on and on looks
//! at the time between two pieces of work.

use std::time::{Duration, Instant};

use crate::error::ContentError;

/// The moment after which nobody waits any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    begun: Instant,
    time: Duration,
}

impl Deadline {
    /// Returns the deadline of work that begins now and may take so long.
    pub(crate) fn after(time: Duration) -> Deadline {
        Deadline { begun: Instant::now(), time }
    }

    /// Returns whether it has passed.
    pub(crate) fn has_passed(&self) -> bool {
        self.begun.elapsed() >= self.time
    }

    /// Gives up, if it has passed.
    pub(crate) fn check(&self) -> Result<(), ContentError> {
        if self.has_passed() { Err(ContentError::TooSlow(self.time)) } else { Ok(()) }
    }
}
