//! The terms on which title moves: what a transfer and an offer have in common.

use colophon_tlog::hash::sha256_concat;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::{INTEGER_MAX, to_canonical};
use crate::deal::{Basis, Delivery, Money, Price};
use crate::edition::{EDITIONS_MAX, current};
use crate::field::{Country, Currency, Digest, DocumentType, EntryId, Int, List, Marker, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{EditionRecord, Records};

/// The most documents that accompany a transfer.
pub const DOCUMENTS_MAX: usize = 16;
/// How far ahead an entry may run out, in milliseconds: 366 days.
pub const EXPIRES_AHEAD_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

const PRICE_TAG: &[u8] = b"colophon.price/v1\n";

/// The body of a transfer or an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// On what grounds title moves.
    pub basis: Basis,
    /// The holder.
    pub by: AccountId,
    /// The digest of a card with words about the transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// What is handed over, and how.
    pub delivery: Delivery,
    /// The papers that go with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<List<Document, 1, DOCUMENTS_MAX>>,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The last millisecond after 1970 at which the entry, or the acceptance of the offer, may be recorded.
    pub expires_ms: Int<0, INTEGER_MAX>,
    /// On an offer alone: it cannot be withdrawn before it runs out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firm: Option<Marker>,
    /// Where the edition is.
    pub from_country: Country,
    /// The word `transfer` or `offer`.
    pub kind: TermsWord,
    /// The newest entry of the edition's chain, or its work.
    pub prev: EntryId,
    /// What is paid, open or committed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Whether a professional of the art market takes part, as a party or between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub professional: Option<Marker>,
    /// The recipient.
    pub to: AccountId,
    /// Where the edition goes.
    pub to_country: Country,
    /// What the edition is declared to be worth, where that is asked for and is not the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// The work.
    pub work: WorkId,
}

/// The word in the `kind` of terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermsWord {
    /// The word `transfer`.
    Transfer,
    /// The word `offer`.
    Offer,
}

/// A paper that goes with a transfer, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// SHA-256 of the paper's file.
    pub sha256: Digest,
    /// What it is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
}

/// What opens a committed price: it belongs to these terms alone.
#[derive(Serialize)]
struct PricePreimage<'a> {
    amount: Int<0, INTEGER_MAX>,
    currency: &'a Currency,
    edition: Int<1, EDITIONS_MAX>,
    from: &'a AccountId,
    prev: &'a EntryId,
    to: &'a AccountId,
    work: &'a WorkId,
}

impl Terms {
    /// Returns the commitment to `money` under a random salt, tied to everything that makes these terms this sale.
    pub fn price_commitment(&self, money: &Money, salt: &[u8; 32]) -> Digest {
        let preimage = PricePreimage {
            amount: money.amount,
            currency: &money.currency,
            edition: self.edition,
            from: &self.by,
            prev: &self.prev,
            to: &self.to,
            work: &self.work,
        };
        Digest(sha256_concat(&[PRICE_TAG, salt, to_canonical(&preimage).as_bytes()]))
    }

    /// Returns the edition these terms are about, if the holder may make them.
    pub(crate) fn check(&self, context: &Context<'_>, records: &impl Records) -> Result<EditionRecord, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        if self.kind == TermsWord::Transfer {
            edition.check_free()?;
        }
        edition.check_prev(&self.prev)?;
        context.check_may_own(&self.to)?;
        edition.check_holder(&self.by)?;
        if self.to == self.by {
            return Err(Refusal::SameHolder.into());
        }
        edition.check_country(&self.from_country)?;
        edition.check_not_offered(context.time_ms, records)?;
        self.check_time(context.time_ms)?;
        Ok(edition)
    }

    fn check_time(&self, time_ms: u64) -> Result<(), Refusal> {
        let expires_ms = self.expires_ms.get();
        if expires_ms < time_ms {
            return Err(Refusal::Expired { expires_ms });
        }
        if expires_ms - time_ms > EXPIRES_AHEAD_MS_MAX {
            return Err(Refusal::ExpiresTooLate { expires_ms });
        }
        Ok(())
    }
}
