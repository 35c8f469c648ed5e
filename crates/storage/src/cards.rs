//! Cards, people's words: kept beside the log, erased in place.
//!
//! The file `cards.log` begins with `colophon.cards/v1` and a newline; then come records, one a card.
//! What is no whole record is zeroed when the file is opened: it was never acknowledged or the disk has damaged it, and
//! nobody could ask to have it erased.

mod record;
mod scan;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use colophon_ledger::card::Card;
use colophon_ledger::field::Digest;

use crate::disk::{Disk, DiskFile, RealDisk, write_again};
use crate::files::ENTRIES_FILE;
use record::{Content, HEAD_BYTES, Place, WITHDRAWN, encode, read_body};
use scan::Scan;

pub use scan::CardsRecovery;

/// The name of the file in the register's folder.
pub const CARDS_FILE: &str = "cards.log";
/// The most bytes of one [`Cards::put`]: more than a thousand of the longest cards.
pub const PUT_BYTES_MAX: usize = 16 * 1024 * 1024;

const FILE_HEAD: &[u8; 18] = b"colophon.cards/v1\n";

/// What is known of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The card.
    Card(Card),
    /// The card was here and has been erased.
    Withdrawn,
    /// The card never was here, or was lost.
    Nothing,
}

/// Why cards could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CardsError {
    /// The file is not one of cards.
    #[error(
        "the file {CARDS_FILE:?} does not begin as a file of cards: it is damaged, another file, or of a newer version. Put it \
         back from a backup"
    )]
    Format,
    /// The file is missing or empty.
    #[error(
        "the file {CARDS_FILE:?} is missing or empty. Restore it from a backup; if it is lost, `colophon-node rebuild DIR` begins an \
         empty one, and its words are shown as withdrawn"
    )]
    Missing,
    /// More than one call may put.
    #[error("the cards take {bytes} bytes; at most {PUT_BYTES_MAX} are put at once")]
    TooLarge {
        /// Their length together.
        bytes: usize,
    },
    /// The file cannot be read.
    #[error("the file {CARDS_FILE:?} cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The write failed and was taken back; it may be tried again once there is room.
    #[error("there is no room for cards in the file {CARDS_FILE:?}: {0}")]
    Full(#[source] io::Error),
    /// It is not known what is on the disk: the process must end.
    #[error("the file {CARDS_FILE:?} could not be synced; the process must end: {0}")]
    Fatal(#[source] io::Error),
}

/// The cards of a register.
#[derive(Debug)]
pub struct Cards {
    file: Arc<dyn DiskFile>,
    places: RwLock<HashMap<Digest, Place>>,
    end: Mutex<End>,
}

#[derive(Debug)]
struct End {
    offset: u64,
    broken: bool,
}

impl Cards {
    /// Opens the cards of the register in `dir`, whose log must be open (it holds the lock).
    pub fn open(dir: &Path) -> Result<(Cards, CardsRecovery), CardsError> {
        Cards::open_on(&RealDisk, dir)
    }

    /// Makes an empty file of cards in the register's folder `dir` if the one that was there is missing or empty, and tells
    /// whether it was. Makes nothing where there is no register.
    pub fn create_lost(dir: &Path) -> Result<bool, CardsError> {
        let has = |name: &str| std::fs::metadata(dir.join(name)).is_ok_and(|found| found.len() > 0);
        if has(CARDS_FILE) || !has(ENTRIES_FILE) {
            return Ok(false);
        }
        Cards::create_on(&RealDisk, dir).and_then(|()| RealDisk.sync_dir(dir)).map_err(CardsError::Full)?;
        Ok(true)
    }

    /// Makes an empty file of cards on a disk of one's own, where there is none.
    pub fn create_on(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        let file = disk.create(&dir.join(CARDS_FILE))?;
        if file.length()? < FILE_HEAD.len() as u64 {
            file.write_at(FILE_HEAD, 0)?;
        }
        file.sync()
    }

    /// Opens the cards of the register in `dir` on a disk of one's own.
    pub fn open_on(disk: &dyn Disk, dir: &Path) -> Result<(Cards, CardsRecovery), CardsError> {
        let file = disk.open(&dir.join(CARDS_FILE)).map_err(missing_or_unread)?;
        let Scan { offset, places, recovery, .. } = scan_file(&*file, true)?;
        let first = offset.saturating_sub(PUT_BYTES_MAX as u64);
        write_again(&*file, first..offset).map_err(CardsError::Fatal)?;
        let end = Mutex::new(End { offset, broken: false });
        Ok((Cards { file, places: RwLock::new(places), end }, recovery))
    }

    /// Tells what opening the cards would find and do, without doing it.
    pub(crate) fn inspect_on(disk: &dyn Disk, dir: &Path) -> Result<CardsRecovery, CardsError> {
        let file = disk.open(&dir.join(CARDS_FILE)).map_err(missing_or_unread)?;
        Ok(scan_file(&*file, false)?.recovery)
    }

    /// Keeps cards. Durable when it returns. One that is here already stays as it is, and one that was erased stays erased.
    pub fn put(&self, cards: &[Card]) -> Result<(), CardsError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.broken {
            return Err(CardsError::Fatal(io::Error::other("a sync failed before")));
        }
        let mut bytes = Vec::new();
        let mut new = HashMap::new();
        for card in cards {
            let digest = card.digest();
            if self.place(&digest).is_none() && !new.contains_key(&digest) {
                let offset = end.offset + (bytes.len() + HEAD_BYTES) as u64;
                new.insert(digest, Place { offset, text_bytes: card.text.len(), kept: true });
                encode(card, &digest, &mut bytes);
            }
        }
        if bytes.len() > PUT_BYTES_MAX {
            return Err(CardsError::TooLarge { bytes: bytes.len() });
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.append(&mut end, &bytes)?;
        self.places.write().unwrap_or_else(PoisonError::into_inner).extend(new);
        Ok(())
    }

    fn append(&self, end: &mut End, bytes: &[u8]) -> Result<(), CardsError> {
        if let Err(error) = self.file.write_at(bytes, end.offset) {
            let undone = self.file.truncate(end.offset).and_then(|()| self.file.sync());
            end.broken = undone.is_err();
            return Err(if end.broken { CardsError::Fatal(error) } else { CardsError::Full(error) });
        }
        if let Err(error) = self.file.sync() {
            end.broken = true;
            return Err(CardsError::Fatal(error));
        }
        end.offset += bytes.len() as u64;
        Ok(())
    }

    /// Returns the card with this digest, if it is kept.
    pub fn get(&self, digest: &Digest) -> Result<Kept, CardsError> {
        let Some(place) = self.place(digest) else { return Ok(Kept::Nothing) };
        if !place.kept {
            return Ok(Kept::Withdrawn);
        }
        match read_body(&*self.file, place).map_err(CardsError::Read)? {
            Content::Card(card) if card.digest() == *digest => Ok(Kept::Card(card)),
            Content::Withdrawn => Ok(Kept::Withdrawn),
            Content::Card(_) | Content::Nothing => Ok(Kept::Nothing),
        }
    }

    /// Overwrites a card and its salt with zeros. Gone from the file when it returns; tells whether there was such a card.
    ///
    /// What a disk or file system keeps of overwritten blocks, and what backups hold, is beyond its reach.
    pub fn erase(&self, digest: &Digest) -> Result<bool, CardsError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = self.place(digest) else { return Ok(false) };
        // The mark goes first and is synced alone: words half overwritten are then known to be on their way out.
        for bytes in [vec![WITHDRAWN], vec![0; place.body_bytes()]] {
            let written = self.file.write_at(&bytes, place.offset).and_then(|()| self.file.sync());
            if let Err(error) = written {
                end.broken = true;
                return Err(CardsError::Fatal(error));
            }
        }
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.insert(*digest, Place { kept: false, ..place });
        Ok(true)
    }

    fn place(&self, digest: &Digest) -> Option<Place> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).get(digest).copied()
    }
}

