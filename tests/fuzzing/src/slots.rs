//! The two slots of checkpoints: the newer whole one counts, whatever stands in the other.

use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use colophon_storage::slots::{NOTES_BYTES_MAX, SLOT_BYTES, SLOTS_FILE, Slot, SlotError, Slots};
use colophon_tlog::hash::sha256;

use crate::disk::MemoryDisk;
use crate::mutate::Dice;

/// Words of slots.
pub const WORDS: &[&str] = &["colophon.slot/v1\n", "\u{0}\u{0}\u{0}\u{0}", "note\n"];

const CLAIMED_GENERATION: u64 = 7;

#[derive(Debug, Arbitrary)]
struct File {
    regions: [Region; 2],
    cut: Option<u16>,
}

#[derive(Debug, Arbitrary)]
enum Region {
    Blank,
    Raw(Vec<u8>),
    /// Whole by its digest, unless something is changed after.
    Sealed {
        generation: u64,
        pending: Vec<u8>,
        published: Vec<u8>,
        change: Option<(u16, u8)>,
    },
    /// Lengths that say more than there is.
    Claims {
        pending: u32,
        published: u32,
        notes: Vec<u8>,
    },
}

impl Region {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Region::Blank => Vec::new(),
            Region::Raw(bytes) => bytes.clone(),
            Region::Claims { pending, published, notes } => sealed(CLAIMED_GENERATION, [*pending, *published], notes),
            Region::Sealed { generation, pending, published, change } => {
                let mut bytes = whole(*generation, pending, published);
                if let Some((at, byte)) = change {
                    let at = usize::from(*at) % bytes.len();
                    bytes[at] = *byte;
                }
                bytes
            }
        }
    }

    /// Returns the slot that must be read, if the region is known to hold one.
    fn slot(&self) -> Option<Slot> {
        let (generation, pending, published) = match self {
            Region::Blank | Region::Raw(_) => return None,
            Region::Sealed { generation, pending, published, change } => {
                // To put the byte there that is there changes nothing.
                if change.is_some() && self.bytes() != whole(*generation, pending, published) {
                    return None;
                }
                (near_the_end(*generation), &pending[..], &published[..])
            }
            Region::Claims { pending, published, notes } => {
                let (before, after) = notes.split_at_checked(usize::try_from(*pending).unwrap())?;
                if after.len() != usize::try_from(*published).unwrap() {
                    return None;
                }
                (CLAIMED_GENERATION, before, after)
            }
        };
        let note = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let both = (note(pending)?, note(published)?);
        let some = |text: String| (!text.is_empty()).then_some(text);
        Some(Slot { generation, pending: some(both.0), published: some(both.1) })
    }
}

/// Returns the bytes of a slot that says these lengths, whole by its digest.
fn sealed(generation: u64, lengths: [u32; 2], notes: &[u8]) -> Vec<u8> {
    let mut bytes = b"colophon.slot/v1\n".to_vec();
    bytes.extend(generation.to_be_bytes());
    for length in lengths {
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend(notes);
    let digest = sha256(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

fn whole(generation: u64, pending: &[u8], published: &[u8]) -> Vec<u8> {
    let lengths = [pending, published].map(|note| u32::try_from(note.len()).unwrap());
    sealed(near_the_end(generation), lengths, &[pending, published].concat())
}

/// Takes some numbers for the last there are.
fn near_the_end(generation: u64) -> u64 {
    if generation.is_multiple_of(5) { u64::MAX - generation / 5 % 3 } else { generation }
}

/// Opens slots as they are made up, writes to them, and opens them again.
pub fn check(data: &[u8]) {
    let Ok(file) = File::arbitrary(&mut Unstructured::new(data)) else { return };
    let (disk, dir) = (MemoryDisk::default(), Path::new("register"));
    let size = usize::try_from(SLOT_BYTES).unwrap();
    let mut bytes = vec![0; 2 * size];
    for (place, region) in file.regions.iter().enumerate() {
        let written = region.bytes();
        let fits = written.len().min(size);
        bytes[place * size..place * size + fits].copy_from_slice(&written[..fits]);
    }
    if let Some(cut) = file.cut {
        bytes.truncate(usize::from(cut) * 9);
    }
    disk.put(&dir.join(SLOTS_FILE), bytes);
    let expected = file.regions.iter().filter_map(Region::slot).map(|slot| slot.generation).max();
    match Slots::open_on(&disk, dir) {
        Err(SlotError::Damaged) => assert!(expected.is_none() || file.cut.is_some()),
        Err(error) => panic!("{error}"),
        Ok(slots) => {
            assert!(file.cut.is_some() || Some(slots.newest().generation) >= expected);
            let known = file.regions.iter().filter_map(Region::slot);
            let same = known.filter(|slot| slot.generation == slots.newest().generation);
            assert!(
                same.clone().next().is_none() || file.cut.is_some() || same.clone().any(|slot| slot == *slots.newest())
            );
            check_writing(slots, &disk, dir);
        }
    }
}

fn check_writing(mut slots: Slots, disk: &MemoryDisk, dir: &Path) {
    let before = slots.newest().clone();
    assert!(before.notes().map(str::len).sum::<usize>() <= NOTES_BYTES_MAX);
    if before.generation > u64::MAX - 3 {
        // Some write will find no number left. It is refused, and nothing is lost.
        let refused = (0..4).any(|_| matches!(slots.write(None, None), Err(SlotError::Fatal(_))));
        assert!(refused && Slots::open_on(disk, dir).unwrap().newest().generation == u64::MAX);
        return;
    }
    slots
        .write(Some("pending\n"), before.published.as_deref().filter(|note| note.len() < NOTES_BYTES_MAX - 8))
        .unwrap();
    let written = slots.newest().clone();
    assert!(written.generation > before.generation);
    assert_eq!(*Slots::open_on(disk, dir).unwrap().newest(), written);
    let too_long = "x".repeat(NOTES_BYTES_MAX + 1);
    assert!(matches!(slots.write(Some(&too_long), None), Err(SlotError::TooLarge { .. })));
    slots.write(None, None).unwrap();
    assert_eq!(Slots::open_on(disk, dir).unwrap().newest().notes().count(), 0);
}

/// Bytes of which files of every sort are made.
pub fn seeds() -> Vec<Vec<u8>> {
    Dice::new(7).runs(32, 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed_region(note: &str, change: Option<(u16, u8)>) -> Region {
        Region::Sealed { generation: 1, pending: note.into(), published: Vec::new(), change }
    }

    #[test]
    fn a_change_to_the_same_byte_is_none() {
        assert_eq!(sealed_region("a", Some((0, b'c'))).slot(), sealed_region("a", None).slot());
        assert_eq!(sealed_region("a", Some((0, b'C'))).slot(), None);
    }

    #[test]
    fn lengths_that_happen_to_be_right_make_a_slot() {
        let claims = |published| Region::Claims { pending: 1, published, notes: b"ab".to_vec() };
        let slot = claims(1).slot().unwrap();
        assert_eq!((slot.generation, slot.pending.as_deref(), slot.published.as_deref()), (7, Some("a"), Some("b")));
        assert_eq!(claims(2).slot(), None);
    }
}
