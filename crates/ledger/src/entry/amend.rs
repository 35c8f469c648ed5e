//! `amend`: the maker corrects or adds facts of a work. What was stated first stays in the mint, for everybody to see.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::entry::kind::kind_word;
use crate::facts::{AMENDS_MAX, WorkFacts};
use crate::field::{Country, Date, Digest, EntryId, SourceType, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{AmendedRecord, Changes, RecordKey, Records, WorkRecord, write};

kind_word!(AmendWord, "amend");

/// The body of an amendment. What it leaves out stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    /// The maker.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// When the work was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Date>,
    /// Its facts, all of them: they take the place of those before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<WorkFacts>,
    /// The word `amend`.
    pub kind: AmendWord,
    /// Where it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_in: Option<Country>,
    /// The newest amendment of the work, or the work.
    pub prev: EntryId,
    /// How its bytes came about (IPTC digital source type).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,
    /// The work.
    pub work: WorkId,
}

impl Amend {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        let Amend { created, facts, made_in, source_type, .. } = self;
        if created.is_none() && facts.is_none() && made_in.is_none() && source_type.is_none() {
            return Err(Refusal::BodyInvalid("it amends nothing".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let name = RecordKey::Work(self.work);
        let work: WorkRecord = records.read(&name)?.ok_or(Refusal::WorkUnknown(self.work))?;
        let newest = work.amended.as_ref().map_or(self.work, |amended| amended.newest);
        if self.prev != newest {
            return Err(Refusal::PrevStale { found: self.prev.to_string(), newest: newest.to_string() }.into());
        }
        if self.by != work.maker {
            return Err(Refusal::NotMaker { maker: work.maker }.into());
        }
        let count = work.amended.as_ref().map_or(0, |amended| amended.count) + 1;
        if count > AMENDS_MAX {
            return Err(Refusal::AmendedTooOften.into());
        }
        let Amend { created, facts, made_in, source_type, .. } = self.clone();
        let amended = WorkRecord {
            amended: Some(AmendedRecord { count, newest: context.id }),
            created: created.unwrap_or(work.created),
            facts: facts.map(Box::new).or(work.facts),
            made_in: made_in.or(work.made_in),
            source_type: source_type.unwrap_or(work.source_type),
            ..work
        };
        let mut changes = Changes::new();
        write(&mut changes, name, &amended);
        Ok(changes)
    }
}
