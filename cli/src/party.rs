//! An account as it is shown: its id, and what it calls itself.

use colophon_ledger::account::AccountId;
use colophon_ledger::card::ProfileWords;
use colophon_ledger::certificate::Provenance;
use serde::Serialize;

use crate::keystore::Keystore;
use crate::words::{called, shown};

/// An account and the name in its newest profile. Nothing proves that the name is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The account.
    pub account: AccountId,
    /// What it calls itself. None: it has published no profile, or its words were withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_itself: Option<String>,
    /// Whether its key is in this person's home. For people alone.
    #[serde(skip)]
    pub is_own: bool,
}

/// Returns the accounts whose keys are in a keystore; none where it cannot be read, which only those who sign need told.
pub fn own_accounts(keys: &Keystore) -> Vec<AccountId> {
    keys.list().unwrap_or_default().iter().map(|key| key.public.account).collect()
}

impl Party {
    /// Returns an account under the name of its newest profile in a certificate.
    pub fn of(account: &AccountId, provenance: &Provenance) -> Party {
        let profile = provenance.accounts.get(account).and_then(|facts| facts.profiles.last());
        let words = profile.and_then(|(_, profile)| provenance.cards.get(&profile.card));
        let words: Option<ProfileWords> = words.and_then(|words| serde_json::from_str(words).ok());
        Party::named(account, words.map(|words| words.name))
    }

    /// Returns an account under a name that somebody gave.
    pub fn named(account: &AccountId, name: Option<String>) -> Party {
        let name = name.map(|name| shown(&name)).filter(|name| !name.is_empty());
        Party { account: *account, calls_itself: name, is_own: false }
    }

    /// Returns how it is named in a sentence: its name and both ends of its id.
    pub fn called(&self) -> String {
        called(&self.account, self.calls_itself.as_deref())
    }

    /// Returns the first of two lines about it: its name, with whose word that is. The second is the account itself.
    pub fn introduced(&self) -> String {
        let you = if self.is_own { " (you)" } else { "" };
        match &self.calls_itself {
            Some(name) => format!("\"{name}\"{you}, as they call themselves"),
            None => format!("an account without a published name{you}"),
        }
    }
}
