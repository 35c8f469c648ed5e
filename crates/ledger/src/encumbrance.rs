//! What burdens an edition beside its title: flags of authorities, liens, loans, and what anybody alleges.
//!
//! Each is let go by whoever it protects: a flag by its authority, a lien by the creditor, a loan by the holder. A flag and a lien
//! block title; a loan does not, since custody is not title. An allegation is a stranger's word: it is counted and shown, stands
//! beside the edition's chain, and blocks nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::field::{Country, Day, EntryId};
use crate::refusal::Refusal;
use crate::rule::{Context, Scope, Stop};
use crate::state::{AuthorityRecord, EditionRecord, RecordKey, Records};

/// The most flags, and the most liens, that stand on an edition at once; of loans there is one.
pub const EACH_MAX: usize = 8;
/// The most open allegations that are named; all are counted.
pub const ALLEGED_MAX: usize = 16;
/// The type of document for which an authority is enrolled that may flag an edition.
pub const FLAGGING: &str = "COURT_ORDER";

/// Why an edition is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// Somebody says that it is theirs, or not the maker's to sell.
    Disputed,
    /// A court or another authority has frozen it.
    Frozen,
    /// It was taken from whoever had the right to it.
    Stolen,
}

impl Ground {
    /// Returns the word in entries and records.
    pub fn word(self) -> &'static str {
        match self {
            Ground::Disputed => "disputed",
            Ground::Frozen => "frozen",
            Ground::Stolen => "stolen",
        }
    }
}

/// What sort of encumbrance it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Burden {
    /// An authority forbids that title moves.
    Flag,
    /// The edition secures a debt.
    Lien,
    /// Somebody else than the holder has it for a time.
    Loan,
}

impl Burden {
    /// Returns whether title cannot move while it stands.
    pub fn blocks(self) -> bool {
        match self {
            Burden::Flag | Burden::Lien => true,
            Burden::Loan => false,
        }
    }
}

/// One encumbrance that stands on an edition, in its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncumbranceRecord {
    /// Of a flag, the country for which the authority spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The entry that placed it.
    pub entry: EntryId,
    /// Of a flag, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// The index of that entry.
    pub index: u64,
    /// What it is.
    pub kind: Burden,
    /// The authority, the creditor or the borrower.
    pub of: AccountId,
    /// Of a loan, the day on which it is to be back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

/// The newest open allegations about an edition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllegationsRecord {
    /// At most 16 of those that stand, oldest first.
    pub open: Vec<AllegedRecord>,
}

/// An allegation that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllegedRecord {
    /// Whose word it is.
    pub by: AccountId,
    /// The entry.
    pub entry: EntryId,
    /// What is alleged.
    pub ground: Ground,
    /// The entry's index.
    pub index: u64,
}

/// The newest that one account has alleged about an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllegationRecord {
    /// The newest entry of its chain: the flag, or its release.
    pub newest: EntryId,
    /// Whether it stands.
    pub open: bool,
}

impl fmt::Display for EncumbranceRecord {
    /// Says what it is, whose, and who lets it go.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EncumbranceRecord { country, entry, ground, kind, of, .. } = self;
        match kind {
            Burden::Flag => {
                let ground = ground.map_or("flagged", Ground::word);
                let country = country.as_ref().map_or("", Country::as_str);
                write!(f, "flagged as {ground} by {of}, an authority of {country}, which releases the flag {entry}")
            }
            Burden::Lien => write!(f, "under a lien of {of}, who releases the lien {entry}"),
            Burden::Loan => write!(f, "on loan to {of}; the holder releases the loan {entry}"),
        }
    }
}

/// Encumbrances in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed(pub Vec<EncumbranceRecord>);

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, one) in self.0.iter().enumerate() {
            write!(f, "{}{one}", if n == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

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
