//! The command line of a node: `init`, `serve`, `follow`, `witness-key`, `witness`, `rebuild`, `fsck`, `backup`, `erase`, `mend`, and what
//! governors need.

mod beginning;
mod governing;

use std::collections::BTreeSet;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use colophon_ledger::field::Digest;
use colophon_node::admission::{Quota, Quotas};
use colophon_node::clock::Clock;
use colophon_node::connections::{CONNECTIONS_DEFAULT, CONNECTIONS_MAX, CONNECTIONS_OF_ADDRESS_DEFAULT, Limits};
use colophon_node::follow::{FollowConfig, FollowEnd, STEP_ENTRIES_MAX, follow};
use colophon_node::keys::{PUBLIC_FILES, SERVING_KEYS};
use colophon_node::log_keys::read_log_keys;
use colophon_node::open::{Behind, Cosigning as Cosigned, Keeping, Others, Tables, WitnessPlan, open_among};
use colophon_node::peers;
use colophon_node::serve::{Config, Running, ServeError, greeting, serve};
use colophon_node::source::ProxyHeader;
use colophon_node::witness::{Witness, WitnessDir};
use colophon_node::witness_keys;
use colophon_node::witness_server::serve_witness;
use colophon_node::witnesses::read_policy;
use colophon_storage::backup::{BackedUp, backup};
use colophon_storage::cards::{Cards, Kept};
use colophon_storage::fsck::Report;
use colophon_storage::fsck::finding::Finding;
use colophon_storage::lock::DirLock;
use colophon_storage::view::engine::EngineKind;
use colophon_tlog::note::Algorithm;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

