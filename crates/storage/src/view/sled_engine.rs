//! The default engine: sled 0.34, one tree.
//!
//! Its memory grows with the size of a batch, so a batch of the log is brought in by pieces. From before the first piece to the
//! last one, the whole batch stands under one key of its own: a store that was left in between is brought to the end of it.
//! (Under load nearly every kill leaves one so.) Opening it can fail, or panic, after a kill.

use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::sled_store;
use crate::view::engine::{CURSOR_KEY, Engine, EngineError, Pair, WriteRef, condemn, cursor_in};
use crate::view::overlay::range_start;
use crate::view::redo;

/// The most keys of one piece. With 6 000 the same load took 17 GB of memory.
const PIECE_KEYS_MAX: usize = 298;
const CACHE_BYTES: u64 = 256 << 20;

const APPLYING_KEY: &[u8] = b"\0applying";

/// The store.
#[derive(Debug)]
pub(super) struct SledEngine {
    db: sled::Db,
    dir: PathBuf,
    condemned: PathBuf,
}

impl SledEngine {
    /// Opens the store in `dir`, making it if need be, and ends a batch it was left in the middle of. The file `condemned` is
    /// made if it must not be used again.
    pub(super) fn open(dir: &Path, condemned: &Path) -> Result<SledEngine, EngineError> {
        let db = sled_store::open(&sled::Config::new().path(dir).cache_capacity(CACHE_BYTES))?;
        let engine = SledEngine { db, dir: dir.to_owned(), condemned: condemned.to_owned() };
        engine.end_batch()?;
        Ok(engine)
    }

    fn end_batch(&self) -> Result<(), EngineError> {
        let Some(half_applied) = self.get(APPLYING_KEY)? else { return Ok(()) };
        let (writes, cursor) = redo::decode(&half_applied).ok_or(EngineError::HalfApplied)?;
        self.apply(&writes, cursor)
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.db.get(key)?.map(|value| value.to_vec()))
    }

    fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let keys = self.db.range::<&[u8], _>((range_start(prefix, after), Bound::Unbounded));
        let mut pairs = Vec::new();
        for pair in keys.take(limit) {
            let (key, value) = pair?;
            if !key.starts_with(prefix) {
                break;
            }
            pairs.push((key.to_vec(), value.to_vec()));
        }
        Ok(pairs)
    }

    fn bring_in(&self, writes: &[WriteRef<'_>], cursor: u64) -> Result<(), EngineError> {
        if writes.len() > PIECE_KEYS_MAX {
            self.db.insert(APPLYING_KEY, redo::encode(writes, cursor))?;
        }
        let mut pieces = writes.chunks(PIECE_KEYS_MAX).peekable();
        loop {
            let piece = pieces.next().unwrap_or_default();
            let last = pieces.peek().is_none();
            let mut batch = sled::Batch::default();
            for (key, value) in piece {
                match value {
                    Some(value) => batch.insert(*key, *value),
                    None => batch.remove(*key),
                }
            }
            if last {
                batch.remove(APPLYING_KEY);
                batch.insert(CURSOR_KEY, &cursor.to_be_bytes());
            }
            self.db.apply_batch(batch)?;
            if last {
                return Ok(());
            }
        }
    }

    fn cursor(&self) -> Result<u64, EngineError> {
        cursor_in(self.get(CURSOR_KEY)?)
    }

    fn flush(&self) -> Result<(), EngineError> {
        self.db.flush()?;
        Ok(())
    }

    fn condemn(&self) {
        condemn(&self.dir, &self.condemned);
    }
}

impl From<sled::Error> for EngineError {
    fn from(error: sled::Error) -> EngineError {
        EngineError::Store(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::engine::Write;

    fn engine(dir: &Path) -> SledEngine {
        SledEngine::open(&dir.join("sled"), &dir.join("condemned")).unwrap()
    }

    fn writes(keys: u32, value: &[u8]) -> Vec<Write> {
        (0..keys).map(|key| ([&b"r"[..], &key.to_be_bytes()].concat(), Some(value.to_vec()))).collect()
    }

    #[test]
    fn a_store_left_between_two_pieces_is_brought_to_the_end_of_its_batch() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        engine.apply(&writes(500, &[1]), 8).unwrap();
        let mut batch = writes(900, &[2]);
        batch.push((batch[0].0.clone(), None));
        engine.db.insert(APPLYING_KEY, redo::encode(&batch, 9)).unwrap();
        for (key, value) in &batch[..400] {
            engine.db.insert(key, value.clone().unwrap()).unwrap();
        }
        assert_eq!(engine.cursor(), Ok(8));
        engine.end_batch().unwrap();
        let found = engine.prefix(b"r", None, 2_000).unwrap();
        assert_eq!((engine.cursor(), found.len()), (Ok(9), 899));
        assert!(found.iter().all(|(_, value)| value == &[2]));
        assert_eq!(engine.end_batch(), Ok(()));
    }

    #[test]
    fn a_store_whose_open_batch_cannot_be_read_is_of_no_use() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        engine.db.insert(APPLYING_KEY, &[1, 2, 3]).unwrap();
        assert_eq!(engine.end_batch(), Err(EngineError::HalfApplied));
    }
}
