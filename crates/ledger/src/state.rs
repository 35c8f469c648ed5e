//! The state: one record a key, read through a narrow trait, changed only by whole batches.

mod corridor;
mod encumbrance;
mod overlay;

use std::collections::BTreeMap;
use std::fmt;

use colophon_tlog::hash::Hash;
use colophon_tlog::note::KeyId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::{AccountId, KeySet, Multikey};
use crate::canonical::{from_canonical, to_canonical};
use crate::deal::{Basis, Delivery, Money, Price};
use crate::facts::WorkFacts;
use crate::field::{Country, Date, Day, Digest, DocumentType, EntryId, Marker, SourceType, WorkId};
use crate::register::Successor;
use crate::state_root::StateKey;

pub use corridor::{
    AuthoritiesRecord, AuthorityRecord, CorridorRecord, CountedRecord, CountryRecord, CrossingRecord, EnrolledRecord,
    NamedSetRecord, NotedRecord, PublishedRecord, ReceiptedRecord, RuleListRecord, RuleSetRecord,
};
pub use encumbrance::{
    AllegationRecord, AllegationsRecord, AllegedRecord, Burden, EncumbranceRecord, FLAGGING, Ground, Listed,
};
pub use overlay::Overlay;

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
    /// `rules`: a [`RuleListRecord`].
    RuleList,
    /// `rules/DIGEST`: a [`PublishedRecord`].
    RuleSet(Digest),
    /// `authorities`: an [`AuthoritiesRecord`].
    Authorities,
    /// `authority/COUNTRY`: an [`AuthorityRecord`].
    Authority(Country),
    /// `note/ABOUT`: a [`NotesRecord`].
    Notes(About),
    /// `note/ABOUT/N`, N from 1: a [`NoteRecord`].
    Note(About, u64),
    /// `paper/ABOUT/TYPE/ACCOUNT`: a [`PaperRecord`], the newest document of a type that an account has attested.
    Paper(About, DocumentType, AccountId),
    /// `crossing/WORK/N/J`, J from 1: a [`CrossingRecord`], the J-th time that title to an edition moved under rules.
    Crossing(WorkId, u64, u64),
    /// `corridor/DIGEST`: a [`CorridorRecord`], the sets in force together by which some crossing was judged.
    Corridor(Digest),
    /// `allegations/WORK/N`: an [`AllegationsRecord`].
    Allegations(WorkId, u64),
    /// `allegation/WORK/N/ACCOUNT`: an [`AllegationRecord`], what an account alleges.
    Allegation(WorkId, u64, AccountId),
}

/// What a document or a note is about. Its text is part of the names of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// `account/ID`.
    Account(AccountId),
    /// `edition/WORK/N`.
    Edition(WorkId, u64),
    /// `work/WORK`: every edition of it.
    Work(WorkId),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Account(account) => write!(f, "account/{account}"),
            About::Edition(work, number) => write!(f, "edition/{work}/{number}"),
            About::Work(work) => write!(f, "work/{work}"),
        }
    }
}

impl RecordKey {
    /// Returns whether many entries of a batch ask for it: the keys of accounts, the rules and who may attest.
    fn is_asked_for_often(&self) -> bool {
        matches!(
            self,
            RecordKey::Account(_)
                | RecordKey::Register
                | RecordKey::RuleList
                | RecordKey::RuleSet(_)
                | RecordKey::Authorities
                | RecordKey::Authority(_)
                | RecordKey::Corridor(_)
        )
    }

    /// Returns where the record stands in the state tree.
    pub fn state_key(&self) -> StateKey {
        StateKey::of(self)
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
            RecordKey::RuleList => f.write_str("rules"),
            RecordKey::RuleSet(digest) => write!(f, "rules/{digest}"),
            RecordKey::Authorities => f.write_str("authorities"),
            RecordKey::Authority(country) => write!(f, "authority/{country}"),
            RecordKey::Notes(about) => write!(f, "note/{about}"),
            RecordKey::Note(about, number) => write!(f, "note/{about}/{number}"),
            RecordKey::Paper(about, kind, account) => write!(f, "paper/{about}/{kind}/{account}"),
            RecordKey::Crossing(work, number, count) => write!(f, "crossing/{work}/{number}/{count}"),
            RecordKey::Corridor(digest) => write!(f, "corridor/{digest}"),
            RecordKey::Allegations(work, number) => write!(f, "allegations/{work}/{number}"),
            RecordKey::Allegation(work, number, account) => write!(f, "allegation/{work}/{number}/{account}"),
        }
    }
}

