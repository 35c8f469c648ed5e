//! `log_key`: governors give the log another key.

use colophon_tlog::note::{Algorithm, VerifierKey};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::entry::kind::kind_word;
use crate::field::EntryId;
use crate::governance::{Governors, check_act, key_in_force};
use crate::refusal::Refusal;
use crate::rule::{Context, Stop};
use crate::state::{Changes, RecordKey, Records, RegisterRecord, write};

kind_word!(LogKeyWord, "log_key");

/// The body of a change of the log's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKey {
    /// The first of the governors.
    pub by: AccountId,
    /// The governors who sign.
    pub governors: Governors,
    /// The word `log_key`.
    pub kind: LogKeyWord,
    /// The key that signs the checkpoint over the seal of this batch, and every later one.
    pub log_vkey: String,
    /// The newest act of the governors, or the genesis.
    pub prev: EntryId,
}

impl LogKey {
    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        self.governors.check_first(&self.by)?;
        let key: VerifierKey =
            self.log_vkey.parse().map_err(|error| Refusal::BodyInvalid(format!("log_vkey: {error}")))?;
        if key.algorithm() == Algorithm::Ed25519 {
            return Ok(());
        }
        Err(Refusal::BodyInvalid("log_vkey is not a key that signs checkpoints (type 01)".to_owned()))
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let register = check_act(context, records, &self.governors, &self.prev)?;
        let key: VerifierKey =
            self.log_vkey.parse().map_err(|error| Refusal::BodyInvalid(format!("log_vkey: {error}")))?;
        if key.name() != context.rules.register.origin.as_str() {
            return Err(Refusal::LogKeyUnfit("it has another name than the origin".to_owned()).into());
        }
        if key == key_in_force(context.rules, Some(&register))? {
            return Err(Refusal::LogKeyUnfit("it is the log's key already".to_owned()).into());
        }
        let mut changes = Changes::new();
        let record = RegisterRecord { log_vkey: Some(self.log_vkey.clone()), newest: context.id, ..register };
        write(&mut changes, RecordKey::Register, &record);
        Ok(changes)
    }
}
