//! `loan`: somebody else than the holder has an edition for a time. Both sign. Custody is not title, so it blocks nothing.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::edition::{EDITIONS_MAX, current};
use crate::entry::kind::kind_word;
use crate::entry::lien::{check_apart, check_may_charge};
use crate::field::{Day, Digest, EntryId, Int, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Burden, Changes, EncumbranceRecord, RecordKey, Records, write};

kind_word!(LoanWord, "loan");

/// The body of a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loan {
    /// Who has it meanwhile.
    pub borrower: AccountId,
    /// The holder.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The word `loan`.
    pub kind: LoanWord,
    /// The newest entry of the edition's chain, or its work.
    pub prev: EntryId,
    /// The day on which it is to be back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// The work.
    pub work: WorkId,
}

impl Loan {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        check_apart(&self.by, &self.borrower, "the borrower")
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let edition = current(records, &self.work, self.edition.get())?;
        check_may_charge(&edition, &self.by, &self.prev, context, records)?;
        let loan = EncumbranceRecord {
            country: None,
            entry: context.id,
            ground: None,
            index: context.index,
            kind: Burden::Loan,
            of: self.borrower,
            until: self.until.clone(),
        };
        let mut changes = Changes::new();
        write(&mut changes, RecordKey::Edition(self.work, self.edition.get()), &edition.encumbered(loan)?);
        Ok(changes)
    }
}
