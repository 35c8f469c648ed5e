//! Everything computed again from the entries and compared with what the files say. Changes nothing.

pub mod finding;
mod view_check;

use std::io;
use std::path::Path;
use std::sync::Arc;

use colophon_ledger::audit::Claims;
use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::governance;
use colophon_ledger::replay::{ReplayError, read_genesis, replay_batch};
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{Changes, RecordKey};
use colophon_ledger::state_root::StateTree;
use colophon_ledger::voiding::Voiding;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;
use colophon_tlog::note::VerifierKey;

use crate::cards::{Cards, CardsRecovery};
use crate::catch_up::{CatchUpError, leaf, next_batch};
use crate::commits::COMMITS_FILE;
use crate::disk::RealDisk;
use crate::files::{ENTRIES_FILE, Files, tile_file_name};
use crate::lock::{DirLock, LockError};
use crate::reader::LogReader;
use crate::recovery::{BATCH_BYTES_MAX, RecoveryError, check_checkpoint, checkpoint_in, unsigned};
use crate::scan::Scan;
use crate::slots::{Slot, has_torn_slot, read_slots};
use crate::tables::writes_of;
use crate::view::{Anew, inspect};
use crate::voids::void_lists;
use finding::Finding;
use view_check::ViewCheck;

/// Why a register could not be examined.
#[derive(Debug, thiserror::Error)]
pub enum FsckError {
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is no log.
    #[error("there is no register here: the file {ENTRIES_FILE:?} is missing")]
    Missing,
    /// Its files cannot be read.
    #[error("the register cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// What an examination found.
#[derive(Debug)]
pub struct Report {
    /// How many entries the log holds in whole batches.
    pub entries: u64,
    /// How many batches.
    pub batches: u64,
    /// The root of the tree of all entries.
    pub root: Hash,
    /// The state root after the last batch that is by the rules.
    pub state_root: Hash,
    /// What the entries claim, up to there.
    pub claims: Claims,
    /// Where the last batch begins, if no checkpoint was signed over it.
    pub unsigned_from: Option<u64>,
    /// How many entries of the log the view reflects.
    pub view: Option<u64>,
    /// How many cards are kept and withdrawn.
    pub cards: CardsRecovery,
    /// All that is not as it should be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Tells whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Examines the register in `dir`, which no process may be using. Holds all records in memory.
pub fn fsck(dir: &Path) -> Result<Report, FsckError> {
    if !dir.join(ENTRIES_FILE).exists() {
        return Err(FsckError::Missing);
    }
    let _lock = DirLock::take(dir)?;
    let files = Files::open(Arc::new(RealDisk), dir)?;
    let mut findings = Vec::new();
    let notes = read_notes(dir, &mut findings);
    let (mut report, log) = check_log(files, &notes, findings)?;
    if report.entries == 0 && notes.is_empty() {
        report.findings = vec![Finding::Unfinished];
        return Ok(report);
    }
    check_cards(dir, &mut report);
    if report.entries > 0
        && let Err(finding) = check_state(dir, &log, &notes, &mut report)
    {
        report.findings.push(torn_if_unsigned(finding, report.unsigned_from));
    }
    Ok(report)
}

/// A batch that is against the rules is a torn write, if no checkpoint was signed over it.
fn torn_if_unsigned(finding: Finding, unsigned_from: Option<u64>) -> Finding {
    match (&finding, unsigned_from) {
        (Finding::Rules(error), Some(first)) if error.broken_at().is_some_and(|index| index >= first) => {
            Finding::TornBatch { first }
        }
        _ => finding,
    }
}

fn read_notes(dir: &Path, findings: &mut Vec<Finding>) -> Vec<String> {
    match has_torn_slot(&RealDisk, dir) {
        Ok(true) => findings.push(Finding::TornSlot),
        Ok(false) => {}
        Err(error) => findings.push(error.into()),
    }
    match read_slots(&RealDisk, dir) {
        Ok(slots) => slots.iter().flat_map(Slot::notes).map(str::to_owned).collect(),
        Err(error) => {
            findings.push(error.into());
            Vec::new()
        }
    }
}

/// Compares the entries with the tiles, the commits and the checkpoints.
fn check_log(files: Files, notes: &[String], mut findings: Vec<Finding>) -> io::Result<(Report, LogReader)> {
    let mut checkpoints = Vec::new();
    for note in notes {
        match checkpoint_in(note) {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(error) => findings.push(error.into()),
        }
    }
    let scan = Scan::run(&files, checkpoints.iter().map(|checkpoint| checkpoint.size.get()).collect())?;
    findings
        .extend(checkpoints.iter().filter_map(|checkpoint| check_checkpoint(&scan, checkpoint).err()).map(Into::into));
    let torn_slot = findings.iter().any(|finding| matches!(finding, Finding::TornSlot | Finding::Slots(_)));
    let unsigned_from = unsigned(&scan, &checkpoints, torn_slot).map(|unsigned| unsigned.first);
    let bytes = scan.length - scan.end;
    if bytes > BATCH_BYTES_MAX {
        findings.push(RecoveryError::Damaged { size: scan.tree.size().get(), end: scan.end, bytes }.into());
    } else if bytes > 0 {
        findings.push(Finding::Torn { bytes });
    }
    let names = (0..).map(tile_file_name);
    let hints = names.zip(scan.tiles).chain([(COMMITS_FILE.to_owned(), scan.commits)]);
    for (file, hint) in hints {
        findings.extend(hint.difference()?.map(|from| Finding::Hint { file, from }));
    }
    let report = Report {
        entries: scan.ends.len() as u64,
        unsigned_from,
        batches: scan.position.map_or(0, |position| position.height),
        root: scan.tree.root(),
        state_root: Hash::ZERO,
        claims: Claims::default(),
        view: None,
        cards: CardsRecovery::default(),
        findings,
    };
    Ok((report, LogReader::over(files, scan.ends)))
}

fn check_cards(dir: &Path, report: &mut Report) {
    match Cards::inspect_on(&RealDisk, dir) {
        Ok(cards) => {
            report.cards = cards;
            if cards.cut_bytes + cards.zeroed_bytes > 0 {
                report.findings.push(Finding::Cards { cut: cards.cut_bytes, zeroed: cards.zeroed_bytes });
            }
        }
        Err(error) => report.findings.push(Finding::CardsUnreadable(error.to_string())),
    }
}

/// Compares the checkpoints' signatures with the keys that the log has had, and the view with what the entries lead to.
fn check_state(dir: &Path, log: &LogReader, notes: &[String], report: &mut Report) -> Result<(), Finding> {
    let (rules, genesis) = read_genesis(&leaf(log, 0)?)?;
    let mut view = None;
    match inspect(dir, &genesis.id().0, report.entries) {
        Ok(engine) => view = Some(ViewCheck::of(engine)?),
        Err(Anew::Missing) => {}
        Err(why) => report.findings.push(Finding::View(why)),
    }
    report.view = view.as_ref().map(ViewCheck::applied);
    let mut keys = vec![(0, rules.log_key.clone())];
    let replayed = replay(log, &rules, (beginning(genesis.id()), &mut keys), report, view.as_mut());
    check_signatures(notes, &keys, &mut report.findings);
    replayed?;
    if let Some(view) = view {
        report.findings.extend(view.finish()?);
    }
    Ok(())
}

/// Checks each checkpoint by the key in force at its size. `keys` are those of the log, each with the size from which on it was.
fn check_signatures(notes: &[String], keys: &[(u64, VerifierKey)], findings: &mut Vec<Finding>) {
    for note in notes {
        // What is no checkpoint at all has been reported before.
        let Ok(checkpoint) = checkpoint_in(note) else { continue };
        let size = checkpoint.size.get();
        let Some((_, key)) = keys.iter().rev().find(|(from, _)| *from <= size) else { continue };
        if let Err(error) = SignedCheckpoint::open(note.as_bytes(), key) {
            findings.push(Finding::Signature { size, why: error.to_string() });
        }
    }
}

fn replay(
    log: &LogReader,
    rules: &Rules,
    (mut position, keys): (Position, &mut Vec<(u64, VerifierKey)>),
    report: &mut Report,
    mut view: Option<&mut ViewCheck>,
) -> Result<(), Finding> {
    let (mut records, mut tree, mut voiding) = (Changes::new(), StateTree::new(), Voiding::default());
    while position.index < report.entries {
        let leaves = next_batch(log, position.index, report.entries)?;
        let applied = match replay_batch(rules, &records, &tree, position, &leaves, &voiding) {
            Err(ReplayError::Refused { index, .. })
                if voiding.learn(&void_lists(log, index).map_err(CatchUpError::from)?, index) =>
            {
                replay_batch(rules, &records, &tree, position, &leaves, &voiding)
            }
            judged => judged,
        }?;
        if let Some(view) = &mut view {
            let writes = writes_of(&applied, &records).map_err(CatchUpError::from)?;
            view.batch(writes, applied.next.index)?;
        }
        report.claims.add(&applied, &records).map_err(CatchUpError::from)?;
        let acts = applied.changes.contains_key(&RecordKey::Register);
        records.extend(applied.changes);
        if acts {
            keys.push((applied.next.index, governance::log_key(rules, &records).map_err(CatchUpError::from)?));
        }
        (position, tree, voiding) = (applied.next, applied.tree, applied.voiding);
        report.state_root = tree.root();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use crate::people::{Register, amend};
    use crate::slots::SLOTS_FILE;
    use crate::view::VIEW_DIR;
    use crate::view::engine::{Engine, EngineKind};

    /// Runs a story in `dir`, ends it, and returns what is needed to get at the view.
    fn after_story(dir: &Path, kind: EngineKind) -> Hash {
        let mut register = Register::begin_with(dir, kind);
        register.story();
        register.view.close().unwrap();
        register.genesis
    }

    fn change(path: &Path, change: impl Fn(&mut Vec<u8>)) {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    /// Returns all bytes of all files that are not the view's.
    fn snapshot(dir: &Path) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(dir).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
        let mut files: Vec<_> =
            files.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    }

    fn findings(dir: &Path) -> Vec<Finding> {
        let before = snapshot(dir);
        let report = fsck(dir).unwrap();
        assert_eq!(snapshot(dir), before, "an examination changes nothing");
        report.findings
    }

    #[test]
    fn a_sound_register_is_clean() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            assert!(matches!(fsck(dir.path()), Err(FsckError::Missing)));
            let mut register = Register::begin_with(dir.path(), kind);
            register.story();
            assert!(matches!(fsck(dir.path()), Err(FsckError::Lock(_))));
            register.view.wait_for_backlog(0).unwrap();
            let (root, tree) = (register.log.root(), register.tree.clone());
            drop(register);
            let report = fsck(dir.path()).unwrap();
            assert!(report.is_clean(), "{:?}", report.findings);
            assert_eq!((report.entries, report.batches, report.view), (16, 6, Some(16)));
            assert_eq!((report.root, report.state_root), (root, tree.root()));
            let claims = &report.claims;
            assert_eq!((claims.entries, claims.batches, claims.kinds["seal"]), (16, 6, 6));
            assert_eq!(claims.works, claims.kinds["mint"]);
            fs::remove_dir_all(dir.path().join(VIEW_DIR)).unwrap();
            let report = fsck(dir.path()).unwrap();
            assert!(report.is_clean() && report.view.is_none());
        }
    }

