//! What has been staged and is not in the engine yet.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::view::engine::{Pair, Write};

/// Batches go together into the engine up to about so many keys. The more, the faster it goes; the fewer, the less of it is
/// in memory twice.
const GENERATION_KEYS: usize = 20_000;

/// The newest value of each of some keys, or none where the key was deleted.
pub(super) type Values = BTreeMap<Vec<u8>, Option<Vec<u8>>>;
/// What is laid over the keys of a range.
pub(super) type Laid<'a> = BTreeMap<&'a [u8], Option<&'a [u8]>>;

/// What waits for the engine, in generations of whole batches.
#[derive(Debug)]
pub(super) struct Overlay {
    /// The oldest first.
    generations: VecDeque<Generation>,
    /// Whether the oldest one is on its way into the engine, and so is not added to.
    taken: bool,
    size: u64,
}

/// Batches that go into the engine together.
#[derive(Debug, Clone, Default)]
pub(super) struct Generation {
    pub(super) values: Arc<Values>,
    /// How many writes were staged; those to one key count each.
    pub(super) writes: usize,
    /// The size of the log after the last of the batches.
    pub(super) size: u64,
}

impl Overlay {
    /// Returns an empty overlay over an engine that reflects `size` entries.
    pub(super) fn at(size: u64) -> Overlay {
        Overlay { generations: VecDeque::new(), taken: false, size }
    }

    /// Returns how many entries the engine and the overlay together reflect.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Lays a batch over what is there.
    pub(super) fn lay(&mut self, writes: Vec<Write>, size: u64) {
        self.size = size;
        let open = self.generations.len() > usize::from(self.taken);
        if !open || self.generations.back().is_none_or(|newest| newest.writes >= GENERATION_KEYS) {
            self.generations.push_back(Generation::default());
        }
        if let Some(newest) = self.generations.back_mut() {
            newest.writes += writes.len();
            newest.size = size;
            Arc::make_mut(&mut newest.values).extend(writes);
        }
    }

    /// Returns the oldest generation, if there is one, for the engine. It stays until it is dropped.
    pub(super) fn take(&mut self) -> Option<Generation> {
        self.taken = !self.generations.is_empty();
        self.generations.front().cloned()
    }

    /// Drops the generation that was taken, now that the engine has it, and returns it: it is freed elsewhere.
    pub(super) fn drop_taken(&mut self) -> Option<Generation> {
        let dropped = if self.taken { self.generations.pop_front() } else { None };
        self.taken = false;
        dropped
    }

    /// Returns what is laid over a key, if anything is: its value, or none if it was deleted.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.generations.iter().rev().find_map(|generation| generation.values.get(key))
    }

    /// Returns what is laid over the keys that begin with `prefix`, from the first one greater than `after` on.
    pub(super) fn laid(&self, prefix: &[u8], after: Option<&[u8]>) -> Laid<'_> {
        let mut laid = Laid::new();
        for generation in &self.generations {
            let keys = generation.values.range::<[u8], _>((range_start(prefix, after), Bound::Unbounded));
            let keys = keys.take_while(|(key, _)| key.starts_with(prefix));
            laid.extend(keys.map(|(key, value)| (&key[..], value.as_deref())));
        }
        laid
    }
}

/// Lays what is laid over a range over what the engine has of it, and returns the first `limit` keys.
pub(super) fn merge(stored: Vec<Pair>, laid: &Laid<'_>, limit: usize) -> Vec<Pair> {
    let mut merged = Vec::with_capacity(stored.len().min(limit));
    let mut stored = stored.into_iter().peekable();
    let mut laid = laid.iter().peekable();
    while merged.len() < limit {
        let from_overlay = match (stored.peek(), laid.peek()) {
            (None, None) => break,
            (Some((stored, _)), Some((laid, _))) => **laid <= &stored[..],
            (stored, _) => stored.is_none(),
        };
        if !from_overlay {
            merged.extend(stored.next());
        } else if let Some((key, value)) = laid.next() {
            if stored.peek().is_some_and(|(stored, _)| stored == key) {
                stored.next();
            }
            merged.extend(value.map(|value| (key.to_vec(), value.to_vec())));
        }
    }
    merged
}

/// Returns where the keys that begin with `prefix` and are greater than `after` begin.
pub(super) fn range_start<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}