fn missing_or_unread(error: io::Error) -> CardsError {
    if error.kind() == io::ErrorKind::NotFound { CardsError::Missing } else { CardsError::Read(error) }
}

fn scan_file(file: &dyn DiskFile, repair: bool) -> Result<Scan<'_>, CardsError> {
    if file.length().map_err(CardsError::Read)? == 0 {
        return Err(CardsError::Missing);
    }
    let mut head = [0; FILE_HEAD.len()];
    file.read_at(&mut head, 0).map_err(|_| CardsError::Format)?;
    if head != *FILE_HEAD {
        return Err(CardsError::Format);
    }
    Scan::run(file, FILE_HEAD.len() as u64, repair).map_err(CardsError::Read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lying::{Fault, LyingDisk, Survivors};
    use proptest::prelude::*;

    fn dir() -> &'static Path {
        Path::new("/register")
    }

    fn path() -> std::path::PathBuf {
        dir().join(CARDS_FILE)
    }

    fn fresh() -> LyingDisk {
        let disk = LyingDisk::default();
        Cards::create_on(&disk, dir()).unwrap();
        disk.sync_dir(dir()).unwrap();
        disk
    }

    fn open(disk: &LyingDisk) -> (Cards, CardsRecovery) {
        Cards::open_on(disk, dir()).unwrap()
    }

    fn card(number: u8) -> Card {
        let text = format!(r#"{{"name":"Ateliér {number}","about":"{}"}}"#, "x".repeat(usize::from(number) * 7));
        Card::new([number; 32], text).unwrap()
    }

    #[test]
    fn what_is_put_is_found_again() {
        let disk = fresh();
        let (cards, _) = open(&disk);
        cards.put(&[card(1), card(2), card(1)]).unwrap();
        cards.put(&[card(2), card(3)]).unwrap();
        cards.put(&[]).unwrap();
        let length = disk.bytes(&path()).len();
        for cards in [cards, open(&disk).0, open(&disk.power_cut(Survivors::None)).0] {
            for number in 1..=3 {
                assert_eq!(cards.get(&card(number).digest()).unwrap(), Kept::Card(card(number)));
            }
            assert_eq!(cards.get(&card(4).digest()).unwrap(), Kept::Nothing);
            cards.put(&[card(3)]).unwrap();
        }
        assert_eq!(disk.bytes(&path()).len(), length);
        assert_eq!(open(&disk).1, CardsRecovery { kept: 3, ..CardsRecovery::default() });
    }

    #[test]
    fn an_erased_card_is_nowhere_in_the_file_and_does_not_come_back() {
        let disk = fresh();
        let (cards, _) = open(&disk);
        cards.put(&[card(1), card(2), card(3)]).unwrap();
        assert!(cards.erase(&card(2).digest()).unwrap());
        assert!(!cards.erase(&card(9).digest()).unwrap());
        let disk = disk.power_cut(Survivors::None);
        let bytes = disk.bytes(&path());
        let words = "Ateliér 2".as_bytes();
        assert!(!bytes.windows(words.len()).any(|window| window == words));
        assert!(!bytes.windows(32).any(|window| window == [2; 32]));
        let (cards, recovery) = open(&disk);
        assert_eq!(recovery, CardsRecovery { kept: 2, withdrawn: 1, ..CardsRecovery::default() });
        cards.put(&[card(2)]).unwrap();
        assert_eq!(cards.get(&card(2).digest()).unwrap(), Kept::Withdrawn);
        assert_eq!(cards.get(&card(3).digest()).unwrap(), Kept::Card(card(3)));
    }

    #[test]
    fn a_file_torn_at_any_byte_keeps_every_card_before_and_takes_new_ones() {
        let disk = fresh();
        let (cards, _) = open(&disk);
        cards.put(&[card(1)]).unwrap();
        let first = disk.bytes(&path()).len();
        cards.put(&[card(2), card(3)]).unwrap();
        let bytes = disk.bytes(&path());
        let second = first + HEAD_BYTES + 1 + 32 + card(2).text.len();
        for length in first..bytes.len() {
            disk.put(&path(), bytes[..length].to_vec());
            let (cards, recovery) = open(&disk);
            assert_eq!(recovery.kept, 1 + u64::from(length >= second), "{length}");
            assert_eq!(cards.get(&card(1).digest()).unwrap(), Kept::Card(card(1)));
            assert_eq!(cards.get(&card(3).digest()).unwrap(), Kept::Nothing);
            cards.put(&[card(3)]).unwrap();
            assert_eq!(open(&disk).0.get(&card(3).digest()).unwrap(), Kept::Card(card(3)));
        }
    }

    #[test]
    fn a_damaged_card_costs_no_other_and_leaves_no_words_behind() {
        let disk = fresh();
        let (cards, _) = open(&disk);
        cards.put(&[card(1), card(2), card(3)]).unwrap();
        let bytes = disk.bytes(&path());
        let start = FILE_HEAD.len() + HEAD_BYTES + 1 + 32 + card(1).text.len();
        let end = start + HEAD_BYTES + 1 + 32 + card(2).text.len();
        for place in start..end {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x40;
            disk.put(&path(), damaged);
            let (cards, recovery) = open(&disk);
            if place == start + HEAD_BYTES {
                assert_eq!(cards.get(&card(2).digest()).unwrap(), Kept::Card(card(2)));
                continue;
            }
            assert_eq!((recovery.kept, recovery.zeroed_bytes), (2, (end - start) as u64), "byte {place}");
            assert_eq!(cards.get(&card(2).digest()).unwrap(), Kept::Nothing);
            assert_eq!(cards.get(&card(3).digest()).unwrap(), Kept::Card(card(3)));
            assert!(disk.bytes(&path())[start..end].iter().all(|byte| *byte == 0));
            assert_eq!(open(&disk).1.zeroed_bytes, 0);
            cards.put(&[card(2)]).unwrap();
            assert_eq!(open(&disk).0.get(&card(2).digest()).unwrap(), Kept::Card(card(2)));
        }
    }

    #[test]
    fn a_put_that_fails_at_any_point_loses_no_other_card() {
        for fault in [Fault::Fails, Fault::HalfFails, Fault::Full, Fault::Dies] {
            for call in 0..4 {
                for survivors in [Survivors::None, Survivors::All].into_iter().chain((0..8).map(Survivors::Some)) {
                    let disk = fresh();
                    let (cards, _) = open(&disk);
                    cards.put(&[card(1)]).unwrap();
                    disk.arm(call, fault);
                    let put = cards.put(&[card(100), card(101)]);
                    disk.disarm();
                    if matches!(put, Err(CardsError::Full(_))) {
                        cards.put(&[card(5)]).unwrap();
                    }
                    let (found, _) = open(&disk.power_cut(survivors));
                    let case = format!("{fault:?} at {call}, {survivors:?}: {put:?}");
                    assert_eq!(found.get(&card(1).digest()).unwrap(), Kept::Card(card(1)), "{case}");
                    let acknowledged = match put {
                        Ok(()) => vec![card(100), card(101)],
                        Err(CardsError::Full(_)) => vec![card(5)],
                        Err(_) => vec![],
                    };
                    for card in acknowledged {
                        assert_eq!(found.get(&card.digest()).unwrap(), Kept::Card(card), "{case}");
                    }
                    found.put(&[card(100), card(101)]).unwrap();
                    assert_eq!(found.get(&card(101).digest()).unwrap(), Kept::Card(card(101)), "{case}");
                }
            }
        }
    }

    #[test]
    fn an_erasure_that_was_begun_is_finished_at_the_next_opening() {
        for call in 0..4 {
            for survivors in [Survivors::None, Survivors::All].into_iter().chain((0..8).map(Survivors::Some)) {
                let disk = fresh();
                let (cards, _) = open(&disk);
                cards.put(&[card(1), card(200), card(3)]).unwrap();
                disk.arm(call, Fault::Dies);
                assert!(cards.erase(&card(200).digest()).is_err());
                disk.disarm();
                let disk = disk.power_cut(survivors);
                let (cards, recovery) = open(&disk);
                let kept = cards.get(&card(200).digest()).unwrap();
                assert!(
                    kept != Kept::Nothing && (call < 2 || kept == Kept::Withdrawn),
                    "{call} {survivors:?} {kept:?}"
                );
                assert_eq!(recovery.kept + recovery.withdrawn, 3);
                let words = disk.bytes(&path()).windows(100).any(|window| window == [b'x'; 100]);
                assert_eq!(words, kept != Kept::Withdrawn);
            }
        }
    }

    #[test]
    fn another_file_is_not_taken_for_cards() {
        let disk = fresh();
        disk.put(&path(), Vec::new());
        assert!(matches!(Cards::open_on(&disk, dir()), Err(CardsError::Missing)));
        for bytes in [&b"colophon.cards/v1"[..], b"colophon.cards/v2\n", b"something else altogether"] {
            disk.put(&path(), bytes.to_vec());
            assert!(matches!(Cards::open_on(&disk, dir()), Err(CardsError::Format)));
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_opening_panic(bytes: Vec<u8>, marks in proptest::collection::vec(0_usize..400, 0..4)) {
            let disk = fresh();
            let mut file = FILE_HEAD.to_vec();
            file.extend(bytes);
            for place in marks {
                file.splice(place.min(file.len()).max(FILE_HEAD.len()).., *record::MARK);
            }
            disk.put(&path(), file);
            let (cards, _) = open(&disk);
            cards.put(&[card(1)]).unwrap();
            prop_assert_eq!(open(&disk).0.get(&card(1).digest()).unwrap(), Kept::Card(card(1)));
        }
    }
}
