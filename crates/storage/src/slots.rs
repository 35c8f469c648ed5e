//! The pending and the published checkpoint, in two alternating slots.
//!
//! A checkpoint stands in a slot before its signature leaves the process, for from then on it binds: no other tree of that
//! size may ever be shown. One slot is overwritten at a time, so the other is whole whatever happens. The file `slots` is two
//! regions of [`SLOT_BYTES`], each:
//!
//! ```text
//! 17  "colophon.slot/v1\n"
//!  8  generation           big endian; the greater of two is the newer
//!  4  bytes of pending     0: there is none
//!  4  bytes of published   0: there is none
//!  …  pending, published   signed notes
//! 32  SHA-256 of all before
//! ```

use std::io;
use std::path::Path;
use std::sync::Arc;

use colophon_tlog::hash::sha256;

use crate::disk::{Disk, DiskFile, RealDisk, write_again};

/// The name of the file in the register's folder.
pub const SLOTS_FILE: &str = "slots";
/// The size of each of the two regions. All of it is written at the beginning, so that a full disk stops no checkpoint.
pub const SLOT_BYTES: u64 = 256 * 1024;

const MAGIC: &[u8; 17] = b"colophon.slot/v1\n";
const HEAD_BYTES: usize = MAGIC.len() + 8 + 4 + 4;
const DIGEST_BYTES: usize = 32;
/// The longest pending and published checkpoint together, in bytes.
pub const NOTES_BYTES_MAX: usize = 256 * 1024 - HEAD_BYTES - DIGEST_BYTES;

/// What a slot holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slot {
    /// How many writes came before.
    pub generation: u64,
    /// The checkpoint that is signed, or about to be, and not published yet.
    pub pending: Option<String>,
    /// The checkpoint that was published last.
    pub published: Option<String>,
}

