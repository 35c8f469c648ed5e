//! `release`: whoever a flag, a lien or a loan protects lets it go; or an account takes back what it has alleged.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::{EDITIONS_MAX, current};
use crate::encumbrance::check_enrolled;
use crate::entry::attest::note;
use crate::entry::flag::check_own_prev;
use crate::entry::kind::kind_word;
use crate::field::{EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{
    About, AllegationRecord, AllegationsRecord, Burden, Changes, EditionRecord, EncumbranceRecord, RecordKey, Records,
    write,
};

kind_word!(ReleaseWord, "release");

/// The body of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Whoever lets it go.
    pub by: AccountId,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The word `release`.
    pub kind: ReleaseWord,
    /// The flag, lien or loan. Left out, the account takes back what it has alleged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<EntryId>,
    /// The newest entry of the edition's chain; of what was alleged, the flag.
    pub prev: EntryId,
    /// The work.
    pub work: WorkId,
}

impl Release {
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        let Some(of) = &self.of else { return self.take_back(edition, context, records) };
        edition.check_prev(&self.prev)?;
        let burden = edition.burdens().iter().find(|burden| burden.entry == *of);
        self.check_may(burden.ok_or(Refusal::NothingToRelease)?, &edition.holder, context, records)?;
        let mut changes = Changes::new();
        let freed = edition.without(of, context.id);
        write(&mut changes, RecordKey::Edition(self.work, self.edition.get()), &freed);
        Ok(changes)
    }

    /// Refuses whoever the encumbrance does not protect. A flag is released by the authority that placed it, or by another that is
    /// enrolled for its country now: an authority that is gone must not bind for ever.
    fn check_may(
        &self,
        burden: &EncumbranceRecord,
        holder: &AccountId,
        context: &Context<'_>,
        records: &impl Records,
    ) -> Result<(), Stop> {
        let protected = match burden.kind {
            Burden::Flag | Burden::Lien => burden.of,
            Burden::Loan => *holder,
        };
        match &burden.country {
            _ if self.by == protected => Ok(()),
            Some(country) => check_enrolled(context, records, &self.by, country),
            None => Err(Refusal::NotReleaser { account: protected }.into()),
        }
    }

    fn take_back(
        &self,
        edition: EditionRecord,
        context: &Context<'_>,
        records: &impl Records,
    ) -> Result<Changes, Stop> {
        let (work, number) = (self.work, self.edition.get());
        let own = RecordKey::Allegation(work, number, self.by);
        let before: AllegationRecord = records.read(&own)?.ok_or(Refusal::NothingToRelease)?;
        check_own_prev(Some(&before), Some(&self.prev))?;
        if !before.open {
            return Err(Refusal::NothingToRelease.into());
        }
        let all = RecordKey::Allegations(work, number);
        let mut named: AllegationsRecord = records.read(&all)?.unwrap_or_default();
        named.open.retain(|alleged| alleged.by != self.by);
        let count = edition.allegations.unwrap_or_default().saturating_sub(1);
        let mut changes = note(&About::Edition(work, number), context, records)?;
        write(&mut changes, own, &AllegationRecord { newest: context.id, open: false });
        write(&mut changes, all, &named);
        let counted = EditionRecord { allegations: Some(count).filter(|count| *count > 0), ..edition };
        write(&mut changes, RecordKey::Edition(work, number), &counted);
        Ok(changes)
    }
}
