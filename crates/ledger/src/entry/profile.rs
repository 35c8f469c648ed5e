//! `profile`: an account says who it is and where it is seated.

use serde::{Deserialize, Serialize};

use crate::account::{AccountId, AccountPrev, KeySet};
use crate::entry::kind::kind_word;
use crate::field::{Country, Digest};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{AccountRecord, Changes, RecordKey, Records, write};

kind_word!(ProfileWord, "profile");

/// The body of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The account.
    pub by: AccountId,
    /// The digest of the card with its name, website and the like.
    pub card: Digest,
    /// Where it is seated.
    pub country: Country,
    /// The word `profile`.
    pub kind: ProfileWord,
    /// The account's newest profile or rotation, or the account itself.
    pub prev: AccountPrev,
}

impl Profile {
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let account = current(records, &self.by)?;
        check_prev(&self.by, account.as_ref(), &self.prev)?;
        let KeySet { keys, threshold } = records.key_set(&self.by)?;
        let (carried, next, rotated) =
            account.map_or((None, None, None), |account| (account.carried, account.next, account.rotated));
        let record = AccountRecord { carried, keys, newest: context.id, next, rotated, threshold };
        let mut changes = Changes::new();
        write(&mut changes, RecordKey::Account(self.by), &record);
        Ok(changes)
    }
}

/// Returns the account's record, if it has published a profile or rotated its keys.
pub(crate) fn current(records: &impl Records, account: &AccountId) -> Result<Option<AccountRecord>, Stop> {
    Ok(records.read(&RecordKey::Account(*account))?)
}

/// Refuses an entry that does not follow the newest of the account's chain.
pub(crate) fn check_prev(by: &AccountId, account: Option<&AccountRecord>, prev: &AccountPrev) -> Result<(), Refusal> {
    let newest = account.map_or(AccountPrev::Account(*by), |account| AccountPrev::Entry(account.newest));
    if *prev == newest {
        return Ok(());
    }
    Err(Refusal::PrevStale { found: prev.to_string(), newest: newest.to_string() })
}
