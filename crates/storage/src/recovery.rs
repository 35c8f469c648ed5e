//! What opening a log does: read every entry, decide, and only then change anything.
//!
//! The file of entries alone says what the log is. It is read to the end of the last whole batch, one that a seal with
//! fitting `first`, `count`, `height` and `prev_seal` closes. If that is less than a checkpoint covers, or leads to another
//! root, nothing is touched and the log stays shut. Otherwise what comes after the last whole batch is cut: it was torn
//! while it was written, and nobody was told of it. Hints that do not match the entries are written again.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use colophon_ledger::batch::Position;
use colophon_ledger::entry::ENTRY_BYTES_MAX;
use colophon_ledger::entry::seal::BATCH_ENTRIES_MAX;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::Hash;
use colophon_tlog::note::{Note, SIGNATURES_MAX};
use colophon_tlog::tree::Tree;

use crate::commits::COMMITS_FILE;
use crate::disk::{Disk, write_again};
use crate::files::{ENTRIES_FILE, Files, tile_file_name};
use crate::scan::Scan;
use crate::slots::{SLOTS_FILE, Slot, SlotError, has_torn_slot, read_slots};

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
    /// Whether a slot is neither whole nor new. The other one holds.
    pub torn_slot: bool,
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
    /// The last batch, if no checkpoint was signed over it.
    pub(crate) unsigned: Option<Unsigned>,
}

/// A last batch over which no checkpoint was signed.
///
/// Its form alone does not say that it is whole: power that fails while a batch is written may leave its seal and lose part
/// of an entry before it. So if it is against the rules, it is a torn write. Of a batch that was signed the same would be damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsigned {
    /// The index of its first entry.
    pub(crate) first: u64,
    /// Where it begins in the file.
    pub(crate) start: u64,
}

/// Reads a log wholly, decides, and puts it in order.
pub(crate) fn recover(files: &Files) -> Result<Recovered, RecoveryError> {
    let checkpoints = read_checkpoints(&*files.disk, &files.dir)?;
    let sizes = checkpoints.iter().map(|checkpoint| checkpoint.size.get()).collect();
    let scan = Scan::run(files, sizes).map_err(RecoveryError::Read)?;
    for checkpoint in &checkpoints {
        check_checkpoint(&scan, checkpoint)?;
    }
    let cut_bytes = scan.length - scan.end;
    if cut_bytes > BATCH_BYTES_MAX {
        return Err(RecoveryError::Damaged { size: scan.tree.size().get(), end: scan.end, bytes: cut_bytes });
    }
    let torn_slot = has_torn_slot(&*files.disk, &files.dir)?;
    let unsigned = unsigned(&scan, &checkpoints, torn_slot);
    let mut recovered = put_in_order(scan, files).map_err(RecoveryError::Write)?;
    recovered.recovery.torn_slot = torn_slot;
    Ok(Recovered { unsigned, ..recovered })
}

/// Returns the last batch if none of these checkpoints covers any of it, and no torn slot may have held one that does. The first
/// batch is never one: without it there is no register.
pub(crate) fn unsigned(scan: &Scan, checkpoints: &[Checkpoint], torn_slot: bool) -> Option<Unsigned> {
    let first = scan.ends.partition_point(|end| *end <= scan.last_start) as u64;
    let signed = checkpoints.iter().any(|checkpoint| checkpoint.size.get() > first);
    (first > 0 && !signed && !torn_slot).then_some(Unsigned { first, start: scan.last_start })
}

/// Checks that a log leads to what a checkpoint says.
pub(crate) fn check_checkpoint(scan: &Scan, checkpoint: &Checkpoint) -> Result<(), RecoveryError> {
    let signed = checkpoint.size.get();
    let size = scan.ends.len() as u64;
    if signed > size {
        return Err(RecoveryError::Shorter { size, end: scan.end, signed });
    }
    let found = match scan.roots.get(&signed).copied().flatten() {
        Some(root) if root == checkpoint.root => return Ok(()),
        Some(root) => root.to_string(),
        None => "of no whole batch".to_owned(),
    };
    Err(RecoveryError::Differs { signed, root: checkpoint.root, found })
}

/// Returns the size of the largest checkpoint in the slots, 0 if there is none.
pub(crate) fn largest_signed(disk: &dyn Disk, dir: &Path) -> Result<u64, RecoveryError> {
    let checkpoints = read_checkpoints(disk, dir)?;
    Ok(checkpoints.iter().map(|checkpoint| checkpoint.size.get()).max().unwrap_or(0))
}

fn read_checkpoints(disk: &dyn Disk, dir: &Path) -> Result<Vec<Checkpoint>, RecoveryError> {
    let slots = read_slots(disk, dir)?;
    slots.iter().flat_map(Slot::notes).map(checkpoint_in).collect()
}

/// Returns what the checkpoint in a slot says. Its signature is not looked at.
pub fn checkpoint_in(note: &str) -> Result<Checkpoint, RecoveryError> {
    let unfit = |why: &dyn std::fmt::Display| RecoveryError::Checkpoint(why.to_string());
    let note = Note::parse(note.as_bytes(), SIGNATURES_MAX).map_err(|error| unfit(&error))?;
    Checkpoint::parse(note.text()).map_err(|error| unfit(&error))
}

fn put_in_order(scan: Scan, files: &Files) -> io::Result<Recovered> {
    if scan.length > scan.end {
        files.entries.truncate(scan.end)?;
    }
    write_again(&*files.entries, scan.last_start..scan.end)?;
    let mut healed = Vec::new();
    for (level, hint) in scan.tiles.into_iter().enumerate() {
        let from = hint.heal(|| files.make_tiles(level))?;
        healed.extend(from.map(|from| (tile_file_name(u8::try_from(level).unwrap_or(u8::MAX)), from)));
    }
    let from = scan.commits.heal(|| Ok(Arc::clone(&files.commits)))?;
    healed.extend(from.map(|from| (COMMITS_FILE.to_owned(), from)));
    let recovery = Recovery {
        entries: scan.ends.len() as u64,
        batches: scan.position.map_or(0, |position| position.height),
        cut_bytes: scan.length - scan.end,
        healed,
        torn_slot: false,
    };
    *files.ends.write().unwrap_or_else(PoisonError::into_inner) = scan.ends;
    Ok(Recovered { position: scan.position, end: scan.end, tree: scan.tree, recovery, unsigned: None })
}
