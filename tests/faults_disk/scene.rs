//! A register with some hundred entries in it, and everything it ever said.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use colophon_ledger::card::Card;
use colophon_tlog::note::VerifierKey;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::{Told, submission, submit};

/// Enough for two levels of tiles.
const AT_ONCE: u64 = 260;
const ONE_BY_ONE: u64 = 3;

/// A register at rest.
pub(crate) struct Scene {
    pub(crate) node: Node,
    pub(crate) minter: Minter,
    pub(crate) told: Told,
    /// What it answered, by path.
    pub(crate) answers: BTreeMap<String, Vec<u8>>,
    /// The newest cards.
    pub(crate) cards: Vec<Card>,
}

impl Scene {
    /// Makes a register whose tables `engine` keeps.
    pub(crate) fn new(engine: &str) -> Scene {
        let mut node = Node::init("faults.example/disk").with_serve_args(&["--view", engine]);
        node.start();
        let minter = Minter::new("ana", &node);
        let mut told = Told::new(log_key(&node));
        mint_many(&node, &minter, &mut told, 0..AT_ONCE);
        let mut paths = vec![format!("/v1/accounts/{}", minter.account())];
        paths.extend(["/checkpoint", "/tile/0/000", "/tile/1/000.p/1", "/tile/entries/000"].map(str::to_owned));
        let numbers = AT_ONCE..AT_ONCE + ONE_BY_ONE;
        let mut mint = |number| mint(&node, &minter, &mut told, number).expect("a healthy node takes it");
        let cards = numbers.map(&mut mint).collect();
        for there in told.entries().values().step_by(20) {
            paths.extend(["works", "entries"].map(|table| format!("/v1/{table}/{}", there.id)));
        }
        let answers = paths.into_iter().map(|path| (path.clone(), node.get(&path).body)).collect();
        assert!(node.terminate().success());
        Scene { node, minter, told, answers, cards }
    }

    /// Returns the register as it stands, in a directory of its own.
    pub(crate) fn copy(&self) -> Node {
        Node::copy_of(&self.node)
    }

    /// Holds a running node against everything that was told.
    pub(crate) fn check_answers(&self, node: &Node, when: &str) {
        for (path, answer) in &self.answers {
            assert!(node.get(path).body == *answer, "{when}: {path} is answered differently");
        }
    }
}

/// Returns the key of the log.
pub(crate) fn log_key(node: &Node) -> VerifierKey {
    node.vkey().parse().expect("init writes a verifier key")
}

/// Submits one mint, and returns its card if it was recorded; the code of the refusal if there was no room.
pub(crate) fn mint(node: &Node, minter: &Minter, told: &mut Told, number: u64) -> Result<Card, String> {
    let (entry, card) = minter.mint(&format!("number {number}"));
    let answer = submit(node, &entry, &card).expect("an answer");
    match answer.status {
        200 | 201 => {
            told.acknowledged(&entry, &answer.json());
            Ok(card)
        }
        503 => {
            assert!(answer.retry_after.parse::<u32>().is_ok(), "no Retry-After with {}", answer.text());
            Err(answer.json()["code"].as_str().expect("a code").to_owned())
        }
        status => panic!("{status}: {}", answer.text()),
    }
}

/// Submits mints in one request, all of which must be recorded.
pub(crate) fn mint_many(node: &Node, minter: &Minter, told: &mut Told, numbers: std::ops::Range<u64>) {
    let mints: Vec<_> = numbers.map(|number| minter.mint(&format!("number {number}"))).collect();
    let bodies: Vec<String> = mints.iter().map(|(entry, card)| submission(entry, card)).collect();
    let answer = node.post("/v1/entries/many", "application/json", format!("{{\"entries\":[{}]}}", bodies.join(",")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let results = answer.json()["results"].as_array().cloned().expect("a result for each");
    for ((entry, _), result) in mints.iter().zip(&results) {
        told.acknowledged(entry, result);
    }
}

/// Returns the bytes of every file that is the register's truth, or computed beside it. The view and the drafts are neither.
pub(crate) fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir).expect("the directory").map(|found| found.expect("a directory entry").path());
    let files = files.filter(|path| path.is_file() && !path.ends_with("lock"));
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    files.map(|path| (name(&path), fs::read(&path).expect("a file"))).collect()
}
