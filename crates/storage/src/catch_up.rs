//! Bringing the view up to the log, batch by batch, checking everything on the way.

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use colophon_ledger::batch::{Applied, Position, beginning};
use colophon_ledger::entry::entry_id;
use colophon_ledger::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use colophon_ledger::field::Digest;
use colophon_ledger::look::{Batches, Looked};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::{ReplayError, read_genesis, replay_batch, replay_looked};
use colophon_ledger::rule::Rules;
use colophon_ledger::signature::EachTime;
use colophon_ledger::state::{Overlay, Records, Unreadable};
use colophon_ledger::state_root::StateTree;
use colophon_ledger::voiding::{VoidLists, Voiding};
use colophon_tlog::tree::EntryIndex;

use crate::reader::{ENTRIES_AT_ONCE_MAX, LogReader, ReadError};
use crate::tables::{Tables, writes_of};
use crate::view::engine::Write;
use crate::view::{View, ViewError};
use crate::voids::void_lists;

/// How many keys may wait for the engine while the view is filled.
const BACKLOG_KEYS_MAX: usize = 50_000;
/// How many leaves are worth a thread.
const LEAVES_A_THREAD_MIN: usize = 16;

/// Where a register stands once its view is up to its log.
#[derive(Debug)]
pub struct CaughtUp {
    /// What the genesis lays down.
    pub rules: Rules,
    /// The tree of the state after the last batch.
    pub tree: StateTree,
    /// Where the next batch begins.
    pub position: Position,
    /// How many entries the view lacked.
    pub replayed: u64,
    /// The leaves that the rules refuse and nothing in the log voids: none, but in a log that is being mended.
    pub voiding: Voiding,
}

