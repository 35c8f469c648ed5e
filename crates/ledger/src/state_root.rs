//! The Merkle tree of all records, whose root each seal carries, with proofs of presence and absence.
//!
//! A record stands at `SHA-256("colophon.state/v1\n" ‖ record key)` with the value `SHA-256(record)`. An empty subtree
//! hashes to 32 zero bytes; a subtree of one record to `SHA-256(0x02 ‖ key ‖ value)`, at any depth; any other to
//! `SHA-256(0x03 ‖ left ‖ right)`, left where the key's next bit, most significant first, is 0.
//!
//! ```text
//!              03                     key 00… alone under its first bit: no path below it
//!            /    \
//!     02 key 00…   03                 keys 10… and 11… part at their second bit
//!                 /  \
//!        02 key 10…  02 key 11…
//! ```
//!
//! The tree is persistent: what changes in a clone is copied and the rest is shared, so the published tree, the one a batch
//! is being built on and the ones readers hold live side by side, and a batch that fails is merely dropped.

mod partial;
mod written;

use std::fmt::{self, Write as _};
use std::sync::Arc;

use colophon_tlog::hash::{Hash, pair_hash, sha256};

pub use partial::PartialTree;
pub use written::{Base64Hash, OtherRecord};

/// The deepest a path can be: keys have 256 bits.
pub const PATH_HASHES_MAX: usize = 256;

const KEY_TAG: &str = "colophon.state/v1\n";
/// As many bytes as nearly all names of records have, with the tag before them.
const NAME_BYTES: usize = 192;

/// Where a record stands in the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StateKey(Hash);

impl StateKey {
    /// Returns the place of the record with this name.
    pub fn of(record_key: impl fmt::Display) -> StateKey {
        let mut name = String::with_capacity(NAME_BYTES);
        name.push_str(KEY_TAG);
        write!(name, "{record_key}").expect("text can be written into memory");
        StateKey(sha256(name.as_bytes()))
    }

    /// Returns a place read from a proof.
    pub fn from_hash(hash: Hash) -> StateKey {
        StateKey(hash)
    }

    /// Returns the place as a hash.
    pub fn as_hash(&self) -> &Hash {
        &self.0
    }

    /// Returns bit `depth` (0 to 255), most significant first.
    fn bit(&self, depth: usize) -> bool {
        let byte = self.0.as_bytes().get(depth / 8).copied().unwrap_or_default();
        byte >> (7 - depth % 8) & 1 == 1
    }

    /// Returns the bits at `depth`, which is even, and behind it as a number.
    fn two_bits(&self, depth: usize) -> usize {
        let byte = self.0.as_bytes().get(depth / 8).copied().unwrap_or_default();
        usize::from(byte >> (6 - depth % 8) & 3)
    }

    fn shares_bits(&self, other: &StateKey, bits: usize) -> bool {
        (0..bits).all(|depth| self.bit(depth) == other.bit(depth))
    }
}

/// The most records of a subtree that is kept as a list: few enough to hash again when one of them changes, and enough to
/// save half of the memory of a node each.
const FEW_MAX: usize = 4;

/// How many ways down the tree go side by side.
const SIDE_BY_SIDE: usize = 16;

type Record = (StateKey, Hash);

/// A subtree at an even depth. Its hash stands beside it and not in it, so that whoever changes one quarter of a fork need not
/// visit the others.
#[derive(Clone, Default)]
enum Subtree {
    /// No record.
    #[default]
    Empty,
    /// One to [`FEW_MAX`] records in the order of their keys.
    Few { hash: Hash, records: Arc<[Record]> },
    /// More than that.
    Fork { hash: Hash, fork: Arc<Fork> },
}

/// Two levels of forks in one place of memory: half as many places on the way to a record.
#[derive(Clone)]
struct Fork {
    /// The hashes of those subtrees whose next bit is 0, and is 1.
    halves: [Hash; 2],
    /// The subtrees by their next two bits.
    quarters: [Subtree; 4],
}

