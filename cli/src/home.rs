//! Where the command line keeps its files, and how it writes them.
//!
//! ```text
//! data   keys/NAME.age  keys/NAME.pub  drafts/    the person's own: lost keys are lost works
//! config policy  registers/ORIGIN.json            which registers and witnesses the person believes
//!        c2pa-trust.pem                           whose Content Credentials the person trusts
//! state  seen/  evidence/  history  lock          what registers have shown so far; proof of it, should one lie
//!        audited/                                 what was replayed of them
//!        receipts/  catalogues/                   of the entries this person made; of works on their way, many at once
//! ```
//!
//! With `COLOPHON_HOME` (or `--home`) all of it is in one directory; without, in the three XDG base directories.
//! Directories are 0700, files 0600. A file is written aside, synced and renamed, so an interrupt or a power cut leaves the
//! old one or the new one. Whoever writes holds the lock; reading needs none and creates nothing.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use etcetera::base_strategy::{BaseStrategy as _, Xdg};

use crate::failure::{Failure, is_without_room};
use crate::words::bytes as bytes_in_words;

/// How long a command waits for another one to finish writing.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often it looks.
const LOCK_LOOK: Duration = Duration::from_millis(20);
/// What the names of half-written files begin with.
const ASIDE_PREFIX: &str = ".aside-";

/// The directories of one person's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    data: PathBuf,
    config: PathBuf,
    state: PathBuf,
}

impl Home {
    /// Returns the home in `directory`, or where the XDG base directories say if there is none. Creates nothing.
    pub fn locate(directory: Option<&Path>) -> Result<Home, Failure> {
        if let Some(directory) = directory.filter(|directory| !directory.as_os_str().is_empty()) {
            return Ok(Home { data: directory.into(), config: directory.into(), state: directory.into() });
        }
        let xdg = Xdg::new().map_err(|error| {
            Failure::usage(format!("this user has no home directory: {error}"), "name a directory with --home DIR")
        })?;
        let state = xdg.state_dir().unwrap_or_else(|| xdg.data_dir());
        Ok(Home {
            data: xdg.data_dir().join("colophon"),
            config: xdg.config_dir().join("colophon"),
            state: state.join("colophon"),
        })
    }

    /// Returns the directory of keys. Lost, nobody can sign for the accounts any more; read by others, they can.
    pub fn keys_dir(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// Returns the directory of half-signed drafts. They can be made again.
    pub fn drafts_dir(&self) -> PathBuf {
        self.data.join("drafts")
    }

    /// Returns the trust policy file (C2SP tlog-policy). Whoever can write it decides what this person believes.
    pub fn policy_path(&self) -> PathBuf {
        self.config.join("policy")
    }

    /// Returns the file of certificates (PEM) by which Content Credentials are trusted; the person puts it there. Whoever can write
    /// it decides whose this person calls trusted.
    pub fn c2pa_trust_path(&self) -> PathBuf {
        self.config.join("c2pa-trust.pem")
    }

    /// Returns the directory of the registers pinned, one file each. Whoever can write it decides what this person believes.
    pub fn registers_dir(&self) -> PathBuf {
        self.config.join("registers")
    }

    /// Returns the directory of proofs that a register has shown two histories. Lost, nobody else can be shown it.
    pub fn evidence_dir(&self) -> PathBuf {
        self.state.join("evidence")
    }

    /// Returns the directory of what each register has shown. Lost, a register could show another past unnoticed.
    pub fn seen_dir(&self) -> PathBuf {
        self.state.join("seen")
    }

    /// Returns the directory of what this person has replayed of registers. Lost, an audit can be made again.
    pub fn audited_dir(&self) -> PathBuf {
        self.state.join("audited")
    }

    /// Returns the directory of journals of catalogues that are being registered. Lost, one that was cut off begins anew: nothing is
    /// registered twice for it, for the register does not take a face twice.
    pub fn catalogues_dir(&self) -> PathBuf {
        self.state.join("catalogues")
    }

    /// Returns the directory of receipts, one file an entry. Lost, the register gives them again.
    pub fn receipts_dir(&self) -> PathBuf {
        self.state.join("receipts")
    }

    /// Returns the file of entries this person made, one a line. Lost, shortened ids no longer resolve.
    pub fn history_path(&self) -> PathBuf {
        self.state.join("history")
    }

    /// Waits for leave to write, and makes the directories that are missing.
    ///
    /// What an interrupted command left half-written is cleared away.
    pub fn lock(&self) -> Result<HomeLock, Failure> {
        let written = [
            self.keys_dir(),
            self.drafts_dir(),
            self.registers_dir(),
            self.seen_dir(),
            self.receipts_dir(),
            self.catalogues_dir(),
        ];
        for directory in &written {
            create_private_dir(directory)?;
        }
        let path = self.state.join("lock");
        let file = private_options()
            .read(true)
            .write(true)
            .create(true)
            .open(&path)
            .map_err(|error| cannot("write", &path, &error))?;
        wait_for_lock(&file, &path, LOCK_WAIT)?;
        for directory in written.iter().chain([&self.config, &self.state]) {
            clear_aside(directory)?;
        }
        Ok(HomeLock { _held: file })
    }
}

/// Leave to write in a home, until it is dropped or the process ends.
#[derive(Debug)]
pub struct HomeLock {
    _held: File,
}

impl HomeLock {
    /// Replaces a file, or makes it. Durable when it returns.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        write_atomically(path, bytes, Existing::Replaced, &private_options())
            .map_err(|error| cannot("write", path, &error))
    }

