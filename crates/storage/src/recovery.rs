//! What opening a log does: read every entry, decide, and only then change anything.
//!
//! The file of entries alone says what the log is. It is read to the end of the last whole batch, one that a seal with
//! fitting `first`, `count`, `height` and `prev_seal` closes. If that is less than a checkpoint covers, or leads to another
//! root, nothing is touched and the log stays shut. Otherwise what comes after the last whole batch is cut: it was torn
//! while it was written, and nobody was told of it. Hints that do not match the entries are written again.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use colophon_ledger::entry::{ENTRY_BYTES_MAX, entry_id};
use colophon_ledger::field::Digest;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, empty_root, leaf_hash};
use colophon_tlog::note::{Note, SIGNATURES_MAX};
use colophon_tlog::tree::{TileHashes, Tree};

use crate::commits::{COMMITS_FILE, Commit};
use crate::disk::{Disk, write_again};
use crate::files::{ENTRIES_FILE, Files, tile_file_name};
use crate::hint::Hint;
use crate::leaves::Leaves;
use crate::slots::{SLOTS_FILE, Slot, SlotError, read_slots};

/// The longest batch with its seal, in bytes of `entries.log`. A torn tail is never longer.
pub const BATCH_BYTES_MAX: u64 = (BATCH_ENTRIES_MAX + 1) * (2 + ENTRY_BYTES_MAX as u64);

/// What opening a log found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How many entries the log holds.
    pub entries: u64,
    /// How many batches.
    pub batches: u64,
    /// Bytes after the last whole batch that have been cut.
    pub cut_bytes: u64,
    /// Files that did not match the entries and have been written again: their names, and from which byte on.
    pub healed: Vec<(String, u64)>,
}

/// Why a log was not opened. Unless it could not be put in order, nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// There is no log.
    #[error(
        "there is no register here: the file {ENTRIES_FILE:?} is missing. Begin one with `colophon-node init`, or name its folder"
    )]
    Missing,
    /// The files cannot be read.
    #[error("the log cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The files cannot be put in order.
    #[error("the log cannot be put in order: {0}. Make room on the disk, or see to it, and start again")]
    Write(#[source] io::Error),
    /// The slots cannot be read.
    #[error(transparent)]
    Slots(#[from] SlotError),
    /// A slot holds something that is no checkpoint.
    #[error(
        "the file {SLOTS_FILE:?} holds what is no checkpoint ({0}): it is another program's, or of a newer version"
    )]
    Checkpoint(String),
    /// The log ends before a checkpoint does.
    #[error(
        "the file {ENTRIES_FILE:?} has {size} whole entries (up to byte {end}), but a checkpoint over {signed} was signed: it is \
         damaged, or from an older backup. Put back all of it, from the newest backup or from a follower; to go on without \
         would show people another history than they were given"
    )]
    Shorter {
        /// How many entries are in whole batches.
        size: u64,
        /// Where the last of them ends.
        end: u64,
        /// How many the checkpoint covers.
        signed: u64,
    },
    /// The log leads to another tree than a checkpoint says.
    #[error(
        "the first {signed} entries of the file {ENTRIES_FILE:?} lead to the root {found}, but the checkpoint that was signed says \
         {root}: the file is damaged, or another register's. Put back the right one, from a backup or from a follower"
    )]
    Differs {
        /// How many entries the checkpoint covers.
        signed: u64,
        /// The root it says.
        root: Hash,
        /// The root of the entries, or what there is instead of one.
        found: String,
    },
    /// More comes after the last whole batch than a torn write leaves.
    #[error(
        "the file {ENTRIES_FILE:?} cannot be read beyond byte {end} (entry {size}), with {bytes} bytes to come: more than one write \
         can have torn. It is damaged. Put back the file from a backup or from a follower"
    )]
    Damaged {
        /// How many entries are in whole batches.
        size: u64,
        /// Where the last of them ends.
        end: u64,
        /// How many bytes come after.
        bytes: u64,
    },
}

/// Where a log stands once it is in order.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// Where the next batch begins; nothing for a log without entries.
    pub(crate) position: Option<Position>,
    /// The offset after the last batch.
    pub(crate) end: u64,
    /// The tree of all entries.
    pub(crate) tree: Tree,
    /// What was done.
    pub(crate) recovery: Recovery,
}

/// Reads a log wholly, decides, and puts it in order.
pub(crate) fn recover(files: &Files) -> Result<Recovered, RecoveryError> {
    let checkpoints = read_checkpoints(&*files.disk, &files.dir)?;
    let sizes = checkpoints.iter().map(|checkpoint| checkpoint.size.get()).collect();
    let scan = Scan::run(files, sizes).map_err(RecoveryError::Read)?;
    for checkpoint in &checkpoints {
        scan.check(checkpoint)?;
    }
    let cut_bytes = scan.len - scan.end;
    if cut_bytes > BATCH_BYTES_MAX {
        return Err(RecoveryError::Damaged { size: scan.tree.size().get(), end: scan.end, bytes: cut_bytes });
    }
    scan.put_in_order(files).map_err(RecoveryError::Write)
}

/// Returns where the batch after this one begins, if `seal` closes one of `count` entries that begins at `position`.
pub(crate) fn after_batch(position: &Position, count: u64, seal: &Seal, seal_id: Digest) -> Option<Position> {
    let fits = seal.first.get() == position.index
        && seal.count.get() == count
        && seal.height.get() == position.height
        && seal.prev_seal == position.prev_seal;
    fits.then(|| Position {
        index: seal.index() + 1,
        height: position.height + 1,
        prev_seal: seal_id,
        time_ms: seal.time_ms.get(),
    })
}

