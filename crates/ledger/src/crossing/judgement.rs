//! What the rules of the corridor answer about one crossing, in the ledger's words: for whoever is to sign it, and for programs.

use colophon_corridor::answer::{Answer, Finding, Says};
use colophon_corridor::rule::Weight;
use serde::{Deserialize, Serialize};

use crate::field::Digest;
use crate::state::CountedRecord;

/// The answer to one crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What each rule says that applies, in ascending order of their ids.
    pub findings: Vec<Said>,
    /// Whether title could move.
    pub outcome: Outcome,
    /// The documents that count, in ascending order of their attestations.
    pub papers: Vec<CountedRecord>,
    /// The digest of the rule sets that were applied together.
    pub rules: Digest,
}

/// Whether title could move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It could.
    Allow,
    /// It waits until documents are there.
    Hold,
    /// It may not.
    Refuse,
}

/// What one rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// It keeps title from moving.
    Refuses,
    /// It lets title wait for a document.
    Waits,
    /// It lets title move, and something is owed afterwards.
    Owes,
    /// It would ask for a document that nobody is enrolled to attest.
    Unattested,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// How much is owed, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// Its reason, in plain words.
    pub because: String,
    /// Which law or decision says so.
    pub cite: String,
    /// What would help.
    pub cure: String,
    /// Of which currency the amount is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The type of the document that it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What it does.
    pub does: Does,
    /// Of whom the document is: a country, a region, a party, or `origin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The rule's id.
    pub rule: String,
    /// Within how many days what is owed is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
}

impl Judgement {
    /// Returns the answer of the sets whose digest is `rules`, in which these documents counted.
    pub(crate) fn of(answer: &Answer, rules: Digest, papers: Vec<CountedRecord>) -> Judgement {
        let outcome = match answer.outcome() {
            colophon_corridor::Outcome::Allow => Outcome::Allow,
            colophon_corridor::Outcome::Hold => Outcome::Hold,
            colophon_corridor::Outcome::Refuse => Outcome::Refuse,
        };
        Judgement { findings: answer.findings.iter().map(Said::of).collect(), outcome, papers, rules }
    }

    /// Lists what keeps title from moving.
    pub fn objections(&self) -> impl Iterator<Item = &Said> {
        self.findings.iter().filter(|said| matches!(said.does, Does::Refuses | Does::Waits))
    }
}

impl Said {
    fn of(finding: &Finding) -> Said {
        let (wanted, due, within_days) = match &finding.says {
            Says::Needs(wanted) | Says::Unattested(wanted) => (Some(*wanted), None, None),
            Says::Owes { closed_by, due, within_days } => (Some(*closed_by), *due, *within_days),
            Says::Bars(_) | Says::Fails(_) => (None, None, None),
        };
        let does = match (finding.weight, &finding.says) {
            (Weight::Refuse, _) => Does::Refuses,
            (Weight::Hold, _) => Does::Waits,
            (Weight::Note, Says::Unattested(_)) => Does::Unattested,
            (Weight::Note, _) => Does::Owes,
        };
        Said {
            amount: due.map(|due| due.amount),
            because: finding.because.clone(),
            cite: finding.cite.clone(),
            cure: finding.cure(),
            currency: due.map(|due| due.currency.to_owned()),
            document: wanted.map(|wanted| wanted.document.to_string()),
            does,
            of: wanted.map(|wanted| wanted.of.to_string()),
            rule: finding.rule.clone(),
            within_days: within_days.map(u64::from),
        }
    }
}
