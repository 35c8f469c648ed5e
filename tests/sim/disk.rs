//! A disk that keeps what was synced, and of the rest whatever chance leaves.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use colophon_storage::disk::{Disk, DiskFile};

use crate::dice::Dice;

const SECTOR_BYTES: usize = 512;

/// The disk. A clone is the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Contents>,
    /// How many calls that change something are left until the process dies in the middle of one.
    fuse: Option<u64>,
    dead: bool,
}

#[derive(Debug, Default)]
struct Contents {
    live: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug)]
struct File {
    disk: SimDisk,
    path: PathBuf,
}

impl SimDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the process die in the middle of a call, after so many more that change something.
    pub(crate) fn light_fuse(&self, calls: u64) {
        self.state().fuse = Some(calls);
    }

    /// The process is gone, and perhaps the power was. What was not synced is there in part.
    pub(crate) fn crash(&self, dice: &mut Dice) {
        let mut state = self.state();
        (state.fuse, state.dead) = (None, false);
        let power_failed = dice.chance(500);
        for contents in state.files.values_mut() {
            if power_failed {
                contents.live = contents.after_losing_some(dice);
            }
            contents.durable.clone_from(&contents.live);
        }
    }

    fn change(
        &self,
        path: &Path,
        whole: impl FnOnce(&mut Contents),
        half: impl FnOnce(&mut Contents),
    ) -> io::Result<()> {
        let mut state = self.state();
        if state.dead {
            return Err(io::Error::other("the process is dead"));
        }
        let dies = state.fuse == Some(0);
        state.fuse = state.fuse.and_then(|fuse| fuse.checked_sub(1));
        state.dead = dies;
        let contents = state.files.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        if dies {
            half(contents);
            return Err(io::Error::other("the process dies here"));
        }
        whole(contents);
        Ok(())
    }
}

impl Contents {
    /// Each sector is the synced one or the newest one, and the end is anywhere between the two.
    fn after_losing_some(&self, dice: &mut Dice) -> Vec<u8> {
        let (synced, newest) = (self.durable.len(), self.live.len());
        let (least, most) = (synced.min(newest), synced.max(newest));
        let length = dice.between(least as u64, most as u64);
        let length = usize::try_from(length).expect("a length in memory");
        let mut found = Vec::new();
        while found.len() < length {
            let range = found.len()..(found.len() + SECTOR_BYTES).min(length);
            let source = if dice.chance(500) { &self.live } else { &self.durable };
            let mut sector =
                source.get(range.start.min(source.len())..range.end.min(source.len())).unwrap_or_default().to_vec();
            // Room that was made and never written reads as zeros.
            sector.resize(range.len(), 0);
            found.extend(sector);
        }
        found
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if !self.state().files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Arc::new(File { disk: self.clone(), path: path.to_owned() }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.state().files.entry(path.to_owned()).or_default();
        self.open(path)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[&self.path].live.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.disk.state();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start.checked_add(bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        let live = &state.files[&self.path].live;
        bytes.copy_from_slice(live.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let write = |contents: &mut Contents, bytes: &[u8]| {
            let length = contents.live.len().max(start + bytes.len());
            contents.live.resize(length, 0);
            contents.live[start..start + bytes.len()].copy_from_slice(bytes);
        };
        self.disk.change(
            &self.path,
            |contents| write(contents, bytes),
            |contents| write(contents, &bytes[..bytes.len() / 2]),
        )
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let length = usize::try_from(len).map_err(io::Error::other)?;
        self.disk.change(&self.path, |contents| contents.live.resize(length, 0), |_| {})
    }

    fn sync(&self) -> io::Result<()> {
        let sync = |contents: &mut Contents| contents.durable.clone_from(&contents.live);
        self.disk.change(&self.path, sync, |_| {})
    }
}
