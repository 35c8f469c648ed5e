//! `upgrade`: governors put other rules in force, from a height that is far enough ahead for everybody to get ready; or void
//! leaves that the rules refuse and an operator's fault has put into the log; or both.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::INTEGER_MAX;
use crate::entry::kind::kind_word;
use crate::field::{EntryId, Int, List};
use crate::governance::{Governors, check_act};
use crate::refusal::Refusal;
use crate::rule::{Context, Scope, Stop};
use crate::state::{Changes, RecordKey, Records, RegisterRecord, UpgradeRecord, write};

kind_word!(UpgradeWord, "upgrade");

/// How many batches lie at least between an upgrade's own and the first that is judged by the new rules.
pub const AHEAD_BATCHES_MIN: u64 = 1_000;
/// The most leaves that one upgrade voids.
pub const VOIDS_MAX: usize = 64;

/// The body of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The first of the governors.
    pub by: AccountId,
    /// The governors who sign.
    pub governors: Governors,
    /// The height of the first batch that is judged by the new rules. Left out with `rules`, where the rules stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<Int<1, INTEGER_MAX>>,
    /// The word `upgrade`.
    pub kind: UpgradeWord,
    /// The newest act of the governors, or the genesis.
    pub prev: EntryId,
    /// The version of the new rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Int<2, INTEGER_MAX>>,
    /// The indices of leaves that the rules refuse, in strictly ascending order. They leave no trace from their own batch on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void: Option<List<Int<1, INTEGER_MAX>, 1, VOIDS_MAX>>,
}

impl Upgrade {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.governors.check_first(&self.by)?;
        let invalid = |why: &str| Err(Refusal::BodyInvalid(why.to_owned()));
        match (self.height, self.rules) {
            (Some(_), None) | (None, Some(_)) => return invalid("height and rules stand together"),
            (None, None) if self.void.is_none() => return invalid("it changes no rules and voids nothing"),
            _ => {}
        }
        let voids: Vec<u64> = self.voids().collect();
        if voids.is_sorted_by(|one, other| one < other) {
            return Ok(());
        }
        invalid("void is in strictly ascending order")
    }

    /// Returns the indices of the leaves that it voids.
    pub fn voids(&self) -> impl Iterator<Item = u64> {
        self.void.iter().flat_map(List::as_slice).map(|index| index.get())
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let register = check_act(context, records, &self.governors, &self.prev)?;
        let least = context.height.saturating_add(AHEAD_BATCHES_MIN);
        let coming = self.height.zip(self.rules).map(|(height, rules)| (height.get(), rules.get()));
        let upgrade = match coming {
            Some((height, _)) if height < least => return Err(Refusal::UpgradeTooNear { height, least }.into()),
            Some((height, rules)) => Some(UpgradeRecord { height, rules }),
            None => register.upgrade,
        };
        self.check_void(context)?;
        let mut changes = Changes::new();
        write(&mut changes, RecordKey::Register, &RegisterRecord { newest: context.id, upgrade, ..register });
        Ok(changes)
    }

    /// Refuses to void anything but what the rules have refused. What became of leaves that a certificate leaves out, it cannot
    /// tell.
    fn check_void(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let unfit = |index: &u64| match context.scope {
            Scope::Whole => !context.owing.contains(index),
            Scope::OneWork => *index >= context.index,
        };
        match self.voids().find(unfit) {
            Some(index) => Err(Refusal::VoidUnfit { index }),
            None => Ok(()),
        }
    }
}