    /// Makes a file that must not be there yet. Durable when it returns.
    pub fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        create_file(path, bytes)
    }

    /// Replaces the files, or makes them, all of one directory. Durable when it returns.
    pub fn write_all(&self, directory: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<(), Failure> {
        for (path, bytes) in files {
            write_renamed(path, bytes, Existing::Replaced, &private_options())
                .map_err(|error| cannot("write", path, &error))?;
        }
        sync_dir(directory).map_err(|error| cannot("write", directory, &error))
    }

    /// Adds lines to a file that grows, such as the history. Durable when it returns.
    pub fn append_lines(&self, path: &Path, lines: &[String]) -> Result<(), Failure> {
        let append = || {
            let mut file = private_options().append(true).create(true).open(path)?;
            let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            file.write_all(text.as_bytes())?;
            file.sync_data()
        };
        append().map_err(|error| cannot("write", path, &error))
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, path: &Path) -> Result<(), Failure> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path, &error)),
            _ => Ok(()),
        }
    }
}

/// Returns a file's content, or nothing if there is no such file. A file of more than `bytes_max` is an error.
pub fn read_file(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(|error| cannot("read", path, &error))?;
    if bytes.len() > bytes_max {
        let what = format!("{} has more than {}", path.display(), bytes_in_words(bytes_max as u64));
        return Err(Failure::failed(what, "check that it is the right file"));
    }
    Ok(Some(bytes))
}

/// Makes a private file (0600), all at once, in the place of one that may be there. Durable when it returns. Whoever writes it
/// without the home's lock holds another one for its directory.
pub(crate) fn replace_private_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_atomically(path, bytes, Existing::Replaced, &private_options()).map_err(|error| cannot("write", path, &error))
}

/// Makes a private file (0600) anywhere, all at once, and never over another one. Durable when it returns.
pub fn create_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_atomically(path, bytes, Existing::Kept, &private_options()).map_err(|error| not_made(path, &error))
}

/// Makes a file to be handed to others, with the permissions that this user's files have, and never over another one.
/// Durable when it returns.
pub fn create_shared_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_shared(path, bytes, Existing::Kept)
}

/// Makes a file to be handed to others, all at once, in the place of one that may be there. Durable when it returns.
pub fn replace_shared_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_shared(path, bytes, Existing::Replaced)
}

/// Refuses a secret file that others than its owner may read.
pub fn check_private(path: &Path) -> Result<(), Failure> {
    const OTHERS: u32 = 0o077;
    let mode = fs::metadata(path).map_err(|error| cannot("read", path, &error))?.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let (what, cure) =
        ("may be read by other users of this machine", "chmod 600 it, or make a new key if somebody may have");
    Err(Failure::failed(format!("{} {what}", path.display()), cure))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Replaced,
    Kept,
}

fn write_shared(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), Failure> {
    write_atomically(path, bytes, existing, &OpenOptions::new()).map_err(|error| not_made(path, &error))
}

fn not_made(path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Failure::usage(
            format!("{} is there already", path.display()),
            "choose another name, or move it away first",
        );
    }
    cannot("write", path, error)
}

fn write_atomically(path: &Path, bytes: &[u8], existing: Existing, options: &OpenOptions) -> io::Result<()> {
    write_renamed(path, bytes, existing, options)?;
    sync_dir(directory_of(path))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names of what was made in a directory durable.
pub(crate) fn sync_dir(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Writes a file whole or not at all; its name is durable once its directory is synced.
fn write_renamed(path: &Path, bytes: &[u8], existing: Existing, options: &OpenOptions) -> io::Result<()> {
    let directory = directory_of(path);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut aside_name = OsString::from(format!("{ASIDE_PREFIX}{}-", std::process::id()));
    aside_name.push(name);
    let aside = directory.join(aside_name);
    let written = write_and_sync(&aside, bytes, options).and_then(|()| match existing {
        Existing::Replaced => fs::rename(&aside, path),
        Existing::Kept => put_in_place(&aside, path),
    });
    if written.is_err() {
        // The error that is returned says more than one about the clearing up.
        let _cleared = fs::remove_file(&aside);
    }
    written
}

fn write_and_sync(path: &Path, bytes: &[u8], options: &OpenOptions) -> io::Result<()> {
    let mut file = options.clone().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives a file its name only if nothing has that name: a link fails where a rename would replace.
fn put_in_place(aside: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(aside, path) {
        Ok(()) => fs::remove_file(aside),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links, such as a memory stick's: look, then rename.
        Err(_) if fs::symlink_metadata(path).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(aside, path),
    }
}

pub(crate) fn create_private_dir(path: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| cannot("create", path, &error))
}

pub(crate) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn wait_for_lock(file: &File, path: &Path, patience: Duration) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if start.elapsed() < patience => std::thread::sleep(LOCK_LOOK),
            Err(TryLockError::WouldBlock) => {
                let what = format!("another colophon command has been writing here for a while ({})", path.display());
                return Err(Failure::try_again(what, "let it finish, then try again"));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", path, &error)),
        }
    }
}