fn record_hash(key: &StateKey, value: &Hash) -> Hash {
    pair_hash(0x02, &key.0, value)
}

fn fork_hash(left: &Hash, right: &Hash) -> Hash {
    pair_hash(0x03, left, right)
}

/// Returns the hash of the subtree at `depth` that holds these records alone, which are sorted.
fn hash_of_records(records: &[Record], depth: usize) -> Hash {
    match records {
        [] => Hash::ZERO,
        [(key, value)] => record_hash(key, value),
        _ => {
            let (left, right) = halves(records, depth);
            fork_hash(&hash_of_records(left, depth + 1), &hash_of_records(right, depth + 1))
        }
    }
}

/// Parts sorted records at bit `depth` of their keys.
fn halves(records: &[Record], depth: usize) -> (&[Record], &[Record]) {
    records.split_at(records.partition_point(|(key, _)| !key.bit(depth)))
}

/// All records' places and digests. Cloning is cheap: clones share everything.
#[derive(Clone, Default)]
pub struct StateTree {
    top: Subtree,
}

impl fmt::Debug for StateTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateTree({})", self.root())
    }
}

impl StateTree {
    /// Returns the tree of no records.
    pub fn new() -> StateTree {
        StateTree::default()
    }

    /// Returns the state root.
    pub fn root(&self) -> Hash {
        self.top.hash()
    }

    /// Returns the tree with these records added or replaced. Of a key given twice, the last counts.
    ///
    /// What this tree shares with a clone is copied where it changes, and what it alone has is changed in place.
    #[must_use]
    pub fn apply(mut self, records: impl IntoIterator<Item = (StateKey, Hash)>) -> StateTree {
        let mut records: Vec<_> = records.into_iter().collect();
        records.reverse();
        records.sort_by_key(|(key, _)| *key);
        records.dedup_by_key(|(key, _)| *key);
        self.top.add(&records, 0);
        self
    }

    /// Returns the digest of the record at `key`, if there is one.
    pub fn digest(&self, key: &StateKey) -> Option<Hash> {
        let (mut subtree, mut depth) = (&self.top, 0);
        while let Subtree::Fork { fork, .. } = subtree {
            subtree = fork.quarter(key, depth);
            depth += 2;
        }
        subtree.few().and_then(|records| value_at(records, key))
    }

    /// Returns the digests of the records at `keys`, in less time than one by one: the ways down go side by side, so that while one
    /// waits for memory the others go on.
    pub fn digests(&self, keys: &[StateKey]) -> Vec<Option<Hash>> {
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(SIDE_BY_SIDE) {
            let mut places = [&self.top; SIDE_BY_SIDE];
            let (mut depth, mut under_way) = (0, true);
            while under_way {
                under_way = false;
                for (place, key) in places.iter_mut().zip(keys) {
                    if let Subtree::Fork { fork, .. } = *place {
                        *place = fork.quarter(key, depth);
                        under_way = true;
                    }
                }
                depth += 2;
            }
            found.extend(places.iter().zip(keys).map(|(place, key)| place.few().and_then(|few| value_at(few, key))));
        }
        found
    }

    /// Returns the proof that the record at `key` is there, or is not.
    pub fn prove(&self, key: &StateKey) -> StateProof {
        let mut path = Vec::new();
        let mut subtree = &self.top;
        let mut records = loop {
            let Subtree::Fork { fork, .. } = subtree else { break subtree.few().unwrap_or_default() };
            let half = usize::from(key.bit(path.len()));
            path.push(fork.halves[1 - half]);
            let [left, right] = fork.half(half);
            if let Some(lone) = at_most_one(left, right) {
                break lone;
            }
            let (next, sibling) = if key.bit(path.len()) { (right, left) } else { (left, right) };
            path.push(sibling.hash());
            subtree = next;
        };
        while records.len() > 1 {
            let (left, right) = halves(records, path.len());
            let (next, sibling) = if key.bit(path.len()) { (right, left) } else { (left, right) };
            path.push(hash_of_records(sibling, path.len() + 1));
            records = next;
        }
        let other = records.first().filter(|(found, _)| found != key).copied();
        path.reverse();
        StateProof { other, path }
    }
}

