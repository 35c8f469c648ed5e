//! `authority`: governors enrol an account as an authority of a country for some types of documents, or remove it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::entry::kind::kind_word;
use crate::field::{Country, DocumentType, EntryId, List};
use crate::governance::{Governors, check_act};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{
    AuthoritiesRecord, AuthorityRecord, Changes, CountryRecord, EnrolledRecord, RecordKey, Records, RegisterRecord,
    write,
};

kind_word!(AuthorityWord, "authority");

/// The most accounts that are enrolled for one country.
pub const AUTHORITIES_MAX: usize = 64;
/// The most types of documents for which an account is enrolled.
pub const TYPES_MAX: usize = 64;

/// The body of an act that enrols or removes an authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolAuthority {
    /// The authority's account.
    pub account: AccountId,
    /// The first of the governors.
    pub by: AccountId,
    /// For which country it speaks; `EU` for one of the Union itself.
    pub country: Country,
    /// The governors who sign.
    pub governors: Governors,
    /// The word `authority`.
    pub kind: AuthorityWord,
    /// The newest act of the governors, or the genesis.
    pub prev: EntryId,
    /// The types of the documents that count when it attests them, in ascending order. Left out, the account is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<List<DocumentType, 1, TYPES_MAX>>,
}

impl EnrolAuthority {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.governors.check_first(&self.by)?;
        let types = self.types.as_ref().map(List::as_slice).unwrap_or_default();
        if types.is_sorted_by(|one, other| one < other) {
            return Ok(());
        }
        Err(Refusal::BodyInvalid("types stand in strictly ascending order".to_owned()))
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let register = check_act(context, records, &self.governors, &self.prev)?;
        let name = RecordKey::Authority(self.country.clone());
        let mut authority: AuthorityRecord = records.read(&name)?.unwrap_or_default();
        let before = authority.accounts.len();
        authority.accounts.retain(|enrolled| enrolled.account != self.account);
        match &self.types {
            Some(types) => {
                check_types(types.as_slice())?;
                let enrolled = EnrolledRecord { account: self.account, types: types.as_slice().to_vec() };
                authority.accounts.push(enrolled);
                authority.accounts.sort_unstable_by_key(|enrolled| enrolled.account);
            }
            None if authority.accounts.len() == before => {
                return Err(unfit(&format!("{} is not enrolled for {}", self.account, self.country)).into());
            }
            None => {}
        }
        if authority.accounts.len() > AUTHORITIES_MAX {
            return Err(unfit(&format!("{AUTHORITIES_MAX} accounts are enrolled for {}", self.country)).into());
        }
        let mut all: AuthoritiesRecord = records.read(&RecordKey::Authorities)?.unwrap_or_default();
        all.put(&self.country, &authority);
        let mut changes = Changes::new();
        write(&mut changes, name, &authority);
        write(&mut changes, RecordKey::Authorities, &all);
        write(&mut changes, RecordKey::Register, &RegisterRecord { newest: context.id, ..register });
        Ok(changes)
    }
}

/// Refuses a type that no rule can ask for: a misspelt one would never count, and nobody would notice.
fn check_types(types: &[DocumentType]) -> Result<(), Refusal> {
    let unknown = |kind: &&DocumentType| kind.as_str().parse::<colophon_corridor::word::DocumentType>().is_err();
    match types.iter().find(unknown) {
        Some(unknown) => Err(unfit(&format!("no rule can ask for a document of the type {unknown}"))),
        None => Ok(()),
    }
}

fn unfit(why: &str) -> Refusal {
    Refusal::AuthorityUnfit(why.to_owned())
}

impl AuthoritiesRecord {
    /// Puts a country's types in their place: those for which one of its accounts is enrolled.
    fn put(&mut self, country: &Country, authority: &AuthorityRecord) {
        self.countries.retain(|record| record.country != *country);
        let types: BTreeSet<&DocumentType> = authority.accounts.iter().flat_map(|enrolled| &enrolled.types).collect();
        if types.is_empty() {
            return;
        }
        let types = types.into_iter().cloned().collect();
        self.countries.push(CountryRecord { country: country.clone(), types });
        self.countries.sort_unstable_by(|one, other| one.country.cmp(&other.country));
    }
}
