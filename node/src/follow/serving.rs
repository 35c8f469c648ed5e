//! Serves a copy while it is followed, and stops both in order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use colophon_ledger::entry::seal::Seal;
use colophon_storage::drafts::Drafts;
use colophon_tlog::policy::Policy;
use colophon_tlog::tree::EntryIndex;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::api::{Api, router};
use crate::connections::Limits;
use crate::door::Door;
use crate::follow::follower::{Ended, Follower};
use crate::follow::following::Following;
use crate::follow::words::Words;
use crate::follow::{FollowConfig, FollowEnd, Ready, prepare};
use crate::metrics::Metrics;
use crate::open::StartError;
use crate::open_files::make_room_for;
use crate::register::{Parts, Register, Snapshot};
use crate::sequencer::Fatal;
use crate::serve::{FAREWELL_TIME_MAX, ServeError, accept};
use crate::witness::{Witness, WitnessDir};

/// How often, and how far apart, it is looked whether the last request has let go of the tables.
const ALONE_LOOKS: usize = 100;
const ALONE_PAUSE: Duration = Duration::from_millis(50);

/// Follows a register and serves the copy at `listen` until `stop` is done. `greet` is told the address once there is something
/// to serve.
pub async fn follow(
    config: &FollowConfig,
    listen: SocketAddr,
    greet: impl Fn(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), FollowEnd> {
    let mut stop = pin!(stop);
    let mut listener = None;
    let witness = config.witness.as_ref().map(|dir| open_witness(dir, config)).transpose()?;
    loop {
        let ready = tokio::select! {
            ready = prepare(config) => ready?,
            () = &mut stop => return Ok(()),
        };
        let listening = match listener.take() {
            Some(listening) => listening,
            None => bind(listen, &greet).await?,
        };
        match serve(ready, config, witness.clone(), &listening, stop.as_mut()).await? {
            Ended::Stopped => return Ok(()),
            Ended::Reopen => listener = Some(listening),
        }
    }
}

/// Opens the witness whose keys are in `dir`, of the copied log alone.
fn open_witness(dir: &Path, config: &FollowConfig) -> Result<Arc<Witness>, FollowEnd> {
    let logs: Vec<String> = config.keys().iter().map(|key| format!("log {key}\n")).collect();
    let policy = Policy::parse(format!("{}quorum none\n", logs.concat()).as_bytes());
    let policy = policy.expect("logs and no quorum are a policy");
    Ok(Arc::new(Witness::open(&WitnessDir::Own(dir.to_owned()), &policy, config.clock.clone())?))
}

async fn bind(listen: SocketAddr, greet: impl Fn(SocketAddr)) -> Result<TcpListener, FollowEnd> {
    let bound = TcpListener::bind(listen).await;
    let (listener, address) = bound
        .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
        .map_err(|error| FollowEnd::Listen { listen, error })?;
    greet(address);
    Ok(listener)
}

/// A copy that is served and followed.
struct Running {
    api: Arc<Api>,
    following: Arc<Following>,
    words: JoinHandle<()>,
    ended: oneshot::Receiver<Result<Ended, Fatal>>,
}

async fn serve(
    ready: Ready,
    config: &FollowConfig,
    witness: Option<Arc<Witness>>,
    listener: &TcpListener,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Ended, FollowEnd> {
    let mut running = start(ready, config, witness)?;
    let graceful = GracefulShutdown::new();
    let limits = Limits { connections: make_room_for(config.limits.connections), ..config.limits };
    let door = Arc::new(Door::new(router(Arc::clone(&running.api)), limits, Arc::clone(&running.api.metrics)));
    let ended = tokio::select! {
        () = accept(listener, door, &graceful) => None,
        () = stop => None,
        () = running.api.witness_broken() => return Err(ServeError::Witness.into()),
        ended = &mut running.ended => Some(ended),
    };
    info!("Stopping: the copy is closed");
    running.following.stop();
    running.words.abort();
    if tokio::time::timeout(FAREWELL_TIME_MAX, graceful.shutdown()).await.is_err() {
        warn!("Some connections did not end within {FAREWELL_TIME_MAX:?}; they are cut");
    }
    let ended = match ended {
        Some(ended) => ended,
        None => running.ended.await,
    };
    let ended = ended.map_err(|_| FollowEnd::BrokeDown)??;
    // Whoever gave up on the words is done with them now.
    drop(running.words.await);
    let register = match alone(running.api).await {
        Some(api) => alone(api.register).await,
        None => None,
    };
    match register.map(Register::close) {
        Some(Err(error)) => {
            warn!("The tables could not be brought to the disk: {error}; the next start makes them again from the log");
        }
        // A connection holds on to the tables, so they cannot be opened again in this process.
        None if ended == Ended::Reopen => return Err(FollowEnd::BrokeDown),
        Some(Ok(())) | None => {}
    }
    Ok(ended)
}

/// Returns what is shared once nobody else has it; nothing if others keep it for long.
async fn alone<T>(mut shared: Arc<T>) -> Option<T> {
    for _ in 0..ALONE_LOOKS {
        match Arc::try_unwrap(shared) {
            Ok(alone) => return Some(alone),
            Err(still) => shared = still,
        }
        tokio::time::sleep(ALONE_PAUSE).await;
    }
    None
}

fn start(ready: Ready, config: &FollowConfig, witness: Option<Arc<Witness>>) -> Result<Running, FollowEnd> {
    let Ready { source, writer, view, cards, standing } = ready;
    let published = writer.published.as_ref().ok_or(StartError::Empty)?;
    let (size, root) = (published.checkpoint().size, published.checkpoint().root);
    let last = size.get().checked_sub(1).and_then(EntryIndex::new).ok_or(StartError::Empty)?;
    let seal = Seal::peek(&writer.log.reader().entry(last).map_err(StartError::from)?).ok_or(StartError::Empty)?;
    let snapshot = Snapshot {
        checkpoint: published.to_string(),
        size,
        root,
        tree: writer.tree.clone(),
        time_ms: writer.position.time_ms,
        sealed_by: seal.by,
    };
    let (drafts, failed) = Drafts::open(&config.dir);
    if let Some(error) = failed {
        warn!("No drafts can be kept for now: {error}");
    }
    let (rules, clock) = (source.rules.clone(), config.clock.clone());
    let log = writer.log.reader();
    let publishing = Arc::default();
    let register =
        Arc::new(Register::new(Parts { rules, log, cards, drafts, clock, standing: publishing, view, snapshot }));
    let (metrics, runtime) = (Arc::new(Metrics::default()), Handle::current());
    let following = Arc::new(Following::new(source.transport.clone(), size.get()));
    metrics.source_unsound.set(i64::from(!standing.is_sound()));
    following.set(standing);
    let api = Api::of_copy(Arc::clone(&register), Arc::clone(&metrics), Arc::clone(&following));
    let api = Arc::new(api.with_witness(witness));
    let words =
        Words { register: Arc::clone(&register), following: Arc::clone(&following), metrics: Arc::clone(&metrics) };
    let words = tokio::spawn(words.run());
    let (end, ended) = oneshot::channel();
    let (poll, followed) = (config.poll, Arc::clone(&following));
    let follower = Follower { writer, source, register, following: followed, metrics, runtime, poll };
    let run = move || {
        let result = follower.run();
        // Nobody listens any more only if serving has come to an end before.
        drop(end.send(result));
    };
    thread::Builder::new().name("follower".to_owned()).spawn(run).map_err(ServeError::Thread)?;
    Ok(Running { api, following, words, ended })
}
