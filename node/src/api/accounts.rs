//! Accounts: their keys, proved, and what else the node can tell of them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use colophon_ledger::account::AccountId;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::entry_id;
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::state::{EditionRecord, RecordKey, Records as _, WorkRecord};
use colophon_tlog::tree::EntryIndex;
use serde::Serialize;

use super::Api;
use super::body::json;
use super::drafts::open_drafts;
use super::problem::Problem;
use super::segment::Segment;
use crate::answers::{AnswerError, Gathered};
use crate::register::Moment;

/// The longest of the lists that come along, which are a convenience and not proved.
const LIST_MAX: usize = 100;
/// How many editions are looked at to find those that nothing has happened to.
const LOOKS_MAX: usize = 1_000;
const ACCOUNT_EXPECTED: &str = "an account: 48 characters from z6Mk on";

/// An account's record, proved, and lists that are not.
#[derive(Debug, Serialize)]
struct AccountAnswer {
    #[serde(flatten)]
    state: StateAnswer,
    chain: Vec<ChainLink>,
    held: Vec<Held>,
    minted: Vec<WorkId>,
}

/// A profile or a rotation.
#[derive(Debug, Serialize)]
struct ChainLink {
    index: u64,
    id: EntryId,
}

#[derive(Debug, Serialize)]
struct Held {
    work: WorkId,
    edition: u64,
}

#[derive(Debug, Serialize)]
struct Inbox {
    drafts: Vec<Draft>,
    offers: Vec<Offered>,
}

#[derive(Debug, Serialize)]
struct Offered {
    work: WorkId,
    edition: u64,
    offer: EntryId,
}

pub(super) async fn account(State(api): State<Arc<Api>>, account: Segment) -> Result<Response, Problem> {
    let account: AccountId = account.parse(ACCOUNT_EXPECTED)?;
    Ok(json(&account_answer(&api, account)?))
}

fn account_answer(api: &Api, account: AccountId) -> Result<AccountAnswer, AnswerError> {
    let register = &*api.register;
    let moment = register.moment();
    let mut gathered = Gathered::new(&moment)?;
    gathered.add(&RecordKey::Account(account))?;
    let state = gathered.into_answer(&register.log)?;
    let mut chain = Vec::new();
    for index in moment.tables().account_chain(&account, None, LIST_MAX)? {
        let place = EntryIndex::new(index).ok_or(AnswerError::Entry(index))?;
        let id = entry_id(&register.log.entry(place)?).ok_or(AnswerError::Entry(index))?;
        chain.push(ChainLink { index, id: Digest(id) });
    }
    let minted: Vec<WorkId> =
        moment.tables().minted(&account, None, LIST_MAX)?.into_iter().map(|(_, work)| work).collect();
    let held = held(&moment, &account, &minted)?;
    Ok(AccountAnswer { state, chain, held, minted })
}

/// Returns editions that an account holds: those that came to it, and those it minted that nothing has happened to.
fn held(moment: &Moment<'_>, account: &AccountId, minted: &[WorkId]) -> Result<Vec<Held>, AnswerError> {
    let mut held: Vec<Held> = moment
        .tables()
        .held(account, None, LIST_MAX)?
        .into_iter()
        .map(|(work, edition)| Held { work, edition })
        .collect();
    let mut looks = LOOKS_MAX;
    for work in minted {
        let record = moment.reading.read::<WorkRecord>(&RecordKey::Work(*work))?;
        // Of a work that was carried over, an edition without a record is not here yet.
        let editions = record.filter(|work| work.carried.is_none()).map_or(0, |work| work.editions);
        for edition in 1..=editions {
            if held.len() >= LIST_MAX || looks == 0 {
                return Ok(held);
            }
            looks -= 1;
            if moment.reading.record(&RecordKey::Edition(*work, edition))?.is_none() {
                held.push(Held { work: *work, edition });
            }
        }
    }
    Ok(held)
}

pub(super) async fn inbox(State(api): State<Arc<Api>>, account: Segment) -> Result<Response, Problem> {
    let account: AccountId = account.parse(ACCOUNT_EXPECTED)?;
    let drafts = open_drafts(&api, &account)?;
    Ok(json(&Inbox { drafts, offers: offers_to(&api, &account)? }))
}

/// Returns the offers to an account that have not run out.
fn offers_to(api: &Api, account: &AccountId) -> Result<Vec<Offered>, AnswerError> {
    let moment = api.register.moment();
    let now_ms = api.now_ms();
    let mut offers = Vec::new();
    for (work, edition) in moment.tables().offered(account, None, LIST_MAX)? {
        let record: Option<EditionRecord> = moment.reading.read(&RecordKey::Edition(work, edition))?;
        if let Some(record) = record
            && let Some(offer) = record.offer.filter(|offer| offer.expires_ms >= now_ms)
        {
            let place = EntryIndex::new(offer.index).ok_or(AnswerError::Entry(offer.index))?;
            let leaf = api.register.log.entry(place)?;
            let offer = entry_id(&leaf).map(Digest).ok_or(AnswerError::Entry(offer.index))?;
            offers.push(Offered { work, edition, offer });
        }
    }
    Ok(offers)
}
