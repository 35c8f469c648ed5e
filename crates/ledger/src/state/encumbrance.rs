//! Records of what burdens an edition, and of what is alleged about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::field::{Country, Day, EntryId};

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
