//! Every system call of a commit fails once, with EIO, with ENOSPC and with SIGKILL: the table of what came of it.
//!
//! strace makes one call of the committing thread fail while one entry is on its way. Then the node is started again and must
//! have the entry whole, with a receipt, or not at all, and not at all only if it was not acknowledged.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use colophon_ledger::card::Card;
use colophon_ledger::entry::Entry;
use colophon_tlog::note::VerifierKey;
use e2e::minting::Minter;
use e2e::node::{Answer, Node};
use e2e::strace::{Call, attach, calls, path_in, thread, threads};
use e2e::told::{Told, submission, submit};

/// The size of the log before the commit: the batch is an entry and its seal, so it begins a new level of tiles.
const SIZE_BEFORE: u64 = 254;
/// How long a node may take to end after a fault that ends it.
const PATIENCE: Duration = Duration::from_secs(20);
/// The exit code of a node that had to stop.
const EXIT_FATAL: i32 = 70;
/// What changes a file or makes it durable.
const WRITES: [&str; 10] = [
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "fdatasync",
    "fsync",
    "sync_file_range",
    "ftruncate",
    "fallocate",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Error(&'static str),
    Kill,
}

const FAULTS: [Fault; 3] = [Fault::Error("EIO"), Fault::Error("ENOSPC"), Fault::Kill];

/// What goes wrong in one case: one call, and perhaps one of those that should have put it right.
#[derive(Debug, Clone)]
struct Case {
    thread: String,
    faults: Vec<(Call, Fault)>,
}

/// A register with a size at which a commit makes all the calls it can, and an entry to commit.
struct Scene {
    node: Node,
    log: VerifierKey,
    told: Vec<String>,
    entry: (Entry, Card),
    after: (Entry, Card),
}

/// What came of a case.
struct Row {
    case: Case,
    answer: String,
    node: String,
    outcome: &'static str,
}

#[test]
fn a_commit_whose_calls_fail_one_by_one_is_done_or_undone() {
    let scene = Scene::new();
    let mut cases = Vec::new();
    for thread in scene.committing_threads() {
        for call in scene.commit(&thread) {
            let case = |fault| Case { thread: thread.clone(), faults: vec![(call.clone(), fault)] };
            cases.extend(FAULTS.map(case));
        }
        cases.extend(scene.failing_cures(&thread));
    }
    let rows: Vec<Row> = cases.into_iter().map(|case| scene.run(case)).collect();
    println!("{:<54} {:<16} {:<10} outcome", "call, and how it failed", "client was told", "node");
    for row in &rows {
        println!("{row}");
    }
    let outcomes: BTreeSet<&str> = rows.iter().map(|row| row.outcome).collect();
    assert!(outcomes.len() >= 2, "the faults were no test: {outcomes:?}");
}

impl Scene {
    fn new() -> Scene {
        let mut node = Node::start_new("faults.example/calls");
        let log: VerifierKey = node.vkey().parse().expect("init writes a verifier key");
        let minter = Minter::new("ana", &node);
        let many: Vec<_> = (0..200).map(|number| minter.mint(&format!("before {number}"))).collect();
        let many: Vec<String> = many.iter().map(|(entry, card)| submission(entry, card)).collect();
        let answer = node.post("/v1/entries/many", "application/json", format!("{{\"entries\":[{}]}}", many.join(",")));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut told = Vec::new();
        while size(&node) < SIZE_BEFORE {
            let (entry, card) = minter.mint(&format!("one by one {}", told.len()));
            assert_eq!(submit(&node, &entry, &card).expect("an answer").status, 201);
            told.push(node.get("/checkpoint").text().to_owned());
        }
        let (entry, after) = (minter.mint("the entry"), minter.mint("the entry after it"));
        assert!(node.terminate().success());
        Scene { node, log, told, entry, after }
    }

    /// Starts a copy of the register.
    fn start(&self) -> Node {
        let mut node = Node::copy_of(&self.node);
        node.start();
        node
    }

    /// Returns the names of the threads that write the register's truth and its hints while an entry is committed.
    fn committing_threads(&self) -> BTreeSet<String> {
        let node = self.start();
        let dir = node.dir().canonicalize().expect("the register's directory");
        let tracing = attach(node.process_id(), &["-f"]);
        self.submit_to(&node);
        // Only now: whoever has written has its name, which a thread that has just begun has not.
        let names = threads(node.process_id());
        let seen = tracing.detach();
        let mut committing = BTreeSet::new();
        for line in seen.lines() {
            let Some((id, call)) = line.split_once(' ') else { continue };
            let writes = call.trim_start().split_once('(').is_some_and(|(name, _)| WRITES.contains(&name));
            let Some(path) = path_in(call, &dir).filter(|path| writes && is_truth_or_hint(path)) else { continue };
            let name = names.iter().find(|(_, thread)| thread.to_string() == id).map(|(name, _)| name.clone());
            committing.insert(name.unwrap_or_else(|| panic!("a new thread writes {}", path.display())));
        }
        assert!(!committing.is_empty(), "nobody wrote anything:\n{seen}");
        committing
    }

    /// Returns the calls by which a thread commits the entry. On a busy machine strace may miss them.
    fn commit(&self, name: &str) -> Vec<Call> {
        let committing = || self.traced(name, &[]).into_iter().filter(|call| is_truth_or_hint(&call.path));
        let seen = (0..5).map(|_| committing().collect::<Vec<_>>()).find(|calls| !calls.is_empty());
        seen.unwrap_or_else(|| panic!("the thread {name} committed nothing"))
    }

    fn traced(&self, name: &str, inject: &[String]) -> Vec<Call> {
        let mut node = self.start();
        let dir = node.dir().canonicalize().expect("the register's directory");
        let options: Vec<&str> = inject.iter().map(String::as_str).collect();
        let tracing = attach(thread(node.process_id(), name), &options);
        submit(&node, &self.entry.0, &self.entry.1);
        let seen = tracing.detach();
        node.kill();
        calls(&seen, &dir)
    }

    fn submit_to(&self, node: &Node) {
        let answer = submit(node, &self.entry.0, &self.entry.1).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Returns cases in which what takes back a failed write fails too.
    fn failing_cures(&self, name: &str) -> Vec<Case> {
        let usual = self.commit(name);
        let mut cases = Vec::new();
        for file in ["cards.log", "entries.log"] {
            let write = usual.iter().find(|call| call.name.contains("write") && call.path == Path::new(file));
            let Some(write) = write.cloned() else { continue };
            let full = (write, Fault::Error("ENOSPC"));
            let seen = self.traced(name, &[options(&full)]);
            let failed = seen.iter().position(|call| call.injected).expect("strace made a call fail");
            let cures = seen[failed + 1..].iter().filter(|call| WRITES.contains(&call.name.as_str()));
            let cures: Vec<&Call> = cures.filter(|call| call.path == Path::new(file)).collect();
            assert!(cures.len() >= 2, "a truncation and its sync take back a write to {file}: {seen:?}");
            for cure in cures {
                let case = |fault| Case { thread: name.to_owned(), faults: vec![full.clone(), (cure.clone(), fault)] };
                cases.extend([Fault::Error("EIO"), Fault::Kill].map(case));
            }
        }
        cases
    }

    /// Runs a case: submits with the fault, looks at what is left, starts again and submits once more.
    fn run(&self, case: Case) -> Row {
        let mut node = self.start();
        let mut told = Told::new(self.log.clone());
        self.told.iter().for_each(|checkpoint| told.published(checkpoint));
        let (answer, ended) = self.submit_with_fault(&mut node, &case, &mut told);
        let when = format!("{case}: {answer}, {ended}");
        let size = told.check_dir(&node.dir(), &when);
        node.start();
        told.published(node.get("/checkpoint").text());
        let there = node.get(&format!("/v1/entries/{}", self.entry.0.id())).status;
        let outcome = match (answer.as_str(), there) {
            ("201", 200) => "acknowledged, complete",
            (_, 200) => "not acknowledged, complete",
            ("201", _) => panic!("{when}: it was acknowledged and is gone ({there})"),
            (_, 404) => "not acknowledged, gone",
            (_, status) => panic!("{when}: {status}"),
        };
        let whole = outcome.ends_with("complete");
        assert!(!whole || size > SIZE_BEFORE, "{when}: it came from nowhere");
        let again = submit(&node, &self.entry.0, &self.entry.1).expect("an answer");
        assert_eq!(again.status, if whole { 200 } else { 201 }, "{when}: {}", again.text());
        told.acknowledged(&self.entry.0, &again.json());
        let next = submit(&node, &self.after.0, &self.after.1).expect("an answer");
        assert!([200, 201].contains(&next.status), "{when}: {}", next.text());
        told.acknowledged(&self.after.0, &next.json());
        assert!(node.terminate().success(), "{when}");
        told.check_dir(&node.dir(), &when);
        let fsck = node.run::<&str>("fsck", &[]);
        assert!(fsck.code == 0 && fsck.stdout.contains("Clean"), "{when}: {fsck}");
        Row { case, answer, node: ended, outcome }
    }

    /// Returns what the client was told and what became of the node, which does not run any more.
    fn submit_with_fault(&self, node: &mut Node, case: &Case, told: &mut Told) -> (String, String) {
        let dir = node.dir().canonicalize().expect("the register's directory");
        let inject: Vec<String> = case.faults.iter().map(options).collect();
        let inject: Vec<&str> = inject.iter().map(String::as_str).collect();
        let kills = case.faults.iter().any(|(_, fault)| *fault == Fault::Kill);
        let tracing = attach(thread(node.process_id(), &case.thread), &inject);
        let answer = submit(node, &self.entry.0, &self.entry.1);
        let status = answer.as_ref().map_or_else(|| "nothing".to_owned(), |answer| self.hear(answer, told, case));
        let alive = ["201", "503 disk_full"].contains(&status.as_str()) && !kills;
        let ended = if alive { None } else { node.ended(PATIENCE) };
        let seen = tracing.detach();
        let hit: Vec<Call> = calls(&seen, &dir).into_iter().filter(|call| call.injected).collect();
        let failing = case.faults.iter().filter(|(_, fault)| *fault != Fault::Kill);
        assert!(
            failing.map(|(call, _)| &call.path).eq(hit.iter().map(|call| &call.path)),
            "{case}: another call was hit:\n{seen}"
        );
        if alive {
            // The next entry goes through without a restart.
            let next = submit(node, &self.after.0, &self.after.1).expect("an answer");
            assert_eq!(next.status, 201, "{case}: {}", next.text());
            told.acknowledged(&self.after.0, &next.json());
            node.kill();
            return (status, "goes on".to_owned());
        }
        let Some(ended) = ended else { panic!("{case}: told {status}, and the node is still there:\n{seen}") };
        match (ended.code(), kills) {
            (None, true) => (status, "killed".to_owned()),
            (Some(EXIT_FATAL), false) => (status, "exit 70".to_owned()),
            (code, _) => panic!("{case}: told {status}, and the node ended with {code:?}:\n{seen}"),
        }
    }

    /// Notes what the client was told about the entry, and returns it in short.
    fn hear(&self, answer: &Answer, told: &mut Told, case: &Case) -> String {
        let status = answer.status;
        match status {
            201 => {
                told.acknowledged(&self.entry.0, &answer.json());
                status.to_string()
            }
            503 => {
                assert!(answer.retry_after.parse::<u32>().is_ok(), "{case}: no Retry-After");
                format!("503 {}", answer.json()["code"].as_str().expect("a code"))
            }
            _ => panic!("{case}: {status} {}", answer.text()),
        }
    }
}

fn size(node: &Node) -> u64 {
    node.get("/health").json()["size"].as_u64().expect("a size")
}

/// The view and the drafts are neither: whatever happens to them, nothing is lost.
fn is_truth_or_hint(path: &Path) -> bool {
    !path.starts_with("view") && !path.starts_with("drafts")
}

fn options((call, fault): &(Call, Fault)) -> String {
    let Call { name, number, .. } = call;
    match fault {
        Fault::Error(error) => format!("-einject={name}:error={error}:when={number}"),
        Fault::Kill => format!("-einject={name}:signal=KILL:when={number}"),
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (call, fault)) in self.faults.iter().enumerate() {
            let fault = match fault {
                Fault::Error(error) => error,
                Fault::Kill => "SIGKILL",
            };
            write!(f, "{}{} {} {fault}", if place > 0 { ", then " } else { "" }, call.name, call.path.display())?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { case, answer, node, outcome } = self;
        write!(f, "{:<54} {answer:<16} {node:<10} {outcome}", case.to_string())
    }
}
