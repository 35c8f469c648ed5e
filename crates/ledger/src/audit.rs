//! An audit: a whole register replayed leaf by leaf, with no trust in it, and all that it has ever claimed, counted.
//!
//! What grows with the register is the state tree alone, about 200 bytes a record. The records' texts are wherever the caller
//! keeps them, and leaves are let go as soon as their batch has been judged. An audit that was broken off after a batch can go on
//! from there.

use std::collections::BTreeMap;
use std::fmt;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use serde::{Deserialize, Serialize};

use crate::batch::{Applied, Position, beginning};
use crate::entry::Body;
use crate::entry::relocate::Relocate;
use crate::entry::transmit::Transmit;
use crate::evidence::BatchCase;
use crate::field::{Country, WorkId};
use crate::look::{Batches, Looked};
use crate::replay::{ReplayError, read_genesis, replay_looked};
use crate::rule::Rules;
use crate::state::{Changes, EditionRecord, RecordKey, Records, Unreadable, record_digest};
use crate::state_root::StateTree;
use crate::voiding::{VoidLists, Voiding};

/// What a register has claimed, up to the last batch that was judged. All of it follows from its entries by the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// How many leaves, seals among them.
    pub entries: u64,
    /// How many batches, each closed by a seal whose every member and state root is right.
    pub batches: u64,
    /// How many entries of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// How many works.
    pub works: u64,
    /// How many accounts have published a profile or rotated their keys.
    pub accounts: u64,
    /// How often title has moved.
    pub moves: u64,
    /// How often an edition has crossed from one country to another.
    #[serde(serialize_with = "borders_as_list", deserialize_with = "borders_of_list")]
    pub borders: BTreeMap<(Country, Country), u64>,
    /// How many leaves are against the rules and have been voided by the governors.
    pub voided: u64,
    /// How many records there are.
    pub records: u64,
    /// The operator's time of the first batch, in milliseconds after 1970.
    pub first_ms: u64,
    /// The operator's time of the last batch, in milliseconds after 1970.
    pub last_ms: u64,
}

/// One border, as it is listed.
#[derive(Serialize, Deserialize)]
struct Border<C> {
    from: C,
    to: C,
    count: u64,
}

fn borders_as_list<S: serde::Serializer>(
    borders: &BTreeMap<(Country, Country), u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(borders.iter().map(|((from, to), count)| Border { from, to, count: *count }))
}

fn borders_of_list<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<(Country, Country), u64>, D::Error> {
    let listed: Vec<Border<Country>> = Vec::deserialize(deserializer)?;
    Ok(listed.into_iter().map(|Border { from, to, count }| ((from, to), count)).collect())
}

impl fmt::Display for Claims {
    /// Writes one line for each thing claimed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        writeln!(
            f,
            "{} works, {} accounts with a profile or new keys, {} records",
            self.works, self.accounts, self.records
        )?;
        writeln!(f, "entries: {}", kinds.join(", "))?;
        if self.voided > 0 {
            writeln!(f, "voided by the governors, for being against the rules: {}", self.voided)?;
        }
        write!(f, "moves of title: {}", self.moves)?;
        self.borders
            .iter()
            .try_for_each(|((from, to), count)| write!(f, "\nmoves over the border {from} to {to}: {count}"))
    }
}

