//! How far the fetching of a log is: a bar on a terminal, a line in the log now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::info;

/// How often a line is written.
const LINE_TIME: Duration = Duration::from_secs(10);

/// The progress of one fetching.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    size: u64,
    told: Instant,
}

impl Progress {
    /// Begins at so many entries of `size`.
    pub(super) fn begin(reached: u64, size: u64) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}, {eta} to go");
            let bar = ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_position(reached);
            bar.reset_eta();
            bar
        });
        Progress { bar, size, told: Instant::now() }
    }

    /// Tells that so many entries are there.
    pub(super) fn reached(&mut self, reached: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(reached),
            None if self.told.elapsed() >= LINE_TIME => {
                self.told = Instant::now();
                info!(tree.size = reached, "Fetched and checked {reached} of {} entries", self.size);
            }
            None => {}
        }
    }

    /// Ends.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
