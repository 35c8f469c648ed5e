//! The one writer: takes what waits, applies it, seals it, commits it, publishes it and answers.
//!
//! Refusals are answered at once and leave no trace. Until the log's append, whatever fails leaves the register as it was;
//! after it, whatever fails ends the process, and the next start decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use colophon_ledger::batch::{Applied, Batch};
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::seal::BATCH_ENTRIES_MAX;
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::{Rules, Stop};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Unreadable;
use colophon_order::solo::Batches;
use colophon_storage::cards::CardsError;
use colophon_storage::log::AppendError;
use colophon_storage::reader::ReadError;
use colophon_storage::tables::writes_of;
use colophon_storage::view::ViewError;
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::EntryIndex;
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::clock::TIME_MS_MAX;
use crate::metrics::Metrics;
use crate::open::Writer;
use crate::publisher::PublishError;
use crate::receipts::{Receipts, Unwritten, tiles_of};
use crate::register::{Published, Register, Snapshot};

/// How many keys may wait for the tables' engine before the next batch waits for it.
const BACKLOG_KEYS_MAX: usize = 200_000;

/// An entry on its way into the log.
#[derive(Debug)]
pub struct Submission {
    /// The entry, its signatures checked.
    pub signed: Signed,
    /// The card that came with it, checked against it.
    pub card: Option<Card>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Outcome>,
}

/// What came of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// It is in the log.
    Recorded(Unwritten),
    /// It is against the rules.
    Refused(Refusal),
    /// It would change the keys by which this node seals.
    NotAdmitted,
    /// There is no room for it now.
    DiskFull,
    /// The tables do not match the published state, so it cannot be judged until they are made again.
    ViewFailed,
}

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
    /// The seal that was just made is not one that a verifier would accept.
    #[error("the register's own seal would not be accepted: {0}")]
    OwnSeal(Stop),
}

/// The thread that writes.
#[derive(Debug)]
pub struct Sequencer {
    register: Arc<Register>,
    writer: Writer,
    metrics: Arc<Metrics>,
    /// The tiles at the right edge of the log, of which receipts are made.
    edge: TileSet,
}

/// An entry that was applied and waits for the commit.
#[derive(Debug)]
struct Waiting {
    id: EntryId,
    index: u64,
    repeated: bool,
    reply: oneshot::Sender<Outcome>,
}

/// What became of one batch of submissions before the commit.
struct Filled {
    applied: Option<Applied>,
    cards: Vec<Card>,
    waiting: Vec<Waiting>,
}

impl Sequencer {
    /// Returns the writer of a register.
    pub fn new(register: Arc<Register>, writer: Writer, metrics: Arc<Metrics>) -> Sequencer {
        Sequencer { register, writer, metrics, edge: TileSet::new() }
    }

    /// Takes batch after batch, at least `min_gap` apart, until every submitter is gone and the queue is empty.
    pub fn run(mut self, batches: &mut Batches<Submission>, min_gap: Duration) -> Result<(), Fatal> {
        let entries_max = usize::try_from(BATCH_ENTRIES_MAX).unwrap_or(usize::MAX);
        loop {
            match self.next(batches, entries_max, min_gap) {
                Err(Fatal::Publish(stopped @ PublishError::Stopped(_))) => {
                    info!("Not everything is published: {stopped}");
                    return Ok(());
                }
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(fatal) => return Err(fatal),
            }
        }
    }

    /// Takes one batch, or has the published checkpoint cosigned anew. Returns whether there is more to come.
    fn next(
        &mut self,
        batches: &mut Batches<Submission>,
        entries_max: usize,
        min_gap: Duration,
    ) -> Result<bool, Fatal> {
        let refresh_at = self.writer.publisher.refresh_at();
        let Some(submissions) = batches.next_batch_until(entries_max, min_gap, refresh_at) else { return Ok(false) };
        let begun = Instant::now();
        if submissions.is_empty() {
            if let Some(checkpoint) = self.writer.publisher.refresh()? {
                self.register.republish(checkpoint);
            }
        } else {
            self.take(submissions, begun)?;
        }
        Ok(true)
    }

    fn take(&mut self, submissions: Vec<Submission>, begun: Instant) -> Result<(), Fatal> {
        let view = self.register.view();
        if view.is_failing() || view.wait_for_backlog(BACKLOG_KEYS_MAX).is_err() {
            warn!("The tables are being made again: {} submissions are turned away", submissions.len());
            for submission in submissions {
                self.answer(submission.reply, Outcome::DiskFull);
            }
            return Ok(());
        }
        let filled = self.fill(submissions)?;
        self.commit(filled, begun)
    }

