//! The one writer of a copy that is served: looks at the register again and again, and takes each step.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::follow::advance::{Step, Writer};
use crate::follow::following::{Following, Standing};
use crate::follow::source::{Shown, Source};
use crate::follow::trouble::Trouble;
use crate::metrics::Metrics;
use crate::register::Register;
use crate::sequencer::Fatal;

/// The longest time between two looks at a register that gives no answer.
pub(super) const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// Why a follower came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was told to.
    Stopped,
    /// The copy has to be opened again, to take more than a copy can take while it is served.
    Reopen,
}

/// The thread that follows.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) writer: Writer,
    pub(super) source: Source,
    pub(super) register: Arc<Register>,
    pub(super) following: Arc<Following>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) runtime: Handle,
    pub(super) poll: Duration,
}

impl Follower {
    /// Follows until it is told to stop.
    pub(super) fn run(mut self) -> Result<Ended, Fatal> {
        let mut pause = self.poll;
        loop {
            if self.following.is_stopping() {
                return Ok(Ended::Stopped);
            }
            match self.look() {
                Ok(()) => {
                    self.set(Standing::Well);
                    pause = self.poll;
                }
                Err(Trouble::Stopped) => return Ok(Ended::Stopped),
                Err(Trouble::Reopen(why)) => {
                    warn!("The copy is opened again: {why}");
                    return Ok(Ended::Reopen);
                }
                Err(Trouble::Fatal(fatal)) => return Err(fatal),
                Err(trouble) => {
                    self.metrics.source_failures.inc();
                    trouble.standing().into_iter().for_each(|standing| self.set(standing));
                    pause = pause.saturating_mul(2).min(BACKOFF_MAX).max(self.poll);
                }
            }
            self.runtime.block_on(async {
                if matches!(self.following.standing(), Standing::Caught { .. }) {
                    self.following.stopped().await;
                } else {
                    self.following.pause(pause).await;
                }
            });
        }
    }

    fn set(&self, standing: Standing) {
        self.metrics.source_unsound.set(i64::from(!standing.is_sound()));
        self.following.set(standing);
    }

    /// Looks at the register once, and takes what it shows.
    fn look(&mut self) -> Result<(), Trouble> {
        let stop = self.following.stop_signal();
        let step = Step { source: &self.source, runtime: &self.runtime, stop: &stop };
        let newest = self.source.newest(self.writer.published.as_ref(), &self.register.log);
        match step.wait(newest)?? {
            Shown::Same => Ok(()),
            Shown::Cosigned(checkpoint) => self.writer.refresh(&self.source, &self.register, checkpoint),
            Shown::Larger(checkpoint) => {
                let (before, size) = (self.register.newest().size, checkpoint.checkpoint().size);
                self.writer.follow(&step, &self.register, checkpoint)?;
                let entries = size.get() - before.get();
                self.metrics.followed.inc();
                self.metrics.size.set(i64::try_from(size.get()).unwrap_or(i64::MAX));
                self.following.published(size.get());
                info!(tree.size = %size, step.entries = entries, "Followed {entries} entries; the copy holds {size}");
                Ok(())
            }
        }
    }
}
