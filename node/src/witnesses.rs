//! The witnesses of this register: who they are, what each is known to have cosigned, and how they are asked.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use colophon_client::cosign::{CosignError, WitnessClient};
use colophon_client::http::{AddressError, Patience};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::cosignature::CosignedAt;
use colophon_tlog::note::{NoteError, SignatureLine, VerifierKey};
use colophon_tlog::policy::{POLICY_BYTES_MAX, Policy, PolicyError, Word};
use colophon_tlog::tree::TreeSize;
use colophon_tlog::witness::{AddCheckpoint, AddCheckpointError};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::witness_standing::{LastAnswer, WitnessStanding};

/// The most witnesses that are asked: their lines and those of the checkpoint before fit a slot.
pub const WITNESSES_MAX: usize = 32;
/// How often a witness is asked in one round: it may first have to say what it cosigned last.
const ASKED_MAX: usize = 3;

/// Why a policy's witnesses cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// The policy cannot be read.
    #[error("the policy {path:?} cannot be read: {error}")]
    Read {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// It is no policy.
    #[error("{path:?}: {error}")]
    Policy {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: PolicyError,
    },
    /// It accepts other logs alone.
    #[error("the policy accepts no log with the key {0}: add a line `log` with this register's verifier key")]
    OtherLog(String),
    /// A witness's address is none.
    #[error("the witness {name:?}: {error}")]
    Address {
        /// What the policy calls it.
        name: Word,
        /// What is wrong with its address.
        #[source]
        error: AddressError,
    },
    /// Even if all that have an address cosign, it is no quorum.
    #[error(
        "the witnesses that have an address in the policy are no quorum, even all together: give more of them theirs"
    )]
    NoQuorum,
    /// More than are asked.
    #[error("the policy has {0} witnesses with an address; at most {WITNESSES_MAX} are asked")]
    TooMany(usize),
    /// The system gives no means to ask.
    #[error("no witness can be asked: {0}")]
    Runtime(#[source] std::io::Error),
}

/// A witness has cosigned what this register does not have: it must sign nothing more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Foreseen {
    /// More than there is here.
    #[error(
        "the witness {witness} has cosigned {theirs} entries of this log, and it holds {ours}: this is an old copy, or another node \
         serves the same register. Nothing is signed. Stop every other node of this register and put back the newest copy of it, \
         or copy it from a follower; docs/operating.md, \"Backup\", has the steps. Only if you know that the witness is \
         wrong, take it out of the policy"
    )]
    Future {
        /// The witness.
        witness: String,
        /// The size it cosigned.
        theirs: TreeSize,
        /// The size here.
        ours: TreeSize,
    },
    /// Another tree.
    #[error(
        "the witness {witness} shows a checkpoint over {size} entries with this log's signature and another root than they have \
         here: two histories were signed. Nothing more is signed. Stop every other node of this register, keep both copies, and \
         put back the one that people were shown; docs/operating.md, \"Backup\", has the steps"
    )]
    Fork {
        /// The witness.
        witness: String,
        /// The size at which they differ.
        size: TreeSize,
    },
}

/// Why a round brought nothing that could be used.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// A witness knows what is not here.
    #[error(transparent)]
    Foreseen(#[from] Foreseen),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The lines do not fit a note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// When a round ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enough {
    /// As soon as there is a quorum.
    Quorum,
    /// When each has answered, or had its time.
    All,
}

/// What a round brought.
#[derive(Debug)]
pub struct Round {
    /// The checkpoint with the lines that came.
    pub signed: SignedCheckpoint,
    /// Whether it has a quorum, those lines counted that it had before.
    pub quorum_met: bool,
    /// Whether a quorum cosigned it in this round.
    pub fresh: bool,
}

/// Those who are to cosign this register's checkpoints.
#[derive(Debug)]
pub struct Witnesses {
    policy: Policy,
    log_key: VerifierKey,
    asked: Vec<Asked>,
    runtime: Runtime,
}

