//! The program itself: started, asked over a socket, ended.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use colophon_ledger::replay::read_genesis;
use colophon_ledger::rule::Rules;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::people::Signing;
use crate::register::ORIGIN;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_colophon-node");
const PATIENCE: Duration = Duration::from_mins(1);

/// A register's folder, and the process that serves it, if one does.
pub(crate) struct Node {
    home: TempDir,
    running: Option<(Child, String)>,
}

/// A status, the head, and the body of an answer.
pub(crate) type Answer = (u16, String, Vec<u8>);

impl Node {
    /// Returns a node whose folder is not there yet.
    pub(crate) fn nowhere() -> Node {
        Node { home: tempfile::tempdir().unwrap(), running: None }
    }

    pub(crate) fn init() -> Node {
        let node = Node::nowhere();
        let output = node.run(&["init", "DIR", "--origin", ORIGIN]);
        assert!(output.status.success(), "{output:?}");
        node
    }

    pub(crate) fn started() -> Node {
        let mut node = Node::init();
        node.start(&[]);
        node
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.home.path().join("register")
    }

    /// Runs the program to its end. `DIR` stands for the register's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(PROGRAM, arguments).output().unwrap()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let dir = self.dir().to_str().unwrap().to_owned();
        command.args(arguments.iter().map(|argument| argument.replace("DIR", &dir)));
        command.env_remove("COLOPHON_TEST_TIME").env_remove("RUST_LOG");
        command
    }

    /// Starts serving on a free port.
    pub(crate) fn start(&mut self, arguments: &[&str]) {
        let arguments = [&["serve", "DIR", "--listen", "127.0.0.1:0"], arguments].concat();
        self.start_program(PROGRAM, &arguments);
    }

    pub(crate) fn start_program(&mut self, program: &str, arguments: &[&str]) {
        let mut command = self.command(program, arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("Listening on http://");
        let Some(address) = address else {
            child.kill().unwrap();
            panic!("the first line is {line:?}");
        };
        self.running = Some((child, address.to_owned()));
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.running.as_ref().unwrap().0.id()
    }

    pub(crate) fn kill(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.process_id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let (mut child, _) = self.running.take().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match child.try_wait().unwrap() {
                Some(status) => return status,
                None if Instant::now() > deadline => {
                    child.kill().unwrap();
                    panic!("the node did not end");
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    pub(crate) fn address(&self) -> String {
        self.running.as_ref().unwrap().1.clone()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        ask(&self.address(), &format!("GET {path} HTTP/1.1\r\n"), b"")
    }

    pub(crate) fn post(&self, path: &str, media_type: &str, body: &[u8]) -> Answer {
        post(&self.address(), path, media_type, body)
    }

    pub(crate) fn submit(&self, signing: Signing<'_>, rules: &Rules) -> Answer {
        self.post("/v1/entries", "text/plain", signing.note(&rules.register).as_bytes())
    }

    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        self.get("/checkpoint").2
    }

    pub(crate) fn rules(&self) -> Rules {
        let genesis = body_json(&self.get("/v1/entries/0"));
        read_genesis(genesis["entry"].as_str().unwrap().as_bytes()).unwrap().0
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}

pub(crate) fn body_json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.2).unwrap_or_else(|_| json!({"not": String::from_utf8_lossy(&answer.2)}))
}

pub(crate) fn post(address: &str, path: &str, media_type: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n");
    ask(address, &head, body)
}

/// Asks the node at an address; nothing if the connection is cut before an answer.
pub(crate) fn try_get(address: &str, path: &str) -> Option<Answer> {
    try_ask(address, &format!("GET {path} HTTP/1.1\r\n"), b"")
}

/// Sends a request over a connection of its own and reads the answer to its end.
fn ask(address: &str, head: &str, body: &[u8]) -> Answer {
    try_ask(address, head, body).unwrap()
}

fn try_ask(address: &str, head: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(format!("{head}Host: node\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, bytes[end + 4..].to_vec()))
}

/// Returns the most memory that a process has held, in KiB.
pub(crate) fn peak_memory_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

pub(crate) fn text(output: &[u8]) -> &str {
    std::str::from_utf8(output).unwrap()
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
