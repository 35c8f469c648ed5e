//! An ordered batch in; changes, the seal's body and refusals out.

use std::collections::BTreeMap;

use colophon_tlog::hash::Hash;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::entry::seal::Seal;
use crate::entry::{Body, Entry};
use crate::field::{Digest, EntryId, Int};
use crate::governance;
use crate::refusal::Refusal;
use crate::rule::{Context, RULES_VERSION, Rules, Scope, Stop};
use crate::signature::Signed;
use crate::state::{Changes, Overlay, RecordKey, Records, record_digest};
use crate::state_root::{StateKey, StateTree};
use crate::voiding::Voiding;

/// Where the next batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The index of its first entry, which is the size of the tree so far.
    pub index: u64,
    /// How many batches came before.
    pub height: u64,
    /// The entry id of the seal before, or of the genesis.
    pub prev_seal: EntryId,
    /// The time of the batch before; this one's is never less.
    pub time_ms: u64,
}

/// A batch being filled. Each entry sees what the entries before it did; a refused one leaves no trace.
#[derive(Debug)]
pub struct Batch<'a, R> {
    rules: &'a Rules,
    records: Overlay<'a, R>,
    position: Position,
    entries: Vec<Entry>,
    indices: BTreeMap<EntryId, u64>,
    /// The indices of leaves that the rules refuse and an upgrade further on voids.
    passed: Vec<u64>,
    voiding: Voiding,
    /// Whether the register goes on, once an entry asked; forgotten when its governors act.
    goes_on: Option<Result<(), Refusal>>,
}

impl<'a, R: Records> Batch<'a, R> {
    /// Opens the batch that begins at `position`, at `time_ms` or, if that is earlier than the batch before, at its time.
    pub fn open(rules: &'a Rules, records: &'a R, position: Position, time_ms: u64) -> Batch<'a, R> {
        Batch::open_owing(rules, records, position, time_ms, Voiding::default())
    }

    /// Does what [`Batch::open`] does, where leaves before this batch may be owed.
    pub fn open_owing(
        rules: &'a Rules,
        records: &'a R,
        position: Position,
        time_ms: u64,
        voiding: Voiding,
    ) -> Batch<'a, R> {
        let position = Position { time_ms: time_ms.max(position.time_ms), ..position };
        let (records, entries, indices) = (Overlay::over(records), Vec::new(), BTreeMap::new());
        Batch { rules, records, position, entries, indices, passed: Vec::new(), voiding, goes_on: None }
    }

    /// Applies an entry and returns its index.
    pub fn push(&mut self, signed: Signed) -> Result<u64, Stop> {
        let index = self.next_index();
        let entry = signed.entry();
        self.check_place(entry)?;
        if let Some(index) = self.indices.get(&entry.id()) {
            return Err(Refusal::Repeated { index: *index }.into());
        }
        signed.check_authority(&self.records)?;
        let Position { height, time_ms, .. } = self.position;
        let goes_on = match &self.goes_on {
            Some(known) => known.clone(),
            None => governance::check_goes_on(governance::current(&self.records)?.as_ref(), height),
        };
        self.goes_on = Some(goes_on.clone());
        goes_on?;
        let (id, owing) = (entry.id(), self.voiding.owing());
        let context = Context { rules: self.rules, scope: Scope::Whole, id, index, height, time_ms, owing };
        let changes = entry.body().apply(&context, &self.records)?;
        if entry.body().is_act() {
            self.goes_on = None;
        }
        if let Body::Upgrade(upgrade) = entry.body() {
            self.voiding.settle(upgrade.voids());
        }
        self.records.add(changes);
        self.indices.insert(entry.id(), index);
        self.entries.push(signed.into_entry());
        Ok(index)
    }

    /// Refuses an entry of another register, or one that never stands in a batch. Asks for no record.
    pub(crate) fn check_place(&self, entry: &Entry) -> Result<(), Refusal> {
        entry.check_register(&self.rules.register)?;
        entry.check_submittable()
    }

    /// Passes over the next leaf, which was refused, if an upgrade further on voids it, and tells whether one does.
    pub(crate) fn passes_over(&mut self, refusal: &Refusal) -> bool {
        let index = self.next_index();
        // What newer rules might have taken is not for these to void.
        let is_voided = self.voiding.is_named(index) && !refusal.needs_newer_software();
        if is_voided {
            self.voiding.owe(index);
            self.passed.push(index);
        }
        is_voided
    }

    /// Takes the genesis, which is alone in the first batch.
    pub(crate) fn push_genesis(&mut self, genesis: Entry) {
        self.entries.push(genesis);
    }

    /// Returns the records with what the batch has changed so far.
    pub fn records(&self) -> &Overlay<'a, R> {
        &self.records
    }

    /// Returns the entries taken so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn next_index(&self) -> u64 {
        self.position.index + self.count()
    }

    /// Returns how many leaves there are so far.
    fn count(&self) -> u64 {
        (self.entries.len() + self.passed.len()) as u64
    }

    /// Gives away what the batch has changed, and what is known of voided leaves after it, without closing it.
    pub(crate) fn into_changes(self) -> (Changes, Voiding) {
        (self.records.into_changes(), self.voiding)
    }

    /// Closes the batch on top of the tree of the state before it. Nothing comes of a batch without entries.
    pub fn close(self, by: AccountId, tree: &StateTree) -> Option<Closed> {
        let tree = tree.clone().apply(digests(self.records.changes()));
        let root = tree.root();
        self.close_over(by, tree, root)
    }

    /// Closes the batch over a state of which `tree` tells as much as the caller knows, and `root` is the root.
    pub(crate) fn close_over<T>(self, by: AccountId, tree: T, root: Hash) -> Option<Closed<T>> {
        let Position { index, height, prev_seal, time_ms } = self.position;
        let seal = Seal {
            by,
            count: Int::new(self.count())?,
            first: Int::new(index)?,
            height: Int::new(height)?,
            kind: crate::entry::seal::SealWord::It,
            prev_seal,
            rules: Int::new(RULES_VERSION)?,
            state: Digest(root),
            time_ms: Int::new(time_ms)?,
        };
        let Batch { records, entries, passed, voiding, .. } = self;
        Some(Closed { entries, passed, voiding, changes: records.into_changes(), tree, seal })
    }
}

