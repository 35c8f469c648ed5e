//! The state after the last batch in the log, which the next one is built on: a few batches ahead of what is published.

use std::collections::{BTreeMap, VecDeque};

use colophon_ledger::batch::Applied;
use colophon_ledger::entry::Entry;
use colophon_ledger::field::EntryId;
use colophon_ledger::state::{Changes, RecordKey, Records, Unreadable};
use colophon_ledger::state_root::StateTree;

use crate::register::{Published, Register};

/// The state after the last batch in the log.
#[derive(Debug)]
pub(crate) struct Tip {
    tree: StateTree,
    /// The batches that were not published when it was last asked, the oldest first.
    unpublished: VecDeque<Unpublished>,
}

/// What a batch changed.
#[derive(Debug)]
struct Unpublished {
    /// How many entries the log holds with it.
    size: u64,
    changes: Changes,
    indices: BTreeMap<EntryId, u64>,
}

impl Tip {
    /// Returns the tip of a log all of which is published.
    pub(crate) fn at(tree: StateTree) -> Tip {
        Tip { tree, unpublished: VecDeque::new() }
    }

    /// Returns the tree of all records.
    pub(crate) fn tree(&self) -> &StateTree {
        &self.tree
    }

    /// Goes on to the state after a batch that is in the log now.
    pub(crate) fn advance(&mut self, applied: Applied) {
        let indices = applied.indexed().map(|(index, entry)| (entry.id(), index)).collect();
        self.unpublished.push_back(Unpublished { size: applied.next.index, changes: applied.changes, indices });
        self.tree = applied.tree;
    }

    /// Forgets what is published: from now on it is read from the register.
    pub(crate) fn forget(&mut self, published: u64) {
        while self.unpublished.front().is_some_and(|batch| batch.size <= published) {
            self.unpublished.pop_front();
        }
    }

    /// Returns where an entry stands, if it is in the log.
    pub(crate) fn index_of(&self, entry: &Entry, register: &Register) -> Result<Option<u64>, Unreadable> {
        match self.unpublished.iter().find_map(|batch| batch.indices.get(&entry.id())) {
            Some(index) => Ok(Some(*index)),
            None => register.index_of_entry(entry),
        }
    }

    /// Returns the records. What no unpublished batch has changed is the same at any moment of publishing.
    pub(crate) fn records<'a>(&'a self, register: &'a Register) -> TipRecords<'a> {
        TipRecords { tip: self, published: register.published() }
    }
}

/// The records at the tip.
#[derive(Debug)]
pub(crate) struct TipRecords<'a> {
    tip: &'a Tip,
    published: Published<'a>,
}

impl Records for TipRecords<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        match self.tip.unpublished.iter().rev().find_map(|batch| batch.changes.get(key)) {
            Some(record) => Ok(Some(record.clone())),
            None => self.published.record(key),
        }
    }

    fn expect(&self, keys: &[RecordKey]) {
        self.published.expect(keys);
    }
}
