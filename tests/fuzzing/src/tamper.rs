//! Certificates that were sound before somebody changed, moved, doubled or dropped parts of them.

use arbitrary::{Arbitrary, Unstructured};
use colophon_ledger::certificate::Certificate;
use colophon_ledger::state_root::Base64Hash;
use colophon_tlog::hash::Hash;

use crate::certificate::check_truth;
use crate::choices::rest;
use crate::mutate::Dice;
use crate::people::digest;
use crate::story::{checkpoint, log_signer, story};

/// Nothing in a script is text.
pub const WORDS: &[&str] = &["\u{0}\u{1}", "\u{2}\u{3}"];

#[derive(Debug, Arbitrary)]
enum Change {
    DropEntry(u8),
    DoubleEntry(u8),
    SwapEntries(u8, u8),
    /// An entry of the log that may not belong to it.
    AddEntry {
        at: u8,
        index: u8,
    },
    Index {
        at: u8,
        index: u8,
    },
    Proof {
        at: u8,
        part: u8,
        hash: Option<[u8; 32]>,
    },
    EntryByte {
        at: u8,
        place: u16,
        byte: u8,
    },
    DropRecord(u8),
    SwapRecords(u8, u8),
    /// A record of the state that may not belong to it.
    AddRecord {
        at: u8,
        of: u8,
    },
    HideRecord(u8),
    Path {
        at: u8,
        part: u8,
        hash: Option<[u8; 32]>,
    },
    DropCard(u8),
    SwapCards(u8, u8),
    CardSalt(u8),
    Edition(u8),
    Work(u8),
    /// Another checkpoint that the log signs.
    Checkpoint {
        size: u8,
        of_truth: bool,
    },
}

/// The most changes of one certificate: few, so that some still verify.
const CHANGES_MAX: usize = 8;

/// Changes a sound certificate, writes it, reads it back and verifies it.
pub fn check(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let (work, edition) = [(0, 1), (0, 2), (1, 1)][usize::from(*choice) % 3];
    let mut certificate = story().certificate(story().works[work], edition);
    assert!(certificate.verify(&log_signer().verifier()).is_ok());
    for change in rest::<Change>(&mut Unstructured::new(data), CHANGES_MAX) {
        change.apply(&mut certificate);
    }
    let text = certificate.to_text();
    assert_eq!(Certificate::parse(text.as_bytes()).as_ref(), Ok(&certificate));
    check_truth(&certificate);
}

fn place<T>(list: &[T], at: u8) -> usize {
    usize::from(at) % list.len().max(1)
}

fn drop_at<T>(list: &mut Vec<T>, at: u8) {
    if !list.is_empty() {
        list.remove(place(list, at));
    }
}

fn swap<T>(list: &mut [T], one: u8, other: u8) {
    if !list.is_empty() {
        list.swap(place(list, one), place(list, other));
    }
}

fn replace_hash(path: &mut Vec<Base64Hash>, part: u8, hash: Option<[u8; 32]>) {
    match hash {
        None => drop_at(path, part),
        Some(hash) if path.is_empty() => path.push(Base64Hash(hash.into())),
        Some(hash) => {
            let part = place(path, part);
            path[part] = Base64Hash(hash.into());
        }
    }
}

impl Change {
    fn apply(&self, certificate: &mut Certificate) {
        match self {
            Change::DropRecord(_)
            | Change::SwapRecords(..)
            | Change::AddRecord { .. }
            | Change::HideRecord(_)
            | Change::Path { .. } => self.apply_to_records(certificate),
            Change::DropCard(at) => drop_at(&mut certificate.cards, *at),
            Change::SwapCards(one, other) => swap(&mut certificate.cards, *one, *other),
            Change::CardSalt(at) => {
                let at = place(&certificate.cards, *at);
                certificate.cards.iter_mut().skip(at).take(1).for_each(|card| card.salt = digest("salt"));
            }
            Change::Edition(edition) => certificate.edition = u64::from(*edition),
            Change::Work(work) => certificate.work = story().works[place(&story().works, *work)],
            Change::Checkpoint { size, of_truth } => {
                let leaves = &story().leaves;
                let size = usize::from(*size) % (leaves.len() + 1);
                let root = if *of_truth { crate::story::tree_of(&leaves[..size]).0.root() } else { Hash::ZERO };
                // A log that signs a smaller tree tells the truth too, only not all of it: nothing can verify under it.
                certificate.checkpoint =
                    if size == leaves.len() { story().checkpoint.clone() } else { checkpoint(size as u64, root) };
            }
            _ => self.apply_to_entries(certificate),
        }
    }

    fn apply_to_entries(&self, certificate: &mut Certificate) {
        let entries = &mut certificate.entries;
        match self {
            Change::DropEntry(at) => drop_at(entries, *at),
            Change::SwapEntries(one, other) => swap(entries, *one, *other),
            Change::AddEntry { at, index } => {
                let index = u64::try_from(place(&story().leaves, *index)).unwrap();
                let at = usize::from(*at) % (entries.len() + 1);
                entries.insert(at, story().proved(index));
            }
            Change::DoubleEntry(at) if !entries.is_empty() => {
                let at = place(entries, *at);
                entries.insert(at, entries[at].clone());
            }
            Change::Index { at, index } if !entries.is_empty() => {
                let at = place(entries, *at);
                entries[at].index = u64::from(*index);
            }
            Change::Proof { at, part, hash } if !entries.is_empty() => {
                let at = place(entries, *at);
                replace_hash(&mut entries[at].proof, *part, *hash);
            }
            Change::EntryByte { at, place: byte_at, byte } if !entries.is_empty() => {
                let at = place(entries, *at);
                let mut bytes = entries[at].entry.clone().into_bytes();
                let byte_at = usize::from(*byte_at) % bytes.len().max(1);
                bytes.iter_mut().skip(byte_at).take(1).for_each(|there| *there = *byte);
                if let Ok(text) = String::from_utf8(bytes) {
                    entries[at].entry = text;
                }
            }
            _ => {}
        }
    }

    fn apply_to_records(&self, certificate: &mut Certificate) {
        let records = &mut certificate.records;
        match self {
            Change::DropRecord(at) => drop_at(records, *at),
            Change::SwapRecords(one, other) => swap(records, *one, *other),
            Change::AddRecord { at, of } => {
                let keys: Vec<_> = story().replay.records().keys().cloned().collect();
                let mut answer = story().answer(&keys[place(&keys, *of)..=place(&keys, *of)]);
                let at = usize::from(*at) % (records.len() + 1);
                records.insert(at, answer.records.remove(0));
            }
            Change::HideRecord(at) if !records.is_empty() => {
                let at = place(records, *at);
                records[at].record = None;
            }
            Change::Path { at, part, hash } if !records.is_empty() => {
                let at = place(records, *at);
                replace_hash(&mut records[at].path, *part, *hash);
            }
            _ => {}
        }
    }
}

/// Bytes of which scripts of every sort are made.
pub fn seeds() -> Vec<Vec<u8>> {
    Dice::new(7).runs(48, 2)
}
