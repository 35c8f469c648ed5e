//! The derived tables: an engine that lags behind, and an overlay in memory that makes up for it.
//!
//! Nothing here is the truth. Whatever is wrong with the engine, it is deleted and filled again from the log. What is staged
//! can be read at once, from the overlay; a thread of its own brings it into the engine, batch by batch, and only then is it
//! dropped from the overlay. So nobody waits for the engine, and nobody sees half a batch.

mod applier;
pub mod engine;
#[cfg(test)]
mod engines;
mod fjall_engine;
mod gate;
mod memory;
#[cfg(test)]
mod model;
mod overlay;
mod place;
pub mod redo;
mod sled_engine;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use colophon_tlog::hash::Hash;

use applier::{Refill, apply_all, guarded};
use engine::{Engine, EngineError, EngineKind, Pair, Write};
use gate::{Gate, Reader};
use memory::MemoryEngine;
use overlay::{Overlay, merge};

/// The name of the folder in the register's folder.
pub const VIEW_DIR: &str = "view";
/// Keys that begin with this byte belong to the engine.
pub const ENGINE_PREFIX: u8 = 0;

/// Why the view was begun anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Anew {
    /// There was none.
    #[error("there was no view")]
    Missing,
    /// Its engine failed while the register ran.
    #[error("its engine had failed")]
    Condemned,
    /// Its engine cannot be opened.
    #[error("its engine cannot be opened: {0}")]
    Unusable(String),
    /// Another engine keeps it than the one that shall.
    #[error("it was kept by {found}, and from now on {wanted} keeps it")]
    OtherEngine {
        /// Which engine keeps it.
        found: EngineKind,
        /// Which one shall.
        wanted: EngineKind,
    },
    /// It reflects more than the log holds.
    #[error("it reflects {applied} entries, and the log holds {size}")]
    Ahead {
        /// How many entries it reflects.
        applied: u64,
        /// How many the log holds.
        size: u64,
    },
    /// It can stand nowhere but in memory.
    #[error("it cannot be kept on the disk, so it is in memory until the next start: {0}")]
    InMemory(String),
}

