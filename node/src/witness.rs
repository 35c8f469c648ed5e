//! A witness of other logs: what it cosigned last of each, its keys, and the answers that it gives.
//!
//! What is asked is decided by [`colophon_tlog::witness::decide`]; here the decision is made under one lock a log with what
//! was cosigned last, and is on the disk before a cosignature leaves.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use colophon_storage::lock::{DirLock, LockError};
use colophon_storage::witnessed::{Witnessed, WitnessedError, origin_hash};
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::cosignature::{CosignedAt, Cosigner};
use colophon_tlog::note::{Note, SIGNATURES_MAX, SignatureLine, VerifierKey};
use colophon_tlog::policy::Policy;
use colophon_tlog::witness::{AddCheckpoint, Reply, WitnessRefusal, decide};
use tokio::sync::Notify;
use tracing::{error, warn};

use crate::clock::{Clock, written};
use crate::witness_keys::{WitnessKeyError, load};

/// How far the time of a seal may be ahead of a replaying witness's clock, in milliseconds.
pub const SEAL_AHEAD_MS_MAX: u64 = 5 * 60 * 1000;
/// How old a cosignature may get, in seconds, before whoever asks for the latest checkpoint gets a fresh one.
const STALE_SECONDS: u64 = 30 * 60;

/// Why a witness cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessStartError {
    /// Its folder is another process's.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Its keys cannot be read.
    #[error(transparent)]
    Key(#[from] WitnessKeyError),
    /// What it cosigned last cannot be read.
    #[error(transparent)]
    Witnessed(#[from] WitnessedError),
    /// The policy names no log.
    #[error("the policy names no log to witness: give it a line `log KEY` for each, with the log's verifier key")]
    NoLog,
    /// A log has the witness's name.
    #[error("{0:?} is the name of a log in the policy and of this witness: a witness needs a name of its own")]
    NameShared(String),
}

/// Why a witness that might cosign does not do so now.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The specification says no.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// A replaying witness has not come so far yet: the log may ask again.
    #[error("not replayed yet")]
    NotReplayed,
    /// A replaying witness found something else, or does not believe the time of the seal.
    #[error("what was replayed does not bear this out: {0}")]
    NotBorneOut(String),
    /// What was cosigned last cannot be read or written.
    #[error(transparent)]
    Witnessed(#[from] WitnessedError),
    /// What was cosigned last is none of this witness's notes.
    #[error("what was cosigned last cannot be understood")]
    Damaged,
    /// The clock shows no time after 1970 that a cosignature can have.
    #[error("this machine's clock shows no time that a cosignature can have")]
    Clock,
}

/// A witness: its keys, the logs that it witnesses, and what it cosigned last of each.
#[derive(Debug)]
pub struct Witness {
    cosigners: Vec<Cosigner>,
    logs: Vec<VerifierKey>,
    witnessed: Witnessed,
    clock: Clock,
    broken: AtomicBool,
    alarm: Notify,
    _lock: Option<DirLock>,
}

/// Where a witness keeps its keys and what it cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessDir {
    /// In a folder of its own, which nobody else may use.
    Own(PathBuf),
    /// In the folder of a register, which is locked already.
    OfRegister(PathBuf),
}

impl Witness {
    /// Opens the witness of the logs that `policy` names.
    pub fn open(dir: &WitnessDir, policy: &Policy, clock: Clock) -> Result<Witness, WitnessStartError> {
        let (path, lock): (&Path, _) = match dir {
            WitnessDir::Own(path) => (path, Some(DirLock::take(path)?)),
            WitnessDir::OfRegister(path) => (path, None),
        };
        let logs: Vec<VerifierKey> = policy.logs().iter().map(|log| log.key.clone()).collect();
        let cosigners = load(path)?;
        let origins: Vec<&str> = logs.iter().map(VerifierKey::name).collect();
        if origins.is_empty() {
            return Err(WitnessStartError::NoLog);
        }
        if let Some(cosigner) = cosigners.iter().find(|cosigner| origins.contains(&cosigner.verifier().name())) {
            return Err(WitnessStartError::NameShared(cosigner.verifier().name().to_owned()));
        }
        let witnessed = Witnessed::open(path, origins)?;
        Ok(Witness {
            cosigners,
            logs,
            witnessed,
            clock,
            broken: AtomicBool::new(false),
            alarm: Notify::new(),
            _lock: lock,
        })
    }

    /// Returns the verifier keys of its cosignatures.
    pub fn keys(&self) -> Vec<VerifierKey> {
        self.cosigners.iter().map(|cosigner| cosigner.verifier().clone()).collect()
    }

    /// Returns the keys of the logs that it witnesses.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// Returns whether nothing is known of the disk any more, so that the process must end.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Waits until the process must end. For one who waits.
    pub async fn broken(&self) {
        while !self.is_broken() {
            self.alarm.notified().await;
        }
    }