impl Claims {
    /// Adds what a batch did. `before` are the records before it.
    pub fn add(&mut self, applied: &Applied, before: &impl Records) -> Result<(), Unreadable> {
        let mut offers: BTreeMap<(WorkId, u64), (Country, Country)> = BTreeMap::new();
        for entry in &applied.entries {
            let body = entry.body();
            self.count(body.kind());
            let crossed = match body {
                Body::Mint(_) => {
                    self.works += 1;
                    None
                }
                Body::Offer(terms) => {
                    let countries = (terms.from_country.clone(), terms.to_country.clone());
                    offers.insert((terms.work, terms.edition.get()), countries);
                    None
                }
                Body::Transfer(terms) => Some((terms.from_country.clone(), terms.to_country.clone())),
                Body::Move(Relocate { from_country, to_country, .. })
                | Body::Transmit(Transmit { from_country, to_country, .. }) => {
                    Some((from_country.clone(), to_country.clone()))
                }
                Body::Accept(accept) => {
                    let edition = (accept.work, accept.edition.get());
                    offers.remove(&edition).map_or_else(|| offered(edition, before), |offer| Ok(Some(offer)))?
                }
                _ => None,
            };
            self.moves += u64::from(matches!(body, Body::Transfer(_) | Body::Accept(_) | Body::Transmit(_)));
            if let Some(border) = crossed.filter(|(from, to)| from != to) {
                *self.borders.entry(border).or_default() += 1;
            }
        }
        self.count("seal");
        self.voided += applied.passed.len() as u64;
        for key in applied.changes.keys() {
            let is_new = before.record(key)?.is_none();
            self.records += u64::from(is_new);
            self.accounts += u64::from(is_new && matches!(key, RecordKey::Account(_)));
        }
        self.first_ms = if self.batches == 0 { applied.next.time_ms } else { self.first_ms };
        self.last_ms = applied.next.time_ms;
        self.batches += 1;
        self.entries = applied.next.index;
        Ok(())
    }

    fn count(&mut self, kind: &str) {
        match self.kinds.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.kinds.insert(kind.to_owned(), 1);
            }
        }
    }
}

/// Returns the countries of the offer that stands in the records.
fn offered((work, edition): (WorkId, u64), before: &impl Records) -> Result<Option<(Country, Country)>, Unreadable> {
    let record: Option<EditionRecord> = before.read(&RecordKey::Edition(work, edition))?;
    Ok(record.and_then(|record| record.offer.map(|offer| (record.country, offer.to_country))))
}

/// Where an audit keeps the records, so that they need not be in memory.
///
/// Nothing rests on what is read back: whatever is not the record that the state tree holds counts as unreadable.
pub trait Keep: Records {
    /// Takes every record that a batch has changed, in the place of the one before. It is asked for at once. When it comes to the
    /// disk is for whoever keeps it.
    fn keep(&mut self, changes: Changes);
}

impl Keep for Changes {
    fn keep(&mut self, changes: Changes) {
        self.extend(changes);
    }
}

/// Records as far as the state tree confirms them.
#[derive(Debug)]
pub struct Confirmed<'a, R> {
    records: &'a R,
    tree: &'a StateTree,
}

impl<R: Records> Records for Confirmed<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let Some(digest) = self.tree.digest(&key.state_key()) else { return Ok(None) };
        let found = self.records.record(key)?;
        if found.as_deref().map(record_digest) == Some(digest) {
            Ok(found)
        } else {
            Err(Unreadable(format!("{key} is not as it was kept")))
        }
    }
}

/// How far an audit has come, after a whole batch: with the records, all that it takes to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Where the next batch begins.
    pub position: Position,
    /// What has been claimed so far.
    pub claims: Claims,
}

/// A register under audit, whose records are kept in `R`.
#[derive(Debug)]
pub struct Audit<R> {
    rules: Rules,
    records: R,
    tree: StateTree,
    stage: Stage,
    batches: Batches,
    /// The leaves of the batch that is not closed yet, or that was found wrong.
    waiting: Vec<Vec<u8>>,
    voiding: Voiding,
}

impl<R: Keep> Audit<R> {
    /// Begins with the first leaf of a log, and no records. That leaf must then be given to [`Audit::leaf`] like every other.
    pub fn begin(first_leaf: &[u8], records: R) -> Result<Audit<R>, ReplayError> {
        let (rules, genesis) = read_genesis(first_leaf)?;
        let stage = Stage { position: beginning(genesis.id()), claims: Claims::default() };
        Ok(Audit::from(rules, records, StateTree::new(), stage))
    }

