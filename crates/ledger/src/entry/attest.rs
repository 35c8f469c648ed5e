//! `attest`: an account states a document about a work, an edition or an account.
//!
//! Anybody may. It moves no edition's chain; whether it counts for a rule is asked when title is about to move. The statements of one
//! account, about one thing, with one type of document, are a chain that nobody else can touch: the newest stands.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::{EDITIONS_MAX, current};
use crate::entry::kind::kind_word;
use crate::field::{Day, Digest, DocumentType, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{About, Changes, NoteRecord, NotesRecord, PaperRecord, RecordKey, Records, WorkRecord, write};

kind_word!(AttestWord, "attest");

/// The body of an attestation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The account that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Who states it.
    pub by: AccountId,
    /// The digest of the card with the document's number and words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// The edition of the work that it is about. Without it, it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Int<1, EDITIONS_MAX>>,
    /// The word `attest`.
    pub kind: AttestWord,
    /// The newest attestation or revocation of this account, about the same, with the same type. Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<EntryId>,
    /// SHA-256 of the document's file.
    pub sha256: Digest,
    /// What the document is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// The first day on which it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// The last day on which it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
    /// The work that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkId>,
}

impl Attest {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.about()?;
        match (&self.valid_from, &self.valid_to) {
            (Some(from), Some(to)) if from > to => {
                Err(Refusal::BodyInvalid("valid_to is before valid_from".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Returns what it is about.
    pub fn about(&self) -> Result<About, Refusal> {
        about(self.account, self.work, self.edition.map(Int::get))
    }

    /// Returns the name of the record that it writes.
    pub fn record_key(&self) -> Result<RecordKey, Refusal> {
        Ok(RecordKey::Paper(self.about()?, self.document_type.clone(), self.by))
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let about = self.about()?;
        check_there(&about, records)?;
        let name = self.record_key()?;
        let before: Option<PaperRecord> = records.read(&name)?;
        check_prev(before.as_ref(), self.prev.as_ref())?;
        let paper = PaperRecord {
            attest: context.id,
            index: context.index,
            newest: context.id,
            revoked: None,
            sha256: self.sha256,
            valid_from: self.valid_from.clone(),
            valid_to: self.valid_to.clone(),
        };
        let mut changes = note(&about, context, records)?;
        write(&mut changes, name, &paper);
        Ok(changes)
    }
}

/// Returns what an entry with these members is about.
pub(crate) fn about(account: Option<AccountId>, work: Option<WorkId>, edition: Option<u64>) -> Result<About, Refusal> {
    match (account, work, edition) {
        (Some(account), None, None) => Ok(About::Account(account)),
        (None, Some(work), None) => Ok(About::Work(work)),
        (None, Some(work), Some(edition)) => Ok(About::Edition(work, edition)),
        _ => Err(Refusal::BodyInvalid("it is about an account, a work, or an edition of a work".to_owned())),
    }
}

/// Refuses a work or edition that there is not. An account is there as soon as somebody has its key.
pub(crate) fn check_there(about: &About, records: &impl Records) -> Result<(), Stop> {
    match about {
        About::Account(_) => Ok(()),
        About::Edition(work, edition) => current(records, work, *edition).map(|_| ()),
        About::Work(work) => match records.read::<WorkRecord>(&RecordKey::Work(*work))? {
            Some(_) => Ok(()),
            None => Err(Refusal::WorkUnknown(*work).into()),
        },
    }
}

/// Refuses an entry that does not follow the newest of its issuer's chain.
pub(crate) fn check_prev(paper: Option<&PaperRecord>, prev: Option<&EntryId>) -> Result<(), Refusal> {
    let newest = paper.map(|paper| &paper.newest);
    if newest == prev {
        return Ok(());
    }
    let word = |id: Option<&EntryId>| id.map_or("nothing".to_owned(), ToString::to_string);
    Err(Refusal::PrevStale { found: word(prev), newest: word(newest) })
}

/// Hangs the entry on what it is about, as the next in number.
pub(crate) fn note(about: &About, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
    let before: Option<NotesRecord> = records.read(&RecordKey::Notes(*about))?;
    let count = before.map_or(0, |notes| notes.count) + 1;
    let mut changes = Changes::new();
    write(&mut changes, RecordKey::Notes(*about), &NotesRecord { count });
    let note = NoteRecord { entry: context.id, index: context.index };
    write(&mut changes, RecordKey::Note(*about, count), &note);
    Ok(changes)
}
