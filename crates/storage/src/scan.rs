//! Reading a log wholly: its entries, and whether everything that can be computed from them is as it should be.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::entry::entry_id;
use colophon_ledger::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use colophon_ledger::field::Digest;
use colophon_tlog::hash::{Hash, empty_root, leaf_hash};
use colophon_tlog::tree::{TileHashes, Tree};

use crate::commits::Commit;
use crate::files::Files;
use crate::hint::Hint;
use crate::leaves::Leaves;

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

/// A log as it was read. Nothing is written.
pub(crate) struct Scan {
    /// The length of the file of entries.
    pub(crate) length: u64,
    /// The offset after the last whole batch.
    pub(crate) end: u64,
    /// The offset before the last whole batch.
    pub(crate) last_start: u64,
    /// The offset after each entry.
    pub(crate) ends: Vec<u64>,
    /// The tree of all entries.
    pub(crate) tree: Tree,
    /// Where the next batch begins.
    pub(crate) position: Option<Position>,
    /// The roots at the sizes asked for; nothing where no batch ends.
    pub(crate) roots: BTreeMap<u64, Option<Hash>>,
    /// The files of tile hashes.
    pub(crate) tiles: Vec<Hint>,
    /// The file of commits.
    pub(crate) commits: Hint,
    batch: OpenBatch,
}

/// The entries after the last whole batch.
#[derive(Default)]
struct OpenBatch {
    hashes: Vec<Hash>,
    ends: Vec<u64>,
}

impl Scan {
    /// Reads the log, and notes its root wherever it has one of these sizes.
    pub(crate) fn run(files: &Files, sizes: Vec<u64>) -> io::Result<Scan> {
        let length = files.entries.length()?;
        let mut scan = Scan {
            length,
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
        let mut leaves = Leaves::of(&*files.entries, length);
        while let Some((leaf, end)) = leaves.next()? {
            if !scan.leaf(leaf, end)? {
                break;
            }
        }
        if scan.ends.is_empty() {
            scan.position = None;
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
}
