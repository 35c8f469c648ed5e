//! Records as a batch sees them: those before it, with what its entries have changed laid over them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::state::{Changes, RecordKey, Records, Unreadable};

/// Records with changes laid over them.
#[derive(Debug)]
pub struct Overlay<'a, R> {
    base: &'a R,
    changes: Changes,
    /// What the base has said of records that one entry after the other asks for.
    remembered: RefCell<BTreeMap<RecordKey, Option<String>>>,
}

impl<'a, R: Records> Overlay<'a, R> {
    /// Returns the records of `base`, so far unchanged.
    pub fn over(base: &'a R) -> Overlay<'a, R> {
        Overlay { base, changes: Changes::new(), remembered: RefCell::default() }
    }

    /// Lays more changes over what is there.
    pub fn add(&mut self, changes: Changes) {
        self.changes.extend(changes);
    }

    /// Returns all changes since [`Overlay::over`].
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Gives the changes away.
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

impl<R: Records> Records for Overlay<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        if let Some(record) = self.changes.get(key) {
            return Ok(Some(record.clone()));
        }
        if !key.is_asked_for_often() {
            return self.base.record(key);
        }
        if let Some(known) = self.remembered.borrow().get(key) {
            return Ok(known.clone());
        }
        let found = self.base.record(key)?;
        self.remembered.borrow_mut().insert(key.clone(), found.clone());
        Ok(found)
    }

    fn holds(&self, key: &RecordKey) -> Result<bool, Unreadable> {
        if let Some(known) = self.remembered.borrow().get(key) {
            return Ok(known.is_some());
        }
        Ok(self.record(key)?.is_some())
    }

    fn expect(&self, keys: &[RecordKey]) {
        self.base.expect(keys);
    }
}