impl Fork {
    /// Returns the quarter in which `key` stands, in a fork at `depth`.
    fn quarter(&self, key: &StateKey, depth: usize) -> &Subtree {
        &self.quarters[key.two_bits(depth)]
    }

    /// Returns the two quarters of a half.
    fn half(&self, half: usize) -> [&Subtree; 2] {
        [&self.quarters[2 * half], &self.quarters[2 * half + 1]]
    }

    /// Adds records to a fork at `depth`, or puts them in their place.
    fn add(&mut self, records: &[Record], depth: usize) {
        let (lower, upper) = halves(records, depth);
        for (half, records) in [lower, upper].into_iter().enumerate().filter(|(_, records)| !records.is_empty()) {
            let (lower, upper) = halves(records, depth + 1);
            self.quarters[2 * half].add(lower, depth + 2);
            self.quarters[2 * half + 1].add(upper, depth + 2);
            self.halves[half] = hash_of_half(self.half(half));
        }
    }

    fn hash(&self) -> Hash {
        fork_hash(&self.halves[0], &self.halves[1])
    }
}

/// Returns the record of two subtrees beside each other that together have no more than one.
fn at_most_one<'s>(left: &'s Subtree, right: &'s Subtree) -> Option<&'s [Record]> {
    match (left, right) {
        (Subtree::Empty, Subtree::Empty) => Some(&[]),
        (Subtree::Empty, Subtree::Few { records, .. }) | (Subtree::Few { records, .. }, Subtree::Empty) => {
            Some(&**records).filter(|records| records.len() == 1)
        }
        _ => None,
    }
}

fn hash_of_half([left, right]: [&Subtree; 2]) -> Hash {
    match (left, at_most_one(left, right)) {
        (_, None) => fork_hash(&left.hash(), &right.hash()),
        (Subtree::Empty, Some(_)) => right.hash(),
        (_, Some(_)) => left.hash(),
    }
}

fn value_at(records: &[Record], key: &StateKey) -> Option<Hash> {
    let place = records.binary_search_by_key(key, |(key, _)| *key).ok()?;
    records.get(place).map(|(_, value)| *value)
}

impl Subtree {
    fn hash(&self) -> Hash {
        match self {
            Subtree::Empty => Hash::ZERO,
            Subtree::Few { hash, .. } | Subtree::Fork { hash, .. } => *hash,
        }
    }

    /// Returns the records where there are but a few.
    fn few(&self) -> Option<&[Record]> {
        match self {
            Subtree::Few { records, .. } => Some(records),
            Subtree::Empty | Subtree::Fork { .. } => None,
        }
    }

    /// Returns the subtree at `depth` of these records alone, which are sorted and differ in their keys.
    fn of(records: &[Record], depth: usize) -> Subtree {
        if records.is_empty() {
            return Subtree::Empty;
        }
        if records.len() <= FEW_MAX {
            return Subtree::Few { hash: hash_of_records(records, depth), records: records.into() };
        }
        let mut fork = Fork { halves: [Hash::ZERO; 2], quarters: Default::default() };
        fork.add(records, depth);
        Subtree::Fork { hash: fork.hash(), fork: Arc::new(fork) }
    }

    /// Adds records to the subtree at `depth`, or puts them in their place. They are sorted, differ in their keys and belong
    /// under it.
    fn add(&mut self, records: &[Record], depth: usize) {
        if records.is_empty() {
            return;
        }
        match self {
            Subtree::Empty => *self = Subtree::of(records, depth),
            Subtree::Few { records: there, .. } => *self = Subtree::of(&merged(there, records), depth),
            Subtree::Fork { hash, fork } => {
                let fork = Arc::make_mut(fork);
                fork.add(records, depth);
                *hash = fork.hash();
            }
        }
    }
}