    #[test]
    fn what_the_next_start_heals_is_told_and_said_to_be_harmless() {
        let dir = tempfile::tempdir().unwrap();
        after_story(dir.path(), EngineKind::default());
        let path = |name: &str| dir.path().join(name);
        change(&path(ENTRIES_FILE), |bytes| bytes.extend([0, 9, b'x']));
        change(&path("tile.0"), |bytes| bytes[70] ^= 1);
        change(&path(COMMITS_FILE), |bytes| bytes.truncate(100));
        change(&path("cards.log"), |bytes| bytes.extend(b"\ncard/1\nhalf"));
        change(&path(SLOTS_FILE), |bytes| bytes[20] ^= 1);
        let found = findings(dir.path());
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.iter().all(Finding::heals_at_start));
        drop(crate::log::Log::open(dir.path()).unwrap());
        drop(Cards::open(dir.path()).unwrap());
        let mut slots = crate::slots::Slots::open(dir.path()).unwrap();
        let newest = slots.newest().clone();
        slots.write(newest.pending.as_deref(), newest.published.as_deref()).unwrap();
        assert_eq!(findings(dir.path()).len(), 0);
    }

    #[test]
    fn an_init_that_broke_off_is_said_to_be_one() {
        let dir = tempfile::tempdir().unwrap();
        crate::log::Log::create(dir.path()).unwrap();
        fs::write(dir.path().join(COMMITS_FILE), "").unwrap();
        assert!(matches!(findings(dir.path())[..], [Finding::Unfinished]));
        fs::remove_file(dir.path().join(SLOTS_FILE)).unwrap();
        assert!(matches!(findings(dir.path())[..], [Finding::Unfinished]));
    }

