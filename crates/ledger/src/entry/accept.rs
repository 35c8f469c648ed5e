//! `accept`: the recipient takes an offer, and title moves on its terms.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::crossing::{Crossing, Deed};
use crate::edition::{EDITIONS_MAX, OfferStanding, current, standing};
use crate::entry::kind::kind_word;
use crate::field::{EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Changes, Records};

kind_word!(AcceptWord, "accept");

/// The body of an acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// The recipient.
    pub by: AccountId,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The word `accept`.
    pub kind: AcceptWord,
    /// The newest entry of the edition's chain: the offer, or a flag or release that came after it.
    pub prev: EntryId,
    /// The work.
    pub work: WorkId,
}

impl Accept {
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        edition.check_free()?;
        edition.check_prev(&self.prev)?;
        let offer = edition.offer.as_ref().ok_or(Refusal::NoOffer)?;
        if offer.to != self.by {
            return Err(Refusal::NotRecipient { to: offer.to }.into());
        }
        match standing(records, &edition.holder, offer, context.time_ms)? {
            OfferStanding::Stands => {}
            OfferStanding::Void => return Err(Refusal::NoOffer.into()),
            OfferStanding::Expired => return Err(Refusal::Expired { expires_ms: offer.expires_ms }.into()),
        }
        let crossing = Crossing {
            work: &self.work,
            number: self.edition.get(),
            edition: &edition,
            to: &self.by,
            to_country: &offer.to_country,
            deed: Deed::Transfer(offer.basis),
            delivery: offer.delivery,
            price: offer.price.as_ref(),
            professional: offer.professional.is_some(),
            value: offer.value.as_ref(),
        };
        crossing.pass(context, records)
    }
}
