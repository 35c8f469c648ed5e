//! Witnesses, by real processes: nothing is shown that a quorum has not cosigned, and a register that was put back is caught.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use colophon_client::http::{Patience, Transport};
use colophon_client::tiles::{Span, check_extends};
use colophon_ledger::draft::Draft;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::sha256;
use colophon_tlog::note::{SignatureLine, VerifierKey};
use colophon_tlog::policy::Policy;
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tree::TreeSize;
use colophon_tlog::witness::AddCheckpoint;
use e2e::minting::Minter;
use e2e::node::{Answer, Node, copy_dir};
use e2e::told::{read_slots, submit};
use e2e::witness::{Witness, write_policy};

/// How long to wait for what comes soon.
const SOON: Duration = Duration::from_mins(1);

/// A register whose checkpoints two of three witnesses must cosign.
struct Scene {
    node: Node,
    witnesses: Vec<Witness>,
    minter: Minter,
    policy: PathBuf,
    /// Keeps the folder of the policy.
    _dir: tempfile::TempDir,
}

impl Scene {
    fn new(serve_args: &[&str]) -> Scene {
        let node = Node::init("witnessed.example/log");
        let log = [node.vkey()];
        let names = ["one.example", "two.example", "three.example"];
        let witnesses: Vec<_> = names.iter().map(|name| Witness::start_new(name, &["ed25519"], &log)).collect();
        let dir = tempfile::tempdir().expect("a folder for the policy");
        let policy = dir.path().join("policy");
        write_policy(&policy, &log[0], &witnesses.iter().collect::<Vec<_>>(), 2);
        let args = [&["--witnesses", policy.to_str().expect("a path of text")], serve_args].concat();
        let mut node = node.with_serve_args(&args);
        node.start();
        let minter = Minter::new("ana", &node);
        Scene { node, witnesses, minter, policy, _dir: dir }
    }

    fn mint(&self, number: usize) -> Answer {
        let (entry, card) = self.minter.mint(&format!("number {number}"));
        submit(&self.node, &entry, &card).expect("an answer")
    }

    fn policy(&self) -> Policy {
        Policy::parse(&std::fs::read(&self.policy).expect("the policy")).expect("a policy")
    }

    /// Returns the published checkpoint, which must have a quorum.
    fn checkpoint(&self) -> SignedCheckpoint {
        let bytes = self.node.get("/checkpoint").body;
        let policy = self.policy();
        let judged = policy.judge(&bytes).expect("a checkpoint of the log");
        assert!(judged.quorum_met, "{}", String::from_utf8_lossy(&bytes));
        judged.checkpoint
    }

    fn size(&self) -> u64 {
        let log: VerifierKey = self.node.vkey().parse().expect("a verifier key");
        let signed = SignedCheckpoint::open(&self.node.get("/checkpoint").body, &log).expect("the log's checkpoint");
        signed.checkpoint().size.get()
    }

    fn status(&self) -> (u16, String) {
        let health = self.node.get("/health");
        (health.status, health.json()["status"].as_str().unwrap_or_default().to_owned())
    }
}

/// Returns the checkpoint that waits for its quorum.
fn pending(node: &Node) -> SignedCheckpoint {
    let log: VerifierKey = node.vkey().parse().expect("a verifier key");
    let slots = read_slots(&node.dir());
    let notes = slots.iter().flat_map(|(_, notes)| notes);
    let signed = notes.map(|note| SignedCheckpoint::open(note.as_bytes(), &log).expect("the log's checkpoint"));
    signed.max_by_key(|signed| signed.checkpoint().size).expect("a slot that is whole")
}

