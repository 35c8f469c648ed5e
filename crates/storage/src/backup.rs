//! A copy of a register's folder, made while it is served or stopped.
//!
//! It holds the log up to the checkpoint that is published when the copy begins, that checkpoint, and the cards: what is
//! truth. Nothing up to a published checkpoint ever changes, so no process need be stopped. The copy is made in a folder
//! beside its place, whose name says that it is not finished, and gets its own name last: it is there whole, or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use colophon_tlog::hash::Hash;
use colophon_tlog::tree::TreeSize;

use crate::cards::{CARDS_FILE, Cards, CardsError, CardsRecovery};
use crate::durable::{self, Access};
use crate::files::ENTRIES_FILE;
use crate::log::{CreateError, Log, OpenError};
use crate::published::{Published, PublishedError};
use crate::slots::{SlotError, Slots};

/// What the name of a copy ends in until it is whole.
const UNFINISHED: &str = ".unfinished";

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The register has no published log that could be copied.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// Something is in the copy's place.
    #[error("{0:?} is there already: choose another place for the copy. Nothing has been changed")]
    Exists(PathBuf),
    /// The copy would be a part of what it is a copy of.
    #[error("{0:?} is within the register's own folder: choose another place for the copy")]
    Within(PathBuf),
    /// A file of the register cannot be read.
    #[error("{path:?} cannot be read: {error}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A file of the copy cannot be written.
    #[error("{path:?} cannot be written: {error}")]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The checkpoint cannot be written.
    #[error(transparent)]
    Slots(#[from] SlotError),
    /// The cards cannot be opened.
    #[error(transparent)]
    Cards(#[from] CardsError),
    /// The copy's files cannot be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The copy is not one that opens.
    #[error("the copy does not open: {0}")]
    Open(#[from] OpenError),
}

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// How many entries.
    pub size: TreeSize,
    /// The root of their tree.
    pub root: Hash,
    /// How many cards.
    pub cards: CardsRecovery,
    /// Which of the other files that were asked for.
    pub files: Vec<String>,
}

/// Copies the register in `dir` to `to`, which must not be there or be empty; with it the files of these names, as far as they
/// are there, each for whom it says. Durable when it returns.
pub fn backup(dir: &Path, to: &Path, others: &[(&str, Access)]) -> Result<BackedUp, BackupError> {
    // Read before anything else: whatever was published then is in the log and among the cards from then on.
    let published = Published::of(dir)?;
    let unfinished = beside(dir, to)?;
    let write = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::Write { path, error }
    };
    durable::remove(&unfinished).map_err(write(&unfinished))?;
    Log::create(&unfinished)?;
    copy_entries(&published, &unfinished)?;
    let cards = copy_cards(dir, &unfinished)?;
    let mut files = Vec::new();
    for (name, access) in others {
        let (from, path) = (dir.join(name), unfinished.join(name));
        match fs::read(&from) {
            Ok(bytes) => durable::write_new(&path, &bytes, *access).map_err(write(&path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::Read { path: from, error }),
        }
        files.push((*name).to_owned());
    }
    Slots::open(&unfinished)?.write(Some(published.note()), Some(published.note()))?;
    // Opened as at any start: the tiles are made, and everything is held against the checkpoint once more.
    let (log, _) = Log::open(&unfinished)?;
    let done = BackedUp { size: log.size(), root: log.root(), cards, files };
    drop(log);
    fs::rename(&unfinished, to).map_err(write(to))?;
    let parent = to.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(write(parent))?;
    Ok(done)
}

/// Returns where the copy is made until it is whole, if its place is free.
fn beside(dir: &Path, to: &Path) -> Result<PathBuf, BackupError> {
    let read = |path: &Path, error| BackupError::Read { path: path.to_owned(), error };
    match fs::read_dir(to).map(|mut found| found.next().is_some()) {
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Ok(true) | Err(_) => return Err(BackupError::Exists(to.to_owned())),
    }
    let whole = std::path::absolute(to).map_err(|error| read(to, error))?;
    let own = std::path::absolute(dir).map_err(|error| read(dir, error))?;
    if whole.starts_with(&own) {
        return Err(BackupError::Within(to.to_owned()));
    }
    let mut name = whole.file_name().ok_or_else(|| BackupError::Exists(to.to_owned()))?.to_owned();
    name.push(UNFINISHED);
    Ok(whole.with_file_name(name))
}

/// Copies the entries up to a checkpoint, whose root they must lead to.
fn copy_entries(published: &Published, to: &Path) -> Result<(), BackupError> {
    let path = to.join(ENTRIES_FILE);
    let write = |error| BackupError::Write { path: path.clone(), error };
    let mut copy = BufWriter::new(File::options().write(true).open(&path).map_err(write)?);
    published.each_leaf(|leaf| {
        let length = u16::try_from(leaf.len()).map_err(|error| write(io::Error::other(error)))?;
        copy.write_all(&length.to_be_bytes()).and_then(|()| copy.write_all(leaf)).map_err(write)
    })?;
    let copy = copy.into_inner().map_err(|error| write(error.into_error()))?;
    copy.sync_all().map_err(write)
}

/// Copies the cards of one register into another's folder, in which no process may be, and puts the copy in order.
pub fn copy_cards(from: &Path, to: &Path) -> Result<CardsRecovery, BackupError> {
    copy_whole(&from.join(CARDS_FILE), &to.join(CARDS_FILE))?;
    Ok(Cards::open(to)?.1)
}

/// Copies a file as it is now. What is written to it meanwhile may be there in part; opening the copy cuts that off.
fn copy_whole(from: &Path, to: &Path) -> Result<(), BackupError> {
    let read = |error| BackupError::Read { path: from.to_owned(), error };
    let write = |error| BackupError::Write { path: to.to_owned(), error };
    let mut source = File::open(from).map_err(read)?;
    let mut copy = File::options().write(true).truncate(true).open(to).map_err(write)?;
    io::copy(&mut source, &mut copy).map_err(write)?;
    copy.sync_all().map_err(write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsck::fsck;
    use crate::people::{Register, mint, profile};
    use crate::slots::SLOTS_FILE;
    use crate::view::engine::EngineKind;
    use std::os::unix::fs::PermissionsExt as _;

    const KEYS: [(&str, Access); 2] = [("log.vkey", Access::Public), ("log.key", Access::Private)];

    /// A register that is being written, with a key file, and a place for copies.
    fn served() -> (tempfile::TempDir, Register, PathBuf, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let (dir, to) = (home.path().join("register"), home.path().join("copy"));
        let mut register = Register::begin(&dir);
        register.story();
        fs::write(dir.join("log.key"), "secret\n").unwrap();
        (home, register, dir, to)
    }

    #[test]
    fn a_register_is_copied_while_it_is_written_and_the_copy_is_sound() {
        let (_home, mut register, dir, to) = served();
        let done = backup(&dir, &to, &KEYS).unwrap();
        assert_eq!((done.size, done.root), (register.log.size(), register.log.root()));
        assert_eq!(done.files, ["log.key"]);
        assert_eq!(fs::metadata(to.join("log.key")).unwrap().permissions().mode() & 0o777, 0o600);
        register.batch(&[(mint("cy", "later"), &["cy"])]);
        let report = fsck(&to).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.entries, report.root), (done.size.get(), done.root));
        // The copy goes on by itself, and a second one has what came since.
        let (log, _) = Log::open(&to).unwrap();
        assert_eq!(log.size(), done.size);
        let second = backup(&dir, &to.with_file_name("second"), &[]).unwrap();
        assert_eq!(second.size, register.log.size());
        assert!(second.files.is_empty() && !to.with_file_name("second").join("log.key").exists());
    }

    #[test]
    fn entries_that_are_not_published_are_not_copied() {
        let (_home, mut register, dir, to) = served();
        let published = register.slots.newest().published.clone().unwrap();
        let size = register.log.size();
        register.batch(&[(profile("cy"), &["cy"])]);
        let pending = register.slots.newest().pending.clone();
        register.slots.write(pending.as_deref(), Some(&published)).unwrap();
        assert_eq!(backup(&dir, &to, &[]).unwrap().size, size);
        assert!(fsck(&to).unwrap().is_clean());
    }

    #[test]
    fn a_copy_that_broke_off_is_seen_to_be_one_and_is_begun_again() {
        let (_home, _register, dir, to) = served();
        let unfinished = to.with_file_name("copy.unfinished");
        fs::create_dir(&unfinished).unwrap();
        fs::write(unfinished.join(ENTRIES_FILE), "half").unwrap();
        fs::create_dir(&to).unwrap();
        backup(&dir, &to, &[]).unwrap();
        assert!(!unfinished.exists() && fsck(&to).unwrap().is_clean());
    }

    #[test]
    fn nothing_is_ever_put_in_the_place_of_something() {
        let (home, _register, dir, to) = served();
        backup(&dir, &to, &[]).unwrap();
        assert!(matches!(backup(&dir, &to, &[]), Err(BackupError::Exists(_))));
        assert!(matches!(backup(&dir, &dir.join("copy"), &[]), Err(BackupError::Within(_))));
        assert!(matches!(
            backup(home.path(), &to.join("x"), &[]),
            Err(BackupError::Published(PublishedError::Missing(_)))
        ));
        let file = home.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(backup(&dir, &file, &[]), Err(BackupError::Exists(_))));
    }

    #[test]
    fn a_damaged_register_is_not_copied() {
        for kind in EngineKind::ALL {
            let home = tempfile::tempdir().unwrap();
            let (dir, to) = (home.path().join("register"), home.path().join("copy"));
            Register::begin_with(&dir, kind).story();
            let log = dir.join(ENTRIES_FILE);
            let whole = fs::read(&log).unwrap();
            let mut flipped = whole.clone();
            flipped[40] ^= 1;
            fs::write(&log, &flipped).unwrap();
            assert!(matches!(backup(&dir, &to, &[]), Err(BackupError::Published(PublishedError::Differs { .. }))));
            fs::write(&log, &whole[..whole.len() - 1]).unwrap();
            assert!(matches!(backup(&dir, &to, &[]), Err(BackupError::Published(PublishedError::Short { .. }))));
            fs::write(&log, &whole).unwrap();
            fs::write(dir.join(SLOTS_FILE), "").unwrap();
            assert!(matches!(
                backup(&dir, &to, &[]),
                Err(BackupError::Published(PublishedError::Slots(SlotError::Damaged)))
            ));
            assert!(!to.exists());
        }
    }
}
