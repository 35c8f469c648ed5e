//! Power that fails at any moment, on a disk that loses, tears and reorders what was not synced: log, slots, cards and view
//! together, opened as a node opens them. `COLOPHON_POWER_SEEDS` sets how many lives of a register are tried.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use colophon_ledger::batch::{Batch, Closed, Position, first_batch};
use colophon_ledger::card::Card;
use colophon_ledger::entry::{Body, text_of};
use colophon_ledger::replay::read_genesis;
use colophon_ledger::rule::Rules;
use colophon_ledger::signature::Signed;
use colophon_ledger::state_root::StateTree;
use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::tree::{EntryIndex, TreeSize};

use crate::cards::{Cards, Kept};
use crate::catch_up::{CatchUpError, CaughtUp, catch_up};
use crate::log::{AppendError, Log};
use crate::lying::{Fault, LyingDisk, Survivors, next};
use crate::people::{account, checkpoint_of, genesis, mint, signed};
use crate::recovery::RecoveryError;
use crate::slots::Slots;
use crate::tables::writes_of;
use crate::view::View;
use crate::view::engine::EngineKind;

const SEEDS: u64 = 40;
/// How often each register is started.
const STARTS: u64 = 4;
const FAULTS: [Fault; 4] = [Fault::Fails, Fault::HalfFails, Fault::Full, Fault::Dies];

/// What has been acknowledged, over all starts.
#[derive(Default)]
struct Told {
    leaves: BTreeMap<u64, Vec<u8>>,
    cards: Vec<Card>,
    checkpoints: BTreeMap<u64, (Hash, String)>,
    torn_batches: u64,
}

/// An open register.
struct Open {
    log: Log,
    slots: Slots,
    cards: Cards,
    view: View,
    rules: Rules,
    tree: StateTree,
    position: Position,
}

/// The process has to end.
struct Ends;

fn dir() -> &'static Path {
    Path::new("/register")
}

