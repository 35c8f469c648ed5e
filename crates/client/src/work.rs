//! Asks about a work, and checks the answer.

use std::fmt;
use std::str::FromStr;

use colophon_ledger::edition::untouched;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::field::{FieldError, WorkId};
use colophon_ledger::proved::{ProvedEntry, StateAnswer};
use colophon_ledger::state::{EditionRecord, RecordKey, WorkRecord};

use crate::answer::WorkAnswer;
use crate::client::Client;
use crate::http::HttpError;
use crate::lookup::{AsOf, Asked, Looked, LookupError, STATE_BYTES_MAX, record, refused};
use crate::problem::Problem;
use crate::security::SecurityError;

/// The fewest digits by which a work may be asked for.
pub const PREFIX_CHARS_MIN: usize = 8;
/// How many digits a whole id has.
const ID_CHARS: usize = 64;

/// A work as a person names it: its id, or how its id begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkPrefix(String);

impl WorkPrefix {
    /// Returns the id, if it is a whole one.
    pub fn id(&self) -> Option<WorkId> {
        self.0.parse().ok()
    }

    /// Returns whether the id of `work` begins with these digits.
    pub fn begins(&self, work: &WorkId) -> bool {
        work.to_string().starts_with(&self.0)
    }
}

impl FromStr for WorkPrefix {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<WorkPrefix, FieldError> {
        let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex && (PREFIX_CHARS_MIN..=ID_CHARS).contains(&text.len()) {
            return Ok(WorkPrefix(text.to_owned()));
        }
        Err(FieldError::new(text, "a work id, or 8 or more of its first digits in lower-case hex"))
    }
}

impl From<&WorkId> for WorkPrefix {
    fn from(work: &WorkId) -> WorkPrefix {
        WorkPrefix(work.to_string())
    }
}

impl fmt::Display for WorkPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is proved of a work and one of its editions.
///
/// That the signatures of the mint were the maker's is the operator's word here; a certificate shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFacts {
    /// As of when.
    pub as_of: AsOf,
    /// The work.
    pub work: WorkId,
    /// What its record says: maker, editions, country, index of the mint.
    pub record: WorkRecord,
    /// Its mint, shown to stand in the log.
    pub mint: Mint,
    /// Which edition was asked for.
    pub edition: u64,
    /// The edition as it stands: holder, country, newest entry, offer. One that nothing has happened to is its maker's.
    pub state: EditionRecord,
}

/// One question about an edition.
struct Question<'a> {
    asked: Asked,
    work: &'a WorkPrefix,
    edition: u64,
}

impl Client {
    /// Asks about an edition of a work. That a work is absent is proved only for a whole id.
    pub async fn work(&self, asked: &WorkPrefix, edition: u64) -> Result<Looked<WorkFacts>, LookupError> {
        match self.edition(asked, edition).await {
            // Perhaps there is only no such edition. Of the first, which every work has, the answer is a proof.
            Err(LookupError::Unproved(_)) if edition != 1 => match self.edition(asked, 1).await? {
                Looked::Found(WorkFacts { record: WorkRecord { editions, .. }, .. })
                    if edition == 0 || edition > editions =>
                {
                    Err(LookupError::NoEdition { edition, editions })
                }
                Looked::Found(_) => {
                    let why = format!("the edition {edition} of the work {asked} is there and is said not to be");
                    Err(SecurityError::Contradiction(why).into())
                }
                absent @ Looked::Absent(_) => Ok(absent),
            },
            answer => answer,
        }
    }

