//! Half-signed drafts, kept for the accounts that still must sign. Nothing here is trusted or proved.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use colophon_ledger::account::{AccountId, Multikey};
use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft, DraftError, MissingError};
use colophon_ledger::edition::current;
use colophon_ledger::entry::Body as EntryBody;
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Records;
use colophon_storage::drafts::{DraftsError, WaitingDraft};
use colophon_tlog::note::Note;
use serde::Serialize;
use tracing::error;

use super::Api;
use super::body::{self, json};
use super::problem::Problem;
use super::segment::Segment;
use crate::answers::AnswerError;
use crate::register::Register;
use crate::source::Source;

/// How long a draft is kept, in milliseconds: 30 days.
const DRAFT_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// The most drafts of one signing account that wait for another.
const DRAFTS_BY_SIGNER_MAX: usize = 10;
/// The longest note that declines a draft, in bytes.
const DECLINE_BYTES_MAX: usize = 4 * 1024;
/// The most signature lines of such a note.
const DECLINE_SIGNATURES_MAX: usize = 4;

#[derive(Debug, Serialize)]
struct Kept {
    id: EntryId,
    to: BTreeSet<AccountId>,
    until_ms: u64,
}

pub(super) async fn put(
    State(api): State<Arc<Api>>,
    source: Option<Extension<Source>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::require_json(&headers)?;
    // A draft's signatures are work like those of an entry.
    api.take_of_address(source.map(|Extension(source)| source))?;
    let bytes = body::read(body, DRAFT_BYTES_MAX).await?;
    let kept = keep(&api, Draft::parse(&bytes)?)?;
    Ok((StatusCode::CREATED, json(&kept)).into_response())
}

/// Keeps a draft, with what is already known of its signatures, for those who still must sign.
fn keep(api: &Api, draft: Draft) -> Result<Kept, Problem> {
    let register = &*api.register;
    let records = register.view();
    check(api, &draft, records)?;
    let id = draft.id();
    let now_ms = api.now_ms();
    register.drafts.expire(now_ms.saturating_sub(DRAFT_KEPT_MS))?;

    let _merging = api.merging.lock().unwrap_or_else(PoisonError::into_inner);
    let merged = match register.drafts.get(&id)? {
        Some(waiting) => merged(draft, &waiting, records),
        None => draft,
    };
    check_terms_stand(&merged, now_ms)?;
    let to: BTreeSet<AccountId> = merged.missing(records)?.into_iter().map(|missing| missing.account).collect();
    if to.is_empty() {
        return Err(Problem::DraftComplete);
    }
    check_room(register, &merged, &to)?;
    let accounts = to.iter().copied().collect();
    let bytes = merged.to_json().into_bytes();
    register.drafts.put(&WaitingDraft { id, added_ms: now_ms, accounts, bytes })?;
    Ok(Kept { id, to, until_ms: until_ms(&merged, now_ms) })
}

/// Refuses a draft whose terms have run out.
fn check_terms_stand(draft: &Draft, now_ms: u64) -> Result<(), Problem> {
    match draft.parts()?.body {
        EntryBody::Transfer(terms) | EntryBody::Offer(terms) if terms.expires_ms.get() < now_ms => {
            Err(Refusal::Expired { expires_ms: terms.expires_ms.get() }.into())
        }
        _ => Ok(()),
    }
}

/// Refuses a draft of an account that has enough drafts waiting for one of those who must sign this one.
fn check_room(register: &Register, draft: &Draft, to: &BTreeSet<AccountId>) -> Result<(), Problem> {
    let id = draft.id();
    let signed = signed_by(draft, to)?;
    for account in to {
        let waiting = register.drafts.list(account)?;
        for signer in &signed {
            let by_signer = |kept: &&WaitingDraft| {
                kept.id != id
                    && Draft::parse(&kept.bytes)
                        .is_ok_and(|draft| signed_by(&draft, &kept.accounts).is_ok_and(|by| by.contains(signer)))
            };
            if waiting.iter().filter(by_signer).count() >= DRAFTS_BY_SIGNER_MAX {
                return Err(Problem::InboxFull(format!(
                    "{DRAFTS_BY_SIGNER_MAX} drafts that {signer} signed wait for {account} already"
                )));
            }
        }
    }
    Ok(())
}

