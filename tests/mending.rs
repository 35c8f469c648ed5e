//! A fault of the operator's software has let an entry into the log that the rules refuse: everybody who replays stands still, the
//! governors void it, and everybody goes on.

use std::fs;
use std::path::PathBuf;

use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Files, Mint, WorkFile};
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};
use e2e::forger::Forger;
use e2e::liar::{Liar, Reply};
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::person::{Outcome, Person};
use e2e::strace::{Call, calls};
use e2e::told::submit;

/// The code of the picture, and its unit as a soft binding has it.
const CODE: [u8; 32] = [0x5a; 32];
const BINDING: &str = "IQdaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWg";

/// What changes a file, makes it durable or takes it away.
const CHANGES: [&str; 12] = [
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "fdatasync",
    "fsync",
    "ftruncate",
    "unlink",
    "unlinkat",
    "rmdir",
    "rename",
    "renameat2",
];

/// A register that a fault has wounded while a copy followed it.
struct Scene {
    register: Node,
    /// At the address that people know the register by.
    liar: Liar,
    copy: Node,
    auditor: Person,
    work: String,
    /// The index of the entry against the rules.
    bad: u64,
}

impl Scene {
    /// Lets the register record a picture again for somebody else, who does not say who was first, and everybody see it.
    fn wounded() -> Scene {
        let mut register = Node::start_new("mend.example/art");
        let ana = Minter::new("ana", &register);
        let (mint, card) = ana.body("hills");
        let iscc = Iscc::new(vec![Unit::new(UnitKind::Image, CODE)]).expect("one unit").to_string();
        let [plain] = mint.files.as_slice() else { panic!("one file") };
        let file = WorkFile { fingerprint: Some(iscc.parse().expect("an ISCC")), ..plain.clone() };
        let mint = Mint { files: Files::new(vec![file]).expect("one file"), ..mint };
        let bo = Minter::new("bo", &register);
        let copied = bo.sign(&Body::Mint(Mint { files: mint.files.clone(), ..bo.body("copied").0 }));
        let hills = ana.sign(&Body::Mint(mint));
        assert_eq!(submit(&register, &hills, &card).expect("an answer").status, 201);
        let liar = Liar::before(register.url());
        let mut copy = Node::following(&register, liar.url()).with_serve_args(&["--poll-ms", "50"]);
        copy.start();
        copy.wait_for_size(4);
        let mut forger = Forger::of(&register.dir());
        forger.batch(&[ana.mint("river").0], &[copied.to_bytes()], |_| {});
        let bad = forger.size() - 2;
        assert!(register.terminate().success());
        forger.write_to(&register.dir());
        liar.lie(move |path, truth| forger.answer(path).map_or(truth, Reply::ok));
        let (auditor, work) = (Person::without_key("auditor"), hills.id().to_string());
        Scene { register, liar, copy, auditor, work, bad }
    }

    /// Has the governor compose an upgrade, and returns the draft.
    fn upgrade(&self, name: &str, void: &[u64]) -> PathBuf {
        let (dir, out) = (self.register.dir(), self.auditor.desk().join(name));
        let key = dir.join("governor.key");
        let mut words = vec!["govern".to_owned(), "upgrade".to_owned(), dir.display().to_string()];
        words.extend(["--key".to_owned(), key.display().to_string(), "--out".to_owned(), out.display().to_string()]);
        words.extend(void.iter().flat_map(|index| ["--void".to_owned(), index.to_string()]));
        let composed = self.register.run_words(&words);
        assert!(composed.code == 0 && composed.stdout.contains("colophon-node mend"), "{composed}");
        out
    }

    fn mend(&self, draft: &PathBuf) -> Outcome {
        self.register.run("mend", &[draft])
    }

    fn log(&self) -> Vec<u8> {
        fs::read(self.register.dir().join("entries.log")).expect("the log")
    }

    /// What is voided is no lookalike, and leads nobody to a manifest.
    fn check_who_is_found(&self) {
        let head = format!("{:016x}", u64::from_be_bytes([CODE[0]; 8]));
        for (path, list) in [
            (format!("/v1/lookalikes?kind=image&codes={head}&distance=0"), "lookalikes"),
            (format!("/v1/matches/byBinding?alg=io.iscc.v0&value={BINDING}"), "works"),
        ] {
            let found = self.register.get(&path).json();
            let works: Vec<&serde_json::Value> =
                found[list].as_array().expect("a list").iter().map(|found| &found["work"]).collect();
            assert_eq!(works, [self.work.as_str()], "{path}");
        }
    }
}