    /// Applies submissions in order. Those that are refused, and those that are in the log, are answered at once. If the
    /// tables fail meanwhile, nothing is applied.
    fn fill(&self, submissions: Vec<Submission>) -> Result<Filled, Fatal> {
        let register = &*self.register;
        let rules = &register.rules;
        let records = register.published();
        let mut batch = Batch::open(rules, &records, self.writer.position, self.now_ms());
        let (mut cards, mut waiting) = (Vec::new(), Vec::new());
        let mut readable = true;
        for Submission { signed, card, reply } in submissions {
            let id = signed.entry().id();
            let there = register.index_of_entry(signed.entry());
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
                Err(outcome) => self.answer(reply, outcome),
                Ok((index, repeated)) => {
                    cards.extend(card);
                    waiting.push(Waiting { id, index, repeated, reply });
                }
            }
        }
        let applied = if readable { self.seal(batch, rules)? } else { None };
        Ok(Filled { applied, cards, waiting })
    }

    /// Returns what is said of an entry while the tables cannot be read.
    fn unreadable(&self) -> Outcome {
        if self.register.view().has_failed() { Outcome::ViewFailed } else { Outcome::DiskFull }
    }

    /// Returns the time. A clock that has gone astray beyond the year 9999 stands still at the last batch.
    fn now_ms(&self) -> u64 {
        match self.register.clock.now_ms() {
            now_ms if now_ms > TIME_MS_MAX => self.writer.position.time_ms,
            now_ms => now_ms,
        }
    }

    /// Returns whether this node takes an entry that the rules would. It seals with one key that it read when it started,
    /// so it takes no rotation of its own account's keys.
    fn admits(&self, body: &Body) -> bool {
        !matches!(body, Body::Rotate(rotate) if rotate.by == self.register.operator)
    }

    /// Closes the batch with a seal that has been checked like any verifier would. Nothing comes of an empty batch.
    fn seal(&self, batch: Batch<'_, Published<'_>>, rules: &Rules) -> Result<Option<Applied>, Fatal> {
        if batch.entries().is_empty() {
            return Ok(None);
        }
        let tree = self.register.newest().tree.clone();
        let Some(closed) = batch.close(self.writer.sealer.account(), &tree) else { return Ok(None) };
        let applied = self.writer.sealer.seal(rules, closed);
        // The operator's keys are not changed by any entry that is admitted, so the records before the batch will do.
        let records = self.register.published();
        let checked = Signed::check(applied.seal.clone(), &records).and_then(|signed| signed.check_authority(&records));
        match checked {
            Ok(()) => Ok(Some(applied)),
            Err(Stop::Unreadable(_)) => Ok(None),
            Err(stop @ Stop::Refused(_)) => Err(Fatal::OwnSeal(stop)),
        }
    }

    fn commit(&mut self, filled: Filled, begun: Instant) -> Result<(), Fatal> {
        let Filled { applied, cards, waiting } = filled;
        let first = self.writer.position.index;
        let leaves = match applied {
            Some(applied) if self.keep(&cards)? => self.append(&applied)?,
            Some(_) => Vec::new(),
            None => {
                self.keep(&cards)?;
                Vec::new()
            }
        };
        self.answer_all(waiting, first, leaves)?;
        self.metrics.batch_seconds.observe(begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Answers all who wait. `leaves` are those that were just appended, from index `first` on; none if there was no room: what
    /// was in the log before is answered all the same.
    fn answer_all(&mut self, waiting: Vec<Waiting>, first: u64, mut leaves: Vec<Vec<u8>>) -> Result<(), Fatal> {
        let (log, snapshot) = (&self.register.log, self.register.newest());
        let place = |waiting: &Waiting| EntryIndex::new(waiting.index).filter(|index| snapshot.size.holds(*index));
        let older = waiting.iter().filter(|waiting| waiting.index < first).filter_map(place);
        log.refresh(&mut self.edge, &tiles_of(EntryIndex::new(first), older, snapshot.size))?;
        let receipts = Arc::new(Receipts::new(&snapshot, self.edge.clone()));
        for waiting in waiting {
            let Some(index) = place(&waiting) else {
                self.answer(waiting.reply, Outcome::DiskFull);
                continue;
            };
            let appended =
                index.get().checked_sub(first).and_then(|place| leaves.get_mut(usize::try_from(place).ok()?));
            let leaf = match appended {
                Some(leaf) if !waiting.repeated => std::mem::take(leaf),
                _ => log.entry(index)?,
            };
            let receipts = Arc::clone(&receipts);
            let Waiting { id, repeated, reply, .. } = waiting;
            self.answer(reply, Outcome::Recorded(Unwritten { id, index, repeated, leaf, receipts }));
        }
        Ok(())
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

    /// Commits and publishes a batch, and returns its leaves. Changes nothing and returns none if there is no room for it.
    fn append(&mut self, applied: &Applied) -> Result<Vec<Vec<u8>>, Fatal> {
        // Before the log is written: tables that cannot be read now must not stop what is in the log already.
        let Ok(writes) = writes_of(applied, &self.register.published()) else { return Ok(Vec::new()) };
        let leaves = applied.leaves();
        match self.writer.log.append(&leaves) {
            Ok(()) => {}
            Err(AppendError::Full(error)) => {
                warn!("The disk is full: {error}");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error.into()),
        }
        let (size, root) = (self.writer.log.size(), self.writer.log.root());
        let checkpoint = self.writer.publisher.publish(size, root)?;
        let time_ms = applied.next.time_ms;
        let snapshot = Snapshot { checkpoint, size, root, tree: applied.tree.clone(), time_ms };
        self.register.publish(writes, snapshot)?;
        self.writer.position = applied.next;
        let entries = applied.entries.len();
        self.metrics.batches.inc();
        self.metrics.size.set(i64::try_from(size.get()).unwrap_or(i64::MAX));
        info!(tree.size = %size, batch.entries = entries, "Committed {entries} entries; the tree holds {size}");
        Ok(leaves)
    }

    fn answer(&self, reply: oneshot::Sender<Outcome>, outcome: Outcome) {
        self.metrics.count(&outcome);
        // Whoever asked may be gone. The entry is in the log all the same, and submitting it again says so.
        drop(reply.send(outcome));
    }
}

/// Applies one entry to the batch. Returns its index and whether it had been there already, in this batch or before.
fn place(batch: &mut Batch<'_, Published<'_>>, signed: Signed) -> Result<Result<(u64, bool), Outcome>, Unreadable> {
    match batch.push(signed) {
        Ok(index) => Ok(Ok((index, false))),
        Err(Stop::Refused(Refusal::Repeated { index })) => Ok(Ok((index, true))),
        Err(Stop::Refused(refusal)) => Ok(Err(Outcome::Refused(refusal))),
        Err(Stop::Unreadable(unreadable)) => Err(unreadable),
    }
}
