//! `revoke`: an account takes back what it has attested. Title that has moved stays where it is.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::EDITIONS_MAX;
use crate::entry::attest::{about, check_prev, note};
use crate::entry::kind::kind_word;
use crate::field::{DocumentType, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{About, Changes, PaperRecord, RecordKey, Records, write};

kind_word!(RevokeWord, "revoke");

/// The body of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The account that the document is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Who attested it.
    pub by: AccountId,
    /// The edition of the work that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Int<1, EDITIONS_MAX>>,
    /// The word `revoke`.
    pub kind: RevokeWord,
    /// The attestation.
    pub prev: EntryId,
    /// What the document is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// The work that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkId>,
}

impl Revoke {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.about().map(|_| ())
    }

    /// Returns what the document is about.
    pub fn about(&self) -> Result<About, Refusal> {
        about(self.account, self.work, self.edition.map(Int::get))
    }

    /// Returns the name of the record that it writes.
    pub fn record_key(&self) -> Result<RecordKey, Refusal> {
        Ok(RecordKey::Paper(self.about()?, self.document_type.clone(), self.by))
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let about = self.about()?;
        let name = self.record_key()?;
        let paper: PaperRecord = records.read(&name)?.ok_or(Refusal::NothingAttested)?;
        check_prev(Some(&paper), Some(&self.prev))?;
        if paper.revoked.is_some() {
            return Err(Refusal::NothingAttested.into());
        }
        let mut changes = note(&about, context, records)?;
        let revoked = PaperRecord { newest: context.id, revoked: Some(context.index), ..paper };
        write(&mut changes, name, &revoked);
        Ok(changes)
    }
}
