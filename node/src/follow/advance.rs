//! From one checkpoint to the next: fetched, judged entry by entry, written, and only then shown to anybody.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use colophon_client::download::Download;
use colophon_client::evidence::of_checkpoints;
use colophon_client::look::look_again;
use colophon_client::prove::fetch_proved;
use colophon_client::tiles::{Span, TreeError};
use colophon_client::voids::fetch_void_lists;
use colophon_ledger::batch::Position;
use colophon_ledger::evidence::{BatchCase, ProvedLeaf};
use colophon_ledger::governance;
use colophon_ledger::look::{Batches, Looked};
use colophon_ledger::replay::ReplayError;
use colophon_ledger::signature::FirstKeys;
use colophon_ledger::state::{Records, Unreadable};
use colophon_ledger::state_root::StateTree;
use colophon_ledger::voiding::Voiding;
use colophon_storage::log::{AppendError, Log};
use colophon_storage::slots::Slots;
use colophon_storage::tables::Tables;
use colophon_storage::view::View;
use colophon_storage::view::engine::Write;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::EntryIndex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::info;

use crate::follow::ahead::{Ahead, BadBatch, Judged, portions};
use crate::follow::source::Source;
use crate::follow::trouble::{Trouble, of_tables, of_tree};
use crate::publisher::PublishError;
use crate::register::{Register, Snapshot};

/// After how many entries a copy that does not serve yet writes what it has judged.
const PORTION_ENTRIES: u64 = 16_384;
/// How many portions are on their way to the disk while the next one is judged.
const PORTIONS_MAX: usize = 2;
/// How many keys may wait for the tables' engine meanwhile.
const BACKLOG_KEYS_MAX: usize = 100_000;

/// What only the one writer of a copy has.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) slots: Slots,
    /// The checkpoint that the copy has published; nothing before the first.
    pub(super) published: Option<SignedCheckpoint>,
    /// Where the batch after the log's last one begins, and the state before it.
    pub(super) position: Position,
    pub(super) tree: StateTree,
    /// The key of the log in force there.
    pub(super) key: VerifierKey,
}

/// What a step needs besides.
#[derive(Debug)]
pub(super) struct Step<'s> {
    pub(super) source: &'s Source,
    pub(super) runtime: &'s Handle,
    /// Says that the copy is to stop, or is gone when whoever wants the copy is.
    pub(super) stop: &'s watch::Receiver<bool>,
}

impl Writer {
    /// Returns the tree that the log holds.
    fn span(&self) -> Span {
        Span { size: self.log.size(), root: self.log.root() }
    }

    /// Makes a checkpoint the copy's own, over a state in which the log has the key `key`. It binds from here on.
    fn publish(&mut self, source: &Source, checkpoint: SignedCheckpoint, key: VerifierKey) -> Result<(), Trouble> {
        let note = checkpoint.to_string();
        self.slots.write(Some(&note), Some(&note)).map_err(PublishError::from)?;
        self.published = Some(checkpoint);
        if self.key != key {
            info!("The governors have given the log another key, by which the copy goes on: {key}");
            source.turn_to(&key);
            self.key = key;
        }
        Ok(())
    }

