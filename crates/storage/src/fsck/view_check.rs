//! The view compared, key by key, with what the entries lead to.

use std::collections::BTreeMap;

use crate::fsck::finding::Finding;
use crate::view::ENGINE_PREFIX;
use crate::view::engine::{Engine, EngineError, Write};

/// How many keys that differ are named.
const EXAMPLES_MAX: usize = 3;
const PAGE_KEYS: usize = 10_000;

/// A comparison under way. What is written once is compared at once; what changes, in the end, and what differs so far: works' records
/// stand among what is written once, and are written again where their facts are amended.
#[derive(Debug)]
pub(super) struct ViewCheck {
    engine: Box<dyn Engine>,
    applied: u64,
    /// Whether a batch has ended where the view's cursor stands.
    aligned: bool,
    /// The newest value of each key of the tables whose values change, and of each other key of which the view has another one.
    changing: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How many keys of the other tables are as they should be.
    lasting: u64,
    differing: u64,
    examples: Vec<String>,
}

impl ViewCheck {
    /// Begins with a view as it is on the disk.
    pub(super) fn of(engine: Box<dyn Engine>) -> Result<ViewCheck, EngineError> {
        let applied = engine.cursor()?;
        Ok(ViewCheck {
            engine,
            applied,
            aligned: applied == 0,
            changing: BTreeMap::new(),
            lasting: 0,
            differing: 0,
            examples: Vec::new(),
        })
    }

    /// Returns how many entries the view reflects.
    pub(super) fn applied(&self) -> u64 {
        self.applied
    }

    /// Takes what the next batch writes, after which the log has `size` entries. What the view does not reflect yet is
    /// passed over.
    pub(super) fn batch(&mut self, writes: Vec<Write>, size: u64) -> Result<(), EngineError> {
        if size > self.applied {
            return Ok(());
        }
        self.aligned |= size == self.applied;
        for (key, value) in writes {
            match (value, key.first()) {
                (Some(value), first) => {
                    let changes = matches!(first, Some(b'r' | b'h' | b'o'));
                    if changes || !self.has(&key, &value)? {
                        self.changing.insert(key, value);
                    } else {
                        self.changing.remove(&key);
                        self.lasting += 1;
                    }
                }
                (None, _) => {
                    self.changing.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// Compares the rest, and says what was found.
    pub(super) fn finish(mut self) -> Result<Option<Finding>, EngineError> {
        if !self.aligned {
            self.differs(format!("its cursor stands at {}, within a batch", self.applied));
        }
        let expected = self.lasting + self.changing.len() as u64;
        for (key, value) in std::mem::take(&mut self.changing) {
            self.compare(&key, &value)?;
        }
        let found = self.count()?;
        if found != expected {
            self.differs(format!("it has {found} keys instead of {expected}"));
        }
        let examples = self.examples.join(", ");
        Ok((self.differing > 0).then_some(Finding::ViewDiffers { count: self.differing, examples }))
    }

    fn has(&self, key: &[u8], value: &[u8]) -> Result<bool, EngineError> {
        Ok(self.engine.get(key)?.as_deref() == Some(value))
    }

    fn compare(&mut self, key: &[u8], value: &[u8]) -> Result<(), EngineError> {
        if !self.has(key, value)? {
            self.differs(key.escape_ascii().to_string());
        }
        Ok(())
    }

    fn differs(&mut self, example: String) {
        self.differing += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example);
        }
    }

    fn count(&self) -> Result<u64, EngineError> {
        let mut count = 0;
        let mut after = vec![ENGINE_PREFIX, u8::MAX];
        loop {
            let pairs = self.engine.prefix(b"", Some(&after), PAGE_KEYS)?;
            let Some((last, _)) = pairs.last() else { return Ok(count) };
            count += pairs.len() as u64;
            after.clone_from(last);
        }
    }
}