/// Lets the governor name this key for the log; returns the status and the text of the answer.
fn name_log_key(node: &Node, key: &str) -> (u16, String) {
    let dir = node.dir();
    let (governor, draft) = (dir.join("governor.key"), dir.join("log-key.draft"));
    let [dir, governor, out] = [&dir, &governor, &draft].map(|path| path.to_str().expect("a path of text"));
    let composed = node.run_words(&["govern", "log-key", dir, "--key", governor, "--vkey", key, "--out", out]);
    assert_eq!(composed.code, 0, "{composed}");
    let draft = Draft::parse(&std::fs::read(draft).expect("a draft")).expect("a draft");
    let entry = draft.to_entry().expect("all signatures").to_bytes();
    let answer = node.post("/v1/entries", "text/plain", entry);
    (answer.status, answer.text().to_owned())
}

#[test]
fn a_new_key_of_the_log_that_the_policy_does_not_name_is_not_taken_and_the_operator_is_told_why() {
    let scene = Scene::new(&[]);
    let made = scene.node.run::<&str>("next-log-key", &[]);
    let new = made.stdout.lines().find_map(|line| line.trim().strip_prefix("verifier key")).expect("a key").trim();
    let (status, said) = name_log_key(&scene.node, new);
    assert_eq!(status, 403, "{said}");
    let told = format!("The log's new key is not taken: the policy of the witnesses does not name it: {new}");
    assert!(scene.node.log().contains(&told), "{}", scene.node.log());
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come about within {SOON:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn every_checkpoint_and_receipt_carries_a_quorum_also_with_one_witness_away() {
    let mut scene = Scene::new(&["--republish-s", "1"]);
    scene.checkpoint();
    for number in 0..4 {
        if number == 2 {
            scene.witnesses[1].kill();
        }
        let answer = scene.mint(number);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let receipt = answer.json()["receipt"].as_str().expect("a receipt").to_owned();
        let receipt = Receipt::parse(receipt.as_bytes()).expect("a receipt");
        assert!(scene.policy().judge(receipt.checkpoint.as_bytes()).expect("the log's checkpoint").quorum_met);
        scene.checkpoint();
    }
    assert_eq!(scene.status(), (200, "ok".to_owned()));
    eventually("the absence is told", || scene.node.log().contains("The witness w1 does not cosign"));
    let metrics = scene.node.get("/metrics");
    for line in [
        "colophon_witness_answer{witness=\"w0\",answer=\"cosigned\"} 1".to_owned(),
        "colophon_witness_answer{witness=\"w1\",answer=\"away\"} 1".to_owned(),
        "colophon_witness_answer{witness=\"w1\",answer=\"cosigned\"} 0".to_owned(),
        format!("colophon_witness_size{{witness=\"w0\"}} {}", scene.size()),
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line} is not in\n{}", metrics.text());
    }
    scene.witnesses[1].start();
    eventually("the witness cosigns again", || scene.node.log().contains("The witness w1 cosigns again"));
    assert_eq!(scene.node.log().matches("does not cosign").count(), 1, "told once: {}", scene.node.log());
    // What it fails by is told again once it is something else.
    scene.witnesses[1].kill();
    eventually("the absence is told", || scene.node.log().matches("does not cosign").count() == 2);
    scene.witnesses[1].witness_only(&Node::init("another.example/log").vkey());
    scene.witnesses[1].start();
    eventually("the refusal is told", || scene.node.log().contains("w1 does not cosign: it does not witness this log"));
    // What a witness shows is signed by the log and by itself.
    let path = format!("/{}/checkpoint", sha256(b"witnessed.example/log"));
    let shown = scene.witnesses[0].get(&path);
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(scene.policy().judge(&shown.body).expect("the log's checkpoint").witnesses.len(), 1);
    assert_eq!(scene.witnesses[0].get("/health").json()["status"], "ok");
}

#[test]
fn without_a_quorum_nothing_new_is_shown_and_nothing_is_lost() {
    let mut scene = Scene::new(&["--queue", "3"]);
    assert_eq!(scene.mint(0).status, 201);
    let (size, before) = (scene.size(), scene.node.get("/checkpoint").body);
    scene.witnesses[0].kill();
    scene.witnesses[1].kill();
    let held = scene.mint(1);
    assert_eq!((held.status, held.json()["code"].as_str()), (503, Some("unwitnessed")), "{}", held.text());
    assert!(!held.retry_after.is_empty());
    assert_eq!(scene.status(), (503, "unwitnessed".to_owned()));
    assert!(scene.node.get("/metrics").text().contains("\ncolophon_checkpoint_held 1\n"));
    assert_eq!(scene.node.get("/checkpoint").body, before);
    assert_eq!(scene.node.get(&format!("/v1/entries/{size}")).status, 404, "nothing beyond the published size");
    assert_eq!(scene.node.get(&format!("/tile/0/000.p/{}", size + 1)).status, 404);
    // The log goes on for a batch or two, the queue takes what it may, and then no more.
    std::thread::scope(|scope| {
        let (scene, mut waiting) = (&scene, Vec::new());
        eventually("the queue is full", || {
            let number = 2 + waiting.len();
            waiting.push(scope.spawn(move || scene.mint(number)));
            scene.node.get("/health").json()["waiting"] == 3
        });
        let busy = scene.mint(1_000);
        assert_eq!((busy.status, busy.json()["code"].as_str()), (503, Some("busy")), "{}", busy.text());
        for one in waiting {
            assert_eq!(one.join().expect("an answer").status, 503);
        }
    });
    assert_eq!(scene.node.get("/checkpoint").body, before);
    // Killed meanwhile, it listens again at once, shows what it showed before, and says what it waits for.
    for _ in 0..2 {
        scene.node.kill();
        scene.node.start_listening().expect("it listens without a quorum");
        assert_eq!(scene.status(), (503, "unwitnessed".to_owned()));
        assert_eq!(scene.node.get("/checkpoint").body, before);
        assert_eq!(scene.node.get(&format!("/v1/entries/{size}")).status, 404, "nothing beyond the published size");
        let held = scene.mint(1);
        assert_eq!((held.status, held.json()["code"].as_str()), (503, Some("unwitnessed")), "{}", held.text());
    }
    let pending = pending(&scene.node);
    // Stopped while it waits, it ends, and the next start sends the same checkpoint again.
    assert!(scene.node.terminate().success());
    scene.witnesses[0].start();
    scene.node.start_listening().expect("it listens");
    scene.node.wait_for_health("ok");
    eventually("what was held is shown", || scene.size() > size);
    let shown = scene.checkpoint();
    assert_eq!(shown.note().text(), pending.note().text(), "the checkpoint that was signed before");
    let again = scene.mint(1);
    assert_eq!((again.status, again.json()["repeated"].as_bool()), (200, Some(true)), "{}", again.text());
    scene.checkpoint();
    assert!(scene.node.terminate().success());
    let fsck = scene.node.run::<&str>("fsck", &[]);
    assert_eq!(fsck.code, 0, "{fsck}");
}

#[test]
fn a_register_ends_when_asked_although_its_witnesses_are_away() {
    let mut scene = Scene::new(&[]);
    scene.witnesses.iter_mut().for_each(Witness::kill);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| scene.mint(0));
        eventually("the checkpoint is held", || scene.status().0 == 503);
        assert_eq!(waiting.join().expect("an answer").status, 503);
    });
    assert!(scene.node.terminate().success());
    assert!(scene.node.log().contains("the next start sends it again"), "{}", scene.node.log());
    scene.witnesses.iter_mut().for_each(Witness::start);
    scene.node.start();
    assert_eq!(scene.mint(0).json()["repeated"], true);
    scene.checkpoint();
}

