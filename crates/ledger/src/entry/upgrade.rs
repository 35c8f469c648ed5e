//! `upgrade`: governors put other rules in force, from a height that is far enough ahead for everybody to get ready.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::INTEGER_MAX;
use crate::entry::kind_word;
use crate::field::{EntryId, Int};
use crate::governance::{Governors, check_act};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Changes, RecordKey, Records, RegisterRecord, UpgradeRecord, write};

kind_word!(UpgradeWord, "upgrade");

/// How many batches lie at least between an upgrade's own and the first that is judged by the new rules.
pub const AHEAD_BATCHES_MIN: u64 = 1_000;

/// The body of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The first of the governors.
    pub by: AccountId,
    /// The governors who sign.
    pub governors: Governors,
    /// The height of the first batch that is judged by the new rules.
    pub height: Int<1, INTEGER_MAX>,
    /// The word `upgrade`.
    pub kind: UpgradeWord,
    /// The newest act of the governors, or the genesis.
    pub prev: EntryId,
    /// The version of the new rules.
    pub rules: Int<2, INTEGER_MAX>,
}

impl Upgrade {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.governors.check_first(&self.by)
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let register = check_act(context, records, &self.governors, &self.prev)?;
        let least = context.height.saturating_add(AHEAD_BATCHES_MIN);
        if self.height.get() < least {
            return Err(Refusal::UpgradeTooNear { height: self.height.get(), least }.into());
        }
        let mut changes = Changes::new();
        let upgrade = UpgradeRecord { height: self.height.get(), rules: self.rules.get() };
        let record = RegisterRecord { newest: context.id, upgrade: Some(upgrade), ..register };
        write(&mut changes, RecordKey::Register, &record);
        Ok(changes)
    }
}