/// One witness and what is known of it.
#[derive(Debug)]
struct Asked {
    client: Arc<WitnessClient>,
    /// The size it cosigned last, once it has said so.
    known: Option<TreeSize>,
    /// Whether it failed when it was asked last.
    failing: bool,
    /// What others see of it.
    standing: WitnessStanding,
}

/// Why one witness did not cosign.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error(transparent)]
    Cosign(#[from] CosignError),
    #[error(transparent)]
    Request(#[from] AddCheckpointError),
    #[error(transparent)]
    Round(#[from] RoundError),
    #[error("it has gone on to {0} entries")]
    GoneOn(TreeSize),
    #[error("it names one size after the other")]
    Wavering,
}

impl Witnesses {
    /// Reads the policy of the register whose log has this key. Each witness has `timeout` for each answer.
    pub fn read(path: &Path, log_key: &VerifierKey, timeout: Duration) -> Result<Witnesses, WitnessesError> {
        let policy = read_policy(path)?;
        Witnesses::new(policy, log_key, timeout)
    }

    /// Returns the witnesses of a policy.
    pub fn new(policy: Policy, log_key: &VerifierKey, timeout: Duration) -> Result<Witnesses, WitnessesError> {
        if !policy.logs().iter().any(|log| log.key == *log_key) {
            return Err(WitnessesError::OtherLog(log_key.to_string()));
        }
        let patience = Patience { connect: timeout, read: timeout, total: timeout, attempts: 1, ..Patience::default() };
        let mut asked: Vec<Asked> = Vec::new();
        let mut reached = Vec::new();
        for witness in policy.witnesses() {
            let Some(address) = witness.url.as_ref().map(ToString::to_string) else { continue };
            reached.push(witness);
            // One witness may have keys of both types, each with a line of its own.
            let same =
                |other: &&mut Asked| other.client.address().trim_end_matches('/') == address.trim_end_matches('/');
            if let Some(same) = asked.iter_mut().find(same) {
                same.client = Arc::new(same.client.with_key(witness.key.clone()));
                continue;
            }
            let client = WitnessClient::new(&address, vec![witness.key.clone()], patience.clone())
                .map_err(|error| WitnessesError::Address { name: witness.name.clone(), error })?;
            let standing = WitnessStanding::unasked(witness.name.to_string());
            asked.push(Asked { client: Arc::new(client), known: None, failing: false, standing });
        }
        if asked.len() > WITNESSES_MAX {
            return Err(WitnessesError::TooMany(asked.len()));
        }
        if !policy.is_met_by(&reached) {
            return Err(WitnessesError::NoQuorum);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Witnesses { policy, log_key: log_key.clone(), asked, runtime: runtime.map_err(WitnessesError::Runtime)? })
    }

    /// Returns how it stands with each of them.
    pub fn standing(&self) -> Vec<WitnessStanding> {
        self.asked.iter().map(|asked| asked.standing.clone()).collect()
    }

    /// Returns the keys of logs that the policy names.
    pub fn log_keys(&self) -> Vec<VerifierKey> {
        self.policy.logs().iter().map(|log| log.key.clone()).collect()
    }

    /// Asks about checkpoints by another key of the log from now on, which the policy names.
    pub fn turn_to(&mut self, key: &VerifierKey) {
        self.log_key = key.clone();
    }

    /// Asks each witness to show what it cosigned last, and holds that against the log. Those that do not answer are passed over.
    pub fn check(&mut self, log: &LogReader) -> Result<(), RoundError> {
        let (key, asked) = (self.log_key.clone(), &self.asked);
        let shown = blocking(&self.runtime, async {
            let mut looks = JoinSet::new();
            for (place, asked) in asked.iter().enumerate() {
                let (client, key) = (Arc::clone(&asked.client), key.clone());
                looks.spawn(async move { (place, client.latest(&key).await) });
            }
            looks.join_all().await
        });
        for (place, latest) in shown {
            if let Ok(Some(latest)) = latest {
                compare(&self.asked[place].standing.name, &latest, log)?;
            }
        }
        Ok(())
    }

    /// Asks all witnesses at once to cosign, and adds their lines to those that the checkpoint has.
    ///
    /// Its signature binds already: it stands in a slot. With no witnesses to ask, a policy that asks for none is met.
    pub fn round(&mut self, signed: &SignedCheckpoint, log: &LogReader, enough: Enough) -> Result<Round, RoundError> {
        let key = &self.log_key;
        let plain = SignedCheckpoint::of_verified_lines(signed.checkpoint(), signed.note(), std::slice::from_ref(key))?;
        let asking = Asking { key, plain: &plain, log };
        let will_do = |lines: &[SignatureLine]| enough == Enough::Quorum && self.has_quorum(&plain, lines);
        let answers = blocking(&self.runtime, gather(&self.asked, asking, will_do));
        let mut lines = Vec::new();
        for (place, answer) in answers {
            let asked = &mut self.asked[place];
            match answer {
                Ok(given) => {
                    asked.cosigned(plain.checkpoint().size, &given);
                    lines.extend(given);
                }
                Err(Silence::Round(error)) => return Err(error),
                Err(Silence::GoneOn(theirs)) => asked.gone_on(theirs),
                Err(silence) => asked.failed(&silence),
            }
        }
        let merged = signed.with_lines(&lines)?;
        let quorum_met = self.has_quorum(&plain, merged.note().signatures());
        Ok(Round { fresh: self.has_quorum(&plain, &lines), signed: merged, quorum_met })
    }

    /// Returns since when a quorum's cosignatures stand under a checkpoint, in seconds since 1970; 0 where there is none.
    pub fn cosigned_s(&self, signed: &SignedCheckpoint) -> u64 {
        let Ok(judged) = self.policy.judge(signed.to_string().as_bytes()) else { return 0 };
        let mut cosigned = judged.witnesses;
        cosigned.sort_by_key(|by| std::cmp::Reverse(by.at));
        let enough = (1..=cosigned.len())
            .find(|count| self.policy.is_met_by(&cosigned[..*count].iter().map(|by| by.witness).collect::<Vec<_>>()));
        enough.map_or(0, |count| cosigned[count - 1].at.seconds())
    }

    fn has_quorum(&self, plain: &SignedCheckpoint, lines: &[SignatureLine]) -> bool {
        let with_them = plain.with_lines(lines).map(|signed| signed.to_string()).unwrap_or_default();
        self.policy.judge(with_them.as_bytes()).is_ok_and(|judged| judged.quorum_met)
    }
}

impl Asked {
    fn cosigned(&mut self, size: TreeSize, lines: &[SignatureLine]) {
        let at = lines.iter().filter_map(SignatureLine::cosigned_at).map(CosignedAt::seconds).max();
        self.standing.size = size.get();
        self.standing.cosigned_s = at.unwrap_or(self.standing.cosigned_s);
        self.knows(size, LastAnswer::Cosigned);
    }

    fn gone_on(&mut self, theirs: TreeSize) {
        self.knows(theirs, LastAnswer::Ahead);
    }

    fn knows(&mut self, size: TreeSize, answer: LastAnswer) {
        if self.failing {
            info!("The witness {} cosigns again", self.standing.name);
        }
        (self.known, self.failing, self.standing.answer) = (Some(size), false, Some(answer));
    }

    fn failed(&mut self, silence: &Silence) {
        // Told once, and again where it is something else.
        if !self.failing || self.standing.answer != Some(silence.class()) {
            warn!("The witness {} does not cosign: {silence}", self.standing.name);
        }
        // Next time it is asked what it cosigned last.
        (self.known, self.failing, self.standing.answer) = (None, true, Some(silence.class()));
    }
}

impl Silence {
    fn class(&self) -> LastAnswer {
        match self {
            Silence::Cosign(error) => error.into(),
            Silence::GoneOn(_) => LastAnswer::Ahead,
            Silence::Wavering => LastAnswer::Conflict,
            Silence::Request(_) | Silence::Round(_) => LastAnswer::Wrong,
        }
    }
}

/// What witnesses are asked about.
#[derive(Clone, Copy)]
struct Asking<'a> {
    key: &'a VerifierKey,
    /// The checkpoint with the log's line alone.
    plain: &'a SignedCheckpoint,
    log: &'a LogReader,
}

/// Asks all at once, until `will_do` says so of the lines that have come.
async fn gather(
    witnesses: &[Asked],
    asking: Asking<'_>,
    will_do: impl Fn(&[SignatureLine]) -> bool,
) -> Vec<(usize, Result<Vec<SignatureLine>, Silence>)> {
    let mut under_way = JoinSet::new();
    for (place, Asked { standing, client, known, .. }) in witnesses.iter().enumerate() {
        let (name, client, known) = (standing.name.clone(), Arc::clone(client), *known);
        let (key, plain, log) = (asking.key.clone(), asking.plain.clone(), asking.log.clone());
        under_way.spawn(async move {
            let asking = Asking { key: &key, plain: &plain, log: &log };
            (place, ask(&name, &client, known, asking).await)
        });
    }
    let (mut answers, mut lines) = (Vec::new(), Vec::new());
    while let Some(answered) = under_way.join_next().await {
        let Ok((place, answer)) = answered else { continue };
        lines.extend(answer.iter().flatten().cloned());
        answers.push((place, answer));
        if will_do(&lines) {
            break;
        }
    }
    answers
}

/// Asks one witness, again if it says what it cosigned last.
async fn ask(
    name: &str,
    client: &WitnessClient,
    known: Option<TreeSize>,
    Asking { key, plain, log }: Asking<'_>,
) -> Result<Vec<SignatureLine>, Silence> {
    let ours = plain.checkpoint().size;
    let mut old = known.filter(|known| *known <= ours).unwrap_or(TreeSize::ZERO);
    for _ in 0..ASKED_MAX {
        let proof = log.consistency(old, ours).map_err(RoundError::from)?;
        match client.cosign(&AddCheckpoint::new(old, proof, plain)?, plain).await {
            Ok(lines) => return Ok(lines),
            Err(CosignError::Conflict(theirs)) if theirs > log.size() => {
                let ours = log.size();
                return Err(RoundError::from(Foreseen::Future { witness: name.to_owned(), theirs, ours }).into());
            }
            // It has cosigned what is pending here, before this process or in a round that came to no quorum.
            Err(CosignError::Conflict(theirs)) if theirs > ours => return Err(Silence::GoneOn(theirs)),
            Err(CosignError::Conflict(theirs)) => old = theirs,
            Err(error @ CosignError::Inconsistent(_)) => {
                // It may be wrong, or this log: what it shows with this log's signature decides.
                if let Ok(Some(latest)) = client.latest(key).await {
                    compare(name, &latest, log)?;
                }
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Silence::Wavering)
}

/// Holds what a witness shows, which this log's key has signed, against the log.
fn compare(witness: &str, latest: &SignedCheckpoint, log: &LogReader) -> Result<(), RoundError> {
    let (theirs, ours) = (latest.checkpoint().size, log.size());
    if theirs > ours {
        return Err(Foreseen::Future { witness: witness.to_owned(), theirs, ours }.into());
    }
    if log.root(theirs)? != latest.checkpoint().root {
        return Err(Foreseen::Fork { witness: witness.to_owned(), size: theirs }.into());
    }
    Ok(())
}

/// Runs what waits for the network on a thread that waits for nothing else: whoever calls may be within a runtime.
fn blocking<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| {
        let ran = scope.spawn(|| runtime.block_on(work)).join();
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads a policy file.
pub fn read_policy(path: &Path) -> Result<Policy, WitnessesError> {
    let failed = |error| WitnessesError::Read { path: path.to_owned(), error };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > POLICY_BYTES_MAX as u64 {
        let error = PolicyError::TooLarge(usize::try_from(length).unwrap_or(usize::MAX));
        return Err(WitnessesError::Policy { path: path.to_owned(), error });
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    Policy::parse(&bytes).map_err(|error| WitnessesError::Policy { path: path.to_owned(), error })
}
