//! Files: every work that a file was registered under, earliest first, or the proof that there is none.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use colophon_ledger::field::Digest;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::state::{ClaimRecord, FileRecord, RecordKey};
use serde::Serialize;

use super::Api;
use super::body::{json, number};
use super::problem::Problem;
use super::segment::Segment;
use crate::answers::{AnswerError, Gathered};

/// The most registrations in one answer.
const REGISTRATIONS_MAX: u64 = 100;

/// What is known of a file, proved.
#[derive(Debug, Serialize)]
struct FileAnswer {
    #[serde(flatten)]
    state: StateAnswer,
    known: bool,
}

/// Answers with the registrations after the `after`-th, of which the first is in the file's own record.
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    sha256: Segment,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let file = sha256.digest()?;
    let after = number(query.as_deref(), "after")?.unwrap_or(0);
    Ok(json(&file_answer(&api, file, after)?))
}

fn file_answer(api: &Api, file: Digest, after: u64) -> Result<FileAnswer, AnswerError> {
    let register = &*api.register;
    let moment = register.moment();
    let mut gathered = Gathered::new(&moment)?;
    let record = gathered.read::<FileRecord>(&RecordKey::File(file))?;
    if let Some(record) = &record {
        let last = record.count.min(after.saturating_add(REGISTRATIONS_MAX));
        for number in after.saturating_add(1)..=last {
            let work = if number == 1 {
                Some(record.work)
            } else {
                gathered.read::<ClaimRecord>(&RecordKey::Claim(file, number))?.map(|claim| claim.work)
            };
            if let Some(work) = work {
                gathered.add(&RecordKey::Work(work))?;
            }
        }
    }
    let state = gathered.into_answer(&register.log)?;
    Ok(FileAnswer { state, known: record.is_some() })
}
