//! Half-signed entries at a node: left for others to sign, fetched, declined.
//!
//! A node keeps drafts as a convenience, may lose them and proves nothing about them. A draft is only ever what its own text
//! says; whoever signs reads that.

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft};
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::register::Register;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Note, Signer};

use crate::answer::DraftAnswer;
use crate::client::Client;
use crate::failure::shown;
use crate::http::{HttpError, not_understood, read_json};
use crate::lookup::LookupError;
use crate::security::SecurityError;

/// The longest answer to a draft, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of a draft in an answer that need not be written as this software writes it.
pub(crate) const DRAFT_ANSWER_BYTES_MAX: usize = 2 * DRAFT_BYTES_MAX;
/// What the text of a declining note begins with.
const DECLINE_TAG: &str = "colophon.decline/v1";

/// A draft that a node has taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLeft {
    /// The id of the entry it will become.
    pub id: EntryId,
    /// The accounts that, the node says, must still sign.
    pub to: Vec<AccountId>,
    /// Until when the node means to keep it, in milliseconds after 1970.
    pub until_ms: u64,
}

impl Client {
    /// Leaves a draft with the node for the accounts that must still sign it. Leaving it again adds its signatures to
    /// those that are there.
    pub async fn leave_draft(&self, draft: &Draft) -> Result<DraftLeft, LookupError> {
        let path = "v1/drafts";
        let content = ("application/json", draft.to_json().into_bytes());
        let answer = self.transport().post(path, content, ANSWER_BYTES_MAX).await?;
        let DraftAnswer { id, to, until_ms } = read_json(path, &answer)?;
        if id != draft.id() {
            return Err(SecurityError::other(format!("the draft {}", draft.id()), format!("the draft {id}")).into());
        }
        Ok(DraftLeft { id, to, until_ms })
    }

    /// Fetches a draft.
    pub async fn draft(&self, id: &EntryId) -> Result<Draft, LookupError> {
        let path = format!("v1/drafts/{id}");
        let bytes = self.transport().get(&path, DRAFT_ANSWER_BYTES_MAX).await.map_err(|error: HttpError| {
            if error.is_not_found() { LookupError::NotKnown(format!("draft {id}")) } else { error.into() }
        })?;
        let draft = Draft::parse(&bytes).map_err(|error| not_understood(&path, &error.to_string()))?;
        if draft.id() != *id {
            return Err(SecurityError::other(format!("the draft {id}"), format!("the draft {}", draft.id())).into());
        }
        self.check_draft(&draft).map_err(|error| SecurityError::other(&self.rules().register.origin, error))?;
        Ok(draft)
    }

    /// Tells the node that an account will not sign a draft, by a note that [`decline_note`] made.
    pub async fn decline_draft(&self, id: &EntryId, note: &Note) -> Result<(), LookupError> {
        let path = format!("v1/drafts/{id}/decline");
        let content = ("text/plain; charset=utf-8", note.to_string().into_bytes());
        self.transport().post(&path, content, ANSWER_BYTES_MAX).await?;
        Ok(())
    }

    /// Checks that a draft is of an entry for this register.
    pub fn check_draft(&self, draft: &Draft) -> Result<(), Refusal> {
        let text = draft.parts()?;
        let register = &self.rules().register;
        match text.genesis {
            _ if text.origin != register.origin => Err(Refusal::WrongOrigin(shown(text.origin.as_str()))),
            Some(genesis) if genesis != register.genesis => Err(Refusal::WrongGenesis(genesis)),
            Some(_) => Ok(()),
            None => Err(Refusal::NotSubmittable(text.body.kind())),
        }
    }
}

/// Returns the note by which `account` declines the draft `id`, signed by one of its keys.
pub fn decline_note(register: &Register, id: &EntryId, account: &AccountId, secret: SecretKey) -> Note {
    let text = format!("{DECLINE_TAG} {} {id}\n", register.origin);
    let signer = Signer::new(account.as_str(), secret).expect("an account id can be the name of a key");
    let line = signer.sign(&text);
    Note::new(text, vec![line]).expect("an origin and a digest are plain text")
}
