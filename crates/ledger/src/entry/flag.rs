//! `flag`: an authority forbids that title to an edition moves; or anybody alleges that something is wrong with it.
//!
//! An authority names the country that it speaks for: its flag moves the edition's chain and blocks. Without a country it is an
//! allegation, which hangs beside the chain: what one account alleges about one edition is a chain that nobody else can touch.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::{EDITIONS_MAX, current};
use crate::encumbrance::{ALLEGED_MAX, check_enrolled};
use crate::entry::attest::note;
use crate::entry::kind::kind_word;
use crate::field::{Country, Digest, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{
    About, AllegationRecord, AllegationsRecord, AllegedRecord, Burden, Changes, EditionRecord, EncumbranceRecord,
    Ground, RecordKey, Records, write,
};

kind_word!(FlagWord, "flag");

/// The body of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// The authority, or whoever alleges.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// For which country the authority speaks. Left out, it is an allegation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// Why.
    pub ground: Ground,
    /// The word `flag`.
    pub kind: FlagWord,
    /// Of an authority, the newest entry of the edition's chain, or its work. Else the newest flag or release of this account about
    /// this edition; left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<EntryId>,
    /// SHA-256 of the file of the order or the report. An authority's flag has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// The work.
    pub work: WorkId,
}

impl Flag {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        if self.country.is_some() && (self.prev.is_none() || self.sha256.is_none()) {
            return Err(Refusal::BodyInvalid("an authority's flag has prev and sha256".to_owned()));
        }
        Ok(())
    }

    /// Returns whether an authority speaks, so that title is blocked.
    pub fn blocks(&self) -> bool {
        self.country.is_some()
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        let (Some(country), Some(prev)) = (&self.country, &self.prev) else {
            return self.allege(edition, context, records);
        };
        edition.check_prev(prev)?;
        check_enrolled(context, records, &self.by, country)?;
        let flag = EncumbranceRecord {
            country: Some(country.clone()),
            entry: context.id,
            ground: Some(self.ground),
            index: context.index,
            kind: Burden::Flag,
            of: self.by,
            until: None,
        };
        let mut changes = Changes::new();
        write(&mut changes, RecordKey::Edition(self.work, self.edition.get()), &edition.encumbered(flag)?);
        Ok(changes)
    }

    fn allege(&self, edition: EditionRecord, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let (work, number) = (self.work, self.edition.get());
        let own = RecordKey::Allegation(work, number, self.by);
        let before: Option<AllegationRecord> = records.read(&own)?;
        check_own_prev(before.as_ref(), self.prev.as_ref())?;
        let all = RecordKey::Allegations(work, number);
        let mut named: AllegationsRecord = records.read(&all)?.unwrap_or_default();
        let stood = before.is_some_and(|before| before.open);
        named.open.retain(|alleged| alleged.by != self.by);
        named.open.push(AllegedRecord { by: self.by, entry: context.id, ground: self.ground, index: context.index });
        let over = named.open.len().saturating_sub(ALLEGED_MAX);
        named.open.drain(..over);
        let count = edition.allegations.unwrap_or_default() + u64::from(!stood);
        let mut changes = note(&About::Edition(work, number), context, records)?;
        write(&mut changes, own, &AllegationRecord { newest: context.id, open: true });
        write(&mut changes, all, &named);
        let counted = EditionRecord { allegations: Some(count), ..edition };
        write(&mut changes, RecordKey::Edition(work, number), &counted);
        Ok(changes)
    }
}

/// Refuses an entry that does not follow the newest of what its account has alleged.
pub(crate) fn check_own_prev(own: Option<&AllegationRecord>, prev: Option<&EntryId>) -> Result<(), Refusal> {
    let newest = own.map(|own| &own.newest);
    if newest == prev {
        return Ok(());
    }
    let word = |id: Option<&EntryId>| id.map_or("nothing".to_owned(), ToString::to_string);
    Err(Refusal::PrevStale { found: word(prev), newest: word(newest) })
}
