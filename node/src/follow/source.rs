//! The register that is followed: its newest checkpoint, held against what the copy has published.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

use colophon_client::evidence::{keep, of_checkpoints};
use colophon_client::follow::{FollowError, fetch_checkpoint_by};
use colophon_client::http::Transport;
use colophon_client::pinned::Pinned;
use colophon_client::register::newer_key;
use colophon_client::security::SecurityError;
use colophon_ledger::evidence::Evidence;
use colophon_ledger::rule::Rules;
use colophon_storage::reader::LogReader;
use colophon_tlog::checkpoint::{CheckpointError, SignedCheckpoint};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::policy::Policy;
use tracing::warn;

use crate::follow::copy;
use crate::follow::trouble::{Trouble, of_checkpoint};
use colophon_client::points::Remembered;

/// The name of the folder of evidence in the copy's folder.
pub const EVIDENCE_DIR: &str = "evidence";

/// The register that a copy is of.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) transport: Transport,
    pub(super) pinned: Pinned,
    /// What its genesis lays down, by which the log is judged. The key of its checkpoints may be another since.
    pub(super) rules: Rules,
    /// The keys of its log that are trusted: which of them is in force at a size, the log itself says.
    pub(super) keys: Vec<VerifierKey>,
    pub(super) policy: Option<Policy>,
    /// The copy's folder.
    pub(super) dir: PathBuf,
    /// Where evidence against it is kept.
    pub(super) evidence: PathBuf,
    /// The keys of those who sign often.
    pub(super) points: Arc<Remembered>,
    /// How many entries are taken in one step by a copy that serves.
    pub(super) step_entries_max: u64,
}

/// What the register shows.
#[derive(Debug)]
pub(super) enum Shown {
    /// Just what the copy has published.
    Same,
    /// The same log with other cosignatures.
    Cosigned(SignedCheckpoint),
    /// A larger log. That it goes on from the copy's is still to be shown.
    Larger(SignedCheckpoint),
}

impl Source {
    /// Asks for the newest checkpoint, and holds it against what the copy has published. `log` is the copy's.
    pub(super) async fn newest(&self, published: Option<&SignedCheckpoint>, log: &LogReader) -> Result<Shown, Trouble> {
        let new = match fetch_checkpoint_by(&self.transport, &self.keys).await {
            Err(FollowError::Security(SecurityError::Checkpoint(error))) => return Err(self.unknown_key(&error).await),
            fetched => fetched.map_err(|error| of_checkpoint(&error))?,
        };
        let Some(old) = published else { return self.witnessed(Shown::Larger(new)) };
        let (old_tree, new_tree) = (old.checkpoint(), new.checkpoint());
        match new_tree.size.cmp(&old_tree.size) {
            Ordering::Greater => self.witnessed(Shown::Larger(new)),
            Ordering::Equal if new_tree.root != old_tree.root => Err(self.forked(old, &new, new_tree.root, &[])),
            Ordering::Equal if new.to_string() == old.to_string() => Ok(Shown::Same),
            Ordering::Equal => self.witnessed(Shown::Cosigned(new)),
            Ordering::Less => Err(self.gone_back(old, &new, log)?),
        }
    }

    /// Opens a checkpoint of the log at whatever size.
    pub(super) fn open_by_any(&self, note: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        let mut opened = SignedCheckpoint::open(note, &self.rules.log_key);
        for key in &self.keys {
            opened = opened.or_else(|error| SignedCheckpoint::open(note, key).map_err(|_| error));
        }
        opened
    }

    /// Refuses a checkpoint that is not signed by the key in force where it ends, be it by one that the log had before; and one by
    /// a key that nobody has named here, though the governors have.
    pub(super) fn check_signer(&self, checkpoint: &SignedCheckpoint, in_force: &VerifierKey) -> Result<(), Trouble> {
        let size = checkpoint.checkpoint().size;
        if !self.keys.contains(in_force) {
            return Err(Trouble::Unproved(format!(
                "by the governors' act in its log of {size} entries {}",
                self.to_add(in_force)
            )));
        }
        match SignedCheckpoint::open(checkpoint.to_string().as_bytes(), in_force) {
            Ok(_) => Ok(()),
            Err(error) => Err(Trouble::Unproved(format!(
                "its checkpoint of {size} entries is not signed by the key that its log has there, {in_force}: {error}"
            ))),
        }
    }