    #[test]
    fn slots_cut_in_half_and_damaged_cards_are_named() {
        let dir = tempfile::tempdir().unwrap();
        after_story(dir.path(), EngineKind::default());
        change(&dir.path().join(SLOTS_FILE), |bytes| bytes.truncate(bytes.len() / 2));
        let found = findings(dir.path());
        assert!(found.iter().any(|finding| matches!(finding, Finding::TornSlot)), "{found:?}");
        assert!(!Finding::Cards { cut: 0, zeroed: 1 }.heals_at_start());
    }

    #[test]
    fn a_log_that_was_changed_is_told() {
        let dir = tempfile::tempdir().unwrap();
        after_story(dir.path(), EngineKind::default());
        let path = dir.path().join(ENTRIES_FILE);
        let whole = fs::read(&path).unwrap();
        for place in [40, whole.len() / 2, whole.len() - 5] {
            change(&path, |bytes| bytes[place] ^= 1);
            let found = findings(dir.path());
            assert!(found.iter().any(|finding| matches!(finding, Finding::Log(_))), "byte {place}: {found:?}");
            assert!(!found.iter().all(Finding::heals_at_start));
            fs::write(&path, &whole).unwrap();
        }
        fs::write(&path, "").unwrap();
        let found = findings(dir.path());
        assert!(
            found.iter().any(|finding| matches!(finding, Finding::Log(RecoveryError::Shorter { .. }))),
            "{found:?}"
        );
    }