/// Why the slots could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// The notes do not fit.
    #[error("the checkpoints take {bytes} bytes together; there is room for {NOTES_BYTES_MAX}")]
    TooLarge {
        /// Their length together.
        bytes: usize,
    },
    /// Neither slot is whole. Not even a power cut in the middle of a write does that.
    #[error(
        "neither slot of the file {SLOTS_FILE:?} is whole: the disk has damaged it. Put back the file from a backup of the \
         same moment as the log, or copy the whole register from a follower; never start without it"
    )]
    Damaged,
    /// The file cannot be read.
    #[error("the file {SLOTS_FILE:?} cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The write failed; the slot before it stands, and the write may be tried again.
    #[error("the file {SLOTS_FILE:?} cannot be written: {0}")]
    Write(#[source] io::Error),
    /// It is not known what is on the disk: the process must end.
    #[error("the file {SLOTS_FILE:?} could not be synced; the process must end: {0}")]
    Fatal(#[source] io::Error),
}

/// The two slots.
#[derive(Debug)]
pub struct Slots {
    file: Arc<dyn DiskFile>,
    newest: Slot,
    place: u64,
    broken: bool,
}

impl Slots {
    /// Opens the slots of the register in `dir`, whose log must be open (it holds the lock).
    pub fn open(dir: &Path) -> Result<Slots, SlotError> {
        Slots::open_on(&RealDisk, dir)
    }

    /// Opens the slots of the register in `dir` on a disk of one's own.
    pub fn open_on(disk: &dyn Disk, dir: &Path) -> Result<Slots, SlotError> {
        Slots::open_file(disk, &dir.join(SLOTS_FILE))
    }

    /// Opens a file of slots of any name.
    pub(crate) fn open_file(disk: &dyn Disk, path: &Path) -> Result<Slots, SlotError> {
        let file = disk.open(path).map_err(SlotError::Read)?;
        let slots = (0..).zip(read_both(&*file)?).filter_map(|(place, region)| Some((place, region.into_slot()?)));
        let newest = slots.max_by_key(|(_, slot)| slot.generation);
        let (place, newest): (u64, Slot) = newest.ok_or(SlotError::Damaged)?;
        let start = place * SLOT_BYTES;
        write_again(&*file, start..start + encode(&newest).len() as u64).map_err(SlotError::Fatal)?;
        Ok(Slots { file, newest, place, broken: false })
    }

    /// Makes the file of slots, without checkpoints. Replaces one that is there.
    pub(crate) fn create_on(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        let file = disk.create(&dir.join(SLOTS_FILE))?;
        file.write_at(&Slots::blank(), 0)?;
        file.sync()
    }

    /// Returns the bytes of a file of slots without checkpoints.
    pub(crate) fn blank() -> Vec<u8> {
        let mut bytes = encode(&Slot::default());
        bytes.resize(usize::try_from(2 * SLOT_BYTES).unwrap_or(usize::MAX), 0);
        bytes
    }

    /// Returns what was written last.
    pub fn newest(&self) -> &Slot {
        &self.newest
    }

    /// Writes both checkpoints over the older slot. Durable when it returns.
    ///
    /// After [`SlotError::Write`] the slot before stands; after [`SlotError::Fatal`] nobody knows which one does, and the
    /// process must end.
    pub fn write(&mut self, pending: Option<&str>, published: Option<&str>) -> Result<(), SlotError> {
        if self.broken {
            return Err(SlotError::Fatal(io::Error::other("a sync failed before")));
        }
        let next_generation = self.newest.generation.checked_add(1);
        let next = Slot {
            // Nobody lives to write 2^64 of them, so a slot that says so was made up.
            generation: next_generation.ok_or_else(|| SlotError::Fatal(io::Error::other("no number is left")))?,
            pending: pending.filter(|note| !note.is_empty()).map(str::to_owned),
            published: published.filter(|note| !note.is_empty()).map(str::to_owned),
        };
        let bytes = next.notes_bytes();
        if bytes > NOTES_BYTES_MAX {
            return Err(SlotError::TooLarge { bytes });
        }
        let place = 1 - self.place;
        self.file.write_at(&encode(&next), place * SLOT_BYTES).map_err(SlotError::Write)?;
        if let Err(error) = self.file.sync() {
            self.broken = true;
            return Err(SlotError::Fatal(error));
        }
        self.newest = next;
        self.place = place;
        Ok(())
    }
}

impl Slot {
    /// Returns the checkpoints that bind: no log may be shorter than these, or differ from them.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        [&self.pending, &self.published].into_iter().flatten().map(String::as_str)
    }

    fn notes_bytes(&self) -> usize {
        self.notes().map(str::len).sum()
    }
}

/// Returns every slot that is whole, the older one too.
pub(crate) fn read_slots(disk: &dyn Disk, dir: &Path) -> Result<Vec<Slot>, SlotError> {
    let file = disk.open(&dir.join(SLOTS_FILE)).map_err(SlotError::Read)?;
    let whole: Vec<Slot> = read_both(&*file)?.into_iter().filter_map(Region::into_slot).collect();
    if whole.is_empty() { Err(SlotError::Damaged) } else { Ok(whole) }
}

/// Tells whether a slot is torn, cut off or damaged: neither whole nor never written.
pub(crate) fn has_torn_slot(disk: &dyn Disk, dir: &Path) -> Result<bool, SlotError> {
    let file = disk.open(&dir.join(SLOTS_FILE)).map_err(SlotError::Read)?;
    let cut = file.length().map_err(SlotError::Read)? < 2 * SLOT_BYTES;
    Ok(cut || read_both(&*file)?.iter().any(|region| matches!(region, Region::Torn)))
}

/// What one of the two regions holds.
enum Region {
    Whole(Slot),
    Blank,
    Torn,
}

impl Region {
    fn into_slot(self) -> Option<Slot> {
        match self {
            Region::Whole(slot) => Some(slot),
            Region::Blank | Region::Torn => None,
        }
    }
}

fn read_both(file: &dyn DiskFile) -> Result<[Region; 2], SlotError> {
    let length = file.length().map_err(SlotError::Read)?;
    let read = |place: u64| {
        let count = length.min((place + 1) * SLOT_BYTES).saturating_sub(place * SLOT_BYTES);
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        if !bytes.is_empty() {
            file.read_at(&mut bytes, place * SLOT_BYTES).map_err(SlotError::Read)?;
        }
        Ok(match decode(&bytes) {
            Some(slot) => Region::Whole(slot),
            None if bytes.iter().all(|byte| *byte == 0) => Region::Blank,
            None => Region::Torn,
        })
    };
    Ok([read(0)?, read(1)?])
}