/// Many small allocations, freed by other threads than made them: with this allocator a new copy is there in a tenth less time than
/// with mimalloc, which takes 6 % less than the one of glibc.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The version, with the commit where the build was told it: `0.1.0 (06ea8f1)`.
const VERSION: &str = match option_env!("COLOPHON_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Something failed; the message says what.
const EXIT_FAILED: u8 = 1;
/// The check found the register's files not to be as they should.
const EXIT_UNSOUND: u8 = 4;
/// The register had to stop, and will be sound when it is started again.
const EXIT_FATAL: u8 = 70;

/// Sets the clock in tests: milliseconds after 1970, or RFC 3339.
const TEST_TIME: &str = "COLOPHON_TEST_TIME";

/// Runs a register of digital works: one log, one operator, one machine.
#[derive(Debug, Parser)]
#[command(name = "colophon-node", version = VERSION, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How the log on standard error is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Begins a register in a new folder: keys, genesis, first checkpoint
    Init(beginning::Beginning),
    /// Serves a register over HTTP until SIGTERM or SIGINT
    Serve {
        /// The register's folder
        dir: PathBuf,
        /// The address to listen on; port 0 takes a free one, which is printed
        #[arg(long, default_value = "127.0.0.1:8440")]
        listen: SocketAddr,
        /// The least time between two batches, in milliseconds; 0 closes each as soon as the one before is in the log
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=60_000))]
        batch_ms: u64,
        /// How many entries may wait for a batch; more are answered 503
        #[arg(long, default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        queue: u32,
        /// Start although the clock is behind the last batch, and hold that batch's time until the clock has passed it
        #[arg(long)]
        accept_clock: bool,
        /// Another node that has a copy of this register, such as a follower: start only if it does not know more than the log here
        #[arg(long, value_name = "URL")]
        peer: Vec<String>,
        #[command(flatten)]
        view: ViewEngine,
        #[command(flatten)]
        bounds: Bounds,
        #[command(flatten)]
        cosigning: Cosigning,
    },
    /// Makes the keys of a witness, in a new folder or in a register's
    WitnessKey {
        /// The folder
        dir: PathBuf,
        /// The witness's name for ever, such as witness.example/one; by custom the address it will be at
        #[arg(long)]
        name: String,
        /// What it cosigns with; twice for both types
        #[arg(long = "type", value_enum, value_name = "TYPE", default_values_t = [KeyType::Ed25519])]
        types: Vec<KeyType>,
    },
    /// Cosigns the checkpoints of other logs, over HTTP, until SIGTERM or SIGINT
    Witness {
        /// The witness's folder, in which `witness-key` made its keys
        dir: PathBuf,
        /// The trust policy that names the logs, each in a line `log KEY`
        #[arg(long)]
        policy: PathBuf,
        /// The address to listen on; port 0 takes a free one, which is printed
        #[arg(long, default_value = "127.0.0.1:8441")]
        listen: SocketAddr,
        #[command(flatten)]
        connections: Crowd,
    },
    /// Keeps a checked copy of a register, and serves it over HTTP until SIGTERM or SIGINT
    Follow {
        /// The register's address, which begins with https:// or http://
        url: String,
        /// The copy's folder; empty or not there yet, or a copy of the same register
        dir: PathBuf,
        /// The file with the verifier key of the register's log; one a line, where its governors give it another
        #[arg(long, value_name = "FILE")]
        vkey: PathBuf,
        /// The address to listen on; port 0 takes a free one, which is printed
        #[arg(long, default_value = "127.0.0.1:8440")]
        listen: SocketAddr,
        /// A tlog-policy file: only checkpoints that its quorum has cosigned are taken
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The time between two looks at the register, in milliseconds
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(50..=3_600_000))]
        poll_ms: u64,
        /// Be a witness that cosigns what this copy has replayed, with the keys that `witness-key` made in this folder for nothing else
        #[arg(long, value_name = "DIR")]
        witness_key: Option<PathBuf>,
        #[command(flatten)]
        view: ViewEngine,
        #[command(flatten)]
        limits: Crowd,
    },
    /// Makes the tables anew from the log, while the register is not served
    Rebuild {
        /// The register's folder
        dir: PathBuf,
        #[command(flatten)]
        view: ViewEngine,
    },
    /// Recomputes everything from the entries and says what does not match; changes nothing
    Fsck {
        /// The register's folder
        dir: PathBuf,
    },
    /// Erases the words of a card for good, while the register is not served; every proof stays
    Erase {
        /// The register's folder
        dir: PathBuf,
        /// The card's digest, as it stands in the entry that it belongs to
        card: Digest,
    },
    /// Composes what governors sign: rule sets, authorities, another key for the log, other rules of the ledger, or the register's end
    Govern {
        #[command(subcommand)]
        act: Box<governing::Governing>,
    },
    /// Appends the governors' upgrade that voids entries against the rules, while the register is not served
    Mend {
        /// The register's folder
        dir: PathBuf,
        /// The draft that `govern upgrade --void` wrote, with all its signatures
        draft: PathBuf,
    },
    /// Makes the key that is to take the place of the log's, once the governors have said so
    NextLogKey {
        /// The register's folder
        dir: PathBuf,
    },
    /// Copies a register, served or stopped, up to the checkpoint it shows now
    Backup {
        /// The register's folder
        dir: PathBuf,
        /// Where the copy will be; nothing may be there yet
        to: PathBuf,
        /// Copy the keys it is served with too: whoever can read the copy can then speak for the register
        #[arg(long)]
        with_keys: bool,
    },
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct ViewEngine {
    /// What keeps the tables: sled, or for a large register fjall. If it is not named, what keeps them already, else sled.
    /// Another one than before makes them anew from the log
    #[arg(long, value_name = "ENGINE")]
    view: Option<EngineKind>,
}

/// With what a witness cosigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeyType {
    /// Ed25519 (type 0x04), which every verifier reads
    Ed25519,
    /// ML-DSA-44 (type 0x06), which holds when Ed25519 no longer does
    #[value(name = "ml-dsa-44")]
    MlDsa44,
}

impl From<KeyType> for Algorithm {
    fn from(key_type: KeyType) -> Algorithm {
        match key_type {
            KeyType::Ed25519 => Algorithm::CosignatureV1,
            KeyType::MlDsa44 => Algorithm::SubtreeV1,
        }
    }
}

