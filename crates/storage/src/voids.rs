//! What the upgrades of a log void: looked up where a leaf is met that is against the rules, and not before.

use colophon_ledger::voiding::VoidLists;
use colophon_tlog::tree::EntryIndex;

use crate::reader::{ENTRIES_AT_ONCE_MAX, LogReader, ReadError};

/// Reads a log from an index to its end for the upgrades in it that void leaves.
pub fn void_lists(log: &LogReader, from: u64) -> Result<VoidLists, ReadError> {
    let (mut lists, mut next, size) = (VoidLists::default(), from, log.size().get());
    while let Some(first) = EntryIndex::new(next).filter(|_| next < size) {
        for (index, leaf) in (next..).zip(log.entries(first, ENTRIES_AT_ONCE_MAX.min(size - next))?) {
            lists.leaf(index, &leaf);
        }
        next += ENTRIES_AT_ONCE_MAX;
    }
    Ok(lists)
}
