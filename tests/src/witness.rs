//! A real witness in a directory of its own: started, asked, killed, started again.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::binaries::binaries;
use crate::node::{Answer, LISTENING, PATIENCE, answer, end, http, new_home, read_lines};
use crate::person::{Outcome, sealed};

/// A witness on this machine. Dropping it kills the process and removes its directory.
#[derive(Debug)]
pub struct Witness {
    home: TempDir,
    keys: Vec<String>,
    /// The address to listen on: a free port at first, the same again after a restart, so that policies stay right.
    listen: String,
    running: Option<Child>,
}

impl Witness {
    /// Makes a witness called `name` with a key of each of these types, to witness the logs with these keys. Not started.
    pub fn init(name: &str, types: &[&str], logs: &[String]) -> Witness {
        let home = new_home();
        let mut command = sealed(&binaries().node, home.path());
        command.arg("witness-key").arg(home.path().join("witness")).args(["--name", name]);
        command.args(types.iter().flat_map(|key_type| ["--type", key_type]));
        let outcome = Outcome::of(&mut command);
        assert_eq!(outcome.code, 0, "`colophon-node witness-key` failed: {outcome}");
        let keys = std::fs::read_to_string(home.path().join("witness/witness.vkey")).expect("the verifier keys");
        let policy = format!("log {}\nquorum none\n", logs.join("\nlog "));
        std::fs::write(home.path().join("logs"), policy).expect("the policy is written");
        let keys = keys.lines().map(str::to_owned).collect();
        Witness { home, keys, listen: "127.0.0.1:0".to_owned(), running: None }
    }

    /// Makes a witness like [`Witness::init`] and starts it.
    pub fn start_new(name: &str, types: &[&str], logs: &[String]) -> Witness {
        let mut witness = Witness::init(name, types, logs);
        witness.start();
        witness
    }

    /// Starts it, at the address where it was before, if it was.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "the witness runs already");
        let mut process = sealed(&binaries().node, self.home.path())
            .arg("witness")
            .arg(self.dir())
            .arg("--policy")
            .arg(self.home.path().join("logs"))
            .args(["--listen", &self.listen])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log_file())
            .spawn()
            .expect("the witness starts");
        let stdout = process.stdout.take().expect("standard output is piped");
        let first_line = read_lines(stdout, self.log_file()).recv_timeout(PATIENCE);
        let Some(url) = first_line.as_ref().ok().and_then(|line| line.strip_prefix(LISTENING)) else {
            end(&mut process);
            panic!("the first line of the witness is not `{LISTENING}URL`: {first_line:?}\n{}", self.log());
        };
        url.trim().trim_start_matches("http://").trim_end_matches('/').clone_into(&mut self.listen);
        self.running = Some(process);
    }

    /// Lets it witness this log alone, from its next start on.
    pub fn witness_only(&self, log: &str) {
        std::fs::write(self.home.path().join("logs"), format!("log {log}\nquorum none\n"))
            .expect("the policy is written");
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.running.take() {
            end(&mut process);
        }
    }

    /// Returns its verifier keys, one of each type.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Returns its folder.
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("witness")
    }

    /// Returns its address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Asks it for `path`.
    pub fn get(&self, path: &str) -> Answer {
        answer(http().get(format!("{}{path}", self.url()))).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Sends `body` to `/add-checkpoint`.
    pub fn add_checkpoint(&self, body: String) -> Answer {
        let request = http().post(format!("{}/add-checkpoint", self.url())).body(body);
        answer(request).unwrap_or_else(|error| panic!("POST /add-checkpoint: {error}"))
    }

    /// Returns everything it has written on its standard error and output, over all its starts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("witness.log")
    }

    fn log_file(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.log_path()).expect("the log can be written")
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of a witness ---\n{}\n--- end of the log ---", self.log());
        }
    }
}

/// Writes the policy of a log whose checkpoints `quorum` of these witnesses must cosign.
pub fn write_policy(path: &Path, log: &str, witnesses: &[&Witness], quorum: usize) {
    let (mut lines, mut names) = (vec![format!("log {log}")], Vec::new());
    for (number, witness) in witnesses.iter().enumerate() {
        for (key, kind) in witness.keys().iter().zip(["", "-b"]) {
            let name = format!("w{number}{kind}");
            lines.push(format!("witness {name} {key} {}", witness.url()));
            names.push(name);
        }
    }
    lines.push(format!("group public {quorum} {}\nquorum public\n", names.join(" ")));
    std::fs::write(path, lines.join("\n")).expect("the policy is written");
}
