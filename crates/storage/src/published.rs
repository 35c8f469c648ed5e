//! What a register's folder shows of its published log, read beside the process that serves it or without one.
//!
//! Nothing up to a published checkpoint ever changes, so no process need be stopped and no lock is taken.

use std::io;
use std::path::{Path, PathBuf};

use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::tree::{TileHashes, Tree};

use crate::disk::{Disk as _, RealDisk};
use crate::files::ENTRIES_FILE;
use crate::leaves::Leaves;
use crate::recovery::{RecoveryError, checkpoint_in};
use crate::slots::{Slot, SlotError, read_slots};

/// Why the published log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// There is no register.
    #[error("there is no register in {0:?}: the file {ENTRIES_FILE:?} is missing")]
    Missing(PathBuf),
    /// Nothing has been published.
    #[error("the register has not published a checkpoint yet")]
    Nothing,
    /// The log is not the one of its published checkpoint.
    #[error(
        "the log's first {size} entries lead to the root {found}, and the published checkpoint says {signed}: run \
         `colophon-node fsck`"
    )]
    Differs {
        /// The size of the checkpoint.
        size: u64,
        /// Where the entries lead.
        found: Hash,
        /// What was signed.
        signed: Hash,
    },
    /// The log is shorter than its published checkpoint.
    #[error(
        "the log has {entries} whole entries, and a checkpoint over {size} was published: run `colophon-node fsck`"
    )]
    Short {
        /// How many there are.
        entries: u64,
        /// How many there should be.
        size: u64,
    },
    /// The log cannot be read.
    #[error("{path:?} cannot be read: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The checkpoints cannot be read.
    #[error(transparent)]
    Slots(#[from] SlotError),
    /// The published checkpoint is none.
    #[error(transparent)]
    Checkpoint(#[from] RecoveryError),
}

/// The log of a register up to the checkpoint that it showed at one moment.
#[derive(Debug)]
pub struct Published {
    dir: PathBuf,
    note: String,
    checkpoint: Checkpoint,
}

impl Published {
    /// Reads which checkpoint the register in `dir` shows now.
    pub fn of(dir: &Path) -> Result<Published, PublishedError> {
        if !dir.join(ENTRIES_FILE).exists() {
            return Err(PublishedError::Missing(dir.to_owned()));
        }
        let newest = read_slots(&RealDisk, dir)?.into_iter().max_by_key(|slot| slot.generation);
        let note = newest.and_then(|Slot { published, .. }| published).ok_or(PublishedError::Nothing)?;
        let checkpoint = checkpoint_in(&note)?;
        Ok(Published { dir: dir.to_owned(), note, checkpoint })
    }

    /// Returns the checkpoint as it was signed.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Returns what the checkpoint says. Its signature has not been looked at.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Gives every leaf to `take`, in order, and then holds them all against the checkpoint: before that nothing that was made of
    /// them may be relied on.
    pub fn each_leaf<E: From<PublishedError>>(&self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let path = self.dir.join(ENTRIES_FILE);
        let read = |error| PublishedError::Read { path: path.clone(), error };
        let file = RealDisk.open(&path).map_err(read)?;
        let mut leaves = Leaves::of(&*file, file.length().map_err(read)?);
        let (mut tree, size) = (Tree::new(), self.checkpoint.size.get());
        while tree.size().get() < size {
            let Some((leaf, _)) = leaves.next().map_err(read)? else {
                return Err(PublishedError::Short { entries: tree.size().get(), size }.into());
            };
            tree.append(leaf_hash(leaf), &mut TileHashes::default());
            take(leaf)?;
        }
        if tree.root() == self.checkpoint.root {
            return Ok(());
        }
        Err(PublishedError::Differs { size, found: tree.root(), signed: self.checkpoint.root }.into())
    }
}