/// Why the view could not be brought up to the log.
#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    /// The log has no entries.
    #[error("the log is empty: `colophon-node init` did not finish here. Remove the folder and begin again")]
    Empty,
    /// The view reflects something else than the log says. It must be deleted and filled again.
    #[error("the view does not show what the log leads to at entry {0}; it must be filled again")]
    ViewDiffers(u64),
    /// The log breaks its own rules.
    #[error("the log breaks the rules of the register: {0}")]
    Replay(#[from] ReplayError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The view cannot be read or written.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A record cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Replays what the view lacks of the log and stages it. Calls `progress` with the number of entries reflected after each
/// batch.
///
/// The view's own state is taken only if its root is the one in the seal up to which it goes; everything after that is
/// checked as an auditor would, the signatures on all cores.
pub fn catch_up(view: &View, log: &LogReader, progress: impl FnMut(u64)) -> Result<CaughtUp, CatchUpError> {
    catch_up_until(view, log, log.size().get(), progress)
}

/// Does what [`catch_up`] does, up to the first `size` entries, of which the last is a seal.
pub fn catch_up_until(
    view: &View,
    log: &LogReader,
    size: u64,
    progress: impl FnMut(u64),
) -> Result<CaughtUp, CatchUpError> {
    let caught_up = catch_up_to(view, log, size, None, progress)?;
    refill_from(view, log);
    Ok(caught_up)
}

/// Does what [`catch_up`] does with an empty view of a log that lacks an upgrade, which stands in `more` with those that it has.
pub fn catch_up_to_mend(
    view: &View,
    log: &LogReader,
    more: &VoidLists,
    progress: impl FnMut(u64),
) -> Result<CaughtUp, CatchUpError> {
    catch_up_to(view, log, log.size().get(), Some(more), progress)
}

/// A batch of the log that the view does not reflect yet.
#[derive(Debug)]
pub struct Unstaged {
    /// What it did.
    pub applied: Applied,
    /// What it writes into the view.
    pub writes: Vec<Write>,
}

/// Replays what the log holds beyond where its view was brought up to, and stages nothing. All of it is in memory.
pub fn replay_beyond(view: &View, log: &LogReader, from: &CaughtUp) -> Result<Vec<Unstaged>, CatchUpError> {
    let mut replaying = Replaying {
        log,
        rules: &from.rules,
        tree: from.tree.clone(),
        position: from.position,
        voiding: from.voiding.clone(),
        looks_ahead: true,
    };
    let mut records = Overlay::over(view);
    let mut beyond = Vec::new();
    each_batch(view, log, from.position.index..log.size().get(), |leaves| {
        let applied = replaying.batch(&records, leaves)?;
        let writes = writes_of(&applied, &records)?;
        records.add(applied.changes.clone());
        beyond.push(Unstaged { applied, writes });
        Ok(())
    })?;
    Ok(beyond)
}

/// Lets a view whose engine fails be filled again from the log.
pub fn refill_from(view: &View, log: &LogReader) {
    let log = log.clone();
    view.refill_with(move |empty, size| match size {
        0 => Ok(()),
        _ => catch_up_to(empty, &log, size, None, |_| {}).map(drop).map_err(|error| error.to_string()),
    });
}

fn catch_up_to(
    view: &View,
    log: &LogReader,
    size: u64,
    known: Option<&VoidLists>,
    mut progress: impl FnMut(u64),
) -> Result<CaughtUp, CatchUpError> {
    if size == 0 {
        return Err(CatchUpError::Empty);
    }
    let (rules, genesis) = read_genesis(&leaf(log, 0)?)?;
    let applied = view.reading().size();
    let (position, tree) = match applied {
        0 => (beginning(genesis.id()), StateTree::new()),
        _ => resume(view, log, applied)?,
    };
    let mut voiding = Voiding::default();
    if let Some(lists) = known {
        voiding.learn(lists, 0);
    }
    let looks_ahead = known.is_none();
    let mut replaying = Replaying { log, rules: &rules, tree, position, voiding, looks_ahead };
    each_batch(view, log, applied..size, |leaves| {
        let judged = match replaying.batch(view, leaves) {
            // Whether a leaf is against the rules that stands before this, only who begins at the beginning knows.
            Err(CatchUpError::Replay(ReplayError::Refused { refusal: Refusal::VoidUnfit { .. }, .. }))
                if applied > 0 =>
            {
                return Err(CatchUpError::ViewDiffers(applied));
            }
            judged => judged?,
        };
        view.stage(writes_of(&judged, view)?, judged.next.index)?;
        view.wait_for_backlog(BACKLOG_KEYS_MAX)?;
        progress(judged.next.index);
        Ok(())
    })?;
    let Replaying { tree, position, voiding, .. } = replaying;
    Ok(CaughtUp { rules, tree, position, replayed: size - applied, voiding })
}

/// A log replayed batch by batch from some place on.
struct Replaying<'r> {
    log: &'r LogReader,
    rules: &'r Rules,
    tree: StateTree,
    position: Position,
    voiding: Voiding,
    /// Whether what upgrades further on void is still to be looked for.
    looks_ahead: bool,
}

impl Replaying<'_> {
    /// Replays the next batch. Where it holds a leaf against the rules, it is looked ahead for an upgrade that voids it.
    fn batch(&mut self, records: &impl Records, leaves: Vec<Looked>) -> Result<Applied, CatchUpError> {
        let Replaying { log, rules, tree, position, voiding, looks_ahead } = self;
        let applied = match replay_looked(rules, records, tree.clone(), *position, leaves, voiding) {
            Err(ReplayError::Refused { index, .. })
                if *looks_ahead && voiding.learn(&void_lists(log, index)?, index) =>
            {
                let leaves = next_batch(log, position.index, log.size().get())?;
                replay_batch(rules, records, tree, *position, &leaves, voiding)?
            }
            judged => judged?,
        };
        (self.position, self.tree, self.voiding) = (applied.next, applied.tree.clone(), applied.voiding.clone());
        Ok(applied)
    }
}

