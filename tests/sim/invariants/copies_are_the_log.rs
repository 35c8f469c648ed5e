//! Every copy is the register's log, entry by entry, and at equal sizes all have the same state.

use crate::fact::End;

pub(crate) fn at_the_end(end: &End) {
    for copy in &end.copies {
        assert!(end.leaves.starts_with(copy), "a copy is not the beginning of the log");
    }
    for (who, size, state) in &end.published {
        for (other, other_size, other_state) in &end.published {
            assert!(size != other_size || state == other_state, "{who:?} and {other:?} differ in the state at {size}");
        }
    }
}
