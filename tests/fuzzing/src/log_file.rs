//! The file of entries and the hints beside it: whatever they hold, what is recovered is the longest run of whole batches.

use std::path::Path;
use std::sync::Arc;

use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use colophon_ledger::entry::{ENTRY_BYTES_MAX, entry_id};
use colophon_ledger::field::Digest;
use colophon_storage::commits::{COMMIT_BYTES, COMMITS_FILE};
use colophon_storage::files::{ENTRIES_FILE, tile_file_name};
use colophon_storage::log::Log;
use colophon_storage::recovery::RecoveryError;
use colophon_storage::slots::Slots;
use colophon_tlog::tree::EntryIndex;

use crate::disk::MemoryDisk;
use crate::story::{checkpoint, story, tree_of};

/// Words of entries.
pub const WORDS: &[&str] =
    &["\u{0}\u{0}", "\u{0}\u{1}a", "\u{7f}\u{7f}", "colophon.entry/v1 ", "\"kind\":\"seal\"", "\n\n\u{2014} "];

/// Which file is fed, by the first byte of the input: the entries, or one that is computed from them.
const FED: [&str; 4] = [ENTRIES_FILE, ENTRIES_FILE, COMMITS_FILE, "tile"];

/// Opens a log with one file as it is fed, and opens it again.
pub fn check(data: &[u8]) {
    let Some(([choice, signed], bytes)) = data.split_first_chunk() else { return };
    let disk = Arc::new(MemoryDisk::default());
    let dir = Path::new("register");
    Log::create_on(&*disk, dir).unwrap();
    disk.put(&dir.join(ENTRIES_FILE), log_of(&story().leaves));
    let fed = match FED[usize::from(*choice) % FED.len()] {
        "tile" => tile_file_name(0),
        name => name.to_owned(),
    };
    disk.put(&dir.join(fed), bytes.to_vec());
    let signed = sign_checkpoint(&disk, dir, *signed);
    let before = disk.all();
    let entries = disk.bytes(&dir.join(ENTRIES_FILE));
    let (leaves, end, batch_ends) = whole_batches(&entries);
    let fits =
        signed.is_none_or(|size| size == 0 || (batch_ends.contains(&size) && leaves[..size] == story().leaves[..size]));
    match Log::open_on(disk.clone(), dir, None) {
        Ok((log, recovery)) => {
            assert!(fits, "a log that contradicts a signed checkpoint is opened");
            assert_eq!((log.size().get(), log.root()), (leaves.len() as u64, tree_of(&leaves).0.root()));
            assert_eq!((recovery.entries, recovery.cut_bytes), (leaves.len() as u64, (entries.len() - end) as u64));
            assert_eq!(disk.bytes(&dir.join(ENTRIES_FILE)), entries[..end]);
            for (index, leaf) in (0..).zip(&leaves) {
                assert_eq!(log.reader().entry(EntryIndex::new(index).unwrap()).unwrap(), *leaf);
            }
            drop(log);
            check_again(&disk, dir, batch_ends.len(), &leaves);
        }
        Err(RecoveryError::Shorter { .. } | RecoveryError::Differs { .. }) if !fits => {
            // An empty file of commits may have been made; no byte has been changed.
            let mut after = disk.all();
            after.retain(|path, bytes| before.contains_key(path) || !bytes.is_empty());
            assert_eq!(after, before);
        }
        Err(error) => panic!("{error}"),
    }
}

/// What was put in order is in order, and what is computed from it is what it should be.
fn check_again(disk: &Arc<MemoryDisk>, dir: &Path, batches: usize, leaves: &[Vec<u8>]) {
    let settled = disk.all();
    let (log, recovery) = Log::open_on(disk.clone(), dir, None).unwrap();
    assert_eq!((recovery.cut_bytes, recovery.healed.len(), recovery.batches), (0, 0, batches as u64));
    assert_eq!(log.size().get(), leaves.len() as u64);
    assert_eq!(disk.all(), settled);
    assert_eq!(disk.bytes(&dir.join(COMMITS_FILE)).len(), batches * COMMIT_BYTES);
    let hashes: Vec<u8> = leaves.iter().flat_map(|leaf| *colophon_tlog::hash::leaf_hash(leaf).as_bytes()).collect();
    assert_eq!(disk.bytes(&dir.join(tile_file_name(0))), hashes);
}

