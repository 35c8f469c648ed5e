//! Asks who has registered a file, and checks the answer.

use colophon_ledger::field::{Digest, WorkId};
use colophon_ledger::proved::Shown;
use colophon_ledger::state::{ClaimRecord, FileRecord, RecordKey, Records, WorkRecord};

use crate::answer::FileAnswer;
use crate::client::Client;
use crate::lookup::{AsOf, Looked, LookupError, STATE_BYTES_MAX, record, required};
use crate::security::SecurityError;

/// The most registrations in one answer.
pub const REGISTRATIONS_MAX: usize = 100;

/// One of the works that name a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its place among them, from 1 for the first registered.
    pub number: u64,
    /// The work.
    pub work: WorkId,
    /// Its record: maker, editions, country, index of the mint.
    pub record: WorkRecord,
}

/// What is proved of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// As of when. When several answers were needed, of the last.
    pub as_of: AsOf,
    /// The file's SHA-256.
    pub file: Digest,
    /// How many works name it.
    pub count: u64,
    /// Whether it is the face of the first of them.
    pub face: bool,
    /// The works, earliest first: all of them, or those that were asked for.
    pub registrations: Vec<Registration>,
}

impl FileFacts {
    /// Returns after which number to ask on, if there are more.
    pub fn next(&self) -> Option<u64> {
        self.registrations.last().map(|last| last.number).filter(|number| *number < self.count)
    }
}

impl Client {
    /// Asks for the first registrations of a file, `registrations_max` of them or a few more, in as many answers as it takes.
    pub async fn file(&self, file: &Digest, registrations_max: u64) -> Result<Looked<FileFacts>, LookupError> {
        let mut facts = match self.file_after(file, 0).await? {
            Looked::Found(facts) => facts,
            absent @ Looked::Absent(_) => return Ok(absent),
        };
        while let Some(after) = facts.next().filter(|after| *after < registrations_max) {
            let Looked::Found(more) = self.file_after(file, after).await? else {
                return Err(SecurityError::Contradiction(format!("the file {file} has vanished")).into());
            };
            let FileFacts { as_of, count, registrations, .. } = more;
            (facts.as_of, facts.count) = (as_of, count);
            facts.registrations.extend(registrations);
        }
        Ok(Looked::Found(facts))
    }

    /// Asks for the registrations of a file that come after the number `after`: one answer, at most 100 of them.
    pub async fn file_after(&self, file: &Digest, after: u64) -> Result<Looked<FileFacts>, LookupError> {
        let path = format!("v1/files/{file}?after={after}");
        let asked = self.asking().await?;
        let answer: FileAnswer = self.transport().get_json(&path, STATE_BYTES_MAX).await?;
        let (shown, as_of) = self.proved(asked, &answer.state).await?;
        let known = record::<FileRecord>(&shown, &RecordKey::File(*file))?;
        if answer.known != known.is_some() {
            let found = if answer.known { "known" } else { "unknown" };
            return Err(
                SecurityError::Contradiction(format!("the file {file} is called {found}, its proof differs")).into()
            );
        }
        let Some(FileRecord { count, face, work }) = known else { return Ok(Looked::Absent(Box::new(as_of))) };
        let registrations = registrations(&shown, file, work, after, count)?;
        Ok(Looked::Found(FileFacts { as_of, file: *file, count, face, registrations }))
    }
}

/// Returns the registrations after `after` as far as the answer goes, which must be one at least if there are more.
fn registrations(
    shown: &Shown,
    file: &Digest,
    first: WorkId,
    after: u64,
    count: u64,
) -> Result<Vec<Registration>, LookupError> {
    let mut registrations = Vec::new();
    for number in (after.saturating_add(1)..=count).take(REGISTRATIONS_MAX) {
        let key = RecordKey::Claim(*file, number);
        let work = match number {
            1 => first,
            _ if !registrations.is_empty() && shown.record(&key).is_err() => break,
            _ => required::<ClaimRecord>(shown, &key)?.work,
        };
        let record = required(shown, &RecordKey::Work(work))?;
        registrations.push(Registration { number, work, record });
    }
    Ok(registrations)
}
