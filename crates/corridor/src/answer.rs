//! What the corridor answers about one crossing.

use std::fmt;

use crate::paper::Wanted;
use crate::rule::{Due, Weight, in_words};

/// The sentence that every text for people about an answer ends with, after the digest of what was applied.
pub const NOT_LEGAL_ADVICE: &str = "not legal advice";

/// Whether a crossing may go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It may.
    Allow,
    /// It waits until documents are there.
    Hold,
    /// It may not.
    Refuse,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Allow => "allow",
            Outcome::Hold => "hold",
            Outcome::Refuse => "refuse",
        })
    }
}

/// The answer: every rule that applies, in the order of the rules' ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the rules say that apply.
    pub findings: Vec<Finding>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id: its set's name, a slash, its own.
    pub rule: String,
    /// What it does to the crossing.
    pub weight: Weight,
    /// What it asks for.
    pub says: Says,
    /// Which law or decision says so.
    pub cite: String,
    /// Its reason, in plain words.
    pub because: String,
}

/// What a rule that applies asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// A paper has to be there first.
    Needs(Wanted),
    /// A paper should be there, but nobody is enrolled to attest it: who adopts a rule enrols those who can meet it.
    Unattested(Wanted),
    /// Nothing that the register could be shown helps; what does, in words.
    Bars(String),
    /// Something remains to be done afterwards.
    Owes {
        /// The paper that shows that it was done.
        closed_by: Wanted,
        /// How much, if it is money.
        due: Option<Due>,
        /// Within how many days.
        within_days: Option<u32>,
    },
    /// The rule could not be evaluated, which never lets a crossing pass.
    Fails(String),
}

impl Answer {
    /// Tells whether the crossing may go ahead: as the heaviest of its findings says.
    pub fn outcome(&self) -> Outcome {
        match self.findings.iter().map(|finding| finding.weight).max() {
            None | Some(Weight::Note) => Outcome::Allow,
            Some(Weight::Hold) => Outcome::Hold,
            Some(Weight::Refuse) => Outcome::Refuse,
        }
    }

    /// Lists the documents without which it does not go ahead.
    pub fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.findings.iter().filter_map(|finding| match &finding.says {
            Says::Needs(wanted) => Some(wanted),
            _ => None,
        })
    }

    /// Lists what remains to be done once it went ahead.
    pub fn obligations(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| matches!(finding.says, Says::Owes { .. }))
    }
}

impl Finding {
    /// Says in words what would help.
    pub fn cure(&self) -> String {
        match &self.says {
            Says::Needs(wanted) => format!("get {}", in_words(*wanted)),
            Says::Unattested(wanted) => format!("nothing: nobody is enrolled yet for {}", in_words(*wanted)),
            Says::Bars(cure) => cure.clone(),
            Says::Owes { closed_by, .. } => format!("afterwards, get {}", in_words(*closed_by)),
            Says::Fails(_) => "ask the register's governors to mend the rule".to_owned(),
        }
    }
}

/// Writes one line: the outcome, then what each rule says, such as
/// `refuse; EU-IMP-880/import-licence refuses: needs EU_IMPORT_LICENCE of EU`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.outcome().fmt(f)?;
        self.findings.iter().try_for_each(|finding| write!(f, "; {finding}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.weight)?;
        match &self.says {
            Says::Needs(wanted) => write!(f, ": needs {wanted}"),
            Says::Unattested(wanted) => write!(f, ": nobody attests {wanted}"),
            Says::Bars(_) => Ok(()),
            Says::Owes { closed_by, due, within_days } => {
                write!(f, ": owes {closed_by}")?;
                if let Some(Due { amount, currency }) = due {
                    write!(f, ", {amount} {currency}")?;
                }
                within_days.map_or(Ok(()), |days| write!(f, ", within {days} days"))
            }
            Says::Fails(_) => f.write_str(": cannot be evaluated"),
        }
    }
}
