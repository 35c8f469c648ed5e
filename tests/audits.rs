//! Audits that are broken off, and audits of a register that was audited before: they go on, and come to the same end as one that
//! begins at the genesis.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use e2e::liar::Liar;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::person::{Outcome, Person};
use e2e::told::submit_batches;

/// How many entries of a request become a batch.
const BATCH_ENTRIES: usize = 200;
/// How many entries a bundle has.
const BUNDLE_ENTRIES: u64 = 256;
/// How long each bundle takes: an audit keeps what it has every two seconds.
const BUNDLE_TAKES: Duration = Duration::from_millis(500);
/// How long an audit may take to keep what it has.
const PATIENCE: Duration = Duration::from_mins(1);

/// Audits from the genesis on, as somebody who has never been there.
fn whole(node: &Node) -> Outcome {
    Person::without_key("newcomer").succeed(&["audit", node.url(), "--json"])
}

/// Returns where a person's audit keeps a file.
fn kept(person: &Person, name: &str) -> Option<PathBuf> {
    let folders = fs::read_dir(person.home().join("audited")).ok()?;
    folders.map(|folder| folder.expect("a folder").path().join(name)).find(|path| path.exists())
}

/// Returns how many entries a person's audit has kept.
fn kept_entries(person: &Person) -> Option<u64> {
    let text = fs::read_to_string(kept(person, "stage")?).ok()?;
    let (_, json) = text.split_once('\n')?;
    serde_json::from_str::<serde_json::Value>(json).ok()?["stage"]["position"]["index"].as_u64()
}

/// Waits until an audit has kept more than the first bundle: with less it would rightly ask for that one again.
fn wait_until_kept(person: &Person, audit: &mut Child) {
    let deadline = Instant::now() + PATIENCE;
    while kept_entries(person).is_none_or(|entries| entries < BUNDLE_ENTRIES) {
        assert!(audit.try_wait().expect("a child can be asked").is_none(), "it came to its end, and nothing was kept");
        assert!(Instant::now() < deadline, "nothing is kept");
        thread::sleep(Duration::from_millis(10));
    }
}

fn assert_same(one: &Outcome, other: &Outcome) {
    assert_eq!(one.json(), other.json());
}

#[test]
fn an_audit_that_was_killed_goes_on_and_comes_to_the_same_end() {
    let node = Node::start_new("audits.example/log");
    let minter = Minter::new("ana", &node);
    // More bundles than are fetched at once, so that whatever the order in which those come, the audit has more before it.
    submit_batches(&node, &minter, 0..32, BATCH_ENTRIES);
    let first = whole(&node);
    let liar = Liar::before(node.url());
    let auditor = Person::without_key("auditor");
    liar.lie(|path, truth| {
        if path.starts_with("tile/entries/") {
            thread::sleep(BUNDLE_TAKES);
        }
        truth
    });
    let mut command = auditor.command();
    let command = command.args(["audit", liar.url()]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut audit = command.spawn().expect("the audit starts");
    wait_until_kept(&auditor, &mut audit);
    audit.kill().expect("a child can be killed");
    assert!(!audit.wait().expect("a child can be waited for").success(), "it came to its end before it was killed");
    let finished = fs::read_dir(auditor.home().join("audited")).expect("a folder").count() > 1;
    assert!(!finished, "an audit that came to no end counts");

    liar.tell_the_truth();
    // What the killed one had asked for comes to its end first.
    while !liar.asked().is_empty() {
        thread::sleep(BUNDLE_TAKES);
    }
    let resumed = auditor.succeed(&["audit", liar.url(), "--json"]);
    assert!(resumed.stderr.contains("goes on from the first"), "{resumed}");
    assert!(!liar.asked().iter().any(|path| path == "/tile/entries/000"), "it began at the genesis");
    assert_same(&resumed, &first);

    // With more entries than before, and with none.
    submit_batches(&node, &minter, 32..34, BATCH_ENTRIES);
    let second = whole(&node);
    assert_ne!(first.json(), second.json());
    for _ in 0..2 {
        assert_same(&auditor.succeed(&["audit", liar.url(), "--json"]), &second);
    }
    let fresh = auditor.succeed(&["audit", liar.url(), "--json", "--fresh"]);
    assert!(!fresh.stderr.contains("goes on from"), "{fresh}");
    assert!(liar.asked().iter().any(|path| path == "/tile/entries/000"));
    assert_same(&fresh, &second);
}

#[test]
fn whatever_is_damaged_of_what_an_audit_kept_it_begins_anew() {
    let node = Node::start_new("audits.example/log");
    submit_batches(&node, &Minter::new("ana", &node), 0..1, BATCH_ENTRIES);
    let first = whole(&node);
    let auditor = Person::without_key("auditor");
    auditor.succeed(&["audit", node.url()]);
    for name in ["stage", "records", "roots"] {
        let path = kept(&auditor, name).expect("it is kept");
        let mut bytes = fs::read(&path).expect("a file");
        let at = bytes.len() - 9;
        bytes[at] ^= 1;
        fs::write(&path, bytes).expect("a damaged file");
        let anew = auditor.succeed(&["audit", node.url(), "--json"]);
        assert!(anew.stderr.contains("damaged, so this one begins anew"), "{name}: {anew}");
        assert_same(&anew, &first);
        let again = auditor.succeed(&["audit", node.url(), "--json"]);
        assert!(again.stderr.contains("goes on from the first"), "{name}: {again}");
        assert_same(&again, &first);
    }
}

/// A register that goes back from what was seen of it is caught before any audit. Here that is forgotten.
#[test]
fn a_copy_that_is_behind_what_was_replayed_is_no_liar() {
    let mut node = Node::start_new("audits.example/log");
    let minter = Minter::new("ana", &node);
    submit_batches(&node, &minter, 0..1, BATCH_ENTRIES);
    let auditor = Person::without_key("auditor");
    auditor.succeed(&["audit", node.url()]);
    assert!(node.terminate().success());
    let mut behind = Node::copy_of(&node);
    [&mut node, &mut behind].into_iter().for_each(Node::start);
    submit_batches(&node, &minter, 1..2, BATCH_ENTRIES);
    auditor.succeed(&["audit", node.url()]);
    fs::remove_dir_all(auditor.home().join("seen")).expect("what was seen");
    let said = auditor.expect(&["audit", behind.url()], 75);
    assert!(said.stderr.contains("entries were replayed before"), "{said}");
    let fresh = auditor.succeed(&["audit", behind.url(), "--fresh", "--json"]);
    assert_same(&fresh, &whole(&behind));
}
