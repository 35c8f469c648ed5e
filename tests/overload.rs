//! Twice as much as a node can take, and more: what it takes is answered soon, the rest is told so at once, and readers notice
//! little.
//!
//! First its pace is measured, by few connections that wait for their answers. Then many come, each again as soon as it is answered.
//! Memory is judged against what recorded entries cost, which the register keeps for ever: beside that it must stay flat.
//! `COLOPHON_OVERLOAD_SECONDS` sets how long it lasts, and only then the times are judged: the machine must do nothing else.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::bench::wire::{Connection, get, post};
use e2e::minting::Minter;
use e2e::node::Node;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const SECONDS: u64 = 6;
const CALM: Duration = Duration::from_secs(3);
const CALM_CONNECTIONS: usize = 8;
const CONNECTIONS: usize = 600;
/// So few that it is full, whatever else the machine does, although each connection waits for its answer.
const QUEUE: usize = 8;
/// What a recorded entry may cost in memory, in bytes: records, state tree, what the view's engine caches.
const ENTRY_BYTES_MAX: u64 = 2 * 1024;
/// What connections, the queue and the allocator may take beside that, in KiB.
const ALLOWANCE_KIB: u64 = 128 * 1024;
/// How long 99 of 100 entries that are taken may wait, beside what the queue ahead of them explains.
const WAIT_MAX: Duration = Duration::from_millis(750);
/// How many times the time that the queue ahead takes at the measured pace.
const WAIT_QUEUES_MAX: f64 = 4.0;
/// How long 99 of 100 who are turned away, or who read, may wait. The load generator has the same cores.
const ANSWER_MAX: Duration = Duration::from_millis(750);

#[test]
fn twice_the_load_is_taken_at_the_same_pace_and_the_rest_told_at_once() {
    let asked = std::env::var("COLOPHON_OVERLOAD_SECONDS").ok().map(|text| text.parse().expect("a number"));
    let seconds = asked.unwrap_or(SECONDS);
    let connections = (CONNECTIONS + CALM_CONNECTIONS).to_string();
    let queue = QUEUE.to_string();
    let begun = Instant::now();
    let mut node = Node::init("overload.example/log").with_serve_args(&[
        "--queue",
        &queue,
        "--connections",
        &connections,
        "--connections-per-address",
        &connections,
    ]);
    node.start();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let crowd = Arc::new(Crowd::new(&node));

    let calm = runtime.block_on(offer(&crowd, CALM_CONNECTIONS, CALM));
    let pace = per_second(calm.taken.len(), CALM);
    println!("calm: {pace:.0} entries a second by {CALM_CONNECTIONS} connections, p99 {:?}", p99(&calm.taken));
    assert!(pace > 1.0, "nothing was taken");

    let watch = Arc::new(Watch::new(&node));
    let watching = Arc::clone(&watch);
    let (authority, taken_before) = (crowd.authority.clone(), crowd.taken.load(Ordering::Relaxed));
    let crowd_seen = Arc::clone(&crowd);
    let watcher = std::thread::spawn(move || watching.run(&authority, &crowd_seen.taken, taken_before));
    let time = Duration::from_secs(seconds);
    let loaded = runtime.block_on(offer(&crowd, CONNECTIONS, time));
    watch.over.store(true, Ordering::Relaxed);
    let reads = watcher.join().expect("the reader was answered");

    let (took, turned) = (per_second(loaded.taken.len(), time), per_second(loaded.turned_away.len(), time));
    let explained = Duration::from_secs_f64(WAIT_QUEUES_MAX * decimal(QUEUE) / took.max(1.0));
    let growth = watch.growth.lock().expect("nobody panicked").clone();
    println!("loaded for {seconds} s: {took:.0} a second taken, p99 {:?}", p99(&loaded.taken));
    println!("  {turned:.0} a second turned away, p99 {:?}", p99(&loaded.turned_away));
    println!("  {} reads, p99 {:?}", reads.len(), p99(&reads));
    println!("  memory: {growth:?}");
    assert!(!loaded.turned_away.is_empty() && !reads.is_empty(), "it was no overload");
    // Beside other tests times tell nothing.
    if asked.is_some() {
        assert!(loaded.turned_away.len() >= loaded.taken.len(), "it was less than twice what is taken");
        assert!(took > pace / 3.0, "under load {took:.0} a second are taken, of {pace:.0}");
        assert!(p99(&loaded.taken) < WAIT_MAX + explained, "those who are taken wait too long");
        assert!(p99(&loaded.turned_away) < ANSWER_MAX, "those who are turned away wait too long");
        assert!(p99(&reads) < ANSWER_MAX, "readers wait too long");
    }
    assert!(growth.beyond_entries < ALLOWANCE_KIB, "memory grew in KiB: {growth:?}");

    let recorded = format!("colophon_recorded_total {}", crowd.taken.load(Ordering::Relaxed));
    let metrics = node.get("/metrics");
    assert!(metrics.text().lines().any(|line| line == recorded), "{recorded} is not in\n{}", metrics.text());
    assert!(node.terminate().success());
    check_log(&node.log(), crowd.taken.load(Ordering::Relaxed), begun.elapsed());
}

/// Holds what the log tells of commits against what was taken: all of it, in a line a second at most.
fn check_log(log: &str, taken: usize, elapsed: Duration) {
    let lines: Vec<&str> =
        log.lines().filter_map(|line| line.split_once("Committed: entries ")).map(|(_, told)| told).collect();
    let told = |line: &&str| line.split(',').next().and_then(|count| count.parse::<usize>().ok()).expect("a count");
    // What was recorded before the crowd came is told too.
    let entries: usize = lines.iter().map(told).sum();
    assert!(entries >= taken, "the log tells of {entries} entries, and {taken} were taken");
    assert!(lines.len() as u64 <= elapsed.as_secs() + 3, "{} lines in {elapsed:?}", lines.len());
}

