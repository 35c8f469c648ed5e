//! A disk that is full, damaged, put back wrong or shared: the table of what the node does about it, and what it says.
//!
//! Nothing acknowledged may be lost, and nothing false may be served. What can be computed again heals; what cannot is refused,
//! with a sentence that tells what to do, and without a byte changed.

mod damage;
mod full;
mod row;
mod scene;

use crate::row::{FAILED, Row};

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
