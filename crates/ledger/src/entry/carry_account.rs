//! `carry_account`: the keys that spoke for an account in the predecessor speak for it in the successor.

use serde::{Deserialize, Serialize};

use crate::account::{AccountId, KeySet};
use crate::carried::CarriedRecord;
use crate::entry::kind::kind_word;
use crate::entry::profile::current;
use crate::field::Marker;
use crate::refusal::Refusal;
use crate::rule::{Context, Rules, Stop};
use crate::state::{AccountRecord, Changes, KeyRecord, RecordKey, Records, write};

kind_word!(CarryAccountWord, "carry_account");

/// The body of an account's carrying over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarryAccount {
    /// The account that is carried over.
    pub account: AccountId,
    /// Whoever does it: it is proved, so anybody may.
    pub by: AccountId,
    /// The word `carry_account`.
    pub kind: CarryAccountWord,
    /// The account's record in the predecessor, or that there was none.
    pub proof: CarriedRecord<AccountRecord>,
}

impl CarryAccount {
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let predecessor = context.predecessor()?;
        let here = current(records, &self.account)?;
        if here.as_ref().is_some_and(|here| here.carried.is_some()) {
            return Err(Refusal::CarriedBefore.into());
        }
        let Rules { operators, governors, .. } = context.rules;
        if operators.contains(&self.account) || governors.contains(&self.account) {
            let why = format!("{} is an officer of this register, and its keys are those of the genesis", self.account);
            return Err(Refusal::CarryUnfit(why).into());
        }
        let there = self.proof.verify(predecessor, &RecordKey::Account(self.account))?;
        let mut changes = Changes::new();
        let mut record = Self::kept(context, here, records.key_set(&self.account)?);
        if let Some(there) = there.filter(|there| there.rotated.is_some()) {
            // Its first key may be anybody's by now: what it has said here has no say in its keys.
            (record.keys, record.threshold, record.next) = (there.keys.clone(), there.threshold, there.next);
            record.rotated = Some(context.index);
            for id in there.keys.iter().filter_map(|key| key.id_under(&self.account)) {
                write(&mut changes, RecordKey::Key(self.account, id), &KeyRecord { index: context.index });
            }
        }
        write(&mut changes, RecordKey::Account(self.account), &record);
        Ok(changes)
    }

    /// Returns the record of an account that keeps the keys it has here.
    fn kept(context: &Context<'_>, here: Option<AccountRecord>, keys: KeySet) -> AccountRecord {
        let (next, rotated) = here.map_or((None, None), |here| (here.next, here.rotated));
        let KeySet { keys, threshold } = keys;
        AccountRecord { carried: Some(Marker), keys, newest: context.id, next, rotated, threshold }
    }
}
