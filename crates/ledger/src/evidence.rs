//! Evidence: one file that shows to whoever knows a log's key, offline, that the register has broken its word.
//!
//! One line of canonical JSON, `colophon.evidence/v1`. What a register signs once it has said for good, so two things that
//! cannot both be so, or one that the rules forbid, convict it. Everything in the file is tied to checkpoints that the log
//! has signed; the file of an honest register convicts of nothing, whatever stands in it. Where nothing is shown yet (tiles
//! withheld, say) a file keeps the checkpoints, and says no more than that.

mod batch;

pub use batch::{BatchCase, BatchClaim};

use std::fmt;

use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::{Hash, leaf_hash, sha256_concat};
use colophon_tlog::note::{Note, SIGNATURES_MAX, VerifierKey};
use colophon_tlog::proof::{PROOF_HASHES_MAX, verify_consistency, verify_inclusion};
use colophon_tlog::spelling::{from_base64, to_base64};
use colophon_tlog::tree::EntryIndex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::canonical::{CanonicalError, shape_error, to_canonical};
use crate::entry::seal::Seal;
use crate::replay::ReplayError;
use crate::state_root::Base64Hash;

/// The longest evidence file, in bytes: that of the largest batch, with every record that its rules read.
pub const EVIDENCE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// How many digits of a digest are in the name of a file.
const FILE_NAME_DIGITS: usize = 16;

/// The `format` member of an evidence file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The only one so far.
    #[serde(rename = "colophon.evidence/v1")]
    V1,
}

/// The members of an evidence file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What the register is said to have done, and what shows it.
    pub claim: Claim,
    /// The word for this form.
    pub format: Format,
}

/// What a register is said to have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A batch that the rules, applied to the state before it, do not lead to.
    Batch(Box<BatchClaim>),
    /// Two checkpoints that were not shown to fit. Convicts of nothing by itself.
    Checkpoints(CheckpointsClaim),
    /// Two leaves that cannot both be in one log.
    Entries(EntriesClaim),
    /// Two checkpoints of which the larger does not begin with the smaller.
    Fork(ForkClaim),
}

/// Two checkpoints that nothing has shown to fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsClaim {
    /// The genesis that the register is known by, whose log the newer checkpoint should go on from.
    pub genesis: String,
    /// The checkpoint that came later.
    pub newer: String,
    /// The checkpoint that came first; left out where only the genesis was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<String>,
}

/// Two leaves, each in the log of its own checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntriesClaim {
    /// The one.
    pub one: Stated,
    /// The other, not at a smaller index.
    pub other: Stated,
}

/// A leaf in the log of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The checkpoint, verbatim.
    pub checkpoint: String,
    /// The leaf.
    pub leaf: ProvedLeaf,
}

/// Two checkpoints of one log that parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkClaim {
    /// The checkpoint of the larger tree, or of either if they are of one size.
    pub larger: String,
    /// The consistency proof from `root` to the larger tree; empty if they are of one size.
    pub proof: Vec<Base64Hash>,
    /// The root that the larger tree has at the smaller one's size.
    pub root: Base64Hash,
    /// The other checkpoint, whose root is another.
    pub smaller: String,
}

/// A leaf with its place in a log. Its bytes are in base64: a leaf that is no text must be shown too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedLeaf {
    /// Its index.
    pub index: u64,
    /// Its bytes.
    pub leaf: Base64Bytes,
    /// The inclusion proof, from the leaf's sibling upward.
    pub proof: Vec<Base64Hash>,
}

/// Bytes written in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base64Bytes(pub Vec<u8>);

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_base64(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Base64Bytes, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        from_base64(&text).map(Base64Bytes).ok_or_else(|| D::Error::custom("not canonical base64"))
    }
}

/// What evidence convicts a register of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lie {
    /// It signed two trees of which neither begins with the other.
    Fork {
        /// The size of the smaller.
        smaller: u64,
        /// The size of the larger.
        larger: u64,
    },
    /// It signed two leaves at one index.
    Replaced {
        /// The index.
        index: u64,
        /// The sizes of the two trees.
        sizes: (u64, u64),
    },
    /// It signed two seals that cannot stand in one log: it went back and on in another way.
    Seals {
        /// The indices of the seals.
        indices: (u64, u64),
        /// The sizes of the two trees.
        sizes: (u64, u64),
    },
    /// It signed a batch that the rules do not lead to.
    Batch {
        /// The index of the batch's first leaf.
        first: u64,
        /// The size of the tree.
        size: u64,
        /// What is wrong with it.
        error: ReplayError,
    },
}

