//! The ledger's side: a register in memory, replayed leaf by leaf, and cut into other batches.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use colophon_ledger::batch::{Batch, Closed, Position, beginning, first_batch};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{EntryId, Int};
use colophon_ledger::register::Register as Identity;
use colophon_ledger::replay::{Replay, read_genesis};
use colophon_ledger::rule::Rules;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{Changes, Records as _};
use colophon_ledger::state_root::StateTree;
use colophon_ledger::voiding::{VoidLists, Voiding};
use colophon_tlog::note::Signer;
use serde_json::{Value, json};

use crate::apply::cast::key_names;
use crate::apply::model::account_of;
use crate::people::{multikey, secret};
use crate::story::{START_MS, genesis};

const OPERATOR: usize = 3;

/// A register, and a replay of it that must always agree.
#[derive(Debug)]
pub struct Register {
    /// What the clock says.
    pub clock_ms: u64,
    rules: Rules,
    records: Changes,
    tree: StateTree,
    position: Position,
    replay: Replay,
    /// The entries of each batch but the first, and its time.
    batches: Vec<(u64, Vec<Entry>)>,
    /// The entry at each index.
    ids: BTreeMap<u64, EntryId>,
    /// What the governor voids in the whole log.
    lists: VoidLists,
}

/// Returns which register all of these are.
pub fn identity() -> &'static Identity {
    static RULES: OnceLock<Identity> = OnceLock::new();
    RULES.get_or_init(|| read_genesis(&genesis().to_bytes()).unwrap().0.register)
}

impl Register {
    /// Begins a register.
    pub fn begin() -> Register {
        let leaf = genesis().to_bytes();
        let (rules, entry) = read_genesis(&leaf).unwrap();
        let mut register = Register {
            clock_ms: START_MS,
            rules: rules.clone(),
            records: Changes::new(),
            tree: StateTree::new(),
            position: beginning(entry.id()),
            replay: Replay::begin(&leaf).unwrap(),
            batches: Vec::new(),
            ids: BTreeMap::new(),
            lists: VoidLists::default(),
        };
        register.seal(first_batch(&rules, entry, START_MS));
        register.batches.clear();
        register
    }

    /// Returns what the genesis lays down.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns all records.
    pub fn records(&self) -> &Changes {
        &self.records
    }

    /// Returns all records by name.
    pub fn named_records(&self) -> BTreeMap<String, String> {
        self.records.iter().map(|(key, record)| (key.to_string(), record.clone())).collect()
    }

    /// Returns the tree of all records.
    pub fn tree(&self) -> &StateTree {
        &self.tree
    }

    /// Returns where the next batch begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Takes a closed batch in: signs its seal, and lets the replay judge every leaf.
    pub fn seal(&mut self, closed: Closed) {
        self.records.extend(closed.changes.clone());
        let text = text_of(&self.rules.register, &Body::Seal(closed.seal.clone()));
        let applied = closed.sealed(self.signed_seal(&text));
        let leaves = applied.leaves();
        let (last, entries) = leaves.split_last().unwrap();
        for leaf in entries {
            assert!(self.replay.leaf(leaf.clone()).unwrap().is_none());
        }
        let replayed = self.replay.leaf(last.clone()).unwrap().unwrap();
        assert_eq!((&replayed.changes, &replayed.seal_body), (&applied.changes, &applied.seal_body));
        self.ids.extend(applied.indexed().map(|(index, entry)| (index, entry.id())));
        self.tree = applied.tree;
        self.position = applied.next;
        self.batches.push((applied.seal_body.time_ms.get(), applied.entries));
        assert_eq!((self.replay.records(), self.replay.position()), (&self.records, self.position));
        assert_eq!(self.replay.state_root(), self.tree.root());
    }