/// Why the view could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The folder cannot be cleared or written.
    #[error("the folder {VIEW_DIR:?} cannot be used: {0}")]
    Folder(#[source] io::Error),
    /// The engine failed. The view is filled again from the log: at once, if it knows the log, or at the next start.
    #[error("the view failed and is filled again from the log: {0}")]
    Engine(#[from] EngineError),
    /// A batch was staged that is not newer than the one before.
    #[error("a batch up to {found} was staged after one up to {newest}")]
    Backwards {
        /// The size of the log after the batch.
        found: u64,
        /// The size of the log after the newest batch staged.
        newest: u64,
    },
}

/// The derived tables of a register. One thread stages; any number read.
#[derive(Debug)]
pub struct View {
    shared: Arc<Shared>,
    /// Says that something was staged, as often as it was.
    staged: Option<Sender<()>>,
    applier: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    layers: Gate<Layers>,
    progress: Mutex<Progress>,
    progressed: Condvar,
    /// Wakes the applier while it gathers.
    hurry: Condvar,
    /// A reader found that the engine cannot be read.
    unreadable: AtomicBool,
    has_failed: AtomicBool,
    refill: OnceLock<Refill>,
}

/// What is read: the overlay, and where it has nothing, the engine.
#[derive(Debug)]
struct Layers {
    overlay: Overlay,
    engine: Arc<dyn Engine>,
}

#[derive(Debug, Default)]
struct Progress {
    applied: u64,
    waiting_keys: usize,
    failed: Option<EngineError>,
    closing: bool,
    /// Somebody waits for what is staged.
    hurried: bool,
}

impl View {
    /// Opens the view of the register in `dir`, whose genesis has the id `genesis` and whose log holds `size` entries, with
    /// the engine that shall keep it.
    ///
    /// A view that does not fit, or whose engine is unwell or another one, is deleted and begun anew, in memory if the disk
    /// takes none; the answer says why. Either way [`View::applied`] says from where on the log has to be staged.
    pub fn open(dir: &Path, kind: EngineKind, genesis: &Hash, size: u64) -> Result<(View, Option<Anew>), ViewError> {
        let why = match place::open(dir, kind, genesis, size) {
            Ok(engine) => return Ok((View::over(engine)?, None)),
            Err(why) => why,
        };
        match place::begin_anew(dir, kind, genesis) {
            Ok(engine) => Ok((View::over(engine)?, Some(why))),
            Err(error) => Ok((View::in_memory()?, Some(Anew::InMemory(error.to_string())))),
        }
    }

    /// Returns which engine keeps the view of the register in `dir`, if there is one.
    pub fn kind_in(dir: &Path) -> Option<EngineKind> {
        place::kind_in(dir)
    }

    /// Returns an empty view that is nowhere on the disk.
    pub fn in_memory() -> Result<View, ViewError> {
        View::over(Box::new(MemoryEngine::default()))
    }

    /// Says how an empty view is filled from the log, up to a number of entries. From then on an engine that fails is
    /// replaced by one in memory.
    pub(crate) fn refill_with(&self, fill: impl Fn(&View, u64) -> Result<(), String> + Send + Sync + 'static) {
        self.shared.refill.get_or_init(|| Refill(Box::new(fill)));
    }

    /// Tells whether the engine has failed and is not replaced yet: some keys cannot be read.
    pub fn is_failing(&self) -> bool {
        self.shared.is_failing()
    }

    /// Tells whether an engine of this view has ever failed, replaced or not.
    pub fn has_failed(&self) -> bool {
        self.shared.has_failed.load(Ordering::Relaxed)
    }

    /// Says that the view does not show what the log leads to. It is not used again: one in memory, filled from the log, takes
    /// its place, and the next start makes it anew on the disk. Until then [`View::is_failing`].
    pub fn condemn(&self, why: &str) {
        tracing::error!("The tables are damaged: {why}");
        self.shared.has_failed.store(true, Ordering::Relaxed);
        self.shared.unreadable.store(true, Ordering::Relaxed);
    }

    /// Changes what the engine holds, behind the back of everybody.
    #[cfg(test)]
    pub(crate) fn damage(&self, key: &[u8], value: Option<&[u8]>) {
        let applied = self.applied();
        self.shared.engine().apply(&[(key.to_vec(), value.map(<[u8]>::to_vec))], applied).unwrap();
    }

    /// Deletes the view of the register in `dir`, whose log must be open (it holds the lock): the next [`View::open`] begins
    /// anew.
    pub fn delete(dir: &Path) -> Result<(), ViewError> {
        place::delete(dir)
    }

    /// Returns the view over an engine.
    fn over(engine: Box<dyn Engine>) -> Result<View, ViewError> {
        let applied = engine.cursor()?;
        let shared = Arc::new(Shared {
            layers: Gate::new(Layers { overlay: Overlay::at(applied), engine: Arc::from(engine) }),
            progress: Mutex::new(Progress { applied, ..Progress::default() }),
            progressed: Condvar::new(),
            hurry: Condvar::new(),
            unreadable: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            refill: OnceLock::new(),
        });
        let (sender, staged) = channel();
        let applying = Arc::clone(&shared);
        let applier = thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || apply_all(&applying, &staged))
            .map_err(ViewError::Folder)?;
        Ok(View { shared, staged: Some(sender), applier: Some(applier) })
    }

    /// Adds what a batch writes (`None` deletes a key), after which the log holds `size` entries. Readers see all of it once
    /// this returns, and none of it before. Never waits for the engine: the caller minds [`View::backlog`].
    pub fn stage(&self, writes: Vec<Write>, size: u64) -> Result<(), ViewError> {
        debug_assert!(writes.iter().all(|(key, _)| key.first() > Some(&ENGINE_PREFIX)), "tables have letters");
        let mut layers = self.shared.layers.write();
        let overlay = &mut layers.overlay;
        if size <= overlay.size() {
            return Err(ViewError::Backwards { found: size, newest: overlay.size() });
        }
        {
            let mut progress = self.shared.progress();
            if let Some(error) = progress.failed.as_ref().filter(|_| self.shared.refill.get().is_none()) {
                return Err(ViewError::Engine(error.clone()));
            }
            progress.waiting_keys += writes.len();
        }
        overlay.lay(writes, size);
        if let Some(staged) = &self.staged {
            let heard = staged.send(());
            debug_assert!(heard.is_ok(), "the applier ends only after the sender is gone");
        }
        Ok(())
    }

    /// Returns the tables as they are now, and keeps them so for as long as it is held: not for long, since staging waits,
    /// and never by the thread that stages. A thread that holds one may take another.
    pub fn reading(&self) -> Reading<'_> {
        Reading { layers: self.shared.layers.read(), shared: &self.shared }
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.reading().get(key)
    }

    /// Returns up to `limit` keys that begin with `prefix`, in order, from the first one greater than `after` on.
    pub fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, ViewError> {
        self.reading().prefix(prefix, after, limit)
    }

    /// Returns how many entries of the log the engine reflects: from here on the log has to be staged again after a restart.
    pub fn applied(&self) -> u64 {
        self.shared.progress().applied
    }

    /// Returns how many keys wait for the engine.
    pub fn backlog(&self) -> usize {
        self.shared.progress().waiting_keys
    }

    /// Waits until at most `keys` keys wait for the engine, or it has failed.
    pub fn wait_for_backlog(&self, keys: usize) -> Result<(), ViewError> {
        let waiting = |progress: &mut Progress| progress.waiting_keys > keys && progress.failed.is_none();
        let mut progress = self.shared.progress();
        if waiting(&mut progress) {
            progress.hurried = true;
            self.shared.hurry.notify_all();
        }
        let progress = self.shared.progressed.wait_while(progress, waiting).unwrap_or_else(PoisonError::into_inner);
        progress.failed.clone().map_or(Ok(()), |error| Err(ViewError::Engine(error)))
    }

    /// Brings all that is staged into the engine, hands it to the file system, and closes the view.
    pub fn close(mut self) -> Result<(), ViewError> {
        self.finish();
        let failed = self.shared.progress().failed.take();
        failed.map_or(Ok(()), |error| Err(ViewError::Engine(error)))
    }

    fn finish(&mut self) {
        self.shared.progress().closing = true;
        self.shared.hurry.notify_all();
        self.staged = None;
        if let Some(applier) = self.applier.take()
            && applier.join().is_err()
        {
            self.shared.fail(EngineError::Panicked);
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The tables at one moment.
#[derive(Debug)]
pub struct Reading<'a> {
    layers: Reader<'a, Layers>,
    shared: &'a Shared,
}

impl Reading<'_> {
    /// Returns how many entries of the log the tables reflect.
    pub fn size(&self) -> u64 {
        self.layers.overlay.size()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        match self.layers.overlay.get(key) {
            Some(laid) => Ok(laid.clone()),
            None => self.stored(|engine| engine.get(key)),
        }
    }

    /// Returns up to `limit` keys that begin with `prefix`, in order, from the first one greater than `after` on.
    pub fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, ViewError> {
        // Of the engine's keys, those that the overlay deletes do not count.
        let laid = self.layers.overlay.laid(prefix, after);
        let wanted = limit.saturating_add(laid.values().filter(|value| value.is_none()).count());
        let stored = self.stored(|engine| engine.prefix(prefix, after, wanted))?;
        Ok(merge(stored, &laid, limit))
    }

    /// Reads the engine. That it cannot be read is remembered, so that it is replaced.
    fn stored<T>(&self, read: impl FnOnce(&dyn Engine) -> Result<T, EngineError>) -> Result<T, ViewError> {
        let found = guarded(|| read(&*self.layers.engine));
        if found.is_err() {
            self.shared.has_failed.store(true, Ordering::Relaxed);
            self.shared.unreadable.store(true, Ordering::Relaxed);
        }
        Ok(found?)
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.layers.read().engine)
    }

    fn is_failing(&self) -> bool {
        self.unreadable.load(Ordering::Relaxed) || self.progress().failed.is_some()
    }

    fn fail(&self, error: EngineError) {
        self.has_failed.store(true, Ordering::Relaxed);
        self.engine().condemn();
        self.progress().failed.get_or_insert(error);
        self.progressed.notify_all();
    }

    /// Ends the failure, now that the engine is another one, and says what it was.
    fn recovered(&self) -> String {
        self.unreadable.store(false, Ordering::Relaxed);
        let failed = self.progress().failed.take();
        self.progressed.notify_all();
        failed.map_or_else(|| "its engine could not be read".to_owned(), |error| error.to_string())
    }
}

/// Returns the engine of the view in a register's folder as it is, if [`View::open`] would use it.
pub(crate) fn inspect(dir: &Path, genesis: &Hash, size: u64) -> Result<Box<dyn Engine>, Anew> {
    let kind = place::kind_in(dir).ok_or(Anew::Missing)?;
    place::open(dir, kind, genesis, size)
}
