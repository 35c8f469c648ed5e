//! Signs the checkpoint of what the log holds, makes it binding before anybody sees it, and has it cosigned.
//!
//! With witnesses nothing is published that the policy's quorum has not cosigned: what the log holds beyond stays unseen, and
//! the same pending checkpoint is sent again until it has its quorum, also by the next process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use colophon_storage::reader::LogReader;
use colophon_storage::slots::{SlotError, Slots};
use colophon_tlog::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::TreeSize;
use tracing::{debug, info, warn};

use crate::keyring::{Keyring, lies_ready};
use crate::witness_standing::WitnessStanding;
use crate::witnesses::{Enough, Round, RoundError, Witnesses, WitnessesError};

/// How long after a round without a quorum the next one begins; twice as long after each further one, up to the longest.
const RETRY_AFTER: Duration = Duration::from_millis(250);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(5);
/// How long a wait goes on before it is looked whether the register is stopping.
const STOP_CHECK: Duration = Duration::from_millis(50);
/// How long after a republication that got no fresh quorum the next is tried.
const REFRESH_AGAIN: Duration = Duration::from_secs(10);

/// Why a checkpoint was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It cannot be signed.
    #[error(transparent)]
    Sign(#[from] CheckpointError),
    /// It cannot be written down.
    #[error(transparent)]
    Slots(#[from] SlotError),
    /// The witnesses cannot be asked as the policy wants it.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// A witness knows what is not here, or the log cannot be read.
    #[error(transparent)]
    Round(#[from] RoundError),
    /// The register stops while a checkpoint waits for its quorum. It stays pending, and the next start sends it again.
    #[error("stopped while the checkpoint over {0} entries waits for its witnesses; the next start sends it again")]
    Stopped(TreeSize),
}

/// How it stands with publishing, for those who watch.
#[derive(Debug, Default)]
pub struct Standing {
    held: AtomicBool,
    stopping: AtomicBool,
    cosigned_s: AtomicU64,
    witnesses: Mutex<Vec<WitnessStanding>>,
}

impl Standing {
    /// Returns whether entries are committed that cannot be published for lack of a quorum.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Returns when the quorum of the published checkpoint cosigned it last, in seconds since 1970; 0 without witnesses.
    pub fn cosigned_s(&self) -> u64 {
        self.cosigned_s.load(Ordering::Relaxed)
    }

    /// Returns how it stands with each witness that is asked; there are at most [`crate::witnesses::WITNESSES_MAX`].
    pub fn witnesses(&self) -> Vec<WitnessStanding> {
        self.witnesses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, witnesses: &Witnesses) {
        *self.witnesses.lock().unwrap_or_else(PoisonError::into_inner) = witnesses.standing();
    }

    /// Notes whether entries are committed and not published.
    pub(crate) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// Lets no publication wait any longer.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// The log's keys, the slots that its checkpoints stand in, and the witnesses.
#[derive(Debug)]
pub struct Publisher {
    keyring: Keyring,
    slots: Slots,
    standing: Arc<Standing>,
    witnessing: Option<Witnessing>,
}

/// What tells whether the log can go on with another key, for whoever takes entries.
#[derive(Debug, Clone)]
pub struct Ready {
    dir: PathBuf,
    /// The keys that the policy names by which witnesses are asked, if any are.
    named: Option<Vec<VerifierKey>>,
}

impl Ready {
    /// Tells whether the log can go on with this key: it lies ready, and the policy by which witnesses are asked names it.
    pub fn is_for(&self, key: &VerifierKey) -> bool {
        let is_named = self.named.as_ref().is_none_or(|named| named.contains(key));
        let lies_ready = lies_ready(&self.dir, key);
        if lies_ready && !is_named {
            warn!("The log's new key is not taken: the policy of the witnesses does not name it: {key}");
        }
        is_named && lies_ready
    }
}

/// What publishing with witnesses needs.
#[derive(Debug)]
struct Witnessing {
    witnesses: Witnesses,
    log: LogReader,
    /// How old the cosignatures of a checkpoint may get.
    interval: Duration,
    refresh_at: Instant,
}

impl Publisher {
    /// Returns the publisher of a log that asks no witnesses.
    pub fn new(keyring: Keyring, slots: Slots) -> Publisher {
        Publisher { keyring, slots, standing: Arc::default(), witnessing: None }
    }

    /// Returns the log's keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns what tells whether the log can go on with another key.
    pub fn ready(&self) -> Ready {
        let named = self.witnessing.as_ref().map(|witnessing| witnessing.witnesses.log_keys());
        Ready { dir: self.keyring.dir().to_owned(), named }
    }

    /// Signs with this key from now on, if it lies ready, and tells whether it does.
    #[must_use]
    pub fn turn_to(&mut self, key: &VerifierKey) -> bool {
        let turned = self.keyring.turn_to(key);
        if let Some(witnessing) = self.witnessing.as_mut().filter(|_| turned) {
            witnessing.witnesses.turn_to(key);
        }
        turned
    }

    /// Returns the publisher that has every checkpoint cosigned before it is seen, and anew once its cosignatures are older
    /// than `interval`.
    #[must_use]
    pub fn with_witnesses(mut self, witnesses: Witnesses, log: LogReader, interval: Duration) -> Publisher {
        let refresh_at = Instant::now() + interval;
        self.standing.tell(&witnesses);
        self.witnessing = Some(Witnessing { witnesses, log, interval, refresh_at });
        self
    }

    /// Returns what others see of its work.
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Returns the checkpoint to begin with, for a log that durably holds `size` entries with this root.
    ///
    /// Before anything is signed, the witnesses are asked what they know. What was published before stays published,
    /// whatever they answer; what was not waits for its quorum.
    pub fn begin(&mut self, size: TreeSize, root: Hash) -> Result<String, PublishError> {
        let begun = self.begin_at(size, root)?;
        self.standing.hold(false);
        Ok(begun)
    }

    fn begin_at(&mut self, size: TreeSize, root: Hash) -> Result<String, PublishError> {
        let published = self.slots.newest().published.clone();
        let Some(witnessing) = &mut self.witnessing else { return self.publish(size, root) };
        witnessing.witnesses.check(&witnessing.log)?;
        let Some(published) = published else { return self.publish(size, root) };
        // One by the key before this one is of a smaller log.
        let Ok(published) = SignedCheckpoint::open(published.as_bytes(), &self.keyring.signer().verifier()) else {
            return self.publish(size, root);
        };
        // Also where there is more to publish: a witness that shows nothing says what it knows when it is asked to cosign.
        let round = witnessing.witnesses.round(&published, &witnessing.log, Enough::All)?;
        self.standing.tell(&witnessing.witnesses);
        if (published.checkpoint().size, published.checkpoint().root) != (size, root) {
            return self.publish(size, root);
        }
        self.show(&round)
    }

    /// Returns the checkpoint to begin with where it is `published`, and the log holds more: that is yet to be handed over to be
    /// published. Witnesses are asked what they know, and are not waited for.
    pub fn begin_behind(&mut self, published: &str) -> Result<String, PublishError> {
        if let Some(Witnessing { witnesses, log, .. }) = &mut self.witnessing {
            witnesses.check(log)?;
            if let Ok(signed) = SignedCheckpoint::open(published.as_bytes(), &self.keyring.signer().verifier()) {
                self.standing.cosigned_s.store(witnesses.cosigned_s(&signed), Ordering::Relaxed);
            }
        }
        self.standing.hold(true);
        Ok(published.to_owned())
    }

    /// Returns the checkpoint of a log that durably holds `size` entries with this root. It binds once it is in a slot, and
    /// that is before any witness is asked. Signatures are deterministic: the same log always gets the same bytes.
    ///
    /// Without witnesses it is pending and published at once; with them this returns when there is a quorum.
    pub fn publish(&mut self, size: TreeSize, root: Hash) -> Result<String, PublishError> {
        let signer = self.keyring.signer();
        let origin = signer.verifier().name().to_owned();
        let signed = Checkpoint { origin, size, root }.sign(signer)?;
        let note = signed.to_string();
        if self.witnessing.is_none() {
            self.slots.write(Some(&note), Some(&note))?;
            return Ok(note);
        }
        let published = self.slots.newest().published.clone();
        self.slots.write(Some(&note), published.as_deref())?;
        let round = self.wait_for_quorum(signed)?;
        self.show(&round)
    }

    /// Returns when [`Publisher::refresh`] is due, if ever.
    pub fn refresh_at(&self) -> Option<Instant> {
        self.witnessing.as_ref().map(|witnessing| witnessing.refresh_at)
    }

    /// Has the published checkpoint cosigned anew, and returns it if any line is new. The log's line stays as it is.
    pub fn refresh(&mut self) -> Result<Option<String>, PublishError> {
        let Some(witnessing) = &mut self.witnessing else { return Ok(None) };
        let Some(published) = &self.slots.newest().published else { return Ok(None) };
        let published = SignedCheckpoint::open(published.as_bytes(), &self.keyring.signer().verifier())?;
        let round = witnessing.witnesses.round(&published, &witnessing.log, Enough::All)?;
        self.standing.tell(&witnessing.witnesses);
        let size = published.checkpoint().size;
        debug!(tree.size = %size, "Asked the witnesses anew; a quorum cosigned: {}", round.fresh);
        let is_new = round.signed != published;
        let shown = self.show(&round)?;
        Ok(is_new.then_some(shown))
    }

    /// Asks the witnesses until a quorum has cosigned, or the register stops.
    fn wait_for_quorum(&mut self, signed: SignedCheckpoint) -> Result<Round, PublishError> {
        let Some(Witnessing { witnesses, log, .. }) = &mut self.witnessing else {
            return Ok(Round { signed, quorum_met: true, fresh: false });
        };
        let size = signed.checkpoint().size;
        let (mut signed, mut pause, mut told) = (signed, RETRY_AFTER, false);
        loop {
            let round = witnesses.round(&signed, log, Enough::Quorum)?;
            self.standing.tell(witnesses);
            if round.quorum_met {
                if told {
                    info!(tree.size = %size, "The checkpoint over {size} entries has its quorum");
                }
                return Ok(round);
            }
            self.standing.hold(true);
            if !told {
                warn!(
                    tree.size = %size,
                    "The checkpoint over {size} entries lacks its quorum of cosignatures: nothing new is shown until it has it"
                );
                told = true;
            }
            signed = round.signed;
            let until = Instant::now() + pause;
            while Instant::now() < until {
                if self.standing.stopping.load(Ordering::Relaxed) {
                    return Err(PublishError::Stopped(size));
                }
                thread::sleep(STOP_CHECK);
            }
            pause = (pause * 2).min(RETRY_AFTER_MAX);
        }
    }

    /// Makes a checkpoint the published one.
    fn show(&mut self, round: &Round) -> Result<String, PublishError> {
        let note = round.signed.to_string();
        if self.slots.newest().published.as_deref() != Some(&note) {
            self.slots.write(Some(&note), Some(&note))?;
        }
        if let Some(witnessing) = &mut self.witnessing {
            let again = if round.fresh { witnessing.interval } else { REFRESH_AGAIN.min(witnessing.interval) };
            witnessing.refresh_at = Instant::now() + again;
            self.standing.cosigned_s.store(witnessing.witnesses.cosigned_s(&round.signed), Ordering::Relaxed);
        }
        Ok(note)
    }
}
