//! What all lookups share: an answer is proved and its checkpoint followed before anything of it is shown.

use colophon_ledger::certificate::CertificateError;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::evidence::{ProvedLeaf, Stated};
use colophon_ledger::proved::{ProvedError, Shown, StateAnswer};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::state::{RecordKey, Records, Unreadable};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use colophon_tlog::tree::TreeSize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, Stale};
use crate::failure::{Class, Failure, shown};
use crate::follow::{FollowError, Standing};
use crate::http::HttpError;
use crate::security::SecurityError;

/// The most bytes of an answer with records in it: 201 records of a few hundred bytes, each with its path.
pub(crate) const STATE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The moment that an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// The checkpoint to which everything is proved.
    pub checkpoint: SignedCheckpoint,
    /// The seal on which it ends.
    pub seal: Seal,
    /// Whether a newer checkpoint has been seen.
    pub standing: Standing,
}

impl AsOf {
    /// Returns the operator's time of the state, in milliseconds after 1970.
    pub fn time_ms(&self) -> u64 {
        self.seal.time_ms.get()
    }
}

/// What a lookup has proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked<T> {
    /// It is in the register.
    Found(T),
    /// It was not in the register at this moment.
    Absent(Box<AsOf>),
}

impl<T> Looked<T> {
    /// Returns what was found, if anything was.
    pub fn found(self) -> Option<T> {
        match self {
            Looked::Found(found) => Some(found),
            Looked::Absent(_) => None,
        }
    }
}

/// Why a question has no answer that may be shown.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// No answer, or one that does not hold.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The node says that it has no such thing, of which it can be proved only that it is there.
    #[error("the node knows no {0}")]
    NotKnown(String),
    /// The node says that it has no such thing, and does not show the proof that there would be.
    #[error("the node says that it knows no {0}, and does not prove it")]
    Unproved(String),
    /// Several works begin with these digits.
    #[error("several works begin with {0}")]
    Ambiguous(String),
    /// The work has fewer editions.
    #[error("there is no edition {edition}: the work has {editions} in all")]
    NoEdition {
        /// The edition asked for.
        edition: u64,
        /// How many there are.
        editions: u64,
    },
    /// The work is here, and this edition of it has not been carried over from the register it was in.
    #[error("the work was carried over from another register; its edition {edition} has not been yet")]
    NotCarried {
        /// The edition asked for.
        edition: u64,
    },
    /// The answer is true, but older than what had been seen when it was asked for.
    #[error("the node answers as of {given} entries; {seen} have been seen before")]
    Stale {
        /// The size of the tree that the answer is about.
        given: u64,
        /// The size of the newest tree seen.
        seen: u64,
    },
    /// The register goes by rules that this software does not know.
    #[error("this software needs to be newer: {0}")]
    NeedsNewer(String),
}

impl Failure for LookupError {
    fn class(&self) -> Class {
        match self {
            LookupError::Follow(error) => error.class(),
            LookupError::NotKnown(_)
            | LookupError::Ambiguous(_)
            | LookupError::NoEdition { .. }
            | LookupError::NotCarried { .. } => Class::Refusal,
            LookupError::Stale { .. } => Class::Fault,
            LookupError::Unproved(_) | LookupError::NeedsNewer(_) => Class::Unable,
        }
    }

    fn cure(&self) -> String {
        match self {
            LookupError::Follow(error) => error.cure(),
            LookupError::NotKnown(_) => "give the full id: only of that can it be proved that it is absent".to_owned(),
            LookupError::Unproved(_) => {
                "nothing is said about it; check the address; if it is right, tell the operator, and ask another node of the register".to_owned()
            }
            LookupError::Ambiguous(_) => "give more digits".to_owned(),
            LookupError::NoEdition { editions, .. } => format!("ask for an edition from 1 to {editions}"),
            LookupError::NotCarried { .. } => {
                "ask the operator to carry it over: it is proved, so anybody may".to_owned()
            }
            LookupError::Stale { .. } => {
                "try again later, or ask another node; if the register itself stays behind what it showed, tell its operator"
                    .to_owned()
            }
            LookupError::NeedsNewer(_) => "install a newer version of this software".to_owned(),
        }
    }
}

impl From<HttpError> for LookupError {
    fn from(error: HttpError) -> LookupError {
        LookupError::Follow(error.into())
    }
}

impl From<SecurityError> for LookupError {
    fn from(error: SecurityError) -> LookupError {
        LookupError::Follow(error.into())
    }
}

