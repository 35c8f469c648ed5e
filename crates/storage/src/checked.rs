//! Records that are held against the state tree before a rule sees them.
//!
//! The view is a convenience: what it says about a record is believed only if the tree says the same, and what the tree does
//! not hold is not there, whatever the view says.
//! So a damaged view never leads to an entry being taken or refused. One that is caught at it is replaced by one that is
//! filled again from the log, and until then nothing can be read.

use colophon_ledger::entry::entry_id;
use colophon_ledger::field::EntryId;
use colophon_ledger::state::{RecordKey, Records, Unreadable, record_digest};
use colophon_ledger::state_root::{StateKey, StateTree};
use colophon_tlog::tree::EntryIndex;

use crate::reader::LogReader;
use crate::tables::Tables;
use crate::view::View;

/// The records of a view, believed as far as the tree goes along.
///
/// View and tree must be of the same moment for as long as this is borrowed, as they are for the one thread that stages.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    view: &'a View,
    tree: &'a StateTree,
    log: &'a LogReader,
}

impl<'a> Checked<'a> {
    /// Returns the records of `view`, of which `tree` is the tree, and which `log` leads to.
    pub fn of(view: &'a View, tree: &'a StateTree, log: &'a LogReader) -> Checked<'a> {
        Checked { view, tree, log }
    }

    /// Returns where an entry stands, if it is in the log.
    ///
    /// What is said of a work is held against the tree, and an index against the log. Only that an entry other than a mint is
    /// not there has to be believed; if it is there all the same, its chain has gone on, and the rules refuse it.
    pub fn index_of(&self, id: &EntryId) -> Result<Option<u64>, Unreadable> {
        let found = Tables::of(&self.view.reading()).index_of(id);
        let found = found.map_err(|error| Unreadable(error.to_string()))?;
        let is_work = self.record(&RecordKey::Work(*id))?.is_some();
        match found {
            None if is_work => Err(self.doubt(&format!("the work {id} has no index"))),
            Some(index) if !is_work && !self.stands_at(id, index)? => {
                Err(self.doubt(&format!("the entry {id} does not stand at index {index}")))
            }
            found => Ok(found),
        }
    }

    /// Returns the record under a key that stands at `place` in the tree.
    pub fn record_at(&self, key: &RecordKey, place: &StateKey) -> Result<Option<String>, Unreadable> {
        // Nearly all that a mint asks for is not there. The tree is in memory, so this costs next to nothing.
        let Some(digest) = self.tree.digest(place) else { return Ok(None) };
        let found = self.view.record(key)?;
        if found.as_deref().map(record_digest) == Some(digest) {
            Ok(found)
        } else {
            Err(self.doubt(&format!("the record {key} is not the one in the state")))
        }
    }

    fn stands_at(&self, id: &EntryId, index: u64) -> Result<bool, Unreadable> {
        let Some(index) = EntryIndex::new(index).filter(|index| self.log.size().holds(*index)) else {
            return Ok(false);
        };
        let leaf = self.log.entry(index).map_err(|error| Unreadable(error.to_string()))?;
        Ok(entry_id(&leaf) == Some(id.0))
    }

    fn doubt(&self, why: &str) -> Unreadable {
        self.view.condemn(why);
        Unreadable(format!("the view does not show what the log leads to: {why}"))
    }
}

impl Records for Checked<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        self.record_at(key, &key.state_key())
    }

    /// Has the way down the tree to each of them in the processor's cache.
    fn expect(&self, keys: &[RecordKey]) {
        self.tree.digests(&keys.iter().map(RecordKey::state_key).collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::people::{Register, account};
    use crate::view::engine::EngineKind;
    use colophon_ledger::field::Digest;
    use colophon_tlog::hash::Hash;

    /// Begins a register, lets a story happen, damages what the view says under a key, and asks about it.
    fn after_damage(
        key: impl Fn(&EntryId) -> Vec<u8>,
        value: Option<&[u8]>,
        ask: impl Fn(&Checked<'_>, &EntryId) -> Result<(), Unreadable>,
    ) {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let mut register = Register::begin_with(dir.path(), kind);
            let work = register.story();
            let (log, size) = (register.log.reader(), register.log.size().get());
            crate::catch_up::catch_up(&register.view, &log, |_| {}).unwrap();
            register.view.wait_for_backlog(0).unwrap();
            ask(&Checked::of(&register.view, &register.tree, &log), &work).unwrap();
            register.view.damage(&key(&work), value);
            let checked = Checked::of(&register.view, &register.tree, &log);
            let doubt = ask(&checked, &work).unwrap_err().to_string();
            assert!(doubt.contains("does not show what the log leads to"), "{kind}: {doubt}");
            assert!(register.view.has_failed());
            while register.view.is_failing() {
                std::thread::sleep(Duration::from_millis(5));
            }
            ask(&checked, &work).unwrap();
            assert_eq!(register.view.reading().size(), size);
            drop(register);
            let (_, anew) = View::open(dir.path(), kind, &log_genesis(&log), size).unwrap();
            assert!(anew.is_some(), "{kind}: the view on the disk must not be used again");
        }
    }

    fn log_genesis(log: &LogReader) -> Hash {
        entry_id(&log.entry(EntryIndex::new(0).unwrap()).unwrap()).unwrap()
    }

    fn work_key(work: &EntryId) -> Vec<u8> {
        [b"e", &work.0.as_bytes()[..]].concat()
    }

    fn edition_key(work: &EntryId) -> Vec<u8> {
        [b"rd", &work.0.as_bytes()[..], &1_u64.to_be_bytes()].concat()
    }

    fn read(checked: &Checked<'_>, key: &RecordKey) -> Result<(), Unreadable> {
        checked.record(key).map(drop)
    }

    #[test]
    fn a_record_that_was_changed_or_lost_is_not_believed_and_comes_back() {
        for value in [Some(&b"{\"count\":1}"[..]), Some(&[9, 9, 200]), None] {
            after_damage(edition_key, value, |checked, work| read(checked, &RecordKey::Edition(*work, 1)));
        }
        after_damage(work_key, None, |checked, work| read(checked, &RecordKey::Work(*work)));
    }

    #[test]
    fn a_record_that_was_made_up_is_not_seen() {
        for kind in EngineKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let mut register = Register::begin_with(dir.path(), kind);
            register.story();
            register.view.wait_for_backlog(0).unwrap();
            register.view.damage(&[b"rf", &[0; 32][..]].concat(), Some(b"{\"count\":1}"));
            let log = register.log.reader();
            let checked = Checked::of(&register.view, &register.tree, &log);
            assert_eq!(checked.record(&RecordKey::File(Digest(Hash::ZERO))), Ok(None));
        }
    }

    #[test]
    fn an_index_is_held_against_the_tree_or_the_log() {
        let index = |checked: &Checked<'_>, work: &EntryId| checked.index_of(work).map(drop);
        for value in [None, Some(&[0, 4][..]), Some(&[][..])] {
            after_damage(work_key, value, index);
        }
        let (unknown, zero) = (Digest(Hash::ZERO), work_key(&Digest(Hash::ZERO)));
        for place in [&[0, 2][..], &[0, 250]] {
            after_damage(|_| zero.clone(), Some(place), |checked, _| checked.index_of(&unknown).map(drop));
        }
    }

    #[test]
    fn what_is_sound_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let mut register = Register::begin(dir.path());
        let work = register.story();
        let log = register.log.reader();
        let checked = Checked::of(&register.view, &register.tree, &log);
        assert_eq!(checked.index_of(&work), Ok(Some(3)));
        assert_eq!(checked.index_of(&Digest(log_genesis(&log))), Ok(Some(0)));
        assert_eq!(checked.index_of(&Digest(Hash::ZERO)), Ok(None));
        assert_eq!(checked.record(&RecordKey::Account(account("nobody"))), Ok(None));
        assert!(checked.record(&RecordKey::Edition(work, 1)).unwrap().is_some());
    }
}
