//! The engine for large registers: fjall 3, one keyspace.
//!
//! A log-structured tree: what is written is sorted in memory, flushed as a table and merged with other tables behind the
//! scenes. Its memory is bounded by the sizes below, however large the register. A batch is one atomic record of its journal,
//! cursor included; what a kill leaves of the journal is whole batches from its beginning on.

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::view::engine::{CURSOR_KEY, Engine, EngineError, Pair, WriteRef, condemn, cursor_in};
use crate::view::overlay::range_start;

/// What is sorted in memory before it becomes a table. Most keys are random, so each time that new tables are merged all the old ones
/// are written again: the larger, the more seldom.
const MEMTABLE_BYTES: u64 = 32 << 20;
const CACHE_BYTES: u64 = 32 << 20;
const JOURNAL_BYTES_MAX: u64 = 128 << 20;
const BLOCK_BYTES: u32 = 8 << 10;
/// By level, the last for all below. New tables are soon merged into others, so to compress them does not pay.
const COMPRESSION: [CompressionType; 2] = [CompressionType::None, CompressionType::Lz4];
/// With two, the one that is left for flushing takes the task of merging again and again while the other is at it, and keeps a core busy
/// with nothing.
const WORKERS: usize = 1;
const FILES_MAX: usize = 128;
/// Beyond these, fjall halts whoever writes until its workers have caught up, even if they have failed. Well below.
const SEALED_MEMTABLES_MAX: usize = 2;
const NEW_TABLES_MAX: usize = 16;
const HALT_TIME: Duration = Duration::from_millis(2);

/// The store.
pub(super) struct FjallEngine {
    keyspace: Keyspace,
    db: Database,
    dir: PathBuf,
    condemned: PathBuf,
}

impl std::fmt::Debug for FjallEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallEngine").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl FjallEngine {
    /// Opens the store in `dir`, making it if need be. The file `condemned` is made if it must not be used again.
    pub(super) fn open(dir: &Path, condemned: &Path) -> Result<FjallEngine, EngineError> {
        let open = || {
            let db = Database::builder(dir)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES_MAX)
                .max_cached_files(Some(FILES_MAX))
                .worker_threads(WORKERS)
                .open()?;
            let keyspace = db.keyspace("view", options)?;
            Ok::<_, fjall::Error>((db, keyspace))
        };
        let opened = catch_unwind(AssertUnwindSafe(open)).map_err(|_| EngineError::Panicked)?;
        let (db, keyspace) = opened?;
        Ok(FjallEngine { keyspace, db, dir: dir.to_owned(), condemned: condemned.to_owned() })
    }

    /// Waits until the workers are not far behind. Fails if they never will be.
    fn wait_for_workers(&self) -> Result<(), EngineError> {
        while self.keyspace.sealed_memtable_count() > SEALED_MEMTABLES_MAX
            || self.keyspace.l0_table_count() > NEW_TABLES_MAX
        {
            // This does nothing but to tell whether one of them has failed.
            self.db.persist(PersistMode::Buffer)?;
            thread::sleep(HALT_TIME);
        }
        Ok(())
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
        .data_block_compression_policy(CompressionPolicy::new(COMPRESSION))
}

impl Engine for FjallEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.keyspace.get(key)?.map(|value| value.to_vec()))
    }

    fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let keys = self.keyspace.range::<&[u8], _>((range_start(prefix, after), Bound::Unbounded));
        let mut pairs = Vec::new();
        for pair in keys.take(limit) {
            let (key, value) = pair.into_inner()?;
            if !key.starts_with(prefix) {
                break;
            }
            pairs.push((key.to_vec(), value.to_vec()));
        }
        Ok(pairs)
    }

    fn bring_in(&self, writes: &[WriteRef<'_>], cursor: u64) -> Result<(), EngineError> {
        self.wait_for_workers()?;
        // Within a batch no write is newer than another, so of those to one key only the last may be there.
        let mut order = writes.to_vec();
        order.sort_by_key(|(key, _)| *key);
        let mut order = order.into_iter().peekable();
        let mut batch = self.db.batch();
        while let Some((key, value)) = order.next() {
            if order.peek().is_some_and(|(next, _)| *next == key) {
                continue;
            }
            match value {
                Some(value) => batch.insert(&self.keyspace, key, value),
                None => batch.remove(&self.keyspace, key),
            }
        }
        batch.insert(&self.keyspace, CURSOR_KEY, cursor.to_be_bytes());
        Ok(batch.commit()?)
    }

    fn cursor(&self) -> Result<u64, EngineError> {
        cursor_in(self.get(CURSOR_KEY)?)
    }

    fn flush(&self) -> Result<(), EngineError> {
        Ok(self.db.persist(PersistMode::Buffer)?)
    }

    fn condemn(&self) {
        condemn(&self.dir, &self.condemned);
    }
}

impl From<fjall::Error> for EngineError {
    fn from(error: fjall::Error) -> EngineError {
        EngineError::Store(error.to_string())
    }
}
