//! Somebody at a keyboard: a home of their own, and the `colophon` commands they type.

use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::binaries::binaries;

/// A person with keys and files of their own. Dropping it removes them.
#[derive(Debug)]
pub struct Person {
    name: String,
    home: TempDir,
    node: Option<String>,
}

/// What came of one command.
#[derive(Debug)]
pub struct Outcome {
    /// The command as typed.
    pub command: String,
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// The result.
    pub stdout: String,
    /// The progress and the complaints.
    pub stderr: String,
}

impl Person {
    /// A person with a new home and a key named after them, who uses the register at `node`.
    pub fn new(name: &str, node: &str) -> Self {
        let person = Self::without_key(name).at(node);
        person.succeed(&["key", "new", "--no-passphrase", name, "--no-input"]);
        person
    }

    /// A person with an empty home: no key, no register, nothing ever seen.
    pub fn without_key(name: &str) -> Self {
        let home = tempfile::Builder::new().prefix("colophon-person-").tempdir().expect("a temporary directory");
        let person = Self { name: name.to_owned(), home, node: None };
        std::fs::create_dir(person.desk()).expect("a desk");
        person
    }

    /// Points the person at the register at `node` (a URL) from here on.
    #[must_use]
    pub fn at(mut self, node: &str) -> Self {
        self.node = Some(node.to_owned());
        self
    }

    /// Points the person at another address, as after a node's restart on another port.
    pub fn move_to(&mut self, node: &str) {
        self.node = Some(node.to_owned());
    }

    /// Runs `colophon ARGS` and returns what came of it.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        Outcome::of(self.command().args(args))
    }

    /// Runs `colophon ARGS` with `input` on its standard input.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Outcome {
        Outcome::with_input(self.command().args(args), input)
    }

    /// Runs a command that must exit with 0.
    pub fn succeed<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        self.expect(args, 0)
    }

    /// Runs a command that must exit with `code`.
    pub fn expect<S: AsRef<OsStr>>(&self, args: &[S], code: i32) -> Outcome {
        let outcome = self.run(args);
        assert_eq!(outcome.code, code, "{} expected exit code {code}: {outcome}", self.name);
        outcome
    }

    /// Returns the `colophon` command in this person's environment, still without arguments.
    pub fn command(&self) -> Command {
        let mut command = sealed(&binaries().cli, &self.desk());
        command.env("COLOPHON_HOME", self.home());
        if let Some(node) = &self.node {
            command.env("COLOPHON_NODE", node);
        }
        command
    }

    /// Returns the name given at the start.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what `COLOPHON_HOME` points at: keys and what was seen of registers.
    pub fn home(&self) -> PathBuf {
        self.home.path().join("home")
    }

    /// Returns the directory commands run in, where the person's own files lie.
    pub fn desk(&self) -> PathBuf {
        self.home.path().join("desk")
    }

    /// Puts a file on the desk and returns its path.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.desk().join(name);
        std::fs::write(&path, bytes).expect("a file on the desk");
        path
    }
}

impl Outcome {
    /// Runs `command` to its end with nothing on its standard input.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::with_input(command, b"")
    }

    fn with_input(command: &mut Command, input: &[u8]) -> Self {
        let typed = typed(command);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{typed}` does not start: {error}"));
        let mut stdin = process.stdin.take().expect("standard input is piped");
        let input = input.to_vec();
        // A thread of its own, or a long input and a long output would wait for each other. A command that reads
        // nothing closes the pipe: not an error.
        let writer = std::thread::spawn(move || stdin.write_all(&input).ok());
        let output = process.wait_with_output().expect("a command can be waited for");
        writer.join().expect("the writer does not panic");
        Self {
            command: typed,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Returns the result as JSON, of a command run with `--json`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("the result is not JSON ({error}): {self}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "`{command}` exited with {code}\n--- stdout ---\n{stdout}\n--- stderr ---\n{stderr}")
    }
}

/// Returns a command that sees nothing of the caller's environment but the search path, and runs in `directory`.
///
/// `COLOPHON_TEST_*` goes through, so that a test can fix the clock and the seed for every process it starts.
pub(crate) fn sealed(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(directory);
    command.env("HOME", directory).env("LANG", "C.UTF-8").env("TZ", "UTC").env("NO_COLOR", "1").env("COLUMNS", "100");
    for (name, value) in std::env::vars_os() {
        let test = name.to_str().is_some_and(|name| name.starts_with("COLOPHON_TEST_"));
        if name == "PATH" || name == "TMPDIR" || test {
            command.env(name, value);
        }
    }
    command
}

fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
