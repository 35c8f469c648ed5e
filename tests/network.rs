//! A register, two followers and three witnesses, each a process of its own, killed and started again at random while
//! entries flow: nothing acknowledged is lost, and all copies end byte for byte the same.
//!
//! Two of the three witnesses must cosign what is published, and followers take nothing that has not been. One witness cosigns with
//! ML-DSA-44. `COLOPHON_NETWORK_ROUNDS` sets the rounds.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use e2e::liar::Liar;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::{Told, submission};
use e2e::witness::{Witness, write_policy};
use serde_json::Value;

const ROUNDS: u64 = 2;
/// How many processes are killed in a round, one after the other.
const KILLS: u64 = 8;
const CLIENTS: usize = 6;
const QUORUM: usize = 2;
/// How long everything may take to come right once nothing is killed any more.
const PATIENCE: Duration = Duration::from_mins(2);
const ENGINES: [&str; 2] = ["sled", "fjall"];

/// Everybody.
struct Network {
    register: Node,
    /// Where followers find the register, wherever it is after a restart.
    address: Liar,
    followers: Vec<Node>,
    witnesses: Vec<Witness>,
    log: VerifierKey,
    cosigners: Vec<VerifierKey>,
    // Holds the policy.
    _desk: tempfile::TempDir,
}

