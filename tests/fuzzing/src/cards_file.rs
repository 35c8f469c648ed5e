//! The file of cards: every whole record is found, nothing else is, and once it is in order it stays so.

use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use colophon_ledger::card::Card;
use colophon_storage::cards::{CARDS_FILE, Cards, CardsError, Kept};
use colophon_tlog::hash::sha256_concat;

use crate::choices::rest;
use crate::disk::MemoryDisk;
use crate::mutate::Dice;
use crate::story::story;

/// Words of records.
pub const WORDS: &[&str] = &["\ncard/1\n", "\u{0}\u{0}\u{0}\u{2}", "{}", "{\"a\":1}"];

/// The most parts of a file.
const PARTS_MAX: usize = 64;

#[derive(Debug, Arbitrary)]
enum Part {
    Card {
        number: u8,
        withdrawn: bool,
        half_erased: Option<u16>,
        change: Option<(u16, u8)>,
    },
    /// A head with a right check, whatever comes after it.
    Head {
        text_bytes: u32,
        digest: [u8; 32],
    },
    Raw(Vec<u8>),
    Zeros(u8),
}

fn card(number: u8) -> Card {
    let cards = &story().cards;
    let known = cards.get(usize::from(number)).cloned();
    known.unwrap_or_else(|| Card::new([number; 32], format!("{{\"n\":{number}}}")).unwrap())
}

fn head(text_bytes: u32, digest: &[u8; 32]) -> Vec<u8> {
    let length = text_bytes.to_be_bytes();
    let check = sha256_concat(&[&length, digest]);
    [b"\ncard/1\n", &length[..], digest, &check.as_bytes()[..8]].concat()
}

impl Part {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Part::Raw(bytes) => bytes.clone(),
            Part::Zeros(count) => vec![0; usize::from(*count)],
            Part::Head { text_bytes, digest } => head(*text_bytes, digest),
            Part::Card { number, withdrawn, half_erased, change } => {
                let card = card(*number);
                let mut bytes = head(u32::try_from(card.text.len()).unwrap(), card.digest().0.as_bytes());
                let body = bytes.len();
                bytes.push(if *withdrawn { 0 } else { 0xff });
                bytes.extend(card.salt.0.as_bytes());
                bytes.extend(card.text.as_bytes());
                if let Some(count) = half_erased.filter(|_| *withdrawn) {
                    bytes[body..].iter_mut().take(usize::from(count)).for_each(|byte| *byte = 0);
                }
                if let Some((at, byte)) = change {
                    let at = usize::from(*at) % bytes.len();
                    bytes[at] = *byte;
                }
                bytes
            }
        }
    }

    /// Returns whether the record stays a whole one wherever it stands.
    fn is_whole(&self) -> bool {
        matches!(self, Part::Card { change: None, .. })
    }
}

/// Opens a file as it is made up, holds what is found against what was put there, and opens it again.
pub fn check(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok((headless, cut)) = <(Option<bool>, Option<u16>)>::arbitrary(&mut choices) else { return };
    let (disk, dir) = (MemoryDisk::default(), Path::new("register"));
    let parts: Vec<Part> = rest(&mut choices, PARTS_MAX);
    Cards::create_on(&disk, dir).unwrap();
    let begin = disk.bytes(&dir.join(CARDS_FILE));
    let mut bytes = if headless == Some(true) { Vec::new() } else { begin };
    for part in &parts {
        bytes.extend(part.bytes());
    }
    if let Some(cut) = cut {
        bytes.truncate(usize::from(cut));
    }
    disk.put(&dir.join(CARDS_FILE), bytes.clone());
    let (cards, found) = match Cards::open_on(&disk, dir) {
        Ok(opened) => opened,
        Err(CardsError::Read(error)) => panic!("{error}"),
        Err(_) => {
            assert_eq!(disk.bytes(&dir.join(CARDS_FILE)), bytes, "what is not opened is not changed");
            return;
        }
    };
    let sound = parts.iter().all(Part::is_whole) && cut.is_none();
    if sound {
        assert_eq!(found.kept + found.withdrawn, parts.len() as u64);
    }
    assert!(found.kept + found.withdrawn <= (bytes.len() / 85) as u64 + 1);
    check_found(&cards, &parts, sound);
    let settled = disk.bytes(&dir.join(CARDS_FILE));
    let (_, again) = Cards::open_on(&disk, dir).unwrap();
    assert_eq!((again.cut_bytes, again.zeroed_bytes), (0, 0));
    assert_eq!((again.kept, again.withdrawn), (found.kept, found.withdrawn));
    assert_eq!(disk.bytes(&dir.join(CARDS_FILE)), settled);
    check_keeping(&cards, &disk, dir);
}

fn check_found(cards: &Cards, parts: &[Part], sound: bool) {
    for (place, part) in parts.iter().enumerate() {
        let Part::Card { number, withdrawn, .. } = part else { continue };
        let last =
            !parts[place + 1..].iter().any(|part| matches!(part, Part::Card { number: other, .. } if other == number));
        match cards.get(&card(*number).digest()).unwrap() {
            Kept::Card(found) => assert_eq!(found, card(*number)),
            Kept::Withdrawn | Kept::Nothing => assert!(!sound || !last || *withdrawn),
        }
    }
}

/// What is kept now is found at the next start, and what is erased is gone from the bytes.
fn check_keeping(cards: &Cards, disk: &MemoryDisk, dir: &Path) {
    let new = Card::new([200; 32], "{\"quite\":\"new\"}".to_owned()).unwrap();
    cards.put(std::slice::from_ref(&new)).unwrap();
    let (again, _) = Cards::open_on(disk, dir).unwrap();
    assert!(matches!(again.get(&new.digest()).unwrap(), Kept::Card(found) if found == new));
    assert!(again.erase(&new.digest()).unwrap());
    let (again, _) = Cards::open_on(disk, dir).unwrap();
    assert!(matches!(again.get(&new.digest()).unwrap(), Kept::Withdrawn));
    let bytes = disk.bytes(&dir.join(CARDS_FILE));
    assert!(!bytes.windows(new.text.len()).any(|window| window == new.text.as_bytes()));
}

/// Bytes of which files of every sort are made.
pub fn seeds() -> Vec<Vec<u8>> {
    Dice::new(7).runs(48, 5)
}
