//! Starts a register and its HTTP server, and stops both in order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use colophon_order::solo;
use colophon_storage::view::engine::EngineKind;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::admission::Quotas;
use crate::api::{Api, Queue, router};
use crate::clock::Clock;
use crate::connections::Limits;
use crate::door::Door;
use crate::metrics::Metrics;
use crate::open::{Behind, Cosigning, Keeping, Opened, Others, StartError, Tables, open_among};
use crate::open_files::make_room_for;
use crate::peers::Said;
use crate::publishing::{BATCHES_MAX, Publishing};
use crate::register::Register;
use crate::sequencer::{Fatal, Sequencer};
use crate::witness::{Witness, WitnessDir, WitnessStartError};
use crate::witnesses::{WitnessesError, read_policy};

/// How long connections have to come to an end once the register stops.
pub(crate) const FAREWELL_TIME_MAX: Duration = Duration::from_secs(10);

/// How a register is run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its folder. All of it is truth but `view` (made again from the log) and `drafts` (a convenience).
    pub dir: PathBuf,
    /// The least time between two batches. Zero: a batch is closed as soon as the one before is in the log.
    pub min_gap: Duration,
    /// How many entries may wait for a batch. More are turned away with 503.
    pub queue: usize,
    /// The time, for batches and drafts.
    pub clock: Clock,
    /// What to do if it is behind the last batch.
    pub behind: Behind,
    /// The engine that keeps the tables. If none is named: the one that does already, else the default.
    pub engine: Option<EngineKind>,
    /// How many connections there may be.
    pub limits: Limits,
    /// How many entries are taken of whom.
    pub quotas: Quotas,
    /// By whom its checkpoints are cosigned.
    pub cosigning: Cosigning,
    /// The policy that names the logs which this node witnesses, if it does.
    pub witness_for: Option<PathBuf>,
    /// What other nodes show of the register.
    pub peers: Vec<Said>,
}

/// Why serving came to an end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The register could not be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The register must stop, and will be sound when it is started again.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The witness could not be opened.
    #[error(transparent)]
    WitnessStart(#[from] WitnessStartError),
    /// The policy of the witness could not be read.
    #[error(transparent)]
    WitnessPolicy(#[from] WitnessesError),
    /// The witness must stop, and will be sound when it is started again.
    #[error("the witness cannot go on: nobody knows what is on its disk")]
    Witness,
    /// The writing thread broke down.
    #[error("the sequencer broke down")]
    Sequencer,
    /// The writing thread could not be started.
    #[error("no thread can be started: {0}")]
    Thread(#[source] std::io::Error),
}

/// A register that is open and takes entries.
#[derive(Debug)]
pub struct Running {
    api: Arc<Api>,
    limits: Limits,
    ended: oneshot::Receiver<Result<(), Fatal>>,
}

impl Running {
    /// Opens the register and starts its threads. Those who wait for answers run in `runtime`.
    pub fn start(config: &Config, runtime: Handle) -> Result<Running, ServeError> {
        let keeping = Keeping { tables: Tables::Keep, engine: config.engine };
        let others = Others { cosigning: &config.cosigning, peers: &config.peers };
        let opened = open_among(&config.dir, config.clock.clone(), config.behind, keeping, &others);
        let Opened { register, writer, publisher } = opened?;
        let witness = config.witness_for.as_ref().map(|policy| {
            let dir = WitnessDir::OfRegister(config.dir.clone());
            Ok::<_, ServeError>(Arc::new(Witness::open(&dir, &read_policy(policy)?, config.clock.clone())?))
        });
        let witness = witness.transpose()?;
        let (register, metrics) = (Arc::new(register), Arc::new(Metrics::default()));
        let (submitter, mut batches) = solo::queue(config.queue);
        let (publishing, handed) = sync_channel(BATCHES_MAX);
        let sequencer = Sequencer::new(Arc::clone(&register), writer, Arc::clone(&metrics), publishing);
        let min_gap = config.min_gap;
        let sequencing = spawn("sequencer", move || sequencer.run(&mut batches, min_gap))?;
        let publishing = Publishing::new(Arc::clone(&register), publisher, Arc::clone(&metrics), runtime);
        let (end, ended) = oneshot::channel();
        spawn("publisher", move || {
            let published = publishing.run(&handed);
            // Where publishing failed, the sequencer finds nobody to hand over to. A thread that broke down says nothing.
            drop(handed);
            if let Some(result) = published.map_or_else(|fatal| Some(Err(fatal)), |()| sequencing.join().ok()) {
                // Nobody listens any more only if serving has come to an end before.
                drop(end.send(result));
            }
        })?;
        let queue = Queue { submitter, capacity: config.queue };
        let api = Api::new(register, metrics, queue, config.quotas).with_witness(witness);
        Ok(Running { api: Arc::new(api), limits: config.limits, ended })
    }

    /// Returns the routes of the running register.
    pub fn router(&self) -> Router {
        router(Arc::clone(&self.api))
    }

    /// Returns what the routes work on.
    pub fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// Takes no more entries, waits until those that wait are recorded and answered, and closes the register.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.api.close_door();
        self.ended.await.map_err(|_| ServeError::Sequencer)??;
        // A connection that did not end may hold on to it. What is not closed is made again at the next start.
        let register = Arc::try_unwrap(self.api).ok().and_then(|api| Arc::try_unwrap(api.register).ok());
        if let Some(Err(error)) = register.map(Register::close) {
            warn!("The tables could not be brought to the disk: {error}; the next start makes them again from the log");
        }
        Ok(())
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, ServeError> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(ServeError::Thread)
}

/// Serves a running register on `listener` until `stop` is done, then finishes what was begun. Returns early only if the
/// register must stop.
pub async fn serve(
    mut running: Running,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let graceful = GracefulShutdown::new();
    {
        let mut stop = pin!(stop);
        let limits = Limits { connections: make_room_for(running.limits.connections), ..running.limits };
        let door = Arc::new(Door::new(running.router(), limits, Arc::clone(&running.api.metrics)));
        let accepting = accept(&listener, door, &graceful);
        tokio::select! {
            () = accepting => {}
            () = &mut stop => info!("Stopping: entries that wait are recorded, new ones are turned away"),
            () = running.api.witness_broken() => return Err(ServeError::Witness),
            ended = &mut running.ended => {
                return Err(ended.map_or(ServeError::Sequencer, |result| result.err().map_or(ServeError::Sequencer, Into::into)));
            }
        }
    }
    drop(listener);
    running.api.close_door();
    if tokio::time::timeout(FAREWELL_TIME_MAX, graceful.shutdown()).await.is_err() {
        warn!("Some connections did not end within {FAREWELL_TIME_MAX:?}; they are cut");
    }
    running.stop().await
}

/// Accepts connections for ever.
pub(crate) async fn accept(listener: &TcpListener, door: Arc<Door>, graceful: &GracefulShutdown) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => door.open(stream, address.ip(), graceful),
            Err(error) => {
                // Out of file descriptors, mostly: connections that end make room.
                error!("A connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Returns the line that a program waits for to know where the register is.
pub fn greeting(address: SocketAddr) -> String {
    format!("Listening on http://{address}")
}
