//! The last checkpoint cosigned for each log that is witnessed here. Truth: it can be had back from nowhere.
//!
//! Each log has a file `witnessed/HASH`, named by the SHA-256 of its origin in hex, with two alternating slots as in
//! [`crate::slots`], of which only the published note is used. Comparing with what was cosigned last and writing down what
//! is cosigned next happen under one lock a log, and what is written is durable before anybody hears of it.
//!
//! The folder is made together with the keys, and never again: where it is missing, nobody knows what they have signed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use colophon_tlog::hash::sha256;

use crate::disk::{Disk, RealDisk};
use crate::durable::{self, Access};
use crate::slots::{SlotError, Slots};

/// The folder in that of the witness, with a file for each log.
pub const WITNESSED_DIR: &str = "witnessed";

/// Why what was cosigned last cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WitnessedError {
    /// The folder is missing, as where keys were put back without it.
    #[error(
        "the folder {0:?} is missing, which says what was cosigned last: without it the witness could contradict itself. Put back \
         a copy that is just as new, or begin a witness with new keys. Only if these keys have never cosigned anything, make the \
         folder, empty"
    )]
    Missing(PathBuf),
    /// Neither slot is whole. Not even a power cut in the middle of a write does that.
    #[error(
        "the file {path:?}, which says what was cosigned last of {origin:?}, is damaged. Never remove it to go on: the witness \
         could then contradict itself. Put back a copy that is just as new, or begin a witness with new keys"
    )]
    Damaged {
        /// The log.
        origin: String,
        /// Its file.
        path: PathBuf,
    },
    /// The file cannot be read, made or written; nothing has changed, and it may be tried again.
    #[error("the file {path:?} cannot be used: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// It is not known what is on the disk: the process must end.
    #[error("the file {path:?} could not be synced; the process must end: {error}")]
    Fatal {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A log that was not named when this was opened.
    #[error("nothing is kept of the log {0:?}")]
    Unknown(String),
}

/// What was cosigned last of each log.
#[derive(Debug)]
pub struct Witnessed {
    logs: BTreeMap<String, Mutex<Place>>,
}

#[derive(Debug)]
struct Place {
    origin: String,
    path: PathBuf,
    /// None until something was cosigned.
    slots: Option<Slots>,
}

/// Returns the name by which a log is asked for and kept: the SHA-256 of its origin.
pub fn origin_hash(origin: &str) -> String {
    sha256(origin.as_bytes()).to_string()
}

impl Witnessed {
    /// Makes the folder in `dir` of a witness whose keys are new: it has cosigned nothing yet. Durable when it returns.
    pub fn create(dir: &Path) -> io::Result<()> {
        durable::create_dir(&dir.join(WITNESSED_DIR))
    }

    /// Opens what is kept in `dir` of these logs. Whoever calls has the folder alone, by [`crate::lock::DirLock`].
    pub fn open<'o>(dir: &Path, origins: impl IntoIterator<Item = &'o str>) -> Result<Witnessed, WitnessedError> {
        let folder = dir.join(WITNESSED_DIR);
        if !folder.is_dir() {
            return Err(WitnessedError::Missing(folder));
        }
        Witnessed::open_on(&RealDisk, dir, origins)
    }

    fn open_on<'o>(
        disk: &dyn Disk,
        dir: &Path,
        origins: impl IntoIterator<Item = &'o str>,
    ) -> Result<Witnessed, WitnessedError> {
        let mut logs = BTreeMap::new();
        for origin in origins {
            let path = dir.join(WITNESSED_DIR).join(origin_hash(origin));
            let place = Place::open(disk, origin, path)?;
            logs.insert(origin.to_owned(), Mutex::new(place));
        }
        Ok(Witnessed { logs })
    }

    /// Returns the note that was cosigned last of a log.
    pub fn last(&self, origin: &str) -> Option<String> {
        let place = self.logs.get(origin)?.lock().unwrap_or_else(PoisonError::into_inner);
        place.last().map(str::to_owned)
    }

    /// Has `decide` say, given the note that was cosigned last of a log, which note is cosigned next, and writes that down.
    ///
    /// Durable when it returns, and alone: nothing else is decided of this log meanwhile. Where `decide` refuses, or the
    /// writing fails, what was cosigned last stays, but after [`WitnessedError::Fatal`] the process must end.
    pub fn update<T, E: From<WitnessedError>>(
        &self,
        origin: &str,
        decide: impl FnOnce(Option<&str>) -> Result<(String, T), E>,
    ) -> Result<T, E> {
        let Some(place) = self.logs.get(origin) else { return Err(WitnessedError::Unknown(origin.to_owned()).into()) };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, decided) = decide(place.last())?;
        place.write(&next)?;
        Ok(decided)
    }
}

