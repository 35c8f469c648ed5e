//! A disk that is full, damaged, put back wrong or shared: the table of what the node does about it, and what it says.
//!
//! Nothing acknowledged may be lost, and nothing false may be served. What can be computed again heals; what cannot is refused,
//! with a sentence that tells what to do, and without a byte changed.

use std::panic::{AssertUnwindSafe, catch_unwind};

mod damage;
mod full;
mod scene;

/// What came of a case.
struct Row {
    what: String,
    /// What `fsck` said before the node was started.
    examined: String,
    came_of_it: String,
    said: String,
}

const FAILED: &str = "FAILED, see above";

#[test]
fn whatever_is_wrong_with_the_disk_is_healed_or_refused_and_told() {
    let mut rows = damage::rows();
    rows.extend(full::rows());
    println!("{:<44} {:<6} {:<22} what it says", "what happened to the disk", "fsck", "what came of it");
    for Row { what, examined, came_of_it, said } in &rows {
        println!("{what:<44} {examined:<6} {came_of_it:<22} {said}");
    }
    assert!(rows.iter().all(|row| row.came_of_it != FAILED));
}

/// Returns the row of a case, also of one that fails: the table is always whole.
fn attempt(what: &str, run: impl FnOnce() -> Row) -> Row {
    let failed =
        |_| Row { what: what.to_owned(), examined: String::new(), came_of_it: FAILED.to_owned(), said: String::new() };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(failed)
}