impl Lie {
    /// Returns the stable word for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Lie::Fork { .. } => "fork",
            Lie::Replaced { .. } => "replaced",
            Lie::Seals { .. } => "seals",
            Lie::Batch { .. } => "batch",
        }
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lie::Fork { smaller, larger } if smaller == larger => {
                write!(f, "two different logs of {larger} entries are signed")
            }
            Lie::Fork { smaller, larger } => {
                write!(
                    f,
                    "the log of {larger} entries does not begin with the log of {smaller} entries; both are signed"
                )
            }
            Lie::Replaced { index, sizes: (one, other) } => {
                write!(f, "two different entries at index {index} are signed, in logs of {one} and {other} entries")
            }
            Lie::Seals { indices: (one, other), sizes } => write!(
                f,
                "the seals at index {one} and {other}, in signed logs of {} and {} entries, contradict each other",
                sizes.0, sizes.1
            ),
            Lie::Batch { first, size, error } => {
                write!(f, "the batch from index {first} on, in the signed log of {size} entries: {error}")
            }
        }
    }
}

/// Why a file convicts nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Longer than evidence may be.
    #[error("the evidence has {0} bytes; at most 128 MiB are allowed")]
    TooLarge(usize),
    /// Not JSON of the expected members.
    #[error("not evidence: {0}")]
    Malformed(String),
    /// Not written exactly as evidence is.
    #[error("the evidence has been reformatted or changed: it is not byte for byte as evidence is written")]
    Spelling,
    /// It is of a later version, or of a register with later rules.
    #[error("this software needs to be newer: {0}")]
    NeedsNewer(String),
    /// A checkpoint in it is none, or not signed by the log whose key was given.
    #[error("a checkpoint in it: {0}")]
    Checkpoint(String),
    /// What it says is in the log is not shown to be.
    #[error("{what} is not shown: {why}")]
    NotShown {
        /// What should be.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// All is as it should be: it shows nothing wrong.
    #[error("it shows nothing wrong: {0}")]
    NothingWrong(String),
    /// The entry is against the rules, and the file does not show whether an upgrade further on voids it.
    #[error(
        "the entry at index {index} is against the rules, and it is not shown whether an upgrade behind its batch, in the log of \
         {size} entries, voids it: that is for whoever replays the log (`colophon audit`)"
    )]
    MayBeVoided {
        /// The index of the entry.
        index: u64,
        /// The size of the log.
        size: u64,
    },
    /// Its checkpoints are signed by two keys of the log, and it does not show which was in force when.
    #[error(
        "its checkpoints are signed by two keys of the log, and it does not show which of them was in force when: one that was taken \
         away from the log speaks for nobody from then on, whoever holds it"
    )]
    TwoKeys,
    /// It keeps two checkpoints, and nothing that shows whether they fit.
    #[error("it keeps two checkpoints, of {older} and {newer} entries, and nothing shows whether they fit")]
    Undecided {
        /// The size of the older; 1 where it is the genesis alone.
        older: u64,
        /// The size of the newer.
        newer: u64,
    },
}

impl Evidence {
    /// Returns the evidence for a claim.
    pub fn of(claim: Claim) -> Evidence {
        Evidence { claim, format: Format::V1 }
    }

