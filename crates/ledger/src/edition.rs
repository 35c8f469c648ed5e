//! An edition as it stands: who holds it where, and which offer binds it.

use crate::account::AccountId;
use crate::field::{EntryId, WorkId};
use crate::refusal::Refusal;
use crate::rule::Stop;
use crate::state::{AccountRecord, EditionRecord, OfferRecord, RecordKey, Records, WorkRecord};

/// The most editions of a work.
pub const EDITIONS_MAX: u64 = 10_000;

/// Returns an edition as it stands. One that nothing has happened to is its maker's.
pub fn current(records: &impl Records, work: &WorkId, edition: u64) -> Result<EditionRecord, Stop> {
    let minted: WorkRecord = records.read(&RecordKey::Work(*work))?.ok_or(Refusal::WorkUnknown(*work))?;
    if !(1..=minted.editions).contains(&edition) {
        return Err(Refusal::EditionUnknown { edition, editions: minted.editions }.into());
    }
    match records.read(&RecordKey::Edition(*work, edition))? {
        Some(record) => Ok(record),
        None if minted.carried.is_some() => Err(Refusal::EditionNotCarried { edition }.into()),
        None => Ok(untouched(work, &minted)),
    }
}

/// Returns the record that stands for an edition nothing has happened to, of a work that was minted here.
pub fn untouched(work: &WorkId, minted: &WorkRecord) -> EditionRecord {
    EditionRecord {
        allegations: None,
        country: minted.country.clone(),
        encumbrances: None,
        holder: minted.maker,
        judged: None,
        newest: *work,
        offer: None,
        rules: None,
        since_ms: minted.minted_ms,
        transfers: 0,
    }
}

impl EditionRecord {
    /// Refuses an entry that does not follow the newest of the edition's chain.
    pub(crate) fn check_prev(&self, prev: &EntryId) -> Result<(), Refusal> {
        if *prev == self.newest {
            return Ok(());
        }
        Err(Refusal::PrevStale { found: prev.to_string(), newest: self.newest.to_string() })
    }

    /// Refuses an account that does not hold the edition.
    pub(crate) fn check_holder(&self, account: &AccountId) -> Result<(), Refusal> {
        if *account == self.holder { Ok(()) } else { Err(Refusal::NotHolder { holder: self.holder }) }
    }

    /// Refuses a country of departure where the edition is not.
    pub(crate) fn check_country(&self, from: &crate::field::Country) -> Result<(), Refusal> {
        if *from == self.country {
            return Ok(());
        }
        Err(Refusal::CountryMismatch { country: self.country.to_string() })
    }

    /// Refuses an edition with an offer that binds at `time_ms`.
    pub(crate) fn check_not_offered(&self, time_ms: u64, records: &impl Records) -> Result<(), Stop> {
        match standing_offer(records, self, time_ms)? {
            Some(offer) => Err(Refusal::OfferStands { to: offer.to, until_ms: offer.expires_ms }.into()),
            None => Ok(()),
        }
    }
}

/// How an offer binds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferStanding {
    /// It can be accepted.
    Stands,
    /// Its time is over.
    Expired,
    /// A party has rotated its keys since.
    Void,
}

/// Returns how `offer`, made by `holder`, binds at `time_ms`. Both may use it up to and including its last millisecond.
pub fn standing(
    records: &impl Records,
    holder: &AccountId,
    offer: &OfferRecord,
    time_ms: u64,
) -> Result<OfferStanding, Stop> {
    for party in [holder, &offer.to] {
        let account: Option<AccountRecord> = records.read(&RecordKey::Account(*party))?;
        if account.and_then(|account| account.rotated).is_some_and(|rotated| rotated > offer.index) {
            return Ok(OfferStanding::Void);
        }
    }
    Ok(if time_ms > offer.expires_ms { OfferStanding::Expired } else { OfferStanding::Stands })
}

/// Returns the offer that binds the edition at `time_ms`, if one does.
pub(crate) fn standing_offer<'e>(
    records: &impl Records,
    edition: &'e EditionRecord,
    time_ms: u64,
) -> Result<Option<&'e OfferRecord>, Stop> {
    let Some(offer) = &edition.offer else { return Ok(None) };
    let stands = standing(records, &edition.holder, offer, time_ms)? == OfferStanding::Stands;
    Ok(stands.then_some(offer))
}