#[test]
fn a_register_with_an_entry_against_the_rules_is_mended_and_everybody_goes_on() {
    let mut scene = Scene::wounded();
    let bad = scene.bad.to_string();
    // Everybody who replays finds it, and the operator is told the way.
    let health = scene.copy.wait_for_health("source_unsound");
    let why = health["follows"]["why"].as_str().expect("a reason").to_owned();
    assert!(why.contains("against the rules"), "{why}");
    // By its key: nothing but the log is shown here.
    let audited = scene.auditor.expect(&["audit", scene.liar.url(), "--vkey", &scene.register.vkey()], 4);
    assert!(audited.stderr.contains(&format!("the entry at index {bad} is against the rules")), "{audited}");
    let checked = scene.register.run::<&str>("fsck", &[]);
    assert!(checked.code == 4 && checked.stdout.contains(&format!("index {bad}")), "{checked}");
    let refused = scene.register.refused_start();
    assert_eq!(refused.code, 1, "{}", refused.said);
    for words in [format!("--void {bad}"), "colophon-node mend".to_owned(), "docs/operating.md".to_owned()] {
        assert!(refused.said.contains(&words), "{}", refused.said);
    }

    // What the rules take cannot be voided; nothing is changed by who tries.
    let before = scene.log();
    for (name, void, why) in
        [("good", vec![2], "voids"), ("both", vec![2, scene.bad], "void names the leaf at index 2")]
    {
        let outcome = scene.mend(&scene.upgrade(name, &void));
        assert!(outcome.code == 1, "{outcome}");
        let told = outcome.stderr.contains(why) || outcome.stderr.contains("does not void it");
        assert!(told && scene.log() == before, "{outcome}");
    }

    let draft = scene.upgrade("mend", &[scene.bad]);
    let mended = scene.mend(&draft);
    assert!(mended.code == 0 && mended.stdout.contains("The log is mended"), "{mended}");
    assert!(scene.log().starts_with(&before) && scene.log().len() > before.len());
    let again = scene.mend(&draft);
    assert!(again.code == 1 && again.stderr.contains("nothing to mend"), "{again}");
    let checked = scene.register.run::<&str>("fsck", &[]);
    assert!(checked.code == 0 && checked.stdout.contains("Clean"), "{checked}");
    scene.register.start();
    let size = scene.register.get("/health").json()["size"].as_u64().expect("a size");
    assert_eq!(size, scene.bad + 4);
    scene.liar.tell_the_truth();
    scene.liar.stand_before(scene.register.url());
    scene.check_who_is_found();

    // The copy that stood still, a new one, and an auditor who has seen the wound.
    assert!(scene.copy.terminate().success());
    scene.copy.start();
    scene.copy.wait_for_size(size);
    let mut new = Node::following(&scene.register, scene.liar.url());
    new.start();
    new.wait_for_size(size);
    for copy in [&scene.copy, &new] {
        assert!(fs::read(copy.dir().join("entries.log")).expect("a log") == scene.log());
        assert_eq!(copy.get("/health").json()["status"], "ok");
    }
    let audited = scene.auditor.succeed(&["audit", scene.liar.url(), "--json"]).json();
    assert_eq!((&audited["voided"], &audited["works"]), (&1.into(), &2.into()));
    scene.auditor.succeed(&["verify", &scene.work, "--node", scene.liar.url()]);
    scene.auditor.succeed(&["certificate", &scene.work, "--node", scene.liar.url(), "-o", "hills.json"]);
    scene.auditor.succeed(&["verify", "hills.json", "--offline"]);

    // It goes on, and its tables are those of the mended log, also when they are made anew.
    let bo = Minter::new("bo", &scene.register);
    let (entry, card) = bo.mint("stone");
    assert_eq!(submit(&scene.register, &entry, &card).expect("an answer").status, 201);
    scene.copy.wait_for_size(size + 2);
    assert!(scene.register.terminate().success());
    for (command, words) in [("rebuild", "made anew"), ("fsck", "Clean")] {
        let outcome = scene.register.run::<&str>(command, &[]);
        assert!(outcome.code == 0 && outcome.stdout.contains(words), "{outcome}");
    }
    assert!(scene.copy.terminate().success());
    let outcome = scene.copy.run::<&str>("fsck", &[]);
    assert!(outcome.code == 0 && outcome.stdout.contains("Clean"), "{outcome}");
}

