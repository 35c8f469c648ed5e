//! SIGKILL at random moments while 64 clients submit: nothing acknowledged is lost, nothing half-done is visible.
//!
//! After each round, in the directory as the kill left it and again once the node has been started: every acknowledged entry
//! stands under its index; the tree extends every checkpoint that was ever told, and so do both slots; what was signed is signed
//! in the same bytes again; `fsck` is clean; and a view deleted by hand comes back the same, in the other engine.
//! `COLOPHON_CRASH_ROUNDS` sets the rounds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use colophon_ledger::card::Card;
use colophon_ledger::entry::Entry;
use colophon_tlog::note::VerifierKey;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::{Told, read_slots, submission};
use serde_json::Value;

const CLIENTS: u64 = 64;
const ROUNDS: u64 = 20;
/// Each of so many clients sends so many entries at once, so that batches are large.
const CLIENTS_A_MANY: u64 = 8;
const MANY: u64 = 25;
/// How many of the acknowledged entries are asked for over HTTP after each round. All of them are at the end.
const ASKED_FOR: usize = 60;
/// After so many rounds another register is begun: the longer the log, the longer each round.
const ROUNDS_A_REGISTER: u64 = 40;
const ENGINES: [&str; 2] = ["sled", "fjall"];

#[test]
fn nothing_acknowledged_is_lost_to_sigkill() {
    let rounds = std::env::var("COLOPHON_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut moments = Moments(rounds);
    let mut told = Totals::default();
    while told.rounds < rounds {
        live(ROUNDS_A_REGISTER.min(rounds - told.rounds), &mut moments, &mut told);
    }
    println!("{told:?}");
    assert!(told.acknowledged as u64 > rounds, "the rounds were no test: too few entries were acknowledged");
}

/// Kills one register again and again, and holds it against all it ever told.
fn live(rounds: u64, moments: &mut Moments, totals: &mut Totals) {
    let mut node = Node::init("crash.example/log").with_serve_args(&["--view", ENGINES[0]]);
    node.start();
    let log: VerifierKey = node.vkey().parse().expect("init writes a verifier key");
    let told = Mutex::new(Told::new(log));
    let minters: Vec<Minter> = (0..CLIENTS).map(|client| Minter::new(&format!("client {client}"), &node)).collect();
    for (round, engine) in (0..rounds).zip(ENGINES.iter().cycle().skip(1)) {
        submit_until_killed(&mut node, &minters, &told, moments.next());
        let mut told = told.lock().expect("no client panicked");
        let when = format!("round {round}");
        told.check_dir(&node.dir(), &when);
        let signed = newest_slot(&node);
        node.start();
        // The node signs again what it finds; `Told` knows the bytes that the slots had for each size.
        totals.signed_again += u64::from(node.get("/checkpoint").text() == signed);
        let indices: Vec<u64> = told.entries().keys().copied().collect();
        let step = indices.len().div_ceil(ASKED_FOR).max(1);
        let newest = indices.iter().rev().take(5);
        let some: Vec<u64> = indices.iter().step_by(step).chain(newest).copied().collect();
        told.check_served(&node, &some, &when);
        check_at_rest(&mut node, &mut told, &minters, engine, &when);
        totals.rounds += 1;
    }
    let mut told = told.into_inner().expect("no client panicked");
    let all: Vec<u64> = told.entries().keys().copied().collect();
    told.check_served(&node, &all, "at the end");
    totals.acknowledged += all.len();
    totals.checkpoints += told.checkpoints();
}

/// What all rounds came to.
#[derive(Debug, Default)]
struct Totals {
    rounds: u64,
    acknowledged: usize,
    checkpoints: usize,
    /// How often the checkpoint in the slot was the log's own, and was signed again in the same bytes. In the other rounds the
    /// log had a batch or more behind it.
    signed_again: u64,
}

/// When to kill: anywhere from the first request to well into the load, differently in each round.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros(5_000 + (self.0 >> 33) % 500_000)
    }
}

fn newest_slot(node: &Node) -> String {
    let (_, notes) = read_slots(&node.dir()).pop().expect("a whole slot");
    notes.last().cloned().expect("a checkpoint in the slot")
}

fn submit_until_killed(node: &mut Node, minters: &[Minter], told: &Mutex<Told>, moment: Duration) {
    let url = node.url().to_owned();
    std::thread::scope(|scope| {
        for (client, minter) in (0..).zip(minters) {
            let url = &url;
            scope.spawn(move || submit_all(url, minter, told, client));
        }
        std::thread::sleep(moment);
        node.kill();
    });
}

/// Submits mints, one or many at a time, noting what was acknowledged, until the node is gone.
fn submit_all(url: &str, minter: &Minter, told: &Mutex<Told>, client: u64) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let http = reqwest::blocking::Client::builder().no_proxy().build().expect("an HTTP client");
    let at_once = if client.is_multiple_of(CLIENTS_A_MANY) { MANY } else { 1 };
    loop {
        let first = NUMBER.fetch_add(at_once, Ordering::Relaxed);
        let mints = (first..first + at_once).map(|number| minter.mint(&format!("number {number}")));
        let mints: Vec<(Entry, Card)> = mints.collect();
        let bodies: Vec<String> = mints.iter().map(|(entry, card)| submission(entry, card)).collect();
        let (path, body) = match &bodies[..] {
            [one] => ("/v1/entries", one.clone()),
            many => ("/v1/entries/many", format!("{{\"entries\":[{}]}}", many.join(","))),
        };
        let request = http.post(format!("{url}{path}")).header("Content-Type", "application/json").body(body);
        let Ok(answer) = request.send() else { return };
        let status = answer.status();
        let Ok(text) = answer.text() else { return };
        let answer: Value = serde_json::from_str(&text).expect("an answer in JSON");
        if status.as_u16() == 503 && answer["code"] == "busy" {
            continue;
        }
        assert!(status.is_success(), "{status}: {text}");
        let results = answer["results"].as_array().cloned().unwrap_or_else(|| vec![answer]);
        let mut told = told.lock().expect("no client panicked");
        for ((entry, _), result) in mints.iter().zip(&results) {
            told.acknowledged(entry, result);
        }
    }
}

/// Stops the node well, checks its directory, deletes the view, and checks that it comes back as it was in `engine`.
fn check_at_rest(node: &mut Node, told: &mut Told, minters: &[Minter], engine: &str, when: &str) {
    let before = answers(node, told, minters);
    assert!(node.terminate().success());
    told.check_dir(&node.dir(), when);
    let fsck = node.run::<&str>("fsck", &[]);
    assert!(fsck.code == 0 && fsck.stdout.contains("Clean"), "{when}: {fsck}");
    std::fs::remove_dir_all(node.dir().join("view")).expect("a view to delete");
    node.set_serve_args(&["--view", engine]);
    node.start();
    assert!(answers(node, told, minters) == before, "{when}: the view came back different in {engine}");
}

/// What the node answers from its view about some of the acknowledged works and their makers.
fn answers(node: &Node, told: &Told, minters: &[Minter]) -> Vec<Vec<u8>> {
    let entries: Vec<_> = told.entries().values().collect();
    let works =
        entries.iter().step_by(entries.len().div_ceil(20).max(1)).map(|there| format!("/v1/works/{}", there.id));
    let accounts = minters.iter().step_by(7).map(|minter| format!("/v1/accounts/{}", minter.account()));
    works.chain(accounts).map(|path| node.get(&path).body).collect()
}
