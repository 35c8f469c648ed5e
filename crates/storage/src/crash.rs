//! Every way in which an append or its aftermath can be cut short, and what is found afterwards.

use std::path::Path;
use std::sync::Arc;

use crate::commits::COMMITS_FILE;
use crate::files::{ENTRIES_FILE, tile_file_name};
use crate::log::{AppendError, Log};
use crate::lying::{Fault, LyingDisk, Survivors};
use crate::recovery::{BATCH_BYTES_MAX, Recovery, RecoveryError};
use crate::sample::{batches, checkpoint};
use crate::slots::{SLOTS_FILE, Slots};

fn dir() -> &'static Path {
    Path::new("/register")
}

fn open(disk: &LyingDisk) -> Result<(Log, Recovery), RecoveryError> {
    Log::open_on(Arc::new(disk.clone()), dir(), None)
}

/// Returns a disk with a log of these batches, a checkpoint over the first `signed` of them, and the log.
fn with_batches(counts: &[u64], signed: usize) -> (LyingDisk, Log) {
    let disk = LyingDisk::default();
    Log::create_on(&disk, dir()).unwrap();
    let (mut log, _) = open(&disk).unwrap();
    let mut slots = Slots::open_on(&disk, dir()).unwrap();
    for (place, batch) in batches(counts).iter().enumerate() {
        log.append(batch).unwrap();
        if place + 1 == signed {
            slots.write(Some(&checkpoint(log.size().get(), log.root())), None).unwrap();
        }
    }
    (disk, log)
}

fn survivors() -> impl Iterator<Item = Survivors> {
    [Survivors::None, Survivors::All].into_iter().chain((1..9).map(Survivors::Some))
}

fn entries(disk: &LyingDisk) -> Vec<u8> {
    disk.bytes(&dir().join(ENTRIES_FILE))
}

/// Whatever call of an append fails in whatever way, and whatever the power cut after it leaves: every batch that was
/// acknowledged is there, byte for byte; the one that was not is there whole or not at all; and the log goes on.
#[test]
fn an_append_that_fails_at_any_call_loses_nothing_acknowledged() {
    let counts = [1, 12, 40, 3];
    let all = batches(&counts);
    let base = with_batches(&counts[..2], 2).0;
    let mut seen = [0; 3];
    for fault in [Fault::Fails, Fault::HalfFails, Fault::Full, Fault::Dies] {
        for call in 0..8 {
            for survivors in survivors() {
                let disk = base.power_cut(Survivors::None);
                let (mut log, _) = open(&disk).unwrap();
                let before = entries(&disk);
                disk.arm(call, fault);
                let appended = log.append(&all[2]);
                let case = format!("{fault:?} at {call}, {survivors:?}: {appended:?}");
                let happened = disk.disarm();
                let acknowledged = match &appended {
                    Ok(()) => true,
                    Err(AppendError::Full(_)) => {
                        log.append(&all[2]).unwrap();
                        seen[0] += 1;
                        true
                    }
                    Err(AppendError::Fatal(_)) => {
                        assert!(matches!(log.append(&all[2]), Err(AppendError::Fatal(_))), "{case}");
                        seen[1] += 1;
                        false
                    }
                    Err(AppendError::NotABatch(why)) => panic!("{why}"),
                };
                assert!(happened || appended.is_ok(), "{case}");
                let whole = [&before[..], &bundle_bytes(&all[2])].concat();
                let found = disk.power_cut(survivors);
                let (mut again, _) = open(&found).unwrap_or_else(|error| panic!("{case}: {error}"));
                let now = entries(&found);
                assert!(now == whole || (!acknowledged && now == before), "{case}");
                if now == before {
                    again.append(&all[2]).unwrap();
                    seen[2] += 1;
                }
                again.append(&all[3]).unwrap();
                let root = again.root();
                let (once_more, recovery) = open(&found.power_cut(Survivors::None)).unwrap();
                assert_eq!((once_more.root(), recovery.cut_bytes), (root, 0), "{case}");
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 10), "each outcome was met: {seen:?}");
}

/// After a failed sync the cache shows bytes the disk has not got. Opening must make true what it shows.
#[test]
fn a_batch_found_after_a_failed_sync_is_on_the_disk_once_opened() {
    let counts = [1, 50, 20];
    let (disk, mut log) = with_batches(&counts[..2], 2);
    for call in 0.. {
        disk.arm(call, Fault::HalfFails);
        let appended = log.append(&batches(&counts)[2]);
        disk.disarm();
        if matches!(appended, Err(AppendError::Fatal(_))) {
            break;
        }
        assert!(matches!(appended, Err(AppendError::Full(_))));
    }
    let (found, _) = open(&disk).unwrap();
    let (after, _) = open(&disk.power_cut(Survivors::None)).unwrap();
    assert_eq!((found.size().get(), after.root()), (74, found.root()));
}

#[test]
fn a_log_torn_at_any_byte_of_its_last_batch_is_cut_to_the_batch_before() {
    let counts = [1, 3, 4];
    let (disk, log) = with_batches(&counts[..2], 2);
    let (before, root) = (entries(&disk), log.root());
    let whole = [&before[..], &bundle_bytes(&batches(&counts)[2])].concat();
    for length in before.len()..whole.len() {
        let torn = disk.power_cut(Survivors::None);
        torn.put(&dir().join(ENTRIES_FILE), whole[..length].to_vec());
        let (log, recovery) = open(&torn).unwrap();
        assert_eq!((log.root(), recovery.cut_bytes), (root, (length - before.len()) as u64));
        assert_eq!(entries(&torn), before);
    }
    disk.put(&dir().join(ENTRIES_FILE), whole);
    let (log, recovery) = open(&disk).unwrap();
    assert_eq!((log.size().get(), recovery.cut_bytes), (11, 0), "a whole batch is never cut");
}

#[test]
fn bytes_that_are_no_batch_are_cut_up_to_the_longest_tear() {
    let (disk, log) = with_batches(&[1, 3], 2);
    let before = entries(&disk);
    for tail in [vec![0; 70_000], vec![0xff; 3], b"\0\x01x".repeat(5_000), before.clone()] {
        disk.put(&dir().join(ENTRIES_FILE), [&before[..], &tail].concat());
        let (found, recovery) = open(&disk).unwrap();
        assert_eq!((found.root(), recovery.cut_bytes), (log.root(), tail.len() as u64));
    }
    let longest = usize::try_from(BATCH_BYTES_MAX).unwrap();
    for (length, fits) in [(longest, true), (longest + 1, false)] {
        disk.put(&dir().join(ENTRIES_FILE), [&before[..], &vec![0; length]].concat());
        let opened = open(&disk);
        assert_eq!(opened.is_ok(), fits);
        assert!(fits || matches!(opened, Err(RecoveryError::Damaged { bytes, .. }) if bytes == BATCH_BYTES_MAX + 1));
    }
}

/// Whichever byte of what a checkpoint covers is changed or missing: the log stays shut, and nothing is touched.
#[test]
fn a_log_that_differs_from_a_checkpoint_is_not_opened_and_not_touched() {
    let (disk, _) = with_batches(&[1, 3, 2], 2);
    let path = dir().join(ENTRIES_FILE);
    let whole = entries(&disk);
    let covered = with_batches(&[1, 3], 2).0;
    let covered = entries(&covered).len();
    for place in (0..covered).step_by(7).chain([covered - 1]) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        for bytes in [changed, whole[..place].to_vec()] {
            disk.put(&path, bytes.clone());
            let refused = open(&disk).unwrap_err();
            let expected = matches!(refused, RecoveryError::Shorter { .. } | RecoveryError::Differs { .. });
            assert!(expected, "byte {place}: {refused}");
            assert!(refused.to_string().contains("backup"), "{refused}");
            assert_eq!(entries(&disk), bytes);
        }
    }
    disk.put(&path, whole);
    open(&disk).unwrap();
}