    /// Returns the trouble with a checkpoint that no key signed that is trusted here, and what may be done about it.
    async fn unknown_key(&self, error: &CheckpointError) -> Trouble {
        let known = self.keys.last().unwrap_or(&self.rules.log_key);
        let newer = newer_key(&self.transport, known).await.filter(|newer| !self.keys.contains(newer));
        let told = newer.map_or_else(String::new, |newer| format!("; by its own word {}", self.to_add(&newer)));
        Trouble::Unproved(format!("its checkpoint is signed by no key that is trusted here ({error}){told}"))
    }

    /// Says that the log has another key, and what to add where.
    fn to_add(&self, key: &VerifierKey) -> String {
        let policy = if self.policy.is_some() { format!(", and `log {key}` to the policy") } else { String::new() };
        format!(
            "the log has another key, {key}: if its operator publishes it, add it to the file of --vkey, in a line of its own{policy}, \
             and start the copy again"
        )
    }

    /// Knows the register by another of its keys from now on. Where that cannot be written down, the next start does it.
    pub(super) fn turn_to(&self, key: &VerifierKey) {
        let known = self.pinned.with_key(key).map_err(|error| error.to_string());
        let written = known.and_then(|known| copy::turn_to(&self.dir, &known).map_err(|error| error.to_string()));
        if let Err(error) = written {
            warn!("The key of the log cannot be written down for now: {error}");
        }
    }

    /// Lets through what the policy's quorum has cosigned.
    fn witnessed(&self, shown: Shown) -> Result<Shown, Trouble> {
        let (Some(policy), Shown::Larger(new) | Shown::Cosigned(new)) = (&self.policy, &shown) else {
            return Ok(shown);
        };
        match policy.judge(new.to_string().as_bytes()) {
            Ok(judged) if judged.quorum_met => Ok(shown),
            Ok(judged) => {
                let (size, count) = (new.checkpoint().size, judged.witnesses.len());
                let why =
                    format!("its checkpoint of {size} entries is cosigned by {count} witnesses of the policy: too few");
                Err(Trouble::Away(why))
            }
            Err(error) => Err(Trouble::Unproved(format!("its checkpoint: {error}"))),
        }
    }

    /// Returns the trouble with a register that shows fewer entries than it did.
    fn gone_back(&self, old: &SignedCheckpoint, new: &SignedCheckpoint, log: &LogReader) -> Result<Trouble, Trouble> {
        let (had, shows) = (old.checkpoint().size, new.checkpoint().size);
        let root = log.root(shows)?;
        if root != new.checkpoint().root {
            return Ok(self.forked(old, new, root, &log.consistency(shows, had)?));
        }
        // An answer out of somebody's cache looks the same, so this alone convicts nobody.
        let kept = self.keep(&of_checkpoints(&self.pinned, Some(old), new, None));
        let kept =
            kept.map_or_else(|why| format!("could not be kept: {why}"), |path| format!("are in {}", path.display()));
        Ok(Trouble::Unproved(format!(
            "it has gone back from {had} to {shows} entries, as an old backup does that was put back; both checkpoints {kept}"
        )))
    }

    /// Returns the trouble with a register that has signed another history. `root` is what the larger log was at the smaller
    /// one's size.
    pub(super) fn forked(&self, old: &SignedCheckpoint, new: &SignedCheckpoint, root: Hash, proof: &[Hash]) -> Trouble {
        let why = format!(
            "it has signed {} entries with the root {}, and {} with the root {}: not both can be one log",
            old.checkpoint().size,
            old.checkpoint().root,
            new.checkpoint().size,
            new.checkpoint().root
        );
        let evidence = of_checkpoints(&self.pinned, Some(old), new, Some((root, proof)));
        Trouble::Caught { why, evidence: self.keep(&evidence) }
    }

    /// Keeps evidence, durably.
    pub(super) fn keep(&self, evidence: &Evidence) -> Result<PathBuf, String> {
        keep(&self.evidence, evidence).map_err(|error| format!("{}: {error}", self.evidence.display()))
    }
}
