//! A client of one pinned register.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use colophon_ledger::rule::Rules;
use colophon_tlog::hash::Hash;
use colophon_tlog::note::VerifierKey;

use crate::http::Transport;
use crate::pinned::Pinned;
use crate::seen::{SeenDir, SeenError};
use crate::tiles::Span;

/// How many pairs of trees are remembered as shown to go together.
const PAIRS_MAX: usize = 4096;

/// Whether answers may be older than what has been seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stale {
    /// An answer older than what had been seen when it was asked for is a fault of the node's, to be tried again.
    #[default]
    Refuse,
    /// An older answer is taken, and says that it is older. It must still fit.
    Accept,
}

/// Whose node a client asks.
#[derive(Debug, Clone, Default)]
pub enum Asked {
    /// The register's own. That it shows less than it has shown is a broken word.
    #[default]
    Register,
    /// A copy's, which may be behind. Whether what it shows is the beginning of what was seen, the register itself can show, where its
    /// address is known.
    Copy(Option<Transport>),
}

/// Where a client keeps things, and how it takes older answers.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The directory of the newest checkpoints seen. See [`crate::seen`] for what its loss costs.
    pub seen: PathBuf,
    /// The directory of evidence against registers whose history does not fit. Made when it is needed.
    pub evidence: PathBuf,
    /// Whether answers may be older than what has been seen.
    pub stale: Stale,
}

/// A reader of, and writer to, one register, that trusts no node of it.
///
/// May be shared by any number of tasks.
#[derive(Debug)]
pub struct Client {
    transport: Transport,
    asked: Asked,
    pinned: Pinned,
    seen: SeenDir,
    evidence: PathBuf,
    stale: Stale,
    /// Pairs of trees of which one was shown to be the beginning of the other, so that it is not asked twice.
    verified: Mutex<BTreeSet<Pair>>,
}

/// The sizes and roots of a smaller and a larger tree.
type Pair = ((u64, Hash), (u64, Hash));

impl Client {
    /// Returns a client of the register `pinned`, by the node that `transport` leads to, which is the register's own. Asks nothing yet.
    pub fn new(transport: Transport, pinned: Pinned, memory: Memory) -> Result<Client, SeenError> {
        let Memory { seen, evidence, stale } = memory;
        let seen = SeenDir::open(&seen)?;
        Ok(Client { transport, asked: Asked::Register, pinned, seen, evidence, stale, verified: Mutex::default() })
    }

    /// Returns the same client, of a node that is `asked`.
    #[must_use]
    pub fn of(self, asked: Asked) -> Client {
        Client { asked, ..self }
    }

    /// Returns the register.
    pub fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// Returns what the register's genesis lays down.
    pub fn rules(&self) -> &Rules {
        self.pinned.rules()
    }

    /// Returns the transport to its node.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(crate) fn log_key(&self) -> &VerifierKey {
        &self.pinned.rules().log_key
    }

    pub(crate) fn seen(&self) -> SeenDir {
        self.seen.clone()
    }

    pub(crate) fn evidence_dir(&self) -> &Path {
        &self.evidence
    }

    pub(crate) fn stale(&self) -> Stale {
        self.stale
    }

    /// Returns whether this client has seen it shown that `small` is the beginning of `large`.
    pub(crate) fn has_verified(&self, small: &Span, large: &Span) -> bool {
        let pairs = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.contains(&pair(small, large))
    }

    pub(crate) fn remember(&self, small: &Span, large: &Span) {
        let mut pairs = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if pairs.len() >= PAIRS_MAX {
            pairs.pop_first();
        }
        pairs.insert(pair(small, large));
    }
}

fn pair(small: &Span, large: &Span) -> Pair {
    ((small.size.get(), small.root), (large.size.get(), large.root))
}