#[test]
fn an_idle_checkpoint_gets_fresh_cosignatures_and_keeps_its_log_line() {
    let scene = Scene::new(&["--republish-s", "1"]);
    assert_eq!(scene.mint(0).status, 201);
    let first = scene.checkpoint();
    eventually("another cosignature", || scene.node.get("/checkpoint").body != first.to_string().into_bytes());
    let second = scene.checkpoint();
    assert_eq!(first.note().text(), second.note().text());
    assert_eq!(first.note().signatures()[0], second.note().signatures()[0]);
    let newest =
        |signed: &SignedCheckpoint| signed.note().signatures()[1..].iter().filter_map(SignatureLine::cosigned_at).max();
    assert!(newest(&second) > newest(&first));
    let lines: std::collections::BTreeSet<_> =
        second.note().signatures().iter().map(|line| (line.name.clone(), line.key_id)).collect();
    assert_eq!(lines.len(), second.note().signatures().len(), "no line stands twice");
    let cosigned = scene.node.get("/metrics");
    assert!(!cosigned.text().contains("colophon_checkpoint_cosigned_seconds 0"), "{}", cosigned.text());
}

#[test]
fn what_waits_for_its_witnesses_is_published_without_them_only_by_the_operators_word() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.mint(0).status, 201);
    let (shown, size) = (scene.node.get("/checkpoint").body, scene.size());
    scene.witnesses.iter_mut().for_each(Witness::kill);
    let (entry, card) = scene.minter.mint("number 1");
    assert!(submit(&scene.node, &entry, &card).is_none_or(|answer| answer.status == 503));
    eventually("the batch waits", || pending(&scene.node).checkpoint().size.get() > size);
    scene.node.kill();
    let waiting = read_slots(&scene.node.dir());

    // Without the flag that it always had, it does not start, and signs nothing.
    scene.node.set_serve_args(&[]);
    let refused = scene.node.refused_start();
    assert!(refused.code == 1 && refused.said.contains("--without-witnesses"), "{}", refused.said);
    assert!(refused.said.contains("was cosigned by witnesses"), "{}", refused.said);
    // The tables are made anew of what is published, and nothing more is.
    let rebuilt = scene.node.run::<&str>("rebuild", &[]);
    assert!(rebuilt.code == 0 && rebuilt.stdout.contains(&format!("{size} entries")), "{rebuilt}");
    assert!(read_slots(&scene.node.dir()) == waiting, "rebuild has signed something");

    // With its witnesses it goes on where it stood.
    scene.witnesses.iter_mut().for_each(Witness::start);
    let args = ["--witnesses", scene.policy.to_str().expect("a path of text")];
    let mut without = Node::copy_of(&scene.node).with_serve_args(&["--without-witnesses"]);
    scene.node.set_serve_args(&args);
    scene.node.start();
    scene.node.wait_for_size(size + 2);
    scene.checkpoint();
    assert_ne!(scene.node.get("/checkpoint").body, shown);

    // Without them only where that is said, and from the first checkpoint that they have not cosigned on, nobody asks any more.
    without.start();
    assert_eq!(without.get("/health").json()["size"], size + 2);
    assert!(!scene.policy().judge(&without.get("/checkpoint").body).expect("the log's checkpoint").quorum_met);
    assert!(without.terminate().success());
    without.set_serve_args(&[]);
    without.start();
}

