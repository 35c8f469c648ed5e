//! Receipts: each entry with the proof that it is in the log of one checkpoint.

use std::sync::Arc;

use colophon_ledger::field::{Digest, EntryId};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::proof::{inclusion, inclusion_tiles, inclusion_tiles_from};
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tile::{Tile, TileSet};
use colophon_tlog::tree::{EntryIndex, TreeSize};

use crate::register::Snapshot;

/// An entry that is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: EntryId,
    /// Where it stands.
    pub index: u64,
    /// Whether it had been there before it was submitted.
    pub repeated: bool,
    /// The leaf as recorded, whose signatures may be others than those submitted.
    pub leaf: Vec<u8>,
    /// The receipt, as text.
    pub receipt: String,
}

/// An entry that is in the log, whose receipt whoever asked for it still has to write down: on any core, not the writer's.
#[derive(Debug)]
pub struct Unwritten {
    /// Its id.
    pub id: EntryId,
    /// Where it stands.
    pub index: EntryIndex,
    /// Whether it had been there before it was submitted.
    pub repeated: bool,
    /// The leaf as recorded.
    pub leaf: Vec<u8>,
    /// What the receipt is made of.
    pub receipts: Arc<Receipts>,
}

impl Unwritten {
    /// Writes the receipt.
    pub fn write(self) -> Result<Recorded, ReadError> {
        let receipt = self.receipts.receipt(self.index)?.to_string();
        Ok(Recorded { id: self.id, index: self.index.get(), repeated: self.repeated, leaf: self.leaf, receipt })
    }
}

/// Makes receipts to one checkpoint out of tiles that were read before.
#[derive(Debug)]
pub struct Receipts {
    checkpoint: String,
    size: TreeSize,
    tiles: TileSet,
}

impl Receipts {
    /// Returns a maker of receipts to the snapshot's checkpoint, for the entries whose tiles are in `tiles`.
    pub fn new(snapshot: &Snapshot, tiles: TileSet) -> Receipts {
        Receipts { checkpoint: snapshot.checkpoint.clone(), size: snapshot.size, tiles }
    }

    /// Returns a maker of receipts for the entries at `indices`, all of which must be in the snapshot. Each tile is read once.
    pub fn for_entries(
        log: &LogReader,
        snapshot: &Snapshot,
        indices: impl IntoIterator<Item = EntryIndex>,
    ) -> Result<Receipts, ReadError> {
        let tiles = once(indices.into_iter().flat_map(|index| inclusion_tiles(index, snapshot.size)));
        Ok(Receipts::new(snapshot, log.tiles(&tiles)?))
    }

    /// Returns the receipt of the entry at `index`.
    pub fn receipt(&self, index: EntryIndex) -> Result<Receipt, ReadError> {
        let proof = inclusion(index, self.size, &self.tiles)?;
        Ok(Receipt { extra: None, index, proof, checkpoint: self.checkpoint.clone() })
    }
}

/// Returns the tiles that the receipts of all entries from `first` on are made of, and of those at `older` besides.
pub fn tiles_of(first: Option<EntryIndex>, older: impl Iterator<Item = EntryIndex>, size: TreeSize) -> Vec<Tile> {
    let first = first.filter(|first| size.holds(*first));
    let newest = first.into_iter().flat_map(|first| inclusion_tiles_from(first, size));
    once(newest.chain(older.flat_map(|index| inclusion_tiles(index, size))))
}

fn once(tiles: impl Iterator<Item = Tile>) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = tiles.collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

/// Returns one entry of the snapshot with its receipt.
pub fn recorded(log: &LogReader, snapshot: &Snapshot, index: u64, repeated: bool) -> Result<Recorded, ReadError> {
    let not_there = || ReadError::NotThere { what: format!("entry {index}"), size: snapshot.size.get() };
    let index = EntryIndex::new(index).filter(|index| snapshot.size.holds(*index)).ok_or_else(not_there)?;
    let receipts = Arc::new(Receipts::for_entries(log, snapshot, [index])?);
    let leaf = log.entry(index)?;
    let id = colophon_ledger::entry::entry_id(&leaf).map(Digest).ok_or(ReadError::Changed(index.get()))?;
    Unwritten { id, index, repeated, leaf, receipts }.write()
}