    /// Decides on a request, and cosigns. Durable when it returns.
    ///
    /// `vouch` is asked last, while nothing else is decided of this log: a plain witness says yes to everything that is
    /// consistent, a replaying one only to what it has replayed itself. It must not wait.
    pub fn add_checkpoint(
        &self,
        request: &AddCheckpoint,
        vouch: impl FnOnce(&Checkpoint) -> Result<(), WitnessError>,
    ) -> Result<Vec<SignatureLine>, WitnessError> {
        let origin = &request.checkpoint().origin;
        if !self.logs.iter().any(|key| key.name() == origin) {
            return Err(WitnessRefusal::UnknownLog(origin.clone()).into());
        }
        let updated = self.witnessed.update(origin, |last| {
            let last = last.map(read).transpose()?;
            let signed = decide(request, &self.logs, last.as_ref().map(|(checkpoint, _)| checkpoint))?;
            vouch(signed.checkpoint())?;
            let lines = self.cosign(&signed)?;
            let note = signed.with_lines(&lines).map_err(|_| WitnessError::Damaged)?.to_string();
            Ok((note, lines))
        });
        updated.inspect_err(|error| self.notice(error))
    }

    /// Returns the checkpoint that was cosigned last of the log whose origin has this hash, with the log's signature and a
    /// cosignature that is at most half an hour old. None if there is none.
    pub fn latest(&self, hash: &str) -> Result<Option<String>, WitnessError> {
        let Some(origin) = self.logs.iter().map(VerifierKey::name).find(|origin| origin_hash(origin) == hash) else {
            return Ok(None);
        };
        let Some(note) = self.witnessed.last(origin) else { return Ok(None) };
        let (checkpoint, parsed) = read(&note)?;
        let keys: Vec<VerifierKey> = self.logs.iter().filter(|key| key.name() == origin).cloned().collect();
        if SignedCheckpoint::of_verified_lines(&checkpoint, &parsed, &keys).is_err() {
            // The policy has given up the key that signed it.
            return Ok(None);
        }
        let oldest = parsed.signatures().iter().filter_map(|line| self.cosigned_at(line)).min();
        let now = self.now()?;
        if oldest.is_some_and(|at| at.seconds().saturating_add(STALE_SECONDS) >= now.seconds()) {
            return Ok(Some(note));
        }
        let refreshed = self.witnessed.update(origin, |last| {
            let (checkpoint, note) = read(last.ok_or(WitnessError::Damaged)?)?;
            let signed = SignedCheckpoint::of_verified_lines(&checkpoint, &note, &keys);
            let signed = signed.map_err(|_| WitnessError::Damaged)?;
            let note = signed.with_lines(&self.cosign(&signed)?).map_err(|_| WitnessError::Damaged)?.to_string();
            Ok((note.clone(), note))
        });
        refreshed.map(Some).inspect_err(|error| self.notice(error))
    }

    /// Answers the body of a request to cosign, as [`Witness::add_checkpoint`] decides.
    pub fn answer(&self, body: &[u8], vouch: impl FnOnce(&Checkpoint) -> Result<(), WitnessError>) -> WitnessAnswer {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return WitnessAnswer::Reply(Reply::malformed(&error)),
        };
        match self.add_checkpoint(&request, vouch) {
            Ok(lines) => WitnessAnswer::Reply(Reply::cosigned(&lines)),
            Err(WitnessError::Refused(refusal)) => WitnessAnswer::Reply(Reply::refused(&refusal)),
            Err(error) => WitnessAnswer::Held(error),
        }
    }

    /// Returns this witness's lines under a checkpoint.
    fn cosign(&self, signed: &SignedCheckpoint) -> Result<Vec<SignatureLine>, WitnessError> {
        let at = self.now()?;
        Ok(self.cosigners.iter().map(|cosigner| cosigner.cosign(signed, at)).collect())
    }

    fn now(&self) -> Result<CosignedAt, WitnessError> {
        CosignedAt::new(self.clock.now_ms() / 1000).ok_or(WitnessError::Clock)
    }

    /// Returns when a line was made, if it is this witness's own.
    fn cosigned_at(&self, line: &SignatureLine) -> Option<CosignedAt> {
        let own = |key: &VerifierKey| key.id() == line.key_id && key.name() == line.name;
        line.cosigned_at().filter(|_| self.cosigners.iter().any(|cosigner| own(cosigner.verifier())))
    }

    fn notice(&self, error: &WitnessError) {
        match error {
            WitnessError::Witnessed(fatal @ (WitnessedError::Fatal { .. } | WitnessedError::Damaged { .. })) => {
                if !self.broken.swap(true, Ordering::Relaxed) {
                    error!("The witness must stop: {fatal}");
                    self.alarm.notify_one();
                }
            }
            WitnessError::Witnessed(_) | WitnessError::Damaged | WitnessError::Clock => {
                warn!("The witness cannot cosign for now: {error}");
            }
            WitnessError::Refused(_) | WitnessError::NotReplayed | WitnessError::NotBorneOut(_) => {}
        }
    }
}