/// Returns the accounts that must sign a draft and have: those it does not wait for.
fn signed_by<'a>(
    draft: &Draft,
    waits_for: impl IntoIterator<Item = &'a AccountId>,
) -> Result<BTreeSet<AccountId>, DraftError> {
    let mut signers: BTreeSet<AccountId> = draft.parts()?.body.signers().into_iter().collect();
    for account in waits_for {
        signers.remove(account);
    }
    Ok(signers)
}

/// Checks that a draft is for this register, signed by somebody who must, and not yet overtaken.
fn check(api: &Api, draft: &Draft, records: &impl Records) -> Result<(), Problem> {
    let entry = draft.to_entry().map_err(|error| match error {
        DraftError::Refused(Refusal::EntryMalformed(_)) => {
            Problem::Refused(Refusal::SignatureSet("a draft is kept once one account that must sign has".to_owned()))
        }
        error => error.into(),
    })?;
    let register = &*api.register;
    entry.check_register(&register.rules.register)?;
    entry.check_submittable()?;
    if let Some(index) = register.index_of(&entry.id()).map_err(AnswerError::View)? {
        return Err(Refusal::Repeated { index }.into());
    }
    check_current(entry.body(), records)?;
    Signed::check(entry, records)?;
    Ok(())
}

/// Refuses the draft of an entry that something else came before, or that another than the holder makes: it would only
/// fill somebody's inbox.
fn check_current(body: &EntryBody, records: &impl Records) -> Result<(), Problem> {
    let Some((work, edition)) = body.edition() else { return Ok(()) };
    let edition = current(records, &work, edition)?;
    let prev = match body {
        EntryBody::Transfer(terms) | EntryBody::Offer(terms) => &terms.prev,
        EntryBody::Accept(accept) => &accept.prev,
        EntryBody::Close(close) => &close.prev,
        EntryBody::Lien(lien) => &lien.prev,
        EntryBody::Loan(loan) => &loan.prev,
        EntryBody::Move(relocate) => &relocate.prev,
        EntryBody::Transmit(transmit) => &transmit.prev,
        EntryBody::Release(release) => &release.prev,
        EntryBody::Genesis(_)
        | EntryBody::Profile(_)
        | EntryBody::Rotate(_)
        | EntryBody::Mint(_)
        | EntryBody::CarryAccount(_)
        | EntryBody::CarryEdition(_)
        | EntryBody::LogKey(_)
        | EntryBody::Upgrade(_)
        | EntryBody::Retire(_)
        | EntryBody::Rules(_)
        | EntryBody::Authority(_)
        | EntryBody::Attest(_)
        | EntryBody::Revoke(_)
        | EntryBody::Flag(_)
        | EntryBody::Receipt(_)
        | EntryBody::Amend(_)
        | EntryBody::Seal(_) => return Ok(()),
    };
    if *prev != edition.newest {
        return Err(Refusal::PrevStale { found: prev.to_string(), newest: edition.newest.to_string() }.into());
    }
    let is_holders =
        matches!(body, EntryBody::Transfer(_) | EntryBody::Offer(_) | EntryBody::Lien(_) | EntryBody::Loan(_));
    if is_holders && *body.by() != edition.holder {
        return Err(Refusal::NotHolder { holder: edition.holder }.into());
    }
    Ok(())
}

/// Returns the new draft with the signatures of the one that is kept, as far as they still hold.
fn merged(draft: Draft, waiting: &WaitingDraft, records: &impl Records) -> Draft {
    let mut merged = draft.clone();
    let whole = Draft::parse(&waiting.bytes).is_ok_and(|kept| merged.merge(&kept).is_ok());
    let holds = merged.to_entry().is_ok_and(|entry| Signed::check(entry, records).is_ok());
    // A key that has been rotated away since spoils the kept signatures; those who gave them must sign again.
    if whole && holds { merged } else { draft }
}