impl Place {
    fn open(disk: &dyn Disk, origin: &str, path: PathBuf) -> Result<Place, WitnessedError> {
        let mut place = Place { origin: origin.to_owned(), path, slots: None };
        place.slots = match Slots::open_file(disk, &place.path) {
            Err(SlotError::Read(error)) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened.map_err(|error| place.told(error))?),
        };
        Ok(place)
    }

    fn last(&self) -> Option<&str> {
        self.slots.as_ref()?.newest().published.as_deref()
    }

    fn write(&mut self, note: &str) -> Result<(), WitnessedError> {
        if self.slots.is_none() {
            self.slots = Some(self.create()?);
        }
        let written = self.slots.as_mut().map_or(Ok(()), |slots| slots.write(None, Some(note)));
        written.map_err(|error| self.told(error))
    }

    /// Makes the file as a whole: a crash leaves none, or an empty one, and never one that looks damaged.
    fn create(&self) -> Result<Slots, WitnessedError> {
        let failed = |error| WitnessedError::File { path: self.path.clone(), error };
        durable::write_new(&self.path, &Slots::blank(), Access::Public).map_err(failed)?;
        Slots::open_file(&RealDisk, &self.path).map_err(|error| self.told(error))
    }

    fn told(&self, error: SlotError) -> WitnessedError {
        let path = self.path.clone();
        match error {
            SlotError::Damaged => WitnessedError::Damaged { origin: self.origin.clone(), path },
            SlotError::Read(error) | SlotError::Write(error) => WitnessedError::File { path, error },
            SlotError::Fatal(error) => WitnessedError::Fatal { path, error },
            error @ SlotError::TooLarge { .. } => WitnessedError::File { path, error: io::Error::other(error) },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::lying::{Fault, LyingDisk, Survivors};
    use crate::slots::SLOT_BYTES;

    const ORIGIN: &str = "log.example/one";

    type Answer = Result<Option<String>, WitnessedError>;

    fn open(dir: &Path) -> Witnessed {
        Witnessed::open(dir, [ORIGIN, "log.example/two"]).unwrap()
    }

    fn put(witnessed: &Witnessed, note: &str) -> Answer {
        witnessed.update(ORIGIN, |last| Ok((note.to_owned(), last.map(str::to_owned))))
    }

    fn new_dir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        Witnessed::create(dir.path()).unwrap();
        dir
    }

    #[test]
    fn what_was_cosigned_last_is_remembered_of_each_log() {
        let dir = new_dir();
        let witnessed = open(dir.path());
        assert_eq!(witnessed.last(ORIGIN), None);
        assert_eq!(put(&witnessed, "one\n").unwrap(), None);
        assert_eq!(put(&witnessed, "two\n").unwrap().as_deref(), Some("one\n"));
        drop(witnessed);
        let witnessed = open(dir.path());
        assert_eq!((witnessed.last(ORIGIN).as_deref(), witnessed.last("log.example/two")), (Some("two\n"), None));
        let unknown: Answer = witnessed.update("log.example/three", |_| Ok((String::new(), None)));
        assert!(matches!(unknown, Err(WitnessedError::Unknown(_))));
        let files: Vec<_> = std::fs::read_dir(dir.path().join(WITNESSED_DIR)).unwrap().collect();
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn without_its_folder_a_witness_does_not_begin_from_nothing() {
        let dir = new_dir();
        put(&open(dir.path()), "one\n").unwrap();
        let folder = dir.path().join(WITNESSED_DIR);
        std::fs::rename(&folder, dir.path().join("lost")).unwrap();
        let error = Witnessed::open(dir.path(), [ORIGIN]).unwrap_err();
        assert!(matches!(&error, WitnessedError::Missing(missing) if *missing == folder), "{error}");
        std::fs::rename(dir.path().join("lost"), &folder).unwrap();
        assert_eq!(open(dir.path()).last(ORIGIN).as_deref(), Some("one\n"));
    }

    #[test]
    fn a_refusal_leaves_no_trace() {
        let dir = new_dir();
        let witnessed = open(dir.path());
        let refused: Answer = witnessed.update(ORIGIN, |_| Err(WitnessedError::Unknown("no".into())));
        assert!(refused.is_err());
        assert_eq!(std::fs::read_dir(dir.path().join(WITNESSED_DIR)).unwrap().count(), 0);
    }

    #[test]
    fn only_one_of_many_at_once_goes_on_from_the_same_checkpoint() {
        let dir = new_dir();
        let witnessed = Arc::new(open(dir.path()));
        let add = |witnessed: &Witnessed| -> Result<(), WitnessedError> {
            witnessed.update(ORIGIN, |last| {
                let number: u64 = last.map_or(0, |last| last.parse().unwrap());
                Ok(((number + 1).to_string(), ()))
            })
        };
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let witnessed = Arc::clone(&witnessed);
                thread::spawn(move || (0..25).for_each(|_| add(&witnessed).unwrap()))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(witnessed.last(ORIGIN).as_deref(), Some("100"));
    }

    #[test]
    fn a_damaged_file_stops_the_witness_and_says_what_not_to_do() {
        let dir = new_dir();
        put(&open(dir.path()), "one\n").unwrap();
        let path = dir.path().join(WITNESSED_DIR).join(origin_hash(ORIGIN));
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, 2 * SLOT_BYTES);
        std::fs::write(&path, vec![7; bytes.len()]).unwrap();
        let error = Witnessed::open(dir.path(), [ORIGIN]).unwrap_err();
        assert!(matches!(error, WitnessedError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("Never remove it"), "{error}");
    }

    /// Whatever call fails, and whatever a power cut leaves: nothing older than what was answered is remembered, and nothing
    /// but what was decided.
    #[test]
    fn no_power_cut_takes_back_what_was_answered() {
        let dir = Path::new("/witness");
        let path = dir.join(WITNESSED_DIR).join(origin_hash(ORIGIN));
        for fault in [Fault::Fails, Fault::HalfFails, Fault::Full, Fault::Dies] {
            for call in 0..3 {
                for survivors in [Survivors::None, Survivors::All].into_iter().chain((0..8).map(Survivors::Some)) {
                    let disk = LyingDisk::default();
                    let file = disk.create(&path).unwrap();
                    file.write_at(&Slots::blank(), 0).unwrap();
                    file.sync().unwrap();
                    disk.sync_dir(path.parent().unwrap()).unwrap();
                    let witnessed = Witnessed::open_on(&disk, dir, [ORIGIN]).unwrap();
                    put(&witnessed, "one\n").unwrap();
                    disk.arm(call, fault);
                    let written = put(&witnessed, "two\n");
                    disk.disarm();
                    let after = Witnessed::open_on(&disk.power_cut(survivors), dir, [ORIGIN]).unwrap();
                    let found = after.last(ORIGIN).unwrap();
                    let case = format!("{fault:?} at {call}, {survivors:?}: {written:?}");
                    match written {
                        Ok(_) => assert_eq!(found, "two\n", "{case}"),
                        Err(WitnessedError::File { .. }) => assert_eq!(found, "one\n", "{case}"),
                        Err(_) => {
                            assert!(["one\n", "two\n"].contains(&found.as_str()), "{case}");
                            assert!(matches!(put(&witnessed, "three\n"), Err(WitnessedError::Fatal { .. })), "{case}");
                        }
                    }
                }
            }
        }
    }
}
