//! Submits entries, and checks that each really is in the log before it says so.

use std::ops::Range;
use std::time::Duration;

use colophon_ledger::card::Card;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::EntryId;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::receipt::Receipt;
use serde::Serialize;

use crate::answer::{ManyAnswer, OneOfMany, PlaceAnswer, SubmitAnswer};
use crate::client::Client;
use crate::entry::{EntryName, LoggedEntry, check_receipt};
use crate::failure::{Class, Failure};
use crate::follow::FollowError;
use crate::http::{HttpError, not_understood, read_json};
use crate::lookup::{LookupError, refused};
use crate::problem::Problem;
use crate::security::SecurityError;

/// The most entries that are sent at once.
pub const CHUNK_ENTRIES_MAX: usize = 1000;
/// The most bytes that are sent at once. A node takes 8 MiB.
pub const CHUNK_BYTES_MAX: usize = 7 * 1024 * 1024;
/// The most bytes of the answer to one entry: the entry as recorded and its receipt.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of the answer to a chunk: a receipt or a problem for each.
const MANY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The status of an entry that was refused, where the answer does not say.
const UNPROCESSABLE: u16 = 422;
const MANY_PATH: &str = "v1/entries/many";

/// An entry to be submitted, with the words that it commits to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The entry, with all its signatures.
    pub entry: Entry,
    /// The card, if the entry has one and it is to be kept by the register.
    pub card: Option<Card>,
}

/// An entry that is shown to be in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Its id.
    pub id: EntryId,
    /// Its place in the log.
    pub index: u64,
    /// Whether it had been there before.
    pub repeated: bool,
    /// The receipt, which proves all this to others too.
    pub receipt: Receipt,
    /// The checkpoint in the receipt.
    pub checkpoint: SignedCheckpoint,
    /// The entry as recorded. Had it been there before, it may carry other signatures than the one submitted.
    pub entry: Entry,
}

/// Why an entry is not shown to be in the log.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The register does not take the entry: by its rules, by its policy, or not now.
    #[error(transparent)]
    Problem(Problem),
    /// No answer, or one that does not hold. **The entry may have been recorded**: submitting it again is safe.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

impl Failure for SubmitError {
    fn class(&self) -> Class {
        match self {
            SubmitError::Problem(problem) => problem.class(),
            SubmitError::Lookup(error) => error.class(),
        }
    }

    fn cure(&self) -> String {
        match self {
            SubmitError::Problem(problem) => problem.cure(),
            SubmitError::Lookup(error) => error.cure(),
        }
    }
}

impl From<HttpError> for SubmitError {
    fn from(error: HttpError) -> SubmitError {
        match error {
            HttpError::Problem(problem) => SubmitError::Problem(problem),
            error => SubmitError::Lookup(error.into()),
        }
    }
}

impl From<SecurityError> for SubmitError {
    fn from(error: SecurityError) -> SubmitError {
        SubmitError::Lookup(error.into())
    }
}

impl From<FollowError> for SubmitError {
    fn from(error: FollowError) -> SubmitError {
        SubmitError::Lookup(error.into())
    }
}

/// What came of many submissions.
#[derive(Debug)]
pub struct Many {
    /// For each of the first submissions, in order, what came of it.
    pub results: Vec<Result<Submitted, SubmitError>>,
    /// Why the submissions after those were not sent on. None: there are none left.
    pub stopped: Option<SubmitError>,
}

/// A submission as it is sent.
#[derive(Serialize)]
struct Sent<'s> {
    entry: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<&'s Card>,
}

impl<'s> Sent<'s> {
    fn new(entry: &Entry, card: Option<&'s Card>) -> Sent<'s> {
        Sent { entry: String::from_utf8(entry.to_bytes()).expect("an entry is a note, and a note is text"), card }
    }
}

#[derive(Serialize)]
struct SentMany<'s> {
    entries: Vec<Sent<'s>>,
}

impl Client {
    /// Submits an entry, and returns once its receipt is checked. Submitting an entry again is safe: it gets its place.
    pub async fn submit(&self, entry: &Entry, card: Option<&Card>) -> Result<Submitted, SubmitError> {
        let path = "v1/entries";
        let content = ("application/json", json(&Sent::new(entry, card)));
        let answer = self.transport().post(path, content, ANSWER_BYTES_MAX).await?;
        let SubmitAnswer { place, entry: recorded } = read_json(path, &answer)?;
        self.check_place(entry, &place, Some(&recorded)).await
    }

    /// Submits many entries in chunks, in order. `done` is told after each chunk how many have been answered.
    ///
    /// A refused entry does not keep those after it from being sent; a fault or a security error does.
    pub async fn submit_many(&self, submissions: &[Submission], mut done: impl FnMut(usize)) -> Many {
        let mut results = Vec::with_capacity(submissions.len());
        for range in chunks(submissions) {
            let chunk = submissions.get(range).unwrap_or_default();
            if let Err(error) = self.submit_chunk(chunk, &mut results).await {
                return Many { results, stopped: Some(error) };
            }
            done(results.len());
        }
        Many { results, stopped: None }
    }

