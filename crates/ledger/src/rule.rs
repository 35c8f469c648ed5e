//! What the rule of every kind is given, and what it may answer.

use std::collections::BTreeSet;

use colophon_tlog::note::VerifierKey;

use crate::account::AccountId;
use crate::field::EntryId;
use crate::refusal::Refusal;
use crate::register::{Predecessor, Register};
use crate::state::Unreadable;

/// The version of the rules in this crate, which a genesis names and every seal repeats.
pub const RULES_VERSION: u64 = 1;

/// What the genesis has laid down for all entries after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Which register this is.
    pub register: Register,
    /// The key that signs the log's checkpoints.
    pub log_key: VerifierKey,
    /// The accounts that may seal batches. They own nothing.
    pub operators: Vec<AccountId>,
    /// The accounts that may, by their threshold, change what is laid down here.
    pub governors: Vec<AccountId>,
    /// How many governors it takes.
    pub governor_threshold: u64,
    /// The retired register that this one goes on with.
    pub succeeds: Option<Predecessor>,
}

impl Rules {
    /// Tells whether both lay down the same, whatever key the log has by now: that its governors may change.
    pub fn agrees_with(&self, other: &Rules) -> bool {
        *self == Rules { log_key: self.log_key.clone(), ..other.clone() }
    }
}

/// How much of the state a rule can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Whole,
    /// Only what concerns one work and the accounts that dealt with it, as in a certificate: claims to files and
    /// references to other works cannot be judged.
    OneWork,
}

/// Where and when an entry is applied.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What the genesis has laid down.
    pub rules: &'a Rules,
    /// How much of the state can be seen.
    pub scope: Scope,
    /// The entry's id.
    pub id: EntryId,
    /// The entry's place in the log.
    pub index: u64,
    /// How many batches came before the entry's own.
    pub height: u64,
    /// The time of the batch, in milliseconds after 1970. No rule knows another clock.
    pub time_ms: u64,
    /// The leaves before this one that the rules have refused and no upgrade has voided. Rarely any.
    pub owing: &'a BTreeSet<u64>,
}

impl Context<'_> {
    /// Returns the register that this one succeeds.
    pub(crate) fn predecessor(&self) -> Result<&Predecessor, Refusal> {
        self.rules.succeeds.as_ref().ok_or(Refusal::NoPredecessor)
    }

    /// Refuses an account that operates the register where one is about to own something.
    pub(crate) fn check_may_own(&self, account: &AccountId) -> Result<(), Refusal> {
        if self.rules.operators.contains(account) { Err(Refusal::OperatorCannotOwn(*account)) } else { Ok(()) }
    }
}

/// Why an entry was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The records could not be read; nothing is known about the entry.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}
