//! Works that look, sound or read alike: the content codes of the whole register, packed side by side and compared one by one.
//!
//! Derived from the log alone and kept in memory: 16 bytes a file for its content, and 16 for its bytes. What the log has gained since is read when somebody asks,
//! so nothing that is recorded waits for it. What is found is a hint: whoever asks reads the mints themselves.

use std::sync::{PoisonError, RwLock};

use colophon_ledger::entry::Entry;
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::{Iscc, UnitKind};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::tree::{EntryIndex, TreeSize};

use crate::minted::minted;

/// The most codes in one question: a picture in 8 orientations, each as it is and in negative.
pub const CODES_MAX: usize = 16;
/// The largest distance that can be asked for, of 64 bits.
pub const DISTANCE_MAX: u32 = 15;
/// The most works in an answer, the nearest.
pub const LOOKALIKES_MAX: usize = 50;
/// How many entries are read from the log at once.
const ENTRIES_AT_ONCE: u64 = 1_024;
/// What stands in an entry that has a code in it.
const MARK: &str = "\"fingerprint\":\"ISCC:";
/// How many bits of a place say which of a work's files it is.
const FILE_BITS: u32 = 4;
/// What is kept, in the order of the shelves: content, and which very bytes a file is of.
const KINDS: [UnitKind; 5] = [UnitKind::Text, UnitKind::Image, UnitKind::Audio, UnitKind::Video, UnitKind::Instance];

/// A file that is near to what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// In how many of 64 bits its code differs from the nearest of those asked about.
    pub distance: u32,
    /// The index of the mint that names it.
    pub index: u64,
    /// Which of the work's files it is, from 1 for the face.
    pub file: u64,
    /// Which of the codes asked about is the nearest, from 0.
    pub code: usize,
}

/// What was found, and in how much of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How many entries had been read.
    pub size: u64,
    /// The nearest, nearest first; of those as near as each other the earlier first.
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

/// Codes of one kind of content: the first 64 bits of each, and beside them where it stands.
#[derive(Debug, Default)]
struct Shelf {
    heads: Vec<u64>,
    places: Vec<u64>,
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

    /// Returns the files of a kind whose code is at most `distance` from one of `codes`.
    pub fn near(&self, kind: UnitKind, codes: &[u64], distance: u32) -> Found {
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        let shelf = KINDS.iter().position(|known| *known == kind).and_then(|place| shelves.shelves.get(place));
        Found { size: shelves.size, near: shelf.map_or_else(Vec::new, |shelf| shelf.near(codes, distance)) }
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
                    shelf.heads.push(unit.head());
                    shelf.places.push(index << FILE_BITS | file);
                }
            }
        }
    }
}

impl Shelf {
    fn near(&self, codes: &[u64], distance_max: u32) -> Vec<Near> {
        let mut near = Vec::new();
        for (head, place) in self.heads.iter().zip(&self.places) {
            let distance = codes.iter().map(|code| (code ^ head).count_ones()).min();
            let Some(distance) = distance.filter(|distance| *distance <= distance_max) else { continue };
            let code = codes.iter().position(|code| (code ^ head).count_ones() == distance).unwrap_or_default();
            let (index, file) = (place >> FILE_BITS, (place & ((1 << FILE_BITS) - 1)) + 1);
            near.push(Near { distance, index, file, code });
            if near.len() >= 4 * LOOKALIKES_MAX {
                keep_nearest(&mut near);
            }
        }
        keep_nearest(&mut near);
        near
    }
}

fn keep_nearest(near: &mut Vec<Near>) {
    near.sort_unstable();
    near.truncate(LOOKALIKES_MAX);
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

    fn shelf(heads: &[u64]) -> Shelf {
        let places = (7..).map(|index: u64| index << FILE_BITS).take(heads.len()).collect();
        Shelf { heads: heads.to_vec(), places }
    }

    #[test]
    fn the_nearest_come_first_and_the_earlier_of_equals() {
        let found = shelf(&[0b1111, 0b1, 0, u64::MAX, 0b10]).near(&[0, u64::MAX << 1], 2);
        let told: Vec<_> = found.iter().map(|near| (near.distance, near.index, near.file, near.code)).collect();
        assert_eq!(told, [(0, 9, 1, 0), (1, 8, 1, 0), (1, 10, 1, 1), (1, 11, 1, 0)]);
        assert!(shelf(&[0]).near(&[], 15).is_empty());
    }

    #[test]
    fn an_answer_ends_at_its_limit_with_the_nearest() {
        let mut heads = vec![0b111; 10 * LOOKALIKES_MAX];
        heads.push(0);
        let found = shelf(&heads).near(&[0], DISTANCE_MAX);
        assert_eq!((found.len(), found[0].distance, found[1].index), (LOOKALIKES_MAX, 0, 7));
    }

    #[test]
    fn entries_without_a_code_are_passed_over() {
        let mut shelves = Shelves::default();
        for leaf in [b"anything".as_slice(), b"\xff\xfe", br#"{"fingerprint":"ISCC:AAAA"}"#] {
            shelves.take(leaf);
        }
        assert_eq!((shelves.size, shelves.shelves.iter().map(|shelf| shelf.heads.len()).sum::<usize>()), (3, 0));
    }
}
