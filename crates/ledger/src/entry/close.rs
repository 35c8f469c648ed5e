//! `close`: the holder withdraws an offer or voids half-signed transfers; the recipient declines.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::{EDITIONS_MAX, current, standing_offer};
use crate::entry::kind::kind_word;
use crate::field::{EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Changes, EditionRecord, RecordKey, Records, write};

kind_word!(CloseWord, "close");

/// The body of a close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The holder, or the recipient of the offer that stands.
    pub by: AccountId,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The word `close`.
    pub kind: CloseWord,
    /// The newest entry of the edition's chain, or its work.
    pub prev: EntryId,
    /// The work.
    pub work: WorkId,
}

impl Close {
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        edition.check_prev(&self.prev)?;
        let offer = standing_offer(records, &edition, context.time_ms)?;
        let declines = offer.is_some_and(|offer| offer.to == self.by);
        if !declines {
            edition.check_holder(&self.by)?;
            if let Some(offer) = offer.filter(|offer| offer.firm) {
                return Err(Refusal::OfferFirm { until_ms: offer.expires_ms }.into());
            }
        }
        let mut changes = Changes::new();
        let closed = EditionRecord { newest: context.id, offer: None, ..edition };
        write(&mut changes, RecordKey::Edition(self.work, self.edition.get()), &closed);
        Ok(changes)
    }
}
