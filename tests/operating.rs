//! `docs/operating.md` is held against the program: what it says of copies and of files is done, what there is to say is said.

use std::fs;
use std::path::Path;
use std::process::Command;

use colophon_client::http::{Patience, Transport};
use colophon_client::tiles::{Span, check_extends};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::sources::Source;
use e2e::told::{Told, submit};

/// A register with some mints in it, what it said of them, and who minted.
struct Scene {
    node: Node,
    minter: Minter,
    log: VerifierKey,
    told: Told,
    minted: u64,
}

impl Scene {
    fn new() -> Scene {
        let node = Node::start_new("operating.example/log");
        let minter = Minter::new("ana", &node);
        let log: VerifierKey = node.vkey().parse().expect("init writes a verifier key");
        let mut scene = Scene { node, minter, log: log.clone(), told: Told::new(log), minted: 0 };
        scene.mint(5);
        scene
    }

    /// Mints, and notes what was acknowledged.
    fn mint(&mut self, count: u64) {
        for _ in 0..count {
            let (entry, card) = self.minter.mint(&format!("number {}", self.minted));
            let answer = submit(&self.node, &entry, &card).expect("an answer");
            assert_eq!(answer.status, 201, "{}", answer.text());
            self.told.acknowledged(&entry, &answer.json());
            self.minted += 1;
        }
    }

    fn checkpoint(&self) -> SignedCheckpoint {
        SignedCheckpoint::open(&self.node.get("/checkpoint").body, &self.log).expect("a checkpoint signed by the log")
    }

    /// What the node answers that follows from the log alone.
    fn answers(&self) -> Vec<Vec<u8>> {
        let (entry, card) = self.minter.mint("number 0");
        let paths = [
            "/checkpoint".to_owned(),
            format!("/v1/works/{}", entry.id()),
            format!("/v1/accounts/{}", self.minter.account()),
            format!("/v1/cards/{}", card.digest()),
            "/tile/0/000.p/4".to_owned(),
        ];
        paths.iter().map(|path| self.node.get(path).body).collect()
    }
}

/// Copies a directory with everything in it, as the page says to.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("`cp` starts");
    assert!(status.success());
}

fn page() -> String {
    Source::one("docs/operating.md").expect("the operator's page").text
}

