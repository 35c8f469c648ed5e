//! A register that lies, and everybody who looks at it: the table of lies, and of who finds out what.
//!
//! Not everybody can see through everything. A history that is whole and well made shows its falsehood only to those who have seen
//! the other one; a false state, only to those who replay. Each line says who must find out, and what they must say.

use std::fs;

use colophon_ledger::entry::Entry;
use colophon_ledger::field::{Digest, Int};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::sha256;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::proof::{consistency, consistency_tiles};
use colophon_tlog::tile::{Bundle, Tile, TileSet};
use colophon_tlog::tree::TreeSize;
use colophon_tlog::witness::AddCheckpoint;
use e2e::forger::Forger;
use e2e::liar::{Liar, Reply};
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::person::{Outcome, Person};
use e2e::told::submit;
use e2e::witness::Witness;

/// A lie: what is shown instead of the truth, and what each who looks must make of it.
struct Lie {
    what: &'static str,
    tell: fn(&Scene),
    /// What `colophon verify` says to somebody who has been here before.
    known: Found,
    /// What it says to somebody who has not.
    newcomer: Found,
    /// What `colophon audit` says, which replays everything and has seen nothing before.
    audit: Found,
    /// How a witness answers that has cosigned the truth.
    witness: u16,
    /// Whether a follower that has a copy of the truth finds it out, and why; nothing where it is to wait.
    follower: Option<&'static str>,
}