#[test]
fn an_old_backup_is_refused_by_what_the_witnesses_know() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.mint(0).status, 201);
    assert!(scene.node.terminate().success());
    let shelf = tempfile::tempdir().expect("another disk");
    let backup = shelf.path().join("backup");
    copy_dir(&scene.node.dir(), &backup);
    scene.node.start();
    let seen = scene.checkpoint();
    for number in 1..4 {
        assert_eq!(scene.mint(number).status, 201);
    }
    assert!(scene.node.terminate().success());
    let (newest, log_before) = (scene.node.dir(), scene.node.log().len());
    std::fs::rename(&newest, shelf.path().join("newest")).expect("the lost disk");
    copy_dir(&backup, &newest);
    assert!(scene.node.try_start().is_err(), "the old copy is served");
    let said = scene.node.log()[log_before..].to_owned();
    assert!(said.contains("this is an old copy, or another node serves the same register"), "{said}");
    assert!(said.contains("put back the newest copy"), "{said}");
    // It signed nothing: the newest copy goes on where it stood.
    std::fs::remove_dir_all(&newest).expect("the old copy");
    copy_dir(&shelf.path().join("newest"), &newest);
    scene.node.start();
    let transport = Transport::new(scene.node.url(), Patience::default()).expect("a node's address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (old, new) = (Span::of(&seen), Span::of(&scene.checkpoint()));
    runtime.block_on(check_extends(&transport, &old, &new)).expect("the tree goes on from what was seen");
}

