//! The thread that brings what is staged into the engine, and replaces an engine that has failed by one in memory.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::view::engine::{EngineError, WriteRef};
use crate::view::overlay::Generation;
use crate::view::{Progress, Shared, View};

/// How often it is looked whether a reader found the engine unreadable, and a replacement that failed is tried again.
const LOOK_TIME: Duration = Duration::from_millis(250);

/// How long batches are gathered before they go into the engine.
const GATHER_TIME: Duration = Duration::from_millis(20);
/// How many keys are enough to go at once.
const GATHER_KEYS: usize = 5_000;

/// Fills an empty view in memory from the log, up to a number of entries.
pub(super) struct Refill(pub(super) Box<Fill>);

type Fill = dyn Fn(&View, u64) -> Result<(), String> + Send + Sync;

impl fmt::Debug for Refill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refill")
    }
}

/// Brings what is staged into the engine, whenever `staged` says that something is, until there will be no more.
///
/// An engine that failed is replaced by one in memory, if there is a log to fill it from; until then, and for ever if
/// there is none, the overlay goes on serving what the engine lacks.
pub(super) fn apply_all(shared: &Shared, staged: &Receiver<()>) {
    loop {
        match staged.recv_timeout(LOOK_TIME) {
            Ok(()) => {
                gather(shared);
                while let Some(generation) = next_generation(shared)
                    && bring_in(shared, &generation)
                {}
            }
            Err(RecvTimeoutError::Timeout) if shared.is_failing() => replace_engine(shared),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if !shared.is_failing()
        && let Err(error) = guarded(|| shared.engine().flush())
    {
        shared.fail(error);
    }
}

/// Lets small batches come together, which costs less than to bring in each by itself, unless somebody waits for them.
fn gather(shared: &Shared) {
    let idle = |progress: &mut Progress| {
        !progress.hurried && !progress.closing && progress.failed.is_none() && progress.waiting_keys < GATHER_KEYS
    };
    drop(shared.hurry.wait_timeout_while(shared.progress(), GATHER_TIME, idle));
    shared.progress().hurried = false;
}

/// Returns what goes in next. None where all that was staged has gone in.
fn next_generation(shared: &Shared) -> Option<Generation> {
    shared.layers.write().overlay.take()
}

/// Brings a generation into the engine, and tells whether it is there, and not merely in the overlay for good.
fn bring_in(shared: &Shared, generation: &Generation) -> bool {
    while !apply(shared, generation) {
        if shared.refill.get().is_none() || shared.progress().closing {
            return false;
        }
        replace_engine(shared);
        if shared.is_failing() {
            std::thread::sleep(LOOK_TIME);
        }
    }
    let dropped = shared.layers.write().overlay.drop_taken();
    let mut progress = shared.progress();
    progress.applied = generation.size;
    progress.waiting_keys -= generation.writes;
    drop(progress);
    shared.progressed.notify_all();
    drop(dropped);
    true
}

/// Does so once.
fn apply(shared: &Shared, generation: &Generation) -> bool {
    if shared.is_failing() {
        shared.fail(EngineError::Store("it could not be read".to_owned()));
        return false;
    }
    let writes: Vec<WriteRef<'_>> = generation.values.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
    let applied = guarded(|| shared.engine().bring_in(&writes, generation.size));
    applied.map_err(|error| shared.fail(error)).is_ok()
}

/// Puts an engine in memory, filled from the log with all that was brought in before, in the place of the one that failed.
/// What was staged since is in the overlay.
fn replace_engine(shared: &Shared) {
    let applied = shared.progress().applied;
    let Some(Refill(fill)) = shared.refill.get() else { return };
    let filled = View::in_memory().map_err(|error| error.to_string()).and_then(|view| {
        fill(&view, applied)?;
        view.wait_for_backlog(0).map_err(|error| error.to_string())?;
        Ok(view.shared.engine())
    });
    match filled {
        Ok(engine) => {
            let failed = std::mem::replace(&mut shared.layers.write().engine, engine);
            let why = shared.recovered();
            // What it holds is of no use any more, and its room is.
            drop(guarded(move || {
                failed.condemn();
                drop(failed);
                Ok(())
            }));
            tracing::warn!(
                view.entries = applied,
                "The tables are in memory until the next start, filled again from the log: {why}"
            );
        }
        Err(error) => shared.fail(EngineError::Store(error)),
    }
}

/// Does something with an engine whose code may break down.
pub(super) fn guarded<T>(act: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(Err(EngineError::Panicked))
}
