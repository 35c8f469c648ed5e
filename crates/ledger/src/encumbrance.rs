//! What burdens an edition beside its title: flags of authorities, liens, loans, and what anybody alleges.
//!
//! Each is let go by whoever it protects: a flag by its authority, a lien by the creditor, a loan by the holder. A flag and a lien
//! block title; a loan does not, since custody is not title. An allegation is a stranger's word: it is counted and shown, stands
//! beside the edition's chain, and blocks nothing.

use crate::account::AccountId;
use crate::field::{Country, EntryId};
use crate::refusal::Refusal;
use crate::rule::{Context, Scope, Stop};
use crate::state::{AuthorityRecord, Burden, EditionRecord, EncumbranceRecord, FLAGGING, Listed, RecordKey, Records};

/// The most flags, and the most liens, that stand on an edition at once; of loans there is one.
pub const EACH_MAX: usize = 8;
/// The most open allegations that are named; all are counted.
pub const ALLEGED_MAX: usize = 16;

impl EditionRecord {
    /// Returns what stands on it.
    pub fn burdens(&self) -> &[EncumbranceRecord] {
        self.encumbrances.as_deref().unwrap_or_default()
    }

    /// Refuses an edition whose title cannot move.
    pub(crate) fn check_free(&self) -> Result<(), Refusal> {
        self.check_without(Burden::blocks)
    }

    /// Refuses an edition that an authority has flagged: its holder cannot charge it or give it away.
    pub(crate) fn check_unflagged(&self) -> Result<(), Refusal> {
        self.check_without(|kind| kind == Burden::Flag)
    }

    fn check_without(&self, forbidden: impl Fn(Burden) -> bool) -> Result<(), Refusal> {
        let found: Vec<EncumbranceRecord> =
            self.burdens().iter().filter(|burden| forbidden(burden.kind)).cloned().collect();
        if found.is_empty() { Ok(()) } else { Err(Refusal::Encumbered(Box::new(Listed(found)))) }
    }

    /// Returns the edition with one encumbrance more, if there is room for one of its kind.
    pub(crate) fn encumbered(mut self, burden: EncumbranceRecord) -> Result<EditionRecord, Refusal> {
        let most = match burden.kind {
            Burden::Flag | Burden::Lien => EACH_MAX,
            Burden::Loan => 1,
        };
        if self.burdens().iter().filter(|other| other.kind == burden.kind).count() >= most {
            return Err(Refusal::EncumbrancesTooMany { most });
        }
        self.newest = burden.entry;
        self.encumbrances.get_or_insert_default().push(burden);
        Ok(self)
    }

    /// Returns the edition without what the entry `placed` has put on it.
    pub(crate) fn without(mut self, placed: &EntryId, newest: EntryId) -> EditionRecord {
        let kept: Vec<EncumbranceRecord> = self.burdens().iter().filter(|one| one.entry != *placed).cloned().collect();
        self.encumbrances = Some(kept).filter(|kept| !kept.is_empty());
        EditionRecord { newest, ..self }
    }
}

/// Refuses an account that is no authority of the country for what it takes to flag. In a certificate enrolments are not at
/// hand: there the edition's record, which the state proves, says that the flag was taken.
pub(crate) fn check_enrolled(
    context: &Context<'_>,
    records: &impl Records,
    account: &AccountId,
    country: &Country,
) -> Result<(), Stop> {
    if context.scope == Scope::OneWork {
        return Ok(());
    }
    let enrolled: AuthorityRecord = records.read(&RecordKey::Authority(country.clone()))?.unwrap_or_default();
    let mut authorities = enrolled.accounts.iter().filter(|one| one.account == *account);
    if authorities.any(|one| one.types.iter().any(|kind| kind.as_str() == FLAGGING)) {
        return Ok(());
    }
    Err(Refusal::NotAuthority(format!("{account} is not enrolled for {country}")).into())
}
