//! What governors may change of what the genesis lays down, and how it stands: the log's key, the rules, the register's end.
//!
//! Their acts are one chain, which begins at the genesis. Each names the governors who sign it, as many as the genesis
//! asks for; the record `register` says what they have led to.

use colophon_tlog::note::VerifierKey;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::field::{EntryId, List};
use crate::refusal::Refusal;
use crate::register::OFFICERS_MAX;
use crate::rule::{Context, Rules, Stop};
use crate::state::{RecordKey, Records, RegisterRecord, Unreadable};

/// The governors who sign an act: accounts in strictly ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Governors(List<AccountId, 1, OFFICERS_MAX>);

impl Governors {
    /// Returns the governors in order, if there are 1 to 16 and none twice.
    pub fn new(mut governors: Vec<AccountId>) -> Option<Governors> {
        governors.sort_unstable();
        let ascending = governors.windows(2).all(|pair| pair[0] < pair[1]);
        ascending.then(|| List::new(governors).map(Governors)).flatten()
    }

    /// Returns the accounts.
    pub fn as_slice(&self) -> &[AccountId] {
        self.0.as_slice()
    }

    /// Refuses an act whose `by` is not the first, or whose governors are not in order.
    pub(crate) fn check_first(&self, by: &AccountId) -> Result<(), Refusal> {
        let invalid = |why: &str| Err(Refusal::BodyInvalid(why.to_owned()));
        if self.as_slice().windows(2).any(|pair| pair[0] >= pair[1]) {
            return invalid("governors stand in strictly ascending order");
        }
        if self.as_slice().first() != Some(by) {
            return invalid("by is the first of the governors");
        }
        Ok(())
    }
}

/// Returns how the register stands: what its governors have changed, if anything.
pub fn current(records: &impl Records) -> Result<Option<RegisterRecord>, Unreadable> {
    records.read(&RecordKey::Register)
}

/// Returns the key that signs the checkpoint over a state: the one of the newest `log_key`, else that of the genesis.
pub fn log_key(rules: &Rules, records: &impl Records) -> Result<VerifierKey, Unreadable> {
    key_in_force(rules, current(records)?.as_ref())
}

pub(crate) fn key_in_force(rules: &Rules, register: Option<&RegisterRecord>) -> Result<VerifierKey, Unreadable> {
    match register.and_then(|register| register.log_vkey.as_ref()) {
        Some(key) => key.parse().map_err(|error| Unreadable(format!("{}: {error}", RecordKey::Register))),
        None => Ok(rules.log_key.clone()),
    }
}

/// Refuses every entry of a register that has come to its end, or to the end of these rules.
pub(crate) fn check_goes_on(register: Option<&RegisterRecord>, height: u64) -> Result<(), Refusal> {
    let Some(register) = register else { return Ok(()) };
    if register.retired.is_some() {
        let successor = register.successor.as_ref().map(|successor| successor.origin.clone());
        return Err(Refusal::Retired { successor });
    }
    match &register.upgrade {
        Some(upgrade) if height >= upgrade.height => {
            Err(Refusal::RulesEnded { height: upgrade.height, rules: upgrade.rules })
        }
        _ => Ok(()),
    }
}

/// Returns the register's record as it stands before an act, refusing one that does not follow the newest, or whose governors
/// are not as many of this register's as it takes.
pub(crate) fn check_act(
    context: &Context<'_>,
    records: &impl Records,
    governors: &Governors,
    prev: &EntryId,
) -> Result<RegisterRecord, Stop> {
    let genesis = context.rules.register.genesis;
    let untouched = RegisterRecord { log_vkey: None, newest: genesis, retired: None, successor: None, upgrade: None };
    let register = current(records)?.unwrap_or(untouched);
    if *prev != register.newest {
        return Err(Refusal::PrevStale { found: prev.to_string(), newest: register.newest.to_string() }.into());
    }
    let (needed, found) = (context.rules.governor_threshold, governors.as_slice().len() as u64);
    if needed != found {
        return Err(Refusal::NotGovernor(format!("it takes {needed} of them, and {found} are named")).into());
    }
    match governors.as_slice().iter().find(|account| !context.rules.governors.contains(account)) {
        Some(stranger) => Err(Refusal::NotGovernor(format!("{stranger} is none")).into()),
        None => Ok(register),
    }
}
