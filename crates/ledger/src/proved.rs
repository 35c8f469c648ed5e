//! Entries and records with their proofs, as they travel in answers and certificates.

use std::collections::BTreeMap;

use colophon_tlog::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::proof::{ProofError, verify_inclusion};
use colophon_tlog::tree::EntryIndex;
use serde::{Deserialize, Serialize};

use crate::entry::seal::Seal;
use crate::entry::{Body, Entry};
use crate::refusal::Refusal;
use crate::rule::{RULES_VERSION, Rules, Stop};
use crate::signature::Signed;
use crate::state::{RecordKey, Records, Unreadable, record_digest};
use crate::state_root::{Base64Hash, OtherRecord, StateKey, StateProof, StateTree};

/// An entry with its place in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedEntry {
    /// The leaf.
    pub entry: String,
    /// Its index.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upward.
    pub proof: Vec<Base64Hash>,
}

/// Why proved things do not prove what they should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvedError {
    /// The checkpoint is not one, or not signed by the log.
    #[error("the checkpoint: {0}")]
    Checkpoint(String),
    /// An inclusion proof leads elsewhere.
    #[error("the entry at index {index} is not shown to be in the log: {why}")]
    Inclusion {
        /// The index it should have.
        index: u64,
        /// What is wrong.
        why: String,
    },
    /// An entry is against the rules, or its signatures are not right.
    #[error("the entry at index {index}: {refusal}")]
    Refused {
        /// Where it stands.
        index: u64,
        /// The rule it is against.
        refusal: Refusal,
    },
    /// The last entry of the log is not a seal of this register.
    #[error("the newest seal: {0}")]
    Seal(String),
    /// A state proof leads elsewhere.
    #[error("the record {key}: {why}")]
    Record {
        /// Which record.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A record that is needed is not in the answer.
    #[error("nothing is said about the record {0}")]
    Unsaid(String),
    /// The software is older than what it was given.
    #[error("this software needs to be newer: {0}")]
    NeedsNewer(String),
}

impl From<CheckpointError> for ProvedError {
    fn from(error: CheckpointError) -> ProvedError {
        ProvedError::Checkpoint(error.to_string())
    }
}

/// Turns a stop at an index into the error it means here.
pub(crate) fn refused(index: u64) -> impl Fn(Stop) -> ProvedError {
    move |stop| match stop {
        Stop::Refused(refusal) if refusal.needs_newer_software() => ProvedError::NeedsNewer(refusal.to_string()),
        Stop::Refused(refusal) => ProvedError::Refused { index, refusal },
        Stop::Unreadable(Unreadable(key)) => ProvedError::Unsaid(key),
    }
}

impl ProvedEntry {
    /// Returns an entry with its proof.
    pub fn new(leaf: &[u8], index: u64, proof: &[Hash]) -> Option<ProvedEntry> {
        let entry = String::from_utf8(leaf.to_vec()).ok()?;
        Some(ProvedEntry { entry, index, proof: proof.iter().copied().map(Base64Hash).collect() })
    }

    /// Returns the entry, whose bytes are shown to stand at its index in the tree of `checkpoint`.
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<Entry, ProvedError> {
        self.check_inclusion(checkpoint)?;
        self.check_version()?;
        self.parse()
    }

    /// Checks that the leaf stands at its index in the tree of `checkpoint`, without looking into it.
    pub(crate) fn check_inclusion(&self, checkpoint: &Checkpoint) -> Result<(), ProvedError> {
        let wrong = |why: String| ProvedError::Inclusion { index: self.index, why };
        let index = EntryIndex::new(self.index).ok_or_else(|| wrong("no tree is that large".to_owned()))?;
        let proof: Vec<Hash> = self.proof.iter().map(|hash| hash.0).collect();
        verify_inclusion(&leaf_hash(self.entry.as_bytes()), index, checkpoint.size, &proof, &checkpoint.root)
            .map_err(|error: ProofError| wrong(error.to_string()))
    }

    /// Stops at a genesis or seal of other rules than these.
    pub(crate) fn check_version(&self) -> Result<(), ProvedError> {
        let newer = |version| ProvedError::NeedsNewer(format!("rules version {version}"));
        Seal::other_version(self.entry.as_bytes()).map_or(Ok(()), |version| Err(newer(version)))
    }

    /// Returns the entry, whose inclusion must have been checked.
    pub(crate) fn parse(&self) -> Result<Entry, ProvedError> {
        Entry::parse(self.entry.as_bytes()).map_err(|refusal| refused(self.index)(refusal.into()))
    }
}

