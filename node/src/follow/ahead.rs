//! Batches judged one after the other ahead of what is written: the state that they lead to, and what is to be written for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{PoisonError, RwLock};

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Position, digests};
use colophon_ledger::look::Looked;
use colophon_ledger::replay::{ReplayError, replay_over};
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{Changes, RecordKey, Records, Unreadable, record_digest};
use colophon_ledger::state_root::{StateKey, StateTree};
use colophon_ledger::voiding::{VoidLists, Voiding};
use colophon_storage::checked::Checked;
use colophon_storage::reader::LogReader;
use colophon_storage::recovery::BATCH_BYTES_MAX;
use colophon_storage::tables::{Tables, writes_of};
use colophon_storage::view::View;
use colophon_storage::view::engine::Write;
use colophon_tlog::hash::Hash;

/// Records that batches have changed, each under its place in the state tree: there are thousands of them.
type Changed = HashMap<StateKey, String>;

/// The records of a view with those laid over them that judged batches have changed, and the tree of all of them.
///
/// Only one tree is kept, the newest, so that it can be changed in place: what no batch here has changed is in it as it is in the
/// view.
#[derive(Debug)]
pub(super) struct Judged<'r> {
    view: &'r View,
    log: &'r LogReader,
    tree: RwLock<StateTree>,
    /// What was changed before, by batches that are on their way into the view: portion by portion, the oldest first.
    earlier: VecDeque<Changed>,
    /// What the batches have changed that are judged here.
    changed: Changed,
}

impl<'r> Judged<'r> {
    /// Returns the records of which `tree` is the tree: those of the view, and what was `earlier` changed in them.
    pub(super) fn over(view: &'r View, log: &'r LogReader, tree: StateTree, earlier: VecDeque<Changed>) -> Judged<'r> {
        Judged { view, log, tree: RwLock::new(tree), earlier, changed: Changed::new() }
    }

    /// Returns their tree.
    pub(super) fn tree(&self) -> StateTree {
        self.tree.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the tree away, and what was changed earlier and here.
    pub(super) fn into_changed(self) -> (StateTree, VecDeque<Changed>, Changed) {
        (self.tree.into_inner().unwrap_or_else(PoisonError::into_inner), self.earlier, self.changed)
    }

    /// Makes the tree again after a batch has been brought into it that does not count.
    fn restore_tree(&mut self) -> Result<(), Unreadable> {
        let tables = Tables::of(&self.view.reading()).state_tree();
        let tree = tables.map_err(|error| Unreadable(error.to_string()))?;
        let digests = |changed: &Changed| -> Vec<(StateKey, Hash)> {
            changed.iter().map(|(place, record)| (*place, record_digest(record))).collect()
        };
        let tree = self.earlier.iter().chain([&self.changed]).map(digests).fold(tree, StateTree::apply);
        *self.tree.get_mut().unwrap_or_else(PoisonError::into_inner) = tree;
        Ok(())
    }
}

impl Records for Judged<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let place = key.state_key();
        let mut changed = [&self.changed].into_iter().chain(self.earlier.iter().rev());
        if let Some(record) = changed.find_map(|changed| changed.get(&place)) {
            return Ok(Some(record.clone()));
        }
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        Checked::of(self.view, &tree, self.log).record_at(key, &place)
    }

    fn expect(&self, keys: &[RecordKey]) {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        Checked::of(self.view, &tree, self.log).expect(keys);
    }
}

/// Whole batches on top of a state.
#[derive(Debug)]
pub(super) struct Ahead<'r> {
    rules: &'r Rules,
    pub(super) records: Judged<'r>,
    pub(super) position: Position,
    /// The leaves of each batch.
    pub(super) batches: Vec<Vec<Vec<u8>>>,
    /// What the batches write into the tables.
    pub(super) writes: Vec<Write>,
    /// Who sealed the last of them.
    pub(super) sealed_by: Option<AccountId>,
    /// What is known of voided leaves.
    pub(super) voiding: Voiding,
}