/// Removes what interrupted commands left; only under the lock, so that nobody still writes it.
pub(crate) fn clear_aside(directory: &Path) -> Result<(), Failure> {
    let clear = || {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(ASIDE_PREFIX.as_bytes()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    clear().map_err(|error| cannot("tidy", directory, &error))
}

pub(crate) fn cannot(verb: &str, path: &Path, error: &io::Error) -> Failure {
    let cure = match error.kind() {
        io::ErrorKind::PermissionDenied => "check who owns it, or choose another place with --home DIR",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk, then try again",
        io::ErrorKind::NotFound => "check the path: the folder must be there",
        io::ErrorKind::IsADirectory => "it is a folder: name a file",
        _ => "check the disk and the path, then try again",
    };
    let what = format!("cannot {verb} {}: {error}", path.display());
    if is_without_room(error) { Failure::try_again(what, cure) } else { Failure::failed(what, cure) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn home() -> (tempfile::TempDir, Home) {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&directory.path().join("deep/home"))).unwrap();
        (directory, home)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn directories_and_files_are_private() {
        let (directory, home) = home();
        let lock = home.lock().unwrap();
        lock.write(&home.policy_path(), b"policy").unwrap();
        lock.append_lines(&home.history_path(), &["one".to_owned()]).unwrap();
        lock.append_lines(&home.history_path(), &["two".to_owned(), "three".to_owned()]).unwrap();
        for path in [&home.keys_dir(), &home.drafts_dir(), &home.seen_dir(), &directory.path().join("deep/home")] {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
        assert_eq!((mode(&home.policy_path()), mode(&home.history_path())), (0o600, 0o600));
        assert_eq!(read_file(&home.history_path(), 100).unwrap().unwrap(), b"one\ntwo\nthree\n");
    }

    #[test]
    fn writing_replaces_and_creating_does_not() {
        let (_directory, home) = home();
        let lock = home.lock().unwrap();
        let path = home.seen_dir().join("register");
        lock.write(&path, b"old").unwrap();
        lock.write(&path, b"new").unwrap();
        let failure = lock.create(&path, b"other").unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.what().ends_with("register is there already"));
        assert_eq!(read_file(&path, 3).unwrap().unwrap(), b"new");
        assert_eq!(names(&home.seen_dir()), ["register"]);
        lock.remove(&path).unwrap();
        lock.remove(&path).unwrap();
        lock.create(&path, b"other").unwrap();
        assert_eq!(names(&home.seen_dir()), ["register"]);
    }

    #[test]
    fn two_commands_do_not_write_at_once() {
        let (_directory, home) = home();
        let held = home.lock().unwrap();
        let path = home.history_path().with_file_name("lock");
        let other = File::open(&path).unwrap();
        let failure = wait_for_lock(&other, &path, Duration::ZERO).unwrap_err();
        assert_eq!(failure.exit(), Exit::TryAgain);
        drop(held);
        wait_for_lock(&other, &path, Duration::ZERO).unwrap();
    }

    #[test]
    fn what_an_interrupt_left_is_cleared_by_the_next_command() {
        let (_directory, home) = home();
        drop(home.lock().unwrap());
        let left = home.keys_dir().join(".aside-4711-ana.age");
        fs::write(&left, b"half").unwrap();
        drop(home.lock().unwrap());
        assert!(names(&home.keys_dir()).is_empty());
    }

    #[test]
    fn reading_creates_nothing_and_stops_at_the_limit() {
        let (directory, home) = home();
        assert_eq!(read_file(&home.policy_path(), 10).unwrap(), None);
        assert!(names(directory.path()).is_empty());
        let path = directory.path().join("large");
        fs::write(&path, [0; 11]).unwrap();
        assert_eq!(read_file(&path, 11).unwrap().unwrap().len(), 11);
        assert_eq!(read_file(&path, 10).unwrap_err().exit(), Exit::Failed);
    }

    #[test]
    fn a_missing_folder_is_said_so() {
        let (directory, _) = home();
        let failure = create_file(&directory.path().join("no/such/file"), b"").unwrap_err();
        assert_eq!(failure.cure(), "check the path: the folder must be there");
    }

    #[test]
    fn an_empty_home_counts_as_none() {
        assert_eq!(Home::locate(Some(Path::new(""))).unwrap(), Home::locate(None).unwrap());
    }
}
