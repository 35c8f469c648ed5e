//! A register that lies: each lie leaves the copy at its last good checkpoint, which it goes on serving, and says so.

use colophon_ledger::evidence::Evidence;
use colophon_ledger::field::{Digest, Int};
use colophon_tlog::hash::sha256;
use e2e::forger::Forger;
use e2e::liar::Reply;
use e2e::node::Node;

use crate::scene::{Scene, assert_same_answer};

/// Asserts that the copy has caught its register, has not moved, and goes on answering.
fn assert_caught(scene: &Scene, copy: &Node, before: &[u8], why: &str, evidence: bool) {
    let health = copy.wait_for_health("source_unsound");
    assert_eq!(copy.get("/health").status, 503);
    let told = health["follows"]["why"].as_str().expect("a reason").to_owned();
    assert!(told.contains(why), "{told}");
    assert!(copy.get("/checkpoint").body == before, "the copy has moved");
    assert_eq!(copy.get("/v1/entries/2").status, 200);
    assert!(copy.get("/metrics").text().contains("colophon_source_unsound 1"));
    let level = if evidence { "THE REGISTER BROKE ITS WORD" } else { "shows what proves nothing" };
    assert!(copy.log().contains(level), "{}", copy.log());
    let (entry, card) = scene.minter.mint("never");
    let refused = e2e::told::submit(copy, &entry, &card).expect("an answer");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("source_unsound")));
    if evidence {
        let files: Vec<_> = std::fs::read_dir(copy.dir().join("evidence")).expect("evidence").collect();
        assert_eq!(files.len(), 1);
        let bytes = std::fs::read(files[0].as_ref().expect("a file").path()).expect("evidence");
        let log = scene.register.vkey().parse().expect("a key");
        Evidence::parse(&bytes).expect("evidence in its form").judge(&log).expect("it convicts");
    }
}

/// Lets the register go on by what a forger makes of its log, and the copy see it.
fn forged(why: &str, forge: impl FnOnce(&mut Scene, &mut Forger)) {
    let mut scene = Scene::open();
    scene.mint(10);
    let copy = scene.copy();
    let before = copy.get("/checkpoint").body;
    let mut forger = Forger::of(&scene.register.dir());
    forge(&mut scene, &mut forger);
    scene.liar.lie(move |path, truth| forger.answer(path).map_or(truth, Reply::ok));
    assert_caught(&scene, &copy, &before, why, true);
    // What was caught is not forgotten when the register tells the truth again.
    scene.liar.tell_the_truth();
    scene.mint(1);
    assert_eq!(copy.get("/health").status, 503);
}

#[test]
fn a_wrong_state_root_is_caught() {
    forged("says state", |scene, forger| {
        let (good, _) = scene.next();
        forger.batch(&[good], &[], |seal| seal.state = Digest(sha256(b"another state")));
    });
}

#[test]
fn an_entry_against_the_rules_is_caught() {
    forged("against the rules", |scene, forger| {
        let (good, _) = scene.next();
        let (bad, _) = scene.next();
        // One byte of the signature is another.
        let mut bad = String::from_utf8(bad.to_bytes()).expect("text");
        let at = bad.len() - 8;
        let letter = if &bad[at..=at] == "A" { "B" } else { "A" };
        bad.replace_range(at..=at, letter);
        forger.batch(&[good], &[bad.into_bytes()], |_| {});
    });
}

#[test]
fn a_batch_without_a_seal_is_caught() {
    forged("against the rules", |scene, forger| {
        let (good, _) = scene.next();
        forger.batch(&[good], &[], |seal| seal.height = Int::new(seal.height.get() + 1).expect("a number"));
    });
}

#[test]
fn a_register_that_signs_two_histories_is_caught() {
    let mut scene = Scene::open();
    scene.mint(10);
    assert!(scene.register.terminate().success());
    let mut twin = Node::copy_of(&scene.register);
    twin.start();
    scene.register.start();
    scene.liar.stand_before(scene.register.url());
    scene.mint(10);
    let copy = scene.copy();
    let before = copy.get("/checkpoint").body;
    // The twin goes on otherwise, to a larger log.
    let other = e2e::minting::Minter::new("bo", &twin);
    for number in 0..30 {
        let (entry, card) = other.mint(&format!("other {number}"));
        assert_eq!(e2e::told::submit(&twin, &entry, &card).expect("an answer").status, 201);
    }
    scene.liar.stand_before(twin.url());
    assert_caught(&scene, &copy, &before, "not both can be one log", true);
}

#[test]
fn a_register_that_goes_back_is_noticed_until_it_has_come_again() {
    let mut scene = Scene::open();
    scene.mint(10);
    let old = scene.register.get("/checkpoint").body;
    scene.mint(10);
    let copy = scene.copy();
    let before = copy.get("/checkpoint").body;
    scene.liar.lie(move |path, truth| if path == "checkpoint" { Reply::ok(old.clone()) } else { truth });
    assert_caught(&scene, &copy, &before, "gone back", false);
    scene.liar.tell_the_truth();
    let size = scene.mint(1);
    copy.wait_for_size(size);
    copy.wait_for_health("ok");
}

/// What a lying source makes of an answer to a path.
type Lie = fn(&str, Reply) -> Reply;

#[test]
fn tiles_and_bundles_that_do_not_lead_to_the_checkpoint_are_not_used() {
    let mut scene = Scene::open();
    scene.mint(300);
    let copy = scene.copy();
    let lies: [(&str, Lie); 4] = [
        ("do not lead to the checkpoint", |path, mut truth| {
            if path.starts_with("tile/0/001") {
                truth.body[40] ^= 1;
            }
            truth
        }),
        ("", |path, mut truth| {
            if path.starts_with("tile/entries/001") {
                truth.body.truncate(truth.body.len() - 20);
            }
            truth
        }),
        ("do not lead to the checkpoint", |path, mut truth| {
            if path.starts_with("tile/entries/001") {
                truth.body[100] ^= 1;
            }
            truth
        }),
        // The checkpoint comes before what it is about.
        ("does not hand out", |path, truth| if path.starts_with("tile/") { Reply::status(404) } else { truth }),
    ];
    for (why, lie) in lies {
        let before = copy.get("/checkpoint").body;
        scene.liar.lie(lie);
        let size = scene.mint(3);
        assert_caught(&scene, &copy, &before, why, false);
        scene.liar.tell_the_truth();
        copy.wait_for_size(size);
        copy.wait_for_health("ok");
        assert_same_answer(&scene.register, &copy, "/checkpoint");
    }
    assert!(!copy.dir().join("evidence").exists(), "nothing of this convicts anybody");
}

#[test]
fn a_register_that_lies_from_the_beginning_is_not_copied() {
    let mut scene = Scene::open();
    scene.mint(10);
    let mut forger = Forger::of(&scene.register.dir());
    let (good, _) = scene.next();
    forger.batch(&[good], &[], |seal| seal.state = Digest(sha256(b"another state")));
    scene.liar.lie(move |path, truth| forger.answer(path).map_or(truth, Reply::ok));
    let mut copy = Node::following(&scene.register, scene.liar.url());
    assert!(copy.try_start().is_err());
    assert!(copy.log().contains("cannot be copied"), "{}", copy.log());
    assert_eq!(std::fs::read_dir(copy.dir().join("evidence")).expect("evidence").count(), 1);
}
