//! Follows a register: keeps a verified copy of it, and serves that to everybody.
//!
//! Nothing that the register shows is believed. Each checkpoint's signature, the policy's quorum, that the log only grew, every
//! tile and entry, every signature and rule and every seal's state root are checked, and only then the same checkpoint is shown.

mod advance;
mod ahead;
pub mod copy;
mod follower;
pub mod following;
pub mod forward;
mod open;
mod progress;
mod serving;
pub mod source;
mod trouble;
pub(crate) mod vouch;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use colophon_client::failure::Failure as _;
use colophon_client::http::{AddressError, Patience, Transport};
use colophon_client::pinned::Pinned;
use colophon_client::register::{FirstUse, FirstUseError, first_use};
use colophon_client::security::SecurityError;
use colophon_ledger::replay::read_genesis;
use colophon_storage::cards::Cards;
use colophon_storage::view::View;
use colophon_storage::view::engine::EngineKind;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::policy::Policy;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::connections::Limits;
use crate::follow::advance::{Step, Writer};
use crate::follow::copy::CopyError;
use crate::follow::follower::BACKOFF_MAX;
use crate::follow::following::Standing;
use crate::follow::progress::Progress;
use crate::follow::source::{EVIDENCE_DIR, Shown, Source};
use crate::follow::trouble::Trouble;
use crate::open::{StartError, open_cards};
use crate::sequencer::Fatal;
use crate::serve::ServeError;
use crate::witness::WitnessStartError;

pub use serving::follow;

/// How many entries a copy that serves takes in one step, all of whose changes are in memory until they are shown at once.
pub const STEP_ENTRIES_MAX: u64 = 100_000;

/// How a copy is kept.
#[derive(Debug, Clone)]
pub struct FollowConfig {
    /// The register's address.
    pub address: String,
    /// The copy's folder. All of it can be fetched again.
    pub dir: PathBuf,
    /// The keys of the register's log: the one that it has, and those that it had or will have.
    pub logs: Vec<VerifierKey>,
    /// Whose cosignatures a checkpoint must carry. None: the log's own signature will do.
    pub policy: Option<Policy>,
    /// The time between two looks at the register.
    pub poll: Duration,
    /// The engine that keeps the tables. If none is named: the one that does already, else the default.
    pub engine: Option<EngineKind>,
    /// The time, for what is forwarded.
    pub clock: Clock,
    /// How many connections there may be.
    pub limits: Limits,
    /// How many entries it takes in one step while it serves: [`STEP_ENTRIES_MAX`]. If there are more, it is opened again.
    pub step_entries_max: u64,
    /// The folder of a witness's keys, if the copy cosigns what it has replayed. The keys are for nothing else.
    pub witness: Option<PathBuf>,
}

