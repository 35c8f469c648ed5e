//! A running node's system calls, watched and made to fail one by one by strace.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a new thread may take to get its name.
const NAMING_TIME_MAX: Duration = Duration::from_secs(10);

/// What a machine without strace is told.
const MISSING: &str = "this test needs strace. Install it with: sudo apt-get install -y strace";

/// What is told where strace may not look into another process.
const FORBIDDEN: &str =
    "strace may not attach to the node: run the test as root, or first `sudo sysctl kernel.yama.ptrace_scope=0`";

/// A system call that touched a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Which one of that name it was, from 1.
    pub number: usize,
    /// The file.
    pub path: PathBuf,
    /// Whether strace made it fail.
    pub injected: bool,
}

/// strace, attached.
#[derive(Debug)]
pub struct Tracing {
    process: Child,
    home: TempDir,
}

/// Attaches strace to a process or to one thread of it, with these options. Returns once it watches.
pub fn attach(id: u32, options: &[&str]) -> Tracing {
    let home = tempfile::Builder::new().prefix("colophon-strace-").tempdir().expect("a temporary directory");
    let mut process = Command::new("strace")
        .args(["-y", "-s", "0", "-p", &id.to_string(), "-o"])
        .arg(home.path().join("calls"))
        .args(options)
        .stderr(Stdio::piped())
        .spawn()
        .expect(MISSING);
    let mut told = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while told.read_line(&mut line).is_ok_and(|count| count > 0) && !line.contains("attached") {}
    assert!(line.contains("attached"), "{FORBIDDEN} ({line})");
    // What it says later must not end it for want of a reader.
    std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
    Tracing { process, home }
}

impl Tracing {
    /// Lets go of the process, and returns what was seen.
    pub fn detach(mut self) -> String {
        // A process that is gone has ended its strace too, so a failure to signal it is none.
        Command::new("kill").arg(self.process.id().to_string()).stderr(Stdio::null()).status().expect("`kill` starts");
        self.process.wait().expect("a child can be waited for");
        fs::read_to_string(self.home.path().join("calls")).expect("what strace wrote")
    }
}

impl Drop for Tracing {
    fn drop(&mut self) {
        // The test has failed, or the calls have been read.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns the threads of a process by name and id.
pub fn threads(process: u32) -> Vec<(String, u32)> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the threads of a running process");
    let tasks = tasks.filter_map(|task| {
        let task = task.ok()?;
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        Some((name.trim().to_owned(), task.file_name().to_str()?.parse().ok()?))
    });
    tasks.collect()
}

/// Returns the one thread of a process with that name. A thread that has only just begun has not got its name yet.
pub fn thread(process: u32, name: &str) -> u32 {
    let deadline = Instant::now() + NAMING_TIME_MAX;
    loop {
        let found: Vec<_> = threads(process).into_iter().filter(|(found, _)| found == name).collect();
        match found[..] {
            [(_, id)] => return id,
            [] if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => panic!("not one thread is called {name:?}: {found:?}"),
        }
    }
}

/// Returns the calls of one thread on files in `dir`, each with its number among all calls of its name.
pub fn calls(seen: &str, dir: &Path) -> Vec<Call> {
    let mut numbers = std::collections::BTreeMap::new();
    let mut calls = Vec::new();
    for line in seen.lines().filter(|line| !line.starts_with(['<', '+', '-'])) {
        let Some((name, rest)) = line.split_once('(') else { continue };
        let number = numbers.entry(name.to_owned()).or_insert(0);
        *number += 1;
        if let Some(path) = path_in(rest, dir) {
            calls.push(Call { name: name.to_owned(), number: *number, path, injected: line.contains("(INJECTED)") });
        }
    }
    calls
}

/// Returns the first path in `dir` that a call shows, as a file descriptor's or as an argument, without `dir`.
pub fn path_in(call: &str, dir: &Path) -> Option<PathBuf> {
    let dir = format!("{}/", dir.display());
    let (_, rest) = call.split_once(&dir)?;
    let end = rest.find(['>', '"']).unwrap_or(rest.len());
    Some(PathBuf::from(&rest[..end]))
}
