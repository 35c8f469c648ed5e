//! Accounts as people type them.

use colophon_ledger::account::AccountId;

use crate::codes::refuse;
use crate::failure::Failure;

/// Returns an account typed as its id, `z6Mk…`, or as a DID, `did:key:z6Mk…` (with or without the key repeated after `#`).
pub fn account(text: &str) -> Result<AccountId, Failure> {
    let id = text.trim();
    let id = id.strip_prefix("did:key:").unwrap_or(id);
    let id = id.split_once('#').map_or(id, |(id, _)| id);
    id.parse().map_err(|_| {
        let hint =
            "an account is 48 characters from z6Mk on; copy it whole, the recipient sees it with colophon key show";
        refuse(format!("{text:?} is not an account"), None::<&str>, hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_did_is_an_account_too() {
        let id = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        for text in [id.to_owned(), format!("did:key:{id}"), format!("did:key:{id}#{id}"), format!(" {id}\n")] {
            assert_eq!(account(&text).unwrap().to_string(), id, "{text}");
        }
        for wrong in ["", "ana", &id[..47], "did:web:ana.example", &id.replace("2d", "2e")[..40]] {
            assert!(account(wrong).is_err(), "{wrong}");
        }
    }
}