    /// Takes a closed batch in, into which a fault has put the leaf `bad`, refused by the rules. What whoever replays will find further
    /// on is the upgrade `mend`, in the next leaf after the seal.
    pub fn seal_wounded(&mut self, closed: &Closed, bad: &[u8], mend: &Entry) {
        self.records.extend(closed.changes.clone());
        let mut seal = closed.seal.clone();
        let index = seal.index();
        seal.count = Int::new(seal.count.get() + 1).unwrap();
        let seal = self.signed_seal(&text_of(&self.rules.register, &Body::Seal(seal)));
        self.lists.leaf(index + 2, &mend.to_bytes());
        self.replay.learn(&self.lists);
        for leaf in closed.entries.iter().map(Entry::to_bytes).chain([bad.to_vec()]) {
            assert!(self.replay.leaf(leaf).unwrap().is_none());
        }
        let replayed = self.replay.leaf(seal.to_bytes()).unwrap().unwrap();
        assert_eq!((&replayed.changes, &replayed.passed), (&closed.changes, &vec![index]));
        assert_eq!(replayed.voiding.owed(), Some(index));
        self.ids.extend(replayed.indexed().map(|(index, entry)| (index, entry.id())));
        (self.tree, self.position) = (replayed.tree, replayed.next);
        assert_eq!(self.replay.state_root(), self.tree.root());
    }

    /// Returns what whoever goes on from here knows of voided leaves.
    pub fn voiding(&self) -> &Voiding {
        self.replay.voiding()
    }

    /// Returns whether a fault has put a leaf into the log.
    pub fn was_wounded(&self) -> bool {
        self.lists != VoidLists::default()
    }

    fn signed_seal(&self, text: &str) -> Entry {
        let operator = account_of(OPERATOR);
        let keys = self.records.key_set(&operator).unwrap();
        let count = usize::try_from(keys.threshold).unwrap();
        let name_of = |key| key_names().find(|name| multikey(name) == key).unwrap();
        let sign = |key| Signer::new(operator.as_str(), secret(&name_of(key))).unwrap().sign(text);
        let mut lines: Vec<_> = keys.keys.into_iter().take(count).map(sign).collect();
        lines.sort_by_key(|line| line.key_id);
        Entry::from_parts(text, lines).unwrap()
    }

    /// Records entries that were recorded before, in one batch.
    fn record(&mut self, time_ms: u64, entries: &[Entry]) {
        let (rules, base, tree) = (self.rules.clone(), self.records.clone(), self.tree.clone());
        let mut batch = Batch::open(&rules, &base, self.position, time_ms);
        for entry in entries {
            batch.push(Signed::check(entry.clone(), batch.records()).unwrap()).unwrap();
        }
        self.seal(batch.close(account_of(OPERATOR), &tree).unwrap());
    }

    /// Returns all records with entry ids in the place of indexes, which depend on where the seals stand.
    fn timeless_records(&self) -> BTreeMap<String, Value> {
        let timeless = |record: &String| {
            let mut value: Value = serde_json::from_str(record).unwrap();
            self.replace_indexes(&mut value);
            value
        };
        self.records.iter().map(|(key, record)| (key.to_string(), timeless(record))).collect()
    }

    fn replace_indexes(&self, value: &mut Value) {
        for value in value.as_array_mut().into_iter().flatten() {
            self.replace_indexes(value);
        }
        for (name, value) in value.as_object_mut().into_iter().flatten() {
            match value.as_u64().filter(|_| matches!(name.as_str(), "index" | "retired" | "revoked" | "rotated")) {
                Some(index) => *value = json!(self.ids[&index]),
                None => self.replace_indexes(value),
            }
        }
    }
}

/// Records a register's entries again, each in a batch of its own, and as many together as share a time: the records are
/// the same.
pub fn regrouped(register: &Register) {
    let expected = register.timeless_records();
    let mut alone = Register::begin();
    for (time_ms, entries) in &register.batches {
        for entry in entries {
            alone.record(*time_ms, std::slice::from_ref(entry));
        }
    }
    assert_eq!(alone.timeless_records(), expected);
    let mut together = Register::begin();
    for batches in register.batches.chunk_by(|one, other| one.0 == other.0) {
        let entries: Vec<Entry> = batches.iter().flat_map(|(_, entries)| entries.clone()).collect();
        together.record(batches[0].0, &entries);
    }
    assert_eq!(together.timeless_records(), expected);
}
