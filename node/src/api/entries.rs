//! Entries: submitted one by one or many at once, and read back with their receipts.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use colophon_ledger::card::Card;
use colophon_ledger::draft::check_card;
use colophon_ledger::entry::Entry;
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::signature::Signed;
use colophon_storage::cards::Kept;
use colophon_storage::reader::ReadError;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::body::{self, MediaType, decimal, json, json_of, media_type, parse_json, text};
use super::problem::{Document, Problem};
use super::segment::Segment;
use super::{Api, Entering};
use crate::answers::AnswerError;
use crate::receipts::{Recorded, recorded};
use crate::source::Source;
use crate::submission::{Outcome, Submission};

/// The longest body with one entry.
const ENTRY_BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest body with many entries.
const MANY_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most entries of one request.
const MANY_ENTRIES_MAX: usize = 1_000;

/// How many entries of a request are looked at together.
const LOOKED_AT_ONCE: usize = 64;

/// How long whoever submits waits for an answer before it is looked whether witnesses are what is lacking.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// About how many bytes a receipt takes among many in an answer.
const RESULT_BYTES: usize = 1_536;

/// An entry as it is submitted in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Submitted {
    entry: String,
    #[serde(default)]
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmittedMany {
    entries: Vec<Submitted>,
}

/// What is answered about an entry that is recorded.
#[derive(Debug, Serialize)]
struct RecordedAnswer {
    id: EntryId,
    index: u64,
    repeated: bool,
    receipt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
}

#[derive(Debug, Serialize)]
struct ManyAnswer {
    results: Vec<ManyResult>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ManyResult {
    Recorded(RecordedAnswer),
    Problem { problem: Document },
}

#[derive(Debug, Serialize)]
struct EntryAnswer {
    id: EntryId,
    index: u64,
    entry: String,
}

/// A submission that has been read.
enum Read<'a> {
    /// It is in the log already.
    There(Recorded),
    /// Its signatures are to be checked.
    New { card: Option<Card>, entering: Entering<'a> },
}

/// A submission whose form and signatures have been looked at.
enum Looked {
    /// It is in the log already.
    There(Recorded),
    /// It waits for the next batch.
    Waits(oneshot::Receiver<Outcome>),
}

pub(super) async fn submit(
    State(api): State<Arc<Api>>,
    source: Option<Extension<Source>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    api.check_room()?;
    let media_type = media_type(&headers).ok_or(Problem::UnsupportedMediaType("text/plain or application/json"))?;
    let bytes = body::read(body, ENTRY_BODY_BYTES_MAX).await?;
    let (note, card) = match media_type {
        MediaType::Text => (bytes, None),
        MediaType::Json => {
            let Submitted { entry, card } = parse_json(&bytes)?;
            (entry.into_bytes(), card)
        }
    };
    let looked = look_at_each(&api, source_of(source), [(note, card)]).pop().unwrap_or(Err(Problem::Internal));
    let recorded = answer(&api, looked).await?;
    api.forget_draft(&recorded.id);
    let status = if recorded.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, json(&RecordedAnswer::new(recorded, true))).into_response())
}

/// Takes many entries. Their signatures are judged by the keys as they were before the request.
pub(super) async fn submit_many(
    State(api): State<Arc<Api>>,
    source: Option<Extension<Source>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::require_json(&headers)?;
    api.check_room()?;
    let _permit = api.many.try_acquire().map_err(|_| Problem::Busy)?;
    let bytes = body::read(body, MANY_BODY_BYTES_MAX).await?;
    let SubmittedMany { entries } = parse_json(&bytes)?;
    if entries.len() > MANY_ENTRIES_MAX {
        return Err(Problem::BadRequest(format!("at most {MANY_ENTRIES_MAX} entries are taken at once")));
    }
    let (looking, source) = (Arc::clone(&api), source_of(source));
    let looked = spawn_blocking(move || {
        let mut entries = entries.into_iter().map(|Submitted { entry, card }| (entry, card));
        let mut looked = Vec::with_capacity(entries.len());
        // Not all at once: while some are looked at, those before are on their way into the log.
        while entries.len() > 0 {
            looked.extend(look_at_each(&looking, source, entries.by_ref().take(LOOKED_AT_ONCE)));
        }
        looked
    });
    let looked = looked.await.map_err(|_| Problem::Internal)?;
    let mut results = Vec::with_capacity(looked.len());
    for looked in looked {
        results.push(match answer(&api, looked).await {
            Ok(recorded) => {
                api.forget_draft(&recorded.id);
                ManyResult::Recorded(RecordedAnswer::new(recorded, false))
            }
            Err(problem) => ManyResult::Problem { problem: problem.document() },
        });
    }
    let bytes = results.len() * RESULT_BYTES;
    Ok(json_of(&ManyAnswer { results }, bytes))
}