/// A record, or its absence, with its place in a state tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedRecord {
    /// The record's name.
    pub key: String,
    /// What stands where an absent record would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherRecord>,
    /// The siblings, from the place upward.
    pub path: Vec<Base64Hash>,
    /// The record's canonical text; left out where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

impl ProvedRecord {
    /// Returns what `tree` says of a record whose text, if it is there, is `record`.
    pub fn new(key: &RecordKey, record: Option<String>, tree: &StateTree) -> ProvedRecord {
        let proof = tree.prove(&key.state_key());
        let other =
            proof.other.map(|(key, value)| OtherRecord { key: Base64Hash(*key.as_hash()), value: Base64Hash(value) });
        ProvedRecord { key: key.to_string(), other, path: proof.path.into_iter().map(Base64Hash).collect(), record }
    }

    /// Checks that under the state root `root` the record is as said.
    pub fn verify(&self, root: &Hash) -> Result<(), ProvedError> {
        let (key, digest) = self.place();
        let verified = self.state_proof().verify(root, &key, digest.as_ref());
        verified.map_err(|error| ProvedError::Record { key: self.key.clone(), why: error.to_string() })
    }

    /// Returns where the record stands, and its digest if it is there.
    pub(crate) fn place(&self) -> (StateKey, Option<Hash>) {
        (StateKey::of(&self.key), self.record.as_deref().map(record_digest))
    }

    /// Returns the proof alone.
    pub(crate) fn state_proof(&self) -> StateProof {
        StateProof {
            other: self.other.as_ref().map(|other| (StateKey::from_hash(other.key.0), other.value.0)),
            path: self.path.iter().map(|hash| hash.0).collect(),
        }
    }
}

/// A node's answer about records: the checkpoint, the seal it ends on, and each record with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAnswer {
    /// The checkpoint, as published.
    pub checkpoint: String,
    /// The last entry of the log as of the checkpoint.
    pub seal: ProvedEntry,
    /// The records asked about, and the account of the seal's operator.
    pub records: Vec<ProvedRecord>,
}

/// What a node's answer shows, once every proof in it has been checked.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// The seal it ends on.
    pub seal: Seal,
    records: ShownRecords,
}

/// Records that were proved, or their absence, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShownRecords(BTreeMap<String, Option<String>>);

impl ShownRecords {
    /// Adds a record whose proof has been checked.
    pub(crate) fn add(&mut self, proved: &ProvedRecord) {
        self.0.insert(proved.key.clone(), proved.record.clone());
    }
}

impl StateAnswer {
    /// Checks the answer against what the register's genesis lays down, trusting the node in nothing.
    pub fn verify(&self, rules: &Rules) -> Result<Shown, ProvedError> {
        let checkpoint = SignedCheckpoint::open(self.checkpoint.as_bytes(), &rules.log_key)?;
        let (entry, seal) = newest_seal(&self.seal, checkpoint.checkpoint(), rules)?;
        let mut records = ShownRecords::default();
        for record in &self.records {
            record.verify(&seal.state.0)?;
            records.add(record);
        }
        let shown = Shown { checkpoint, seal, records };
        let signed = Signed::check(entry, &shown).map_err(refused(self.seal.index))?;
        signed.check_authority(&shown).map_err(refused(self.seal.index))?;
        Ok(shown)
    }
}

/// Returns the seal that a checkpoint ends on. Its signature is still to be checked.
pub(crate) fn newest_seal(
    proved: &ProvedEntry,
    checkpoint: &Checkpoint,
    rules: &Rules,
) -> Result<(Entry, Seal), ProvedError> {
    let wrong = |why: &str| ProvedError::Seal(why.to_owned());
    if Some(proved.index) != checkpoint.size.get().checked_sub(1) {
        return Err(wrong("it is not the last entry of the checkpoint"));
    }
    let entry = proved.verify(checkpoint)?;
    entry.check_register(&rules.register).map_err(|refusal| refused(proved.index)(refusal.into()))?;
    let Body::Seal(seal) = entry.body() else { return Err(wrong("the last entry is not a seal")) };
    if seal.rules.get() != RULES_VERSION {
        return Err(ProvedError::NeedsNewer(format!("rules version {}", seal.rules.get())));
    }
    if !rules.operators.contains(&seal.by) {
        return Err(wrong("it is by an account that does not operate this register"));
    }
    if seal.index() != proved.index {
        return Err(wrong("it does not stand where its batch ends"));
    }
    let seal = seal.clone();
    Ok((entry, seal))
}

impl Records for Shown {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        self.records.record(key)
    }
}

impl Records for ShownRecords {
    /// Answers from what was proved. A record nobody proved anything about cannot be read: it is not taken for absent.
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let name = key.to_string();
        self.0.get(&name).cloned().ok_or(Unreadable(name))
    }
}
