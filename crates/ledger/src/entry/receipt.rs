//! `receipt`: whoever something is owed to says that it is done: a share that was paid, a declaration that was made.
//!
//! It closes an obligation that a rule noted when title moved. It moves no chain; that it was given stands in the crossing's record.

use colophon_corridor::place::Region;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::INTEGER_MAX;
use crate::edition::{EDITIONS_MAX, current};
use crate::entry::attest::note;
use crate::entry::kind::kind_word;
use crate::field::{Country, Digest, Int, RuleId, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{
    About, AuthorityRecord, Changes, CrossingRecord, NotedRecord, ReceiptedRecord, RecordKey, Records, Unreadable,
    WorkRecord, write,
};

kind_word!(ReceiptWord, "receipt");

/// The body of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// To whom it was owed, or an authority enrolled for what closes it, such as a collecting society.
    pub by: AccountId,
    /// The digest of the card with words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Digest>,
    /// For which country an authority speaks. Left out, a party speaks for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Which crossing of the edition it was, counted from 1.
    pub crossing: Int<1, INTEGER_MAX>,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The word `receipt`.
    pub kind: ReceiptWord,
    /// The rule that noted it.
    pub rule: RuleId,
    /// SHA-256 of the file of the paper that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// The work.
    pub work: WorkId,
}

impl Receipt {
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let (work, number) = (self.work, self.edition.get());
        current(records, &work, number)?;
        let name = RecordKey::Crossing(work, number, self.crossing.get());
        let mut crossing: CrossingRecord = records.read(&name)?.ok_or(Refusal::NothingOwed)?;
        let (giver, recipient) = (crossing.giver, crossing.recipient);
        let open = |noted: &&mut NotedRecord| noted.owed && noted.receipt.is_none();
        let mut open = crossing.noted.iter_mut().filter(open);
        let owed = open.find(|noted| noted.rule == self.rule.as_str()).ok_or(Refusal::NothingOwed)?;
        self.check_payee(owed, (&giver, &recipient), records)?;
        owed.receipt = Some(ReceiptedRecord { by: self.by, entry: context.id, index: context.index });
        let mut changes = note(&About::Edition(work, number), context, records)?;
        write(&mut changes, name, &crossing);
        Ok(changes)
    }

    /// Refuses whoever the obligation is not owed to: the party whose paper closes it, or an authority that may attest that paper.
    fn check_payee(
        &self,
        owed: &NotedRecord,
        (giver, recipient): (&AccountId, &AccountId),
        records: &impl Records,
    ) -> Result<(), Stop> {
        if let Some(country) = &self.country {
            return self.check_society(owed, country, records);
        }
        let payee = match owed.of.as_str() {
            "giver" => *giver,
            "recipient" => *recipient,
            "maker" => {
                let name = RecordKey::Work(self.work);
                let minted: Option<WorkRecord> = records.read(&name)?;
                minted.ok_or_else(|| Unreadable(format!("{name} is not there")))?.maker
            }
            _ => return Err(Refusal::NotPayee { payee: format!("an authority of {}", owed.of) }.into()),
        };
        if payee == self.by { Ok(()) } else { Err(Refusal::NotPayee { payee: payee.to_string() }.into()) }
    }

    fn check_society(&self, owed: &NotedRecord, country: &Country, records: &impl Records) -> Result<(), Stop> {
        let enrolled: AuthorityRecord = records.read(&RecordKey::Authority(country.clone()))?.unwrap_or_default();
        let mut own = enrolled.accounts.iter().filter(|one| one.account == self.by);
        if own.any(|one| one.types.contains(&owed.document_type)) && speaks_for(country, &owed.of) {
            return Ok(());
        }
        let payee = format!("{}, or an authority enrolled for {}", owed.of, owed.document_type);
        Err(Refusal::NotPayee { payee }.into())
    }
}

/// Returns whether an authority of a country speaks where a paper of `of` is asked for: of a party, of its country, or of a region
/// that it is in.
fn speaks_for(country: &Country, of: &str) -> bool {
    let is_party = of.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_member = |region: &Region| region.members().any(|member| member.as_str() == country.as_str());
    let region = Region::of(of);
    is_party || country.as_str() == of || region.as_ref().is_some_and(is_member)
}