#[test]
fn what_was_acknowledged_outlives_every_power_cut() {
    let seeds = std::env::var("COLOPHON_POWER_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let (mut leaves, mut torn_batches, mut ended) = (0, 0, 0);
    for seed in 1..=seeds {
        let (told, times) = live(seed);
        leaves += told.leaves.len();
        torn_batches += told.torn_batches;
        ended += times;
    }
    println!(
        "{seeds} seeds: {leaves} entries acknowledged, {ended} starts ended by a fault, {torn_batches} torn batches with their seal"
    );
    assert!(leaves as u64 > seeds && ended > seeds / 2, "the faults were no test");
}

/// Lives one register's life by a seed, and returns what was acknowledged and how many of its starts a fault ended.
fn live(seed: u64) -> (Told, u64) {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let view_dir = tempfile::tempdir().unwrap();
    let kind = if seed.is_multiple_of(2) { EngineKind::Sled } else { EngineKind::Fjall };
    let mut disk = LyingDisk::default();
    Log::create_on(&disk, dir()).unwrap();
    let mut told = Told::default();
    let mut ended = 0;
    begin(&disk, &mut told);
    for start in 0..STARTS {
        let case = format!("seed {seed}, start {start}");
        let mut open = open(&disk, view_dir.path(), kind, &mut told, &case);
        check(&open, &told, &case);
        let fault = FAULTS[usize::try_from(next(&mut random) % 4).unwrap()];
        disk.arm(usize::try_from(next(&mut random) % 30).unwrap(), fault);
        let batches = 1 + next(&mut random) % 4;
        for batch in 0..batches {
            let entries = 1 + next(&mut random) % 9;
            if open.commit(&format!("{seed} {start} {batch}"), entries, &mut told).is_err() {
                ended += 1;
                break;
            }
        }
        disk.disarm();
        drop(open);
        // The view lags by all it has, or is up to what was staged: it is never newer than the log.
        if next(&mut random).is_multiple_of(4) {
            View::delete(view_dir.path()).unwrap();
        }
        let survivors = match next(&mut random) % 6 {
            0 => Survivors::None,
            1 => Survivors::All,
            2 => Survivors::Some(next(&mut random)),
            _ => Survivors::Torn(next(&mut random)),
        };
        disk = disk.power_cut(survivors);
    }
    let case = format!("seed {seed}, at the end");
    let open = open(&disk, view_dir.path(), kind, &mut told, &case);
    check(&open, &told, &case);
    let anew = View::in_memory().unwrap();
    let all = catch_up(&anew, &open.log.reader(), |_| {}).unwrap();
    assert_eq!((all.tree.root(), Some(all.position)), (open.tree.root(), open.log.position()), "{case}");
    let keys = |view: &View| view.prefix(b"", Some(&[0, 255]), usize::MAX).unwrap();
    assert!(keys(&anew) == keys(&open.view), "{case}: the view is not the one the log leads to");
    (told, ended)
}

/// Appends the first batch, as `init` does.
fn begin(disk: &LyingDisk, told: &mut Told) {
    let (rules, entry) = read_genesis(&genesis().to_bytes()).unwrap();
    let (mut log, _) = Log::open_on(Arc::new(disk.clone()), dir(), None).unwrap();
    let leaves = seal(&rules, first_batch(&rules, entry, 1)).leaves();
    log.append(&leaves).unwrap();
    let note = checkpoint_of(&log);
    Slots::open_on(disk, dir()).unwrap().write(Some(&note), Some(&note)).unwrap();
    told.acknowledge(0, leaves, &log, note);
}

fn seal(rules: &Rules, closed: Closed) -> colophon_ledger::batch::Applied {
    let text = text_of(&rules.register, &Body::Seal(closed.seal.clone()));
    closed.sealed(signed(&text, &["operator"]))
}

/// Opens a register as a node does: a batch that is against the rules and was never signed is cut; a view that differs is
/// made again; the newest checkpoint is signed again.
fn open(disk: &LyingDisk, view_dir: &Path, kind: EngineKind, told: &mut Told, case: &str) -> Open {
    let opened = Log::open_on(Arc::new(disk.clone()), dir(), None);
    let (mut log, _) = opened.unwrap_or_else(|error| panic!("{case}: {error}"));
    let genesis = read_genesis(&genesis().to_bytes()).unwrap().1.id().0;
    let (view, CaughtUp { rules, tree, position, .. }) = loop {
        let (view, _) = View::open(view_dir, kind, &genesis, log.size().get()).unwrap();
        match catch_up(&view, &log.reader(), |_| {}) {
            Ok(caught_up) => break (view, caught_up),
            Err(CatchUpError::ViewDiffers(_)) => {
                drop(view);
                View::delete(view_dir).unwrap();
            }
            Err(CatchUpError::Replay(error)) if error.broken_at() >= log.unsigned_from() => {
                assert!(log.unsigned_from().is_some(), "{case}: {error}");
                told.torn_batches += 1;
                log = log.cut_unsigned().unwrap();
            }
            Err(error) => panic!("{case}: {error}"),
        }
    };
    let mut slots = Slots::open_on(disk, dir()).unwrap_or_else(|error| panic!("{case}: {error}"));
    let note = checkpoint_of(&log);
    told.sign(log.size(), log.root(), &note, case);
    slots.write(Some(&note), Some(&note)).unwrap();
    let (cards, _) = Cards::open_on(disk, dir()).unwrap_or_else(|error| panic!("{case}: {error}"));
    Open { log, slots, cards, view, rules, tree, position }
}

/// Holds an open register against all that was acknowledged.
fn check(open: &Open, told: &Told, case: &str) {
    let reader = open.log.reader();
    for (index, leaf) in &told.leaves {
        let found = reader.entry(EntryIndex::new(*index).unwrap());
        assert_eq!(found.ok().as_ref(), Some(leaf), "{case}: entry {index}");
    }
    for (size, (root, _)) in &told.checkpoints {
        assert_eq!(reader.root(TreeSize::new(*size).unwrap()).unwrap(), *root, "{case}: size {size}");
    }
    for card in &told.cards {
        assert_eq!(open.cards.get(&card.digest()).unwrap(), Kept::Card(card.clone()), "{case}");
    }
}

impl Open {
    /// Commits a batch of mints with their cards, as the sequencer does. There may be no room for it.
    fn commit(&mut self, label: &str, entries: u64, told: &mut Told) -> Result<(), Ends> {
        let cards: Vec<Card> = (0..entries).map(|number| card(&format!("{label} {number}"))).collect();
        match self.cards.put(&cards) {
            Ok(()) => {}
            Err(crate::cards::CardsError::Full(_)) => return Ok(()),
            Err(_) => return Err(Ends),
        }
        let mut batch = Batch::open(&self.rules, &self.view, self.position, self.position.time_ms + 1);
        for number in 0..entries {
            let body = mint("ana", &format!("{label} {number}"));
            let entry = signed(&text_of(&self.rules.register, &body), &["ana"]);
            batch.push(Signed::check(entry, batch.records()).unwrap()).unwrap();
        }
        let closed = batch.close(account("operator"), &self.tree).unwrap();
        let applied = seal(&self.rules, closed);
        let writes = writes_of(&applied, &self.view).unwrap();
        match self.log.append(&applied.leaves()) {
            Ok(()) => {}
            Err(AppendError::Full(_)) => return Ok(()),
            Err(AppendError::Fatal(_)) => return Err(Ends),
            Err(AppendError::NotABatch(why)) => panic!("{label}: {why}"),
        }
        let note = checkpoint_of(&self.log);
        self.slots.write(Some(&note), Some(&note)).map_err(|_| Ends)?;
        told.acknowledge(self.position.index, applied.leaves(), &self.log, note);
        told.cards.extend(cards);
        self.view.stage(writes, applied.next.index).unwrap();
        (self.position, self.tree) = (applied.next, applied.tree);
        Ok(())
    }
}

impl Told {
    fn acknowledge(&mut self, first: u64, leaves: Vec<Vec<u8>>, log: &Log, note: String) {
        self.leaves.extend((first..).zip(leaves));
        self.checkpoints.insert(log.size().get(), (log.root(), note));
    }

    /// Notes a checkpoint that is signed at a start: the same size always comes with the same bytes.
    fn sign(&mut self, size: TreeSize, root: Hash, note: &str, case: &str) {
        let told = self.checkpoints.entry(size.get()).or_insert_with(|| (root, note.to_owned()));
        assert_eq!(told.1, note, "{case}");
    }
}

fn card(label: &str) -> Card {
    Card::new(*sha256(label.as_bytes()).as_bytes(), format!(r#"{{"name":"{label}"}}"#)).unwrap()
}

/// The seal of the last batch is on the disk and a sector of an entry before it is not. Nobody was shown a checkpoint over it.
#[test]
fn a_torn_batch_with_its_seal_is_cut_only_if_nobody_was_shown_it() {
    let view_dir = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    let disk = LyingDisk::default();
    Log::create_on(&disk, dir()).unwrap();
    begin(&disk, &mut told);
    let mut register = open(&disk, view_dir.path(), EngineKind::Sled, &mut told, "at first");
    let before = disk.power_cut(Survivors::None);
    assert!(register.commit("the last", 3, &mut Told::default()).is_ok());
    drop(register);
    let path = dir().join(crate::files::ENTRIES_FILE);
    let mut bytes = disk.bytes(&path);
    let start = before.bytes(&path).len();
    bytes[start + 300..start + 500].fill(0);
    before.put(&path, bytes.clone());
    disk.put(&path, bytes);
    View::delete(view_dir.path()).unwrap();
    let again = open(&before, view_dir.path(), EngineKind::Sled, &mut told, "unsigned");
    assert_eq!((again.log.size().get(), told.torn_batches), (2, 1));
    drop(again);
    let signed = Log::open_on(Arc::new(disk.clone()), dir(), None);
    assert!(matches!(signed, Err(RecoveryError::Differs { .. })), "{signed:?}");
}

/// A disk that says a sync is done and forgets it is found out by the slot: another history is never signed.
#[test]
fn a_log_that_a_lying_sync_lost_is_refused() {
    let view_dir = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    let disk = LyingDisk::default();
    Log::create_on(&disk, dir()).unwrap();
    begin(&disk, &mut told);
    let mut register = open(&disk, view_dir.path(), EngineKind::Sled, &mut told, "at first");
    let path = dir().join(crate::files::ENTRIES_FILE);
    let before = disk.bytes(&path);
    assert!(register.commit("the last", 3, &mut told).is_ok());
    drop(register);
    disk.put(&path, before);
    let opened = Log::open_on(Arc::new(disk), dir(), None);
    assert!(matches!(opened, Err(RecoveryError::Shorter { size: 2, signed: 6, .. })), "{opened:?}");
}
