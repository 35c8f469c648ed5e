//! SIGKILL at random moments while clients submit: nothing acknowledged is lost, nothing half-done is visible.
//!
//! After each round: every acknowledged entry stands under its index; the tree extends every checkpoint that was ever
//! published; `fsck` is clean; and a view deleted by hand comes back the same. `COLOPHON_CRASH_ROUNDS` sets the rounds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use colophon_client::http::{Patience, Transport};
use colophon_client::tiles::{Span, check_extends};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{leaf_hash, sha256};
use colophon_tlog::note::VerifierKey;
use colophon_tlog::receipt::Receipt;
use e2e::minting::Minter;
use e2e::node::Node;

const CLIENTS: u64 = 8;
const ROUNDS: u64 = 20;

/// An entry the node said it has.
#[derive(Debug, Clone)]
struct Acknowledged {
    id: String,
    index: u64,
    leaf: Vec<u8>,
}

/// What clients were told over all rounds.
#[derive(Default)]
struct Oracle {
    acknowledged: Mutex<Vec<Acknowledged>>,
    checkpoints: Mutex<Vec<SignedCheckpoint>>,
}

#[test]
fn nothing_acknowledged_is_lost_to_sigkill() {
    let rounds = std::env::var("COLOPHON_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut node = Node::start_new("crash.example/log");
    let log: VerifierKey = node.vkey().parse().expect("init writes a verifier key");
    let oracle = Oracle::default();
    let mut moments = Moments(rounds);
    for round in 0..rounds {
        submit_until_killed(&mut node, &oracle, &log, round, moments.next());
        node.start();
        check(&node, &oracle, &log, round);
        check_at_rest(&mut node, &oracle, round);
    }
    let acknowledged = oracle.acknowledged.lock().expect("no client panicked").len();
    let published = oracle.checkpoints.lock().expect("no client panicked").len();
    println!("{rounds} rounds, {acknowledged} acknowledged entries, {published} checkpoints seen");
    assert!(acknowledged as u64 > rounds, "the rounds were no test: too few entries were acknowledged");
}

/// When to kill: anywhere from the first request to well into the load, differently in each round.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros(5_000 + (self.0 >> 33) % 250_000)
    }
}

fn submit_until_killed(node: &mut Node, oracle: &Oracle, log: &VerifierKey, round: u64, moment: Duration) {
    let url = node.url().to_owned();
    let minters: Vec<Minter> = (0..CLIENTS).map(|client| Minter::new(&format!("client {client}"), node)).collect();
    std::thread::scope(|scope| {
        for (client, minter) in minters.iter().enumerate() {
            let url = &url;
            scope.spawn(move || submit_all(url, minter, oracle, log, round, client));
        }
        std::thread::sleep(moment);
        node.kill();
    });
}

/// Submits one mint after the other, remembering what was acknowledged, until the node is gone.
fn submit_all(url: &str, minter: &Minter, oracle: &Oracle, log: &VerifierKey, round: u64, client: usize) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let http = reqwest::blocking::Client::builder().no_proxy().build().expect("an HTTP client");
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (entry, card) = minter.mint(&format!("round {round}, client {client}, number {number}"));
        let leaf = entry.to_bytes();
        let body = serde_json::json!({"entry": String::from_utf8_lossy(&leaf), "card": card});
        let Ok(answer) = http.post(format!("{url}/v1/entries")).json(&body).send() else { return };
        let status = answer.status();
        let Ok(text) = answer.text() else { return };
        assert!(status.is_success(), "{status}: {text}");
        let answer: serde_json::Value = serde_json::from_str(&text).expect("an answer in JSON");
        let receipt = answer["receipt"].as_str().expect("a receipt");
        let receipt = Receipt::parse(receipt.as_bytes()).expect("a receipt in its form");
        let checkpoint = receipt.verify(&leaf_hash(&leaf), log).expect("a receipt that proves the entry");
        let acknowledged = Acknowledged { id: entry.id().to_string(), index: receipt.index.get(), leaf };
        oracle.acknowledged.lock().expect("no client panicked").push(acknowledged);
        oracle.checkpoints.lock().expect("no client panicked").push(checkpoint);
    }
}

/// Holds the restarted node against everything that was ever said.
fn check(node: &Node, oracle: &Oracle, log: &VerifierKey, round: u64) {
    for there in oracle.acknowledged.lock().expect("no client panicked").iter() {
        let answer = node.get(&format!("/v1/entries/{}", there.id));
        assert_eq!(answer.status, 200, "round {round}: {} was acknowledged and is gone", there.id);
        let answer = answer.json();
        assert_eq!(answer["index"].as_u64(), Some(there.index), "round {round}: {} has moved", there.id);
        assert_eq!(answer["entry"].as_str().map(str::as_bytes), Some(there.leaf.as_slice()), "round {round}");
    }
    let newest = node.get("/checkpoint").body;
    let newest = SignedCheckpoint::open(&newest, log).expect("a checkpoint signed by the log");
    let mut seen = oracle.checkpoints.lock().expect("no client panicked");
    seen.sort_by_key(|checkpoint| checkpoint.checkpoint().size);
    seen.dedup_by_key(|checkpoint| (checkpoint.checkpoint().size, checkpoint.checkpoint().root));
    let transport = Transport::new(node.url(), Patience::default()).expect("a node's address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for old in seen.iter() {
        runtime
            .block_on(check_extends(&transport, &Span::of(old), &Span::of(&newest)))
            .unwrap_or_else(|error| panic!("round {round}: the tree forgot a checkpoint: {error:?}\n{old}"));
    }
    seen.push(newest);
}

/// Stops the node well, checks its directory, deletes the view, and checks that it comes back as it was.
fn check_at_rest(node: &mut Node, oracle: &Oracle, round: u64) {
    let before = answers(node, oracle);
    assert!(node.terminate().success());
    let fsck = node.run::<&str>("fsck", &[]);
    assert_eq!(fsck.code, 0, "round {round}: {fsck}");
    std::fs::remove_dir_all(node.dir().join("view")).expect("a view to delete");
    node.start();
    assert_eq!(answers(node, oracle), before, "round {round}: the view came back different");
}

/// What the node answers from its view about some of the acknowledged works and their maker.
fn answers(node: &Node, oracle: &Oracle) -> Vec<Vec<u8>> {
    let acknowledged = oracle.acknowledged.lock().expect("no client panicked");
    let step = acknowledged.len().div_ceil(20).max(1);
    let works = acknowledged.iter().step_by(step).map(|there| format!("/v1/works/{}", there.id));
    let accounts = (0..CLIENTS).map(|client| Minter::new(&format!("client {client}"), node).account());
    let accounts = accounts.map(|account| format!("/v1/accounts/{account}"));
    let mut answers: Vec<Vec<u8>> = works.chain(accounts).map(|path| node.get(&path).body).collect();
    answers.push(sha256(&answers.concat()).as_bytes().to_vec());
    answers
}