/// What a witness answers.
#[derive(Debug)]
pub enum WitnessAnswer {
    /// What the specification has for it.
    Reply(Reply),
    /// Nothing for now.
    Held(WitnessError),
}

impl WitnessError {
    /// Returns the status that says this to a log.
    pub fn status(&self) -> StatusCode {
        match self {
            WitnessError::Refused(refusal) => {
                StatusCode::from_u16(Reply::refused(refusal).status).unwrap_or(StatusCode::BAD_REQUEST)
            }
            WitnessError::NotBorneOut(_) => StatusCode::UNPROCESSABLE_ENTITY,
            WitnessError::NotReplayed => StatusCode::SERVICE_UNAVAILABLE,
            WitnessError::Witnessed(_) | WitnessError::Damaged | WitnessError::Clock => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

/// Says whether a replaying witness may believe the time of a seal: it refuses one that is more than five minutes ahead of
/// its clock.
pub fn check_seal_time(sealed_ms: u64, now_ms: u64) -> Result<(), WitnessError> {
    if sealed_ms <= now_ms.saturating_add(SEAL_AHEAD_MS_MAX) {
        return Ok(());
    }
    Err(WitnessError::NotBorneOut(format!("its seal is of {}, and here it is {}", written(sealed_ms), written(now_ms))))
}

fn read(note: &str) -> Result<(Checkpoint, Note), WitnessError> {
    let note = Note::parse(note.as_bytes(), SIGNATURES_MAX).map_err(|_| WitnessError::Damaged)?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|_| WitnessError::Damaged)?;
    Ok((checkpoint, note))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use colophon_tlog::hash::{Hash, empty_root, leaf_hash, node_hash};
    use colophon_tlog::key::SecretKey;
    use colophon_tlog::note::{Algorithm, Signer};
    use colophon_tlog::tree::TreeSize;

    use super::*;
    use crate::witness_keys::create;

    const ORIGIN: &str = "log.example/one";

    fn log() -> Signer {
        Signer::new(ORIGIN, SecretKey::from_seed([1; 32])).unwrap()
    }

    fn signed(size: u64, root: Hash) -> SignedCheckpoint {
        Checkpoint { origin: ORIGIN.into(), size: TreeSize::new(size).unwrap(), root }.sign(&log()).unwrap()
    }

    /// The trees of one and of two leaves, and of another two.
    fn trees() -> [SignedCheckpoint; 3] {
        let [one, two, other] = [b"1", b"2", b"3"].map(|leaf| leaf_hash(leaf));
        [signed(1, one), signed(2, node_hash(&one, &two)), signed(2, node_hash(&one, &other))]
    }

    fn request(old: u64, proof: &[Hash], signed: &SignedCheckpoint) -> AddCheckpoint {
        AddCheckpoint::new(TreeSize::new(old).unwrap(), proof.to_vec(), signed).unwrap()
    }

    struct Scene {
        dir: tempfile::TempDir,
        seconds: Arc<AtomicU64>,
    }

    impl Scene {
        fn new() -> Scene {
            let scene = Scene { dir: tempfile::tempdir().unwrap(), seconds: Arc::new(AtomicU64::new(1_000_000)) };
            let types = [Algorithm::CosignatureV1, Algorithm::SubtreeV1];
            create(scene.dir.path(), "witness.example", &types).unwrap();
            scene
        }

        fn witness(&self) -> Witness {
            let seconds = Arc::clone(&self.seconds);
            let clock = Clock::from_fn(move || seconds.load(Ordering::Relaxed) * 1000);
            let policy = Policy::of_log(&log().verifier()).unwrap();
            Witness::open(&WitnessDir::Own(self.dir.path().to_owned()), &policy, clock).unwrap()
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "who vouches may say no")]
    fn yes(_: &Checkpoint) -> Result<(), WitnessError> {
        Ok(())
    }

    #[test]
    fn it_goes_on_from_what_it_cosigned_last_also_after_a_restart() {
        let scene = Scene::new();
        let [one, two, other] = trees();
        let second = leaf_hash(b"2");
        let witness = scene.witness();
        let lines = witness.add_checkpoint(&request(0, &[], &one), yes).unwrap();
        let cosigned = one.with_lines(&lines).unwrap();
        assert_eq!(cosigned.note().verify(&witness.keys()).unwrap().len(), 2);
        let refused = witness.add_checkpoint(&request(0, &[], &two), yes);
        assert!(matches!(refused, Err(WitnessError::Refused(WitnessRefusal::Conflict(size))) if size.get() == 1));
        drop(witness);
        let witness = scene.witness();
        assert!(witness.add_checkpoint(&request(1, &[second], &two), yes).is_ok());
        let fork = witness.add_checkpoint(&request(2, &[], &other), yes);
        assert!(matches!(fork, Err(WitnessError::Refused(WitnessRefusal::Inconsistent(_)))), "{fork:?}");
    }

    #[test]
    fn whoever_does_not_vouch_leaves_no_trace() {
        let scene = Scene::new();
        let [one, ..] = trees();
        let witness = scene.witness();
        let held = witness.add_checkpoint(&request(0, &[], &one), |_| Err(WitnessError::NotReplayed));
        assert_eq!(held.unwrap_err().status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(matches!(witness.latest(&origin_hash(ORIGIN)), Ok(None)));
        assert!(witness.add_checkpoint(&request(0, &[], &one), yes).is_ok());
    }

    #[test]
    fn the_latest_checkpoint_is_cosigned_afresh_once_it_is_old() {
        let scene = Scene::new();
        let [one, ..] = trees();
        let witness = scene.witness();
        witness.add_checkpoint(&request(0, &[], &one), yes).unwrap();
        let first = witness.latest(&origin_hash(ORIGIN)).unwrap().unwrap();
        assert!(first.starts_with(&one.to_string()), "the log's line comes first");
        scene.seconds.fetch_add(STALE_SECONDS, Ordering::Relaxed);
        assert_eq!(witness.latest(&origin_hash(ORIGIN)).unwrap().as_ref(), Some(&first));
        scene.seconds.fetch_add(1, Ordering::Relaxed);
        let second = witness.latest(&origin_hash(ORIGIN)).unwrap().unwrap();
        assert_ne!(first, second);
        let note = Note::parse(second.as_bytes(), SIGNATURES_MAX).unwrap();
        assert_eq!((note.signatures().len(), note.verify(&witness.keys()).unwrap().len()), (3, 2));
        assert!(
            note.signatures()[1..]
                .iter()
                .all(|line| { line.cosigned_at().is_some_and(|at| at.seconds() == 1_000_000 + STALE_SECONDS + 1) })
        );
        assert!(matches!(witness.latest(&origin_hash("other")), Ok(None)));
    }

    #[test]
    fn forged_lines_under_its_own_name_are_never_given_out() {
        let scene = Scene::new();
        let witness = scene.witness();
        let [one, ..] = trees();
        let key = witness.keys()[0].clone();
        let forged = SignatureLine { name: key.name().into(), key_id: key.id(), signature: vec![9; 72] };
        let poisoned = one.with_lines(&[forged]).unwrap();
        let lines = witness.add_checkpoint(&request(0, &[], &poisoned), yes).unwrap();
        assert_eq!(one.with_lines(&lines).unwrap().note().verify(&witness.keys()).unwrap().len(), 2);
        let latest = witness.latest(&origin_hash(ORIGIN)).unwrap().unwrap();
        let note = Note::parse(latest.as_bytes(), SIGNATURES_MAX).unwrap();
        assert_eq!(note.verify(&witness.keys()).unwrap().len(), 2);
    }

    #[test]
    fn a_policy_must_name_logs_and_none_of_the_witness_s_name() {
        let scene = Scene::new();
        let open = |policy: &Policy| {
            Witness::open(&WitnessDir::Own(scene.dir.path().to_owned()), policy, Clock::standing_at(1)).unwrap_err()
        };
        assert!(matches!(open(&Policy::parse(b"quorum none\n").unwrap()), WitnessStartError::NoLog));
        let namesake = Signer::new("witness.example", SecretKey::from_seed([1; 32])).unwrap();
        let policy = Policy::of_log(&namesake.verifier()).unwrap();
        assert!(matches!(open(&policy), WitnessStartError::NameShared(_)));
        let witness = scene.witness();
        assert!(matches!(open(&Policy::of_log(&log().verifier()).unwrap()), WitnessStartError::Lock(_)));
        drop(witness);
    }

    #[test]
    fn a_clock_before_1970_cosigns_nothing() {
        let scene = Scene::new();
        scene.seconds.store(0, Ordering::Relaxed);
        let witness = scene.witness();
        let held = witness.add_checkpoint(&request(0, &[], &signed(0, empty_root())), yes);
        assert!(matches!(held, Err(WitnessError::Clock)), "{held:?}");
        assert!(matches!(witness.latest(&origin_hash(ORIGIN)), Ok(None)));
    }

    #[test]
    fn seals_may_be_five_minutes_ahead_and_no_more() {
        assert!(check_seal_time(1_000 + SEAL_AHEAD_MS_MAX, 1_000).is_ok());
        let refused = check_seal_time(1_001 + SEAL_AHEAD_MS_MAX, 1_000).unwrap_err();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