/// Returns sorted records with others, also sorted, added or in their place.
fn merged(there: &[Record], added: &[Record]) -> Vec<Record> {
    let mut merged = Vec::with_capacity(there.len() + added.len());
    let mut there = there.iter().peekable();
    for record in added {
        while let Some(before) = there.next_if(|before| before.0 < record.0) {
            merged.push(*before);
        }
        there.next_if(|same| same.0 == record.0);
        merged.push(*record);
    }
    merged.extend(there);
    merged
}

/// The siblings on the way from a place up to the root, and what stands at the place if it is another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateProof {
    /// In a proof of absence: the record found where the asked one would be, as its place and digest.
    pub other: Option<(StateKey, Hash)>,
    /// The siblings' hashes, from the place upward.
    pub path: Vec<Hash>,
}

/// Why a state proof does not show what it is said to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateProofError {
    /// Longer than keys have bits.
    #[error("the path has {0} hashes; keys have 256 bits")]
    TooDeep(usize),
    /// The record named in a proof of absence proves nothing about the asked one.
    #[error("absence is proved by a record that does not stand where the asked one would")]
    OtherElsewhere,
    /// A proof of presence names another record.
    #[error("a proof of presence names another record")]
    OtherBesidePresent,
    /// A fork of two empty subtrees, which no tree has.
    #[error("the path begins with an empty subtree beside an empty one")]
    EmptyFork,
    /// The hashes lead to another root.
    #[error("the path leads to the state root {found}, not {expected}")]
    Root {
        /// Where it leads.
        found: Hash,
        /// Where it should.
        expected: Hash,
    },
}

