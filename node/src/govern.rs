//! Acts of the governors, composed from a register's folder or a copy of it, and signed by a governor's key. Nothing is sent:
//! the draft is handed in as any other.

use std::path::{Path, PathBuf};

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::{Draft, DraftError};
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::log_key::{LogKey, LogKeyWord};
use colophon_ledger::entry::retire::{Retire, RetireWord, Successor};
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::upgrade::{AHEAD_BATCHES_MIN, Upgrade, UpgradeWord};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{EntryId, Int, Origin};
use colophon_ledger::governance::Governors;
use colophon_ledger::replay::{ReplayError, read_genesis};
use colophon_ledger::rule::Rules;
use colophon_storage::published::{Published, PublishedError};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::VerifierKey;

/// What every act has in its leaf, and few other leaves do.
const ACT_WORDS: [&str; 3] = [r#""kind":"log_key""#, r#""kind":"upgrade""#, r#""kind":"retire""#];

/// Why an act was not composed.
#[derive(Debug, thiserror::Error)]
pub enum GovernError {
    /// The register's log cannot be read.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// Its first leaf is no genesis.
    #[error("the log does not begin as a register's: {0}")]
    Genesis(#[from] ReplayError),
    /// A leaf is no entry.
    #[error("the log has a leaf that is no entry: run `colophon-node fsck`")]
    Leaf,
    /// It has been retired.
    #[error("the register has been retired: nothing can be changed any more")]
    Retired,
    /// The key, or an account named, is no governor's.
    #[error("{account} is no governor of {origin}: its governors are {governors}")]
    NotGovernor {
        /// Who it is.
        account: String,
        /// The register.
        origin: Origin,
        /// Who they are.
        governors: String,
    },
    /// Too few or too many governors were named.
    #[error("an act takes {needed} governors of {origin}, and {named} are named: name the others with --with ACCOUNT")]
    Number {
        /// How many it takes.
        needed: u64,
        /// How many were named.
        named: usize,
        /// The register.
        origin: Origin,
    },
    /// The height or version is out of bounds.
    #[error("the new rules need a version from 2 on, and a height from {least} on: at least 1000 batches ahead")]
    TooNear {
        /// The lowest height.
        least: u64,
    },
    /// The draft is none.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The file is no founding of a successor.
    #[error("{0:?} is not what `colophon-node init --founding` writes")]
    Founding(PathBuf),
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The log gets this key.
    LogKey(VerifierKey),
    /// Rules of this version judge from this height on.
    Upgrade {
        /// The version.
        rules: u64,
        /// The height.
        height: u64,
    },
    /// The register ends, and perhaps another goes on with it.
    Retire(Option<Successor>),
}

/// How a register stands for its governors.
#[derive(Debug)]
pub struct Standing {
    /// What its genesis lays down.
    pub rules: Rules,
    /// The newest act, or the genesis.
    pub newest: EntryId,
    /// The height of the next batch.
    pub height: u64,
    retired: bool,
}

/// What has been read of a log so far.
#[derive(Default)]
struct Reading {
    rules: Option<Rules>,
    newest: Option<Entry>,
    height: u64,
}

impl Standing {
    /// Reads the register in `dir`, which may be served meanwhile, or a copy of it.
    pub fn read(dir: &Path) -> Result<Standing, GovernError> {
        let mut reading = Reading::default();
        Published::of(dir)?.each_leaf::<GovernError>(|leaf| reading.take(leaf))?;
        let rules = reading.rules.ok_or(GovernError::Leaf)?;
        let newest = reading.newest.as_ref();
        Ok(Standing {
            newest: newest.map_or(rules.register.genesis, Entry::id),
            height: reading.height,
            retired: newest.is_some_and(|act| matches!(act.body(), Body::Retire(_))),
            rules,
        })
    }

    /// Returns an act of the governor `own` and of those `with` them, signed by `key`.
    pub fn draft(&self, act: &Act, own: AccountId, with: &[AccountId], key: SecretKey) -> Result<Draft, GovernError> {
        if self.retired {
            return Err(GovernError::Retired);
        }
        let governors = self.governors(own, with)?;
        let (by, prev) = (governors.as_slice().first().copied().unwrap_or(own), self.newest);
        let body = match act {
            Act::LogKey(key) => {
                Body::LogKey(LogKey { by, governors, kind: LogKeyWord::It, log_vkey: key.to_string(), prev })
            }
            Act::Upgrade { rules, height } => {
                let least = self.height.saturating_add(AHEAD_BATCHES_MIN);
                let (height, rules) = Int::new(*height)
                    .filter(|height| height.get() >= least)
                    .zip(Int::new(*rules))
                    .ok_or(GovernError::TooNear { least })?;
                Body::Upgrade(Upgrade { by, governors, height, kind: UpgradeWord::It, prev, rules })
            }
            Act::Retire(successor) => {
                Body::Retire(Retire { by, governors, kind: RetireWord::It, prev, successor: successor.clone() })
            }
        };
        let mut draft = Draft::new(text_of(&self.rules.register, &body), None, None)?;
        draft.sign(&own, key)?;
        Ok(draft)
    }

    fn governors(&self, own: AccountId, with: &[AccountId]) -> Result<Governors, GovernError> {
        let origin = || self.rules.register.origin.clone();
        let mut named = [&[own], with].concat();
        named.sort_unstable();
        named.dedup();
        if let Some(account) = named.iter().find(|account| !self.rules.governors.contains(account)) {
            let governors: Vec<String> = self.rules.governors.iter().map(ToString::to_string).collect();
            let governors = governors.join(", ");
            return Err(GovernError::NotGovernor { account: account.to_string(), origin: origin(), governors });
        }
        let (needed, count) = (self.rules.governor_threshold, named.len());
        Governors::new(named)
            .filter(|governors| governors.as_slice().len() as u64 == needed)
            .ok_or_else(|| GovernError::Number { needed, named: count, origin: origin() })
    }
}

impl Reading {
    fn take(&mut self, leaf: &[u8]) -> Result<(), GovernError> {
        if self.rules.is_none() {
            self.rules = Some(read_genesis(leaf)?.0);
            return Ok(());
        }
        let text = std::str::from_utf8(leaf).map_err(|_| GovernError::Leaf)?;
        if ACT_WORDS.iter().any(|words| text.contains(words)) {
            let entry = Entry::parse(leaf).map_err(|_| GovernError::Leaf)?;
            self.newest = Some(entry).filter(|entry| entry.body().is_act()).or(self.newest.take());
        } else if let Some(seal) = Seal::peek(leaf) {
            self.height = seal.height.get() + 1;
        }
        Ok(())
    }
}

/// Returns what a retirement says of the register whose founding stands in a file.
pub fn successor_in(path: &Path, text: &str) -> Result<Successor, GovernError> {
    let (origin, genesis) = founding_of(text).ok_or_else(|| GovernError::Founding(path.to_owned()))?;
    Ok(Successor { founding: genesis.founding(&origin), origin })
}

/// Reads the text of a founding: a genesis without `succeeds`.
pub fn founding_of(text: &str) -> Option<(Origin, Genesis)> {
    let text = colophon_ledger::entry::Text::parse(text).ok()?;
    match text.body {
        Body::Genesis(genesis) if genesis.succeeds.is_none() => Some((text.origin, genesis)),
        _ => None,
    }
}
