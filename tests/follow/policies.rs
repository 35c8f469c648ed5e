//! Copies that take only what witnesses have cosigned, with real witnesses.

use std::time::{Duration, Instant};

use colophon_tlog::policy::Policy;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::submit;
use e2e::witness::{Witness, write_policy};

use crate::scene::assert_same_log;

const PATIENCE: Duration = Duration::from_mins(1);

/// A register that needs one of two witnesses, and the policy of a copy that needs both.
struct Scene {
    register: Node,
    witnesses: [Witness; 2],
    minter: Minter,
    desk: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let register = Node::init("policies.example/log");
        let log = [register.vkey()];
        let witnesses = ["one.example", "two.example"].map(|name| Witness::start_new(name, &["ed25519"], &log));
        let desk = tempfile::tempdir().expect("a folder for the policies");
        for (name, quorum) in [("one", 1), ("both", 2)] {
            write_policy(&desk.path().join(name), &log[0], &witnesses.iter().collect::<Vec<_>>(), quorum);
        }
        let one = desk_path(&desk, "one");
        let mut register = register.with_serve_args(&["--witnesses", &one, "--republish-s", "1"]);
        register.start();
        let minter = Minter::new("ana", &register);
        Scene { register, witnesses, minter, desk }
    }

    fn policy(&self, name: &str) -> String {
        desk_path(&self.desk, name)
    }

    /// Returns a copy by the policy that needs both, not started.
    fn copy(&self) -> Node {
        let args = ["--poll-ms", "50", "--policy", &self.policy("both")];
        Node::following(&self.register, self.register.url()).with_serve_args(&args)
    }

    /// Mints, and returns the size of the register's log.
    fn mint(&self, label: &str) -> u64 {
        let (entry, card) = self.minter.mint(label);
        assert_eq!(submit(&self.register, &entry, &card).expect("an answer").status, 201);
        self.register.get("/health").json()["size"].as_u64().expect("a size")
    }
}

fn desk_path(desk: &tempfile::TempDir, name: &str) -> String {
    desk.path().join(name).to_str().expect("a path of text").to_owned()
}

/// Asserts that a node shows a checkpoint that the policy in this file accepts.
fn assert_accepted(node: &Node, policy: &str) {
    let policy = Policy::parse(&std::fs::read(policy).expect("a policy")).expect("a policy");
    let checkpoint = node.get("/checkpoint").body;
    let judged = policy.judge(&checkpoint).expect("a checkpoint of the log");
    assert!(judged.quorum_met, "{}", String::from_utf8_lossy(&checkpoint));
}

#[test]
fn a_copy_takes_only_what_its_own_policy_s_quorum_has_cosigned() {
    let mut scene = Scene::new();
    let mut copy = scene.copy();
    copy.start();
    copy.wait_for_size(scene.mint("hills"));
    assert_accepted(&copy, &scene.policy("both"));

    // Enough for the register, and not for the copy: it stays where it was, serves that, and says why.
    scene.witnesses[1].kill();
    let good = copy.get("/checkpoint").body;
    let ahead = scene.mint("river");
    let deadline = Instant::now() + PATIENCE;
    let follows = loop {
        let health = copy.get("/health");
        let follows = health.json()["follows"].clone();
        if follows["status"] == "source_away" {
            assert_eq!(health.status, 200, "reading goes on");
            break follows;
        }
        assert!(Instant::now() < deadline, "it is content with one witness: {}", health.text());
        std::thread::sleep(Duration::from_millis(20));
    };
    let why = follows["why"].as_str().unwrap_or_default();
    assert!(why.contains(&format!("{ahead} entries")) && why.contains("too few"), "{why}");
    let text = |checkpoint: &[u8]| String::from_utf8_lossy(checkpoint).lines().take(3).collect::<Vec<_>>().join("\n");
    assert_eq!(text(&copy.get("/checkpoint").body), text(&good));
    assert_accepted(&copy, &scene.policy("both"));
    assert_accepted(&scene.register, &scene.policy("one"));
    assert!(copy.log().contains("too few"), "{}", copy.log());

    // The register has the same checkpoint cosigned anew, and the copy goes on, also when it is started again.
    scene.witnesses[1].start();
    copy.wait_for_size(ahead);
    assert_accepted(&copy, &scene.policy("both"));
    assert!(copy.terminate().success());
    copy.start();
    copy.wait_for_size(scene.mint("stone"));
    assert!(copy.terminate().success() && scene.register.terminate().success());
    assert_same_log(&scene.register.dir(), &copy.dir());
}

#[test]
fn a_copy_is_not_begun_by_what_too_few_have_cosigned_and_not_by_another_log_s_policy() {
    let mut scene = Scene::new();
    scene.witnesses[0].kill();
    let size = scene.mint("hills");
    let mut copy = scene.copy();
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| copy.start());
        let witness = &mut scene.witnesses[0];
        // It says so, and waits; with the second witness it comes up.
        std::thread::sleep(Duration::from_millis(500));
        assert!(!starting.is_finished(), "it serves what one witness has cosigned");
        witness.start();
        starting.join().expect("it comes up");
    });
    copy.wait_for_size(size);
    assert!(copy.log().contains("cosigned by 1 witnesses of the policy: too few"), "{}", copy.log());
    assert_accepted(&copy, &scene.policy("both"));

    let other = Node::init("other.example/log");
    let path = scene.policy("other");
    std::fs::write(&path, format!("log {}\nquorum none\n", other.vkey())).expect("a policy");
    let mut stranger = Node::following(&scene.register, scene.register.url()).with_serve_args(&["--policy", &path]);
    let refused = stranger.refused_start();
    assert_eq!(refused.code, 1, "{}", refused.said);
    assert!(refused.said.contains("the policy does not name the log"), "{}", refused.said);
}
