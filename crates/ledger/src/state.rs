//! The state: one record a key, read through a narrow trait, changed only by whole batches.

use std::collections::BTreeMap;
use std::fmt;

use colophon_tlog::hash::Hash;
use colophon_tlog::note::KeyId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::{AccountId, KeySet, Multikey};
use crate::canonical::{from_canonical, to_canonical};
use crate::entry::retire::Successor;
use crate::field::{Country, Digest, EntryId, Marker, WorkId};
use crate::state_root::StateKey;

/// The name of a record. Its text, shown by `Display`, is what the state tree hashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// `work/WORK`: a [`WorkRecord`].
    Work(WorkId),
    /// `file/SHA256`: a [`FileRecord`].
    File(Digest),
    /// `file/SHA256/N`, N from 2: a [`ClaimRecord`], the N-th registration of a file.
    Claim(Digest, u64),
    /// `face/SHA256/ACCOUNT`: a [`ClaimRecord`], the work an account made of a file that had been registered before.
    Face(Digest, AccountId),
    /// `edition/WORK/N`, N from 1: an [`EditionRecord`].
    Edition(WorkId, u64),
    /// `account/ID`: an [`AccountRecord`].
    Account(AccountId),
    /// `key/ID/KEYID`: a [`KeyRecord`], a key that a rotation gave to an account.
    Key(AccountId, KeyId),
    /// `register`: a [`RegisterRecord`].
    Register,
}

impl RecordKey {
    /// Returns where the record stands in the state tree.
    pub fn state_key(&self) -> StateKey {
        StateKey::of(&self.to_string())
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordKey::Work(work) => write!(f, "work/{work}"),
            RecordKey::File(file) => write!(f, "file/{file}"),
            RecordKey::Claim(file, number) => write!(f, "file/{file}/{number}"),
            RecordKey::Face(file, account) => write!(f, "face/{file}/{account}"),
            RecordKey::Edition(work, number) => write!(f, "edition/{work}/{number}"),
            RecordKey::Account(account) => write!(f, "account/{account}"),
            RecordKey::Key(account, key) => write!(f, "key/{account}/{key}"),
            RecordKey::Register => f.write_str("register"),
        }
    }
}

/// A work as minted. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkRecord {
    /// Whether it was minted in another register: then an edition without a record is not its maker's, but not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Marker>,
    /// Where its editions are held until they move.
    pub country: Country,
    /// How many editions there are, numbered from 1.
    pub editions: u64,
    /// The index of the mint, or of the entry that brought it from another register.
    pub index: u64,
    /// Who registered it, and holds each edition that has not moved.
    pub maker: AccountId,
}

/// A file that some work consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// How many mints name the file.
    pub count: u64,
    /// Whether it is the face of the first of them.
    pub face: bool,
    /// The first of them.
    pub work: WorkId,
}

/// A later registration of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRecord {
    /// The work that names the file.
    pub work: WorkId,
}

/// An edition that something has happened to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditionRecord {
    /// Where it is held.
    pub country: Country,
    /// Whom the ledger has it with.
    pub holder: AccountId,
    /// The newest entry of its chain: its work, or the last offer, transfer, acceptance or close.
    pub newest: EntryId,
    /// The offer made last, if nothing has come after it. It may have run out or be void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferRecord>,
    /// How often title has moved.
    pub transfers: u64,
}

/// An offer that is the newest entry of its edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferRecord {
    /// Milliseconds after 1970 at which it runs out.
    pub expires_ms: u64,
    /// Whether the holder cannot withdraw it.
    pub firm: bool,
    /// The offer's index.
    pub index: u64,
    /// To whom it is made.
    pub to: AccountId,
    /// Where the edition goes if it is accepted.
    pub to_country: Country,
}

/// An account that has published a profile or rotated its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRecord {
    /// Whether its keys were carried over from the predecessor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Marker>,
    /// The keys that speak for it, in ascending order.
    pub keys: Vec<Multikey>,
    /// The newest profile or rotation.
    pub newest: EntryId,
    /// The digest of the list of keys that the next rotation must reveal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Digest>,
    /// The index of the newest rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated: Option<u64>,
    /// How many of the keys it takes.
    pub threshold: u64,
}

impl AccountRecord {
    /// Returns the keys that speak for the account.
    pub fn key_set(&self) -> KeySet {
        KeySet { keys: self.keys.clone(), threshold: self.threshold }
    }
}

/// A key that a rotation gave to an account, so that no later one can bring it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The index of the rotation.
    pub index: u64,
}

/// What governors have changed of what the genesis lays down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterRecord {
    /// The verifier key that the newest `log_key` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_vkey: Option<String>,
    /// The newest act of the governors.
    pub newest: EntryId,
    /// The index of the `retire`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired: Option<u64>,
    /// The register that the `retire` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<Successor>,
    /// What the newest `upgrade` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UpgradeRecord>,
}

/// Rules to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradeRecord {
    /// The height of the first batch that they judge.
    pub height: u64,
    /// Their version.
    pub rules: u64,
}

/// The records cannot be read. Not a rule's answer: whoever asked must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records cannot be read: {0}")]
pub struct Unreadable(pub String);

/// Where records are read from. Must answer as of one moment for as long as it is borrowed.
pub trait Records {
    /// Returns a record's canonical text, or nothing where there is no such record.
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable>;

    /// Returns a record as its type.
    fn read<T: Serialize + DeserializeOwned>(&self, key: &RecordKey) -> Result<Option<T>, Unreadable> {
        let Some(text) = self.record(key)? else { return Ok(None) };
        from_canonical(&text).map(Some).map_err(|error| Unreadable(format!("{key}: {error}")))
    }

    /// Returns the keys that speak for an account: those of its newest rotation, or its first.
    fn key_set(&self, account: &AccountId) -> Result<KeySet, Unreadable> {
        let record: Option<AccountRecord> = self.read(&RecordKey::Account(*account))?;
        Ok(record.map_or_else(|| KeySet::first_of(account), |record| record.key_set()))
    }
}

/// What an entry or a batch changes: each record that is written, as its canonical text. No record is ever removed.
pub type Changes = BTreeMap<RecordKey, String>;

impl Records for Changes {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        Ok(self.get(key).cloned())
    }
}

/// Adds a record to the changes.
pub(crate) fn write<T: Serialize>(changes: &mut Changes, key: RecordKey, record: &T) {
    changes.insert(key, to_canonical(record));
}

/// Returns the digest that stands in the state tree for a record.
pub fn record_digest(record: &str) -> Hash {
    colophon_tlog::hash::sha256(record.as_bytes())
}

/// Records with changes laid over them.
#[derive(Debug)]
pub struct Overlay<'a, R> {
    base: &'a R,
    changes: Changes,
}

impl<'a, R: Records> Overlay<'a, R> {
    /// Returns the records of `base`, so far unchanged.
    pub fn over(base: &'a R) -> Overlay<'a, R> {
        Overlay { base, changes: Changes::new() }
    }

    /// Lays more changes over what is there.
    pub fn add(&mut self, changes: Changes) {
        self.changes.extend(changes);
    }

    /// Returns all changes since [`Overlay::over`].
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Gives the changes away.
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

impl<R: Records> Records for Overlay<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        match self.changes.get(key) {
            Some(record) => Ok(Some(record.clone())),
            None => self.base.record(key),
        }
    }
}
