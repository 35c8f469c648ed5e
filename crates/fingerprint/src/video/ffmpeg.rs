//! The `ffmpeg` of this machine: whether there is one that makes MPEG-7 signatures, and what it makes of a file.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{ContentError, broken};
use crate::video::signature::SIGNATURE_BYTES_MAX;

/// How long a video may take.
const VIDEO_TIME_MAX: Duration = Duration::from_mins(10);
/// How long the program may take to say what it can.
const ASK_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the program may take to end once it has written everything.
const END_TIME_MAX: Duration = Duration::from_secs(10);
/// What it may say about a filter, in bytes.
const HELP_BYTES_MAX: usize = 64 * 1024;
/// The longest video that is looked at, in seconds: of a longer one, its beginning.
const SECONDS_MAX: u32 = 6 * 60 * 60;
/// The most pixels of a picture in it, and the largest block of memory for one.
const PIXELS_MAX: u32 = 8_192 * 8_192;
const BLOCK_BYTES_MAX: u32 = 512 << 20;
/// The most memory that it may address, in bytes.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// What the reference looks at: five pictures a second.
const FILTERS: &str = "fps=fps=5,signature=format=binary:filename=/dev/stdout";

/// A program that makes signatures.
#[derive(Debug, Clone)]
pub(super) struct Ffmpeg {
    program: PathBuf,
}

impl Ffmpeg {
    /// Returns the first `ffmpeg` in the search path, if it makes signatures. Looked for once.
    pub(super) fn of_this_machine() -> Option<&'static Ffmpeg> {
        static FOUND: OnceLock<Option<Ffmpeg>> = OnceLock::new();
        FOUND.get_or_init(|| find("ffmpeg").and_then(Ffmpeg::at)).as_ref()
    }

    /// Returns the program at a path, if it makes signatures.
    fn at(program: PathBuf) -> Option<Ffmpeg> {
        // They are written to a path that leads to the pipe, which only systems of this family have.
        if !cfg!(unix) {
            return None;
        }
        let mut command = Command::new(&program);
        command.args(["-hide_banner", "-h", "filter=signature"]);
        let said = run(command, HELP_BYTES_MAX, ASK_TIME_MAX).ok()?;
        said.starts_with(b"Filter signature").then_some(Ffmpeg { program })
    }

    /// Returns the signature of a file in this container.
    pub(super) fn signature(&self, path: &Path, format: &str) -> Result<Vec<u8>, ContentError> {
        run(self.command(path, format), SIGNATURE_BYTES_MAX, VIDEO_TIME_MAX)
    }

    fn command(&self, path: &Path, format: &str) -> Command {
        let mut file = OsString::from("file:");
        file.push(path);
        let mut command = Command::new(&self.program);
        command.args(["-nostdin", "-hide_banner", "-loglevel", "error"]);
        command.args(["-max_alloc", &BLOCK_BYTES_MAX.to_string()]);
        command.args(["-protocol_whitelist", "file", "-max_pixels", &PIXELS_MAX.to_string()]);
        command.args(["-t", &SECONDS_MAX.to_string(), "-f", format, "-i"]).arg(file);
        command.args(["-an", "-sn", "-dn", "-vf", FILTERS, "-f", "null", "-"]);
        command
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Runs a program to its end and returns what it wrote, at most so many bytes, within a time.
fn run(mut command: Command, bytes_max: usize, time: Duration) -> Result<Vec<u8>, ContentError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.spawn()?);
    running.bound();
    let output = running.0.stdout.take().ok_or(ContentError::BrokeDown)?;
    let (done, result) = sync_channel(1);
    thread::Builder::new().name("video".to_owned()).spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(bytes_max as u64 + 1).read_to_end(&mut bytes);
        // Whoever asked may have stopped waiting.
        done.send(read.map(|_| bytes)).ok();
    })?;
    // On the way out the program is ended, and with it the thread.
    let bytes = result.recv_timeout(time).map_err(|_| ContentError::TooSlow(time))??;
    if bytes.len() > bytes_max {
        return Err(ContentError::TooMuch {
            what: "bytes of signature",
            found: bytes.len() as u64,
            max: bytes_max as u64,
        });
    }
    if running.has_ended_well(END_TIME_MAX)? { Ok(bytes) } else { Err(broken("video", &"ffmpeg cannot read it")) }
}

/// A program that ends when nobody waits for it any more.
struct Running(Child);

impl Running {
    /// Takes memory beyond the bound from it, where the system lets it.
    fn bound(&self) {
        #[cfg(target_os = "linux")]
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            use rustix::process::{Resource, Rlimit, prlimit};
            let limit = Rlimit { current: Some(MEMORY_BYTES_MAX), maximum: Some(MEMORY_BYTES_MAX) };
            // It may have ended already; what is too large is refused by the other bounds too.
            prlimit(Some(pid), Resource::As, limit).ok();
        }
    }

    fn has_ended_well(&mut self, time: Duration) -> Result<bool, ContentError> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status.success());
            }
            if begun.elapsed() > time {
                return Err(ContentError::TooSlow(time));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

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

    fn command(program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }

    #[test]
    fn a_program_that_is_no_ffmpeg_is_not_used() {
        for program in ["/bin/true", "/bin/echo", "/nowhere/ffmpeg"] {
            assert!(Ffmpeg::at(PathBuf::from(program)).is_none(), "{program}");
        }
        assert_eq!(find("no program is called so"), None);
    }

    #[test]
    fn a_program_that_takes_too_long_or_says_too_much_is_ended() {
        let begun = Instant::now();
        let slow = run(command("sleep", &["60"]), 10, Duration::from_millis(100));
        assert!(matches!(slow, Err(ContentError::TooSlow(_))), "{slow:?}");
        let loud = run(command("yes", &[]), 1_000, Duration::from_secs(20));
        assert!(matches!(loud, Err(ContentError::TooMuch { .. })), "{loud:?}");
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert!(matches!(run(command("false", &[]), 10, ASK_TIME_MAX), Err(ContentError::Broken { .. })));
        assert_eq!(run(command("printf", &["xyz"]), 3, ASK_TIME_MAX).unwrap(), b"xyz");
    }
}
