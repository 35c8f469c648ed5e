//! The register that is followed: its newest checkpoint, held against what the copy has published.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

use colophon_client::evidence::{keep, of_checkpoints};
use colophon_client::follow::fetch_checkpoint;
use colophon_client::http::Transport;
use colophon_client::register::Pinned;
use colophon_ledger::evidence::Evidence;
use colophon_ledger::rule::Rules;
use colophon_storage::reader::LogReader;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use colophon_tlog::policy::Policy;

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
    pub(super) policy: Option<Policy>,
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
        let key = &self.pinned.rules().log_key;
        let new = fetch_checkpoint(&self.transport, key).await.map_err(|error| of_checkpoint(&error))?;
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
