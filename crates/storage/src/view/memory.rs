//! An engine in memory: what serves while the disk takes no view.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use crate::view::engine::{Engine, EngineError, Pair, WriteRef};
use crate::view::overlay::range_start;

/// The store. It is empty when it is made, and gone when it is dropped.
#[derive(Debug, Default)]
pub(super) struct MemoryEngine {
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    keys: BTreeMap<Vec<u8>, Vec<u8>>,
    cursor: u64,
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.kept.read().unwrap_or_else(PoisonError::into_inner).keys.get(key).cloned())
    }

    fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let keys = kept.keys.range::<[u8], _>((range_start(prefix, after), Bound::Unbounded));
        let within = keys.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(within.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn bring_in(&self, writes: &[WriteRef<'_>], cursor: u64) -> Result<(), EngineError> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes {
            match value {
                Some(value) => kept.keys.insert(key.to_vec(), value.to_vec()),
                None => kept.keys.remove(*key),
            };
        }
        kept.cursor = cursor;
        Ok(())
    }

    fn cursor(&self) -> Result<u64, EngineError> {
        Ok(self.kept.read().unwrap_or_else(PoisonError::into_inner).cursor)
    }

    fn flush(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn condemn(&self) {}
}
