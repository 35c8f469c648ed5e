//! Of an edition that was sold twice one buyer has it, and no entry stands in the log twice.

use std::collections::BTreeSet;

use colophon_ledger::entry::{Body, Entry};

use crate::fact::End;

pub(crate) fn at_the_end(end: &End) {
    let (mut moved, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for leaf in &end.leaves {
        let entry = Entry::parse(leaf).expect("an entry");
        assert!(ids.insert(entry.id()), "{} stands in the log twice", entry.id());
        if let Body::Transfer(terms) = entry.body() {
            assert!(moved.insert(terms.prev), "title moved twice from {}", terms.prev);
        }
    }
}