fn read_checkpoints(disk: &dyn Disk, dir: &Path) -> Result<Vec<Checkpoint>, RecoveryError> {
    let slots = read_slots(disk, dir)?;
    let unfit = |why: &dyn std::fmt::Display| RecoveryError::Checkpoint(why.to_string());
    slots
        .iter()
        .flat_map(Slot::notes)
        .map(|note| {
            let note = Note::parse(note.as_bytes(), SIGNATURES_MAX).map_err(|error| unfit(&error))?;
            Checkpoint::parse(note.text()).map_err(|error| unfit(&error))
        })
        .collect()
}

/// Going through the entries.
struct Scan {
    len: u64,
    /// The offset after the last whole batch, and the one before it.
    end: u64,
    last_start: u64,
    ends: Vec<u64>,
    tree: Tree,
    position: Option<Position>,
    /// The roots of the trees whose size a checkpoint has.
    roots: BTreeMap<u64, Option<Hash>>,
    tiles: Vec<Hint>,
    commits: Hint,
    batch: OpenBatch,
}

/// The entries after the last whole batch.
#[derive(Default)]
struct OpenBatch {
    hashes: Vec<Hash>,
    ends: Vec<u64>,
}

impl Scan {
    fn run(files: &Files, sizes: Vec<u64>) -> io::Result<Scan> {
        let len = files.entries.length()?;
        let mut scan = Scan {
            len,
            end: 0,
            last_start: 0,
            ends: Vec::new(),
            tree: Tree::new(),
            position: None,
            roots: sizes.into_iter().map(|size| (size, (size == 0).then(empty_root))).collect(),
            tiles: (0..files.levels()).map(|level| Hint::of(files.tiles(level))).collect(),
            commits: Hint::of(Some(Arc::clone(&files.commits))),
            batch: OpenBatch::default(),
        };
        let mut leaves = Leaves::of(&*files.entries, len);
        while let Some((leaf, end)) = leaves.next()? {
            if !scan.leaf(leaf, end)? {
                break;
            }
        }
        Ok(scan)
    }

    /// Takes the next leaf, and tells whether the log can go on after it.
    fn leaf(&mut self, leaf: &[u8], end: u64) -> io::Result<bool> {
        let begun = self.position.or_else(|| Some(beginning(Digest(entry_id(leaf)?))));
        let Some(position) = begun else { return Ok(false) };
        let count = self.batch.hashes.len() as u64;
        self.batch.hashes.push(leaf_hash(leaf));
        self.batch.ends.push(end);
        // Until the first batch is whole, the first leaf is still the one the chain of seals begins with.
        if self.ends.is_empty() {
            self.position = Some(position);
        }
        let Some(seal) = Seal::peek(leaf) else { return Ok(count < BATCH_ENTRIES_MAX) };
        let seal_id = entry_id(leaf).map(Digest);
        match seal_id.and_then(|id| after_batch(&position, count, &seal, id)) {
            Some(next) => self.close_batch(next).map(|()| true),
            None => Ok(false),
        }
    }

    fn close_batch(&mut self, next: Position) -> io::Result<()> {
        let OpenBatch { hashes, ends } = std::mem::take(&mut self.batch);
        let count = hashes.len() as u64;
        let mut emitted = TileHashes::default();
        for hash in hashes {
            self.tree.append(hash, &mut emitted);
        }
        for (level, hashes) in emitted.levels.iter().enumerate() {
            if self.tiles.len() <= level {
                self.tiles.push(Hint::of(None));
            }
            for hash in hashes {
                self.tiles[level].expect(hash.as_bytes())?;
            }
        }
        self.ends.extend(ends);
        self.last_start = self.end;
        self.end = self.ends.last().copied().unwrap_or(self.end);
        let root = self.tree.root();
        let commit = Commit { height: next.height - 1, first: next.index - count, count, end: self.end, root };
        self.commits.expect(&commit.encode())?;
        if let Some(wanted) = self.roots.get_mut(&next.index) {
            *wanted = Some(root);
        }
        self.position = Some(next);
        Ok(())
    }

    fn check(&self, checkpoint: &Checkpoint) -> Result<(), RecoveryError> {
        let signed = checkpoint.size.get();
        let size = self.ends.len() as u64;
        if signed > size {
            return Err(RecoveryError::Shorter { size, end: self.end, signed });
        }
        let found = match self.roots.get(&signed).copied().flatten() {
            Some(root) if root == checkpoint.root => return Ok(()),
            Some(root) => root.to_string(),
            None => "of no whole batch".to_owned(),
        };
        Err(RecoveryError::Differs { signed, root: checkpoint.root, found })
    }

    fn put_in_order(self, files: &Files) -> io::Result<Recovered> {
        if self.len > self.end {
            files.entries.truncate(self.end)?;
        }
        write_again(&*files.entries, self.last_start..self.end)?;
        let mut healed = Vec::new();
        for (level, hint) in self.tiles.into_iter().enumerate() {
            let from = hint.heal(|| files.make_tiles(level))?;
            healed.extend(from.map(|from| (tile_file_name(u8::try_from(level).unwrap_or(u8::MAX)), from)));
        }
        let from = self.commits.heal(|| Ok(Arc::clone(&files.commits)))?;
        healed.extend(from.map(|from| (COMMITS_FILE.to_owned(), from)));
        let recovery = Recovery {
            entries: self.ends.len() as u64,
            batches: if self.ends.is_empty() { 0 } else { self.position.map_or(0, |position| position.height) },
            cut_bytes: self.len - self.end,
            healed,
        };
        let position = self.position.filter(|_| !self.ends.is_empty());
        *files.ends.write().unwrap_or_else(PoisonError::into_inner) = self.ends;
        Ok(Recovered { position, end: self.end, tree: self.tree, recovery })
    }
}
