//! `rules`: governors publish a rule set of the corridor, replace one, or withdraw it, from a height that is still to come.

use colophon_corridor::RuleSet;
use colophon_corridor::rule_set::{RuleSetError, ScanError, ShapeError};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::INTEGER_MAX;
use crate::entry::kind::kind_word;
use crate::field::{Citation, Digest, EntryId, Int, Jurisdiction, Line, List, RuleSetName};
use crate::governance::{Governors, check_act};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{
    Changes, PublishedRecord, RecordKey, Records, RegisterRecord, RuleListRecord, RuleSetRecord, write,
};

kind_word!(RulesWord, "rules");

/// The most lines of a rule set.
pub const LINES_MAX: usize = 1_024;
/// The most rule sets that are in force or to come.
pub const RULE_SETS_MAX: usize = colophon_corridor::corridor::SETS_MAX;
/// The most items of the list of sets: room for each to be replaced or withdrawn while as many are in force as may be.
pub const LISTED_MAX: usize = 2 * RULE_SETS_MAX;
/// The version of the schema that rules are written for, which belongs to the engine's.
pub const SCHEMA_VERSION: u64 = 1;

/// The body of an act that publishes rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishRules {
    /// The first of the governors.
    pub by: AccountId,
    /// The law or decision that the set states.
    pub citation: Citation,
    /// The governors who sign.
    pub governors: Governors,
    /// The height of the first batch whose crossings the set judges.
    pub height: Int<1, INTEGER_MAX>,
    /// Whose law it is: a country, or a region such as `EU`.
    pub jurisdiction: Jurisdiction,
    /// The word `rules`.
    pub kind: RulesWord,
    /// The set's name. One of the same name is replaced.
    pub name: RuleSetName,
    /// The newest act of the governors, or the genesis.
    pub prev: EntryId,
    /// The version of the schema.
    pub schema: Int<SCHEMA_VERSION, SCHEMA_VERSION>,
    /// The rules, line by line. Left out, the set of this name is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<List<Line, 1, LINES_MAX>>,
}

impl PublishRules {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.governors.check_first(&self.by)
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let register = check_act(context, records, &self.governors, &self.prev)?;
        let (height, least) = (self.height.get(), context.height.saturating_add(1));
        if height < least {
            return Err(Refusal::RulesRetroactive { height, least }.into());
        }
        let mut list: RuleListRecord = records.read(&RecordKey::RuleList)?.unwrap_or_default();
        let mut changes = Changes::new();
        let digest = match &self.text {
            Some(lines) => Some(self.publish(context, lines.as_slice(), &mut changes)?),
            None if list.sets.iter().any(|set| set.name == self.name && set.digest.is_some()) => None,
            None => return Err(Refusal::RulesUnknown(self.name.to_string()).into()),
        };
        list.put(RuleSetRecord { digest, height, name: self.name.clone() }, context.height);
        if list.names() > RULE_SETS_MAX || list.sets.len() > LISTED_MAX {
            return Err(Refusal::RulesTooMany.into());
        }
        write(&mut changes, RecordKey::RuleList, &list);
        write(&mut changes, RecordKey::Register, &RegisterRecord { newest: context.id, ..register });
        Ok(changes)
    }

    /// Reads the rules, refusing what could not judge, and writes them.
    fn publish(&self, context: &Context<'_>, lines: &[Line], changes: &mut Changes) -> Result<Digest, Refusal> {
        let digest = check(&self.name, &text_of(lines))?;
        let record = PublishedRecord {
            citation: self.citation.clone(),
            index: context.index,
            jurisdiction: self.jurisdiction.clone(),
            name: self.name.clone(),
            text: lines.to_vec(),
        };
        write(changes, RecordKey::RuleSet(digest), &record);
        Ok(digest)
    }
}

/// Reads rules as an act that publishes them would, and returns the digest of the set.
pub fn check(name: &RuleSetName, text: &str) -> Result<Digest, Refusal> {
    RuleSet::parse(name.as_str(), text).map(|set| Digest(set.digest().into())).map_err(refusal)
}

/// Returns the text of a rule set: each line with its newline.
pub fn text_of(lines: &[Line]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// Returns the lines of a rule set's text, if it is one by its characters and size.
pub fn lines_of(text: &str) -> Option<List<Line, 1, LINES_MAX>> {
    let lines = text.lines().map(|line| line.parse().ok()).collect::<Option<Vec<Line>>>()?;
    List::new(lines)
}

fn refusal(error: RuleSetError) -> Refusal {
    match error {
        RuleSetError::Scan(ScanError::TooLarge(bytes)) => Refusal::RulesTooLarge { bytes },
        RuleSetError::Shape { rule, source: ShapeError::Overflow } => Refusal::RulesOverflow(rule),
        error => Refusal::RulesInvalid(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_corridor::shipped::SHIPPED;

    #[test]
    fn what_is_shipped_can_be_published_and_comes_back() {
        for (name, text) in SHIPPED {
            let lines = lines_of(text).unwrap();
            let again = text_of(lines.as_slice());
            assert_eq!(&again, text, "{name}");
            assert!(RuleSet::parse(name, &again).is_ok(), "{name}");
        }
    }
}