    #[test]
    fn a_view_that_was_changed_is_told() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let genesis = after_story(dir.path(), kind);
            let view = |change: &dyn Fn(&dyn Engine)| {
                let engine = inspect(dir.path(), &genesis, 16).unwrap();
                change(&*engine);
                engine.flush().unwrap();
            };
            let held = |key: &[u8]| matches!(key.first(), Some(b'h'));
            let key = std::cell::RefCell::new(Vec::new());
            view(&|engine| {
                let all = engine.prefix(b"", None, 1_000).unwrap();
                key.replace(all.into_iter().find(|(key, _)| held(key)).unwrap().0);
            });
            for value in [Some(b"more".to_vec()), None] {
                view(&|engine| engine.apply(&[(key.borrow().clone(), value.clone())], 16).unwrap());
                let found = findings(dir.path());
                let [Finding::ViewDiffers { count, .. }] = &found[..] else { panic!("{found:?}") };
                assert_eq!(*count, if value.is_some() { 1 } else { 2 });
            }
            view(&|engine| engine.apply(&[(key.borrow().clone(), Some(Vec::new()))], 16).unwrap());
            assert_eq!(findings(dir.path()).len(), 0);
            view(&|engine| engine.apply(&[(b"zz".to_vec(), Some(Vec::new()))], 15).unwrap());
            assert!(matches!(&findings(dir.path())[..], [Finding::ViewDiffers { .. }]));
        }
    }

    #[test]
    fn works_whose_facts_were_amended_are_sound() {
        let dir = tempfile::tempdir().unwrap();
        let mut register = Register::begin(dir.path());
        let work = register.story();
        let first = register.batch(&[(amend("ana", work, work, "FR"), &["ana"])])[0];
        register.batch(&[(amend("ana", work, first, "CN"), &["ana"])]);
        let Register { log, view, genesis, .. } = register;
        let size = log.size().get();
        view.close().unwrap();
        drop(log);
        assert_eq!(findings(dir.path()).len(), 0);
        // A record from before an amendment is as wrong as any other.
        let engine = inspect(dir.path(), &genesis, size).unwrap();
        let key = [&b"e"[..], work.0.as_bytes()].concat();
        engine.apply(&[(key, Some(b"before".to_vec()))], size).unwrap();
        engine.flush().unwrap();
        drop(engine);
        let found = findings(dir.path());
        assert!(matches!(&found[..], [Finding::ViewDiffers { count: 1, .. }]), "{found:?}");
    }

    #[test]
    fn a_checkpoint_by_another_key_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut register = Register::begin(dir.path());
        let forged = crate::sample::checkpoint(register.log.size().get(), register.log.root());
        register.slots.write(Some(&forged), None).unwrap();
        drop(register);
        let found = findings(dir.path());
        assert!(matches!(&found[..], [Finding::Signature { size: 2, .. }]), "{found:?}");
    }
}