fn encode(slot: &Slot) -> Vec<u8> {
    let [pending, published] = [&slot.pending, &slot.published].map(|note| note.as_deref().unwrap_or(""));
    let mut bytes = MAGIC.to_vec();
    bytes.extend(slot.generation.to_be_bytes());
    for note in [pending, published] {
        bytes.extend(u32::try_from(note.len()).expect("notes are far shorter than 4 GiB").to_be_bytes());
    }
    bytes.extend(pending.as_bytes());
    bytes.extend(published.as_bytes());
    let digest = sha256(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

fn decode(region: &[u8]) -> Option<Slot> {
    let rest = region.strip_prefix(MAGIC)?;
    let (generation, rest) = rest.split_first_chunk()?;
    let (pending_bytes, rest) = rest.split_first_chunk()?;
    let (published_bytes, rest) = rest.split_first_chunk()?;
    let pending_bytes = usize::try_from(u32::from_be_bytes(*pending_bytes)).ok()?;
    let published_bytes = usize::try_from(u32::from_be_bytes(*published_bytes)).ok()?;
    let notes_bytes = pending_bytes.checked_add(published_bytes).filter(|bytes| *bytes <= NOTES_BYTES_MAX)?;
    let (notes, rest) = rest.split_at_checked(notes_bytes)?;
    let (digest, _) = rest.split_at_checked(DIGEST_BYTES)?;
    if sha256(region.get(..HEAD_BYTES + notes_bytes)?).as_bytes() != digest {
        return None;
    }
    let (pending, published) = std::str::from_utf8(notes).ok()?.split_at_checked(pending_bytes)?;
    let note = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(Slot { generation: u64::from_be_bytes(*generation), pending: note(pending), published: note(published) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lying::{Fault, LyingDisk, Survivors};

    fn dir() -> &'static Path {
        Path::new("/register")
    }

    fn fresh() -> LyingDisk {
        let disk = LyingDisk::default();
        Slots::create_on(&disk, dir()).unwrap();
        disk.sync_dir(dir()).unwrap();
        disk
    }

    #[test]
    fn what_was_written_last_is_read_back() {
        let disk = fresh();
        let mut slots = Slots::open_on(&disk, dir()).unwrap();
        assert_eq!(*slots.newest(), Slot::default());
        for number in 1..5_u64 {
            let (pending, published) = (format!("pending {number}\n"), format!("published {number}\n"));
            slots.write(Some(&pending), (number % 2 == 0).then_some(published.as_str())).unwrap();
            let slot = Slots::open_on(&disk, dir()).unwrap().newest().clone();
            assert_eq!(slot, *slots.newest());
            assert_eq!((slot.generation, slot.pending), (number, Some(pending)));
            assert_eq!(slot.published.is_some(), number % 2 == 0);
        }
        assert_eq!(read_slots(&disk, dir()).unwrap().len(), 2);
    }

    #[test]
    fn a_slot_with_any_byte_flipped_gives_way_to_the_older_one() {
        let disk = fresh();
        let mut slots = Slots::open_on(&disk, dir()).unwrap();
        slots.write(Some("old pending\n"), Some("old published\n")).unwrap();
        slots.write(Some("pending\n"), Some("published\n")).unwrap();
        let path = dir().join(SLOTS_FILE);
        let bytes = disk.bytes(&path);
        let written = encode(slots.newest()).len();
        for place in 0..written {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << (place % 8);
            disk.put(&path, damaged);
            let slot = Slots::open_on(&disk, dir()).unwrap().newest().clone();
            assert_eq!((slot.generation, slot.pending.as_deref()), (1, Some("old pending\n")), "byte {place}");
        }
    }

    #[test]
    fn two_damaged_slots_are_no_slots() {
        let disk = fresh();
        let path = dir().join(SLOTS_FILE);
        for bytes in [vec![0; 2 * 256 * 1024], vec![0xff; 600_000], b"colophon.slot/v1\n".to_vec(), Vec::new()] {
            disk.put(&path, bytes);
            assert!(matches!(Slots::open_on(&disk, dir()), Err(SlotError::Damaged)));
        }
        disk.remove(&path);
        assert!(matches!(Slots::open_on(&disk, dir()), Err(SlotError::Read(_))));
    }

    #[test]
    fn a_slot_of_the_last_number_there_is_ends_the_process_at_the_next_write() {
        let disk = fresh();
        let path = dir().join(SLOTS_FILE);
        let mut bytes = disk.bytes(&path);
        let last = encode(&Slot { generation: u64::MAX, ..Slot::default() });
        bytes[..last.len()].copy_from_slice(&last);
        disk.put(&path, bytes.clone());
        let mut slots = Slots::open_on(&disk, dir()).unwrap();
        assert!(matches!(slots.write(Some("pending\n"), None), Err(SlotError::Fatal(_))));
        assert_eq!(disk.bytes(&path), bytes);
    }

    #[test]
    fn notes_may_fill_a_slot_and_no_more() {
        let disk = fresh();
        let mut slots = Slots::open_on(&disk, dir()).unwrap();
        let half = "x".repeat(NOTES_BYTES_MAX / 2);
        slots.write(Some(&half), Some(&half)).unwrap();
        let slot = Slots::open_on(&disk, dir()).unwrap().newest().clone();
        assert_eq!(slot.pending, Some(half.clone()));
        let longer = "x".repeat(NOTES_BYTES_MAX - half.len() + 1);
        assert!(matches!(slots.write(Some(&half), Some(&longer)), Err(SlotError::TooLarge { .. })));
        assert_eq!(slots.newest().generation, 1);
    }

    /// Whatever call fails, in whatever way, and whatever a power cut leaves: the newest slot is the one before the write
    /// or the one that was written, and the one that was written if the write was said to be done.
    #[test]
    fn a_write_that_fails_at_any_point_leaves_a_whole_slot() {
        for fault in [Fault::Fails, Fault::HalfFails, Fault::Full, Fault::Dies] {
            for call in 0..3 {
                for survivors in [Survivors::None, Survivors::All].into_iter().chain((0..8).map(Survivors::Some)) {
                    let disk = fresh();
                    let mut slots = Slots::open_on(&disk, dir()).unwrap();
                    slots.write(Some("one\n"), None).unwrap();
                    disk.arm(call, fault);
                    let written = slots.write(Some("two\n"), Some("one\n"));
                    disk.disarm();
                    let found = Slots::open_on(&disk.power_cut(survivors), dir()).unwrap().newest().clone();
                    let case = format!("{fault:?} at {call}, {survivors:?}: {written:?}");
                    match &written {
                        Ok(()) => assert_eq!(found.generation, 2, "{case}"),
                        Err(SlotError::Write(_)) => {
                            assert_eq!(found.generation, 1, "{case}");
                            slots.write(Some("three\n"), None).unwrap();
                            let again = Slots::open_on(&disk.power_cut(Survivors::None), dir()).unwrap();
                            assert_eq!(again.newest().pending.as_deref(), Some("three\n"));
                        }
                        Err(_) => {
                            assert!([1, 2].contains(&found.generation), "{case}");
                            assert!(matches!(slots.write(None, None), Err(SlotError::Fatal(_))));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_slot_read_from_the_cache_after_a_failed_sync_is_on_the_disk_once_opened() {
        let disk = fresh();
        let mut slots = Slots::open_on(&disk, dir()).unwrap();
        disk.arm(1, Fault::HalfFails);
        assert!(matches!(slots.write(Some("signed\n"), None), Err(SlotError::Fatal(_))));
        disk.disarm();
        let found = Slots::open_on(&disk, dir()).unwrap().newest().clone();
        let after = Slots::open_on(&disk.power_cut(Survivors::None), dir()).unwrap().newest().clone();
        assert_eq!(found, after);
    }
}
