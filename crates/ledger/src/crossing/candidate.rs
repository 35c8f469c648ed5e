//! A rule set that nobody has published yet, tried on crossings that were judged without it.

use colophon_corridor::{Corridor, RuleSet};

use super::judgement::Judgement;
use super::proposed::Proposed;
use crate::entry::rules::{check, lines_of, text_of};
use crate::field::{Digest, RuleSetName};
use crate::refusal::Refusal;
use crate::rule::Stop;
use crate::state::Records;

/// A rule set by itself, whatever else is in force.
#[derive(Debug, Clone)]
pub struct Candidate {
    corridor: Corridor,
    digest: Digest,
}

impl Candidate {
    /// Reads rules as the act that publishes them would.
    pub fn read(name: &RuleSetName, text: &str) -> Result<Candidate, Refusal> {
        // As its lines will stand in the entry, whatever the file ends with.
        let text = &lines_of(text).map_or_else(|| text.to_owned(), |lines| text_of(lines.as_slice()));
        let digest = check(name, text)?;
        let invalid = |error: &dyn std::fmt::Display| Refusal::RulesInvalid(error.to_string());
        let set = RuleSet::parse(name.as_str(), text).map_err(|error| invalid(&error))?;
        let corridor = Corridor::of(&[set]).map_err(|error| invalid(&error))?;
        Ok(Candidate { corridor, digest })
    }

    /// Returns the digest that it will have.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns what it would have answered at a time, by what the records said then.
    pub fn judge(&self, proposed: &Proposed, time_ms: u64, records: &impl Records) -> Result<Judgement, Stop> {
        proposed.judge_by(&self.corridor, time_ms, records)
    }
}
