//! A register with entries in it, somebody who stands before it, and copies.

use std::path::Path;
use std::time::{Duration, Instant};

use colophon_ledger::card::Card;
use colophon_ledger::entry::Entry;
use e2e::liar::Liar;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::submission;

/// A running register, and a server before it at an address that stays.
pub(crate) struct Scene {
    pub(crate) register: Node,
    pub(crate) liar: Liar,
    pub(crate) minter: Minter,
    minted: usize,
}

impl Scene {
    pub(crate) fn open() -> Scene {
        let register = Node::start_new("follow.example/art");
        let liar = Liar::before(register.url());
        let minter = Minter::new("ana", &register);
        Scene { register, liar, minter, minted: 0 }
    }

    /// Returns the next mint.
    pub(crate) fn next(&mut self) -> (Entry, Card) {
        self.minted += 1;
        self.minter.mint(&format!("number {}", self.minted))
    }

    /// Mints so many works, in requests of a few hundred. Returns the size of the log.
    pub(crate) fn mint(&mut self, count: usize) -> u64 {
        let mints: Vec<(Entry, Card)> = (0..count).map(|_| self.next()).collect();
        for some in mints.chunks(300) {
            let bodies: Vec<String> = some.iter().map(|(entry, card)| submission(entry, card)).collect();
            let body = format!("{{\"entries\":[{}]}}", bodies.join(","));
            let answer = self.register.post("/v1/entries/many", "application/json", body);
            let results = answer.json()["results"].as_array().cloned().expect("results");
            assert!(results.iter().all(|result| result["receipt"].is_string()), "{}", answer.text());
        }
        self.size()
    }

    pub(crate) fn size(&self) -> u64 {
        self.register.get("/health").json()["size"].as_u64().expect("a size")
    }

    /// Starts a copy of the register as it is now.
    pub(crate) fn copy(&self) -> Node {
        let mut copy = Node::following(&self.register, self.liar.url()).with_serve_args(&["--poll-ms", "50"]);
        copy.start();
        copy.wait_for_size(self.size());
        copy
    }
}

/// Waits until a copy has somebody's words, which come after the log and beside it.
pub(crate) fn wait_for_card(copy: &Node, card: &Card) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while copy.get(&format!("/v1/cards/{}", card.digest())).status != 200 {
        assert!(Instant::now() < deadline, "the card does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asserts that two directories hold the same log, byte for byte.
pub(crate) fn assert_same_log(one: &Path, other: &Path) {
    for name in ["entries.log", "tile.0", "tile.1", "commits"] {
        let read = |dir: &Path| std::fs::read(dir.join(name)).unwrap_or_default();
        assert!(read(one) == read(other), "{name} differs");
    }
}

/// Asserts that a node answers to a path what another one does.
pub(crate) fn assert_same_answer(one: &Node, other: &Node, path: &str) {
    let (one, other) = (one.get(path), other.get(path));
    assert_eq!((one.status, &one.media_type), (other.status, &other.media_type), "{path}");
    assert!(one.body == other.body, "{path}: {} is not {}", one.text(), other.text());
}

/// Asserts that a directory is sound and complete.
pub(crate) fn assert_clean(node: &Node) {
    let fsck = node.run::<&str>("fsck", &[]);
    assert!(fsck.code == 0 && fsck.stdout.contains("Clean"), "{fsck}");
}
