//! The part of a state tree that proofs show: enough to see what becomes of the root when records shown change.

use std::collections::BTreeMap;

use crate::state_root::{Record, StateKey, StateProof, StateProofError, fork_hash, hash_of_records, merged};
use colophon_tlog::hash::Hash;

/// What proofs under one root show of its tree.
///
/// At the end of each path stands all that its subtree holds: one record, or none. Beside it stand hashes alone. Records
/// are never removed, so every fork on a path stays one, and the new root follows from the old hashes and the new records.
#[derive(Debug, Clone)]
pub struct PartialTree {
    root: Hash,
    shown: BTreeMap<StateKey, Shown>,
}

/// One path, and what stands at its end.
#[derive(Debug, Clone)]
struct Shown {
    key: StateKey,
    /// The siblings, from the end upward.
    path: Vec<Hash>,
    record: Option<Record>,
}

impl Shown {
    /// Returns the hash of the other side of the fork at `depth`.
    fn sibling(&self, depth: usize) -> Hash {
        let up = self.path.len().checked_sub(depth + 1);
        up.and_then(|place| self.path.get(place)).copied().unwrap_or(Hash::ZERO)
    }
}

impl PartialTree {
    /// Returns the tree with this root, of which nothing is shown yet.
    pub fn new(root: Hash) -> PartialTree {
        PartialTree { root, shown: BTreeMap::new() }
    }

    /// Learns that the record at `key` has the digest `value`, or is absent, if `proof` shows it.
    pub fn learn(&mut self, key: StateKey, value: Option<Hash>, proof: StateProof) -> Result<(), StateProofError> {
        proof.verify(&self.root, &key, value.as_ref())?;
        let record = value.map(|value| (key, value)).or(proof.other);
        self.shown.insert(key, Shown { key, path: proof.path, record });
        Ok(())
    }

    /// Returns the root of the tree with these records added or replaced, or the place of one of which nothing is shown.
    pub fn root_with(&self, records: impl IntoIterator<Item = (StateKey, Hash)>) -> Result<Hash, StateKey> {
        let records: BTreeMap<StateKey, Hash> = records.into_iter().collect();
        let records: Vec<Record> = records.into_iter().collect();
        let shown: Vec<&Shown> = self.shown.values().collect();
        match (shown.first(), records.first()) {
            (_, None) => Ok(self.root),
            (None, Some((key, _))) => Err(*key),
            (Some(_), Some(_)) => root_of(&shown, &records, 0),
        }
    }
}

/// Returns the hash of the subtree at `depth` that the paths lead through, with `records`, which are sorted.
fn root_of(shown: &[&Shown], records: &[Record], depth: usize) -> Result<Hash, StateKey> {
    if let Some(end) = shown.iter().find(|shown| shown.path.len() <= depth) {
        return Ok(hash_of_records(&merged(end.record.as_slice(), records), depth));
    }
    let (left, right) = shown.split_at(shown.partition_point(|shown| !shown.key.bit(depth)));
    let (lower, upper) = records.split_at(records.partition_point(|(key, _)| !key.bit(depth)));
    Ok(fork_hash(&side_of(left, lower, right, depth)?, &side_of(right, upper, left, depth)?))
}

/// Returns the hash of one side of the fork at `depth`: by the paths that lead there, else by those that pass beside it.
fn side_of(shown: &[&Shown], records: &[Record], beside: &[&Shown], depth: usize) -> Result<Hash, StateKey> {
    match (shown.first(), records.first()) {
        (Some(_), _) => root_of(shown, records, depth + 1),
        (None, Some((key, _))) => Err(*key),
        (None, None) => Ok(beside.first().map_or(Hash::ZERO, |shown| shown.sibling(depth))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_root::StateTree;
    use colophon_tlog::hash::sha256;
    use proptest::prelude::*;

    /// Places of which many share their first bits.
    fn key(place: u8) -> StateKey {
        StateKey::from_hash(Hash::from([place & 0b1110_0111, place, 0, 0].repeat(8).try_into().unwrap_or([0; 32])))
    }

    proptest! {
        #[test]
        fn the_root_after_a_change_is_that_of_the_whole_tree(
            there in prop::collection::btree_map(any::<u8>(), any::<u8>(), 0..40),
            asked in prop::collection::btree_set(any::<u8>(), 0..12),
            changed in prop::collection::btree_map(any::<u8>(), any::<u8>(), 0..12),
        ) {
            let tree = StateTree::new().apply(there.iter().map(|(place, n)| (key(*place), sha256(&[*n]))));
            let mut partial = PartialTree::new(tree.root());
            for place in asked.iter().chain(changed.keys()) {
                let (key, proof) = (key(*place), tree.prove(&key(*place)));
                prop_assert_eq!(partial.learn(key, tree.digest(&key), proof), Ok(()));
            }
            let records: Vec<_> = changed.iter().map(|(place, n)| (key(*place), sha256(&[*n]))).collect();
            prop_assert_eq!(partial.root_with(records.clone()), Ok(tree.apply(records).root()));
        }

        #[test]
        fn what_is_not_shown_is_said_and_never_guessed(
            there in prop::collection::btree_map(any::<u8>(), any::<u8>(), 0..40),
            asked in prop::collection::btree_set(any::<u8>(), 0..4),
            changed in any::<u8>(),
        ) {
            let tree = StateTree::new().apply(there.iter().map(|(place, n)| (key(*place), sha256(&[*n]))));
            let mut partial = PartialTree::new(tree.root());
            for place in &asked {
                partial.learn(key(*place), tree.digest(&key(*place)), tree.prove(&key(*place))).unwrap();
            }
            let record = (key(changed), sha256(b"new"));
            match partial.root_with([record]) {
                Ok(root) => prop_assert_eq!(root, tree.apply([record]).root()),
                Err(place) => prop_assert_eq!(place, key(changed)),
            }
        }
    }

    #[test]
    fn a_proof_under_another_root_teaches_nothing() {
        let tree = StateTree::new().apply([(key(1), sha256(b"one"))]);
        let mut partial = PartialTree::new(sha256(b"another"));
        assert!(partial.learn(key(1), Some(sha256(b"one")), tree.prove(&key(1))).is_err());
        assert_eq!(partial.root_with([(key(1), sha256(b"two"))]), Err(key(1)));
        assert_eq!(partial.root_with([]), Ok(sha256(b"another")));
    }
}
