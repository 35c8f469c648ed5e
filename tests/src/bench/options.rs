//! What to measure, from the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::bench::node::View;

/// Measures a register on this machine, beside what the machine itself can do.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench")]
pub struct Options {
    /// Measure these parts alone, such as single,many
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Part>,
    /// Measure with this engine of the view alone; the large register is measured with fjall unless this says otherwise
    #[arg(long, value_enum, value_delimiter = ',')]
    pub view: Vec<View>,
    /// How many entries the large register gets, of which new copies are made too
    #[arg(long, default_value_t = 1_000_000)]
    pub entries: usize,
    /// Measure single entries at these numbers of connections
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    pub connections: Vec<usize>,
    /// Everything once and for a moment: shows that it works, measures nothing
    #[arg(long)]
    pub quick: bool,
    /// Where the figures go as JSON
    #[arg(long, default_value = "target/bench.json")]
    pub json: PathBuf,
    /// Measure nothing: show the figures in the JSON again
    #[arg(long)]
    pub show: bool,
    /// Show those of another run behind them
    #[arg(long, value_name = "JSON", requires = "show")]
    pub and: Option<PathBuf>,
    /// Draw the figures as an SVG into this file
    #[arg(long)]
    pub chart: Option<PathBuf>,
    /// Measure nothing: serve the handlers that the register is held against
    #[arg(long, hide = true)]
    pub handlers: bool,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// One entry a request
    Single,
    /// Many entries a request
    Many,
    /// Transfers under the rules of the corridor
    Borders,
    /// Tiles, works, certificates over HTTP
    Reading,
    /// A reader's own work: certificates and files
    Checking,
    /// Works recognised: fingerprints, lookalikes, a catalogue
    Works,
    /// A register of a million entries
    Large,
    /// New copies of it
    Syncing,
}

/// How much is sent for each figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// How often each is measured, in turn with its limit; the median counts.
    pub(crate) rounds: usize,
    /// How long one round takes at most.
    pub(crate) time_max: Duration,
    /// How many entries there are for a round of single ones.
    pub(crate) single: usize,
    /// How many entries there are for a round of many a request.
    pub(crate) many: usize,
    /// How often a certificate is checked, and a process started.
    pub(crate) checks: usize,
    /// How large the file is that is hashed, in megabytes.
    pub(crate) file_mb: usize,
    /// Among how many codes lookalikes are looked for.
    pub(crate) codes: usize,
    /// How many pictures the catalogue has.
    pub(crate) pictures: usize,
}

impl Options {
    /// Returns whether a part is to be measured.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Returns how much to send.
    pub(crate) fn sizes(&self) -> Sizes {
        if self.quick {
            let time_max = Duration::from_millis(300);
            return Sizes {
                rounds: 1,
                time_max,
                single: 40,
                many: 600,
                checks: 1,
                file_mb: 2,
                codes: 20_000,
                pictures: 5,
            };
        }
        let time_max = Duration::from_millis(1_500);
        let (codes, pictures) = (10_000_000, 1_000);
        Sizes { rounds: 3, time_max, single: 40_000, many: 60_000, checks: 21, file_mb: 1_000, codes, pictures }
    }
}
