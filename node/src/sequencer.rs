//! The one writer: takes what waits, applies it, seals it, brings it into the log and hands it over to be published.
//!
//! Refusals are answered at once and leave no trace. Until the log's append, whatever fails leaves the register as it was;
//! after it, whatever fails ends the process, and the next start decides. A batch is built on the one before as soon as that
//! one is in the log, published or not: it will be, or the process ends.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use colophon_client::points::Remembered;
use colophon_ledger::batch::{Applied, Batch, Position};
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::seal::BATCH_ENTRIES_MAX;
use colophon_ledger::field::EntryId;
use colophon_ledger::governance;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{Records as _, Unreadable};
use colophon_ledger::state_root::StateTree;
use colophon_order::solo::Batches;
use colophon_storage::cards::CardsError;
use colophon_storage::catch_up::Unstaged;
use colophon_storage::log::{AppendError, Log};
use colophon_storage::reader::ReadError;
use colophon_storage::tables::writes_of;
use colophon_storage::view::ViewError;
use colophon_storage::view::engine::Write;
use colophon_tlog::hash::Hash;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::TreeSize;
use tokio::sync::oneshot;
use tracing::warn;

use crate::clock::TIME_MS_MAX;
use crate::keys::NEXT_LOG_KEY_FILE;
use crate::metrics::Metrics;
use crate::open::Writer;
use crate::publisher::{PublishError, Ready};
use crate::register::Register;
use crate::seal::Sealer;
use crate::submission::{Outcome, Submission};
use crate::tip::{Tip, TipRecords};

/// How many keys may wait for the tables' engine before the next batch waits for it.
const BACKLOG_KEYS_MAX: usize = 200_000;

/// Why the register must stop. The log on disk is sound; the next start brings everything else up to it.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The log could not be appended to.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The cards could not be kept.
    #[error(transparent)]
    Cards(#[from] CardsError),
    /// The checkpoint could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The tables failed.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The key that the governors gave the log lay ready and does no more.
    #[error("the log's new key, {0}, is not in the file {NEXT_LOG_KEY_FILE:?} any more: put it back, and start again")]
    LogKey(String),
    /// What the batch says of the register cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The seal that was just made is not one that a verifier would accept.
    #[error("the register's own seal would not be accepted: {0}")]
    OwnSeal(Stop),
}

/// The thread that writes.
#[derive(Debug)]
pub struct Sequencer {
    register: Arc<Register>,
    log: Log,
    /// Where the next batch begins.
    position: Position,
    sealer: Sealer,
    ready: Ready,
    tip: Tip,
    metrics: Arc<Metrics>,
    points: Remembered,
    publishing: SyncSender<Handed>,
    /// What was in the log at the start and nobody had been shown.
    unpublished: Vec<Unstaged>,
}

/// What is handed over to be published and answered.
#[derive(Debug)]
pub(crate) struct Handed {
    /// The batch that is in the log now. None if all that is waited for was there before.
    pub(crate) appended: Option<Appended>,
    /// Those who wait, each for an entry of this batch or of one before.
    pub(crate) waiting: Vec<Waiting>,
    /// When the batch was begun.
    pub(crate) begun: Instant,
}

/// A batch that is in the log.
#[derive(Debug)]
pub(crate) struct Appended {
    /// The index of its first entry.
    pub(crate) first: u64,
    /// How many entries it has, its seal apart.
    pub(crate) entries: usize,
    /// Its leaves.
    pub(crate) leaves: Vec<Vec<u8>>,
    /// What it writes into the tables.
    pub(crate) writes: Vec<Write>,
    /// How many entries the log holds with it.
    pub(crate) size: TreeSize,
    /// The root of their tree.
    pub(crate) root: Hash,
    /// The state after it.
    pub(crate) tree: StateTree,
    /// Its time, in milliseconds after 1970.
    pub(crate) time_ms: u64,
    /// The key that it gives the log.
    pub(crate) log_key: Option<VerifierKey>,
}

impl Appended {
    /// Returns the leaf at an index of the log, if it is one of these.
    pub(crate) fn leaf(&mut self, index: u64) -> Option<&mut Vec<u8>> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.leaves.get_mut(place)
    }
}

/// Somebody who waits for an entry to be published.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The entry's id.
    pub(crate) id: EntryId,
    /// Where it stands.
    pub(crate) index: u64,
    /// Whether it had been there before it was submitted.
    pub(crate) repeated: bool,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// What became of one batch of submissions before the commit.
struct Filled {
    applied: Option<Applied>,
    cards: Vec<Card>,
    waiting: Vec<Waiting>,
}

