//! A copy that is a witness: cosigns what it has replayed, and nothing of a register that was caught.

use std::process::Command;
use std::time::{Duration, Instant};

use colophon_ledger::field::Digest;
use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::note::VerifierKey;
use e2e::binaries::binaries;
use e2e::forger::Forger;
use e2e::liar::Reply;
use e2e::node::Node;

use crate::scene::Scene;

/// Makes the keys of a witness in `dir`, and returns its verifier key.
fn witness_key(dir: &std::path::Path) -> VerifierKey {
    let mut making = Command::new(&binaries().node);
    let made = making.arg("witness-key").arg(dir).args(["--name", "replay.example/one"]).output();
    let made = made.expect("the program starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    let key = said.lines().find_map(|line| line.trim().strip_prefix("verifier key  ")).expect("a verifier key");
    key.trim().parse().expect("a verifier key")
}

#[test]
fn a_replaying_witness_cosigns_what_it_has_replayed_and_no_lie() {
    let mut scene = Scene::open();
    scene.mint(10);
    let keys = tempfile::tempdir().expect("a folder");
    let key = witness_key(keys.path());
    let dir = keys.path().to_str().expect("a path").to_owned();
    let mut copy = Node::following(&scene.register, scene.liar.url());
    copy.set_serve_args(&["--poll-ms", "50", "--witness-key", &dir]);
    copy.start();

    // The register asks it with each republication; what it has published by then is cosigned.
    let policy = format!(
        "log {}\nwitness replay {key} {}\ngroup replayed any replay\nquorum none\n",
        scene.register.vkey(),
        copy.url()
    );
    let file = keys.path().join("policy");
    std::fs::write(&file, policy).expect("a policy");
    assert!(scene.register.terminate().success());
    scene.register.set_serve_args(&["--witnesses", file.to_str().expect("a path"), "--republish-s", "1"]);
    scene.register.start();
    scene.liar.stand_before(scene.register.url());
    let size = scene.mint(3).to_string();
    let line = format!("\n\u{2014} {} ", key.name());
    let deadline = Instant::now() + Duration::from_mins(1);
    // What it had cosigned before the last mints is not enough: the lie is told on top of all of them.
    let is_cosigned = |checkpoint: &str| checkpoint.lines().nth(1) == Some(&size) && checkpoint.contains(&line);
    while !is_cosigned(copy.get("/checkpoint").text()) {
        assert!(Instant::now() < deadline, "{}", copy.log());
        std::thread::sleep(Duration::from_millis(50));
    }

    // A lie is not cosigned, by whomever it is asked.
    assert!(scene.register.terminate().success());
    let mut forger = Forger::of(&scene.register.dir());
    let before = forger.size();
    let (good, _) = scene.next();
    forger.batch(&[good], &[], |seal| seal.state = Digest(sha256(b"another state")));
    let proof: Vec<String> = forger.consistency(before).iter().map(Hash::to_base64).collect();
    let request = format!("old {before}\n{}\n\n{}", proof.join("\n"), forger.checkpoint());
    let answer = copy.post("/add-checkpoint", "text/plain", request.clone());
    assert_eq!(answer.status, 503, "it has not seen it yet: {}", answer.text());
    scene.liar.lie(move |path, truth| forger.answer(path).map_or(truth, Reply::ok));
    copy.wait_for_health("source_unsound");
    let answer = copy.post("/add-checkpoint", "text/plain", request);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("bear this out"), "{}", answer.text());
}
