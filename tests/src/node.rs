//! A real node in a directory of its own: started, asked, killed, started again.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binaries::binaries;
use crate::person::{Outcome, sealed};

/// What the first line on a serving node's standard output begins with; the address follows.
pub(crate) const LISTENING: &str = "Listening on ";

/// How long a node may take to open its log, or to end once asked. Generous: the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// How many lines of a node's log are shown when a test fails.
const LOG_LINES_SHOWN: usize = 200;

/// A register on this machine. Dropping it kills the process and removes its directory.
#[derive(Debug)]
pub struct Node {
    home: TempDir,
    origin: String,
    launcher: Vec<String>,
    serve_args: Vec<String>,
    /// The address of the register that this is a copy of, if it is one.
    follows: Option<String>,
    running: Option<Running>,
}

/// How a node that was to serve ended instead.
#[derive(Debug)]
pub struct Refusal {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it said on standard error.
    pub said: String,
}

#[derive(Debug)]
struct Running {
    process: Child,
    url: String,
}

/// What a node answered over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The value of `Content-Type`, or nothing.
    pub media_type: String,
    /// The value of `Retry-After`, or nothing.
    pub retry_after: String,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Node {
    /// Creates a register called `origin` in a new directory, without starting it.
    pub fn init(origin: &str) -> Self {
        Self::init_in(new_home(), origin)
    }

    /// Creates a register like [`Node::init`] in the folder `register` of `home`, which is empty or not there yet.
    pub fn init_in(home: TempDir, origin: &str) -> Self {
        let node = Self::in_home(home, origin);
        let outcome = node.run("init", &["--origin", origin]);
        assert_eq!(outcome.code, 0, "`colophon-node init` failed: {outcome}");
        node
    }

    /// Creates a register called `origin`, without starting it, whose governors keep their keys in these files, which are made.
    pub fn init_governed(origin: &str, keys: &[PathBuf]) -> Self {
        let node = Self::in_home(new_home(), origin);
        let run = |words: &[&OsStr]| {
            let outcome = node.run_words(words);
            assert_eq!(outcome.code, 0, "`colophon-node {words:?}` failed: {outcome}");
            outcome.stdout
        };
        let (dir, word) = (node.dir(), OsStr::new);
        let mut init = vec!["init".to_owned(), dir.display().to_string(), "--origin".to_owned(), origin.to_owned()];
        for key in keys {
            let told = run(&[word("govern"), word("key"), key.as_os_str()]);
            let account = told.lines().find_map(|line| line.trim().strip_prefix("account")).expect("an account");
            init.extend(["--governor".to_owned(), account.trim().to_owned()]);
        }
        run(&init.iter().map(OsStr::new).collect::<Vec<_>>());
        let draft = dir.join("genesis.draft");
        for key in keys {
            run(&[word("govern"), word("sign"), draft.as_os_str(), word("--key"), key.as_os_str()]);
        }
        run(&[word("init"), dir.as_os_str(), word("--begin")]);
        node
    }

    /// Returns a node over a copy of another one's directory, without starting it. The other must not run.
    pub fn copy_of(other: &Node) -> Self {
        let node = Self::in_home(new_home(), &other.origin);
        copy_dir(&other.dir(), &node.dir());
        node
    }

    /// Returns a second node over another one's own directory, without starting it.
    pub fn sharing_dir_of(other: &Node) -> Self {
        let node = Self::in_home(new_home(), &other.origin);
        std::os::unix::fs::symlink(other.dir(), node.dir()).expect("a link to the directory");
        node
    }

    /// Returns a node that will follow the register `other` at the address `url`, without starting it.
    pub fn following(other: &Node, url: &str) -> Self {
        let mut node = Self::in_home(new_home(), &other.origin);
        node.follow_at(url);
        std::fs::write(node.vkey_path(), other.vkey()).expect("a key file");
        node
    }

    /// Trusts these keys of the followed register's log, from the next start on.
    pub fn trust_keys(&mut self, keys: &[&str]) {
        std::fs::write(self.vkey_path(), keys.join("\n")).expect("a key file");
    }

    /// Follows the register at another address, from the next start on.
    pub fn follow_at(&mut self, url: &str) {
        self.follows = Some(url.to_owned());
    }

    fn in_home(home: TempDir, origin: &str) -> Self {
        let (launcher, serve_args) = (Vec::new(), Vec::new());
        Self { home, origin: origin.to_owned(), launcher, serve_args, follows: None, running: None }
    }

    /// Creates a register called `origin` and starts it on a free port.
    pub fn start_new(origin: &str) -> Self {
        let mut node = Self::init(origin);
        node.start();
        node
    }

    /// Adds arguments to `serve`, from the next start on.
    #[must_use]
    pub fn with_serve_args(mut self, args: &[&str]) -> Self {
        self.serve_args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Has another program start `serve`: one that ends by becoming the command after its own `words`.
    #[must_use]
    pub fn with_launcher(mut self, words: &[&str]) -> Self {
        self.launcher = words.iter().map(ToString::to_string).collect();
        self
    }

    /// Sets the arguments of `serve`, from the next start on.
    pub fn set_serve_args(&mut self, args: &[&str]) {
        self.serve_args = args.iter().map(ToString::to_string).collect();
    }

    /// Starts the node on a free port and returns once `/health` says that it is well.
    pub fn start(&mut self) {
        if let Err(why) = self.try_start() {
            panic!("the node did not start: {why}");
        }
    }

    /// Starts the node like [`Node::start`], or says why it did not come up.
    pub fn try_start(&mut self) -> Result<(), String> {
        self.start_listening()?;
        self.wait_until_healthy()
    }

    /// Starts the node and returns once it listens, however well it is; or says why it does not.
    pub fn start_listening(&mut self) -> Result<(), String> {
        let mut process = self.spawn()?;
        let stdout = process.stdout.take().expect("standard output is piped");
        let first_line = read_lines(stdout, self.log_file()).recv_timeout(PATIENCE);
        let Some(url) = first_line.as_ref().ok().and_then(|line| line.strip_prefix(LISTENING)) else {
            end(&mut process);
            return Err(format!("its first line is not `{LISTENING}URL`: {first_line:?}"));
        };
        self.running = Some(Running { process, url: url.trim().trim_end_matches('/').to_owned() });
        Ok(())
    }

    /// Starts the node although it must not come up, waits until it has ended, and returns what it said.
    pub fn refused_start(&mut self) -> Refusal {
        let said_before = self.log().len();
        let mut process = self.spawn().expect("the program starts");
        let status = wait(&mut process, PATIENCE);
        end(&mut process);
        let said = self.log()[said_before..].to_owned();
        let status = status.unwrap_or_else(|| panic!("it goes on although it should not: {said}"));
        Refusal { code: status.code().unwrap_or(-1), said }
    }

    fn spawn(&self) -> Result<Child, String> {
        assert!(self.running.is_none(), "the node runs already");
        let mut command = match self.launcher.split_first() {
            Some((launcher, words)) => {
                let mut command = sealed(Path::new(launcher), self.home.path());
                command.args(words).arg(&binaries().node);
                command
            }
            None => sealed(&binaries().node, self.home.path()),
        };
        match &self.follows {
            None => command.arg("serve").arg(self.dir()),
            Some(url) => command.args(["follow", url]).arg(self.dir()).arg("--vkey").arg(self.vkey_path()),
        };
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(&self.serve_args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log_file())
            .spawn()
            .map_err(|error| error.to_string())
    }

    /// Starts the node and kills it (SIGKILL) after a while, wherever it is by then.
    pub fn start_and_kill_after(&self, moment: Duration) {
        let mut process = self.spawn().expect("the program starts");
        std::thread::sleep(moment);
        end(&mut process);
    }

    /// Kills the node as a power cut would: SIGKILL, no farewell.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            end(&mut running.process);
        }
    }

    /// Asks the node to end (SIGTERM), waits until it has, and returns its exit status.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("the node runs");
        signal(&running.process, "TERM");
        let status = wait(&mut running.process, PATIENCE);
        end(&mut running.process);
        status.unwrap_or_else(|| panic!("the node did not end within {PATIENCE:?} of SIGTERM"))
    }

    /// Stops the running node without letting it notice (SIGSTOP), until [`Node::resume`].
    pub fn pause(&self) {
        signal(&self.running.as_ref().expect("the node runs").process, "STOP");
    }

    /// Lets a paused node go on (SIGCONT).
    pub fn resume(&self) {
        signal(&self.running.as_ref().expect("the node runs").process, "CONT");
    }

    /// Says whether the process is still there.
    pub fn is_alive(&mut self) -> bool {
        self.running.as_mut().is_some_and(|running| matches!(running.process.try_wait(), Ok(None)))
    }

    /// Waits until the process has ended by itself, and returns its exit status; nothing if it is still there after `patience`.
    pub fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let status = self.running.as_mut().and_then(|running| wait(&mut running.process, patience))?;
        self.running = None;
        Some(status)
    }

    /// Runs `colophon-node COMMAND DIR ARGS`, as for `fsck` and `rebuild`, and waits for its end.
    pub fn run<S: AsRef<OsStr>>(&self, command: &str, args: &[S]) -> Outcome {
        Outcome::of(sealed(&binaries().node, self.home.path()).arg(command).arg(self.dir()).args(args))
    }

    /// Runs `LAUNCHER colophon-node COMMAND DIR ARGS`, and waits for its end.
    pub fn run_through<S: AsRef<OsStr>>(&self, launcher: &[&str], command: &str, args: &[S]) -> Outcome {
        let (program, words) = launcher.split_first().expect("a program");
        let mut launched = sealed(Path::new(program), self.home.path());
        Outcome::of(launched.args(words).arg(&binaries().node).arg(command).arg(self.dir()).args(args))
    }

    /// Runs `colophon-node WORDS` as they are, and waits for its end.
    pub fn run_words<S: AsRef<OsStr>>(&self, words: &[S]) -> Outcome {
        Outcome::of(sealed(&binaries().node, self.home.path()).args(words))
    }

    /// Returns the directory of the register.
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("register")
    }

    /// Returns the name given at `init`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the running node's address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("the node runs").url
    }

    /// Returns the process id of the running node.
    pub fn process_id(&self) -> u32 {
        self.running.as_ref().expect("the node runs").process.id()
    }

    /// Waits until the node has published so many entries; fails if it does not within the usual patience.
    pub fn wait_for_size(&self, size: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.try_get("/health").ok().and_then(|health| health.json()["size"].as_u64());
            if found >= Some(size) {
                return;
            }
            assert!(Instant::now() < deadline, "{found:?} entries are published, not {size}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until `/health` answers with this status; fails if it does not within the usual patience. Returns the answer.
    pub fn wait_for_health(&self, status: &str) -> serde_json::Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.get("/health").json();
            if found["status"] == status {
                return found;
            }
            assert!(Instant::now() < deadline, "the node's health is not {status}: {found}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the register's verifier key, as `init` wrote it.
    pub fn vkey(&self) -> String {
        let path = self.dir().join("log.vkey");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        text.trim().to_owned()
    }

    /// Asks the running node for `path`, such as `/checkpoint`.
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Asks like [`Node::get`], or says why no answer came.
    pub fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        answer(http().get(format!("{}{path}", self.url())))
    }

    /// Sends `body` to the running node.
    pub fn post(&self, path: &str, media_type: &str, body: impl Into<reqwest::blocking::Body>) -> Answer {
        self.try_post(path, media_type, body).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Sends like [`Node::post`], or says why no answer came.
    pub fn try_post(
        &self,
        path: &str,
        media_type: &str,
        body: impl Into<reqwest::blocking::Body>,
    ) -> reqwest::Result<Answer> {
        answer(http().post(format!("{}{path}", self.url())).header("Content-Type", media_type).body(body))
    }

    /// Returns everything the node has written on its standard error and output, over all its starts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn wait_until_healthy(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = match self.try_get("/health") {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => format!("/health answers {}", answer.status),
                Err(error) => format!("/health: {error}"),
            };
            let alive = self.is_alive();
            if !alive || Instant::now() > deadline {
                self.kill();
                return Err(if alive { last } else { format!("it ended at once ({last})") });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn vkey_path(&self) -> PathBuf {
        self.home.path().join("followed.vkey")
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("node.log")
    }

    fn log_file(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.log_path()).expect("the log can be written")
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        format!("--- log of the node {} ---\n{}\n--- end of the log ---", self.origin, shown.join("\n"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", self.log_tail());
        }
    }
}

impl Answer {
    /// Returns the body as text; a test that gets other bytes fails.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the answer is text")
    }

    /// Returns the body as JSON; a test that gets anything else fails.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Copies a register's directory, as someone with access to its disk could. The node must not run.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the copy's directory");
    for found in std::fs::read_dir(from).expect("the register's directory") {
        let found = found.expect("a directory entry");
        let target = to.join(found.file_name());
        if found.file_type().expect("a file type").is_dir() {
            copy_dir(&found.path(), &target);
        } else {
            std::fs::copy(found.path(), target).expect("a copied file");
        }
    }
}

pub(crate) fn new_home() -> TempDir {
    tempfile::Builder::new().prefix("colophon-node-").tempdir().expect("a temporary directory")
}

/// Sends the first line of a process's output to the receiver and every later one to its log.
pub(crate) fn read_lines(stdout: ChildStdout, mut log: File) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut first = String::new();
        if reader.read_line(&mut first).is_ok_and(|count| count > 0) {
            // The receiver is gone only if the test has given up on the node.
            sender.send(first.trim_end().to_owned()).ok();
        }
        drop(sender);
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut chunk) {
            log.write_all(&chunk[..count]).ok();
        }
    });
    receiver
}

pub(crate) fn answer(request: reqwest::blocking::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send()?;
    let status = response.status().as_u16();
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (media_type, retry_after) = (header("content-type"), header("retry-after"));
    Ok(Answer { status, media_type, retry_after, body: response.bytes()?.to_vec() })
}

pub(crate) fn http() -> &'static reqwest::blocking::Client {
    static CLIENT: OnceLock<reqwest::blocking::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        // No connection is kept: one to a killed node would fail the next request for a reason that is not the node's.
        let client = reqwest::blocking::Client::builder().timeout(PATIENCE).no_proxy().pool_max_idle_per_host(0);
        client.build().expect("an HTTP client")
    })
}

/// Sends a signal by name. A process that is gone already is not an error.
fn signal(process: &Child, name: &str) {
    Command::new("kill").args(["-s", name, &process.id().to_string()]).status().expect("`kill` starts");
}

pub(crate) fn end(process: &mut Child) {
    process.kill().expect("a child can be killed");
    process.wait().expect("a child can be waited for");
}

fn wait(process: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if let Some(status) = process.try_wait().expect("a child can be asked") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