/// Returns the place in the state tree and the digest of each record.
pub fn digests<'c>(
    changes: impl IntoIterator<Item = (&'c RecordKey, &'c String)>,
) -> impl Iterator<Item = (StateKey, Hash)> {
    changes.into_iter().map(|(key, record)| (key.state_key(), record_digest(record)))
}

/// A batch that only lacks its seal's signature.
#[derive(Debug, Clone)]
pub struct Closed<T = StateTree> {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// The indices of leaves that are passed over: the rules refuse them, and an upgrade further on voids them.
    pub passed: Vec<u64>,
    /// What is known of voided leaves after it.
    pub voiding: Voiding,
    /// Every record they changed.
    pub changes: Changes,
    /// The state after them.
    pub tree: T,
    /// The seal's body.
    pub seal: Seal,
}

impl<T> Closed<T> {
    /// Returns the batch with its signed seal.
    pub fn sealed(self, seal: Entry) -> Applied<T> {
        let position = Position {
            index: self.seal.index() + 1,
            height: self.seal.height.get() + 1,
            prev_seal: seal.id(),
            time_ms: self.seal.time_ms.get(),
        };
        let Closed { entries, passed, voiding, changes, tree, seal: body } = self;
        Applied { entries, passed, voiding, changes, tree, seal_body: body, seal, next: position }
    }
}

/// A whole batch: what was added to the log, and what it changed.
#[derive(Debug, Clone)]
pub struct Applied<T = StateTree> {
    /// The entries, in order, from index `seal_body.first` on.
    pub entries: Vec<Entry>,
    /// The indices of leaves among them that are passed over: the rules refuse them, and an upgrade further on voids them.
    pub passed: Vec<u64>,
    /// What is known of voided leaves after it.
    pub voiding: Voiding,
    /// Every record they changed.
    pub changes: Changes,
    /// The state after them.
    pub tree: T,
    /// What the seal says.
    pub seal_body: Seal,
    /// The seal.
    pub seal: Entry,
    /// Where the next batch begins.
    pub next: Position,
}

impl<T> Applied<T> {
    /// Returns the leaves of a batch that is to be appended to the log: the entries and the seal.
    pub fn leaves(&self) -> Vec<Vec<u8>> {
        self.entries.iter().chain([&self.seal]).map(Entry::to_bytes).collect()
    }

    /// Returns each entry but the seal with its index.
    pub fn indexed(&self) -> impl Iterator<Item = (u64, &Entry)> {
        let first = self.seal_body.first.get();
        (first..).filter(|index| !self.passed.contains(index)).zip(&self.entries)
    }

    /// Returns the state root that the seal carries.
    pub fn state_root(&self) -> Hash {
        self.seal_body.state.0
    }
}

/// Returns the first position of a register: before its genesis.
pub fn beginning(genesis: EntryId) -> Position {
    Position { index: 0, height: 0, prev_seal: genesis, time_ms: 0 }
}

/// Returns the first batch of a register, which holds its genesis alone. The genesis' signatures must have been checked.
pub fn first_batch(rules: &Rules, genesis: Entry, time_ms: u64) -> Closed {
    let none = Changes::new();
    let mut batch = Batch::open(rules, &none, beginning(genesis.id()), time_ms);
    let by = *genesis.body().by();
    batch.push_genesis(genesis);
    batch.close(by, &StateTree::new()).expect("a batch of one entry at index 0 has a seal")
}