/// An exit code, and some of what is said with it.
type Found = (i32, &'static str);

const FORGED: i32 = 4;
const VERIFIED: Found = (0, "verified: the work is registered");
const SOUND: Found = (0, "");

const LIES: [Lie; 8] = [
    Lie {
        what: "another history of the same length",
        tell: |scene| scene.liar.stand_before(scene.fork.url()),
        known: (FORGED, "two different logs of one size are signed"),
        newcomer: VERIFIED,
        audit: SOUND,
        witness: 422,
        follower: Some("not both can be one log"),
    },
    Lie {
        what: "a history rolled back by a batch",
        tell: |scene| scene.liar.stand_before(scene.old.url()),
        known: (FORGED, "it has gone back from"),
        newcomer: VERIFIED,
        audit: SOUND,
        witness: 400,
        follower: Some("gone back"),
    },
    Lie {
        what: "tiles of other hashes",
        tell: |scene| {
            scene.meddle(|path, bytes| {
                if is_tile(path) {
                    bytes[0] ^= 1;
                }
            });
        },
        known: (FORGED, "its tiles do not lead to the checkpoint"),
        newcomer: (FORGED, "its tiles do not lead to the checkpoint"),
        audit: (FORGED, ""),
        witness: 200,
        follower: Some("tile"),
    },
    Lie {
        what: "bundles cut short",
        tell: |scene| {
            scene.meddle(|path, bytes| {
                if path.starts_with("tile/entries/") {
                    bytes.pop();
                }
            });
        },
        // The first bundle is read once, for the genesis.
        known: VERIFIED,
        newcomer: (FORGED, "the bundle ends within its entry"),
        audit: (FORGED, ""),
        witness: 200,
        follower: Some("entr"),
    },
    Lie {
        what: "a checkpoint before its tiles",
        tell: Scene::withhold_tiles,
        known: (FORGED, "it does not hand out tile/0/000"),
        newcomer: (FORGED, "it does not hand out tile/entries/000"),
        audit: (FORGED, ""),
        witness: 200,
        follower: Some("tile"),
    },
    Lie {
        what: "an entry left out of its batch",
        tell: |scene| {
            scene.forge(|forger, good, _| forger.batch(&[good], &[], |seal| seal.count = Int::new(2).expect("two")));
        },
        known: VERIFIED,
        newcomer: VERIFIED,
        audit: (FORGED, ""),
        witness: 200,
        follower: Some("against the rules"),
    },
    Lie {
        what: "a wrong state root",
        tell: |scene| {
            scene.forge(|forger, good, _| {
                forger.batch(&[good], &[], |seal| seal.state = Digest(sha256(b"whoever pays most holds it")));
            });
        },
        known: VERIFIED,
        newcomer: VERIFIED,
        audit: (FORGED, "state"),
        witness: 200,
        follower: Some("says state"),
    },
    Lie {
        what: "an entry with a bad signature",
        tell: |scene| scene.forge(|forger, good, bad| forger.batch(&[good], &[spoilt(&bad)], |_| {})),
        known: VERIFIED,
        newcomer: VERIFIED,
        audit: (FORGED, "against the rules"),
        witness: 200,
        follower: Some("against the rules"),
    },
];

/// A register at several moments of its life, and of a life it never had.
struct Scene {
    /// One batch earlier than people have seen.
    old: Node,
    /// What people have seen.
    truth: Node,
    /// As long as what people have seen, and different in its last batch.
    fork: Node,
    /// What people have seen, and more.
    grown: Node,
    liar: Liar,
    work: String,
    log: VerifierKey,
}

impl Scene {
    fn new() -> Scene {
        let mut truth = Node::start_new("lies.example/log");
        let work = mint(&truth, "ana", "hills");
        mint(&truth, "ana", "river");
        assert!(truth.terminate().success());
        let (mut old, mut fork) = (Node::copy_of(&truth), Node::copy_of(&truth));
        for (node, label) in [(&mut truth, "stone"), (&mut fork, "snow")] {
            node.start();
            mint(node, "bo", label);
        }
        assert!(truth.terminate().success());
        let mut grown = Node::copy_of(&truth);
        [&mut old, &mut truth, &mut grown].into_iter().for_each(Node::start);
        mint(&grown, "cy", "moss");
        let liar = Liar::before(truth.url());
        let log = truth.vkey().parse().expect("init writes a verifier key");
        Scene { old, truth, fork, grown, liar, work, log }
    }

    fn tell_the_truth(&self, node: &Node) {
        self.liar.tell_the_truth();
        self.liar.stand_before(node.url());
    }

    /// Changes what the log's resources are on their way.
    fn meddle(&self, meddle: impl Fn(&str, &mut Vec<u8>) + Send + 'static) {
        self.liar.stand_before(self.grown.url());
        self.liar.lie(move |path, mut truth| {
            if truth.status == 200 {
                meddle(path, &mut truth.body);
            }
            truth
        });
    }

    /// Shows the newest checkpoint, and of tiles and bundles only those of the log that people have seen.
    fn withhold_tiles(&self) {
        let seen = self.checkpoint_of(&self.truth).checkpoint().size;
        self.liar.stand_before(self.grown.url());
        self.liar.lie(move |path, truth| {
            let tile = Tile::parse(path).is_ok_and(|tile| !tile.is_within(seen));
            let bundle = Bundle::parse(path).is_ok_and(|bundle| !bundle.is_within(seen));
            if tile || bundle { Reply::status(404) } else { truth }
        });
    }

    /// Lets the log go on by a batch that only its operator could make. It gets two entries that would be good ones.
    fn forge(&self, forge: impl FnOnce(&mut Forger, Entry, Entry)) {
        let mut forger = Forger::of(&self.truth.dir());
        let dee = Minter::new("dee", &self.truth);
        forge(&mut forger, dee.mint("fog").0, dee.mint("frost").0);
        self.tell_the_truth(&self.truth);
        self.liar.lie(move |path, truth| forger.answer(path).map_or(truth, Reply::ok));
    }

    fn checkpoint_of(&self, node: &Node) -> SignedCheckpoint {
        SignedCheckpoint::open(&node.get("/checkpoint").body, &self.log).expect("the log's checkpoint")
    }

    /// Lets a witness that has cosigned the truth be asked for what is shown now, by an operator who tries, and returns how it
    /// answers.
    fn ask_witness(&self, witness: &Witness) -> u16 {
        let shown = SignedCheckpoint::open(&get(self.liar.url(), "/checkpoint").expect("a checkpoint"), &self.log);
        let shown = shown.expect("the log's checkpoint");
        let (old, new) = (self.checkpoint_of(&self.truth).checkpoint().size, shown.checkpoint().size);
        let mut tiles = TileSet::new();
        for tile in if old < new { consistency_tiles(old, new) } else { Vec::new() } {
            // What the liar withholds or falsifies, its own operator has.
            let path = tile.path();
            let bytes =
                get(self.liar.url(), &format!("/{path}")).unwrap_or_else(|| self.grown.get(&format!("/{path}")).body);
            tiles.insert(tile, &bytes).expect("a tile");
        }
        let proof =
            if old < new { consistency(old, new, &tiles).expect("the tiles that it takes") } else { Vec::new() };
        cosign(witness, old, proof, &shown)
    }

    /// Lets somebody follow who has the truth already, and returns what came of it.
    fn check_follower(&self, lie: &Lie) -> String {
        self.tell_the_truth(&self.truth);
        let mut copy = Node::following(&self.truth, self.liar.url()).with_serve_args(&["--poll-ms", "50"]);
        copy.start();
        let seen = self.checkpoint_of(&self.truth);
        copy.wait_for_size(seen.checkpoint().size.get());
        (lie.tell)(self);
        let Some(why) = lie.follower else { return String::new() };
        let health = copy.wait_for_health("source_unsound");
        let told = health["follows"]["why"].as_str().expect("a reason").to_owned();
        assert!(told.contains(why), "{}: {told}", lie.what);
        assert_eq!(self.checkpoint_of(&copy).to_string(), seen.to_string(), "{}: the copy has moved", lie.what);
        let work = copy.get(&format!("/v1/works/{}", self.work)).status;
        assert_eq!(work, 200, "{}: the copy serves no more", lie.what);
        told
    }
}

fn mint(node: &Node, who: &str, label: &str) -> String {
    let (entry, card) = Minter::new(who, node).mint(label);
    assert_eq!(submit(node, &entry, &card).expect("an answer").status, 201);
    entry.id().to_string()
}

/// Returns the entry with another digit in its signature. Its id, and so everything else, stays.
fn spoilt(entry: &Entry) -> Vec<u8> {
    let mut bytes = entry.to_bytes();
    // Well within the base64 of the last signature.
    let at = bytes.len() - 10;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    Entry::parse(&bytes).expect("still an entry");
    bytes
}

fn is_tile(path: &str) -> bool {
    path.starts_with("tile/") && !path.starts_with("tile/entries/")
}

fn get(url: &str, path: &str) -> Option<Vec<u8>> {
    let http = reqwest::blocking::Client::builder().no_proxy().build().expect("an HTTP client");
    let answer = http.get(format!("{url}{path}")).send().expect("an answer");
    answer.status().is_success().then(|| answer.bytes().expect("a body").to_vec())
}

fn cosign(witness: &Witness, old: TreeSize, proof: Vec<colophon_tlog::hash::Hash>, shown: &SignedCheckpoint) -> u16 {
    let request = AddCheckpoint::new(old, proof, shown).expect("a request within its limits");
    witness.add_checkpoint(request.to_string()).status
}

/// Holds what a command said against what it must say, and returns it in short.
fn check(outcome: &Outcome, (code, words): Found, lie: &str) -> String {
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.code == code && said.contains(words), "{lie}: not {code} {words:?}: {outcome}");
    format!("{code} {words}")
}

