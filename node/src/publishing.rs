//! The second half of a commit, on a thread of its own: what is in the log is published, and whoever waits is answered.
//!
//! While one batch is published the sequencer brings the next one into the log, so that the sync of the one and the sync of
//! the other are waited for together. Whatever fails here fails after the log's append, and ends the process.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::EntryIndex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::info;

use crate::metrics::Metrics;
use crate::publisher::{PublishError, Publisher};
use crate::receipts::{Receipts, Unwritten, tiles_of};
use crate::register::{Register, Snapshot};
use crate::sequencer::{Appended, Fatal, Handed, Waiting};
use crate::submission::Outcome;

/// How many batches may wait to be published, beside the one that is.
pub(crate) const BATCHES_MAX: usize = 1;

/// The log tells what was committed at most so often: a line a batch would drown all others.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The thread that publishes.
#[derive(Debug)]
pub(crate) struct Publishing {
    register: Arc<Register>,
    publisher: Publisher,
    metrics: Arc<Metrics>,
    /// The tiles at the right edge of the log, of which receipts are made.
    edge: TileSet,
    untold: Untold,
    /// Where those run who wait for an answer.
    runtime: Handle,
}

impl Publishing {
    /// Returns what publishes a register.
    pub(crate) fn new(
        register: Arc<Register>,
        publisher: Publisher,
        metrics: Arc<Metrics>,
        runtime: Handle,
    ) -> Publishing {
        Publishing { register, publisher, metrics, edge: TileSet::new(), untold: Untold::default(), runtime }
    }

    /// Publishes whatever is handed over, until nothing more will be, or the register stops while witnesses are lacking.
    pub(crate) fn run(mut self, handed: &Receiver<Handed>) -> Result<(), Fatal> {
        let ended = loop {
            match self.next(handed) {
                Ok(true) => {}
                ended => break ended,
            }
        };
        self.untold.tell();
        match ended {
            Err(Fatal::Publish(stopped @ PublishError::Stopped(_))) => {
                info!("Not everything is published: {stopped}");
                Ok(())
            }
            ended => ended.map(|_| ()),
        }
    }