impl Sequencer {
    /// Returns the writer of a register, which hands over what it has written.
    pub(crate) fn new(
        register: Arc<Register>,
        writer: Writer,
        metrics: Arc<Metrics>,
        publishing: SyncSender<Handed>,
    ) -> Sequencer {
        let Writer { log, position, sealer, ready, unpublished } = writer;
        let tip = Tip::at(register.newest().tree.clone());
        let points = Remembered::default();
        Sequencer { register, log, position, sealer, ready, tip, metrics, points, publishing, unpublished }
    }

    /// Takes batch after batch, at least `min_gap` apart, until every submitter is gone and the queue is empty, or until
    /// nothing is published any more: why, whoever publishes says.
    pub fn run(mut self, batches: &mut Batches<Submission>, min_gap: Duration) -> Result<(), Fatal> {
        let entries_max = usize::try_from(BATCH_ENTRIES_MAX).unwrap_or(usize::MAX);
        let appended = self.take_up()?;
        if appended.is_some()
            && self.publishing.send(Handed { appended, waiting: Vec::new(), begun: Instant::now() }).is_err()
        {
            return Ok(());
        }
        while let Some(submissions) = batches.next_batch(entries_max, min_gap) {
            let begun = Instant::now();
            let view = self.register.view();
            if view.is_failing() || view.wait_for_backlog(BACKLOG_KEYS_MAX).is_err() {
                warn!("The tables are being made again: {} submissions are turned away", submissions.len());
                for submission in submissions {
                    self.metrics.answer(submission.reply, Outcome::DiskFull);
                }
                continue;
            }
            self.tip.forget(self.register.newest().size.get());
            let filled = self.fill(submissions)?;
            let handed = self.commit(filled, begun)?;
            if handed.appended.is_none() && handed.waiting.is_empty() {
                self.metrics.batch_seconds.observe(begun.elapsed().as_secs_f64());
            } else if self.publishing.send(handed).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes on from what was in the log at the start, and returns it as one batch to be published: the checkpoint that was signed
    /// over it is the only one that witnesses have been asked for.
    fn take_up(&mut self) -> Result<Option<Appended>, Fatal> {
        let Some(first) = self.unpublished.first().map(|batch| batch.applied.seal_body.first.get()) else {
            return Ok(None);
        };
        let (mut entries, mut leaves, mut writes, mut log_key) = (0, Vec::new(), Vec::new(), None);
        for Unstaged { applied, writes: written } in std::mem::take(&mut self.unpublished) {
            entries += applied.entries.len();
            leaves.extend(applied.leaves());
            writes.extend(written);
            log_key = self.log_key_of(&applied)?.or(log_key);
            self.tip.advance(applied);
        }
        let (size, root) = (self.log.size(), self.log.root());
        let (tree, time_ms) = (self.tip.tree().clone(), self.position.time_ms);
        Ok(Some(Appended { first, entries, leaves, writes, size, root, tree, time_ms, log_key }))
    }

    /// Applies submissions in order. Those that are refused are answered at once. If the tables fail meanwhile, nothing is
    /// applied.
    fn fill(&self, submissions: Vec<Submission>) -> Result<Filled, Fatal> {
        let register = &*self.register;
        let records = self.tip.records(register);
        let mut batch = Batch::open(&register.rules, &records, self.position, self.now_ms());
        let (mut cards, mut waiting) = (Vec::new(), Vec::new());
        let mut readable = true;
        records.expect(&submissions.iter().flat_map(|it| it.signed.entry().asks_for()).collect::<Vec<_>>());
        for Submission { signed, card, reply } in submissions {
            let id = signed.entry().id();
            let there = self.tip.index_of(signed.entry(), register);
            readable &= there.is_ok();
            let admitted = self.admits(signed.entry().body());
            let answer = match (there, admitted) {
                (Ok(Some(index)), _) => Ok((index, true)),
                (Ok(None), false) => Err(Outcome::NotAdmitted),
                (Ok(None), true) if readable => place(&mut batch, signed).unwrap_or_else(|_| {
                    readable = false;
                    Err(self.unreadable())
                }),
                (Ok(None), true) | (Err(_), _) => Err(self.unreadable()),
            };
            match answer {
                Err(outcome) => self.metrics.answer(reply, outcome),
                Ok((index, repeated)) => {
                    cards.extend(card);
                    waiting.push(Waiting { id, index, repeated, reply });
                }
            }
        }
        let applied = if readable { self.seal(batch)? } else { None };
        Ok(Filled { applied, cards, waiting })
    }

    /// Returns what is said of an entry while the tables cannot be read.
    fn unreadable(&self) -> Outcome {
        if self.register.view().has_failed() { Outcome::ViewFailed } else { Outcome::DiskFull }
    }

    /// Returns the time. A clock that has gone astray beyond the year 9999 stands still at the last batch.
    fn now_ms(&self) -> u64 {
        match self.register.clock.now_ms() {
            now_ms if now_ms > TIME_MS_MAX => self.position.time_ms,
            now_ms => now_ms,
        }
    }

    /// Returns whether this node takes an entry that the rules would. It seals with one key that it read when it started,
    /// so it takes no rotation of its own account's keys, and another key for the log only if it lies ready.
    fn admits(&self, body: &Body) -> bool {
        match body {
            Body::Rotate(rotate) => rotate.by != self.sealer.account(),
            Body::LogKey(act) => act.log_vkey.parse().is_ok_and(|key| self.ready.is_for(&key)),
            _ => true,
        }
    }

    /// Closes the batch with a seal that has been checked like any verifier would. Nothing comes of an empty batch.
    fn seal(&self, batch: Batch<'_, TipRecords<'_>>) -> Result<Option<Applied>, Fatal> {
        if batch.entries().is_empty() {
            return Ok(None);
        }
        let Some(closed) = batch.close(self.sealer.account(), self.tip.tree()) else { return Ok(None) };
        let applied = self.sealer.seal(&self.register.rules, closed);
        // The operator's keys are not changed by any entry that is admitted, so the records before the batch will do.
        let records = self.tip.records(&self.register);
        let checked = Signed::check_by(applied.seal.clone(), &records, &self.points);
        match checked.and_then(|signed| signed.check_authority(&records)) {
            Ok(()) => Ok(Some(applied)),
            Err(Stop::Unreadable(_)) => Ok(None),
            Err(stop @ Stop::Refused(_)) => Err(Fatal::OwnSeal(stop)),
        }
    }

    /// Brings a batch into the log, and returns what is to be published and answered. If there is no room for it, those who
    /// wait for one of its entries are told so at once.
    fn commit(&mut self, filled: Filled, begun: Instant) -> Result<Handed, Fatal> {
        let Filled { applied, cards, mut waiting } = filled;
        let kept = self.keep(&cards)?;
        let appended = match applied.filter(|_| kept) {
            Some(applied) => self.append(applied)?,
            None => None,
        };
        let in_log = self.position.index;
        for waiting in waiting.extract_if(.., |waiting| waiting.index >= in_log) {
            self.metrics.answer(waiting.reply, Outcome::DiskFull);
        }
        Ok(Handed { appended, waiting, begun })
    }

    /// Keeps cards, and tells whether there was room for them.
    fn keep(&self, cards: &[Card]) -> Result<bool, Fatal> {
        match self.register.cards.put(cards) {
            Ok(()) => Ok(true),
            Err(CardsError::Full(error)) => {
                warn!("The disk is full: {error}");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Appends a batch to the log. Changes nothing and returns nothing if there is no room for it.
    fn append(&mut self, applied: Applied) -> Result<Option<Appended>, Fatal> {
        // Before the log is written: tables that cannot be read now must not stop what is in the log already.
        let Ok(writes) = writes_of(&applied, &self.tip.records(&self.register)) else { return Ok(None) };
        let leaves = applied.leaves();
        match self.log.append(&leaves) {
            Ok(()) => {}
            Err(AppendError::Full(error)) => {
                warn!("The disk is full: {error}");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        let appended = Appended {
            first: self.position.index,
            entries: applied.entries.len(),
            leaves,
            writes,
            size: self.log.size(),
            root: self.log.root(),
            tree: applied.tree.clone(),
            time_ms: applied.next.time_ms,
            log_key: self.log_key_of(&applied)?,
        };
        self.position = applied.next;
        self.tip.advance(applied);
        Ok(Some(appended))
    }

    /// Returns the key that the batch gives the log, if it does.
    fn log_key_of(&self, applied: &Applied) -> Result<Option<VerifierKey>, Fatal> {
        let acts = applied.entries.iter().any(|entry| matches!(entry.body(), Body::LogKey(_)));
        if !acts {
            return Ok(None);
        }
        Ok(Some(governance::log_key(&self.register.rules, &applied.changes)?))
    }
}

/// Applies one entry to the batch. Returns its index and whether it had been there already, in this batch or before.
fn place(batch: &mut Batch<'_, TipRecords<'_>>, signed: Signed) -> Result<Result<(u64, bool), Outcome>, Unreadable> {
    match batch.push(signed) {
        Ok(index) => Ok(Ok((index, false))),
        Err(Stop::Refused(Refusal::Repeated { index })) => Ok(Ok((index, true))),
        Err(Stop::Refused(refusal)) => Ok(Err(Outcome::Refused(refusal))),
        Err(Stop::Unreadable(unreadable)) => Err(unreadable),
    }
}
