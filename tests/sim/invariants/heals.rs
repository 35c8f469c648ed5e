//! Once nothing goes wrong any more, everybody has their answer, and everybody has everything.

use crate::fact::End;
use crate::roles::QUORUM;

pub(crate) fn at_the_end(end: &End) {
    assert_eq!(end.waiting, 0, "people still wait for answers");
    let size = end.leaves.len() as u64;
    for (who, published, _) in &end.published {
        assert_eq!(*published, size, "{who:?} has not published all of it");
    }
    assert!(end.copies.iter().all(|copy| copy.len() as u64 == size), "a copy is not whole");
    let current = end.cosigned.iter().filter(|cosigned| **cosigned == size).count();
    assert!(current >= QUORUM, "the witnesses are behind: {:?} of {size}", end.cosigned);
}
