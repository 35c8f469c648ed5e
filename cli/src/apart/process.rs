//! The process apart: what it gives up before it reads its file, and how it is started, heard and ended.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::de::DeserializeOwned;

/// What the hidden command is called.
pub(crate) const COMMAND: &str = "apart";
/// How long it is waited for.
const TIME_MAX: Duration = Duration::from_mins(1);
/// The most memory that it may address, in bytes. The largest document, and the largest picture with credentials, is held more than once.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// The most time of a core that it may take, in seconds.
const CPU_S_MAX: u64 = 60;
/// The most bytes that it may say.
const SAID_BYTES_MAX: u64 = 16 * 1024;

/// Returns the file on standard input, and gives up what reading it needs not: opening anything, writing files, and more than its
/// share of memory and time.
pub(crate) fn take_input() -> io::Result<File> {
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    give_up()?;
    Ok(file)
}

fn give_up() -> io::Result<()> {
    let limits = [
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Cpu, CPU_S_MAX),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, 0),
    ];
    for (resource, most) in limits {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Lets `program`, which is a `colophon`, do this work on a file, and returns what it says.
pub(crate) fn ask<T: DeserializeOwned>(program: &Path, work: &[&OsStr], file: &Path) -> io::Result<T> {
    ask_within(TIME_MAX, program, work, file)
}

fn ask_within<T: DeserializeOwned>(time: Duration, program: &Path, work: &[&OsStr], file: &Path) -> io::Result<T> {
    let mut command = Command::new(program);
    command.arg(COMMAND).args(work).env_clear();
    command.stdin(File::open(file)?).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.spawn()?);
    let output = running.0.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (done, result) = sync_channel(1);
    thread::Builder::new().name("apart".to_owned()).spawn(move || {
        let mut said = Vec::new();
        let read = output.take(SAID_BYTES_MAX).read_to_end(&mut said);
        // Whoever asked may have stopped waiting.
        done.send(read.map(|_| said)).ok();
    })?;
    // On the way out the process is ended, and with it the thread.
    let said = result.recv_timeout(time).map_err(|_| took_too_much())??;
    serde_json::from_slice(&said).map_err(|_| took_too_much())
}

fn took_too_much() -> io::Error {
    io::Error::other("reading it broke down, or took more time or memory than it may")
}

/// A process that ends when nobody waits for it any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Of one that has ended already neither does anything.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Instant;

    /// Asks a program that does `script`.
    fn asked(script: &str, time: Duration) -> io::Result<String> {
        let desk = tempfile::tempdir().unwrap();
        let (program, file) = (desk.path().join("program"), desk.path().join("file"));
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(&file, "a file\n").unwrap();
        ask_within(time, &program, &[], &file)
    }

    #[test]
    fn a_process_that_hangs_or_breaks_down_is_an_error_within_its_time() {
        let begun = Instant::now();
        for script in ["exec sleep 60", "exit 1", "kill -SEGV $$", "echo nonsense", "exec yes"] {
            let error = asked(script, Duration::from_millis(300)).unwrap_err();
            assert!(error.to_string().contains("more time or memory"), "{script}: {error}");
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert_eq!(asked(r#"read -r line; echo "\"$line\"""#, Duration::from_secs(20)).unwrap(), "a file");
    }

    /// Says to the next test, run anew in a process of its own, at which port somebody listens.
    const PORT: &str = "COLOPHON_TEST_PORT";

    #[test]
    fn who_has_given_up_opens_nothing_and_takes_no_more_memory() {
        let Ok(port) = std::env::var(PORT) else { return begin_anew() };
        let address = format!("127.0.0.1:{port}");
        TcpStream::connect(&address).unwrap();
        give_up().unwrap();
        TcpStream::connect(&address).unwrap_err();
        File::open("/dev/null").unwrap_err();
        assert!(Vec::<u8>::new().try_reserve_exact(usize::try_from(MEMORY_BYTES_MAX).unwrap()).is_err());
    }

    fn begin_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let name = "apart::process::tests::who_has_given_up_opens_nothing_and_takes_no_more_memory";
        let anew = Command::new(std::env::current_exe().unwrap()).args(["--exact", name]).env(PORT, port).output();
        let anew = anew.unwrap();
        let told = String::from_utf8_lossy(&anew.stdout);
        assert!(anew.status.success() && told.contains("1 passed"), "{told}");
        listener.set_nonblocking(true).unwrap();
        // The one connection is from before it gave up.
        listener.accept().unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