/// A work as minted, with its facts as they were amended last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkRecord {
    /// How often its facts were amended. Left out if they never were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amended: Option<AmendedRecord>,
    /// Whether it was minted in another register: then an edition without a record is not its maker's, but not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Marker>,
    /// Where its editions are held until they move.
    pub country: Country,
    /// When it was made.
    pub created: Date,
    /// How many editions there are, numbered from 1.
    pub editions: u64,
    /// What laws of heritage, trade and machine-made content ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<WorkFacts>>,
    /// The index of the mint, or of the entry that brought it from another register.
    pub index: u64,
    /// Where it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_in: Option<Country>,
    /// Who registered it, and holds each edition that has not moved.
    pub maker: AccountId,
    /// The time of the mint's batch, in milliseconds after 1970, in the register in which it was minted.
    pub minted_ms: u64,
    /// How its bytes came about (IPTC digital source type).
    pub source_type: SourceType,
}

/// Amendments of a work's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmendedRecord {
    /// How many.
    pub count: u64,
    /// The newest.
    pub newest: EntryId,
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
    /// How many accounts allege something about it. Left out if none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allegations: Option<u64>,
    /// Where it is held.
    pub country: Country,
    /// The flags of authorities, liens and loans that stand on it, oldest first. Left out if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encumbrances: Option<Vec<EncumbranceRecord>>,
    /// Whom the ledger has it with.
    pub holder: AccountId,
    /// How often title has moved under rules of the corridor. Left out if it never has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<u64>,
    /// The newest entry of its chain: its work, or what moved it last.
    pub newest: EntryId,
    /// The offer made last, if title has not moved since and nobody has closed it. It may have run out or be void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferRecord>,
    /// The digest of the rule sets that were in force together when title moved under rules last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Digest>,
    /// Since when its holder has it: the time of the batch of the mint, or of what moved title last.
    pub since_ms: u64,
    /// How often title has moved.
    pub transfers: u64,
}

/// An offer that has not been taken or closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferRecord {
    /// On what grounds title is to move.
    pub basis: Basis,
    /// What is to be handed over, and how.
    pub delivery: Delivery,
    /// Milliseconds after 1970 at which it runs out.
    pub expires_ms: u64,
    /// Whether the holder cannot withdraw it.
    pub firm: bool,
    /// The offer's index.
    pub index: u64,
    /// What is to be paid, open or committed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Whether a professional of the art market takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub professional: Option<Marker>,
    /// To whom it is made.
    pub to: AccountId,
    /// Where the edition goes if it is accepted.
    pub to_country: Country,
    /// What the edition is declared to be worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
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

/// How many entries hang on a work, an edition or an account without moving it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotesRecord {
    /// How many.
    pub count: u64,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteRecord {
    /// Its entry id.
    pub entry: EntryId,
    /// Its index.
    pub index: u64,
}

/// The newest document of one type that one account has attested about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperRecord {
    /// The attestation.
    pub attest: EntryId,
    /// Its index.
    pub index: u64,
    /// The newest entry of the chain: the attestation, or its revocation.
    pub newest: EntryId,
    /// The index of the revocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<u64>,
    /// SHA-256 of the document's file.
    pub sha256: Digest,
    /// The first day on which it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// The last day on which it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
}

/// The records cannot be read. Not a rule's answer: whoever asked must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records cannot be read: {0}")]
pub struct Unreadable(pub String);

/// Where records are read from. Must answer as of one moment for as long as it is borrowed.
pub trait Records {
    /// Returns a record's canonical text, or nothing where there is no such record.
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable>;

    /// Is told which records will be asked for soon, so that whoever can get many in less time than one by one does so.
    fn expect(&self, _keys: &[RecordKey]) {}

    /// Tells whether there is such a record, for whoever need not see it, or has seen it before.
    fn holds(&self, key: &RecordKey) -> Result<bool, Unreadable> {
        Ok(self.record(key)?.is_some())
    }

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
