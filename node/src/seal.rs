//! Closes batches with the operator's signature.

use colophon_ledger::account::{AccountId, Multikey};
use colophon_ledger::batch::{Applied, Closed};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{Records, Unreadable};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Signer, VerifierKeyError};

/// The operator's account with the key that signs for it.
#[derive(Debug)]
pub struct Sealer {
    account: AccountId,
    signer: Signer,
}

impl Sealer {
    /// Returns the sealer that signs for `account` with `secret`.
    pub fn new(account: AccountId, secret: SecretKey) -> Result<Sealer, VerifierKeyError> {
        Ok(Sealer { account, signer: Signer::new(account.as_str(), secret)? })
    }

    /// Returns the operator of the register for whom `secret` alone may sign by the state of `records`, if there is one.
    pub fn find(rules: &Rules, records: &impl Records, secret: &SecretKey) -> Result<Option<AccountId>, Unreadable> {
        let key = Multikey::from(&secret.public());
        for operator in &rules.operators {
            let set = records.key_set(operator)?;
            if set.threshold == 1 && set.keys.contains(&key) {
                return Ok(Some(*operator));
            }
        }
        Ok(None)
    }

    /// Returns the operator's account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Signs the seal of a batch.
    pub fn seal(&self, rules: &Rules, closed: Closed) -> Applied {
        let text = text_of(&rules.register, &Body::Seal(closed.seal.clone()));
        let line = self.signer.sign(&text);
        let seal =
            Entry::from_parts(&text, vec![line]).expect("a seal's text and one signature are a well-formed entry");
        closed.sealed(seal)
    }
}
