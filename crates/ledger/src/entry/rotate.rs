//! `rotate`: an account changes its keys. Signed by the old threshold and by every new key.

use serde::{Deserialize, Serialize};

use crate::account::{AccountId, AccountPrev, KeyList, Multikey};
use crate::entry::kind::kind_word;
use crate::entry::profile::{check_prev, current};
use crate::field::{Digest, Int};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{AccountRecord, Changes, KeyRecord, RecordKey, Records, write};

kind_word!(RotateWord, "rotate");

/// The body of a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// The account.
    pub by: AccountId,
    /// Its keys from now on, none of which it ever had before.
    pub keys: KeyList,
    /// The word `rotate`.
    pub kind: RotateWord,
    /// The digest of the list of keys that the next rotation must reveal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Digest>,
    /// The account's newest profile or rotation, or the account itself.
    pub prev: AccountPrev,
    /// How many of the keys sign for the account from now on.
    pub threshold: Int<1, 16>,
}

impl Rotate {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        if self.threshold.get() > self.keys.as_slice().len() as u64 {
            return Err(Refusal::BodyInvalid("threshold is more than there are keys".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let account = current(records, &self.by)?;
        check_prev(&self.by, account.as_ref(), &self.prev)?;
        let mut changes = Changes::new();
        for key in self.keys.as_slice() {
            let name = self.fresh_key(key, records, &changes)?;
            write(&mut changes, name, &KeyRecord { index: context.index });
        }
        if let Some(promised) = account.as_ref().and_then(|account| account.next)
            && promised != self.keys.commitment()
        {
            return Err(Refusal::NextMismatch(promised).into());
        }
        let record = AccountRecord {
            carried: account.and_then(|account| account.carried),
            keys: self.keys.as_slice().to_vec(),
            newest: context.id,
            next: self.next,
            rotated: Some(context.index),
            threshold: self.threshold.get(),
        };
        write(&mut changes, RecordKey::Account(self.by), &record);
        Ok(changes)
    }

    /// Returns the name of a new key's record, refusing a key whose id under this account was ever used.
    ///
    /// Ids are 4 bytes, so a second key of one id can be made at will; signatures are told apart by id, so it must not be.
    fn fresh_key(&self, key: &Multikey, records: &impl Records, new: &Changes) -> Result<RecordKey, Stop> {
        let reused = || Stop::from(Refusal::KeyReused(key.to_string()));
        let id = key.id_under(&self.by).ok_or_else(reused)?;
        let name = RecordKey::Key(self.by, id);
        let used = self.by.first_key().id_under(&self.by) == Some(id)
            || new.contains_key(&name)
            || records.record(&name)?.is_some();
        if used { Err(reused()) } else { Ok(name) }
    }
}