/// Those who submit: mints signed ahead, and again those that were turned away.
struct Crowd {
    authority: String,
    fresh: tokio::sync::Mutex<mpsc::Receiver<Vec<u8>>>,
    again: Mutex<Vec<Vec<u8>>>,
    taken: AtomicUsize,
}

/// How long those who were taken, and those who were turned away, waited for the word.
#[derive(Default)]
struct Offered {
    taken: Vec<Duration>,
    turned_away: Vec<Duration>,
}

impl Crowd {
    fn new(node: &Node) -> Crowd {
        let (sender, fresh) = mpsc::channel(8_192);
        let minter = Minter::new("crowd", node);
        std::thread::spawn(move || {
            // Nobody takes any more once the test is over.
            let mint = |number: u64| post("/v1/entries", "text/plain", &minter.mint(&number.to_string()).0.to_bytes());
            (0..).map(mint).try_for_each(|request| sender.blocking_send(request)).ok();
        });
        let authority = node.url().trim_start_matches("http://").to_owned();
        Crowd { authority, fresh: fresh.into(), again: Mutex::default(), taken: AtomicUsize::new(0) }
    }

    async fn next(&self) -> Vec<u8> {
        let again = self.again.lock().expect("nobody panicked").pop();
        match again {
            Some(request) => request,
            None => self.fresh.lock().await.recv().await.expect("mints without end"),
        }
    }
}

/// Submits by a number of connections for a time, as fast as each is answered.
async fn offer(crowd: &Arc<Crowd>, connections: usize, time: Duration) -> Offered {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let crowd = Arc::clone(crowd);
        clients.spawn(async move {
            let mut connection = Connection::open(&crowd.authority).await.expect("a connection");
            let mut offered = Offered::default();
            while begun.elapsed() < time {
                offered.one(&crowd, &mut connection).await;
            }
            offered
        });
    }
    let mut all = Offered::default();
    while let Some(offered) = clients.join_next().await {
        let offered = offered.expect("a client that was answered");
        all.taken.extend(offered.taken);
        all.turned_away.extend(offered.turned_away);
    }
    all
}

impl Offered {
    async fn one(&mut self, crowd: &Crowd, connection: &mut Connection) {
        let request = crowd.next().await;
        let sent = Instant::now();
        let answer = connection.ask(&request).await.expect("an answer");
        let head = String::from_utf8_lossy(answer.head).to_ascii_lowercase();
        let body = String::from_utf8_lossy(answer.body);
        match answer.status {
            201 => {
                assert!(body.contains("\"receipt\""), "{body}");
                self.taken.push(sent.elapsed());
                crowd.taken.fetch_add(1, Ordering::Relaxed);
            }
            503 => {
                assert!(body.contains("\"busy\"") && head.contains("retry-after: 1"), "{head}{body}");
                self.turned_away.push(sent.elapsed());
                crowd.again.lock().expect("nobody panicked").push(request);
            }
            status => panic!("{status}: {body}"),
        }
    }
}

/// Whoever reads meanwhile, and looks at the node's memory.
struct Watch {
    process: u32,
    over: AtomicBool,
    growth: Mutex<Growth>,
}

/// How much the node's memory grew at most, in KiB.
#[derive(Debug, Clone, Default)]
struct Growth {
    begun_at: u64,
    most: u64,
    beyond_entries: u64,
    ended_at: u64,
}

impl Watch {
    fn new(node: &Node) -> Watch {
        let process = node.process_id();
        let resident_kib = resident_kib(process);
        let growth = Growth { begun_at: resident_kib, most: resident_kib, ..Growth::default() };
        Watch { process, over: AtomicBool::new(false), growth: Mutex::new(growth) }
    }

    fn run(&self, authority: &str, taken: &AtomicUsize, taken_before: usize) -> Vec<Duration> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut waits = Vec::new();
        runtime.block_on(async {
            let mut connection = Connection::open(authority).await.expect("a connection");
            while !self.over.load(Ordering::Relaxed) {
                for path in ["/checkpoint", "/v1/entries/2", "/v1/entries/2/receipt", "/tile/entries/000.p/2"] {
                    let sent = Instant::now();
                    let status = connection.ask(&get(path)).await.expect("an answer").status;
                    waits.push(sent.elapsed());
                    assert_eq!(status, 200, "{path}");
                }
                let entries = (taken.load(Ordering::Relaxed) - taken_before) as u64;
                self.growth.lock().expect("nobody panicked").note(resident_kib(self.process), entries);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        waits
    }
}

impl Growth {
    fn note(&mut self, resident_kib: u64, entries: u64) {
        let explained_kib = self.begun_at + entries * ENTRY_BYTES_MAX / 1024;
        self.most = self.most.max(resident_kib);
        self.beyond_entries = self.beyond_entries.max(resident_kib.saturating_sub(explained_kib));
        self.ended_at = resident_kib;
    }
}

/// Returns how much memory a process has resident, in KiB.
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Returns a small number as one that can be divided by.
fn decimal(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("a small number"))
}

fn per_second(count: usize, time: Duration) -> f64 {
    decimal(count) / time.as_secs_f64()
}

fn p99(waits: &[Duration]) -> Duration {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    waits.get(waits.len() * 99 / 100).copied().unwrap_or_default()
}