    /// Reads an evidence file, which must be written exactly as [`Evidence::to_text`] does. Nothing is judged yet.
    pub fn parse(bytes: &[u8]) -> Result<Evidence, EvidenceError> {
        if bytes.len() > EVIDENCE_BYTES_MAX {
            return Err(EvidenceError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| EvidenceError::Malformed(error.to_string()))?;
        let evidence: Evidence = serde_json::from_str(text).map_err(|error| match shape_error(&error) {
            CanonicalError::UnknownMember(name) => EvidenceError::NeedsNewer(format!("it does not know {name:?}")),
            error => malformed(&error.to_string()),
        })?;
        if evidence.to_text() == text { Ok(evidence) } else { Err(EvidenceError::Spelling) }
    }

    /// Returns the file: one line of JSON.
    pub fn to_text(&self) -> String {
        to_canonical(self) + "\n"
    }

    /// Returns the name of the log that it is about, by its own word.
    pub fn origin(&self) -> Option<String> {
        let (_, text) = self.checkpoints();
        peek(text).map(|checkpoint| checkpoint.origin)
    }

    /// Returns a name for its file: what it is about, in sizes and indices, and digits that tell it from others. Two
    /// checkpoints have one name, whether or not it is shown that they do not fit.
    pub fn file_name(&self) -> String {
        let (first, last) = self.checkpoints();
        let size = |text: &str| peek(text).map_or(0, |checkpoint| checkpoint.size.get());
        let about = match &self.claim {
            Claim::Batch(claim) => {
                format!("batch-{}-{}", claim.leaves.first().map_or(0, |leaf| leaf.index), size(last))
            }
            Claim::Entries(claim) => format!("entries-{}-{}", claim.one.leaf.index, claim.other.leaf.index),
            Claim::Checkpoints(_) | Claim::Fork(_) => format!("fork-{}-{}", size(first), size(last)),
        };
        let digest = sha256_concat(&[about.as_bytes(), first.as_bytes(), last.as_bytes()]);
        let digits: String = digest.to_string().chars().take(FILE_NAME_DIGITS).collect();
        format!("{about}-{digits}.json")
    }

    /// Returns the checkpoints, the smaller first; what there is only one of, twice.
    fn checkpoints(&self) -> (&str, &str) {
        match &self.claim {
            Claim::Batch(claim) => (&claim.checkpoint, &claim.checkpoint),
            Claim::Entries(claim) => (&claim.one.checkpoint, &claim.other.checkpoint),
            Claim::Fork(claim) => (&claim.smaller, &claim.larger),
            Claim::Checkpoints(claim) => {
                let older = claim.older.as_ref().unwrap_or(&claim.newer);
                let size = |text: &str| peek(text).map(|checkpoint| checkpoint.size);
                if size(older) > size(&claim.newer) { (&claim.newer, older) } else { (older, &claim.newer) }
            }
        }
    }

    /// Returns what it convicts the register of whose log has the key `log`.
    pub fn judge(&self, log: &VerifierKey) -> Result<Lie, EvidenceError> {
        match &self.claim {
            Claim::Batch(claim) => claim.judge(log),
            Claim::Checkpoints(claim) => Err(claim.judge(log)),
            Claim::Entries(claim) => claim.judge(log),
            Claim::Fork(claim) => claim.judge(log),
        }
    }

    /// Tells whether its checkpoints are each signed by one of the keys of a log, and not all by the same. Such a file is not judged:
    /// see [`EvidenceError::TwoKeys`].
    pub fn is_by_two_keys(&self, keys: &[VerifierKey]) -> bool {
        let (first, last) = self.checkpoints();
        let by = |text: &str| keys.iter().filter(|key| open(text, key).is_ok()).collect::<Vec<_>>();
        let (first, last) = (by(first), by(last));
        !first.is_empty() && !last.is_empty() && !first.iter().any(|key| last.contains(key))
    }
}

/// Tells a later version or kind of evidence apart from what is none; serde says both in words alone.
fn malformed(why: &str) -> EvidenceError {
    let unknown = why.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')).map(|(word, _)| word);
    let is_other_file = |word: &str| word.starts_with("colophon.") && !word.starts_with("colophon.evidence/v");
    match unknown.filter(|word| !is_other_file(word)) {
        Some(word) => EvidenceError::NeedsNewer(format!("it does not know {word:?}")),
        None => EvidenceError::Malformed(why.to_owned()),
    }
}

/// Returns what a checkpoint says, whoever may have signed it.
fn peek(text: &str) -> Option<Checkpoint> {
    let note = Note::parse(text.as_bytes(), SIGNATURES_MAX).ok()?;
    Checkpoint::parse(note.text()).ok()
}

fn open(text: &str, log: &VerifierKey) -> Result<Checkpoint, EvidenceError> {
    SignedCheckpoint::open(text.as_bytes(), log)
        .map(|signed| signed.checkpoint().clone())
        .map_err(|error| EvidenceError::Checkpoint(error.to_string()))
}

impl CheckpointsClaim {
    fn judge(&self, log: &VerifierKey) -> EvidenceError {
        let older = self.older.as_deref().map_or(Ok(1), |older| open(older, log).map(|older| older.size.get()));
        let newer = open(&self.newer, log).map(|newer| newer.size.get());
        match (older, newer) {
            (Ok(older), Ok(newer)) => EvidenceError::Undecided { older, newer },
            (Err(error), _) | (_, Err(error)) => error,
        }
    }
}

impl ForkClaim {
    /// Returns the claim that `larger` does not begin with `smaller`, but with a tree of the same size that has `root`, as
    /// `proof` shows.
    pub fn new(smaller: &SignedCheckpoint, larger: &SignedCheckpoint, root: Hash, proof: &[Hash]) -> ForkClaim {
        ForkClaim {
            larger: larger.to_string(),
            proof: proof.iter().copied().map(Base64Hash).collect(),
            root: Base64Hash(root),
            smaller: smaller.to_string(),
        }
    }

