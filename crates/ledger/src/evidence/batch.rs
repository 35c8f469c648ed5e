//! A batch that the rules do not lead to: its leaves, the seal before it, and every record that the rules read.
//!
//! Whoever has the file applies the batch to those records by the ledger's own code. It needs no other part of the state:
//! each record is shown under the root that the seal before states, and the new root follows from the same proofs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::VerifierKey;
use serde::{Deserialize, Serialize};

use crate::batch::{Position, beginning, digests};
use crate::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use crate::entry::{Body, Entry};
use crate::evidence::{Claim, Evidence, EvidenceError, Lie, ProvedLeaf, open};
use crate::look::Looked;
use crate::proved::{ProvedRecord, ShownRecords};
use crate::replay::{ReplayError, read_genesis, replay_looked, replay_over};
use crate::rule::Rules;
use crate::state::{RecordKey, Records, Unreadable};
use crate::state_root::{PartialTree, StateTree};
use crate::voiding::{VoidLists, Voiding};

/// The most leaves of a batch: its entries and its seal, or one leaf too many where the seal is missing.
const LEAVES_MAX: u64 = BATCH_ENTRIES_MAX + 1;

/// The most leaves behind a batch that a file holds to show that none of them voids an entry of it.
const REST_LEAVES_MAX: u64 = 3_000;

/// A batch that is against the rules, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchClaim {
    /// The seal before the batch; left out for the first batch, which holds the genesis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<ProvedLeaf>,
    /// The checkpoint, verbatim.
    pub checkpoint: String,
    /// The first leaf of the log.
    pub genesis: ProvedLeaf,
    /// The leaves of the batch, in order: up to the first seal, or where there is none up to the end of the log or to one
    /// more than a batch may have.
    pub leaves: Vec<ProvedLeaf>,
    /// Every record that the rules read or write, by ascending name, as it is before the batch.
    pub records: Vec<ProvedRecord>,
    /// All leaves behind the batch, up to the end of the checkpoint's log, where an upgrade among them might void an entry of the
    /// batch; left out where it does not matter, or where there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<Vec<ProvedLeaf>>,
}

/// A batch that a replay has found to be against the rules, with the state before it.
#[derive(Debug)]
pub struct BatchCase<'a, R> {
    /// What the genesis lays down.
    pub rules: &'a Rules,
    /// The records before the batch.
    pub records: &'a R,
    /// Their tree.
    pub tree: &'a StateTree,
    /// Where the batch begins.
    pub position: Position,
    /// Its leaves, as [`BatchClaim::leaves`] has them.
    pub leaves: &'a [Vec<u8>],
    /// What is known of voided leaves before it.
    pub voiding: &'a Voiding,
    /// A checkpoint whose log holds them.
    pub checkpoint: &'a SignedCheckpoint,
}

