//! Leaves that the rules refuse and that governors void further on: what their upgrades name, and what is owed meanwhile.
//!
//! Nothing can be taken out of a log. Where an operator's fault has put a leaf into one that the rules refuse, an `upgrade` with
//! `void` lets everybody who replays pass over it, from its own batch on. That upgrade stands later than the leaf, so whoever
//! meets such a leaf looks ahead for it, and owes an answer until it has been accepted in its own turn.

use std::collections::BTreeSet;

use crate::entry::{Body, Entry};

/// The most upgrades with `void` of one log that are looked at ahead. Those that come later void nothing here.
pub const VOIDING_UPGRADES_MAX: usize = 4_096;

/// What the upgrades of a log void, by their form alone. Whether the rules accept them is seen in their turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoidLists(Vec<(u64, Vec<u64>)>);

impl VoidLists {
    /// Takes the leaf at an index. Leaves come in the order of the log.
    pub fn leaf(&mut self, index: u64, leaf: &[u8]) {
        if self.0.len() < VOIDING_UPGRADES_MAX
            && let Some(list) = list_in(leaf)
        {
            self.0.push((index, list));
        }
    }

    /// Returns whether the leaf at an index is voided.
    pub fn names(&self, index: u64) -> bool {
        self.voided().contains(&index)
    }

    /// Returns the leaves that are voided. An upgrade that another one voids does not count; so if each that counts is accepted,
    /// nothing stays owed.
    fn voided(&self) -> BTreeSet<u64> {
        let mut voided = BTreeSet::new();
        for (index, list) in self.0.iter().rev() {
            if !voided.contains(index) {
                voided.extend(list.iter().filter(|named| *named < index));
            }
        }
        voided
    }
}

/// Returns the leaves that a leaf voids, if it is an upgrade that does.
fn list_in(leaf: &[u8]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(leaf).ok()?;
    if !text.contains(r#""kind":"upgrade""#) || !text.contains(r#""void":["#) {
        return None;
    }
    match Entry::parse(leaf).ok()?.body() {
        Body::Upgrade(upgrade) => Some(upgrade.voids().collect()).filter(|list: &Vec<u64>| !list.is_empty()),
        _ => None,
    }
}

/// What whoever replays knows of voided leaves at one place of a log. Where none was met that is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voiding {
    /// What upgrades further on void; nothing before somebody looked ahead.
    named: BTreeSet<u64>,
    /// What the rules have refused and no upgrade so far has voided.
    owed: BTreeSet<u64>,
}

impl Voiding {
    /// Learns what the upgrades of the whole log void, and tells whether the leaf at `index` is among it.
    pub fn learn(&mut self, lists: &VoidLists, index: u64) -> bool {
        self.named = lists.voided();
        self.is_named(index)
    }

    /// Takes leaves before `index` that a list names as refused, for whoever sees nothing of them.
    pub(crate) fn trust_before(&mut self, index: u64) {
        self.owed.extend(self.named.range(..index));
    }

    /// Returns whether an upgrade further on voids the leaf at an index.
    pub(crate) fn is_named(&self, index: u64) -> bool {
        self.named.contains(&index)
    }

    /// Returns the first leaf that the rules refused and no upgrade so far has voided. With one, a log is not accepted.
    pub fn owed(&self) -> Option<u64> {
        self.owed.first().copied()
    }

    /// Returns all leaves that are owed.
    pub(crate) fn owing(&self) -> &BTreeSet<u64> {
        &self.owed
    }

    /// Passes over a leaf that the rules refuse.
    pub(crate) fn owe(&mut self, index: u64) {
        self.owed.insert(index);
    }

    /// Voids leaves for good.
    pub(crate) fn settle(&mut self, voids: impl Iterator<Item = u64>) {
        voids.for_each(|index| {
            self.owed.remove(&index);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(all: &[(u64, &[u64])]) -> VoidLists {
        VoidLists(all.iter().map(|(index, list)| (*index, list.to_vec())).collect())
    }

    #[test]
    fn an_upgrade_that_is_voided_itself_voids_nothing() {
        let voided = |all: &[(u64, &[u64])]| lists(all).voided().into_iter().collect::<Vec<_>>();
        assert!(voided(&[]).is_empty());
        assert_eq!(voided(&[(9, &[2, 4]), (12, &[7])]), [2, 4, 7]);
        assert_eq!(voided(&[(9, &[2, 4]), (12, &[9])]), [9]);
        assert_eq!(voided(&[(9, &[2, 4]), (12, &[9]), (14, &[12])]), [2, 4, 12]);
        assert_eq!(voided(&[(9, &[9, 10, 8])]), [8]);
    }

    #[test]
    fn what_is_owed_is_settled_once() {
        let mut voiding = Voiding::default();
        assert!(voiding.learn(&lists(&[(9, &[2, 4])]), 4) && !voiding.is_named(3));
        voiding.owe(4);
        voiding.owe(2);
        assert_eq!(voiding.owed(), Some(2));
        voiding.settle([2].into_iter());
        assert_eq!(voiding.owed(), Some(4));
        voiding.settle([4].into_iter());
        assert_eq!(voiding.owed(), None);
    }
}
