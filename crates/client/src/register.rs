//! A register met: what it must show before it is pinned, and which key its log has now.

use colophon_ledger::canonical::from_canonical;
use colophon_ledger::governance;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::replay::read_genesis;
use colophon_ledger::state::{RecordKey, RegisterRecord};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::{NOTE_BYTES_MAX, VerifierKey};
use colophon_tlog::tile::Bundle;

use crate::answer::{EntryAnswer, HealthAnswer};
use crate::failure::{Class, Failure};
use crate::follow::{OpenError, open_checkpoint};
use crate::http::{HttpError, Transport};
use crate::lookup::STATE_BYTES_MAX;
use crate::pinned::{PinError, Pinned};
use crate::security::{Misfit, SecurityError};
use crate::tiles::{Span, check_extends, fetch_bundle};

/// The longest answer to `/health`, in bytes.
const HEALTH_BYTES_MAX: usize = 64 * 1024;

/// A register met for the first time: what to show to the person, and what to keep if they agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUse {
    /// What to keep. Its rules say what to show: the origin, the genesis id, the log's key, the operators.
    pub pinned: Pinned,
    /// The checkpoint it shows now.
    pub checkpoint: SignedCheckpoint,
}

/// Why a register could not be met.
#[derive(Debug, thiserror::Error)]
pub enum FirstUseError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What it shows is no register's genesis, or not the one expected.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// What it shows does not fit together.
    #[error(transparent)]
    Security(#[from] SecurityError),
}

impl From<OpenError> for FirstUseError {
    fn from(error: OpenError) -> FirstUseError {
        match error {
            OpenError::Http(error) => error.into(),
            OpenError::Security(error) => error.into(),
        }
    }
}

impl Failure for FirstUseError {
    fn class(&self) -> Class {
        match self {
            FirstUseError::Http(error) => error.class(),
            FirstUseError::Pin(error) => error.class(),
            FirstUseError::Security(error) => error.class(),
        }
    }

    fn cure(&self) -> String {
        match self {
            FirstUseError::Http(error) => error.cure(),
            FirstUseError::Pin(error) => error.cure(),
            FirstUseError::Security(error) => error.cure(),
        }
    }
}

/// Meets the register that `transport` leads to.
///
/// Its genesis must be the first leaf of the log that its own checkpoint signs. If `expected` is given, that must be the
/// log's key; if not, the key is the one that the genesis names or its governors have named since, and whoever shows it to a
/// person says that it was met for the first time.
pub async fn first_use(transport: &Transport, expected: Option<&VerifierKey>) -> Result<FirstUse, FirstUseError> {
    let key = match expected {
        Some(key) => key.clone(),
        None => claimed_key(transport).await?,
    };
    let note = transport.get("checkpoint", NOTE_BYTES_MAX).await?;
    let (key, checkpoint) = match open_checkpoint(&note, &key) {
        Ok(checkpoint) => (key, checkpoint),
        // Nothing is taken on the node's word here either: what it claims is held against the governors' act below.
        Err(error) => match newer_key(transport, &key).await.filter(|_| expected.is_none()) {
            Some(newer) => (newer.clone(), open_checkpoint(&note, &newer)?),
            None => return Err(error.into()),
        },
    };
    // Only now is there a checkpoint that implies a partial bundle, which may not be asked for before (tlog-tiles).
    let genesis = first_leaf(transport, &checkpoint).await?;
    let pinned = Pinned::rekeyed(transport.address(), &key, &genesis)?;
    let now = Span::of(&checkpoint);
    check_extends(transport, &pinned.first_span(), &now).await.map_err(|error| match error.misfit() {
        Err(error) => FirstUseError::Http(error),
        Ok(misfit) => begins_otherwise(&misfit).into(),
    })?;
    check_named(transport, &pinned).await?;
    let pinned = pinned.of_copy(says_copy(transport).await);
    Ok(FirstUse { pinned, checkpoint })
}

/// Returns whether a node says that it is a copy. One that does not say so clearly is held to be the register's own.
pub async fn says_copy(transport: &Transport) -> bool {
    let Ok(answer) = transport.exchange("health", None, HEALTH_BYTES_MAX).await else { return false };
    serde_json::from_slice(&answer.body).is_ok_and(|health: HealthAnswer| health.follows.is_some())
}

/// Checks that the log's key is the one of the genesis, or that its governors have put it in that one's place, as a state under
/// the key shows.
async fn check_named(transport: &Transport, pinned: &Pinned) -> Result<(), FirstUseError> {
    let (first, _) = read_genesis(pinned.genesis().as_bytes()).map_err(PinError::from)?;
    if first.log_key == pinned.rules().log_key { Ok(()) } else { check_in_force(transport, pinned).await }
}

/// Checks that the log's key is the one in force, as the newest state under it shows: its governors have named it last, or it is the
/// genesis' and they have named none.
pub async fn check_in_force(transport: &Transport, pinned: &Pinned) -> Result<(), FirstUseError> {
    let (first, _) = read_genesis(pinned.genesis().as_bytes()).map_err(PinError::from)?;
    let key = &pinned.rules().log_key;
    let answer: StateAnswer = transport.get_json("v1/register", STATE_BYTES_MAX).await?;
    let contradicts = |why: String| SecurityError::Contradiction(why);
    let shown = answer.verify(pinned.rules()).map_err(|error| contradicts(error.to_string()))?;
    let named = governance::log_key(&first, &shown).map_err(|error| contradicts(error.to_string()))?;
    if named == *key {
        return Ok(());
    }
    Err(PinError::Key { expected: key.to_string(), given: named.to_string() }.into())
}

/// Returns the log key that the node's first entry names. Nothing is taken on its word: the same key must then have
/// signed a checkpoint whose tree begins with a genesis that names it.
async fn claimed_key(transport: &Transport) -> Result<VerifierKey, FirstUseError> {
    let answer: EntryAnswer = transport.get_json("v1/entries/0", EntryAnswer::BYTES_MAX).await?;
    let (rules, _) = read_genesis(answer.entry.as_bytes()).map_err(PinError::from)?;
    Ok(rules.log_key)
}

/// Returns the key that the node says its governors have given the log, if it says so. Nothing shows that it is true.
pub async fn newer_key(transport: &Transport, key: &VerifierKey) -> Option<VerifierKey> {
    let answer: StateAnswer = transport.get_json("v1/register", STATE_BYTES_MAX).await.ok()?;
    let name = RecordKey::Register.to_string();
    let record = answer.records.into_iter().find(|record| record.key == name)?.record?;
    let record: RegisterRecord = from_canonical(&record).ok()?;
    record.log_vkey?.parse().ok().filter(|newer: &VerifierKey| newer.name() == key.name() && newer != key)
}

async fn first_leaf(transport: &Transport, checkpoint: &SignedCheckpoint) -> Result<String, FirstUseError> {
    let size = checkpoint.checkpoint().size;
    let bundle = Bundle::at(0, size).ok_or_else(|| SecurityError::Contradiction("the log is empty".to_owned()))?;
    let leaves = fetch_bundle(transport, bundle).await.map_err(|error| match error.misfit() {
        Err(error) => FirstUseError::Http(error),
        Ok(misfit) => begins_otherwise(&misfit).into(),
    })?;
    let first = leaves.into_iter().next().unwrap_or_default();
    String::from_utf8(first).map_err(|_| SecurityError::Contradiction("the first entry is no text".to_owned()).into())
}

fn begins_otherwise(misfit: &Misfit) -> SecurityError {
    SecurityError::Contradiction(format!("the log it signs is not shown to begin with its genesis: {misfit}"))
}
