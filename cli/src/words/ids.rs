//! Ids cut short, as people read them.

use colophon_ledger::account::AccountId;
use colophon_ledger::field::Digest;

/// How many digits of an id are shown where the whole would be in the way.
const SHORT_DIGITS: usize = 16;
/// How many characters of an account are shown at each end.
const ACCOUNT_ENDS: usize = 8;

/// Returns the first digits of a work's or an entry's id, which name it wherever nothing is signed.
pub fn short(id: &Digest) -> String {
    id.to_string().chars().take(SHORT_DIGITS).collect()
}

/// Returns both ends of an account's id.
pub fn short_account(account: &AccountId) -> String {
    let id = account.as_str();
    match (id.get(..ACCOUNT_ENDS), id.get(id.len().saturating_sub(ACCOUNT_ENDS)..)) {
        (Some(first), Some(last)) => format!("{first}…{last}"),
        _ => id.to_owned(),
    }
}
