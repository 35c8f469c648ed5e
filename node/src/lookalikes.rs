//! Works that look, sound or read alike: the content codes of the whole register, every one of which is compared.
//!
//! Derived from the log alone and kept in memory: 16 bytes a file for its content, and 16 for its bytes. What the log has gained since is read when somebody asks,
//! so nothing that is recorded waits for it. What is found is a hint: whoever asks reads the mints themselves.

pub mod shelf;

use std::sync::{PoisonError, RwLock};

use colophon_ledger::entry::Entry;
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::{Iscc, UnitKind};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::tree::{EntryIndex, TreeSize};

use self::shelf::{Near, Shelf};
use crate::minted::minted;

/// The most codes in one question: a picture in 8 orientations, each as it is and in negative.
pub const CODES_MAX: usize = 16;
/// In how many of 64 bits pictures that are alike differ at most.
const PICTURES_ALIKE_MAX: u32 = 10;
/// How many entries are read from the log at once.
const ENTRIES_AT_ONCE: u64 = 1_024;
/// What stands in an entry that has a code in it.
const MARK: &str = "\"fingerprint\":\"ISCC:";
/// What is kept, in the order of the shelves: content, and which very bytes a file is of.
const KINDS: [UnitKind; 5] = [UnitKind::Text, UnitKind::Image, UnitKind::Audio, UnitKind::Video, UnitKind::Instance];

/// What was found, and in how much of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How many entries had been read.
    pub size: u64,
    /// The nearest, nearest first; of those as near as each other the earlier first. Behind them the earliest of those that are alike.
    pub near: Vec<Near>,
}

/// The codes of a register.
#[derive(Debug, Default)]
pub struct Lookalikes {
    shelves: RwLock<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    /// How many entries of the log have been read.
    size: u64,
    shelves: [Shelf; KINDS.len()],
}

impl Lookalikes {
    /// Reads what the log has gained, up to `size` entries.
    pub fn read(&self, log: &LogReader, size: TreeSize) -> Result<(), ReadError> {
        loop {
            // Let go of now and then, for those who only want to search.
            let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
            let count = size.get().saturating_sub(shelves.size).min(ENTRIES_AT_ONCE);
            let Some(first) = EntryIndex::new(shelves.size).filter(|_| count > 0) else { return Ok(()) };
            for leaf in log.entries(first, count)? {
                shelves.take(&leaf);
            }
        }
    }

    /// Returns the files of a kind whose code is at most `distance` from one of `codes`, of mints before an index where one is given.
    pub fn near(&self, kind: UnitKind, codes: &[u64], distance: u32, before: Option<u64>) -> Found {
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        let shelf = KINDS.iter().position(|known| *known == kind).and_then(|place| shelves.shelves.get(place));
        // Beyond, there are as many by chance as there are by copying.
        let early_max = if kind == UnitKind::Image { distance.min(PICTURES_ALIKE_MAX) } else { distance };
        let near =
            |shelf: &Shelf| shelf.near_and_earliest(codes, distance, Some(early_max), before.unwrap_or(u64::MAX));
        Found { size: shelves.size, near: shelf.map_or_else(Vec::new, near) }
    }
}

impl Shelves {
    /// Takes the codes of the next entry.
    fn take(&mut self, leaf: &[u8]) {
        let index = self.size;
        self.size += 1;
        if !str::from_utf8(leaf).is_ok_and(|text| text.contains(MARK)) {
            return;
        }
        let Ok(entry) = Entry::parse(leaf) else { return };
        let Some((_, mint)) = minted(&entry) else { return };
        for (file, named) in (0..).zip(mint.files.as_slice()) {
            let iscc = named.fingerprint.as_ref().and_then(|fingerprint| Iscc::parse(fingerprint.as_str()).ok());
            for unit in iscc.iter().flat_map(Iscc::units).filter(|unit| !unit.is_flat()) {
                let shelf = KINDS.iter().position(|kind| *kind == unit.kind());
                if let Some(shelf) = shelf.and_then(|place| self.shelves.get_mut(place)) {
                    shelf.push(unit.head(), index, file);
                }
            }
        }
    }
}

/// Returns the work that is minted or carried over at an index.
pub fn work_at(log: &LogReader, index: u64) -> Result<Option<WorkId>, ReadError> {
    let Some(index) = EntryIndex::new(index) else { return Ok(None) };
    let entry = Entry::parse(&log.entry(index)?).ok();
    Ok(entry.as_ref().and_then(minted).map(|(work, _)| work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_without_a_code_are_passed_over() {
        let mut shelves = Shelves::default();
        for leaf in [b"anything".as_slice(), b"\xff\xfe", br#"{"fingerprint":"ISCC:AAAA"}"#] {
            shelves.take(leaf);
        }
        assert_eq!((shelves.size, shelves.shelves.iter().map(Shelf::len).sum::<usize>()), (3, 0));
    }
}
