//! `transmit`: title moves by an authority's word: from the dead, by a court's order, back to whom it was taken from. The recipient signs
//! too; the holder does not, since the dead and thieves do not sign.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::crossing::{Crossing, Deed};
use crate::deal::{Decree, Delivery, Money};
use crate::edition::{EDITIONS_MAX, current};
use crate::encumbrance::check_enrolled;
use crate::entry::kind::kind_word;
use crate::field::{Country, Digest, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Changes, Records};

kind_word!(TransmitWord, "transmit");

/// The body of a transmission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transmit {
    /// On what grounds.
    pub basis: Decree,
    /// The authority.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// For which country it speaks.
    pub country: Country,
    /// What is handed over, and how.
    pub delivery: Delivery,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// Where the edition is.
    pub from_country: Country,
    /// The word `transmit`.
    pub kind: TransmitWord,
    /// The newest entry of the edition's chain, or its work.
    pub prev: EntryId,
    /// SHA-256 of the file of the order or certificate.
    pub sha256: Digest,
    /// The recipient.
    pub to: AccountId,
    /// Where the edition goes.
    pub to_country: Country,
    /// What the edition is declared to be worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// The work.
    pub work: WorkId,
}

impl Transmit {
    /// What stands on the edition goes with it: a flag or a lien does not keep an authority from giving a work back, and is let go by
    /// whom it protects.
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        edition.check_prev(&self.prev)?;
        context.check_may_own(&self.to)?;
        if self.to == edition.holder {
            return Err(Refusal::SameHolder.into());
        }
        edition.check_country(&self.from_country)?;
        check_enrolled(context, records, &self.by, &self.country)?;
        let crossing = Crossing {
            work: &self.work,
            number: self.edition.get(),
            edition: &edition,
            to: &self.to,
            to_country: &self.to_country,
            deed: Deed::Transmit(self.basis),
            delivery: self.delivery,
            price: None,
            professional: false,
            value: self.value.as_ref(),
        };
        crossing.pass(context, records)
    }
}
