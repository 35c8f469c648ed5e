//! Leaves in, checked state out: how a node starts, a follower follows and an auditor audits.

use colophon_tlog::hash::Hash;

use crate::batch::{Applied, Batch, Position, beginning, digests};
use crate::entry::seal::Seal;
use crate::entry::{Body, Entry};
use crate::look::{Batches, Looked, NoSeal};
use crate::refusal::Refusal;
use crate::rule::{Rules, Stop};
use crate::signature::{FirstKeys, Signed};
use crate::state::{Changes, RecordKey, Records, Unreadable};
use crate::state_root::StateTree;
use crate::voiding::{VoidLists, Voiding};

/// Of how many leaves the records are expected together: as many as what is found on the way to them stays near the processor.
const EXPECTED_AT_ONCE: usize = 64;

/// Why leaves are not a batch that these rules could have made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// An entry against the rules is in the log.
    #[error("the entry at index {index} is against the rules: {refusal}")]
    Refused {
        /// Where it stands.
        index: u64,
        /// Which rule it is against.
        refusal: Refusal,
    },
    /// The first entry is not a genesis.
    #[error("the log does not begin with a genesis")]
    NoGenesis,
    /// The last leaf given is not a seal.
    #[error("the leaf at index {0} should be a seal")]
    NoSeal(u64),
    /// A seal says something else than the batch leads to.
    #[error("the seal at index {index} says {member} {found}; it should be {expected}")]
    Seal {
        /// Where it stands.
        index: u64,
        /// What it says wrongly.
        member: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// A seal's account does not operate this register.
    #[error("the seal at index {0} is by an account that does not operate this register")]
    NotOperator(u64),
    /// The log goes by rules this software does not have.
    #[error("index {index}: this software is too old for this register; it needs to be newer ({what})")]
    NeedsNewer {
        /// Where newer rules begin.
        index: u64,
        /// What is not known.
        what: String,
    },
    /// The records could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl ReplayError {
    /// Returns the index at which the log breaks the rules; nothing where this software may be too old to tell, or could not
    /// read the records.
    pub fn broken_at(&self) -> Option<u64> {
        match self {
            ReplayError::Refused { index, .. }
            | ReplayError::NoSeal(index)
            | ReplayError::Seal { index, .. }
            | ReplayError::NotOperator(index) => Some(*index),
            ReplayError::NoGenesis => Some(0),
            ReplayError::NeedsNewer { .. } | ReplayError::Unreadable(_) => None,
        }
    }
}

impl From<NoSeal> for ReplayError {
    fn from(NoSeal(index): NoSeal) -> ReplayError {
        ReplayError::NoSeal(index)
    }
}

fn refused(index: u64) -> impl Fn(Refusal) -> ReplayError {
    move |refusal| {
        if refusal.needs_newer_software() {
            ReplayError::NeedsNewer { index, what: refusal.to_string() }
        } else {
            ReplayError::Refused { index, refusal }
        }
    }
}

fn stopped(index: u64) -> impl Fn(Stop) -> ReplayError {
    move |stop| match stop {
        Stop::Refused(refusal) => refused(index)(refusal),
        Stop::Unreadable(unreadable) => ReplayError::Unreadable(unreadable),
    }
}

/// Returns what the register's genesis lays down, after checking it and its signatures.
pub fn read_genesis(leaf: &[u8]) -> Result<(Rules, Entry), ReplayError> {
    let entry = Entry::parse(leaf).map_err(refused(0))?;
    let Body::Genesis(genesis) = entry.body() else { return Err(ReplayError::NoGenesis) };
    let rules = genesis.rules(entry.origin(), entry.id()).map_err(refused(0))?;
    let signed = Signed::check(entry, &FirstKeys).map_err(stopped(0))?;
    signed.check_authority(&FirstKeys).map_err(stopped(0))?;
    Ok((rules, signed.into_entry()))
}

