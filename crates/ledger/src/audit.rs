//! An audit: a whole register replayed leaf by leaf, with no trust in it, and all that it has ever claimed, counted.
//!
//! What grows with the register is the state alone: each record's text under its place, and the state tree. Leaves are let go
//! as soon as their batch has been judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use serde::Serialize;

use crate::batch::{Applied, Position, beginning};
use crate::entry::Body;
use crate::evidence::BatchCase;
use crate::field::{Country, WorkId};
use crate::look::{Batches, Looked};
use crate::replay::{ReplayError, read_genesis, replay_looked};
use crate::rule::Rules;
use crate::state::{Changes, EditionRecord, RecordKey, Records, Unreadable};
use crate::state_root::{StateKey, StateTree};

/// What a register has claimed, up to the last batch that was judged. All of it follows from its entries by the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// How many leaves, seals among them.
    pub entries: u64,
    /// How many batches, each closed by a seal whose every member and state root is right.
    pub batches: u64,
    /// How many entries of each kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// How many works.
    pub works: u64,
    /// How many accounts have published a profile or rotated their keys.
    pub accounts: u64,
    /// How often title has moved.
    pub moves: u64,
    /// How often an edition has crossed from one country to another.
    #[serde(serialize_with = "borders_as_list")]
    pub borders: BTreeMap<(Country, Country), u64>,
    /// How many records there are.
    pub records: u64,
    /// The operator's time of the first batch, in milliseconds after 1970.
    pub first_ms: u64,
    /// The operator's time of the last batch, in milliseconds after 1970.
    pub last_ms: u64,
}

/// One border, as it is listed.
#[derive(Serialize)]
struct Border<'c> {
    from: &'c Country,
    to: &'c Country,
    count: u64,
}

fn borders_as_list<S: serde::Serializer>(
    borders: &BTreeMap<(Country, Country), u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(borders.iter().map(|((from, to), count)| Border { from, to, count: *count }))
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
        write!(f, "title has moved {} times", self.moves)?;
        self.borders.iter().try_for_each(|((from, to), count)| write!(f, "\nborder {from} to {to}: {count} times"))
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
                Body::Accept(accept) => {
                    let edition = (accept.work, accept.edition.get());
                    offers.remove(&edition).map_or_else(|| offered(edition, before), |offer| Ok(Some(offer)))?
                }
                _ => None,
            };
            self.moves += u64::from(matches!(body, Body::Transfer(_) | Body::Accept(_)));
            if let Some(border) = crossed.filter(|(from, to)| from != to) {
                *self.borders.entry(border).or_default() += 1;
            }
        }
        self.count("seal");
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

    fn count(&mut self, kind: &'static str) {
        *self.kinds.entry(kind).or_default() += 1;
    }
}

/// Returns the countries of the offer that stands in the records.
fn offered((work, edition): (WorkId, u64), before: &impl Records) -> Result<Option<(Country, Country)>, Unreadable> {
    let record: Option<EditionRecord> = before.read(&RecordKey::Edition(work, edition))?;
    Ok(record.and_then(|record| record.offer.map(|offer| (record.country, offer.to_country))))
}

/// Records by their places, as short as they can be kept: a place is a digest, whatever the name.
#[derive(Debug, Clone, Default)]
pub struct Compact(BTreeMap<StateKey, Box<str>>);

impl Compact {
    fn extend(&mut self, changes: Changes) {
        self.0.extend(changes.into_iter().map(|(key, record)| (key.state_key(), record.into_boxed_str())));
    }
}

impl Records for Compact {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        Ok(self.0.get(&key.state_key()).map(ToString::to_string))
    }
}

/// A register under audit.
#[derive(Debug)]
pub struct Audit {
    rules: Rules,
    records: Compact,
    tree: StateTree,
    position: Position,
    batches: Batches,
    /// The leaves of the batch that is not closed yet, or that was found wrong.
    waiting: Vec<Vec<u8>>,
    claims: Claims,
}

impl Audit {
    /// Begins with the first leaf of a log. That leaf must then be given to [`Audit::leaf`] like every other.
    pub fn begin(first_leaf: &[u8]) -> Result<Audit, ReplayError> {
        let (rules, genesis) = read_genesis(first_leaf)?;
        Ok(Audit {
            rules,
            records: Compact::default(),
            tree: StateTree::new(),
            position: beginning(genesis.id()),
            batches: Batches::from(0),
            waiting: Vec::new(),
            claims: Claims::default(),
        })
    }

    /// Takes the next leaf, and if it closes a batch, judges all of it. Returns how many leaves have been judged, if they are
    /// more than before. After an error no leaf may follow; [`Audit::case`] then has what shows it.
    pub fn leaf(&mut self, looked: Looked) -> Result<Option<u64>, ReplayError> {
        self.waiting.push(looked.leaf().to_vec());
        let Some(batch) = self.batches.leaf(looked)? else { return Ok(None) };
        let applied = replay_looked(&self.rules, &self.records, &self.tree, self.position, batch)?;
        self.claims.add(&applied, &self.records)?;
        self.waiting.clear();
        self.records.extend(applied.changes);
        (self.tree, self.position) = (applied.tree, applied.next);
        Ok(Some(self.position.index))
    }

    /// Checks that the log ends on a seal.
    pub fn finish(&self) -> Result<(), ReplayError> {
        match self.waiting.len() as u64 {
            0 => Ok(()),
            some => Err(ReplayError::NoSeal(self.position.index + some - 1)),
        }
    }

    /// Returns what the genesis lays down.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns what the register has claimed so far.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the state root after the last batch that was judged.
    pub fn state_root(&self) -> Hash {
        self.tree.root()
    }

    /// Returns the batch that was not closed or is wrong, for the evidence. `checkpoint` must be over all its leaves.
    pub fn case<'a>(&'a self, checkpoint: &'a SignedCheckpoint) -> BatchCase<'a, Compact> {
        BatchCase {
            rules: &self.rules,
            records: &self.records,
            tree: &self.tree,
            position: self.position,
            leaves: &self.waiting,
            checkpoint,
        }
    }

    /// Returns the indices of the leaves that the evidence takes: the genesis, the seal before, and the batch.
    pub fn case_indices(&self) -> BTreeSet<u64> {
        let first = self.position.index;
        [0, first.saturating_sub(1)].into_iter().chain(first..first + self.waiting.len() as u64).collect()
    }
}
