//! A copy that has not come as far as somebody has seen, and a node that shows another history: the one is told from the other.

use std::fs;
use std::time::Duration;

use colophon_ledger::entry::Entry;
use e2e::liar::{Liar, Reply};
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::person::{Outcome, Person};
use e2e::told::submit;
use serde_json::json;

use crate::scene::Scene;

/// A register, and an earlier moment of it from which it could have gone on in another way.
struct Histories {
    /// What people have seen: three more batches.
    truth: Node,
    /// Two other batches instead, made later: fewer entries than people have seen.
    other: Node,
    /// The moment before.
    old: Node,
    work: String,
}

impl Histories {
    fn new() -> Histories {
        let mut truth = Node::start_new("behind.example/art");
        let work = mint(&truth, "ana", "hills").id().to_string();
        assert!(truth.terminate().success());
        let (mut old, mut other) = (Node::copy_of(&truth), Node::copy_of(&truth));
        [&mut truth, &mut old, &mut other].into_iter().for_each(Node::start);
        for label in ["stone", "moss", "fern"] {
            mint(&truth, "bo", label);
        }
        // Its seals stand before the newest of the truth, and are later by the same clock, which tells milliseconds.
        std::thread::sleep(Duration::from_millis(2));
        for label in ["snow", "ice"] {
            mint(&other, "cy", label);
        }
        Histories { truth, other, old, work }
    }
}

fn mint(node: &Node, who: &str, label: &str) -> Entry {
    let (entry, card) = Minter::new(who, node).mint(label);
    assert_eq!(submit(node, &entry, &card).expect("an answer").status, 201);
    entry
}

/// Lets a node say of itself that it is a copy.
fn as_copy(liar: &Liar) {
    liar.lie(|path, truth| {
        if path != "health" {
            return truth;
        }
        let mut health: serde_json::Value = serde_json::from_slice(&truth.body).expect("a node's health");
        health["follows"] = json!({"address": "https://elsewhere.example/", "status": "ok"});
        Reply::ok(health.to_string())
    });
}

fn evidence(person: &Person) -> Vec<Vec<u8>> {
    let Ok(files) = fs::read_dir(person.home().join("evidence")) else { return Vec::new() };
    files.map(|file| fs::read(file.expect("a file").path()).expect("evidence")).collect()
}

/// Asserts that somebody with the key alone finds the register convicted, and of what.
fn assert_convicts(found: &[Vec<u8>], vkey: &str, kind: &str) {
    assert_eq!(found.len(), 1);
    let stranger = Person::without_key("stranger");
    stranger.put("evidence.json", &found[0]);
    let judged = stranger.succeed(&["verify", "evidence.json", "--offline", "--vkey", vkey, "--json"]).json();
    assert_eq!(judged["kind"], kind);
}

fn assert_says(outcome: &Outcome, words: &str) {
    assert!(outcome.stderr.contains(words), "no {words:?}: {outcome}");
}

#[test]
fn a_copy_that_is_behind_accuses_nobody() {
    let mut scene = Scene::open();
    scene.mint(3);
    let work = scene.minter.mint("number 1").0.id().to_string();
    let copy = scene.copy();
    let buyer = Person::without_key("buyer").at(scene.register.url());
    // From here on the copy hears nothing of the register.
    scene.liar.lie(|_, _| Reply::status(0));
    let size = scene.mint(2);
    buyer.succeed(&["verify", &work]);
    let at_copy = ["verify", &work, "--node", copy.url()];
    // The register shows that the copy's log is the beginning of its own.
    let behind = buyer.expect(&at_copy, 75);
    assert_says(&behind, &format!("{size} have been seen before"));
    assert!(scene.register.terminate().success());
    let behind = buyer.expect(&at_copy, 75);
    assert_says(&behind, "this copy is behind");
    assert_says(&behind, "cannot be reached");
    assert!(evidence(&buyer).is_empty(), "nobody is accused");

    scene.register.start();
    scene.liar.stand_before(scene.register.url());
    scene.liar.tell_the_truth();
    copy.wait_for_size(size);
    buyer.succeed(&at_copy);
}

#[test]
fn a_copy_of_another_history_is_caught_by_what_the_register_shows() {
    let Histories { truth, other, work, .. } = Histories::new();
    let liar = Liar::before(other.url());
    as_copy(&liar);
    let buyer = Person::without_key("buyer").at(truth.url());
    buyer.succeed(&["verify", &work]);
    let forged = buyer.expect(&["verify", &work, "--node", liar.url()], 4);
    assert_says(&forged, "entries that were there have been changed or taken out");
    assert_convicts(&evidence(&buyer), &truth.vkey(), "fork");
}

#[test]
fn a_copy_of_another_history_is_caught_by_the_seal_that_was_kept_when_the_register_is_away() {
    let Histories { mut truth, other, work, .. } = Histories::new();
    let liar = Liar::before(other.url());
    as_copy(&liar);
    let (buyer, vkey) = (Person::without_key("buyer").at(truth.url()), truth.vkey());
    buyer.succeed(&["verify", &work]);
    truth.kill();
    let forged = buyer.expect(&["verify", &work, "--node", liar.url()], 4);
    assert_says(&forged, "does not fit");
    assert_convicts(&evidence(&buyer), &vkey, "seals");
}

#[test]
fn a_register_that_went_back_does_not_become_a_copy_of_itself() {
    let Histories { truth, old, work, .. } = Histories::new();
    let liar = Liar::before(truth.url());
    let buyer = Person::without_key("buyer").at(liar.url());
    buyer.succeed(&["verify", &work]);
    liar.stand_before(old.url());
    as_copy(&liar);
    let back = buyer.expect(&["verify", &work], 4);
    assert_says(&back, "it has gone back from");
    // Nor is a node somewhere else that does not say it is a copy.
    let back = buyer.expect(&["verify", &work, "--node", old.url()], 4);
    assert_says(&back, "it has gone back from");
}

#[test]
fn a_register_that_was_first_met_at_a_copy_is_known_by_its_own_address_once_that_is_met() {
    let mut scene = Scene::open();
    scene.mint(2);
    let work = scene.minter.mint("number 1").0.id().to_string();
    let copy = scene.copy();
    let buyer = Person::without_key("buyer").at(copy.url());
    let met = buyer.succeed(&["verify", &work]);
    assert_says(&met, "this node says that it is a copy");
    scene.liar.lie(|_, _| Reply::status(0));
    scene.mint(1);
    buyer.succeed(&["verify", &work, "--node", scene.register.url()]);
    assert_says(&buyer.expect(&["verify", &work], 75), "have been seen before");
    let pinned = fs::read_to_string(buyer.home().join("registers/follow.example+art.json")).expect("a pinned register");
    assert!(pinned.contains(scene.register.url()) && !pinned.contains("\"copy\""), "{pinned}");
    assert!(evidence(&buyer).is_empty());
}
