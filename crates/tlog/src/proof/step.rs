//! The way through a tree: which subtrees a proof names, in which order.

use crate::size::{EntryIndex, TreeSize};

/// A step of a proof: the range of leaves whose root it is.
pub(super) type Step = (u64, u64);

/// Returns the subtrees whose roots prove that the leaf at `index` is in a tree of `size`, which holds it: from its sibling
/// upward.
pub(super) fn inclusion_steps(index: EntryIndex, size: TreeSize) -> Vec<Step> {
    let (mut start, mut end) = (0, size.get());
    let mut steps = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index.get() < middle {
            steps.push((middle, end));
            end = middle;
        } else {
            steps.push((start, middle));
            start = middle;
        }
    }
    steps.reverse();
    steps
}

/// Returns the subtrees whose roots prove that the tree of `new` begins with that of `old`, in the order of the proof.
///
/// The first is the last complete part of the old tree, unless that part is the whole of it.
pub(super) fn consistency_steps(old: TreeSize, new: TreeSize) -> Vec<Step> {
    if old == TreeSize::ZERO || old >= new {
        return Vec::new();
    }
    let (mut start, mut end) = (0, new.get());
    let mut steps = Vec::new();
    // Down to the subtree that ends where the old tree does.
    while end != old.get() {
        let middle = start + split(end - start);
        if old.get() <= middle {
            steps.push((middle, end));
            end = middle;
        } else {
            steps.push((start, middle));
            start = middle;
        }
    }
    if start != 0 {
        steps.push((start, end));
    }
    steps.reverse();
    steps
}

/// Returns the largest power of two below `n`, which must be at least 2: where a tree of `n` leaves splits.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}