impl<R: Records> BatchCase<'_, R> {
    /// Returns the indices of the leaves that the evidence takes: the genesis, the seal before, the batch, and what comes behind it
    /// where that matters.
    pub fn indices(&self) -> BTreeSet<u64> {
        let first = self.position.index;
        let end = first + self.leaves.len() as u64;
        [0, first.saturating_sub(1)].into_iter().chain(first..end).chain(self.rest().unwrap_or(end..end)).collect()
    }

    /// Returns the indices of the leaves behind the batch, if its fault is an entry that one of them might void, and they are few
    /// enough.
    fn rest(&self) -> Option<Range<u64>> {
        let (first, count) = (self.position.index, self.leaves.len() as u64);
        let size = self.checkpoint.checkpoint().size.get();
        let behind = (first + count)..size;
        if behind.is_empty() || size - behind.start > REST_LEAVES_MAX {
            return None;
        }
        let leaves = self.leaves.iter().cloned().map(Looked::later).collect();
        let judged = replay_looked(self.rules, self.records, self.tree.clone(), self.position, leaves, self.voiding);
        // Neither the genesis nor a seal is ever voided.
        let is_entry = |index: u64| first > 0 && index + 1 < behind.start;
        matches!(judged, Err(ReplayError::Refused { index, .. }) if is_entry(index)).then_some(behind)
    }

    /// Returns the evidence. `prove` returns a leaf of the log with its proof to the checkpoint.
    pub fn evidence<E: From<Unreadable>>(
        &self,
        mut prove: impl FnMut(u64) -> Result<ProvedLeaf, E>,
    ) -> Result<Evidence, E> {
        let first = self.position.index;
        let before = first.checked_sub(1).map(&mut prove).transpose()?;
        let genesis = prove(0)?;
        let leaves = (first..).zip(self.leaves).map(|(index, _)| prove(index)).collect::<Result<_, E>>()?;
        let records = self.proved_records()?;
        let rest = self.rest().map(|behind| behind.map(prove).collect::<Result<_, E>>()).transpose()?;
        let checkpoint = self.checkpoint.to_string();
        Ok(Evidence::of(Claim::Batch(Box::new(BatchClaim { before, checkpoint, genesis, leaves, records, rest }))))
    }

    /// Returns each record that a replay of the batch reads or writes, with its proof.
    fn proved_records(&self) -> Result<Vec<ProvedRecord>, Unreadable> {
        let asked = Asked { records: self.records, keys: RefCell::default() };
        // What comes of it is known; only what it asks for is of interest.
        let leaves = self.leaves.iter().cloned().map(Looked::later).collect();
        let _judged = replay_over(self.rules, &asked, self.position, leaves, self.voiding, |changes| {
            asked.keys.borrow_mut().extend(changes.keys().cloned());
            let tree = self.tree.clone().apply(digests(changes));
            Ok(((), tree.root()))
        });
        let mut proved = Vec::new();
        for key in asked.keys.into_inner() {
            proved.push(ProvedRecord::new(&key, self.records.record(&key)?, self.tree));
        }
        proved.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(proved)
    }
}

/// Records that remember which of them were asked for.
struct Asked<'a, R> {
    records: &'a R,
    keys: RefCell<BTreeSet<RecordKey>>,
}

impl<R: Records> Records for Asked<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        self.keys.borrow_mut().insert(key.clone());
        self.records.record(key)
    }
}

impl BatchClaim {
    pub(super) fn judge(&self, log: &VerifierKey) -> Result<Lie, EvidenceError> {
        let checkpoint = open(&self.checkpoint, log)?;
        let first = self.check_places(&checkpoint)?;
        let rules = match read_genesis(&self.genesis.leaf.0) {
            Ok((rules, _)) => rules,
            Err(error) => return convicted(first, &checkpoint, error),
        };
        let position = self.position(&rules, first)?;
        let (records, tree) = self.state_before()?;
        let leaves = self.leaves.iter().map(|leaf| Looked::later(leaf.leaf.0.clone())).collect();
        let judged = replay_over(&rules, &records, position, leaves, &self.voiding(), |changes| {
            let root = tree.root_with(digests(changes));
            root.map(|root| ((), root)).map_err(|place| Unreadable(format!("a record at {}", place.as_hash())))
        });
        match judged {
            Ok(_) => {
                Err(EvidenceError::NothingWrong(format!("the batch from index {first} on is as the rules have it")))
            }
            Err(ReplayError::Refused { index, .. }) if self.may_be_voided(index, checkpoint.size.get()) => {
                Err(EvidenceError::MayBeVoided { index, size: checkpoint.size.get() })
            }
            Err(error) => convicted(first, &checkpoint, error),
        }
    }

    /// Returns what the leaves in the file void. What those of the batch say of leaves before it is for those to judge who replay
    /// them: here it is taken to be right.
    fn voiding(&self) -> Voiding {
        let mut lists = VoidLists::default();
        for leaf in self.leaves.iter().chain(self.rest.iter().flatten()) {
            lists.leaf(leaf.index, &leaf.leaf.0);
        }
        let (mut voiding, first) = (Voiding::default(), self.leaves.first().map_or(0, |leaf| leaf.index));
        voiding.learn(&lists, first);
        voiding.trust_before(first);
        voiding
    }

    /// Tells whether an upgrade that the file leaves out might void the leaf at `index`: one behind the batch. Neither the genesis
    /// nor a seal is ever voided.
    fn may_be_voided(&self, index: u64, size: u64) -> bool {
        let last = self.leaves.last().map_or(0, |last| last.index);
        self.rest.is_none() && last.checked_add(1) != Some(size) && (1..last).contains(&index)
    }

