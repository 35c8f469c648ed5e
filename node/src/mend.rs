//! Mends a log into which a fault of the operator's software has put leaves that the rules refuse: the governors' `upgrade` that
//! voids them is appended, in a batch of its own.
//!
//! A register that is served never gets that far: with such a log it does not start. The next start signs the checkpoint.

use std::path::Path;

use colophon_ledger::batch::Batch;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::ReplayError;
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Unreadable;
use colophon_storage::catch_up::{CatchUpError, CaughtUp, catch_up_to_mend};
use colophon_storage::log::{AppendError, Log, OpenError};
use colophon_storage::view::{View, ViewError};
use colophon_storage::voids::void_lists;
use colophon_tlog::note::VerifierKeyError;

use crate::clock::Clock;
use crate::follow::copy::is_copy;
use crate::keys::{self, KeyFileError, OPERATOR_KEY_FILE};
use crate::open::{Behind, StartError, check_clock, is_torn, remove_view, tell_recovery};
use crate::seal::Sealer;

/// Why a log was not mended. Its entries are as they were.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// The entry voids nothing.
    #[error("the draft is no upgrade that voids leaves: make one with `colophon-node govern upgrade DIR --void INDEX`")]
    VoidsNothing,
    /// There is nothing to mend.
    #[error(
        "the log holds nothing against the rules that is not voided: there is nothing to mend, and it can be served"
    )]
    Sound,
    /// The log holds more against the rules than the upgrade names.
    #[error(
        "{error}, and the upgrade does not void it. Where an entry against the rules is the only fault, name it too, with \
         `--void`. Where a seal says another state than its batch leads to, nothing can be voided: see \"An entry against the \
         rules\" in docs/operating.md"
    )]
    More {
        /// What else is wrong.
        error: ReplayError,
    },
    /// The rules refuse the upgrade.
    #[error("the rules refuse the upgrade: {0}")]
    Refused(Refusal),
    /// The register cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A key cannot be used.
    #[error(transparent)]
    Note(#[from] VerifierKeyError),
    /// The tables cannot be filled.
    #[error(transparent)]
    CatchUp(CatchUpError),
    /// The tables cannot be written.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The records cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The batch cannot be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<Stop> for MendError {
    fn from(stop: Stop) -> MendError {
        match stop {
            Stop::Refused(refusal) => MendError::Refused(refusal),
            Stop::Unreadable(unreadable) => MendError::Unreadable(unreadable),
        }
    }
}

impl From<CatchUpError> for MendError {
    fn from(error: CatchUpError) -> MendError {
        match error {
            CatchUpError::Replay(error) => MendError::More { error },
            error => MendError::CatchUp(error),
        }
    }
}

/// A log that was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The upgrade.
    pub id: EntryId,
    /// Where it stands.
    pub index: u64,
    /// The leaves that it voids.
    pub voided: Vec<u64>,
}

/// Appends the upgrade `entry` to the log in `dir`, which no process may be using. Durable when it returns. The tables are removed
/// before: whatever stands in them, a faulty program has written it. Broken off anywhere, it is done or can be run again. Holds all
/// records in memory.
pub fn mend(dir: &Path, entry: Entry, clock: &Clock) -> Result<Mended, MendError> {
    let voided: Vec<u64> = match entry.body() {
        Body::Upgrade(upgrade) => upgrade.voids().collect(),
        _ => Vec::new(),
    };
    if voided.is_empty() {
        return Err(MendError::VoidsNothing);
    }
    if is_copy(dir) {
        return Err(StartError::Copy(dir.to_owned()).into());
    }
    let (log, recovery) = Log::open(dir).map_err(StartError::from)?;
    tell_recovery(&recovery);
    let (mut log, view, caught_up) = catch_up(log, &entry)?;
    let CaughtUp { rules, tree, position, voiding, .. } = caught_up;
    if voiding.owed().is_none() {
        return Err(MendError::Sound);
    }
    check_clock(clock, position.time_ms, Behind::Refuse)?;
    let operator_key = keys::load(dir, OPERATOR_KEY_FILE)?;
    let operator = Sealer::find(&rules, &view, &operator_key)?.ok_or(StartError::OperatorKey)?;
    let mut batch = Batch::open_owing(&rules, &view, position, clock.now_ms(), voiding);
    let id = entry.id();
    let index = batch.push(Signed::check(entry, &view)?)?;
    let closed = batch.close(operator, &tree).ok_or(StartError::Empty)?;
    let applied = Sealer::new(operator, operator_key)?.seal(&rules, closed);
    // First, so that whatever breaks off, no tables of the faulty program stand beside a log that a start takes.
    remove_view(dir)?;
    log.append(&applied.leaves())?;
    Ok(Mended { id, index, voided })
}

/// Fills tables in memory with what the log leads to once `entry` has been appended. A last batch that was torn while it was
/// written, and nobody was shown, is cut first.
fn catch_up(log: Log, entry: &Entry) -> Result<(Log, View, CaughtUp), MendError> {
    let filled = |log: &Log| {
        let mut lists = void_lists(&log.reader(), 0)?;
        lists.leaf(log.size().get(), &entry.to_bytes());
        let view = View::in_memory()?;
        let caught_up = catch_up_to_mend(&view, &log.reader(), &lists, |_| {})?;
        Ok::<_, CatchUpError>((view, caught_up))
    };
    match filled(&log) {
        Err(CatchUpError::Replay(error)) if is_torn(&error, log.unsigned_from()) => {
            let log = log.cut_unsigned().map_err(|error| StartError::from(OpenError::from(error)))?;
            let (view, caught_up) = filled(&log)?;
            Ok((log, view, caught_up))
        }
        filled => filled.map(|(view, caught_up)| (log, view, caught_up)).map_err(MendError::from),
    }
}
