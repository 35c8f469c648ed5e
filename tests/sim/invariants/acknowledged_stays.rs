//! Who has a receipt has an entry: at its place, in the register's log, for ever.

use std::collections::BTreeMap;

use colophon_ledger::field::EntryId;
use colophon_tlog::hash::{Hash, leaf_hash};

use crate::fact::{End, Fact};

#[derive(Debug, Default)]
pub(crate) struct AcknowledgedStays(BTreeMap<u64, (EntryId, Hash)>);

impl AcknowledgedStays {
    pub(crate) fn note(&mut self, fact: &Fact) {
        let Fact::Acknowledged { id, index, leaf } = fact else { return };
        let there = self.0.entry(*index).or_insert((*id, *leaf));
        assert_eq!(*there, (*id, *leaf), "the index {index} was given to two entries");
    }

    pub(crate) fn at_the_end(&self, end: &End) {
        for (index, (id, leaf)) in &self.0 {
            let found = usize::try_from(*index).ok().and_then(|index| end.leaves.get(index));
            let found = found.map(|found| leaf_hash(found));
            assert_eq!(found, Some(*leaf), "{id} was acknowledged at {index} and is not there");
        }
    }
}