/// Applies the leaves of one batch, its seal last, to the state before it, and checks everything: form, signatures,
/// rules, the seal's members and signature, and the state root. A leaf that the rules refuse is an error, unless `voiding` knows
/// that it is voided further on.
pub fn replay_batch(
    rules: &Rules,
    records: &impl Records,
    tree: &StateTree,
    position: Position,
    leaves: &[Vec<u8>],
    voiding: &Voiding,
) -> Result<Applied, ReplayError> {
    let leaves = leaves.iter().cloned().map(Looked::later).collect();
    replay_looked(rules, records, tree.clone(), position, leaves, voiding)
}

/// Does what [`replay_batch`] does, with leaves that have been looked at before, and with the tree given away: where nobody
/// else holds it, it is changed in place.
pub fn replay_looked(
    rules: &Rules,
    records: &impl Records,
    tree: StateTree,
    position: Position,
    leaves: Vec<Looked>,
    voiding: &Voiding,
) -> Result<Applied, ReplayError> {
    replay_over(rules, records, position, leaves, voiding, |changes| {
        let tree = tree.apply(digests(changes));
        let root = tree.root();
        Ok((tree, root))
    })
}

/// Does what [`replay_looked`] does, where `grow` tells of the state after the batch's changes as much as the caller knows,
/// and its root. After that only the seal is held against what was found.
pub fn replay_over<T>(
    rules: &Rules,
    records: &impl Records,
    position: Position,
    mut leaves: Vec<Looked>,
    voiding: &Voiding,
    grow: impl FnOnce(&Changes) -> Result<(T, Hash), Unreadable>,
) -> Result<Applied<T>, ReplayError> {
    let last = leaves.pop().ok_or(ReplayError::NoSeal(position.index))?;
    let seal_index = position.index + leaves.len() as u64;
    check_version(last.leaf(), seal_index)?;
    let seal = last.entry().map_err(refused(seal_index))?;
    let Body::Seal(seal_body) = seal.body() else { return Err(ReplayError::NoSeal(seal_index)) };
    let mut batch = Batch::open_owing(rules, records, position, seal_body.time_ms.get(), voiding.clone());
    if position.index == 0 {
        batch.push_genesis(replay_genesis(rules, &leaves)?);
    } else {
        let mut leaves = (position.index..).zip(leaves).peekable();
        while leaves.peek().is_some() {
            let some: Vec<(u64, Looked)> = leaves.by_ref().take(EXPECTED_AT_ONCE).collect();
            records.expect(&some.iter().flat_map(|(_, looked)| looked.asks_for()).collect::<Vec<_>>());
            for (index, looked) in some {
                match looked.push(&mut batch) {
                    Ok(_) => {}
                    Err(Stop::Refused(refusal)) if batch.passes_over(&refusal) => {}
                    Err(stop) => return Err(stopped(index)(stop)),
                }
            }
        }
    }
    let (tree, root) = grow(batch.records().changes())?;
    let closed = batch.close_over(seal_body.by, tree, root).ok_or(ReplayError::NoSeal(seal_index))?;
    check_seal(&closed.seal, seal_body, position, seal_index)?;
    check_seal_signature(rules, last, seal_index, records, &closed.changes)?;
    Ok(closed.sealed(seal))
}

fn check_version(seal: &[u8], index: u64) -> Result<(), ReplayError> {
    let newer = |version| ReplayError::NeedsNewer { index, what: format!("rules version {version}") };
    Seal::other_version(seal).map_or(Ok(()), |version| Err(newer(version)))
}

fn replay_genesis(rules: &Rules, entries: &[Looked]) -> Result<Entry, ReplayError> {
    let [genesis] = entries else { return Err(ReplayError::NoSeal(1)) };
    let (found, genesis) = read_genesis(genesis.leaf())?;
    if found == *rules { Ok(genesis) } else { Err(refused(0)(Refusal::WrongGenesis(genesis.id()))) }
}

