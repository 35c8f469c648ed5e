//! A register as it is known by: its address, the key of its log, and its genesis.

use colophon_ledger::canonical::from_canonical;
use colophon_ledger::governance;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::replay::{ReplayError, read_genesis};
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{RecordKey, RegisterRecord};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::{NOTE_BYTES_MAX, VerifierKey};
use colophon_tlog::tile::Bundle;
use colophon_tlog::tree::EntryIndex;
use serde::{Deserialize, Serialize};

use crate::answer::{EntryAnswer, HealthAnswer};
use crate::failure::{Class, Failure, shown};
use crate::follow::{OpenError, open_checkpoint};
use crate::http::{HttpError, Transport};
use crate::lookup::STATE_BYTES_MAX;
use crate::security::{Misfit, SecurityError};
use crate::tiles::{Span, check_extends, fetch_bundle};

/// The longest file of a pinned register, in bytes.
pub const PINNED_BYTES_MAX: usize = 128 * 1024;

/// The longest answer to `/health`, in bytes.
const HEALTH_BYTES_MAX: usize = 64 * 1024;

/// A register that this reader has decided to know by its genesis. Everything it answers is held against that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    address: String,
    genesis: String,
    rules: Rules,
    is_copy: bool,
}

/// Why a register was not pinned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not a pinned register's file.
    #[error("not the file of a pinned register: {0}")]
    Form(String),
    /// The genesis is not one.
    #[error("the genesis: {}", shown(&.0.to_string()))]
    Genesis(#[from] ReplayError),
    /// The register is of a log with another key.
    #[error("the register names the key {given}, not {expected}")]
    Key {
        /// The key that was trusted.
        expected: String,
        /// The key that the register names.
        given: String,
    },
}

impl Failure for PinError {
    fn class(&self) -> Class {
        match self {
            PinError::Form(_) | PinError::Genesis(ReplayError::NeedsNewer { .. }) => Class::Unable,
            PinError::Genesis(_) | PinError::Key { .. } => Class::Security,
        }
    }

    fn cure(&self) -> String {
        match self {
            PinError::Form(_) => "pin the register anew".to_owned(),
            PinError::Genesis(ReplayError::NeedsNewer { .. }) => "install a newer version of this software".to_owned(),
            PinError::Genesis(_) => "do not use this register: it does not begin as one must".to_owned(),
            PinError::Key { .. } => "check the address and the key with somebody who knows the register".to_owned(),
        }
    }
}

/// The members of a pinned register's file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinnedFile {
    format: PinnedFormat,
    address: String,
    log: String,
    genesis: String,
    #[serde(default, skip_serializing_if = "is_false")]
    copy: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(given: &bool) -> bool {
    !given
}

#[derive(Serialize, Deserialize)]
enum PinnedFormat {
    #[serde(rename = "colophon.register/v1")]
    V1,
}

impl Pinned {
    /// Returns the register at `address` whose log has the key `log` and whose first leaf is `genesis`.
    pub fn new(address: &str, log: &VerifierKey, genesis: &str) -> Result<Pinned, PinError> {
        let (rules, _) = read_genesis(genesis.as_bytes())?;
        if rules.log_key != *log {
            return Err(PinError::Key { expected: log.to_string(), given: rules.log_key.to_string() });
        }
        Ok(Pinned { address: address.to_owned(), genesis: genesis.to_owned(), rules, is_copy: false })
    }

    /// Returns the register at `address` that began with `genesis`, and whose governors have given its log the key `log` since.
    /// That they have is for [`first_use`] to find out.
    fn rekeyed(address: &str, log: &VerifierKey, genesis: &str) -> Result<Pinned, PinError> {
        let (rules, _) = read_genesis(genesis.as_bytes())?;
        if rules.log_key.name() != log.name() {
            return Err(PinError::Key { expected: log.to_string(), given: rules.log_key.to_string() });
        }
        let rules = Rules { log_key: log.clone(), ..rules };
        Ok(Pinned { address: address.to_owned(), genesis: genesis.to_owned(), rules, is_copy: false })
    }

    /// Returns the same register, once whoever calls has found that its governors have given its log the key `log`.
    pub fn with_key(&self, log: &VerifierKey) -> Result<Pinned, PinError> {
        Ok(Pinned { is_copy: self.is_copy, ..Pinned::rekeyed(&self.address, log, &self.genesis)? })
    }

    /// Reads a file that [`Pinned::to_json`] wrote.
    pub fn parse(bytes: &[u8]) -> Result<Pinned, PinError> {
        if bytes.len() > PINNED_BYTES_MAX {
            return Err(PinError::Form(format!("it has {} bytes", bytes.len())));
        }
        let file: PinnedFile = serde_json::from_slice(bytes).map_err(|error| PinError::Form(error.to_string()))?;
        let log = file.log.parse().map_err(|error| PinError::Form(format!("its key: {error}")))?;
        Ok(Pinned { is_copy: file.copy, ..Pinned::rekeyed(&file.address, &log, &file.genesis)? })
    }

    /// Returns the file to keep.
    pub fn to_json(&self) -> String {
        let file = PinnedFile {
            format: PinnedFormat::V1,
            address: self.address.clone(),
            log: self.rules.log_key.to_string(),
            genesis: self.genesis.clone(),
            copy: self.is_copy,
        };
        serde_json::to_string_pretty(&file).expect("the members are strings") + "\n"
    }

    /// Returns the address of its node.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns whether the node at that address said, when it was met, that it is a copy of the register.
    pub fn is_copy(&self) -> bool {
        self.is_copy
    }

    /// Returns its first leaf.
    pub fn genesis(&self) -> &str {
        &self.genesis
    }

    /// Returns what the genesis lays down: the register's name and id, operators and governors; and the log's key, which the
    /// governors may have changed since.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the tree of the genesis alone, with which the log must begin.
    pub(crate) fn first_span(&self) -> Span {
        let first = EntryIndex::new(0).expect("0 is an index");
        Span { size: first.size_after(), root: leaf_hash(self.genesis.as_bytes()) }
    }
}

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
    let pinned = Pinned { is_copy: says_copy(transport).await, ..pinned };
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
    let (first, _) = read_genesis(pinned.genesis.as_bytes()).map_err(PinError::from)?;
    if first.log_key == pinned.rules.log_key { Ok(()) } else { check_in_force(transport, pinned).await }
}

/// Checks that the log's key is the one in force, as the newest state under it shows: its governors have named it last, or it is the
/// genesis' and they have named none.
pub async fn check_in_force(transport: &Transport, pinned: &Pinned) -> Result<(), FirstUseError> {
    let (first, _) = read_genesis(pinned.genesis.as_bytes()).map_err(PinError::from)?;
    let key = &pinned.rules.log_key;
    let answer: StateAnswer = transport.get_json("v1/register", STATE_BYTES_MAX).await?;
    let contradicts = |why: String| SecurityError::Contradiction(why);
    let shown = answer.verify(&pinned.rules).map_err(|error| contradicts(error.to_string()))?;
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