#[test]
fn nothing_acknowledged_is_lost_whoever_is_killed() {
    let rounds = std::env::var("COLOPHON_NETWORK_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut network = Network::new();
    let minters: Vec<Minter> =
        (0..CLIENTS).map(|client| Minter::new(&format!("client {client}"), &network.register)).collect();
    let told = Mutex::new(Told::new(network.log.clone()));
    let mut dice = Dice(rounds);
    let (mut killed, mut acknowledged) = ([0; 3], 0);
    for round in 0..rounds {
        network.live(&minters, &told, &mut dice, &mut killed);
        let mut told = told.lock().expect("no client panicked");
        let when = format!("round {round}");
        network.heal(&mut told, &when);
        assert!(told.entries().len() > acknowledged, "{when}: nothing was acknowledged");
        acknowledged = told.entries().len();
    }
    println!(
        "{rounds} rounds, killed [register, followers, witnesses]: {killed:?}, {acknowledged} entries acknowledged"
    );
    assert!(killed.iter().all(|times| *times > 0), "not everybody was killed: {killed:?}");
    let mut told = told.into_inner().expect("no client panicked");
    network.check_at_rest(&mut told);
}

impl Network {
    fn new() -> Network {
        let register = Node::init("network.example/log");
        let keys = [register.vkey()];
        let types: [&[&str]; 3] = [&["ed25519"], &["ed25519"], &["ml-dsa-44"]];
        let witness =
            |(number, types): (usize, &&[&str])| Witness::start_new(&format!("w{number}.example"), types, &keys);
        let witnesses: Vec<Witness> = types.iter().enumerate().map(witness).collect();
        let desk = tempfile::tempdir().expect("a temporary directory");
        let policy = desk.path().join("policy");
        write_policy(&policy, &register.vkey(), &witnesses.iter().collect::<Vec<_>>(), QUORUM);
        let policy = policy.to_str().expect("a path in UTF-8").to_owned();
        let mut register = register.with_serve_args(&["--witnesses", &policy]);
        register.start();
        let address = Liar::before(register.url());
        let follower = |engine: &&str| {
            let args = ["--poll-ms", "50", "--policy", &policy, "--view", engine];
            let mut follower = Node::following(&register, address.url()).with_serve_args(&args);
            follower.start();
            follower
        };
        let followers = ENGINES.iter().map(follower).collect();
        let log = register.vkey().parse().expect("init writes a verifier key");
        let cosigners = witnesses.iter().flat_map(Witness::keys).map(|key| key.parse().expect("a key")).collect();
        Network { register, address, followers, witnesses, log, cosigners, _desk: desk }
    }

    /// Lets entries flow, and meanwhile kills one process after the other and starts it again.
    fn live(&mut self, minters: &[Minter], told: &Mutex<Told>, dice: &mut Dice, killed: &mut [u64; 3]) {
        let over = AtomicBool::new(false);
        // Everybody asks at the address that stays.
        let url = self.address.url().to_owned();
        std::thread::scope(|scope| {
            for minter in minters {
                let (url, over) = (&url, &over);
                scope.spawn(move || submit_until(url, minter, told, over));
            }
            for _ in 0..KILLS {
                std::thread::sleep(Duration::from_millis(50 + dice.below(500)));
                self.kill_and_start(dice, killed);
            }
            over.store(true, Ordering::Relaxed);
        });
    }

    fn kill_and_start(&mut self, dice: &mut Dice, killed: &mut [u64; 3]) {
        let pause = Duration::from_millis(dice.below(400));
        match dice.below(6) {
            0 => {
                killed[0] += 1;
                self.register.kill();
                std::thread::sleep(pause);
                self.register.start();
                self.address.stand_before(self.register.url());
            }
            follower @ 1..=2 => {
                killed[1] += 1;
                let follower = &mut self.followers[usize::from(follower == 2)];
                follower.kill();
                std::thread::sleep(pause);
                follower.start();
            }
            witness => {
                killed[2] += 1;
                let place = usize::try_from(witness - 3).expect("a place");
                let witness = &mut self.witnesses[place];
                witness.kill();
                std::thread::sleep(pause);
                witness.start();
            }
        }
    }

    /// Waits until everybody has everything, and holds each copy against what was ever told.
    fn heal(&mut self, told: &mut Told, when: &str) {
        let deadline = Instant::now() + PATIENCE;
        let sizes = loop {
            let nodes = [&self.register].into_iter().chain(&self.followers);
            let sizes: Vec<u64> = nodes.map(|node| self.published(node, when)).collect();
            let newest = told.entries().last_key_value().map_or(0, |(index, _)| index + 1);
            if sizes.iter().all(|size| *size == sizes[0] && *size >= newest) {
                break sizes;
            }
            assert!(Instant::now() < deadline, "{when}: not everybody has everything: {sizes:?}");
            std::thread::sleep(Duration::from_millis(50));
        };
        println!("{when}: all have {} entries", sizes[0]);
        let indices: Vec<u64> = told.entries().keys().copied().collect();
        let some: Vec<u64> = indices.iter().step_by(indices.len().div_ceil(40).max(1)).copied().collect();
        for node in [&self.register].into_iter().chain(&self.followers) {
            told.check_served(node, &some, when);
        }
    }

    /// Returns the size that a node publishes. Its checkpoint must have its quorum.
    fn published(&self, node: &Node, when: &str) -> u64 {
        let checkpoint =
            SignedCheckpoint::open(&node.get("/checkpoint").body, &self.log).expect("the log's checkpoint");
        let cosigned = checkpoint.note().verify(&self.cosigners).expect("a cosigned checkpoint").len();
        assert!(cosigned >= QUORUM, "{when}: {} published what {cosigned} witnesses cosigned", node.origin());
        checkpoint.checkpoint().size.get()
    }

    /// Stops everybody well: every directory holds the same log, in which everything that was told is true.
    fn check_at_rest(mut self, told: &mut Told) {
        let all: Vec<u64> = told.entries().keys().copied().collect();
        told.check_served(&self.register, &all, "at the end");
        for node in self.followers.iter_mut().chain([&mut self.register]) {
            assert!(node.terminate().success());
        }
        let dirs: Vec<PathBuf> = [&self.register].into_iter().chain(&self.followers).map(Node::dir).collect();
        for (dir, node) in dirs.iter().zip([&self.register].into_iter().chain(&self.followers)) {
            told.check_dir(dir, "at the end");
            assert_same_log(&dirs[0], dir);
            let fsck = node.run::<&str>("fsck", &[]);
            assert!(fsck.code == 0 && fsck.stdout.contains("Clean"), "{fsck}");
        }
    }
}

fn assert_same_log(one: &Path, other: &Path) {
    for name in ["entries.log", "tile.0", "tile.1", "commits"] {
        let read = |dir: &Path| std::fs::read(dir.join(name)).unwrap_or_default();
        assert!(read(one) == read(other), "{name} of {} is another one", other.display());
    }
}

/// Submits mints one by one until it is over, each again and again until it is acknowledged.
fn submit_until(url: &str, minter: &Minter, told: &Mutex<Told>, over: &AtomicBool) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let http = reqwest::blocking::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let http = http.expect("an HTTP client");
    while !over.load(Ordering::Relaxed) {
        let (entry, card) = minter.mint(&format!("number {}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let body = submission(&entry, &card);
        while !over.load(Ordering::Relaxed) {
            let request = http.post(format!("{url}/v1/entries")).header("Content-Type", "application/json");
            let answer = request.body(body.clone()).send().and_then(|answer| Ok((answer.status(), answer.text()?)));
            match answer {
                Ok((status, text)) if status.is_success() => {
                    let answer: Value = serde_json::from_str(&text).expect("an answer in JSON");
                    told.lock().expect("no client panicked").acknowledged(&entry, &answer);
                    break;
                }
                Ok((status, text)) => assert!(status.is_server_error(), "{status}: {text}"),
                Err(_) => {}
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Chance by seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