#[test]
fn each_lie_is_caught_by_whoever_can() {
    let scene = Scene::new();
    for lie in &LIES {
        let what = lie.what;
        scene.tell_the_truth(&scene.truth);
        let buyer = Person::without_key("buyer").at(scene.liar.url());
        buyer.succeed(&["verify", &scene.work]);
        let witness = Witness::start_new("w.example", &["ed25519"], &[scene.truth.vkey()]);
        assert_eq!(cosign(&witness, TreeSize::ZERO, Vec::new(), &scene.checkpoint_of(&scene.truth)), 200);

        (lie.tell)(&scene);
        println!("{what}");
        println!("    been here before: {}", check(&buyer.run(&["verify", &scene.work]), lie.known, what));
        let evidence = fs::read_dir(buyer.home().join("evidence")).map_or(0, Iterator::count);
        assert_eq!(evidence, usize::from(lie.known.0 == FORGED), "{what}: {evidence} files of evidence");
        let stranger = Person::without_key("stranger").at(scene.liar.url());
        println!("    a newcomer:       {}", check(&stranger.run(&["verify", &scene.work]), lie.newcomer, what));
        let auditor = Person::without_key("auditor");
        println!("    an audit:         {}", check(&auditor.run(&["audit", scene.liar.url()]), lie.audit, what));
        let answer = scene.ask_witness(&witness);
        assert_eq!(answer, lie.witness, "{what}: the witness answers {answer}");
        println!("    a witness:        {answer}");
        println!("    a follower:       {}", scene.check_follower(lie));

        // Nothing that was shown spoils what is true.
        scene.tell_the_truth(&scene.grown);
        check(&buyer.run(&["verify", &scene.work]), VERIFIED, what);
    }
}