/// Who cosigns for whom.
#[derive(Debug, Clone, clap::Args)]
struct Cosigning {
    /// The trust policy whose witnesses cosign each checkpoint before it is published; it has their addresses
    #[arg(long, value_name = "POLICY")]
    witnesses: Option<PathBuf>,
    /// Go on without the witnesses that cosigned the checkpoints before; else a register that had witnesses does not start without
    #[arg(long, conflicts_with = "witnesses")]
    without_witnesses: bool,
    /// How long each of them has for an answer, in milliseconds
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    witness_ms: u64,
    /// How old cosignatures may get before the checkpoint is cosigned anew, in seconds
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    republish_s: u64,
    /// Be a witness too, of the logs that this trust policy names; `witness-key` makes the keys
    #[arg(long, value_name = "POLICY")]
    witness_for: Option<PathBuf>,
}

impl Cosigning {
    fn plan(&self) -> Cosigned {
        let (timeout, interval) = (Duration::from_millis(self.witness_ms), Duration::from_secs(self.republish_s));
        match self.witnesses.clone() {
            Some(policy) => Cosigned::Witnesses(WitnessPlan { policy, timeout, interval }),
            None if self.without_witnesses => Cosigned::NobodyAnyMore,
            None => Cosigned::Nobody,
        }
    }
}

/// Who may be connected.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Crowd {
    /// How many connections may be open; where there are more, the one that has been idle for longest goes
    #[arg(long, default_value_t = CONNECTIONS_DEFAULT, value_parser = connections)]
    connections: usize,
    /// How many of them from one address; behind a proxy, how many requests of one address at a time
    #[arg(long, default_value_t = CONNECTIONS_OF_ADDRESS_DEFAULT, value_parser = connections)]
    connections_per_address: usize,
    /// Believe this header about where a request comes from; only if nobody but a proxy that sets it can connect
    #[arg(long, value_enum, value_name = "HEADER")]
    behind_proxy: Option<Proxy>,
}

/// How much is taken of whom.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Bounds {
    #[command(flatten)]
    connections: Crowd,
    /// How many entries are taken of each account, as in 600/h (units: s, m, h, d); more are answered 429
    #[arg(long, value_name = "N/UNIT")]
    quota_account: Option<Quota>,
    /// How many entries each address may try, as in 600/h (units: s, m, h, d); more are answered 429
    #[arg(long, value_name = "N/UNIT")]
    quota_address: Option<Quota>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Proxy {
    /// X-Forwarded-For; its last value counts
    XForwardedFor,
    /// Forwarded (RFC 7239); its last value counts
    Forwarded,
}

impl Crowd {
    fn limits(self) -> Limits {
        let behind_proxy = self.behind_proxy.map(|proxy| match proxy {
            Proxy::XForwardedFor => ProxyHeader::XForwardedFor,
            Proxy::Forwarded => ProxyHeader::Forwarded,
        });
        Limits { connections: self.connections, of_address: self.connections_per_address, behind_proxy }
    }
}

impl Bounds {
    fn quotas(self) -> Quotas {
        Quotas { account: self.quota_account, address: self.quota_address }
    }
}

/// Reads a number of connections.
fn connections(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=CONNECTIONS_MAX).contains(number));
    number.ok_or_else(|| format!("a number from 1 to {CONNECTIONS_MAX} is expected"))
}

fn main() -> ExitCode {
    let Arguments { command, log_format } = Arguments::parse();
    log_to_stderr(log_format);
    let serves = matches!(command, Command::Serve { .. } | Command::Witness { .. } | Command::Follow { .. });
    match run(command) {
        Ok(code) => code,
        Err(failure) if serves => {
            error!("{}", told(&failure));
            ExitCode::from(exit_code(&failure))
        }
        Err(failure) => {
            // Where not even this can be written, the exit code says it.
            drop(writeln!(std::io::stderr(), "colophon-node: {}", told(&failure)));
            ExitCode::from(EXIT_FAILED)
        }
    }
}

/// Returns the exit code of a node that could not serve, or not any longer.
fn exit_code(failure: &anyhow::Error) -> u8 {
    if let Some(ServeError::Fatal(_) | ServeError::Sequencer | ServeError::Witness) = failure.downcast_ref() {
        return EXIT_FATAL;
    }
    match failure.downcast_ref() {
        Some(end @ (FollowEnd::Serve(_) | FollowEnd::BrokeDown)) if end.is_fatal() => EXIT_FATAL,
        Some(FollowEnd::Unsound(_)) => EXIT_UNSOUND,
        _ => EXIT_FAILED,
    }
}

