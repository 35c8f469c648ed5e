//! What a rule set would have answered to every crossing of a log so far: each judged at its own time, by what was known then.
//!
//! Entries are checked as in any replay, signatures and rules; seals are believed, since whose log this is has checked them before.

use std::collections::BTreeMap;

use super::Deed;
use super::candidate::Candidate;
use super::judgement::{Does, Judgement, Outcome};
use super::proposed::Proposed;
use crate::audit::Keep;
use crate::batch::{Batch, Position, beginning};
use crate::entry::seal::Seal;
use crate::entry::{Body, Entry};
use crate::field::{EntryId, WorkId};
use crate::look::{Batches, Looked};
use crate::replay::{ReplayError, read_genesis};
use crate::rule::{Rules, Stop};
use crate::state::{Changes, Records};
use crate::voiding::{VoidLists, Voiding};

/// The most crossings that are named. All of them are counted.
pub const NAMED_MAX: usize = 100;

/// What the rule set would have answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often title has moved as both parties had signed.
    pub transfers: u64,
    /// How often a holder has taken an edition to another country.
    pub moves: u64,
    /// How often title has moved by an authority's word.
    pub transmissions: u64,
    /// How many of all these it would have refused.
    pub refused: u64,
    /// How many it would have let wait for a document.
    pub held: u64,
    /// How many it would have let pass although it asks for a document, because nobody was enrolled then to attest it.
    pub unattested: u64,
    /// How many each of its rules would have refused or let wait.
    pub rules: BTreeMap<String, u64>,
    /// The first of those that would not have passed.
    pub named: Vec<Named>,
}

/// A crossing that would not have passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Where the entry stands.
    pub index: u64,
    /// The entry.
    pub entry: EntryId,
    /// The work.
    pub work: WorkId,
    /// The edition.
    pub edition: u64,
    /// Whether it would have been let wait; otherwise it would have been refused.
    pub holds: bool,
    /// The rules that stand in the way, in ascending order of their ids.
    pub rules: Vec<String>,
}

/// A rule set on its way through a log.
#[derive(Debug)]
pub struct Rehearsal<R> {
    rules: Rules,
    candidate: Candidate,
    records: R,
    position: Position,
    batches: Batches,
    voiding: Voiding,
    tally: Tally,
}

impl<R: Keep> Rehearsal<R> {
    /// Begins with the first leaf of a log, which must then be given to [`Rehearsal::leaf`] like every other; with records that are
    /// empty, and what the log's upgrades void.
    pub fn begin(
        first_leaf: &[u8],
        lists: &VoidLists,
        records: R,
        candidate: Candidate,
    ) -> Result<Rehearsal<R>, ReplayError> {
        let (rules, genesis) = read_genesis(first_leaf)?;
        let mut voiding = Voiding::default();
        voiding.learn(lists, 0);
        let (position, batches) = (beginning(genesis.id()), Batches::from(0));
        Ok(Rehearsal { rules, candidate, records, position, batches, voiding, tally: Tally::default() })
    }

    /// Takes the next leaf, and judges the crossings of the batch that it closes, if it does.
    pub fn leaf(&mut self, leaf: Vec<u8>) -> Result<(), ReplayError> {
        let Some(mut leaves) = self.batches.leaf(Looked::later(leaf))? else { return Ok(()) };
        let seal = leaves.pop().ok_or(ReplayError::NoSeal(self.position.index))?;
        let index = self.position.index + leaves.len() as u64;
        if let Some(version) = Seal::other_version(seal.leaf()) {
            return Err(ReplayError::NeedsNewer { index, what: format!("rules version {version}") });
        }
        let seal = seal.entry().map_err(|refusal| ReplayError::Refused { index, refusal })?;
        let Body::Seal(body) = seal.body() else { return Err(ReplayError::NoSeal(index)) };
        let time_ms = body.time_ms.get();
        if self.position.index > 0 {
            let changes = self.batch(leaves, time_ms)?;
            self.records.keep(changes);
        }
        let height = self.position.height + 1;
        self.position = Position { index: index + 1, height, prev_seal: seal.id(), time_ms };
        Ok(())
    }

