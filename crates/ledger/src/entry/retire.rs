//! `retire`: governors end the register. Nothing but the seal of its batch comes after it.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::entry::kind::kind_word;
use crate::field::EntryId;
use crate::governance::{Governors, check_act};
use crate::refusal::Refusal;
use crate::register::Successor;
use crate::rule::{Context, Stop};
use crate::state::{Changes, RecordKey, Records, RegisterRecord, write};

kind_word!(RetireWord, "retire");

/// The body of a retirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retire {
    /// The first of the governors.
    pub by: AccountId,
    /// The governors who sign.
    pub governors: Governors,
    /// The word `retire`.
    pub kind: RetireWord,
    /// The newest act of the governors, or the genesis.
    pub prev: EntryId,
    /// The register that goes on where this one ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<Successor>,
}

impl Retire {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.governors.check_first(&self.by)
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let register = check_act(context, records, &self.governors, &self.prev)?;
        let mut changes = Changes::new();
        let record = RegisterRecord {
            newest: context.id,
            retired: Some(context.index),
            successor: self.successor.clone(),
            ..register
        };
        write(&mut changes, RecordKey::Register, &record);
        Ok(changes)
    }
}
