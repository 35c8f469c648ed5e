//! What a register has stated and somebody has kept, a receipt or a seal, held against what it shows now.
//!
//! A log that was set back hands out nothing of what it had, and two checkpoints alone then show nothing. One entry of the old
//! log does: another stands at its place now, or a seal that cannot have come before or after it.

use colophon_ledger::evidence::{Claim, EntriesClaim, Evidence, ProvedLeaf, Stated};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::tree::EntryIndex;

use crate::behind::Behind;
use crate::client::Client;
use crate::evidence::keep;
use crate::follow::{FollowError, Standing, fetch_checkpoint, on_disk};
use crate::prove::fetch_proved;
use crate::security::{Fork, Misfit, SecurityError};
use crate::tiles::Span;

impl Client {
    /// Follows the checkpoint under which an entry was acknowledged. If the register's history does not fit, the evidence is
    /// the entry itself, where another stands at its place now.
    pub async fn follow_stated(&self, checkpoint: &SignedCheckpoint, stated: Stated) -> Result<Standing, FollowError> {
        match self.follow(checkpoint).await {
            Err(FollowError::Security(SecurityError::Fork(fork))) => {
                let now = self.stated_now(stated.leaf.index).await;
                Err(SecurityError::Fork(Box::new(self.contradicted(*fork, Some(stated), now).await)).into())
            }
            Err(FollowError::Behind(behind)) => {
                let now = self.stated_now(stated.leaf.index).await;
                Err(self.behind_or_forked(behind, Some(stated), now).await)
            }
            followed => followed,
        }
    }

    /// Returns that a copy is behind; or that the register is caught, where the seal that the copy shows contradicts the one that was
    /// kept.
    pub(crate) async fn behind_by_seal(&self, behind: Box<Behind>, now: Stated) -> FollowError {
        let (seen, key) = (self.seen(), self.log_key().clone());
        let kept = on_disk(move || seen.seal(&key)).await;
        self.behind_or_forked(behind, kept, Some(now)).await
    }

    async fn behind_or_forked(&self, behind: Box<Behind>, before: Option<Stated>, now: Option<Stated>) -> FollowError {
        let fork = self.contradicted(behind.as_fork(), before, now).await;
        if fork.evidence.is_ok() { SecurityError::Fork(Box::new(fork)).into() } else { FollowError::Behind(behind) }
    }

    /// Returns what stands at an index under the checkpoint that the register shows now.
    async fn stated_now(&self, index: u64) -> Option<Stated> {
        let newest = fetch_checkpoint(self.transport(), self.log_key()).await.ok()?;
        let found = fetch_proved(self.transport(), Span::of(&newest), EntryIndex::new(index)).await.ok()?.pop()?;
        Some(Stated { checkpoint: newest.to_string(), leaf: ProvedLeaf::new(&found.leaf, index, &found.proof) })
    }

    /// Keeps the newest seal, with what shows that the log has it.
    pub(crate) async fn keep_seal(&self, stated: Stated) -> Result<(), FollowError> {
        let (seen, key) = (self.seen(), self.log_key().clone());
        Ok(on_disk(move || seen.keep_seal(&key, &stated)).await?)
    }

    /// Returns a fork with the evidence that the seal shown now contradicts the one that was kept, if it does.
    pub(crate) async fn contradicted_by_seal(&self, fork: Fork, now: Stated) -> Fork {
        let (seen, key) = (self.seen(), self.log_key().clone());
        let kept = on_disk(move || seen.seal(&key)).await;
        self.contradicted(fork, kept, Some(now)).await
    }

    /// Returns a fork with the evidence that two statements contradict each other, if they do, and if nothing shows it yet.
    async fn contradicted(&self, fork: Fork, before: Option<Stated>, now: Option<Stated>) -> Fork {
        let (Some(before), Some(now)) = (before, now) else { return fork };
        if matches!(fork.misfit, Misfit::Roots | Misfit::Rewritten) {
            return fork;
        }
        let (key, dir) = (self.log_key().clone(), self.evidence_dir().to_owned());
        let (one, other) = if before.leaf.index <= now.leaf.index { (before, now) } else { (now, before) };
        let evidence = Evidence::of(Claim::Entries(EntriesClaim { one, other }));
        let kept = on_disk(move || evidence.judge(&key).ok().and_then(|_| keep(&dir, &evidence).ok())).await;
        match kept {
            Some(path) => Fork { evidence: Ok(path), ..fork },
            None => fork,
        }
    }
}
