//! One rule: what its annotations say about a Cedar policy.

mod reach;

use std::fmt;

use cedar_policy::{Effect, Policy, PolicySet};

use crate::paper::{By, Of, Wanted};
use crate::royalty::Scale;
use crate::rule::reach::Reach;
use crate::word::{DocumentType, WordError};

/// The longest annotation, in bytes.
pub const ANNOTATION_BYTES_MAX: usize = 400;

const ID_BYTES_MAX: usize = 32;
const WITHIN_DAYS_MAX: u32 = 36_525; // a century

/// What a rule does to a crossing where it applies, from the mildest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It is noted: something is owed, or could not be asked for.
    Note,
    /// It waits for a paper.
    Hold,
    /// It may not go ahead.
    Refuse,
}

/// What a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// A paper, which opens a gate or closes an obligation.
    Paper {
        /// What it is.
        document: DocumentType,
        /// Of whom.
        by: By,
    },
    /// Nothing that the register could be shown; what helps all the same, in words.
    Nothing(String),
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its set's name, a slash, and its own.
    pub id: String,
    /// What it does.
    pub weight: Weight,
    /// What it asks for.
    pub demand: Demand,
    /// How much is owed of the price, if it is a share of it.
    pub royalty: Option<Scale>,
    /// Within how many days what is owed has to be done.
    pub within_days: Option<u32>,
    /// Which law or decision says so.
    pub cite: String,
    /// The day on which somebody compared the rule with its source.
    pub checked: String,
    /// Its reason, in plain words.
    pub because: String,
    /// Which crossings it can apply to.
    pub(crate) reach: Reach,
    /// The policy itself, under the rule's id, in a set of its own.
    pub(crate) policy: PolicySet,
}

/// Why a policy's annotations make no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// An annotation that a rule of this kind needs.
    #[error("it has no @{0}")]
    Missing(&'static str),
    /// An annotation that a rule of this kind does not have.
    #[error("it has an @{0}, which says nothing here")]
    Unknown(String),
    /// Too long, empty, or with other than printable ASCII.
    #[error("its @{0} is empty, longer than {ANNOTATION_BYTES_MAX} bytes or not plain text")]
    Text(String),
    /// A value that is wrong.
    #[error("its @{name}: {source}")]
    Value {
        /// The annotation.
        name: &'static str,
        /// What is wrong.
        source: WordError,
    },
}

/// The annotations of one policy that were not taken yet.
struct Notes<'p>(Vec<(&'p str, &'p str)>);

impl Notes<'_> {
    fn take(&mut self, name: &'static str) -> Option<String> {
        let place = self.0.iter().position(|(key, _)| *key == name)?;
        Some(self.0.swap_remove(place).1.to_owned())
    }

    fn need(&mut self, name: &'static str) -> Result<String, RuleError> {
        self.take(name).ok_or(RuleError::Missing(name))
    }

    fn read<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, WordError>) -> Result<T, RuleError> {
        read(&self.need(name)?).map_err(|source| RuleError::Value { name, source })
    }

    fn read_if<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, WordError>,
    ) -> Result<Option<T>, RuleError> {
        if self.0.iter().any(|(key, _)| *key == name) { self.read(name, read).map(Some) } else { Ok(None) }
    }
}

impl Rule {
    /// Reads the annotations of a policy of the set `set`.
    pub(crate) fn read(set: &str, policy: &Policy) -> Result<Rule, RuleError> {
        let plain = |text: &str| {
            (1..=ANNOTATION_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        let mut notes = Notes(policy.annotations().collect());
        if let Some((name, _)) = notes.0.iter().find(|(_, text)| !plain(text)) {
            return Err(RuleError::Text((*name).to_owned()));
        }
        let own = notes.read("id", |text| name(text, "a name of 1 to 32 small letters, digits and hyphens"))?;
        let (cite, because) = (notes.need("cite")?, notes.need("because")?);
        let checked = notes.read("checked", day)?;
        let (weight, demand) = match policy.effect() {
            Effect::Forbid => (notes.read("outcome", outcome)?, gate(&mut notes)?),
            Effect::Permit => {
                let document = notes.read("owes", str::parse)?;
                (Weight::Note, Demand::Paper { document, by: notes.read("by", str::parse)? })
            }
        };
        let (mut royalty, mut within_days) = (None, None);
        if weight == Weight::Note {
            royalty = notes.read_if("royalty", str::parse)?;
            within_days = notes.read_if("within_days", days)?;
        }
        if let Some((name, _)) = notes.0.first() {
            return Err(RuleError::Unknown((*name).to_owned()));
        }
        let id = format!("{set}/{own}");
        let (reach, policy) = (Reach::of(policy), alone(policy.new_id(cedar_policy::PolicyId::new(&id))));
        Ok(Rule { id, weight, demand, royalty, within_days, cite, checked, because, reach, policy })
    }
}

/// Returns a set of one policy. Of several that apply Cedar would tell only those that decide.
pub(crate) fn alone(policy: Policy) -> PolicySet {
    PolicySet::from_policies([policy]).expect("one policy has no other's id")
}

/// Reads what opens a gate: a paper, or words.
fn gate(notes: &mut Notes<'_>) -> Result<Demand, RuleError> {
    match notes.read_if("document", str::parse)? {
        Some(document) => Ok(Demand::Paper { document, by: notes.read("by", str::parse)? }),
        None => notes.need("cure").map(Demand::Nothing).map_err(|_| RuleError::Missing("document or @cure")),
    }
}

fn outcome(text: &str) -> Result<Weight, WordError> {
    match text {
        "hold" => Ok(Weight::Hold),
        "refuse" => Ok(Weight::Refuse),
        _ => Err(WordError::new(text, "hold or refuse")),
    }
}

fn name(text: &str, expected: &'static str) -> Result<String, WordError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let wrong = !(1..=ID_BYTES_MAX).contains(&text.len()) || !text.bytes().all(fits);
    if wrong { Err(WordError::new(text, expected)) } else { Ok(text.to_owned()) }
}

/// Reads `YYYY-MM-DD`, by its syntax alone.
fn day(text: &str) -> Result<String, WordError> {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if shape.eq(*b"0000-00-00") { Ok(text.to_owned()) } else { Err(WordError::new(text, "a day such as 2026-11-29")) }
}

fn days(text: &str) -> Result<u32, WordError> {
    let found = text.parse().ok().filter(|days: &u32| (1..=WITHIN_DAYS_MAX).contains(days) && days.to_string() == text);
    found.ok_or_else(|| WordError::new(text, "a number of days, at most a century"))
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Weight::Note => "notes",
            Weight::Hold => "holds",
            Weight::Refuse => "refuses",
        })
    }
}

/// A share of the price that somebody owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// How much, in minor units.
    pub amount: u64,
    /// Of which currency.
    pub currency: &'static str,
}

/// Says what a rule's paper is called in words for people.
pub(crate) fn in_words(wanted: Wanted) -> String {
    match wanted.of {
        Of::Country(country) => format!("{} by an authority enrolled for {country}", wanted.document),
        Of::Region(region) => format!("{} by an authority enrolled for a country of the {region}", wanted.document),
        Of::Party(party) => format!("{} stated by the {party}", wanted.document),
        Of::UnknownOrigin => format!("{} by the country of origin, once the work names it", wanted.document),
    }
}
