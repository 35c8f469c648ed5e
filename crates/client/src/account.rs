//! Asks about an account, and checks the answer.

use colophon_ledger::account::{AccountId, AccountPrev, KeySet};
use colophon_ledger::entry::Body;
use colophon_ledger::field::{EntryId, WorkId};
use colophon_ledger::state::{AccountRecord, RecordKey};

use crate::answer::{AccountAnswer, HeldAnswer};
use crate::client::Client;
use crate::entry::{EntryName, LoggedEntry};
use crate::http::not_understood;
use crate::lookup::{AsOf, LookupError, STATE_BYTES_MAX, record};
use crate::security::SecurityError;

/// The most profiles and rotations of one account that are fetched.
pub const CHAIN_ENTRIES_MAX: usize = 1000;
/// The most works and editions that an answer lists.
const LISTED_MAX: usize = 100;

/// What is proved of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFacts {
    /// As of when.
    pub as_of: AsOf,
    /// The account.
    pub account: AccountId,
    /// Its record. Proved to be absent: it has published no profile and never changed its keys.
    pub record: Option<AccountRecord>,
    /// The keys that speak for it.
    pub keys: KeySet,
    /// What the node says beside that. **Not proved**: good for asking on, never to be shown as it is.
    pub hints: AccountHints,
}

/// What a node says of an account without proving it: at most 100 of each, perhaps not all, perhaps not true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountHints {
    /// Editions it may hold, each to be asked about by [`Client::work`].
    pub held: Vec<(WorkId, u64)>,
    /// Works it may have registered, each to be asked about by [`Client::work`].
    pub minted: Vec<WorkId>,
}

impl Client {
    /// Asks about an account.
    pub async fn account(&self, account: &AccountId) -> Result<AccountFacts, LookupError> {
        let asked = self.asking().await?;
        let answer: AccountAnswer =
            self.transport().get_json(&format!("v1/accounts/{account}"), STATE_BYTES_MAX).await?;
        let AccountAnswer { state, held, minted } = answer;
        let (shown, as_of) = self.proved(asked, &state).await?;
        let record = record::<AccountRecord>(&shown, &RecordKey::Account(*account))?;
        let keys = record.as_ref().map_or_else(|| KeySet::first_of(account), AccountRecord::key_set);
        let held = held.into_iter().take(LISTED_MAX).map(|HeldAnswer { work, edition }| (work, edition)).collect();
        let hints = AccountHints { held, minted: minted.into_iter().take(LISTED_MAX).collect() };
        Ok(AccountFacts { as_of, account: *account, record, keys, hints })
    }

    /// Fetches every profile and rotation of an account, oldest first, each shown to be in the log and to follow the one
    /// before it, up to the newest that the account's record names.
    pub async fn account_chain(&self, facts: &AccountFacts) -> Result<Vec<LoggedEntry>, LookupError> {
        let mut chain = self.walk_back(facts, |_| false).await?;
        chain.reverse();
        Ok(chain)
    }

    /// Fetches the newest profile of an account, if it has published any.
    pub async fn newest_profile(&self, facts: &AccountFacts) -> Result<Option<LoggedEntry>, LookupError> {
        let chain = self.walk_back(facts, |body| matches!(body, Body::Profile(_))).await?;
        Ok(chain.into_iter().next_back().filter(|last| matches!(last.entry.body(), Body::Profile(_))))
    }

    /// Fetches the account's chain, newest first, to its beginning or to the first entry that is `enough`.
    async fn walk_back(
        &self,
        facts: &AccountFacts,
        enough: fn(&Body) -> bool,
    ) -> Result<Vec<LoggedEntry>, LookupError> {
        let mut chain: Vec<LoggedEntry> = Vec::new();
        let mut next = facts.record.as_ref().map(|record| record.newest);
        while let Some(id) = next {
            if chain.len() == CHAIN_ENTRIES_MAX {
                let why = format!("the account {} has more than {CHAIN_ENTRIES_MAX} entries", facts.account);
                return Err(not_understood("v1/entries", &why).into());
            }
            let logged = self.entry(EntryName::Id(id)).await?;
            next = before(&facts.account, &logged)?.filter(|_| !enough(logged.entry.body()));
            chain.push(logged);
        }
        Ok(chain)
    }
}

/// Returns the entry before this one in the account's chain; nothing at its beginning.
fn before(account: &AccountId, logged: &LoggedEntry) -> Result<Option<EntryId>, LookupError> {
    let foreign = |given: &str| SecurityError::other(format!("the account {account}"), given);
    let (by, prev) = match logged.entry.body() {
        Body::Profile(profile) => (&profile.by, &profile.prev),
        Body::Rotate(rotate) => (&rotate.by, &rotate.prev),
        body => return Err(foreign(body.kind()).into()),
    };
    match prev {
        _ if by != account => Err(foreign(by.as_str()).into()),
        AccountPrev::Entry(before) => Ok(Some(*before)),
        AccountPrev::Account(first) if first == account => Ok(None),
        AccountPrev::Account(other) => Err(foreign(other.as_str()).into()),
    }
}