#[test]
fn a_copy_that_goes_on_beside_the_register_is_stopped() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.mint(0).status, 201);
    assert!(scene.node.terminate().success());
    let args = ["--witnesses", scene.policy.to_str().expect("a path of text")];
    let mut twin = Node::copy_of(&scene.node).with_serve_args(&args);
    scene.node.start();
    twin.start();
    assert_eq!(scene.mint(1).status, 201);
    let other = Minter::new("bo", &twin);
    let (entry, card) = other.mint("instead");
    // The twin has signed nothing yet that anybody saw; the witnesses have gone on with the register.
    assert!(submit(&twin, &entry, &card).is_none_or(|answer| answer.status == 503));
    assert_eq!(twin.ended(SOON).and_then(|status| status.code()), Some(70), "{}", twin.log());
    assert!(twin.log().contains("two histories were signed"), "{}", twin.log());
    assert_eq!(scene.mint(2).status, 201);
}

#[test]
fn keys_of_both_types_cosign_and_count() {
    let node = Node::init("both.example/log");
    let witness = Witness::start_new("both.example/witness", &["ed25519", "ml-dsa-44"], &[node.vkey()]);
    assert_eq!(witness.keys().len(), 2);
    let dir = tempfile::tempdir().expect("a folder for the policy");
    let policy = dir.path().join("policy");
    write_policy(&policy, &node.vkey(), &[&witness], 2);
    let mut node = node.with_serve_args(&["--witnesses", policy.to_str().expect("a path of text")]);
    node.start();
    let policy = Policy::parse(&std::fs::read(&policy).expect("the policy")).expect("a policy");
    let checkpoint = node.get("/checkpoint").body;
    let judged = policy.judge(&checkpoint).expect("the log's checkpoint");
    assert!(judged.quorum_met && judged.witnesses.len() == 2, "{}", String::from_utf8_lossy(&checkpoint));
}

#[test]
fn a_register_that_is_told_to_witnesses_another() {
    let mut host = Node::init("host.example/log");
    let made = host.run("witness-key", &["--name", "host.example/witness"]);
    assert_eq!(made.code, 0, "{made}");
    let dir = tempfile::tempdir().expect("a folder for the policies");
    let path = |name: &str| dir.path().join(name).to_str().expect("a path of text").to_owned();
    let guest = Node::start_new("guest.example/log");
    std::fs::write(path("logs"), format!("log {}\nquorum none\n", guest.vkey())).expect("a policy");
    host.set_serve_args(&["--witness-for", &path("logs")]);
    host.start();
    let key = std::fs::read_to_string(host.dir().join("witness.vkey")).expect("the witness's key");
    let log: VerifierKey = guest.vkey().parse().expect("a verifier key");
    let signed = SignedCheckpoint::open(&guest.get("/checkpoint").body, &log).expect("the guest's checkpoint");
    let request = AddCheckpoint::new(TreeSize::ZERO, Vec::new(), &signed).expect("a request").to_string();
    let cosigned = host.post("/add-checkpoint", "text/plain", request.clone());
    assert_eq!(cosigned.status, 200, "{}", cosigned.text());
    assert!(cosigned.text().starts_with("— host.example/witness "), "{}", cosigned.text());
    let policy = format!("log {log}\nwitness w {}\nquorum w\n", key.trim());
    let both = format!("{signed}{}", cosigned.text());
    assert!(
        Policy::parse(policy.as_bytes()).expect("a policy").judge(both.as_bytes()).expect("a checkpoint").quorum_met
    );
    // Asked again as if it knew nothing, it says what it knows.
    host.kill();
    host.start();
    let conflict = host.post("/add-checkpoint", "text/plain", request);
    assert_eq!((conflict.status, conflict.media_type.as_str()), (409, "text/x.tlog.size"));
    assert_eq!(conflict.text(), format!("{}\n", signed.checkpoint().size));
    let hash = sha256(b"guest.example/log");
    assert_eq!(host.get(&format!("/{hash}/checkpoint")).text(), both);
    assert_eq!(guest.get(&format!("/{hash}/checkpoint")).status, 404, "the guest is no witness");
    assert_eq!(guest.post("/add-checkpoint", "text/plain", "old 0\n").status, 404);
}