/// Checks each member of a seal against the one the batch leads to.
fn check_seal(expected: &Seal, found: &Seal, position: Position, index: u64) -> Result<(), ReplayError> {
    let wrong = |member: &'static str, found: String, expected: String| {
        if found == expected { Ok(()) } else { Err(ReplayError::Seal { index, member, found, expected }) }
    };
    wrong("first", found.first.get().to_string(), position.index.to_string())?;
    wrong("count", found.count.get().to_string(), expected.count.get().to_string())?;
    wrong("height", found.height.get().to_string(), expected.height.get().to_string())?;
    wrong("prev_seal", found.prev_seal.to_string(), expected.prev_seal.to_string())?;
    wrong("time_ms", found.time_ms.get().to_string(), expected.time_ms.get().to_string())?;
    wrong("state", found.state.to_string(), expected.state.to_string())
}

fn check_seal_signature(
    rules: &Rules,
    seal: Looked,
    index: u64,
    records: &impl Records,
    changes: &Changes,
) -> Result<(), ReplayError> {
    let entry = seal.entry().map_err(refused(index))?;
    entry.check_register(&rules.register).map_err(refused(index))?;
    if !rules.operators.contains(entry.body().by()) {
        return Err(ReplayError::NotOperator(index));
    }
    // The seal stands after its batch, so it is judged by the keys that the batch leads to.
    seal.check_signatures(&After { changes, before: records }).map_err(stopped(index))
}

/// The records after a batch.
struct After<'a, R> {
    changes: &'a Changes,
    before: &'a R,
}

impl<R: Records> Records for After<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        match self.changes.get(key) {
            Some(record) => Ok(Some(record.clone())),
            None => self.before.record(key),
        }
    }
}

/// A whole register replayed in memory, batch by batch.
#[derive(Debug)]
pub struct Replay {
    rules: Rules,
    records: Changes,
    tree: StateTree,
    position: Position,
    batches: Batches,
    voiding: Voiding,
}

impl Replay {
    /// Begins with the first leaf of a log. That leaf must then be given to [`Replay::leaf`] like every other.
    pub fn begin(first_leaf: &[u8]) -> Result<Replay, ReplayError> {
        let (rules, genesis) = read_genesis(first_leaf)?;
        let position = beginning(genesis.id());
        let (records, tree, batches, voiding) =
            (Changes::new(), StateTree::new(), Batches::from(0), Voiding::default());
        Ok(Replay { rules, records, tree, position, batches, voiding })
    }

    /// Learns which leaves the upgrades of the log void, before any of those leaves comes.
    pub fn learn(&mut self, lists: &VoidLists) {
        self.voiding.learn(lists, 0);
    }

    /// Returns what is known of voided leaves after the last whole batch.
    pub fn voiding(&self) -> &Voiding {
        &self.voiding
    }

    /// Takes the next leaf. If it closes a batch, returns what the batch did.
    pub fn leaf(&mut self, leaf: Vec<u8>) -> Result<Option<Applied>, ReplayError> {
        self.looked(Looked::later(leaf))
    }

    /// Does what [`Replay::leaf`] does, with a leaf that has been looked at before.
    pub fn looked(&mut self, looked: Looked) -> Result<Option<Applied>, ReplayError> {
        let Some(leaves) = self.batches.leaf(looked)? else { return Ok(None) };
        let tree = std::mem::take(&mut self.tree);
        let applied = replay_looked(&self.rules, &self.records, tree, self.position, leaves, &self.voiding)
            .inspect_err(|_| self.tree = StateTree::new().apply(digests(&self.records)))?;
        self.records.extend(applied.changes.iter().map(|(key, record)| (key.clone(), record.clone())));
        self.tree = applied.tree.clone();
        self.voiding = applied.voiding.clone();
        self.position = applied.next;
        Ok(Some(applied))
    }

    /// Returns what the genesis lays down.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns all records after the last whole batch.
    pub fn records(&self) -> &Changes {
        &self.records
    }

    /// Returns the state tree after the last whole batch.
    pub fn tree(&self) -> &StateTree {
        &self.tree
    }

    /// Returns where the next batch begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns the state root after the last whole batch.
    pub fn state_root(&self) -> Hash {
        self.tree.root()
    }
}