impl StateProof {
    /// Checks that under `root` the record at `key` has the digest `value`, or with no `value` that there is no such record.
    ///
    /// The directions come from `key` alone, never from the proof.
    pub fn verify(&self, root: &Hash, key: &StateKey, value: Option<&Hash>) -> Result<(), StateProofError> {
        let depth = self.path.len();
        if depth > PATH_HASHES_MAX {
            return Err(StateProofError::TooDeep(depth));
        }
        let bottom = match (value, &self.other) {
            (Some(_), Some(_)) => return Err(StateProofError::OtherBesidePresent),
            (Some(value), None) => record_hash(key, value),
            (None, Some((other, _))) if other == key || !other.shares_bits(key, depth) => {
                return Err(StateProofError::OtherElsewhere);
            }
            (None, Some((other, value))) => record_hash(other, value),
            (None, None) if self.path.first() == Some(&Hash::ZERO) => return Err(StateProofError::EmptyFork),
            (None, None) => Hash::ZERO,
        };
        let found = self.path.iter().zip((0..depth).rev()).fold(bottom, |below, (sibling, depth)| {
            if key.bit(depth) { fork_hash(sibling, &below) } else { fork_hash(&below, sibling) }
        });
        if found == *root { Ok(()) } else { Err(StateProofError::Root { found, expected: *root }) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    /// The definition, word for word, over all records at once.
    fn root_by_definition(records: &[(StateKey, Hash)], depth: usize) -> Hash {
        match records {
            [] => Hash::ZERO,
            [(key, value)] => record_hash(key, value),
            _ => {
                let (left, right): (Vec<_>, Vec<_>) = records.iter().copied().partition(|(key, _)| !key.bit(depth));
                fork_hash(&root_by_definition(&left, depth + 1), &root_by_definition(&right, depth + 1))
            }
        }
    }

    /// Keys that share long prefixes as often as not.
    fn keys() -> impl Strategy<Value = StateKey> {
        prop_oneof![
            any::<[u8; 32]>().prop_map(|bytes| StateKey(Hash::from(bytes))),
            (0..4u8, 0..4u8).prop_map(|(first, last)| {
                let mut bytes = [0; 32];
                bytes[0] = first;
                bytes[31] = last;
                StateKey(Hash::from(bytes))
            }),
        ]
    }

    fn value(n: u8) -> Hash {
        sha256(&[n])
    }

    proptest! {
        #[test]
        fn the_root_is_the_definition_s_whatever_the_order(
            batches in prop::collection::vec(prop::collection::vec((keys(), any::<u8>()), 0..12), 0..6),
        ) {
            let mut model = BTreeMap::new();
            let mut tree = StateTree::new();
            for batch in batches {
                let before = (tree.clone(), tree.root());
                tree = tree.apply(batch.iter().map(|(key, n)| (*key, value(*n))));
                model.extend(batch.into_iter().map(|(key, n)| (key, value(n))));
                prop_assert_eq!(before.0.root(), before.1);
            }
            let records: Vec<_> = model.into_iter().collect();
            prop_assert_eq!(tree.root(), root_by_definition(&records, 0));
        }

        #[test]
        fn presence_and_absence_are_proved_and_nothing_else(
            records in prop::collection::btree_map(keys(), any::<u8>(), 0..24),
            asked in keys(),
            flip in any::<prop::sample::Index>(),
        ) {
            let tree = StateTree::new().apply(records.iter().map(|(key, n)| (*key, value(*n))));
            let root = tree.root();
            let keys: Vec<StateKey> = records.keys().copied().chain([asked]).collect();
            prop_assert_eq!(tree.digests(&keys), keys.iter().map(|key| tree.digest(key)).collect::<Vec<_>>());
            for key in &keys {
                let proof = tree.prove(key);
                let digest = records.get(key).map(|n| value(*n));
                prop_assert_eq!(tree.digest(key), digest);
                prop_assert_eq!(proof.verify(&root, key, digest.as_ref()), Ok(()));
                let lie = if digest.is_some() { None } else { Some(value(0)) };
                prop_assert!(proof.verify(&root, key, lie.as_ref()).is_err());
                if !proof.path.is_empty() {
                    let mut changed = proof.clone();
                    let place = flip.index(changed.path.len());
                    changed.path[place] = sha256(changed.path[place].as_bytes());
                    prop_assert!(changed.verify(&root, key, digest.as_ref()).is_err());
                    let mut shorter = proof.clone();
                    shorter.path.pop();
                    prop_assert!(shorter.verify(&root, key, digest.as_ref()).is_err());
                }
            }
        }
    }

    #[test]
    fn the_root_of_nothing_is_zero_and_absence_is_proved_by_nothing() {
        let tree = StateTree::new();
        assert_eq!(tree.root(), Hash::ZERO);
        let key = StateKey::of("work/none");
        assert_eq!(tree.prove(&key).verify(&Hash::ZERO, &key, None), Ok(()));
    }

    #[test]
    fn absence_by_another_record_s_path_is_refused() {
        let at = |first: u8| {
            let mut bytes = [0; 32];
            bytes[0] = first;
            StateKey(Hash::from(bytes))
        };
        let (present, beside, third) = (at(0b1000_0000), at(0b0100_0000), at(0b1100_0000));
        let tree = StateTree::new().apply([present, beside, third].map(|key| (key, value(1))));
        // The path of `beside`, offered as a proof that `present` is absent.
        let stolen = StateProof { other: Some((beside, value(1))), ..tree.prove(&beside) };
        assert_eq!(stolen.verify(&tree.root(), &present, None), Err(StateProofError::OtherElsewhere));
        // The record itself, offered as the other one.
        let itself = StateProof { other: Some((present, value(1))), ..tree.prove(&present) };
        assert_eq!(itself.verify(&tree.root(), &present, None), Err(StateProofError::OtherElsewhere));
        let deep = StateProof { other: None, path: vec![Hash::ZERO; 257] };
        assert_eq!(deep.verify(&tree.root(), &present, None), Err(StateProofError::TooDeep(257)));
        let empty = StateProof { other: None, path: vec![Hash::ZERO] };
        assert_eq!(empty.verify(&fork_hash(&Hash::ZERO, &Hash::ZERO), &present, None), Err(StateProofError::EmptyFork));
    }
}
