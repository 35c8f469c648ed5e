//! One row of the table: what was done to the disk, and what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is said to have come of a case that failed.
pub(crate) const FAILED: &str = "FAILED, see above";

/// What came of a case.
pub(crate) struct Row {
    pub(crate) what: String,
    /// What `fsck` said before the node was started.
    pub(crate) examined: String,
    pub(crate) came_of_it: String,
    pub(crate) said: String,
}

/// Returns the row of a case, also of one that fails: the table is always whole.
pub(crate) fn attempt(what: &str, run: impl FnOnce() -> Row) -> Row {
    let failed =
        |_| Row { what: what.to_owned(), examined: String::new(), came_of_it: FAILED.to_owned(), said: String::new() };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(failed)
}
