//! A disk for tests, in memory: it loses what was not synced when the power goes, and fails at a chosen call.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::{Disk, DiskFile};

const SECTOR_BYTES: usize = 512;

/// What goes wrong at the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call does nothing but fail.
    Fails,
    /// A write does half of its work and fails; a sync fails and drops what it should have written, as Linux does.
    HalfFails,
    /// From this call on, writes that make a file longer fail.
    Full,
    /// The process dies in the middle of this call: it does half of its work, and no later call does anything.
    Dies,
}

/// What of the unsynced writes is there after the power came back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Survivors {
    /// None: only what was synced.
    None,
    /// All of them, as after the death of a process alone.
    All,
    /// Some sectors of some of them, by a seed.
    Some(u64),
    /// Some sectors of some of them, and of others only the beginning, by a seed.
    Torn(u64),
}

/// A disk in memory. A clone is the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct LyingDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Contents>,
    durable_names: BTreeSet<PathBuf>,
    calls: usize,
    fault: Option<(usize, Fault)>,
}

#[derive(Debug, Default, Clone)]
struct Contents {
    live: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// What a call may still do.
enum Verdict {
    Whole,
    Half,
    Nothing,
}

impl LyingDisk {
    /// Lets the call after `calls` more calls that change something go wrong.
    pub(crate) fn arm(&self, calls: usize, fault: Fault) {
        let mut state = self.lock();
        state.calls = 0;
        state.fault = Some((calls, fault));
    }

    /// Ends all faults, and tells whether the one that was armed has happened.
    pub(crate) fn disarm(&self) -> bool {
        let mut state = self.lock();
        state.fault.take().is_some_and(|(call, _)| state.calls > call)
    }

    /// Returns the disk as it is found when the power comes back. This one goes on as if nothing had happened.
    pub(crate) fn power_cut(&self, survivors: Survivors) -> LyingDisk {
        let state = self.lock();
        let mut random = match survivors {
            Survivors::Some(seed) | Survivors::Torn(seed) => seed | 1,
            _ => 1,
        };
        let mut after = State::default();
        for (path, contents) in &state.files {
            let named = state.durable_names.contains(path) || !matches!(survivors, Survivors::None);
            if !named {
                continue;
            }
            let found = match survivors {
                Survivors::All => contents.live.clone(),
                Survivors::None => contents.durable.clone(),
                Survivors::Some(_) => contents.after_losing_some(&mut random, false),
                Survivors::Torn(_) => contents.after_losing_some(&mut random, true),
            };
            let survived = contents.only_in_cache(found, survivors);
            after.files.insert(path.clone(), survived);
            after.durable_names.insert(path.clone());
        }
        LyingDisk { state: Arc::new(Mutex::new(after)) }
    }

    /// Returns a file's bytes as any reader sees them.
    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.lock().files.get(path).map(|contents| contents.live.clone()).unwrap_or_default()
    }

    /// Puts a file there, durably.
    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.lock();
        state.durable_names.insert(path.to_owned());
        let contents = Contents { live: bytes.clone(), durable: bytes, unsynced: Vec::new() };
        state.files.insert(path.to_owned(), contents);
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &Path) {
        self.lock().files.remove(path);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn verdict(&mut self, grows: bool) -> Verdict {
        let call = self.calls;
        self.calls += 1;
        match self.fault {
            Some((at, Fault::Fails)) if call == at => Verdict::Nothing,
            Some((at, Fault::HalfFails | Fault::Dies)) if call == at => Verdict::Half,
            Some((at, Fault::Dies)) if call > at => Verdict::Nothing,
            Some((at, Fault::Full)) if call >= at && grows => Verdict::Half,
            _ => Verdict::Whole,
        }
    }
}

impl Contents {
    fn change(&mut self, change: Change) {
        apply(&mut self.live, &change);
        self.unsynced.push(change);
    }

