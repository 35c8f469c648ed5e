//! `lien`: an edition secures a debt. The holder and the creditor sign; title is blocked until the creditor lets it go.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::{EDITIONS_MAX, current};
use crate::entry::kind::kind_word;
use crate::field::{Digest, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Burden, Changes, EditionRecord, EncumbranceRecord, RecordKey, Records, write};

kind_word!(LienWord, "lien");

/// The body of a lien.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lien {
    /// The holder.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// Whose debt it secures.
    pub creditor: AccountId,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The word `lien`.
    pub kind: LienWord,
    /// The newest entry of the edition's chain, or its work.
    pub prev: EntryId,
    /// SHA-256 of the file of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// The work.
    pub work: WorkId,
}

impl Lien {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        check_apart(&self.by, &self.creditor, "the creditor")
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        check_may_charge(&edition, &self.by, &self.prev, context, records)?;
        let lien = EncumbranceRecord {
            country: None,
            entry: context.id,
            ground: None,
            index: context.index,
            kind: Burden::Lien,
            of: self.creditor,
            until: None,
        };
        let mut changes = Changes::new();
        write(&mut changes, RecordKey::Edition(self.work, self.edition.get()), &edition.encumbered(lien)?);
        Ok(changes)
    }
}

/// Refuses a lien or loan to oneself.
pub(crate) fn check_apart(by: &AccountId, other: &AccountId, who: &str) -> Result<(), Refusal> {
    if by == other { Err(Refusal::BodyInvalid(format!("{who} is another account than the holder"))) } else { Ok(()) }
}

/// Refuses a lien or loan that is not the holder's to give: nobody may be surprised by it who was offered the edition.
pub(crate) fn check_may_charge(
    edition: &EditionRecord,
    by: &AccountId,
    prev: &EntryId,
    context: &Context<'_>,
    records: &impl Records,
) -> Result<(), Stop> {
    edition.check_unflagged()?;
    edition.check_prev(prev)?;
    edition.check_holder(by)?;
    edition.check_not_offered(context.time_ms, records)
}