/// A batch that is not as the rules have it.
#[derive(Debug)]
pub(super) struct BadBatch {
    pub(super) error: ReplayError,
    pub(super) leaves: Vec<Vec<u8>>,
}

impl<'r> Ahead<'r> {
    /// Begins on top of a state and where it ends.
    pub(super) fn of(rules: &'r Rules, records: Judged<'r>, position: Position, voiding: Voiding) -> Ahead<'r> {
        let (batches, writes) = (Vec::new(), Vec::new());
        Ahead { rules, records, position, batches, writes, sealed_by: None, voiding }
    }

    /// Judges a batch again that was found to hold a leaf against the rules, once it is known what the upgrades further on void.
    pub(super) fn again(&mut self, bad: Box<BadBatch>, lists: &VoidLists) -> Result<(), Box<BadBatch>> {
        match bad.error {
            ReplayError::Refused { index, .. } if self.voiding.learn(lists, index) => {
                self.batch(bad.leaves.into_iter().map(Looked::later).collect())
            }
            _ => Err(bad),
        }
    }

    /// Judges the next batch: signatures, rules, seal and state root. One that is not as the rules have it leaves no trace.
    pub(super) fn batch(&mut self, looked: Vec<Looked>) -> Result<(), Box<BadBatch>> {
        let leaves: Vec<Vec<u8>> = looked.iter().map(|looked| looked.leaf().to_vec()).collect();
        match self.replay(looked) {
            Ok(()) => {
                self.batches.push(leaves);
                Ok(())
            }
            Err(error) => Err(Box::new(BadBatch { error, leaves })),
        }
    }

    fn replay(&mut self, looked: Vec<Looked>) -> Result<(), ReplayError> {
        let (records, mut grown, mut before) = (&self.records, false, Changes::new());
        let applied = replay_over(self.rules, records, self.position, looked, &self.voiding, |changes| {
            // The tables want to know how editions were, which can be read as long as the tree is that of before.
            for key in changes.keys().filter(|key| matches!(key, RecordKey::Edition(..))) {
                before.extend(records.record(key)?.map(|record| (key.clone(), record)));
            }
            grown = true;
            let digests: Vec<(StateKey, Hash)> = digests(changes).collect();
            let places: Vec<StateKey> = digests.iter().map(|(place, _)| *place).collect();
            let mut tree = records.tree.write().unwrap_or_else(PoisonError::into_inner);
            *tree = std::mem::take(&mut *tree).apply(digests);
            Ok((places, tree.root()))
        });
        let applied = match applied {
            Err(error) if grown => {
                self.records.restore_tree().map_err(ReplayError::Unreadable)?;
                return Err(error);
            }
            applied => applied?,
        };
        let writes = writes_of(&applied, &before).map_err(ReplayError::Unreadable)?;
        self.writes.extend(writes);
        self.sealed_by = Some(applied.seal_body.by);
        self.records.changed.extend(applied.tree.into_iter().zip(applied.changes.into_values()));
        (self.position, self.voiding) = (applied.next, applied.voiding);
        Ok(())
    }
}

/// Puts batches together to as many as are written at once.
pub(super) fn portions(batches: &[Vec<Vec<u8>>]) -> Vec<&[Vec<Vec<u8>>]> {
    let bytes = |batch: &[Vec<u8>]| batch.iter().map(|leaf| 2 + leaf.len() as u64).sum::<u64>();
    let (mut portions, mut start, mut held) = (Vec::new(), 0, 0);
    for (place, batch) in batches.iter().enumerate() {
        let more = bytes(batch);
        if held + more > BATCH_BYTES_MAX && place > start {
            portions.extend(batches.get(start..place));
            (start, held) = (place, 0);
        }
        held += more;
    }
    portions.extend(batches.get(start..).filter(|rest| !rest.is_empty()));
    portions
}