    /// After a mere death of the process the page cache is still there, and so is what was not synced.
    fn only_in_cache(&self, live: Vec<u8>, survivors: Survivors) -> Contents {
        match survivors {
            Survivors::All => self.clone(),
            _ => Contents { durable: live.clone(), live, unsynced: Vec::new() },
        }
    }

    fn after_losing_some(&self, random: &mut u64, tears: bool) -> Vec<u8> {
        let mut found = self.durable.clone();
        for change in &self.unsynced {
            match change {
                Change::Write { offset, bytes } => {
                    for (sector, piece) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        let kept = match next(random) % 4 {
                            0 | 1 => piece.len(),
                            2 if tears => usize::try_from(next(random)).unwrap() % piece.len(),
                            _ => continue,
                        };
                        let offset = offset + sector * SECTOR_BYTES;
                        apply(&mut found, &Change::Write { offset, bytes: piece[..kept].to_vec() });
                    }
                }
                Change::Truncate(_) if next(random) & 1 == 0 => apply(&mut found, change),
                Change::Truncate(_) => {}
            }
        }
        found
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, bytes: new } => {
            if bytes.len() < offset + new.len() {
                bytes.resize(offset + new.len(), 0);
            }
            bytes[*offset..offset + new.len()].copy_from_slice(new);
        }
        Change::Truncate(len) => bytes.resize(*len, 0),
    }
}

/// Xorshift: enough to vary tests.
pub(crate) fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random >> 33
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

impl Disk for LyingDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if !self.lock().files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Arc::new(LyingFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if !self.lock().files.contains_key(path) {
            let mut state = self.lock();
            let Verdict::Whole = state.verdict(true) else { return Err(broken()) };
            state.files.insert(path.to_owned(), Contents::default());
        }
        self.open(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let Verdict::Whole = state.verdict(false) else { return Err(broken()) };
        let names: Vec<PathBuf> = state.files.keys().filter(|path| path.parent() == Some(dir)).cloned().collect();
        state.durable_names.extend(names);
        Ok(())
    }
}

#[derive(Debug)]
struct LyingFile {
    disk: LyingDisk,
    path: PathBuf,
}

impl LyingFile {
    fn with<T>(&self, act: impl FnOnce(&mut Contents) -> T) -> T {
        act(self.disk.lock().files.entry(self.path.clone()).or_default())
    }
}

impl DiskFile for LyingFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.with(|contents| contents.live.len()) as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        self.with(|contents| {
            let found = contents.live.get(offset..offset + bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            bytes.copy_from_slice(found);
            Ok(())
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let grows = offset + bytes.len() > self.with(|contents| contents.live.len());
        let verdict = self.disk.lock().verdict(grows);
        let (count, result) = match verdict {
            Verdict::Whole => (bytes.len(), Ok(())),
            Verdict::Half => (bytes.len() / 2, Err(broken())),
            Verdict::Nothing => (0, Err(broken())),
        };
        if count > 0 {
            self.with(|contents| contents.change(Change::Write { offset, bytes: bytes[..count].to_vec() }));
        }
        result
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        let grows = len > self.with(|contents| contents.live.len());
        let Verdict::Whole = self.disk.lock().verdict(grows) else { return Err(broken()) };
        self.with(|contents| contents.change(Change::Truncate(len)));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let (verdict, dies) = {
            let mut state = self.disk.lock();
            (state.verdict(false), matches!(state.fault, Some((_, Fault::Dies))))
        };
        match verdict {
            Verdict::Whole => {
                self.with(|contents| {
                    for change in std::mem::take(&mut contents.unsynced) {
                        apply(&mut contents.durable, &change);
                    }
                });
                Ok(())
            }
            Verdict::Half if !dies => {
                self.with(|contents| contents.unsynced.clear());
                Err(broken())
            }
            Verdict::Half | Verdict::Nothing => Err(broken()),
        }
    }
}
