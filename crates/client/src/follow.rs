//! Every checkpoint is held against the newest one seen before, and becomes it if it is newer.

use std::cmp::Ordering;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use colophon_tlog::note::{NOTE_BYTES_MAX, Note, SIGNATURES_MAX, VerifierKey};

use crate::behind::{Behind, CURE};
use crate::client::{Asked, Client};
use crate::evidence::{keep, of_checkpoints};
use crate::failure::{Class, Failure};
use crate::http::{HttpError, Transport, not_understood};
use crate::security::{Fork, Misfit, SecurityError};
use crate::seen::{Replaced, SeenError};
use crate::tiles::{Span, TreeError, check_extends};

/// How often the newest checkpoint seen may change under this reader's hands before it gives up.
const ROUNDS_MAX: u32 = 16;

/// How a checkpoint stands to what was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the newest one seen, and is kept as such.
    Newest,
    /// It is true, but a newer one has been seen: an answer under it may be out of date.
    Stale,
}

/// Why a checkpoint could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What was seen before could not be read or kept.
    #[error(transparent)]
    Seen(#[from] SeenError),
    /// The checkpoint does not fit.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// The node is a copy that is behind, and nothing shows that what it has is part of what was seen.
    #[error(transparent)]
    Behind(Box<Behind>),
    /// Other processes kept changing what was seen.
    #[error("the register grew faster than it could be followed")]
    Outrun,
}

impl Failure for FollowError {
    fn class(&self) -> Class {
        match self {
            FollowError::Http(error) => error.class(),
            FollowError::Seen(error) => error.class(),
            FollowError::Security(error) => error.class(),
            FollowError::Behind(_) | FollowError::Outrun => Class::Fault,
        }
    }

    fn cure(&self) -> String {
        match self {
            FollowError::Http(error) => error.cure(),
            FollowError::Seen(error) => error.cure(),
            FollowError::Security(error) => error.cure(),
            FollowError::Behind(_) => CURE.to_owned(),
            FollowError::Outrun => "try again".to_owned(),
        }
    }
}

impl Client {
    /// Asks for the newest checkpoint, and follows it.
    pub async fn newest(&self) -> Result<(SignedCheckpoint, Standing), FollowError> {
        let checkpoint = fetch_checkpoint(self.transport(), self.log_key()).await?;
        let standing = self.follow(&checkpoint).await?;
        Ok((checkpoint, standing))
    }

    /// Returns the newest checkpoint seen before now, without asking anybody.
    pub async fn last_seen(&self) -> Result<Option<SignedCheckpoint>, FollowError> {
        let (seen, key) = (self.seen(), self.log_key().clone());
        Ok(on_disk(move || seen.last(&key)).await?)
    }

    /// Holds a checkpoint against what was seen before. A newer one is kept, durably, when this returns.
    ///
    /// The checkpoint may come from anywhere: an answer, a receipt, a certificate somebody sent. One that does not fit is
    /// a [`SecurityError::Fork`], and the newest one seen stays what it was.
    pub async fn follow(&self, checkpoint: &SignedCheckpoint) -> Result<Standing, FollowError> {
        let new = Span::of(checkpoint);
        for _ in 0..ROUNDS_MAX {
            let last = self.last_seen().await?;
            let old = last.as_ref().map_or_else(|| self.pinned().first_span(), Span::of);
            match new.size.cmp(&old.size) {
                Ordering::Equal if new.root != old.root => {
                    return Err(self.fork(last, checkpoint, Misfit::Roots, Some((new.root, Vec::new()))).await.into());
                }
                Ordering::Equal if last.is_some() => return Ok(Standing::Newest),
                Ordering::Less => {
                    self.check_order(&new, &old, last, checkpoint).await?;
                    return Ok(Standing::Stale);
                }
                Ordering::Equal | Ordering::Greater => {
                    self.check_order(&old, &new, last.clone(), checkpoint).await?;
                    if self.keep(last, checkpoint).await? == Replaced::Done {
                        return Ok(Standing::Newest);
                    }
                }
            }
        }
        Err(FollowError::Outrun)
    }

    /// Holds a checkpoint by another key of the log, which its governors have given it or taken away, against the newest one seen:
    /// the one log must begin with the other. Keeps neither the checkpoint nor the key.
    pub async fn hold(&self, checkpoint: &SignedCheckpoint) -> Result<(), FollowError> {
        let (new, last) = (Span::of(checkpoint), self.last_seen().await?);
        let old = last.as_ref().map_or_else(|| self.pinned().first_span(), Span::of);
        match new.size.cmp(&old.size) {
            Ordering::Equal if new.root == old.root => Ok(()),
            Ordering::Equal => {
                Err(self.fork(last, checkpoint, Misfit::Roots, Some((new.root, Vec::new()))).await.into())
            }
            Ordering::Less => self.check_order(&new, &old, last, checkpoint).await,
            Ordering::Greater => self.check_order(&old, &new, last, checkpoint).await,
        }
    }

