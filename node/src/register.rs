//! A running register as its readers have it: what is published, the tables, the log, the cards and the drafts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use colophon_ledger::account::AccountId;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::EntryId;
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{RecordKey, Records, Unreadable};
use colophon_ledger::state_root::StateTree;
use colophon_storage::cards::Cards;
use colophon_storage::checked::Checked;
use colophon_storage::drafts::Drafts;
use colophon_storage::reader::LogReader;
use colophon_storage::tables::Tables;
use colophon_storage::view::engine::Write;
use colophon_storage::view::{Reading, View, ViewError};
use colophon_tlog::hash::Hash;
use colophon_tlog::tree::TreeSize;

use crate::clock::Clock;
use crate::publisher::Standing;

/// What everybody may see: the newest checkpoint, and the state under the seal it ends on.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The checkpoint, as signed.
    pub checkpoint: String,
    /// How many entries it covers.
    pub size: TreeSize,
    /// The root of their tree.
    pub root: Hash,
    /// The state after them.
    pub tree: StateTree,
    /// The time of the last batch, in milliseconds after 1970.
    pub time_ms: u64,
    /// The account that sealed it.
    pub sealed_by: AccountId,
}

/// A register, shared by all who read it. Only the publisher publishes.
#[derive(Debug)]
pub struct Register {
    /// What its genesis lays down.
    pub rules: Rules,
    /// Its entries and tiles.
    pub log: LogReader,
    /// People's words.
    pub cards: Cards,
    /// Half-signed drafts.
    pub drafts: Drafts,
    /// The time.
    pub clock: Clock,
    /// How it stands with publishing.
    pub standing: Arc<Standing>,
    view: View,
    newest: RwLock<Arc<Snapshot>>,
    damaged: AtomicBool,
}

/// The parts that a register is put together from.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) rules: Rules,
    pub(crate) log: LogReader,
    pub(crate) cards: Cards,
    pub(crate) drafts: Drafts,
    pub(crate) clock: Clock,
    pub(crate) standing: Arc<Standing>,
    pub(crate) view: View,
    pub(crate) snapshot: Snapshot,
}

/// What is published and the tables that go with it, held still. Not for long: publishing waits.
#[derive(Debug)]
pub struct Moment<'r> {
    /// What is published.
    pub snapshot: Arc<Snapshot>,
    /// The records and tables that go with it.
    pub reading: Reading<'r>,
}

impl Moment<'_> {
    /// Returns the tables.
    pub fn tables(&self) -> Tables<'_> {
        Tables::of(&self.reading)
    }
}

impl Register {
    pub(crate) fn new(parts: Parts) -> Register {
        let Parts { rules, log, cards, drafts, clock, standing, view, snapshot } = parts;
        let newest = RwLock::new(Arc::new(snapshot));
        let damaged = AtomicBool::new(false);
        Register { rules, log, cards, drafts, clock, standing, view, newest, damaged }
    }

    /// Returns what is published.
    pub fn newest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what is published together with the tables of the same size.
    pub fn moment(&self) -> Moment<'_> {
        // Held until the tables are: a batch is staged and its checkpoint published under the same lock.
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let reading = self.view.reading();
        Moment { snapshot: Arc::clone(&newest), reading }
    }

    /// Makes a batch's writes and its checkpoint visible, both at once.
    pub(crate) fn publish(&self, writes: Vec<Write>, snapshot: Snapshot) -> Result<(), ViewError> {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        self.view.stage(writes, snapshot.size.get())?;
        *newest = Arc::new(snapshot);
        Ok(())
    }

    /// Shows the checkpoint that is published with other cosignatures.
    pub(crate) fn republish(&self, checkpoint: String) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Arc::new(Snapshot { checkpoint, ..Snapshot::clone(&newest) });
    }

    /// Returns where an entry stands that is in the log.
    pub fn index_of(&self, id: &EntryId) -> Result<Option<u64>, ViewError> {
        Tables::of(&self.view.reading()).index_of(id)
    }

    /// Returns where an entry stands, if it is in the log. That a mint is not there, the state tree tells without the tables.
    pub fn index_of_entry(&self, entry: &Entry) -> Result<Option<u64>, Unreadable> {
        let work = RecordKey::Work(entry.id());
        if matches!(entry.body(), Body::Mint(_)) && self.newest().tree.digest(&work.state_key()).is_none() {
            return Ok(None);
        }
        let moment = self.moment();
        Checked::of(&self.view, &moment.snapshot.tree, &self.log).index_of(&entry.id())
    }

    /// Returns the tables as they are at any moment.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Remembers that the tables do not match the log: the register is unwell until it is started again.
    pub fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Returns whether the tables were found not to match the log.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Returns the records as they are published whenever one is asked for: for checks that the sequencer makes again, and for
    /// the sequencer, which knows those that may change meanwhile.
    pub fn published(&self) -> Published<'_> {
        Published { register: self }
    }

    /// Brings the tables to the disk and closes the register.
    pub fn close(self) -> Result<(), ViewError> {
        self.view.close()
    }
}

/// The published records, of which the tables are believed what the state tree says too.
#[derive(Debug, Clone, Copy)]
pub struct Published<'r> {
    register: &'r Register,
}

impl Records for Published<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let register = self.register;
        if register.newest().tree.digest(&key.state_key()).is_none() {
            return Ok(None);
        }
        // Held, so that tables and tree are of one moment.
        let moment = register.moment();
        Checked::of(&register.view, &moment.snapshot.tree, &register.log).record(key)
    }

    fn expect(&self, keys: &[RecordKey]) {
        let newest = self.register.newest();
        Checked::of(&self.register.view, &newest.tree, &self.register.log).expect(keys);
    }
}