#[test]
fn a_backup_made_and_put_back_step_by_step_goes_on_where_it_stood() {
    let mut scene = Scene::new();
    // Copied while it is served, and the copy of the copy checked.
    let shelf = tempfile::tempdir().expect("another disk");
    let backup = shelf.path().join("backup");
    let seen = scene.checkpoint();
    let done = scene.node.run("backup", &[&backup]);
    assert_eq!(done.code, 0, "{done}");
    assert!(done.stdout.contains(&format!("{} entries", seen.checkpoint().size)), "{done}");
    assert!(done.stdout.contains("no keys") && !backup.join("log.key").exists(), "{done}");
    let again = scene.node.run("backup", &[&backup]);
    assert!(again.code == 1 && again.stderr.contains("is there already"), "{again}");
    let elsewhere = Node::init("elsewhere.example/log");
    fs::remove_dir_all(elsewhere.dir()).expect("an empty place");
    copy(&backup, &elsewhere.dir());
    let fsck = elsewhere.run::<&str>("fsck", &[]);
    assert_eq!(fsck.code, 0, "{fsck}");
    assert!(fsck.stdout.contains(&format!("{} entries", seen.checkpoint().size)), "{fsck}");

    // The machine is lost. Nothing was recorded since, so the copy is served elsewhere, once the keys are beside it.
    scene.node.kill();
    assert!(elsewhere.run("serve", &["--listen", "127.0.0.1:0"]).stderr.contains("operator.key"));
    for name in ["log.key", "operator.key"] {
        copy(&scene.node.dir().join(name), &elsewhere.dir().join(name));
    }
    scene.node = elsewhere;
    scene.node.start();
    assert_eq!(scene.checkpoint().to_string(), seen.to_string());
    scene.told.check_served(&scene.node, &[2, 4], "after the move");
    scene.mint(3);
    let transport = Transport::new(scene.node.url(), Patience::default()).expect("a node's address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (old, new) = (Span::of(&seen), Span::of(&scene.checkpoint()));
    runtime.block_on(check_extends(&transport, &old, &new)).expect("the tree goes on from what was seen");
    assert!(scene.node.terminate().success());
    scene.told.check_dir(&scene.node.dir(), "after the move");
}

#[test]
fn an_older_backup_is_refused_where_that_can_be_noticed_and_is_a_fork_where_it_cannot() {
    let mut scene = Scene::new();
    assert!(scene.node.terminate().success());
    let shelf = tempfile::tempdir().expect("another disk");
    let backup = shelf.path().join("backup");
    copy(&scene.node.dir(), &backup);
    scene.node.start();
    scene.mint(3);
    let seen = scene.checkpoint();
    assert!(scene.node.terminate().success());

    // An old log beside slots that remember more: noticed.
    fs::copy(backup.join("entries.log"), scene.node.dir().join("entries.log")).expect("an old log");
    let refusal = scene.node.refused_start().said;
    assert!(refusal.contains("whole entries") && refusal.contains("but a checkpoint over"), "{refusal}");

    // All of it equally old: nothing on the disk remembers, so it starts, and signs another history. Readers notice.
    fs::remove_dir_all(scene.node.dir()).expect("the lost disk");
    copy(&backup, &scene.node.dir());
    scene.node.start();
    assert!(scene.checkpoint().checkpoint().size < seen.checkpoint().size);
    let other = Minter::new("bo", &scene.node);
    while scene.checkpoint().checkpoint().size < seen.checkpoint().size {
        let (entry, card) = other.mint(&scene.checkpoint().checkpoint().size.to_string());
        assert_eq!(submit(&scene.node, &entry, &card).expect("an answer").status, 201);
    }
    let transport = Transport::new(scene.node.url(), Patience::default()).expect("a node's address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (old, new) = (Span::of(&seen), Span::of(&scene.checkpoint()));
    assert!(runtime.block_on(check_extends(&transport, &old, &new)).is_err(), "the fork is not noticed");
}

#[test]
fn what_may_be_deleted_comes_back_and_what_may_not_is_missed() {
    let mut scene = Scene::new();
    let before = scene.answers();
    let shelf = tempfile::tempdir().expect("another disk");
    let whole = shelf.path().join("whole");
    assert!(scene.node.terminate().success());
    copy(&scene.node.dir(), &whole);

    for names in [&["tile.0", "commits"][..], &["view"], &["drafts"], &["lock"], &["log.vkey"], &["governor.key"]] {
        for name in names {
            let path = scene.node.dir().join(name);
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .unwrap_or_else(|error| panic!("{name} is not there to delete: {error}"));
        }
        scene.node.start();
        assert_eq!(scene.answers(), before, "without {names:?}");
        assert!(scene.node.terminate().success());
    }
    assert!(!scene.node.dir().join("governor.key").exists(), "serving never needs it");
    assert_eq!(scene.node.vkey(), scene.log.to_string(), "the public key is written again");

    for (name, expected) in [
        ("entries.log", "entries.log"),
        ("slots", "slots"),
        ("cards.log", "cards.log"),
        ("log.key", "log.key"),
        ("operator.key", "operator.key"),
    ] {
        fs::remove_dir_all(scene.node.dir()).expect("the directory");
        copy(&whole, &scene.node.dir());
        fs::remove_file(scene.node.dir().join(name)).expect("a file to delete");
        let refusal = scene.node.refused_start().said;
        assert!(refusal.contains(expected), "without {name}: {refusal}");
        assert!(!scene.node.dir().join(name).exists(), "{name} was made up");
        // Put back, everything is as it was: the refusal broke nothing.
        copy(&whole.join(name), &scene.node.dir().join(name));
        scene.node.start();
        assert_eq!(scene.answers(), before, "with {name} again");
        assert!(scene.node.terminate().success());
    }
}

#[test]
fn a_lost_file_of_cards_is_begun_again_by_rebuild_alone() {
    let mut scene = Scene::new();
    let (_, card) = scene.minter.mint("number 0");
    assert!(scene.node.terminate().success());
    fs::remove_file(scene.node.dir().join("cards.log")).expect("a file of cards");
    assert!(scene.node.refused_start().said.contains("cards.log"));
    let rebuild = scene.node.run::<&str>("rebuild", &[]);
    assert!(rebuild.code == 0 && rebuild.stdout.contains("begun empty"), "{rebuild}");
    scene.node.start();
    assert_ne!(scene.node.get(&format!("/v1/cards/{}", card.digest())).status, 200);
    scene.told.check_served(&scene.node, &[2, 4], "without cards");
}

#[test]
fn a_card_is_erased_for_good_and_every_proof_stays() {
    let mut scene = Scene::new();
    let (entry, card) = scene.minter.mint("number 0");
    let digest = card.digest().to_string();
    let running = scene.node.run("erase", &[&digest]);
    assert!(running.code == 1 && running.stderr.contains("another process is using"), "{running}");
    assert!(scene.node.terminate().success());
    let unknown = scene.node.run("erase", &[&entry.id().to_string()]);
    assert!(unknown.code == 1 && unknown.stderr.contains("there is no card"), "{unknown}");
    for told in ["The card is erased", "was erased before"] {
        let erased = scene.node.run("erase", &[&digest]);
        assert!(erased.code == 0 && erased.stdout.contains(told), "{erased}");
    }
    scene.node.start();
    assert_eq!(scene.node.get(&format!("/v1/cards/{digest}")).status, 410);
    // Handed in again with the entry, it stays erased.
    assert_eq!(submit(&scene.node, &entry, &card).expect("an answer").status, 200);
    assert_eq!(scene.node.get(&format!("/v1/cards/{digest}")).status, 410);
    scene.told.check_served(&scene.node, &[2, 4], "without the card");
}

#[test]
fn every_metric_stands_on_the_page() {
    let node = Node::start_new("operating.example/metrics");
    node.post("/v1/entries", "text/plain", "x");
    let page = page();
    let metrics = node.get("/metrics");
    let names = metrics.text().lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut missing = Vec::new();
    for (name, kind) in names {
        let written = if kind == "counter" { format!("`{name}_total") } else { format!("`{name}") };
        let row = page.lines().find(|line| line.starts_with(&format!("| {written}")));
        if !row.is_some_and(|row| row.contains(&format!("| {kind} |"))) {
            missing.push(format!("{written}` ({kind})"));
        }
    }
    assert!(metrics.text().matches("# TYPE ").count() > 10);
    assert!(missing.is_empty(), "no row of the metrics' table in docs/operating.md: {missing:#?}");
}

#[test]
fn every_code_stands_on_the_page() {
    let refusals = Source::one("crates/ledger/src/refusal.rs").expect("the refusals").text;
    let problems = Source::one("node/src/api/problem.rs").expect("the problems").text;
    let is_code = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let codes = refusals.split("=> \"").skip(1).chain(problems.split(", \"").skip(1));
    let codes: Vec<&str> = codes.filter_map(|rest| rest.split('"').next()).filter(is_code).collect();
    assert!(codes.len() > 45, "{codes:?}");
    let page = page();
    let missing: Vec<_> = codes.iter().filter(|code| !page.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/operating.md does not say what these ask of the operator: {missing:#?}");
}

#[test]
fn every_line_of_the_log_stands_on_the_page() {
    let sources = Source::all(&[".rs"]);
    let logging = ["node/src/", "crates/storage/src/"];
    let sentences: Vec<String> = sources
        .iter()
        .filter(|source| logging.iter().any(|folder| source.path.starts_with(folder)))
        .flat_map(|source| log_sentences(&source.text))
        .collect();
    assert!(sentences.len() > 25, "{sentences:#?}");
    let page = page();
    let missing: Vec<_> = sentences.iter().filter(|sentence| !page.contains(&format!("`{sentence}`"))).collect();
    assert!(missing.is_empty(), "docs/operating.md does not say what these ask of the operator: {missing:#?}");
}

/// Lists the sentences that a source file logs for people, with `…` for what differs from time to time.
fn log_sentences(text: &str) -> Vec<String> {
    let macros = ["error!(", "warn!(", "info!("];
    let calls = macros.iter().flat_map(|name| text.split(name).skip(1));
    let sentence = |call: &str| {
        let mut lines = call.split('"').nth(1)?.split("\\\n");
        let first = lines.next()?.to_owned();
        let quoted = lines.fold(first, |joined, line| joined + line.trim_start());
        let mut plain = String::new();
        for (place, part) in quoted.split('{').enumerate() {
            plain += if place == 0 { part } else { "…" };
            plain += if place == 0 { "" } else { part.split_once('}')?.1 };
        }
        // A failure that ends the program is told in its own words; the page has them by what they say.
        (plain != "…").then_some(plain)
    };
    calls.filter_map(sentence).collect()
}

#[test]
fn sentences_are_found_whatever_stands_before_and_in_them() {
    let text = r#"info!(a = 1, "Opened {name}: {n:?} of {}", x); tracing::warn!("Plain, \
        and long"); error!("{}", told());"#;
    let mut found = log_sentences(text);
    found.sort();
    assert_eq!(found, ["Opened …: … of …", "Plain, and long"]);
}