    /// Goes on from a stage with the records of it, whose tree is `tree`. The caller answers for it that they belong together.
    pub fn resume(first_leaf: &[u8], records: R, tree: StateTree, stage: Stage) -> Result<Audit<R>, ReplayError> {
        let (rules, _) = read_genesis(first_leaf)?;
        Ok(Audit::from(rules, records, tree, stage))
    }

    fn from(rules: Rules, records: R, tree: StateTree, stage: Stage) -> Audit<R> {
        let batches = Batches::from(stage.position.index);
        Audit { rules, records, tree, stage, batches, waiting: Vec::new(), voiding: Voiding::default() }
    }

    /// Takes the next leaf, and if it closes a batch, judges all of it. Returns how many leaves have been judged, if they are
    /// more than before. After an error no leaf may follow, unless [`Audit::learn`] heals it; [`Audit::case`] then has what shows
    /// it.
    pub fn leaf(&mut self, looked: Looked) -> Result<Option<u64>, ReplayError> {
        self.waiting.push(looked.leaf().to_vec());
        let Some(batch) = self.batches.leaf(looked)? else { return Ok(None) };
        self.judge(batch).map(Some)
    }

    /// Judges the batch again that holds a leaf against the rules, once it is known what the upgrades of the whole log void.
    /// Returns nothing if that leaf is not among it; else what [`Audit::leaf`] would have returned.
    pub fn learn(&mut self, lists: &VoidLists, index: u64) -> Result<Option<u64>, ReplayError> {
        if !self.voiding.learn(lists, index) {
            return Ok(None);
        }
        self.judge(self.waiting.iter().cloned().map(Looked::later).collect()).map(Some)
    }

    fn judge(&mut self, batch: Vec<Looked>) -> Result<u64, ReplayError> {
        let before = Confirmed { records: &self.records, tree: &self.tree };
        let (tree, position) = (self.tree.clone(), self.stage.position);
        let applied = replay_looked(&self.rules, &before, tree, position, batch, &self.voiding)?;
        self.stage.claims.add(&applied, &before)?;
        self.records.keep(applied.changes);
        self.waiting.clear();
        (self.tree, self.stage.position, self.voiding) = (applied.tree, applied.next, applied.voiding);
        Ok(self.stage.position.index)
    }

    /// Returns whether a leaf against the rules has been passed over that no upgrade so far has voided.
    pub fn owes(&self) -> bool {
        self.voiding.owed().is_some()
    }

    /// Checks that the log ends on a seal.
    pub fn finish(&self) -> Result<(), ReplayError> {
        // Whoever looked ahead to this end has met every upgrade that counts.
        debug_assert_eq!(self.voiding.owed(), None, "a leaf is owed at the end");
        match self.waiting.len() as u64 {
            0 => Ok(()),
            some => Err(ReplayError::NoSeal(self.stage.position.index + some - 1)),
        }
    }

    /// Returns what the genesis lays down.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the records, as they are after the last batch that was judged.
    pub fn records(&self) -> Confirmed<'_, R> {
        Confirmed { records: &self.records, tree: &self.tree }
    }

    /// Returns where the records are kept, to be brought to the disk.
    pub fn kept_mut(&mut self) -> &mut R {
        &mut self.records
    }

    /// Returns how far the audit has come: after the last batch that was judged.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Returns what the register has claimed so far.
    pub fn claims(&self) -> &Claims {
        &self.stage.claims
    }

    /// Returns the state root after the last batch that was judged.
    pub fn state_root(&self) -> Hash {
        self.tree.root()
    }

    /// Returns the batch that was not closed or is wrong, for the evidence. `checkpoint` must be over all its leaves.
    pub fn case<'a>(&'a self, checkpoint: &'a SignedCheckpoint) -> BatchCase<'a, R> {
        BatchCase {
            rules: &self.rules,
            records: &self.records,
            tree: &self.tree,
            position: self.stage.position,
            leaves: &self.waiting,
            voiding: &self.voiding,
            checkpoint,
        }
    }
}