/// Returns until when a draft is kept: 30 days, or as long as its terms stand.
fn until_ms(draft: &Draft, added_ms: u64) -> u64 {
    let kept_until_ms = added_ms.saturating_add(DRAFT_KEPT_MS);
    match draft.parts().map(|parts| parts.body) {
        Ok(EntryBody::Transfer(terms) | EntryBody::Offer(terms)) => terms.expires_ms.get().min(kept_until_ms),
        _ => kept_until_ms,
    }
}

/// Returns the drafts that wait for an account and can still become entries.
pub(super) fn open_drafts(api: &Api, account: &AccountId) -> Result<Vec<Draft>, Problem> {
    let now_ms = api.now_ms();
    let waiting = api.register.drafts.list(account)?;
    let open = waiting.into_iter().filter_map(|waiting| {
        let draft = Draft::parse(&waiting.bytes).ok()?;
        (until_ms(&draft, waiting.added_ms) >= now_ms).then_some(draft)
    });
    Ok(open.collect())
}

pub(super) async fn draft(State(api): State<Arc<Api>>, id: Segment) -> Result<Response, Problem> {
    let (draft, _) = find(&api, &id.digest()?)?;
    Ok(json(&draft))
}

fn find(api: &Api, id: &EntryId) -> Result<(Draft, WaitingDraft), Problem> {
    let not_found = || Problem::NotFound("such draft".to_owned());
    let waiting = api.register.drafts.get(id)?.ok_or_else(not_found)?;
    let draft = Draft::parse(&waiting.bytes).map_err(|_| not_found())?;
    Ok((draft, waiting))
}

/// Removes a draft on the word of one key of an account that would have to sign it.
pub(super) async fn decline(State(api): State<Arc<Api>>, id: Segment, body: Body) -> Result<Response, Problem> {
    let id = id.digest()?;
    let bytes = body::read(body, DECLINE_BYTES_MAX).await?;
    let note = Note::parse(&bytes, DECLINE_SIGNATURES_MAX)
        .map_err(|error| Problem::BadRequest(format!("the body is not a signed note: {error}")))?;
    let (draft, _) = find(&api, &id)?;
    let origin = &api.register.rules.register.origin;
    let expected = format!("colophon.decline/v1 {origin} {id}\n");
    if note.text() != expected {
        return Err(Problem::BadRequest(format!("the note should say {:?}", expected.trim_end())));
    }
    check_decline(&note, &draft.parts()?.body, api.register.view())?;
    api.register.drafts.remove(&id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn check_decline(note: &Note, body: &EntryBody, records: &impl Records) -> Result<(), Problem> {
    let signers = body.signers();
    for line in note.signatures() {
        let account: Option<AccountId> = line.name.parse().ok();
        let Some(account) = account.filter(|account| signers.contains(account)) else { continue };
        let signed = |key: &Multikey| {
            key.id_under(&account) == Some(line.key_id)
                && key.public().is_some_and(|public| public.verify(note.text().as_bytes(), &line.signature))
        };
        if records.key_set(&account)?.keys.iter().any(signed) {
            return Ok(());
        }
    }
    Err(Refusal::SignatureSet("a draft is declined by a key of an account that must sign it".to_owned()).into())
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Problem {
        match error {
            DraftError::Refused(refusal) => refusal.into(),
            DraftError::TooLarge(_) => Problem::BodyTooLarge { limit: DRAFT_BYTES_MAX },
            DraftError::Malformed(_) | DraftError::Price | DraftError::Key(_) => Problem::BadRequest(error.to_string()),
        }
    }
}

impl From<MissingError> for Problem {
    fn from(error: MissingError) -> Problem {
        match error {
            MissingError::Draft(error) => error.into(),
            MissingError::Refused(refusal) => refusal.into(),
            MissingError::Unreadable(unreadable) => unreadable.into(),
        }
    }
}

impl From<DraftsError> for Problem {
    fn from(error: DraftsError) -> Problem {
        match error {
            DraftsError::TooLarge(_) => Problem::BodyTooLarge { limit: DRAFT_BYTES_MAX },
            DraftsError::AccountFull(_) | DraftsError::Full => Problem::InboxFull(error.to_string()),
            DraftsError::Accounts(_) => Problem::BadRequest(error.to_string()),
            DraftsError::Folder(_) | DraftsError::Store(_) => {
                error!("The drafts: {error}");
                Problem::DiskFull
            }
        }
    }
}