#[test]
fn either_slot_binds() {
    let (disk, log) = with_batches(&[1, 3, 2], 2);
    let longer = checkpoint(log.size().get() + 4, log.root());
    let mut slots = Slots::open_on(&disk, dir()).unwrap();
    slots.write(Some(&longer), None).unwrap();
    slots.write(Some(&checkpoint(log.size().get(), log.root())), None).unwrap();
    assert!(matches!(open(&disk), Err(RecoveryError::Shorter { signed: 13, size: 9, .. })));
    slots.write(Some(&checkpoint(3, log.root())), None).unwrap();
    assert!(matches!(open(&disk), Err(RecoveryError::Differs { signed: 3, .. })), "an entry in the middle of a batch");
    slots.write(None, Some("no checkpoint\n")).unwrap();
    assert!(matches!(open(&disk), Err(RecoveryError::Checkpoint(_))));
    disk.remove(&dir().join(SLOTS_FILE));
    assert!(matches!(open(&disk), Err(RecoveryError::Slots(_))));
}

#[test]
fn hints_are_written_again_whatever_is_wrong_with_them() {
    let (disk, log) = with_batches(&[1, 300, 7], 3);
    let names = [tile_file_name(0), tile_file_name(1), COMMITS_FILE.to_owned()];
    let right: Vec<Vec<u8>> = names.iter().map(|name| disk.bytes(&dir().join(name))).collect();
    for (place, name) in names.iter().enumerate() {
        let path = dir().join(name);
        let bytes = &right[place];
        let last = bytes.len() - 1;
        let mut flipped = bytes.clone();
        flipped[last / 2] ^= 0x10;
        let longer = [&bytes[..], &[0; 40]].concat();
        let wrongs =
            [(Vec::new(), 0), (bytes[..last].to_vec(), last), (flipped, last / 2), (longer, last + 1), (vec![9; 5], 0)];
        for (wrong, from) in wrongs {
            disk.put(&path, wrong);
            let (found, recovery) = open(&disk).unwrap();
            assert_eq!(recovery.healed, [(name.clone(), from as u64)]);
            assert_eq!((disk.bytes(&path), found.root()), (bytes.clone(), log.root()));
            assert_eq!(open(&disk).unwrap().1.healed, []);
        }
        disk.remove(&path);
        assert_eq!(open(&disk).unwrap().1.healed[0], (name.clone(), 0));
        assert_eq!(disk.bytes(&path), *bytes);
    }
    disk.put(&dir().join(tile_file_name(2)), vec![1; 64]);
    assert_eq!(open(&disk).unwrap().1.healed, [(tile_file_name(2), 0)]);
}

fn bundle_bytes(leaves: &[Vec<u8>]) -> Vec<u8> {
    let with_length = |leaf: &Vec<u8>| [&u16::try_from(leaf.len()).unwrap().to_be_bytes()[..], leaf].concat();
    leaves.iter().flat_map(with_length).collect()
}