    fn judge(&self, log: &VerifierKey) -> Result<Lie, EvidenceError> {
        let (smaller, larger) = (open(&self.smaller, log)?, open(&self.larger, log)?);
        let proof: Vec<Hash> = self.proof.iter().map(|hash| hash.0).collect();
        verify_consistency(smaller.size, larger.size, &self.root.0, &larger.root, &proof).map_err(|error| {
            let what = format!("what the larger log was at {} entries", smaller.size);
            EvidenceError::NotShown { what, why: error.to_string() }
        })?;
        if self.root.0 == smaller.root {
            let (smaller, larger) = (smaller.size, larger.size);
            return Err(EvidenceError::NothingWrong(format!(
                "the log of {larger} entries begins with that of {smaller}"
            )));
        }
        Ok(Lie::Fork { smaller: smaller.size.get(), larger: larger.size.get() })
    }
}

impl EntriesClaim {
    fn judge(&self, log: &VerifierKey) -> Result<Lie, EvidenceError> {
        let (one, other) = (open(&self.one.checkpoint, log)?, open(&self.other.checkpoint, log)?);
        self.one.leaf.check_inclusion(&one)?;
        self.other.leaf.check_inclusion(&other)?;
        let indices = (self.one.leaf.index, self.other.leaf.index);
        let sizes = (one.size.get(), other.size.get());
        if indices.0 == indices.1 {
            let what = format!("both logs have the same entry at index {}", indices.0);
            let is_same = self.one.leaf.leaf == self.other.leaf.leaf;
            return if is_same {
                Err(EvidenceError::NothingWrong(what))
            } else {
                Ok(Lie::Replaced { index: indices.0, sizes })
            };
        }
        let (before, after) = (self.one.leaf.seal()?, self.other.leaf.seal()?);
        if indices.0 > indices.1 {
            return Err(EvidenceError::Malformed("the entry at the larger index stands first".to_owned()));
        }
        if may_follow(&before, &after) {
            let what = format!("the seals at index {} and {} may stand in one log", indices.0, indices.1);
            return Err(EvidenceError::NothingWrong(what));
        }
        Ok(Lie::Seals { indices, sizes })
    }
}

/// Returns whether in one log a seal that stands after another may be `after`: it covers none of the earlier one's batch,
/// its height is greater, its time not less.
fn may_follow(before: &Seal, after: &Seal) -> bool {
    before.index() < after.first.get()
        && before.height.get() < after.height.get()
        && before.time_ms.get() <= after.time_ms.get()
}

impl ProvedLeaf {
    /// Returns a leaf with its proof.
    pub fn new(leaf: &[u8], index: u64, proof: &[Hash]) -> ProvedLeaf {
        let proof = proof.iter().copied().map(Base64Hash).collect();
        ProvedLeaf { index, leaf: Base64Bytes(leaf.to_vec()), proof }
    }

    fn check_inclusion(&self, checkpoint: &Checkpoint) -> Result<(), EvidenceError> {
        let wrong = |why: String| EvidenceError::NotShown { what: format!("the entry at index {}", self.index), why };
        if self.proof.len() > PROOF_HASHES_MAX {
            return Err(wrong(format!("the proof has {} hashes", self.proof.len())));
        }
        let index = EntryIndex::new(self.index).ok_or_else(|| wrong("no tree is that large".to_owned()))?;
        let proof: Vec<Hash> = self.proof.iter().map(|hash| hash.0).collect();
        verify_inclusion(&leaf_hash(&self.leaf.0), index, checkpoint.size, &proof, &checkpoint.root)
            .map_err(|error| wrong(error.to_string()))
    }

    /// Stops at a genesis or seal of other rules than these.
    fn check_version(&self) -> Result<(), EvidenceError> {
        let newer = |version| EvidenceError::NeedsNewer(format!("rules version {version}"));
        Seal::other_version(&self.leaf.0).map_or(Ok(()), |version| Err(newer(version)))
    }

    /// Returns the seal that the leaf is.
    fn seal(&self) -> Result<Seal, EvidenceError> {
        self.check_version()?;
        let none = || EvidenceError::Malformed(format!("the entry at index {} is no seal", self.index));
        Seal::peek(&self.leaf.0).ok_or_else(none)
    }
}