    /// Brings a copy that nobody is served from up to a checkpoint, portion by portion. `progress` is told how many entries there
    /// are.
    pub(super) fn fill(
        &mut self,
        step: &Step<'_>,
        view: &View,
        to: SignedCheckpoint,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Trouble> {
        let mut batches = step.begin(self, &to)?;
        let voiding = match self.fill_with(step, view, &to, &mut batches, &mut progress) {
            Ok(voiding) => voiding,
            Err(trouble) => {
                // What was judged beyond what is written is in the tree and counts no more.
                self.tree = Tables::of(&view.reading()).state_tree()?;
                return Err(trouble);
            }
        };
        // Whoever looked ahead to this end has met every upgrade that counts.
        debug_assert_eq!(voiding.owed(), None, "a leaf is owed at the end");
        let key = governance::log_key(&step.source.rules, view)?;
        step.source.check_signer(&to, &key)?;
        self.publish(step.source, to, key)
    }

    /// Judges all batches on the way to a checkpoint, and writes them. The tree is at the last one that was judged then.
    fn fill_with(
        &mut self,
        step: &Step<'_>,
        view: &View,
        to: &SignedCheckpoint,
        batches: &mut Fetched<'_>,
        progress: &mut impl FnMut(u64),
    ) -> Result<Voiding, Trouble> {
        let (rules, from) = (&step.source.rules, self.span());
        let Writer { log, tree, position, .. } = self;
        let (reader, start) = (log.reader(), *position);
        thread::scope(|scope| {
            let (hand_over, portions) = sync_channel::<Portion>(PORTIONS_MAX);
            let (tell, told) = channel();
            scope.spawn(move || portions.iter().all(|portion| tell.send(portion.write(log, view)).is_ok()));
            let mut written = |under_way: &mut VecDeque<Position>| {
                let Some(written) = under_way.pop_front() else { return Ok(false) };
                told.recv().unwrap_or(Err(Trouble::Stopped))?;
                *position = written;
                progress(written.index);
                Ok::<_, Trouble>(true)
            };
            let (mut under_way, mut judged_to) = (VecDeque::new(), start);
            let (mut earlier, mut voiding) = (VecDeque::new(), Voiding::default());
            loop {
                // While a portion is judged, the tables go on to the end of those before. What those have changed is not asked of
                // them, and the rest is the same before and after.
                let records = Judged::over(view, &reader, std::mem::take(tree), earlier);
                let mut ahead = Ahead::of(rules, records, judged_to, voiding);
                let was_last = match step.judge_portion(&mut ahead, batches, (from, to)) {
                    Ok(was_last) => was_last,
                    Err(trouble) => {
                        while written(&mut under_way)? {}
                        return Err(trouble);
                    }
                };
                let changed;
                (*tree, earlier, changed) = ahead.records.into_changed();
                (judged_to, voiding) = (ahead.position, ahead.voiding);
                if !ahead.batches.is_empty() {
                    if under_way.len() == PORTIONS_MAX && written(&mut under_way)? {
                        earlier.pop_front();
                    }
                    earlier.push_back(changed);
                    under_way.push_back(judged_to);
                    let portion = Portion { batches: ahead.batches, writes: ahead.writes, end: judged_to.index };
                    // Nobody takes it only if whoever writes broke down, which the end of the scope tells.
                    drop(hand_over.send(portion));
                }
                if was_last {
                    while written(&mut under_way)? {}
                    return Ok(voiding);
                }
            }
        })
    }

    /// Brings a copy that is served up to a checkpoint, and shows all of it at once.
    pub(super) fn follow(&mut self, step: &Step<'_>, register: &Register, to: SignedCheckpoint) -> Result<(), Trouble> {
        let entries = to.checkpoint().size.get().saturating_sub(self.position.index);
        if entries > step.source.step_entries_max {
            return Err(Trouble::Reopen(format!("the register is {entries} entries ahead")));
        }
        let mut batches = step.begin(self, &to)?;
        let from = self.span();
        let records = Judged::over(register.view(), &register.log, self.tree.clone(), VecDeque::new());
        let mut ahead = Ahead::of(&register.rules, records, self.position, Voiding::default());
        while let Some(batch) = batches.next(&ahead.records)? {
            step.judge(&mut ahead, batch, (from, &to), self.published.as_ref())?;
        }
        let key = governance::log_key(&register.rules, &ahead.records)?;
        step.source.check_signer(&to, &key)?;
        let Ahead { records, position, batches: judged, writes, sealed_by, voiding, .. } = ahead;
        let (tree, ..) = records.into_changed();
        debug_assert_eq!(voiding.owed(), None, "a leaf is owed at the end");
        append(&mut self.log, &judged)?;
        let sealed_by = sealed_by.unwrap_or(register.newest().sealed_by);
        let snapshot = Snapshot {
            checkpoint: to.to_string(),
            size: to.checkpoint().size,
            root: to.checkpoint().root,
            tree: tree.clone(),
            time_ms: position.time_ms,
            sealed_by,
        };
        self.publish(step.source, to, key)?;
        register.publish(writes, snapshot)?;
        (self.tree, self.position) = (tree, position);
        Ok(())
    }

    /// Takes other cosignatures of the checkpoint that the copy has published.
    pub(super) fn refresh(
        &mut self,
        source: &Source,
        register: &Register,
        checkpoint: SignedCheckpoint,
    ) -> Result<(), Trouble> {
        source.check_signer(&checkpoint, &self.key)?;
        let note = checkpoint.to_string();
        self.publish(source, checkpoint, self.key.clone())?;
        register.republish(note);
        Ok(())
    }
}

/// Judged batches that are to be written.
struct Portion {
    batches: Vec<Vec<Vec<u8>>>,
    writes: Vec<Write>,
    /// The index behind the last of them.
    end: u64,
}

impl Portion {
    /// Writes them into the log, and then into the tables.
    fn write(self, log: &mut Log, view: &View) -> Result<(), Trouble> {
        append(log, &self.batches)?;
        view.stage(self.writes, self.end)?;
        Ok(view.wait_for_backlog(BACKLOG_KEYS_MAX)?)
    }
}

/// Writes batches behind the last one. Durable when it returns.
fn append(log: &mut Log, batches: &[Vec<Vec<u8>>]) -> Result<(), Trouble> {
    let before = log.size();
    for portion in portions(batches) {
        match log.append_all(portion.iter().map(Vec::as_slice)) {
            Ok(()) => {}
            Err(AppendError::Full(error)) if log.size() == before => {
                return Err(Trouble::Full(format!("there is no room on this machine's disk: {error}")));
            }
            Err(AppendError::Full(error)) => return Err(Trouble::Reopen(format!("the disk is full: {error}"))),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The batches of a download, one after the other.
struct Fetched<'s> {
    step: &'s Step<'s>,
    download: Download<Looked>,
    waiting: std::vec::IntoIter<Looked>,
    batches: Batches,
}

impl Fetched<'_> {
    /// Returns the next batch; nothing after the last. `records` are those before it, as far as they are known: what other keys
    /// than their accounts' first have signed is checked by them, on all cores. What should be a batch and has no seal is returned
    /// as it is: it is judged like every other.
    fn next(&mut self, records: &(impl Records + Sync)) -> Result<Option<Vec<Looked>>, Trouble> {
        loop {
            for looked in self.waiting.by_ref() {
                match self.batches.leaf(looked) {
                    Ok(None) => {}
                    Ok(whole) => return Ok(whole),
                    Err(_) => return Ok(Some(self.batches.take())),
                }
            }
            match self.step.wait(self.download.next())?.map_err(|error| of_tree(&error))? {
                Some(some) => self.waiting = look_again(some, records, &*self.step.source.points).into_iter(),
                None => return Ok(Some(self.batches.take()).filter(|rest| !rest.is_empty())),
            }
        }
    }
}

impl<'s> Step<'s> {
    /// Waits for something, but no longer than the copy is wanted.
    pub(super) fn wait<T>(&self, something: impl Future<Output = T>) -> Result<T, Trouble> {
        let mut stop = self.stop.clone();
        self.runtime.block_on(async {
            tokio::select! {
                done = something => Ok(done),
                _ = stop.wait_for(|stopped| *stopped) => Err(Trouble::Stopped),
            }
        })
    }

    /// Begins to fetch what comes after `from`, once it is shown that `to` goes on from there.
    fn begin(&'s self, writer: &Writer, to: &SignedCheckpoint) -> Result<Fetched<'s>, Trouble> {
        let (from, first, published) = (writer.span(), writer.position.index, writer.published.as_ref());
        let points = Arc::clone(&self.source.points);
        let look = move |leaves| Looked::at_each(leaves, &FirstKeys, &*points);
        let begun = self.wait(Download::begin(&self.source.transport, from, Span::of(to), look))?;
        let download = begun.map_err(|error| self.parted(&error, published, to))?;
        Ok(Fetched { step: self, download, waiting: Vec::new().into_iter(), batches: Batches::from(first) })
    }

    /// Returns the trouble with a log that is not shown to go on from the copy's.
    fn parted(&self, error: &TreeError, published: Option<&SignedCheckpoint>, to: &SignedCheckpoint) -> Trouble {
        match (error, published) {
            (TreeError::Parted { root, proof }, Some(published)) => self.source.forked(published, to, *root, proof),
            _ => of_tree(error),
        }
    }

    /// Judges the next batches on the way between two trees, up to a portion of them, and tells whether they were the last.
    fn judge_portion(
        &self,
        ahead: &mut Ahead<'_>,
        batches: &mut Fetched<'_>,
        between: (Span, &SignedCheckpoint),
    ) -> Result<bool, Trouble> {
        let end = ahead.position.index + PORTION_ENTRIES;
        while ahead.position.index < end {
            match batches.next(&ahead.records)? {
                Some(batch) => self.judge(ahead, batch, between, None)?,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Judges the next batch on the way between two trees. Where it holds a leaf against the rules, what comes behind it is looked
    /// through for an upgrade that voids it, and not before.
    fn judge(
        &self,
        ahead: &mut Ahead<'_>,
        batch: Vec<Looked>,
        (from, to): (Span, &SignedCheckpoint),
        published: Option<&SignedCheckpoint>,
    ) -> Result<(), Trouble> {
        let Err(mut bad) = ahead.batch(batch) else { return Ok(()) };
        if matches!(bad.error, ReplayError::Refused { .. }) {
            let lists = self.wait(fetch_void_lists(&self.source.transport, from, Span::of(to)))?;
            match ahead.again(bad, &lists.map_err(|error| of_tree(&error))?) {
                Ok(()) => return Ok(()),
                Err(still) => bad = still,
            }
        }
        Err(self.convict(ahead, &bad, to, published))
    }

    /// Returns the trouble with a batch that is not as the rules have it, with the evidence that is kept of it.
    fn convict(
        &self,
        ahead: &Ahead<'_>,
        bad: &BadBatch,
        to: &SignedCheckpoint,
        published: Option<&SignedCheckpoint>,
    ) -> Trouble {
        match &bad.error {
            ReplayError::NeedsNewer { .. } => return Trouble::NeedsNewer(bad.error.to_string()),
            ReplayError::Unreadable(unreadable) => return of_tables(unreadable),
            _ => {}
        }
        let tree = ahead.records.tree();
        let case = BatchCase {
            rules: &self.source.rules,
            records: &ahead.records,
            tree: &tree,
            position: ahead.position,
            leaves: &bad.leaves,
            voiding: &ahead.voiding,
            checkpoint: to,
        };
        let indices = case.indices().into_iter().filter_map(EntryIndex::new);
        let proved = self.wait(fetch_proved(&self.source.transport, Span::of(to), indices));
        let proved: BTreeMap<u64, ProvedLeaf> = proved
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_iter()
            .map(|found| (found.index.get(), ProvedLeaf::new(&found.leaf, found.index.get(), &found.proof)))
            .collect();
        let shown = case.evidence(|index| {
            proved.get(&index).cloned().ok_or_else(|| Unreadable(format!("the entry {index} does not come again")))
        });
        // What cannot be shown now is at least written down.
        let evidence = shown.unwrap_or_else(|_| of_checkpoints(&self.source.pinned, published, to, None));
        Trouble::Caught {
            why: format!("its log of {} entries is against the rules: {}", to.checkpoint().size, bad.error),
            evidence: self.source.keep(&evidence),
        }
    }
}
