//! Batches judged one after the other ahead of what is written: the state that they lead to, and what is to be written for it.

use std::collections::HashMap;

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Position, digests};
use colophon_ledger::look::Looked;
use colophon_ledger::replay::{ReplayError, replay_looked};
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{RecordKey, Records, Unreadable};
use colophon_ledger::state_root::StateTree;
use colophon_ledger::voiding::{VoidLists, Voiding};
use colophon_storage::recovery::BATCH_BYTES_MAX;
use colophon_storage::tables::writes_of;
use colophon_storage::view::engine::Write;

/// Records that batches have changed, each found by its hash: there are thousands of them.
pub(super) type Changed = HashMap<RecordKey, String>;

/// Records with those laid over them that judged batches have changed.
#[derive(Debug)]
pub(super) struct Judged<'r, R> {
    base: &'r R,
    /// What was changed before, by batches that are on their way into the base.
    earlier: Changed,
    /// What the batches have changed that are judged here.
    pub(super) changed: Changed,
}

impl<R: Records> Records for Judged<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        match self.changed.get(key).or_else(|| self.earlier.get(key)) {
            Some(record) => Ok(Some(record.clone())),
            None => self.base.record(key),
        }
    }
}

/// Whole batches on top of a state.
#[derive(Debug)]
pub(super) struct Ahead<'r, R> {
    rules: &'r Rules,
    pub(super) records: Judged<'r, R>,
    pub(super) tree: StateTree,
    /// The tree of the state that it began with.
    base: StateTree,
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

impl<'r, R: Records> Ahead<'r, R> {
    /// Begins on top of a state, its tree and where it ends. `records` and what was `earlier` changed in them are its records.
    pub(super) fn of(
        rules: &'r Rules,
        (records, earlier): (&'r R, Changed),
        (tree, position): (StateTree, Position),
        voiding: Voiding,
    ) -> Ahead<'r, R> {
        let records = Judged { base: records, earlier, changed: Changed::new() };
        let (batches, writes) = (Vec::new(), Vec::new());
        let (base, sealed_by) = (tree.clone(), None);
        Ahead { rules, records, tree, base, position, batches, writes, sealed_by, voiding }
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
        let tree = std::mem::take(&mut self.tree);
        let applied = replay_looked(self.rules, &self.records, tree, self.position, looked, &self.voiding)
            .inspect_err(|_| self.tree = self.base.clone().apply(digests(&self.records.changed)))?;
        let writes = writes_of(&applied, &self.records).map_err(ReplayError::Unreadable)?;
        self.writes.extend(writes);
        self.sealed_by = Some(applied.seal_body.by);
        self.records.changed.extend(applied.changes);
        (self.tree, self.position, self.voiding) = (applied.tree, applied.next, applied.voiding);
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
