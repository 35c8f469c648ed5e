//! A record of the predecessor, with its proof, as an entry of the successor brings it.

use serde::{Deserialize, Serialize};

use crate::canonical::to_canonical;
use crate::field::List;
use crate::refusal::Refusal;
use crate::register::Predecessor;
use crate::state::{RecordKey, record_digest};
use crate::state_root::{Base64Hash, OtherRecord, PATH_HASHES_MAX, StateKey, StateProof};

/// A record, or its absence, under the state root that the genesis names of the register it succeeds.
///
/// The name of the record is not in it: it follows from what the entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedRecord<T> {
    /// What stands where an absent record would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherRecord>,
    /// The siblings, from the place upward.
    pub path: List<Base64Hash, 0, PATH_HASHES_MAX>,
    /// The record; left out where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<T>,
}

impl<T: Serialize> CarriedRecord<T> {
    /// Returns the record that the predecessor had under the name `key`, or nothing where it had none.
    pub(crate) fn verify(&self, predecessor: &Predecessor, key: &RecordKey) -> Result<Option<&T>, Refusal> {
        let proof = StateProof {
            other: self.other.as_ref().map(|other| (StateKey::from_hash(other.key.0), other.value.0)),
            path: self.path.as_slice().iter().map(|hash| hash.0).collect(),
        };
        let digest = self.record.as_ref().map(|record| record_digest(&to_canonical(record)));
        proof
            .verify(&predecessor.state.0, &key.state_key(), digest.as_ref())
            .map_err(|error| Refusal::CarryUnfit(format!("{key}: {error}")))?;
        Ok(self.record.as_ref())
    }
}