    async fn edition(&self, asked: &WorkPrefix, edition: u64) -> Result<Looked<WorkFacts>, LookupError> {
        let path = format!("v1/works/{asked}?edition={edition}");
        let question = Question { asked: self.asking().await?, work: asked, edition };
        match self.transport().get_json::<WorkAnswer>(&path, STATE_BYTES_MAX).await {
            Ok(answer) => self.work_facts(&question, answer).await.map(Looked::Found),
            Err(HttpError::Problem(problem)) => self.absent_work(&question, problem).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn work_facts(&self, question: &Question<'_>, answer: WorkAnswer) -> Result<WorkFacts, LookupError> {
        let Question { asked, work: prefix, edition } = *question;
        let WorkAnswer { state, work, edition: given, mint } = answer;
        if !prefix.begins(&work) {
            return Err(SecurityError::other(format!("work {prefix}"), format!("work {work}")).into());
        }
        if given != edition {
            return Err(SecurityError::other(format!("edition {edition}"), format!("edition {given}")).into());
        }
        let (shown, as_of) = self.proved(asked, &state).await?;
        let Some(minted) = record::<WorkRecord>(&shown, &RecordKey::Work(work))? else {
            return Err(SecurityError::Contradiction(format!("the record of the work {work} is absent")).into());
        };
        if !(1..=minted.editions).contains(&edition) {
            return Err(LookupError::NoEdition { edition, editions: minted.editions });
        }
        let mint = self.mint_of(&work, &minted, &mint, &as_of)?;
        let state = match record(&shown, &RecordKey::Edition(work, edition))? {
            Some(state) => state,
            None if minted.carried.is_some() => return Err(LookupError::NotCarried { edition }),
            None => untouched(&work, &minted),
        };
        Ok(WorkFacts { as_of, work, record: minted, mint, edition, state })
    }

    /// Returns the mint, if it is the entry whose id the work is and stands where the record says.
    fn mint_of(
        &self,
        work: &WorkId,
        minted: &WorkRecord,
        proved: &ProvedEntry,
        as_of: &AsOf,
    ) -> Result<Mint, LookupError> {
        let entry = proved.verify(as_of.checkpoint.checkpoint())?;
        entry.check_register(&self.rules().register).map_err(refused(proved.index))?;
        if let Body::CarryEdition(carry) = entry.body()
            && proved.index == minted.index
            && let Some(mint) = carry.mint.as_ref().filter(|mint| mint.work() == *work)
        {
            return Ok(mint.body.clone());
        }
        if entry.id() != *work || proved.index != minted.index {
            let given = format!("the entry {} at {}", entry.id(), proved.index);
            return Err(SecurityError::other(format!("the mint {work} at {}", minted.index), given).into());
        }
        match entry.body() {
            Body::Mint(mint) => Ok(mint.clone()),
            body => Err(SecurityError::other("a mint", body.kind()).into()),
        }
    }

    /// Takes "not found" only with the proof that the whole id asked for is absent.
    async fn absent_work(&self, question: &Question<'_>, problem: Problem) -> Result<Looked<WorkFacts>, LookupError> {
        let Question { asked, work: prefix, edition } = *question;
        match (problem.status, problem.code.as_str()) {
            (409, "ambiguous") => return Err(LookupError::Ambiguous(prefix.to_string())),
            (404, _) => {}
            _ => return Err(HttpError::Problem(problem).into()),
        }
        let what = || format!("work {prefix} with an edition {edition}");
        let Some(work) = prefix.id() else { return Err(LookupError::NotKnown(what())) };
        let absence = problem.member::<StateAnswer>("absence").ok_or_else(|| LookupError::Unproved(what()))?;
        let (shown, as_of) = self.proved(asked, &absence).await?;
        match record::<WorkRecord>(&shown, &RecordKey::Work(work))? {
            None => Ok(Looked::Absent(Box::new(as_of))),
            Some(minted) if edition == 0 || edition > minted.editions => {
                Err(LookupError::NoEdition { edition, editions: minted.editions })
            }
            Some(_) => {
                Err(SecurityError::Contradiction(format!("the work {work} is there and is said not to be")).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_8_to_64_lower_case_digits() {
        let id = "5f1c".repeat(16);
        for right in [&id[..8], &id[..63], &id] {
            assert_eq!(right.parse::<WorkPrefix>().unwrap().to_string(), right);
        }
        for wrong in ["", &id[..7], &format!("{id}0"), "5F1C5F1C", "../../..", "5f1c5f1c?a=b"] {
            assert!(wrong.parse::<WorkPrefix>().is_err(), "{wrong}");
        }
        let whole: WorkPrefix = id.parse().unwrap();
        assert!(whole.begins(&whole.id().unwrap()));
        assert!(id[..8].parse::<WorkPrefix>().unwrap().id().is_none());
    }
}