    /// Publishes all that waits under one checkpoint, or has the published one cosigned anew. Returns whether there is more to
    /// come.
    fn next(&mut self, handed: &Receiver<Handed>) -> Result<bool, Fatal> {
        let refresh_at = self.publisher.refresh_at();
        let first = match [refresh_at, self.untold.due_at()].into_iter().flatten().min() {
            None => handed.recv().map_err(RecvTimeoutError::from),
            Some(due_at) => handed.recv_timeout(due_at.saturating_duration_since(Instant::now())),
        };
        match first {
            Ok(first) => {
                let mut all = vec![first];
                all.extend(handed.try_iter());
                let first = all.iter().find_map(|handed| handed.appended.as_ref()).map(|appended| appended.first);
                self.publish(&mut all)?;
                self.answer_all(all, first)?;
            }
            Err(RecvTimeoutError::Timeout) => {
                if refresh_at.is_some_and(|refresh_at| refresh_at <= Instant::now())
                    && let Some(checkpoint) = self.publisher.refresh()?
                {
                    self.register.republish(checkpoint);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
        }
        self.untold.tell_if_due();
        Ok(true)
    }

    /// Publishes a checkpoint over the batches, if there are any, and shows what they wrote.
    fn publish(&mut self, all: &mut [Handed]) -> Result<(), Fatal> {
        let mut appended: Vec<&mut Appended> = all.iter_mut().filter_map(|handed| handed.appended.as_mut()).collect();
        let Some(newest) = appended.last() else { return Ok(()) };
        let (size, root) = (newest.size, newest.root);
        let (tree, time_ms) = (newest.tree.clone(), newest.time_ms);
        let log_key = appended.iter().rev().find_map(|appended| appended.log_key.clone());
        if let Some(key) = log_key.as_ref().filter(|key| !self.publisher.turn_to(key)) {
            return Err(Fatal::LogKey(key.to_string()));
        }
        // All batches are sealed by the one account that this node seals with.
        let sealed_by = self.register.newest().sealed_by;
        let checkpoint = self.publisher.publish(size, root)?;
        if log_key.is_some() {
            self.publisher.keyring().settle();
        }
        let writes = appended.iter_mut().flat_map(|appended| std::mem::take(&mut appended.writes)).collect();
        self.register.publish(writes, Snapshot { checkpoint, size, root, tree, time_ms, sealed_by })?;
        self.register.standing.hold(false);
        self.metrics.size.set(i64::try_from(size.get()).unwrap_or(i64::MAX));
        self.metrics.batches.inc_by(appended.len() as u64);
        self.untold.batches += appended.len();
        self.untold.entries += appended.iter().map(|appended| appended.entries).sum::<usize>();
        self.untold.size = size.get();
        Ok(())
    }

    /// Answers all who wait, of whom those from index `first` on wait for what was just published.
    fn answer_all(&mut self, all: Vec<Handed>, first: Option<u64>) -> Result<(), Fatal> {
        let snapshot = self.register.newest();
        let first = first.unwrap_or(snapshot.size.get());
        let places = all.iter().flat_map(|handed| &handed.waiting).map(|waiting| waiting.index);
        let older = places.filter(|index| *index < first).filter_map(EntryIndex::new);
        let tiles = tiles_of(EntryIndex::new(first), older, snapshot.size);
        self.register.log.refresh(&mut self.edge, &tiles)?;
        let receipts = Arc::new(Receipts::new(&snapshot, self.edge.clone()));
        let mut answers = Vec::new();
        for Handed { mut appended, waiting, begun } in all {
            for waiting in waiting {
                answers.push(self.answer(waiting, appended.as_mut(), &receipts)?);
            }
            self.metrics.batch_seconds.observe(begun.elapsed().as_secs_f64());
        }
        // From within the runtime: to wake it up from outside for each of them is dear.
        let metrics = Arc::clone(&self.metrics);
        self.runtime.spawn(async move {
            for (reply, outcome) in answers {
                metrics.answer(reply, outcome);
            }
        });
        Ok(())
    }

    /// Returns what is to be answered, and where.
    fn answer(
        &self,
        waiting: Waiting,
        appended: Option<&mut Appended>,
        receipts: &Arc<Receipts>,
    ) -> Result<(oneshot::Sender<Outcome>, Outcome), Fatal> {
        let Waiting { id, index, repeated, reply } = waiting;
        // Everybody who waits does so for an entry in the log, and all of it is published.
        let index = EntryIndex::new(index).expect("an index in a log of less than 2^63 entries");
        let leaf = match appended.and_then(|appended| appended.leaf(index.get())) {
            Some(leaf) if !repeated => std::mem::take(leaf),
            _ => self.register.log.entry(index)?,
        };
        let receipts = Arc::clone(receipts);
        Ok((reply, Outcome::Recorded(Unwritten { id, index, repeated, leaf, receipts })))
    }
}

/// What was committed since the log last told of it.
#[derive(Debug, Default)]
struct Untold {
    batches: usize,
    entries: usize,
    /// How many entries the tree holds with them.
    size: u64,
    told_at: Option<Instant>,
}

impl Untold {
    /// Returns when it is to be told, if there is anything.
    fn due_at(&self) -> Option<Instant> {
        (self.batches > 0).then(|| self.told_at.map_or_else(Instant::now, |told_at| told_at + TELL_EVERY))
    }

    fn tell_if_due(&mut self) {
        if self.due_at().is_some_and(|due_at| due_at <= Instant::now()) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let Untold { batches, entries, size, .. } = *self;
        if batches > 0 {
            info!(
                tree.size = size,
                entries, batches, "Committed: entries {entries}, batches {batches}; the tree holds {size}"
            );
            *self = Untold { told_at: Some(Instant::now()), ..Untold::default() };
        }
    }
}