/// Calls `take` with the leaves of each batch at these indices of the log, looked at on all cores. The last one is a seal.
fn each_batch(
    view: &View,
    log: &LogReader,
    indices: Range<u64>,
    mut take: impl FnMut(Vec<Looked>) -> Result<(), CatchUpError>,
) -> Result<(), CatchUpError> {
    let mut batches = Batches::from(indices.start);
    let mut next = indices.start;
    while next < indices.end {
        let count = ENTRIES_AT_ONCE_MAX.min(indices.end - next);
        let first = EntryIndex::new(next).ok_or(CatchUpError::ViewDiffers(next))?;
        for looked in look(log.entries(first, count)?, view) {
            if let Some(leaves) = batches.leaf(looked).map_err(ReplayError::from)? {
                take(leaves)?;
            }
        }
        next += count;
    }
    if batches.is_at_seal() { Ok(()) } else { Err(ReplayError::NoSeal(indices.end - 1).into()) }
}

/// Looks at leaves on all cores.
fn look(leaves: Vec<Vec<u8>>, view: &View) -> Vec<Looked> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = leaves.len().div_ceil(threads).max(LEAVES_A_THREAD_MIN);
    let mut rest = leaves.into_iter();
    thread::scope(|scope| {
        let mut looking = Vec::new();
        loop {
            let share: Vec<Vec<u8>> = rest.by_ref().take(share).collect();
            if share.is_empty() {
                break;
            }
            looking.push(scope.spawn(|| Looked::at_each(share, view, &EachTime)));
        }
        looking.into_iter().flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Returns where the batch after the view's last one begins, and the state before it, if the view has the right one.
fn resume(view: &View, log: &LogReader, applied: u64) -> Result<(Position, StateTree), CatchUpError> {
    let differs = || CatchUpError::ViewDiffers(applied);
    let leaf = leaf(log, applied - 1)?;
    let (seal, id) = Seal::peek(&leaf).zip(entry_id(&leaf)).ok_or_else(differs)?;
    let tree = Tables::of(&view.reading()).state_tree()?;
    if tree.root() != seal.state.0 {
        return Err(differs());
    }
    let position =
        Position { index: applied, height: seal.height.get() + 1, prev_seal: Digest(id), time_ms: seal.time_ms.get() };
    Ok((position, tree))
}

/// Returns the leaf at `index`.
pub(crate) fn leaf(log: &LogReader, index: u64) -> Result<Vec<u8>, CatchUpError> {
    let index = EntryIndex::new(index).ok_or(CatchUpError::ViewDiffers(index))?;
    Ok(log.entry(index)?)
}

/// Returns the leaves from `first` up to and including the next seal.
pub(crate) fn next_batch(log: &LogReader, first: u64, size: u64) -> Result<Vec<Vec<u8>>, CatchUpError> {
    let mut leaves = Vec::new();
    let end = size.min(first + BATCH_ENTRIES_MAX + 1);
    // Most batches are short, so the first read is too.
    for count in [8, 64, BATCH_ENTRIES_MAX + 1] {
        let next = first + leaves.len() as u64;
        let index = EntryIndex::new(next).ok_or(CatchUpError::ViewDiffers(next))?;
        let read = log.entries(index, count.min(end - next))?;
        for leaf in read {
            let closes = Seal::peek(&leaf).is_some();
            leaves.push(leaf);
            if closes {
                return Ok(leaves);
            }
        }
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use crate::log::Log;
    use crate::people::Register;
    use crate::view::engine::{EngineKind, Pair};

    /// Closes a register after its story, and returns the genesis' id and all that its view held.
    fn after_story(dir: &Path, kind: EngineKind) -> (colophon_tlog::hash::Hash, Vec<Pair>) {
        let mut register = Register::begin_with(dir, kind);
        register.story();
        let all = register.view.prefix(b"", Some(&[0, 255]), 10_000).unwrap();
        register.view.close().unwrap();
        (register.genesis, all)
    }

    #[test]
    fn a_view_deleted_by_hand_comes_back_the_same() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let (genesis, before) = after_story(dir.path(), kind);
            let (log, _) = Log::open(dir.path()).unwrap();
            let catch_up_now = || {
                let (view, anew) = View::open(dir.path(), kind, &genesis, log.size().get()).unwrap();
                let mut seen = Vec::new();
                let up = catch_up(&view, &log.reader(), |size| seen.push(size)).unwrap();
                assert_eq!(view.prefix(b"", Some(&[0, 255]), 10_000).unwrap(), before);
                assert_eq!(Some(up.position), log.position());
                view.close().unwrap();
                (anew.is_some(), up.replayed, seen, up.tree.root())
            };
            let (anew, replayed, seen, root) = catch_up_now();
            assert_eq!((anew, replayed, seen), (false, 0, vec![]));
            View::delete(dir.path()).unwrap();
            assert_eq!(catch_up_now(), (true, 16, vec![2, 6, 8, 11, 14, 16], root));
        }
    }

    #[test]
    fn a_view_that_lags_is_brought_up_from_where_it_is() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let (genesis, before) = after_story(dir.path(), kind);
            let (log, _) = Log::open(dir.path()).unwrap();
            View::delete(dir.path()).unwrap();
            for stop in [2, 11, 16] {
                let (view, _) = View::open(dir.path(), kind, &genesis, 16).unwrap();
                let result = catch_up(&view, &log.reader(), |size| {
                    if size == stop {
                        // What is staged later than this is lost: the engine never gets it.
                        view.wait_for_backlog(0).unwrap();
                    }
                });
                assert!(result.is_ok());
                assert_eq!(view.prefix(b"", Some(&[0, 255]), 10_000).unwrap(), before);
            }
        }
    }

    #[test]
    fn what_lies_beyond_a_part_of_the_log_is_replayed_and_seen_once_it_is_staged() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let (genesis, before) = after_story(dir.path(), kind);
            let (log, _) = Log::open(dir.path()).unwrap();
            for shown in [2, 11, 16] {
                View::delete(dir.path()).unwrap();
                let (view, _) = View::open(dir.path(), kind, &genesis, shown).unwrap();
                let up = catch_up_until(&view, &log.reader(), shown, |_| {}).unwrap();
                assert_eq!((up.position.index, view.reading().size()), (shown, shown));
                let beyond = replay_beyond(&view, &log.reader(), &up).unwrap();
                assert_eq!(view.reading().size(), shown, "nothing is seen yet");
                assert_eq!(beyond.last().map_or(up.position, |last| last.applied.next), log.position().unwrap());
                for Unstaged { applied, writes } in beyond {
                    view.stage(writes, applied.next.index).unwrap();
                }
                assert_eq!(view.prefix(b"", Some(&[0, 255]), 10_000).unwrap(), before);
                view.close().unwrap();
            }
        }
    }

    #[test]
    fn a_view_that_shows_another_state_is_not_believed() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let (genesis, before) = after_story(dir.path(), kind);
            let (log, _) = Log::open(dir.path()).unwrap();
            let (view, _) = View::open(dir.path(), kind, &genesis, 17).unwrap();
            let (key, _) = before.iter().find(|(key, _)| key.starts_with(b"rd")).unwrap();
            let forged = br#"{"country":"FR","holder":"somebody"}"#.to_vec();
            view.stage(vec![(key.clone(), Some(forged))], 17).unwrap();
            assert!(matches!(catch_up(&view, &log.reader(), |_| {}), Err(CatchUpError::Read(_))));
            drop(view);
            let engine = crate::view::inspect(dir.path(), &genesis, 17).unwrap();
            engine.apply(&[], 16).unwrap();
            drop(engine);
            let (view, anew) = View::open(dir.path(), kind, &genesis, 16).unwrap();
            assert_eq!(anew, None);
            assert!(matches!(catch_up(&view, &log.reader(), |_| {}), Err(CatchUpError::ViewDiffers(16))));
        }
    }

    #[test]
    fn a_register_without_a_genesis_says_so() {
        let dir = tempfile::tempdir().unwrap();
        Log::create(dir.path()).unwrap();
        let (log, _) = Log::open(dir.path()).unwrap();
        let (view, _) = View::open(dir.path(), EngineKind::default(), &colophon_tlog::hash::Hash::ZERO, 0).unwrap();
        assert!(matches!(catch_up(&view, &log.reader(), |_| {}), Err(CatchUpError::Empty)));
    }
}