    async fn submit_chunk(
        &self,
        chunk: &[Submission],
        results: &mut Vec<Result<Submitted, SubmitError>>,
    ) -> Result<(), SubmitError> {
        let entries = chunk.iter().map(|one| Sent::new(&one.entry, one.card.as_ref())).collect();
        let content = ("application/json", json(&SentMany { entries }));
        let answer = self.transport().post(MANY_PATH, content, MANY_BYTES_MAX).await?;
        let ManyAnswer { results: answers } = read_json(MANY_PATH, &answer)?;
        if answers.len() != chunk.len() {
            let why = format!("{} answers to {} entries", answers.len(), chunk.len());
            return Err(not_understood(MANY_PATH, &why).into());
        }
        for (Submission { entry, .. }, answer) in chunk.iter().zip(answers) {
            results.push(match answer {
                OneOfMany::Place(place) => Ok(self.check_place(entry, &place, None).await?),
                OneOfMany::Problem { problem } => Err(SubmitError::Problem(read_problem(&problem))),
            });
        }
        Ok(())
    }

    /// Checks that the entry is where the node says it has put it.
    async fn check_place(
        &self,
        entry: &Entry,
        place: &PlaceAnswer,
        recorded: Option<&str>,
    ) -> Result<Submitted, SubmitError> {
        let PlaceAnswer { id, index, repeated, receipt } = place;
        let (id, index, repeated) = (*id, *index, *repeated);
        if id != entry.id() {
            return Err(SecurityError::other(format!("entry {}", entry.id()), format!("entry {id}")).into());
        }
        let own = entry.to_bytes();
        let other = recorded.filter(|recorded| recorded.as_bytes() != own);
        let entry = match other {
            Some(_) if !repeated => {
                let why = "the entry is said to be new, and is recorded otherwise than it was sent".to_owned();
                return Err(SecurityError::Contradiction(why).into());
            }
            Some(other) => Entry::parse(other.as_bytes()).map_err(refused(index))?,
            None => entry.clone(),
        };
        if entry.id() != id {
            return Err(SecurityError::other(format!("entry {id}"), format!("entry {}", entry.id())).into());
        }
        match check_receipt(receipt.as_bytes(), index, &entry.to_bytes(), self.log_key()) {
            Ok((receipt, checkpoint)) => {
                self.follow(&checkpoint).await?;
                Ok(Submitted { id, index, repeated, receipt, checkpoint, entry })
            }
            Err(error @ SecurityError::Checkpoint(_)) => match key_in(&entry) {
                // The first checkpoint over such an entry is signed by the key that it names. Whether that key is believed from
                // now on is for a person to say; that the entry is in the log that was seen before is shown.
                Some(key) => {
                    let (receipt, checkpoint) = check_receipt(receipt.as_bytes(), index, &entry.to_bytes(), &key)?;
                    self.hold(&checkpoint).await?;
                    Ok(Submitted { id, index, repeated, receipt, checkpoint, entry })
                }
                None => Err(error.into()),
            },
            // The answer to many does not say how the entry was recorded: perhaps with other signatures.
            Err(SecurityError::Receipt(_)) if repeated && recorded.is_none() => self.check_repeated(id, index).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Fetches an entry that had been there before, with its own receipt.
    async fn check_repeated(&self, id: EntryId, index: u64) -> Result<Submitted, SubmitError> {
        let LoggedEntry { entry, index: found, receipt, checkpoint, .. } = self.entry(EntryName::Id(id)).await?;
        if found != index {
            return Err(SecurityError::other(format!("entry {id} at {index}"), format!("at {found}")).into());
        }
        Ok(Submitted { id, index, repeated: true, receipt, checkpoint, entry })
    }
}

/// Returns the key that an entry gives the log, if it does.
fn key_in(entry: &Entry) -> Option<VerifierKey> {
    match entry.body() {
        Body::LogKey(act) => act.log_vkey.parse().ok(),
        _ => None,
    }
}

/// Cuts submissions into chunks that a node takes at once.
fn chunks(submissions: &[Submission]) -> Vec<Range<usize>> {
    let mut chunks: Vec<Range<usize>> = Vec::new();
    let mut chunk_bytes = 0;
    for (at, Submission { entry, card }) in submissions.iter().enumerate() {
        let bytes = json(&Sent::new(entry, card.as_ref())).len() + 1;
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_ENTRIES_MAX && chunk_bytes + bytes <= CHUNK_BYTES_MAX => {
                chunk.end = at + 1;
                chunk_bytes += bytes;
            }
            _ => {
                chunks.push(at..at + 1);
                chunk_bytes = bytes;
            }
        }
    }
    chunks
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("what is sent is strings")
}

/// Reads the problem document of one of many entries, which carries its own status, and how long to wait.
fn read_problem(problem: &serde_json::Value) -> Problem {
    let status = problem.get("status").and_then(serde_json::Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(UNPROCESSABLE);
    let retry_after = problem.get("retry_after_s").and_then(serde_json::Value::as_u64).map(Duration::from_secs);
    Problem::read(status, retry_after, problem.to_string().into_bytes())
}
