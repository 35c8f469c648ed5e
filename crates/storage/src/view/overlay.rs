//! What has been staged and is not in the engine yet.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::view::engine::{Pair, Write};

/// The newest value of each key that waits for the engine.
#[derive(Debug)]
pub(super) struct Overlay {
    laid: BTreeMap<Vec<u8>, Laid>,
    size: u64,
}

/// What a batch wrote under a key.
#[derive(Debug)]
pub(super) struct Laid {
    /// The value, or none if the key was deleted.
    pub(super) value: Option<Vec<u8>>,
    /// The size of the log after the batch that wrote it.
    size: u64,
}

impl Overlay {
    /// Returns an empty overlay over an engine that reflects `size` entries.
    pub(super) fn at(size: u64) -> Overlay {
        Overlay { laid: BTreeMap::new(), size }
    }

    /// Returns how many entries the engine and the overlay together reflect.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Lays a batch over what is there.
    pub(super) fn lay(&mut self, writes: &[Write], size: u64) {
        self.size = size;
        for (key, value) in writes {
            self.laid.insert(key.clone(), Laid { value: value.clone(), size });
        }
    }

    /// Drops these keys, now that the engine holds all batches up to `size`; newer values of the same keys stay.
    pub(super) fn lift(&mut self, writes: &[Write], size: u64) {
        for (key, _) in writes {
            if self.laid.get(key).is_some_and(|laid| laid.size <= size) {
                self.laid.remove(key);
            }
        }
    }

    /// Returns what is laid over a key, if anything is.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Laid> {
        self.laid.get(key)
    }

    /// Returns how many keys of the range are deleted here.
    pub(super) fn deleted(&self, prefix: &[u8], after: Option<&[u8]>) -> usize {
        self.range(prefix, after).filter(|(_, laid)| laid.value.is_none()).count()
    }

    /// Lays the range over what the engine has of it, and returns the first `limit` keys.
    pub(super) fn merge(&self, stored: Vec<Pair>, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Pair> {
        let mut merged = Vec::with_capacity(stored.len().min(limit));
        let mut stored = stored.into_iter().peekable();
        let mut laid = self.range(prefix, after).peekable();
        while merged.len() < limit {
            let from_overlay = match (stored.peek(), laid.peek()) {
                (None, None) => break,
                (Some((stored, _)), Some((laid, _))) => *laid <= stored,
                (stored, _) => stored.is_none(),
            };
            if !from_overlay {
                merged.extend(stored.next());
            } else if let Some((key, Laid { value, .. })) = laid.next() {
                if stored.peek().is_some_and(|(stored, _)| stored == key) {
                    stored.next();
                }
                merged.extend(value.as_ref().map(|value| (key.clone(), value.clone())));
            }
        }
        merged
    }

    fn range<'a>(&'a self, prefix: &'a [u8], after: Option<&'a [u8]>) -> impl Iterator<Item = (&'a Vec<u8>, &'a Laid)> {
        let start = range_start(prefix, after);
        self.laid.range::<[u8], _>((start, Bound::Unbounded)).take_while(move |(key, _)| key.starts_with(prefix))
    }
}

/// Returns where the keys that begin with `prefix` and are greater than `after` begin.
pub(super) fn range_start<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}