/// A backup has neither what was cosigned nor the keys for it. Where only the keys are put back, nothing is cosigned.
#[test]
fn a_witness_that_was_restored_without_what_it_cosigned_does_not_start() {
    let guest = Node::start_new("guest.example/log");
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    let text = |path: PathBuf| path.to_str().expect("a path of text").to_owned();
    std::fs::write(path("logs"), format!("log {}\nquorum none\n", guest.vkey())).expect("a policy");
    let args = ["--witness-for", &text(path("logs"))].map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut host = Node::init("host.example/log").with_serve_args(&args);
    assert_eq!(host.run("witness-key", &["--name", "host.example/witness"]).code, 0);
    host.start();
    let log: VerifierKey = guest.vkey().parse().expect("a verifier key");
    let signed = SignedCheckpoint::open(&guest.get("/checkpoint").body, &log).expect("the guest's checkpoint");
    let request = AddCheckpoint::new(TreeSize::ZERO, Vec::new(), &signed).expect("a request").to_string();
    assert_eq!(host.post("/add-checkpoint", "text/plain", request.clone()).status, 200);
    let made = host.run("backup", &[text(path("backup")), "--with-keys".to_owned()]);
    assert_eq!(made.code, 0, "{made}");
    for name in ["witnessed", "witness.vkey", "witness.ed25519.key"] {
        assert!(!path("backup").join(name).exists(), "{name} is in the backup");
    }
    assert!(host.terminate().success());
    let lost = host.dir();
    std::fs::rename(&lost, path("lost")).expect("the lost disk");
    copy_dir(&path("backup"), &lost);
    for name in ["witness.vkey", "witness.ed25519.key"] {
        std::fs::copy(path("lost").join(name), lost.join(name)).expect("keys that were kept apart");
    }
    let refused = host.refused_start();
    assert_eq!(refused.code, 1, "{}", refused.said);
    assert!(refused.said.contains("the witness could contradict itself"), "{}", refused.said);
    // The register itself is whole; and with what was cosigned the witness goes on.
    host.set_serve_args(&[]);
    host.start();
    assert!(host.terminate().success());
    host.set_serve_args(&args);
    copy_dir(&path("lost").join("witnessed"), &lost.join("witnessed"));
    host.start();
    assert_eq!(host.post("/add-checkpoint", "text/plain", request).status, 409);
}

#[test]
fn what_is_no_request_costs_a_witness_nothing() {
    let log = Node::init("log.example/one");
    let witness = Witness::start_new("w.example", &["ed25519"], &[log.vkey()]);
    for body in ["", "old 0\n", "old x\n\n", "old 0\n\nlog.example/one\n1\n"] {
        let answer = witness.add_checkpoint(body.to_owned());
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
    }
    assert_eq!(witness.add_checkpoint("x".repeat(300 * 1024)).status, 413);
    for path in ["/", "/checkpoint", "/x/checkpoint", &format!("/{}/checkpoint", sha256(b"log.example/one"))] {
        assert_eq!(witness.get(path).status, 404, "{path}");
    }
    assert!(witness.get("/metrics").text().contains("route=\"/add-checkpoint\",status=\"400\""));
    let kept = std::fs::read_dir(witness.dir().join("witnessed")).expect("the folder that witness-key makes");
    assert_eq!(kept.count(), 0, "nothing is kept");
}