    /// Checks that the leaves are one whole batch of the checkpoint's log, and returns the index of the first.
    fn check_places(&self, checkpoint: &Checkpoint) -> Result<u64, EvidenceError> {
        let malformed = |why: &str| Err(EvidenceError::Malformed(why.to_owned()));
        let first = self.before.as_ref().map_or(Some(0), |before| before.index.checked_add(1));
        let (Some(first), Some((last, entries))) = (first, self.leaves.split_last()) else {
            return malformed("there is no batch in it");
        };
        if self.leaves.len() as u64 > LEAVES_MAX {
            return malformed("more leaves than a batch has");
        }
        if self.genesis.index != 0 || !(first..).zip(&self.leaves).all(|(index, leaf)| leaf.index == index) {
            return malformed("its leaves are not in order");
        }
        let behind = last.index.saturating_add(1);
        let rest = self.rest.as_deref().unwrap_or_default();
        let ends = behind.checked_add(rest.len() as u64) == Some(checkpoint.size.get());
        if self.rest.is_some() && (!ends || !(behind..).zip(rest).all(|(index, leaf)| leaf.index == index)) {
            return malformed("what comes behind its batch is not all there");
        }
        for leaf in self.before.iter().chain([&self.genesis]).chain(&self.leaves).chain(rest) {
            leaf.check_inclusion(checkpoint)?;
        }
        for leaf in self.before.iter().chain([&self.genesis]).chain(&self.leaves) {
            leaf.check_version()?;
        }
        if entries.iter().any(|leaf| Seal::peek(&leaf.leaf.0).is_some()) {
            return malformed("it holds more than one batch");
        }
        let is_whole = Seal::peek(&last.leaf.0).is_some()
            || self.leaves.len() as u64 == LEAVES_MAX
            || last.index.checked_add(1) == Some(checkpoint.size.get());
        if is_whole { Ok(first) } else { malformed("the end of the batch is left out") }
    }

    /// Returns where the batch begins, by the seal before it.
    fn position(&self, rules: &Rules, first: u64) -> Result<Position, EvidenceError> {
        let Some(before) = &self.before else { return Ok(beginning(rules.register.genesis)) };
        let none = || EvidenceError::Malformed("the entry before the batch is no seal of the register".to_owned());
        let entry = Entry::parse(&before.leaf.0).map_err(|_| none())?;
        let Body::Seal(seal) = entry.body() else { return Err(none()) };
        if seal.index() != before.index || entry.check_register(&rules.register).is_err() {
            return Err(none());
        }
        let (height, time_ms) = (seal.height.get() + 1, seal.time_ms.get());
        Ok(Position { index: first, height, prev_seal: entry.id(), time_ms })
    }

    /// Returns the records before the batch, and what is shown of their tree.
    fn state_before(&self) -> Result<(ShownRecords, PartialTree), EvidenceError> {
        if !self.records.is_sorted_by(|one, other| one.key < other.key) {
            return Err(EvidenceError::Malformed("its records are not in ascending order".to_owned()));
        }
        let seal = self.before.as_ref().and_then(|before| Seal::peek(&before.leaf.0));
        let mut tree = PartialTree::new(seal.map_or(Hash::ZERO, |seal| seal.state.0));
        let mut records = ShownRecords::default();
        for proved in &self.records {
            let (place, digest) = proved.place();
            tree.learn(place, digest, proved.state_proof()).map_err(|error| EvidenceError::NotShown {
                what: format!("the record {}", proved.key),
                why: error.to_string(),
            })?;
            records.add(proved);
        }
        Ok((records, tree))
    }
}

/// Returns what an error of the replay convicts of; nothing, if it is not the batch's.
fn convicted(first: u64, checkpoint: &Checkpoint, error: ReplayError) -> Result<Lie, EvidenceError> {
    match error {
        ReplayError::NeedsNewer { what, .. } => Err(EvidenceError::NeedsNewer(what)),
        ReplayError::Unreadable(Unreadable(what)) => {
            Err(EvidenceError::NotShown { what, why: "the file leaves it out".to_owned() })
        }
        error => Ok(Lie::Batch { first, size: checkpoint.size.get(), error }),
    }
}