/// Puts a checkpoint over the beginning of the story into a slot, unless `choice` is 0.
fn sign_checkpoint(disk: &MemoryDisk, dir: &Path, choice: u8) -> Option<usize> {
    let batches = usize::from(choice.checked_sub(1)?) % (story().batches.len() + 1);
    let size = story().batches[..batches].concat().len();
    let note = checkpoint(size as u64, tree_of(&story().leaves[..size]).0.root());
    Slots::open_on(disk, dir).unwrap().write(Some(&note), None).unwrap();
    Some(size)
}

/// Cuts a file of entries by its definition: the leaves of its whole batches, where they end, and the sizes at which they do.
fn whole_batches(file: &[u8]) -> (Vec<Vec<u8>>, usize, Vec<usize>) {
    let (mut leaves, mut end, mut sizes): (Vec<Vec<u8>>, usize, Vec<usize>) = (Vec::new(), 0, Vec::new());
    let (mut open, mut at): (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
    let mut position: Option<Position> = None;
    while let Some(length) = file.get(at..at + 2).map(|bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))) {
        let Some(leaf) = file.get(at + 2..at + 2 + length).filter(|_| (1..=ENTRY_BYTES_MAX).contains(&length)) else {
            break;
        };
        at += 2 + length;
        let Some(begun) = position.or_else(|| entry_id(leaf).map(|id| beginning(Digest(id)))) else { break };
        position = Some(begun);
        let before = open.len() as u64;
        open.push(leaf.to_vec());
        let Some(seal) = Seal::peek(leaf) else {
            if before >= BATCH_ENTRIES_MAX {
                break;
            }
            continue;
        };
        let said = (seal.first.get(), seal.count.get(), seal.height.get(), seal.prev_seal);
        if said != (begun.index, before, begun.height, begun.prev_seal) {
            break;
        }
        leaves.append(&mut open);
        (end, position) = (
            at,
            Some(Position {
                index: leaves.len() as u64,
                height: begun.height + 1,
                prev_seal: Digest(entry_id(leaf).unwrap()),
                time_ms: seal.time_ms.get(),
            }),
        );
        sizes.push(leaves.len());
    }
    (leaves, end, sizes)
}

/// Returns the file of entries that holds these leaves.
pub fn log_of(leaves: &[Vec<u8>]) -> Vec<u8> {
    leaves.iter().flat_map(|leaf| [&u16::try_from(leaf.len()).unwrap().to_be_bytes()[..], leaf].concat()).collect()
}

/// The story's log, whole, without its last batches and with something left over; its commits; its hashes.
pub fn seeds() -> Vec<Vec<u8>> {
    let disk = Arc::new(MemoryDisk::default());
    let dir = Path::new("register");
    Log::create_on(&*disk, dir).unwrap();
    let (mut log, _) = Log::open_on(disk.clone(), dir, None).unwrap();
    story().batches.iter().for_each(|batch| log.append(batch).unwrap());
    let entries = log_of(&story().leaves);
    let part = log_of(&story().batches[..3].concat());
    assert_eq!(disk.bytes(&dir.join(ENTRIES_FILE)), entries);
    vec![
        [&[0, 0], &entries[..]].concat(),
        [&[1, 4], &entries[..]].concat(),
        [&[0, 0], &part[..]].concat(),
        [&[1, 3], &part[..part.len() - 40]].concat(),
        [&[2, 9], &disk.bytes(&dir.join(COMMITS_FILE))[..]].concat(),
        [&[3, 0], &disk.bytes(&dir.join(tile_file_name(0)))[..]].concat(),
    ]
}