/// Returns a failure with its causes, each said once: many messages have their cause in them already.
fn told(failure: &anyhow::Error) -> String {
    let mut told = failure.to_string();
    for cause in failure.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let clock = clock()?;
    match command {
        Command::Init(beginning) => say(&beginning::run(&beginning, &clock)?)?,
        Command::Serve { dir, listen, batch_ms, queue, accept_clock, peer, view, bounds, cosigning } => {
            let queue = usize::try_from(queue)?;
            let behind = if accept_clock { Behind::Accept } else { Behind::Refuse };
            let min_gap = Duration::from_millis(batch_ms);
            let (engine, limits, quotas) = (view.view, bounds.connections.limits(), bounds.quotas());
            let (cosigning, witness_for, peers) = (cosigning.plan(), cosigning.witness_for, Vec::new());
            let config =
                Config { dir, min_gap, queue, clock, behind, engine, limits, quotas, cosigning, witness_for, peers };
            serve_until_signal(config, &peer, listen)?;
        }
        Command::WitnessKey { dir, name, types } => make_witness_key(&dir, &name, &types)?,
        Command::Witness { dir, policy, listen, connections } => {
            let witness = Witness::open(&WitnessDir::Own(dir), &read_policy(&policy)?, clock)?;
            witness_until_signal(Arc::new(witness), connections.limits(), listen)?;
        }
        Command::Follow { url, dir, vkey, listen, policy, poll_ms, witness_key, view, limits } => {
            let config = FollowConfig {
                address: url,
                dir,
                logs: read_log_keys(&vkey)?,
                policy: policy.map(|policy| read_policy(&policy)).transpose()?,
                poll: Duration::from_millis(poll_ms),
                engine: view.view,
                clock,
                limits: limits.limits(),
                step_entries_max: STEP_ENTRIES_MAX,
                witness: witness_key,
            };
            follow_until_signal(&config, listen)?;
        }
        Command::Rebuild { dir, view } => rebuild(&dir, view.view, clock)?,
        Command::Fsck { dir } => return fsck(&dir),
        Command::Backup { dir, to, with_keys } => backup_to(&dir, &to, with_keys)?,
        Command::Erase { dir, card } => erase(&dir, &card)?,
        Command::Govern { act } => say(&governing::run(*act)?)?,
        Command::Mend { dir, draft } => say(&governing::mend_with(&dir, &draft, &clock)?)?,
        Command::NextLogKey { dir } => say(&governing::next_log_key(&dir)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a result to standard output.
fn say(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}

fn clock() -> anyhow::Result<Clock> {
    let Ok(text) = std::env::var(TEST_TIME) else { return Ok(Clock::system()) };
    let time_ms = text
        .parse()
        .or_else(|_| text.parse::<jiff::Timestamp>().map(|time| time.as_millisecond().try_into().unwrap_or(0)))
        .with_context(|| format!("{TEST_TIME} is {text:?}; it is for tests, as in 2026-11-23T10:00:00Z"))?;
    Ok(Clock::standing_at(time_ms))
}

/// Returns when the program is told to end.
fn told_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[tokio::main]
async fn follow_until_signal(config: &FollowConfig, listen: SocketAddr) -> anyhow::Result<()> {
    let greet = |address| {
        if let Err(error) = say(&greeting(address)) {
            error!("The address cannot be told: {error}");
        }
    };
    follow(config, listen, greet, told_to_end()?).await?;
    info!("Stopped");
    Ok(())
}

#[tokio::main]
async fn serve_until_signal(mut config: Config, peers: &[String], listen: SocketAddr) -> anyhow::Result<()> {
    let mut stop = pin!(told_to_end()?);
    config.peers = tokio::select! {
        said = peers::ask(peers) => said.context("a peer")?,
        () = &mut stop => return Ok(()),
    };
    let (started, running) = oneshot::channel();
    // A start may take long. Whoever ends it then, ends it as a power cut would.
    let runtime = Handle::current();
    thread::spawn(move || drop(started.send(Running::start(&config, runtime))));
    let running = tokio::select! {
        running = running => running.context("the register could not be opened: the code that does so broke down")??,
        () = &mut stop => return Ok(()),
    };
    let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen} cannot be listened on"))?;
    say(&greeting(listener.local_addr()?))?;
    serve(running, listener, stop).await?;
    info!("Stopped");
    Ok(())
}

#[tokio::main]
async fn witness_until_signal(witness: Arc<Witness>, limits: Limits, listen: SocketAddr) -> anyhow::Result<()> {
    let stop = told_to_end()?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen} cannot be listened on"))?;
    say(&greeting(listener.local_addr()?))?;
    serve_witness(witness, limits, listener, stop).await?;
    info!("Stopped");
    Ok(())
}

/// Makes a witness's keys, and says what to do with them.
fn make_witness_key(dir: &Path, name: &str, types: &[KeyType]) -> anyhow::Result<()> {
    let algorithms: Vec<Algorithm> = types.iter().copied().map(Algorithm::from).collect();
    let keys = witness_keys::create(dir, name, &algorithms)?;
    say(&format!("The witness {name} has its keys in {}", dir.display()))?;
    for key in &keys {
        say(&format!("  verifier key  {key}"))?;
    }
    say("Give the verifier keys to the logs that it is to witness, and to their readers")?;
    say("Its other key files are secret. Use them for nothing else, and never run two witnesses with them")?;
    say(&format!("Next: colophon-node witness {} --policy POLICY --listen 127.0.0.1:8441", dir.display()))
}

fn rebuild(dir: &Path, engine: Option<EngineKind>, clock: Clock) -> anyhow::Result<()> {
    if Cards::create_lost(dir)? {
        say("The file of cards was lost and is begun empty: the words that were in it are shown as withdrawn")?;
    }
    let others = Others { cosigning: &Cosigned::NothingPublished, peers: &[] };
    let opened = open_among(dir, clock, Behind::Refuse, Keeping { tables: Tables::Rebuild, engine }, &others)?;
    let newest = opened.register.newest();
    let (size, state) = (newest.size, newest.tree.root());
    opened.register.close()?;
    say(&format!("The tables are made anew: {size} entries, state root {state}"))
}

fn erase(dir: &Path, card: &Digest) -> anyhow::Result<()> {
    let _lock = DirLock::take(dir)?;
    let (cards, _) = Cards::open(dir)?;
    match cards.get(card)? {
        Kept::Nothing => anyhow::bail!("there is no card {card} here: nothing was changed"),
        Kept::Withdrawn => say("The card was erased before"),
        Kept::Card(_) => {
            cards.erase(card)?;
            say(
                "The card is erased: it is shown as withdrawn from now on. Erase it in backups too; copies that others have stay",
            )
        }
    }
}

fn backup_to(dir: &Path, to: &Path, with_keys: bool) -> anyhow::Result<()> {
    let keys = if with_keys { &SERVING_KEYS[..] } else { &[] };
    let BackedUp { size, root, cards, files } = backup(dir, to, &[&PUBLIC_FILES[..], keys].concat())?;
    say(&format!("The copy is whole: {size} entries, root {root}, {} cards", cards.kept))?;
    let keys: Vec<&str> =
        files.iter().map(String::as_str).filter(|name| SERVING_KEYS.iter().any(|(key, _)| key == name)).collect();
    match &keys[..] {
        [] => {
            say("It holds no keys: it can be checked and handed to others, and served once the keys are put beside it")
        }
        keys => say(&format!("It holds {}: whoever can read it can speak for the register", keys.join(" and "))),
    }
}

/// Says what does not match. What the next start puts right by itself is told, and does not make the register unsound.
fn fsck(dir: &Path) -> anyhow::Result<ExitCode> {
    let report = colophon_storage::fsck::fsck(dir)?;
    let mut told = BTreeSet::new();
    for finding in &report.findings {
        let line = format!("{}: {finding}", if finding.heals_at_start() { "heals" } else { "WRONG" });
        if told.insert(line.clone()) {
            say(&line)?;
        }
    }
    let Report { entries, batches, root, state_root, claims, .. } = &report;
    say(&format!("{entries} entries in {batches} batches, root {root}, state root {state_root}"))?;
    say(&claims.to_string())?;
    if report.is_clean() {
        say("Clean: everything is what the entries lead to")?;
    }
    let sound = report.findings.iter().all(Finding::heals_at_start);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(EXIT_UNSOUND) })
}
