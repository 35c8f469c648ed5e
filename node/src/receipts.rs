//! Receipts: each entry with the proof that it is in the log of one checkpoint.

use colophon_ledger::field::{Digest, EntryId};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::proof::{inclusion, inclusion_tiles};
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::EntryIndex;

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

/// Makes receipts to one checkpoint; each tile is read once.
#[derive(Debug)]
pub struct Receipts<'r> {
    log: &'r LogReader,
    snapshot: &'r Snapshot,
    tiles: TileSet,
}

impl<'r> Receipts<'r> {
    /// Returns a maker of receipts for the entries at `indices`, all of which must be in the snapshot.
    pub fn for_entries(
        log: &'r LogReader,
        snapshot: &'r Snapshot,
        indices: impl IntoIterator<Item = EntryIndex>,
    ) -> Result<Receipts<'r>, ReadError> {
        let mut tiles: Vec<_> = indices.into_iter().flat_map(|index| inclusion_tiles(index, snapshot.size)).collect();
        tiles.sort_unstable();
        tiles.dedup();
        Ok(Receipts { log, snapshot, tiles: log.tiles(&tiles)? })
    }

    /// Returns the receipt of the entry at `index`.
    pub fn receipt(&self, index: EntryIndex) -> Result<Receipt, ReadError> {
        let proof = inclusion(index, self.snapshot.size, &self.tiles)?;
        Ok(Receipt { extra: None, index, proof, checkpoint: self.snapshot.checkpoint.clone() })
    }

    /// Returns an entry with its receipt.
    pub fn recorded(&self, index: EntryIndex, id: EntryId, repeated: bool) -> Result<Recorded, ReadError> {
        let leaf = self.log.entry(index)?;
        let receipt = self.receipt(index)?.to_string();
        Ok(Recorded { id, index: index.get(), repeated, leaf, receipt })
    }
}

/// Returns one entry of the snapshot with its receipt.
pub fn recorded(log: &LogReader, snapshot: &Snapshot, index: u64, repeated: bool) -> Result<Recorded, ReadError> {
    let not_there = || ReadError::NotThere { what: format!("entry {index}"), size: snapshot.size.get() };
    let index = EntryIndex::new(index).filter(|index| snapshot.size.holds(*index)).ok_or_else(not_there)?;
    let receipts = Receipts::for_entries(log, snapshot, [index])?;
    let leaf = log.entry(index)?;
    let id = colophon_ledger::entry::entry_id(&leaf).map(Digest).ok_or(ReadError::Changed(index.get()))?;
    let receipt = receipts.receipt(index)?.to_string();
    Ok(Recorded { id, index: index.get(), repeated, leaf, receipt })
}
