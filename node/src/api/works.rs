//! Works: an edition as it stands, with its proofs, and its certificate.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use colophon_ledger::field::{Digest, WorkId};
use colophon_ledger::proved::{ProvedEntry, StateAnswer};
use colophon_ledger::state::{RecordKey, WorkRecord};
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::Api;
use super::body::{json, number};
use super::problem::Problem;
use super::segment::Segment;
use crate::answers::{AnswerError, Gathered, proved_entry};
use crate::certify::{CERTIFICATE_ENTRIES_MAX, CertifyError, certify};

/// The fewest digits by which a work may be named.
const PREFIX_DIGITS_MIN: usize = 8;
const ID_DIGITS: usize = 64;

/// A work's edition, proved.
#[derive(Debug, Serialize)]
struct WorkAnswer {
    #[serde(flatten)]
    state: StateAnswer,
    work: WorkId,
    edition: u64,
    mint: ProvedEntry,
}

pub(super) async fn work(
    State(api): State<Arc<Api>>,
    work: Segment,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let edition = number(query.as_deref(), "edition")?.unwrap_or(1);
    let work = full_id(&api, &work.0)?;
    Ok(json(&work_answer(&api, work, edition)?))
}

fn work_answer(api: &Api, work: WorkId, edition: u64) -> Result<WorkAnswer, Problem> {
    let register = &*api.register;
    let moment = register.moment();
    let mut gathered = Gathered::new(&moment)?;
    let Some(record) = gathered.read::<WorkRecord>(&RecordKey::Work(work))? else {
        let absence = gathered.into_answer(&register.log)?;
        return Err(Problem::Absent("such work".to_owned(), Box::new(absence)));
    };
    if !(1..=record.editions).contains(&edition) {
        return Err(Problem::NotFound(format!("edition {edition} of this work of {}", record.editions)));
    }
    gathered.add(&RecordKey::Edition(work, edition))?;
    let state = gathered.into_answer(&register.log)?;
    let mint = proved_entry(&register.log, &moment.snapshot, record.index)?;
    Ok(WorkAnswer { state, work, edition, mint })
}

/// Returns the whole id of a work of which at least the first 8 digits are given.
pub(super) fn full_id(api: &Api, digits: &str) -> Result<WorkId, Problem> {
    let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hex || !(PREFIX_DIGITS_MIN..=ID_DIGITS).contains(&digits.len()) {
        return Err(Problem::BadRequest("a work is named by 8 to 64 lower-case hex digits of its id".to_owned()));
    }
    if let Ok(work) = digits.parse::<Digest>() {
        return Ok(work);
    }
    let works = api.register.moment().tables().works_beginning(digits, 2).map_err(AnswerError::View)?;
    match works[..] {
        [] => Err(Problem::NotFound(format!("work whose id begins with {digits}"))),
        [work] => Ok(work),
        _ => Err(Problem::Ambiguous(digits.to_owned())),
    }
}

pub(super) async fn certificate(
    State(api): State<Arc<Api>>,
    work: Segment,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let edition = number(query.as_deref(), "edition")?.unwrap_or(1);
    let work = full_id(&api, &work.0)?;
    // Making one reads and verifies everything that ever happened to the edition: too long for a thread that answers others.
    let _permit = api.certificates.acquire().await.map_err(|_| Problem::Stopping)?;
    let register = Arc::clone(&api.register);
    let making = spawn_blocking(move || certify(&register, work, edition, CERTIFICATE_ENTRIES_MAX));
    let made = making.await.map_err(|_| Problem::Internal)?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, made?.to_text()).into_response())
}

impl From<CertifyError> for Problem {
    fn from(error: CertifyError) -> Problem {
        match error {
            CertifyError::NoWork => Problem::NotFound("such work".to_owned()),
            CertifyError::NoEdition { editions } => {
                Problem::NotFound(format!("such edition of this work of {editions}"))
            }
            CertifyError::Answer(error) => error.into(),
            CertifyError::Cards(error) => error.into(),
            CertifyError::TooLarge => Problem::CertificateTooLarge,
            CertifyError::Own(_) | CertifyError::Refused(_) => {
                tracing::error!("A certificate could not be made: {error}");
                Problem::ViewDamaged
            }
        }
    }
}