impl From<ProvedError> for LookupError {
    fn from(error: ProvedError) -> LookupError {
        match error {
            ProvedError::NeedsNewer(what) => LookupError::NeedsNewer(shown(&what)),
            error => SecurityError::Proved(error).into(),
        }
    }
}

impl From<CertificateError> for LookupError {
    fn from(error: CertificateError) -> LookupError {
        match error {
            CertificateError::NeedsNewer(what) => LookupError::NeedsNewer(shown(&what)),
            CertificateError::Proved(error) => error.into(),
            error => SecurityError::Certificate(error).into(),
        }
    }
}

impl From<Unreadable> for LookupError {
    fn from(Unreadable(key): Unreadable) -> LookupError {
        SecurityError::Proved(ProvedError::Unsaid(key)).into()
    }
}

/// How much had been seen when a question was asked: an answer about less comes from a register that has gone back.
///
/// Taken before the question goes out. What other questions have seen while it was on its way says nothing about the node that
/// answers it: several may be asked at once, and another process may ask too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    size: TreeSize,
}

impl Client {
    /// Begins a question: returns what its answer will be held against.
    pub(crate) async fn asking(&self) -> Result<Asked, LookupError> {
        let seen = self.last_seen().await?;
        let size = seen.map_or_else(|| self.pinned().first_span().size, |seen| seen.checkpoint().size);
        Ok(Asked { size })
    }

    /// Checks every proof in the answer to a question about records, and follows its checkpoint.
    pub(crate) async fn proved(&self, asked: Asked, answer: &StateAnswer) -> Result<(Shown, AsOf), LookupError> {
        let shown = answer.verify(self.rules())?;
        let stated = stated(answer);
        let standing = match self.follow_as_asked(asked, &shown.checkpoint).await {
            Err(LookupError::Follow(FollowError::Security(SecurityError::Fork(fork)))) => {
                return Err(SecurityError::Fork(Box::new(self.contradicted_by_seal(*fork, stated).await)).into());
            }
            Err(LookupError::Follow(FollowError::Behind(behind))) => {
                return Err(self.behind_by_seal(behind, stated).await.into());
            }
            standing => standing?,
        };
        if standing == Standing::Newest {
            self.keep_seal(stated).await?;
        }
        let as_of = AsOf { checkpoint: shown.checkpoint.clone(), seal: shown.seal.clone(), standing };
        Ok((shown, as_of))
    }

    /// Follows the checkpoint of an answer; one that is older than what had been seen when it was asked for must be allowed to be.
    /// It fits what has been seen since in any case.
    pub(crate) async fn follow_as_asked(
        &self,
        asked: Asked,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Standing, LookupError> {
        let standing = self.follow(checkpoint).await?;
        let given = checkpoint.checkpoint().size;
        if given >= asked.size || self.stale() == Stale::Accept {
            return Ok(standing);
        }
        Err(LookupError::Stale { given: given.get(), seen: asked.size.get() })
    }
}

/// Returns the seal that an answer ends on, with what shows that the log has it.
fn stated(answer: &StateAnswer) -> Stated {
    let proof: Vec<Hash> = answer.seal.proof.iter().map(|hash| hash.0).collect();
    let leaf = ProvedLeaf::new(answer.seal.entry.as_bytes(), answer.seal.index, &proof);
    Stated { checkpoint: answer.checkpoint.clone(), leaf }
}

/// Returns a record that was proved, present or absent. One that nothing was proved about is an error.
pub(crate) fn record<T: Serialize + DeserializeOwned>(
    shown: &Shown,
    key: &RecordKey,
) -> Result<Option<T>, LookupError> {
    Ok(shown.read(key)?)
}

/// Returns a record that must be there, because another that was proved speaks of it.
pub(crate) fn required<T: Serialize + DeserializeOwned>(shown: &Shown, key: &RecordKey) -> Result<T, LookupError> {
    record(shown, key)?.ok_or_else(|| {
        SecurityError::Contradiction(format!("the record {key} is absent, and another speaks of it")).into()
    })
}

/// Turns the refusal of an entry that is in the log into the error it is here.
pub(crate) fn refused(index: u64) -> impl Fn(Refusal) -> LookupError {
    move |refusal| {
        if refusal.needs_newer_software() {
            return LookupError::NeedsNewer(shown(&refusal.to_string()));
        }
        SecurityError::Proved(ProvedError::Refused { index, refusal }).into()
    }
}
