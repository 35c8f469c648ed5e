//! What is proved of the accounts that an entry concerns, as records to reckon with.

use std::collections::BTreeMap;

use colophon_client::account::AccountFacts;
use colophon_ledger::account::AccountId;
use colophon_ledger::canonical::to_canonical;
use colophon_ledger::state::{RecordKey, Records, Unreadable};

/// The records of some accounts. Of anything else it says that it cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownAccounts(BTreeMap<AccountId, Option<String>>);

impl KnownAccounts {
    /// Adds what is proved of an account.
    pub fn add(&mut self, facts: &AccountFacts) {
        self.0.insert(facts.account, facts.record.as_ref().map(to_canonical));
    }

    /// Adds an account that is proved to have no record.
    #[cfg(test)]
    pub(crate) fn add_unrecorded(&mut self, account: AccountId) {
        self.0.insert(account, None);
    }
}

impl Records for KnownAccounts {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let known = match key {
            RecordKey::Account(account) => self.0.get(account),
            _ => None,
        };
        known.cloned().ok_or_else(|| Unreadable(format!("nothing is known of {key}")))
    }
}