/// Reads entries, checks their form, their cards and their signatures, and puts them into the queue, unless they are in the log.
fn look_at_each<N: AsRef<[u8]>>(
    api: &Api,
    source: Option<Source>,
    submitted: impl IntoIterator<Item = (N, Option<Card>)>,
) -> Vec<Result<Looked, Problem>> {
    let mut entries = Vec::new();
    let read: Vec<Result<Read<'_>, Problem>> =
        submitted.into_iter().map(|(note, card)| read(api, source, note.as_ref(), card, &mut entries)).collect();
    let mut checked = Signed::check_each(entries, &api.register.published(), &api.points).into_iter();
    let mut enqueue = |read: Result<Read<'_>, Problem>| match read? {
        Read::There(recorded) => Ok(Looked::There(recorded)),
        Read::New { card, entering: _entering } => {
            let signed = checked.next().ok_or(Problem::Internal)??;
            api.admission.take_of_account(signed.entry().body().by())?;
            let (reply, answer) = oneshot::channel();
            api.enqueue(Submission { signed, card, reply })?;
            Ok(Looked::Waits(answer))
        }
    };
    read.into_iter().map(&mut enqueue).collect()
}

/// Reads an entry, and adds it to those whose signatures are to be checked, unless it is in the log.
///
/// An entry is known by its text alone, so one that is there is answered whatever signatures it came with this time.
fn read<'a>(
    api: &'a Api,
    source: Option<Source>,
    note: &[u8],
    card: Option<Card>,
    entries: &mut Vec<Entry>,
) -> Result<Read<'a>, Problem> {
    api.take_of_address(source)?;
    let register = &*api.register;
    let entry = Entry::parse(note)?;
    entry.check_register(&register.rules.register)?;
    entry.check_submittable()?;
    check_card(entry.body(), card.as_ref())?;
    if let Some(index) = register.index_of_entry(&entry)?
        && api.has_card(card.as_ref())?
    {
        let recorded = recorded(&register.log, &register.newest(), index, true).map_err(AnswerError::Log)?;
        return Ok(Read::There(recorded));
    }
    let entering = api.enter()?;
    entries.push(entry);
    Ok(Read::New { card, entering })
}

fn source_of(source: Option<Extension<Source>>) -> Option<Source> {
    source.map(|Extension(source)| source)
}

async fn answer(api: &Api, looked: Result<Looked, Problem>) -> Result<Recorded, Problem> {
    // What waits is counted by the sequencer: whoever asked may not stay for the answer.
    match looked.inspect_err(|problem| api.metrics.refuse(problem.code()))? {
        Looked::There(recorded) => {
            api.metrics.repeat();
            Ok(recorded)
        }
        // A reply that never comes means that the register stopped; whether the entry was recorded will be seen.
        Looked::Waits(answer) => match outcome(api, answer).await? {
            Outcome::Recorded(unwritten) => Ok(unwritten.write().map_err(AnswerError::Log)?),
            Outcome::Refused(refusal) => Err(refusal.into()),
            Outcome::NotAdmitted => Err(Problem::NotAdmitted),
            Outcome::DiskFull => Err(Problem::DiskFull),
            Outcome::ViewFailed => Err(Problem::ViewRebuilding),
        },
    }
}

/// Waits for what comes of a submission, as long as it is not for lack of witnesses.
async fn outcome(api: &Api, mut answer: oneshot::Receiver<Outcome>) -> Result<Outcome, Problem> {
    loop {
        match tokio::time::timeout(ANSWER_TIME, &mut answer).await {
            Ok(outcome) => return outcome.map_err(|_| Problem::Stopping),
            Err(_) if api.register.standing.is_held() => return Err(Problem::Unwitnessed),
            Err(_) => {}
        }
    }
}

impl Api {
    /// Returns whether a card that came along needs no keeping: there is none, or it is kept, or it was erased.
    fn has_card(&self, card: Option<&Card>) -> Result<bool, Problem> {
        let Some(card) = card else { return Ok(true) };
        Ok(self.register.cards.get(&card.digest())? != Kept::Nothing)
    }

    /// Drops the draft of an entry that is recorded now.
    fn forget_draft(&self, id: &EntryId) {
        if let Err(error) = self.register.drafts.remove(id) {
            tracing::warn!("A draft could not be removed: {error}");
        }
    }
}

impl RecordedAnswer {
    fn new(recorded: Recorded, with_entry: bool) -> RecordedAnswer {
        let Recorded { id, index, repeated, leaf, receipt } = recorded;
        let entry = with_entry.then(|| String::from_utf8_lossy(&leaf).into_owned());
        RecordedAnswer { id, index, repeated, receipt, entry }
    }
}

pub(super) async fn entry(State(api): State<Arc<Api>>, entry: Segment) -> Result<Response, Problem> {
    let Recorded { id, index, leaf, .. } = find(&api, &entry)?;
    Ok(json(&EntryAnswer { id, index, entry: String::from_utf8_lossy(&leaf).into_owned() }))
}

pub(super) async fn receipt(State(api): State<Arc<Api>>, entry: Segment) -> Result<Response, Problem> {
    Ok(text(find(&api, &entry)?.receipt))
}

/// Returns an entry by its index or its full id.
fn find(api: &Api, entry: &Segment) -> Result<Recorded, Problem> {
    let not_found = || Problem::NotFound("such entry".to_owned());
    let register = &*api.register;
    let index = if let Some(index) = decimal(&entry.0) {
        index
    } else {
        let id: Digest = entry.parse("an index, or an id of 64 lower-case hex digits")?;
        register.index_of(&id).map_err(AnswerError::View)?.ok_or_else(not_found)?
    };
    recorded(&register.log, &register.newest(), index, true).map_err(|error| match error {
        ReadError::NotThere { .. } => not_found(),
        error => AnswerError::Log(error).into(),
    })
}