/// Every system call of `mend` that changes a file, each the last one of its process.
#[test]
fn a_mend_that_is_killed_at_any_of_its_calls_is_done_or_is_run_again() {
    let mut scene = Scene::wounded();
    scene.copy.kill();
    let (draft, wounded) = (scene.upgrade("mend", &[scene.bad]), scene.log());
    let dir = tempfile::tempdir().expect("a folder for what strace sees");
    let seen = dir.path().join("calls").display().to_string();
    let tracing = ["strace", "-y", "-s", "0", "-o", &seen];

    let whole = Node::copy_of(&scene.register);
    let mended = whole.run_through(&tracing, "mend", &[&draft]);
    assert!(mended.code == 0, "this test needs strace (sudo apt-get install -y strace): {mended}");
    let of = whole.dir().canonicalize().expect("the register's directory");
    let seen_calls = calls(&fs::read_to_string(&seen).expect("what strace wrote"), &of);
    let changing: Vec<Call> = seen_calls.into_iter().filter(|call| CHANGES.contains(&call.name.as_str())).collect();
    let in_log = |call: &Call| call.path.ends_with("entries.log") && call.name == "fdatasync";
    assert!(changing.iter().any(in_log) && changing.iter().any(|call| call.path.starts_with("view")), "{changing:?}");

    let mut done = 0;
    for call in &changing {
        let mut node = Node::copy_of(&scene.register);
        let kill = format!("-einject={}:signal=KILL:when={}", call.name, call.number);
        let killed = node.run_through(&[&tracing[..], &[kill.as_str()]].concat(), "mend", &[&draft]);
        assert_eq!(killed.code, -1, "{call:?}: {killed}");
        let log = fs::read(node.dir().join("entries.log")).expect("the log");
        assert!(log.starts_with(&wounded), "{call:?}: what was there has changed");
        assert!(
            log == wounded || !node.dir().join("view").exists(),
            "{call:?}: the faulty program's tables are served"
        );
        let again = node.run("mend", &[&draft]);
        let is_done = again.code == 1 && again.stderr.contains("nothing to mend");
        assert!(is_done || again.code == 0, "{call:?}: {again}");
        done += usize::from(is_done);
        node.start();
        assert_eq!(node.get("/health").json()["size"], scene.bad + 4, "{call:?}");
        assert!(node.terminate().success());
        let checked = node.run::<&str>("fsck", &[]);
        assert!(checked.code == 0 && checked.stdout.contains("Clean"), "{call:?}: {checked}");
    }
    assert!((1..changing.len()).contains(&done), "{done} of {} kills came after the append", changing.len());
}

#[test]
fn what_was_kept_of_the_wound_convicts_the_register_of_the_time_before() {
    let scene = Scene::wounded();
    scene.copy.wait_for_health("source_unsound");
    let kept: Vec<_> = fs::read_dir(scene.copy.dir().join("evidence")).expect("evidence").flatten().collect();
    assert_eq!(kept.len(), 1);
    let file = kept[0].path();
    let words = ["verify", file.to_str().expect("a path"), "--vkey", &scene.register.vkey(), "--offline"];
    let judged = scene.auditor.succeed(&words);
    assert!(judged.stdout.contains(&format!("in the signed log of {} entries", scene.bad + 2)), "{judged}");
}

#[test]
fn a_register_that_is_served_voids_nothing() {
    let mut register = Node::start_new("mend.example/art");
    let scene = {
        let liar = Liar::before(register.url());
        let copy = Node::following(&register, liar.url());
        let (auditor, work) = (Person::without_key("auditor"), String::new());
        assert!(register.terminate().success());
        Scene { register, liar, copy, auditor, work, bad: 0 }
    };
    let draft = scene.upgrade("void", &[1]);
    let outcome = scene.mend(&draft);
    assert!(outcome.code == 1 && outcome.stderr.contains("nothing to mend"), "{outcome}");
    let Scene { mut register, .. } = scene;
    register.start();
    let entry = Draft::parse(&fs::read(draft).expect("a draft")).expect("a draft").to_entry().expect("all signatures");
    let answer = register.post("/v1/entries", "text/plain", entry.to_bytes());
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("void_unfit")));
}