    /// Judges each crossing of a batch by the records right before it, and returns what the batch has changed.
    fn batch(&mut self, leaves: Vec<Looked>, time_ms: u64) -> Result<Changes, ReplayError> {
        let voiding = self.voiding.clone();
        let mut batch = Batch::open_owing(&self.rules, &self.records, self.position, time_ms, voiding);
        for (index, looked) in (self.position.index..).zip(leaves) {
            let stopped = |stop: Stop| match stop {
                Stop::Refused(refusal) => ReplayError::Refused { index, refusal },
                Stop::Unreadable(unreadable) => ReplayError::Unreadable(unreadable),
            };
            // What is no entry may have been voided.
            let judged =
                looked.entry().map(|entry| (entry.id(), judge(&self.candidate, &entry, time_ms, batch.records())));
            match looked.push(&mut batch) {
                Ok(_) => {}
                Err(Stop::Refused(refusal)) if batch.passes_over(&refusal) => continue,
                Err(stop) => return Err(stopped(stop)),
            }
            if let Ok((id, judged)) = judged
                && let Some((proposed, judgement)) = judged.map_err(stopped)?
            {
                self.tally.add(index, id, &proposed, judgement.as_ref());
            }
        }
        let (changes, voiding) = batch.into_changes();
        self.voiding = voiding;
        Ok(changes)
    }

    /// Returns what came of it.
    pub fn into_tally(self) -> Tally {
        self.tally
    }
}

/// Judges an entry if an edition crosses by it. One with a word that no rule knows is never judged, and passed while no rules were in force.
fn judge(
    candidate: &Candidate,
    entry: &Entry,
    time_ms: u64,
    records: &impl Records,
) -> Result<Option<(Proposed, Option<Judgement>)>, Stop> {
    let Some(proposed) = Proposed::of(entry.body(), records)? else { return Ok(None) };
    match candidate.judge(&proposed, time_ms, records) {
        Ok(judgement) => Ok(Some((proposed, Some(judgement)))),
        // Whether it is a crossing at all is for the ledger to say, when it is pushed.
        Err(Stop::Refused(_)) => Ok(Some((proposed, None))),
        Err(stop) => Err(stop),
    }
}

/// The id under which what no rule can judge is counted.
const UNKNOWN: &str = "crossing_unknown";

impl Tally {
    fn add(&mut self, index: u64, entry: EntryId, proposed: &Proposed, judgement: Option<&Judgement>) {
        match proposed.deed {
            Deed::Transfer(_) => self.transfers += 1,
            Deed::Move => self.moves += 1,
            Deed::Transmit(_) => self.transmissions += 1,
        }
        let (outcome, rules) = match judgement {
            Some(judgement) => {
                let lacks = judgement.findings.iter().any(|said| said.does == Does::Unattested);
                self.unattested += u64::from(lacks && judgement.outcome == Outcome::Allow);
                (judgement.outcome, judgement.objections().map(|said| said.rule.clone()).collect::<Vec<_>>())
            }
            None => (Outcome::Refuse, vec![UNKNOWN.to_owned()]),
        };
        match outcome {
            Outcome::Allow => return,
            Outcome::Hold => self.held += 1,
            Outcome::Refuse => self.refused += 1,
        }
        for rule in &rules {
            *self.rules.entry(rule.clone()).or_default() += 1;
        }
        if self.named.len() < NAMED_MAX {
            let (work, edition, holds) = (proposed.work, proposed.edition, outcome == Outcome::Hold);
            self.named.push(Named { index, entry, work, edition, holds, rules });
        }
    }

    /// Returns how many would not have passed.
    pub fn stopped(&self) -> u64 {
        self.refused + self.held
    }
}
