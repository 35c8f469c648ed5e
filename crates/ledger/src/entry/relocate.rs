//! `move`: the holder takes an edition to another country. Title stays; the rules of the corridor are asked as for a sale.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::crossing::{Crossing, Deed};
use crate::deal::{Delivery, Money};
use crate::edition::{EDITIONS_MAX, current};
use crate::entry::kind::kind_word;
use crate::field::{Country, Digest, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Changes, Records};

kind_word!(MoveWord, "move");

/// The body of a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relocate {
    /// The holder.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// What crosses the border, and how.
    pub delivery: Delivery,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// Where the edition is.
    pub from_country: Country,
    /// The word `move`.
    pub kind: MoveWord,
    /// The newest entry of the edition's chain, or its work.
    pub prev: EntryId,
    /// Where the edition goes.
    pub to_country: Country,
    /// What the edition is declared to be worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// The work.
    pub work: WorkId,
}

impl Relocate {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        if self.from_country == self.to_country {
            return Err(Refusal::BodyInvalid("a move leads to another country".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        edition.check_unflagged()?;
        edition.check_prev(&self.prev)?;
        edition.check_holder(&self.by)?;
        edition.check_country(&self.from_country)?;
        edition.check_not_offered(context.time_ms, records)?;
        let crossing = Crossing {
            work: &self.work,
            number: self.edition.get(),
            edition: &edition,
            to: &self.by,
            to_country: &self.to_country,
            deed: Deed::Move,
            delivery: self.delivery,
            price: None,
            professional: false,
            value: self.value.as_ref(),
        };
        crossing.pass(context, records)
    }
}
