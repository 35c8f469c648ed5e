//! What only the register itself can do, passed on to it: entries and drafts.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use colophon_client::pass::{Passed, Passing};
use colophon_ledger::draft::DRAFT_BYTES_MAX;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::note::{Note, SIGNATURES_MAX};
use colophon_tlog::receipt::Receipt;
use serde_json::Value;
use tracing::debug;

use crate::api::problem::Problem;
use crate::follow::following::Following;

/// How long an answer with a receipt may wait until the copy has what the receipt is for.
const CATCH_UP_TIME_MAX: Duration = Duration::from_secs(20);
/// The longest answer: a thousand receipts.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A route that is passed on.
#[derive(Debug)]
pub(crate) struct Forwarded {
    method: Method,
    route: &'static str,
    /// The longest body of a request.
    pub(crate) body_bytes_max: usize,
    /// Whether the answer has receipts.
    records: bool,
}

/// What is passed on.
const FORWARDED: [Forwarded; 6] = [
    Forwarded::new(Method::POST, "/v1/entries", 64 * 1024, true),
    Forwarded::new(Method::POST, "/v1/entries/many", 8 * 1024 * 1024, true),
    Forwarded::new(Method::POST, "/v1/drafts", DRAFT_BYTES_MAX, false),
    Forwarded::new(Method::POST, "/v1/drafts/{draft}/decline", 4 * 1024, false),
    Forwarded::new(Method::GET, "/v1/drafts/{draft}", 0, false),
    Forwarded::new(Method::GET, "/v1/accounts/{account}/inbox", 0, false),
];

impl Forwarded {
    const fn new(method: Method, route: &'static str, body_bytes_max: usize, records: bool) -> Forwarded {
        Forwarded { method, route, body_bytes_max, records }
    }

    /// Returns how a request is passed on, if it is.
    pub(crate) fn find(method: &Method, route: &str) -> Option<&'static Forwarded> {
        static LIST: [Forwarded; 6] = FORWARDED;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        LIST.iter().find(|forwarded| forwarded.method == *method && forwarded.route == route)
    }
}

/// Passes a request on and returns the answer as it came. One with a receipt is given only when the copy itself has got that far:
/// whoever goes on asking here must not be told of a checkpoint that this copy cannot prove.
pub(crate) async fn forward(
    following: &Following,
    forwarded: &Forwarded,
    path: &str,
    media_type: Option<&HeaderValue>,
    body: Vec<u8>,
) -> Result<Response, Problem> {
    if !following.standing().is_sound() {
        return Err(Problem::SourceUnsound);
    }
    let _passing = following.passing.try_acquire().map_err(|_| Problem::Busy)?;
    let media_type = media_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let content = (forwarded.method == Method::POST).then_some((media_type, body));
    let passing = Passing { path: path.trim_start_matches('/'), content, limit: ANSWER_BYTES_MAX };
    let passed = following.transport.pass(passing).await.map_err(|error| {
        debug!("A request could not be passed on: {error}");
        Problem::SourceAway
    })?;
    if forwarded.records
        && (200..300).contains(&passed.status)
        && let Some(size) = receipts_size(&passed.body)
    {
        following.nudge();
        if !following.has_published(size, CATCH_UP_TIME_MAX).await {
            return Err(Problem::CopyBehind);
        }
    }
    answer(passed)
}

/// Returns the size of the largest checkpoint among the receipts of an answer. Nothing in it is checked.
fn receipts_size(body: &[u8]) -> Option<u64> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let many = answer.get("results").and_then(Value::as_array).map(Vec::as_slice);
    let recorded = many.unwrap_or(std::slice::from_ref(&answer)).iter();
    recorded.filter_map(|recorded| receipt_size(recorded.get("receipt")?.as_str()?)).max()
}

fn receipt_size(receipt: &str) -> Option<u64> {
    let receipt = Receipt::parse(receipt.as_bytes()).ok()?;
    let note = Note::parse(receipt.checkpoint.as_bytes(), SIGNATURES_MAX).ok()?;
    Some(Checkpoint::parse(note.text()).ok()?.size.get())
}

fn answer(passed: Passed) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(passed.status).map_err(|_| Problem::SourceAway)?;
    let mut response = (status, Body::from(passed.body)).into_response();
    let given = [(header::CONTENT_TYPE, passed.media_type), (header::RETRY_AFTER, passed.retry_after)];
    for (name, value) in given {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