/// Why following came to an end.
#[derive(Debug, thiserror::Error)]
pub enum FollowEnd {
    /// The directory cannot be that of a copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The copy's files cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The address cannot be that of a register.
    #[error("{error}; {cure}", error = .0, cure = .0.cure())]
    Address(#[from] AddressError),
    /// The register cannot be met.
    #[error("{error}; {cure}", error = .0, cure = .0.cure())]
    FirstUse(#[from] FirstUseError),
    /// The policy does not trust the log.
    #[error("the policy does not name the log {0}: add a line `log {0}` to it")]
    Policy(String),
    /// The register was caught before there was anything to serve.
    #[error("the register cannot be copied: {0}")]
    Unsound(Standing),
    /// The address to serve at cannot be had.
    #[error("{listen} cannot be listened on: {error}")]
    Listen {
        /// The address.
        listen: std::net::SocketAddr,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The witness cannot be opened.
    #[error(transparent)]
    Witness(#[from] WitnessStartError),
    /// Serving came to an end.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The code that follows broke down.
    #[error("the follower broke down")]
    BrokeDown,
}

impl FollowConfig {
    /// Returns every key of the log that is trusted: those given, and those of its name in the policy.
    fn keys(&self) -> Vec<VerifierKey> {
        let mut keys = self.logs.clone();
        let named = self.policy.iter().flat_map(Policy::logs).map(|log| &log.key);
        let more = named.filter(|key| self.logs.iter().any(|given| given.name() == key.name() && given != *key));
        for key in more {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }
}

impl FollowEnd {
    /// Returns whether the copy will be sound when it is started again.
    pub fn is_fatal(&self) -> bool {
        matches!(self, FollowEnd::Serve(ServeError::Fatal(_) | ServeError::Witness) | FollowEnd::BrokeDown)
    }
}

/// A copy that is open and has something to serve.
#[derive(Debug)]
struct Ready {
    source: Source,
    writer: Writer,
    view: View,
    cards: Cards,
    standing: Standing,
}

/// Opens the copy, begins it if there is none, and brings it so far that it can be served and follow step by step.
async fn prepare(config: &FollowConfig) -> Result<Ready, FollowEnd> {
    let transport = Transport::new(&config.address, Patience { attempts: 2, ..Patience::default() })?;
    if let Some(policy) = &config.policy
        && let Some(unnamed) = config.logs.iter().find(|given| policy.logs().iter().all(|log| log.key != **given))
    {
        return Err(FollowEnd::Policy(unnamed.to_string()));
    }
    let keys = config.keys();
    let pinned = match copy::find(&config.dir, &keys)? {
        Some(pinned) => pinned,
        None => meet(&transport, config, &keys).await?,
    };
    let evidence = config.dir.join(EVIDENCE_DIR);
    let (rules, _) = read_genesis(pinned.genesis().as_bytes()).map_err(StartError::from)?;
    let (policy, dir) = (config.policy.clone(), config.dir.clone());
    let (points, step_entries_max) = (Arc::default(), config.step_entries_max);
    let source = Source { transport, pinned, rules, keys, policy, dir, evidence, points, step_entries_max };
    let (config, runtime) = (config.clone(), Handle::current());
    // Gone with this future, and what is done for it ends.
    let (wanted, stop) = watch::channel(false);
    let ready = spawn_blocking(move || get_ready(&config, source, &runtime, &stop)).await;
    drop(wanted);
    ready.unwrap_or(Err(FollowEnd::BrokeDown))
}

/// Meets the register for the first time, by whichever of its keys it has now, and begins the copy.
async fn meet(transport: &Transport, config: &FollowConfig, keys: &[VerifierKey]) -> Result<Pinned, FollowEnd> {
    let mut pause = config.poll;
    loop {
        match first_use_by(transport, keys).await {
            Ok(first) => {
                copy::begin(&config.dir, &first.pinned)?;
                return Ok(first.pinned);
            }
            Err(error) if error.class() != colophon_client::failure::Class::Fault => return Err(error.into()),
            Err(error) => warn!("The register cannot be followed for now: {error}"),
        }
        pause = pause.saturating_mul(2).min(BACKOFF_MAX);
        tokio::time::sleep(pause).await;
    }
}

/// Meets the register by the first of these keys that it can be met by; else says what was wrong by the first of all.
async fn first_use_by(transport: &Transport, keys: &[VerifierKey]) -> Result<FirstUse, FirstUseError> {
    let met = first_use(transport, keys.first()).await;
    for key in keys.iter().skip(1) {
        if !matches!(met, Err(FirstUseError::Security(SecurityError::Checkpoint(_)))) {
            break;
        }
        if let Ok(met) = first_use(transport, Some(key)).await {
            return Ok(met);
        }
    }
    met
}

/// Opens the copy. What it lacks is fetched first if there is nothing to serve yet, or if it is more than a step.
fn get_ready(
    config: &FollowConfig,
    source: Source,
    runtime: &Handle,
    stop: &watch::Receiver<bool>,
) -> Result<Ready, FollowEnd> {
    copy::make_log(&config.dir)?;
    let (mut writer, mut view) = open::open(&source, config.engine)?;
    let cards = open_cards(&config.dir)?;
    let mut pause = config.poll;
    loop {
        let step = Step { source: &source, runtime, stop };
        let standing = match fill(&mut writer, &step, &view) {
            Ok(()) => Standing::Well,
            Err(Trouble::Fatal(fatal)) => return Err(ServeError::Fatal(fatal).into()),
            // Whoever waited is gone.
            Err(Trouble::Stopped) => return Err(FollowEnd::BrokeDown),
            Err(Trouble::Reopen(why)) => Standing::Away(why),
            Err(trouble) => trouble.standing().unwrap_or(Standing::Well),
        };
        let served = writer.published.as_ref().map(|published| published.checkpoint().size);
        match served {
            Some(served) if writer.log.size() != served => {
                // What was fetched beyond belongs to a log that is not the register's.
                drop((writer, view));
                (writer, view) = open::open(&source, config.engine)?;
            }
            None if !standing.is_sound() => return Err(FollowEnd::Unsound(standing)),
            None => {
                warn!("The register cannot be followed for now: {standing}");
                pause = pause.saturating_mul(2).min(BACKOFF_MAX);
                step.wait(tokio::time::sleep(pause)).map_err(|_| FollowEnd::BrokeDown)?;
                continue;
            }
            Some(_) => {}
        }
        return Ok(Ready { source, writer, view, cards, standing });
    }
}

/// Fetches what a copy lacks that nobody is served from, unless it is little enough to be followed while it is served.
fn fill(writer: &mut Writer, step: &Step<'_>, view: &View) -> Result<(), Trouble> {
    let log = writer.log.reader();
    let newest = step.source.newest(writer.published.as_ref(), &log);
    let Shown::Larger(to) = step.wait(newest)?? else { return Ok(()) };
    let size = to.checkpoint().size.get();
    let entries = size.saturating_sub(writer.position.index);
    if writer.published.is_some() && entries <= step.source.step_entries_max {
        return Ok(());
    }
    info!("Fetching {entries} entries of the register {}", step.source.pinned.rules().register.origin);
    let mut progress = Progress::begin(writer.position.index, size);
    writer.fill(step, view, to, |reached| progress.reached(reached))?;
    progress.end();
    info!(tree.size = size, "The copy holds {size} entries, every one of them checked");
    Ok(())
}

impl From<Fatal> for FollowEnd {
    fn from(fatal: Fatal) -> FollowEnd {
        FollowEnd::Serve(ServeError::Fatal(fatal))
    }
}
