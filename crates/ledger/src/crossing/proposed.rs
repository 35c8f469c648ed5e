//! A crossing that might be: terms that nobody has signed yet, judged as the register would judge them now.
//!
//! It is the code and the records by which the register judges what is signed. So whoever holds those records with their proofs comes to
//! the same answer, and need not be told it.

use colophon_corridor::Corridor;

use super::in_force::in_force;
use super::judgement::Judgement;
use super::{Crossing, Deed};
use crate::account::AccountId;
use crate::deal::{Delivery, Money, Price};
use crate::edition::current;
use crate::entry::Body;
use crate::entry::terms::Terms;
use crate::field::{Country, Digest, WorkId};
use crate::rule::Stop;
use crate::state::{EditionRecord, RecordKey, Records, Unreadable};

/// Terms on which an edition might cross, as far as rules know of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The work.
    pub work: WorkId,
    /// Which edition, from 1.
    pub edition: u64,
    /// Who would get it; of a move, its holder.
    pub to: AccountId,
    /// Where it would go.
    pub to_country: Country,
    /// What would happen to title, and on what grounds.
    pub deed: Deed,
    /// What would be handed over.
    pub delivery: Delivery,
    /// What would be paid. One that is committed to is not told, and so rules do not know it.
    pub price: Option<Price>,
    /// Whether a professional of the art market would take part.
    pub professional: bool,
    /// What the edition would be declared to be worth.
    pub value: Option<Money>,
}

impl Proposed {
    /// Returns the terms that an entry states itself: a transfer, an offer, a move, a transmission. None for any other.
    pub fn stated(body: &Body) -> Option<Proposed> {
        match body {
            Body::Transfer(terms) | Body::Offer(terms) => Some(Proposed::of_terms(terms)),
            Body::Move(moved) => Some(Proposed {
                work: moved.work,
                edition: moved.edition.get(),
                to: moved.by,
                to_country: moved.to_country.clone(),
                deed: Deed::Move,
                delivery: moved.delivery,
                price: None,
                professional: false,
                value: moved.value.clone(),
            }),
            Body::Transmit(given) => Some(Proposed {
                work: given.work,
                edition: given.edition.get(),
                to: given.to,
                to_country: given.to_country.clone(),
                deed: Deed::Transmit(given.basis),
                delivery: given.delivery,
                price: None,
                professional: false,
                value: given.value.clone(),
            }),
            _ => None,
        }
    }

    fn of_terms(terms: &Terms) -> Proposed {
        Proposed {
            work: terms.work,
            edition: terms.edition.get(),
            to: terms.to,
            to_country: terms.to_country.clone(),
            deed: Deed::Transfer(terms.basis),
            delivery: terms.delivery,
            price: terms.price.clone(),
            professional: terms.professional.is_some(),
            value: terms.value.clone(),
        }
    }

    /// Returns the terms on which an edition crosses by an entry: its own, or those of the offer that it accepts. None for any other
    /// entry, an offer among them, and for an acceptance of what is not on offer.
    pub fn of(body: &Body, records: &impl Records) -> Result<Option<Proposed>, Unreadable> {
        let accept = match body {
            Body::Accept(accept) => accept,
            Body::Offer(_) => return Ok(None),
            body => return Ok(Proposed::stated(body)),
        };
        let edition: Option<EditionRecord> = records.read(&RecordKey::Edition(accept.work, accept.edition.get()))?;
        Ok(edition.and_then(|edition| edition.offer).map(|offer| Proposed {
            work: accept.work,
            edition: accept.edition.get(),
            to: offer.to,
            to_country: offer.to_country,
            deed: Deed::Transfer(offer.basis),
            delivery: offer.delivery,
            price: offer.price,
            professional: offer.professional.is_some(),
            value: offer.value,
        }))
    }

    /// Returns what the rules would answer in a batch of this height and time; nothing where none are in force.
    ///
    /// That the terms are right otherwise, that the edition is free, and that somebody signs, is not looked at.
    pub fn judge(&self, height: u64, time_ms: u64, records: &impl Records) -> Result<Option<Judgement>, Stop> {
        let edition = current(records, &self.work, self.edition)?;
        let Some(corridor) = in_force(height, records)? else { return Ok(None) };
        self.weigh(&edition, &corridor, time_ms, records).map(Some)
    }

    /// Returns what these rules would answer, whatever is in force.
    pub(super) fn judge_by(
        &self,
        corridor: &Corridor,
        time_ms: u64,
        records: &impl Records,
    ) -> Result<Judgement, Stop> {
        let edition = current(records, &self.work, self.edition)?;
        self.weigh(&edition, corridor, time_ms, records)
    }

    fn weigh(
        &self,
        edition: &EditionRecord,
        corridor: &Corridor,
        time_ms: u64,
        records: &impl Records,
    ) -> Result<Judgement, Stop> {
        if self.deed == Deed::Move {
            edition.check_holder(&self.to)?;
        }
        let crossing = Crossing {
            work: &self.work,
            number: self.edition,
            edition,
            to: &self.to,
            to_country: &self.to_country,
            deed: self.deed,
            delivery: self.delivery,
            price: self.price.as_ref(),
            professional: self.professional,
            value: self.value.as_ref(),
        };
        let (facts, papers) = crossing.facts(time_ms, records)?;
        let rules = Digest(corridor.digest().into());
        Ok(Judgement::of(&corridor.judge(&facts), rules, papers))
    }
}
