//! A register as it is known by: its address, the key of its log, and its genesis.

use colophon_ledger::replay::{ReplayError, read_genesis};
use colophon_ledger::rule::Rules;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::EntryIndex;
use serde::{Deserialize, Serialize};

use crate::failure::{Class, Failure, shown};
use crate::tiles::Span;

/// The longest file of a pinned register, in bytes.
pub const PINNED_BYTES_MAX: usize = 128 * 1024;

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
    /// That they have is for [`first_use`](crate::register::first_use) to find out.
    pub(crate) fn rekeyed(address: &str, log: &VerifierKey, genesis: &str) -> Result<Pinned, PinError> {
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

    /// Returns the same register, whose node says of itself whether it is a copy.
    pub(crate) fn of_copy(self, is_copy: bool) -> Pinned {
        Pinned { is_copy, ..self }
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
