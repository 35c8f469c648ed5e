//! `genesis`: a register begins. The first leaf, alone in the first batch.

use colophon_tlog::note::{Algorithm, VerifierKey};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::to_canonical;
use crate::entry::kind::kind_word;
use crate::entry::lines::{entry_id_of_text, genesis_text_with};
use crate::field::{Digest, EntryId, Int, List, Origin};
use crate::refusal::Refusal;
use crate::register::Register;
use crate::register::{OFFICERS_MAX, Predecessor};
use crate::rule::{RULES_VERSION, Rules};

kind_word!(GenesisWord, "genesis");

/// The body of a genesis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The first of the operators.
    pub by: AccountId,
    /// How many governors an act of theirs takes, 1 to their number.
    pub governor_threshold: Int<1, 16>,
    /// Who may change what is laid down here: accounts in ascending order.
    pub governors: List<AccountId, 1, OFFICERS_MAX>,
    /// The word `genesis`.
    pub kind: GenesisWord,
    /// The verifier key of the log, whose name is the origin.
    pub log_vkey: String,
    /// 32 random bytes, so that no two registers begin alike.
    pub nonce: Digest,
    /// Who may seal batches: accounts in ascending order.
    pub operators: List<AccountId, 1, OFFICERS_MAX>,
    /// The version of the rules in force.
    pub rules: u64,
    /// The retired register that this one goes on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub succeeds: Option<Predecessor>,
}

impl Genesis {
    /// Returns every operator and governor.
    pub(crate) fn signers(&self) -> Vec<AccountId> {
        self.operators.as_slice().iter().chain(self.governors.as_slice()).copied().collect()
    }

    pub(crate) fn check_members(&self) -> Result<(), Refusal> {
        let invalid = |why: &str| Err(Refusal::BodyInvalid(why.to_owned()));
        let ascending = |accounts: &[AccountId]| accounts.windows(2).all(|pair| pair[0] < pair[1]);
        if self.rules != RULES_VERSION {
            return Err(Refusal::UnknownMember(format!("rules:{}", self.rules)));
        }
        if !ascending(self.operators.as_slice()) || !ascending(self.governors.as_slice()) {
            return invalid("operators and governors stand in strictly ascending order");
        }
        if self.operators.as_slice().first() != Some(&self.by) {
            return invalid("by is the first operator");
        }
        if self.governor_threshold.get() > self.governors.as_slice().len() as u64 {
            return invalid("governor_threshold is more than there are governors");
        }
        Ok(())
    }

    /// Returns what this genesis, with the id `id`, lays down for the register `origin`.
    pub fn rules(&self, origin: &Origin, id: EntryId) -> Result<Rules, Refusal> {
        let log_key: VerifierKey =
            self.log_vkey.parse().map_err(|error| Refusal::BodyInvalid(format!("log_vkey: {error}")))?;
        if log_key.algorithm() != Algorithm::Ed25519 {
            return Err(Refusal::BodyInvalid("log_vkey is not a key that signs checkpoints (type 01)".to_owned()));
        }
        if log_key.name() != origin.as_str() {
            return Err(Refusal::BodyInvalid("log_vkey has another name than the origin".to_owned()));
        }
        if self.succeeds.as_ref().is_some_and(|predecessor| predecessor.origin == *origin) {
            return Err(Refusal::BodyInvalid("a register does not succeed one of its own name".to_owned()));
        }
        Ok(Rules {
            register: Register { origin: origin.clone(), genesis: id },
            log_key,
            operators: self.operators.as_slice().to_vec(),
            governors: self.governors.as_slice().to_vec(),
            governor_threshold: self.governor_threshold.get(),
            succeeds: self.succeeds.clone(),
        })
    }

    /// Returns the digest by which a retired register names this one before it begins: that of the genesis' text as it would
    /// be without `succeeds`.
    pub fn founding(&self, origin: &Origin) -> Digest {
        let founding = Genesis { succeeds: None, ..self.clone() };
        entry_id_of_text(&genesis_text_with(origin, &to_canonical(&founding)))
    }
}
