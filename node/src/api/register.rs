//! The register itself: what its governors have changed of what the genesis lays down, proved.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use colophon_ledger::governance;
use colophon_ledger::state::{RecordKey, RegisterRecord};
use colophon_tlog::note::VerifierKey;
use serde::Serialize;

use super::Api;
use super::body::json;
use super::problem::Problem;
use crate::answers::{AnswerError, Gathered};
use crate::register::Register;

/// Answers with the record `register`, or its absence.
pub(super) async fn register(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let register = &*api.register;
    let moment = register.moment();
    let mut gathered = Gathered::new(&moment)?;
    gathered.add(&RecordKey::Register)?;
    Ok(json(&gathered.into_answer(&register.log)?))
}

/// How the register stands, in short.
#[derive(Debug)]
pub(super) struct Standing {
    /// The key of its checkpoints.
    pub(super) log_key: VerifierKey,
    /// Whether it has come to its end.
    pub(super) retired: bool,
    /// Rules to come.
    pub(super) upgrade: Option<Ahead>,
}

/// Rules to come, and how soon.
#[derive(Debug, Serialize)]
pub(super) struct Ahead {
    pub(super) height: u64,
    pub(super) rules: u64,
    /// How many batches may still be sealed by the rules so far.
    pub(super) batches_left: u64,
}

impl Standing {
    /// Reads how the register stands now.
    pub(super) fn of(register: &Register) -> Result<Standing, AnswerError> {
        let moment = register.moment();
        let log_key = governance::log_key(&register.rules, &moment.reading)?;
        let Some(RegisterRecord { retired, upgrade, .. }) = governance::current(&moment.reading)? else {
            return Ok(Standing { log_key, retired: false, upgrade: None });
        };
        let newest = moment.snapshot.size.get().saturating_sub(1);
        let next = moment.tables().seal_of(newest)?.map_or(0, |seal| seal.height + 1);
        let ahead = |height: u64| height.saturating_sub(next);
        let upgrade = upgrade.map(|it| Ahead { height: it.height, rules: it.rules, batches_left: ahead(it.height) });
        Ok(Standing { log_key, retired: retired.is_some(), upgrade })
    }
}