    /// Checks that the tree `small` is the beginning of the tree `large`, of which one is the new checkpoint's.
    async fn check_order(
        &self,
        small: &Span,
        large: &Span,
        last: Option<SignedCheckpoint>,
        new: &SignedCheckpoint,
    ) -> Result<(), FollowError> {
        if self.has_verified(small, large) {
            return Ok(());
        }
        let shown = match (check_extends(self.transport(), small, large).await, self.asked(), &last) {
            // A copy that is behind cannot hand out what it does not have. The register can.
            (Err(TreeError::Misfit(Misfit::Withheld(path))), Asked::Copy(register), Some(seen))
                if Span::of(new).size < large.size =>
            {
                let why = match register {
                    None => None,
                    Some(register) => match check_extends(register, small, large).await {
                        Err(TreeError::Http(error)) => Some(error),
                        shown => return self.told(shown, small, large, last, new).await,
                    },
                };
                return Err(FollowError::Behind(Box::new(Behind::new(new, seen, path, why))));
            }
            (shown, ..) => shown,
        };
        self.told(shown, small, large, last, new).await
    }

    /// Remembers that the tree `small` was shown to be the beginning of the tree `large`, or returns the error that it is not.
    async fn told(
        &self,
        shown: Result<(), TreeError>,
        small: &Span,
        large: &Span,
        last: Option<SignedCheckpoint>,
        new: &SignedCheckpoint,
    ) -> Result<(), FollowError> {
        match shown {
            Ok(()) => {
                self.remember(small, large);
                Ok(())
            }
            Err(TreeError::Http(error)) => Err(error.into()),
            Err(TreeError::Misfit(misfit)) => Err(self.fork(last, new, misfit, None).await.into()),
            Err(TreeError::Parted { root, proof }) => {
                Err(self.fork(last, new, Misfit::Rewritten, Some((root, proof))).await.into())
            }
        }
    }

    async fn keep(&self, last: Option<SignedCheckpoint>, new: &SignedCheckpoint) -> Result<Replaced, SeenError> {
        let (seen, key, new) = (self.seen(), self.log_key().clone(), new.clone());
        on_disk(move || seen.replace(&key, last.as_ref(), &new)).await
    }

    /// Keeps both checkpoints as evidence, with what shows that they part if it is known, and returns the error that says so.
    async fn fork(
        &self,
        old: Option<SignedCheckpoint>,
        new: &SignedCheckpoint,
        misfit: Misfit,
        parted: Option<(Hash, Vec<Hash>)>,
    ) -> SecurityError {
        let (dir, pinned) = (self.evidence_dir().to_owned(), self.pinned().clone());
        let fork = Fork {
            origin: pinned.rules().register.origin.to_string(),
            old,
            new: new.clone(),
            misfit,
            evidence: Err(String::new()),
        };
        let kept = on_disk(move || {
            let parted = parted.as_ref().map(|(root, proof)| (*root, proof.as_slice()));
            let kept = keep(&dir, &of_checkpoints(&pinned, fork.old.as_ref(), &fork.new, parted));
            Fork { evidence: kept.map_err(|error| format!("{}: {error}", dir.display())), ..fork }
        });
        SecurityError::Fork(Box::new(kept.await))
    }
}

/// Asks for the newest checkpoint of the log whose key is `key`. It is held against nothing that was seen before.
pub async fn fetch_checkpoint(transport: &Transport, key: &VerifierKey) -> Result<SignedCheckpoint, FollowError> {
    fetch_checkpoint_by(transport, std::slice::from_ref(key)).await
}

/// Asks for the newest checkpoint of the log that has, or had, one of these keys. It is held against nothing that was seen before.
pub async fn fetch_checkpoint_by(transport: &Transport, keys: &[VerifierKey]) -> Result<SignedCheckpoint, FollowError> {
    let bytes = transport.get("checkpoint", NOTE_BYTES_MAX).await?;
    let mut opened = Err(OpenError::Security(SecurityError::Contradiction("no key of the log is trusted".to_owned())));
    for key in keys {
        opened = open_checkpoint(&bytes, key);
        if opened.is_ok() {
            break;
        }
    }
    Ok(opened?)
}

/// Opens a checkpoint that came as an answer. Bytes that are no signed note at all say nothing about the register: most
/// likely something else stands at its address.
pub(crate) fn open_checkpoint(bytes: &[u8], key: &VerifierKey) -> Result<SignedCheckpoint, OpenError> {
    if let Err(error) = Note::parse(bytes, SIGNATURES_MAX) {
        return Err(OpenError::Http(not_understood("checkpoint", &error.to_string())));
    }
    SignedCheckpoint::open(bytes, key).map_err(|error| OpenError::Security(SecurityError::Checkpoint(error)))
}

/// Why an answer was not opened as a checkpoint.
#[derive(Debug)]
pub(crate) enum OpenError {
    Http(HttpError),
    Security(SecurityError),
}

impl From<OpenError> for FollowError {
    fn from(error: OpenError) -> FollowError {
        match error {
            OpenError::Http(error) => error.into(),
            OpenError::Security(error) => error.into(),
        }
    }
}

/// Does work on files, off the threads that wait for the network.
pub(crate) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Nothing but a panic ends work that has begun, and the caller is gone if the runtime is.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
