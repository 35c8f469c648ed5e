//! How a copy stands to the register that it follows, as everybody may see it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use colophon_client::http::Transport;
use tokio::sync::{Notify, Semaphore, watch};
use tracing::{error, info, warn};

/// How many requests are passed on to the register at the same time.
const PASSED_ON_AT_ONCE: usize = 64;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// What the register showed last is what the copy has.
    Well,
    /// The register gives no answer, or no checkpoint that the policy accepts. It will pass.
    Away(String),
    /// The register gives answers that prove nothing. They are not used; they may be another's fault, and may pass.
    Unproved(String),
    /// The register broke its word. It is not followed any more until the copy is started again.
    Caught {
        /// What it did.
        why: String,
        /// The file that shows it, or why there is none.
        evidence: Result<PathBuf, String>,
    },
    /// There is no room on this machine's disk: the copy stays behind until there is.
    Full(String),
    /// The register goes by rules that this software does not have.
    NeedsNewer(String),
}

impl Standing {
    /// Returns the word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Standing::Well => "ok",
            Standing::Away(_) => "source_away",
            Standing::Full(_) => "disk_full",
            Standing::Unproved(_) | Standing::Caught { .. } => "source_unsound",
            Standing::NeedsNewer(_) => "needs_newer",
        }
    }

    /// Returns whether the register may be believed to be the one that is followed: entries are passed on to it.
    pub fn is_sound(&self) -> bool {
        matches!(self, Standing::Well | Standing::Away(_) | Standing::Full(_))
    }

    /// Returns whether a person must look.
    pub fn is_alarming(&self) -> bool {
        !matches!(self, Standing::Well | Standing::Away(_))
    }

    /// Returns what is the matter, if anything is.
    pub fn why(&self) -> Option<String> {
        match self {
            Standing::Well => None,
            Standing::Away(why) | Standing::Full(why) | Standing::Unproved(why) | Standing::NeedsNewer(why) => {
                Some(why.clone())
            }
            Standing::Caught { .. } => Some(self.to_string()),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Well => f.write_str("well"),
            Standing::Away(why) | Standing::Full(why) | Standing::Unproved(why) | Standing::NeedsNewer(why) => {
                f.write_str(why)
            }
            Standing::Caught { why, evidence: Ok(path) } => write!(f, "{why}; the evidence is in {}", path.display()),
            Standing::Caught { why, evidence: Err(error) } => {
                write!(f, "{why}; the evidence could not be kept: {error}")
            }
        }
    }
}

/// A copy's standing, and the way to the register that it follows.
#[derive(Debug)]
pub struct Following {
    pub(super) transport: Transport,
    standing: RwLock<Standing>,
    size: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    nudge: Notify,
    pub(super) passing: Semaphore,
}

impl Following {
    pub(super) fn new(transport: Transport, size: u64) -> Following {
        Following {
            transport,
            standing: RwLock::new(Standing::Well),
            size: watch::channel(size).0,
            stop: watch::channel(false).0,
            nudge: Notify::new(),
            passing: Semaphore::new(PASSED_ON_AT_ONCE),
        }
    }

    /// Returns the register's address.
    pub fn address(&self) -> &str {
        self.transport.address()
    }

    /// Returns how the copy stands to it.
    pub fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says how the copy stands now. What is new about it is logged once.
    pub(super) fn set(&self, standing: Standing) {
        let mut held = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if held.word() != standing.word() || (held.why() != standing.why() && !standing.is_sound()) {
            tell(&standing);
        }
        *held = standing;
    }

    /// Says that the copy has published so many entries.
    pub(super) fn published(&self, size: u64) {
        self.size.send_replace(size);
    }

    /// Looks at the register at once.
    pub(super) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Waits until the copy has published so many entries, and tells whether it has in time.
    pub(super) async fn has_published(&self, size: u64, patience: Duration) -> bool {
        let mut sizes = self.size.subscribe();
        let reached = tokio::time::timeout(patience, sizes.wait_for(|published| *published >= size)).await;
        matches!(reached, Ok(Ok(_)))
    }

    /// Waits until the copy has published more than so many entries.
    pub(super) async fn grown_beyond(&self, size: u64) {
        let mut sizes = self.size.subscribe();
        // The sender lives as long as this.
        drop(sizes.wait_for(|published| *published > size).await);
    }

    /// Ends the following.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns whether it is ending.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Returns what says that it is ending.
    pub(super) fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Waits until it is ending.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        drop(stop.wait_for(|stopped| *stopped).await);
    }

    /// Waits for so long, until somebody wants the newest at once, or until it is ending.
    pub(super) async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.nudge.notified() => {}
            () = self.stopped() => {}
        }
    }
}

fn tell(standing: &Standing) {
    match standing {
        Standing::Well => info!("The register is followed"),
        Standing::Away(why) => warn!("The register cannot be followed for now: {why}"),
        Standing::Full(why) => warn!("The copy stays behind: {why}"),
        Standing::Unproved(why) => error!("The register shows what proves nothing; the copy stays as it is: {why}"),
        Standing::Caught { .. } => error!("THE REGISTER BROKE ITS WORD; the copy stays as it is: {standing}"),
        Standing::NeedsNewer(why) => error!("The copy stays as it is until this software is newer: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_copy_back_wakes_somebody_unless_it_is_the_register_that_is_away() {
        let why = String::new;
        for (standing, word, is_sound, is_alarming) in [
            (Standing::Well, "ok", true, false),
            (Standing::Away(why()), "source_away", true, false),
            (Standing::Full(why()), "disk_full", true, true),
            (Standing::Unproved(why()), "source_unsound", false, true),
            (Standing::Caught { why: why(), evidence: Err(why()) }, "source_unsound", false, true),
            (Standing::NeedsNewer(why()), "needs_newer", false, true),
        ] {
            let found = (standing.word(), standing.is_sound(), standing.is_alarming());
            assert_eq!(found, (word, is_sound, is_alarming), "{standing:?}");
        }
    }
}
