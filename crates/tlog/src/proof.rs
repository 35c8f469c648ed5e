//! Inclusion and consistency: which tiles are needed, how a proof is built of them, how it is verified.
//!
//! ```text
//! the tree of 7 leaves            inclusion of leaf 5:       4, 6, a
//!
//!            g                    consistency of 3 with 7:   2, 3, 0-1, f
//!        a       f
//!      .   .   .   6
//!     0 1 2 3 4 5
//! ```
//!
//! A proof is the roots of the subtrees beside the way from a leaf to the root, lowest first (RFC 6962, section 2.1). Most
//! of them are complete subtrees, each a hash in some tile or computed within one; the one at the right edge is put
//! together from several. Whoever fetches tiles asks the `…_tiles` function first; nothing here fetches.

mod build;
mod step;
mod verify;

pub use crate::proof::build::{
    consistency, consistency_tiles, inclusion, inclusion_tiles, inclusion_tiles_from, root, root_tiles,
};
pub use crate::proof::verify::{ProofError, verify_consistency, verify_inclusion};

/// The most hashes of an inclusion proof: no tree is higher.
pub const PROOF_HASHES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::hash::{Hash, empty_root};
    use crate::proof::step::{consistency_steps, inclusion_steps};
    use crate::sample::{BOUNDARIES, BigTree, all_tiles, leaf, reference_root};
    use crate::size::{EntryIndex, SIZE_MAX, TreeSize};
    use crate::tile::TileSet;

    type Oracle = MemoryBackedTree<Sha256, [u8; 8]>;

    fn size(size: u64) -> TreeSize {
        TreeSize::new(size).unwrap()
    }

    fn at(index: u64) -> EntryIndex {
        EntryIndex::new(index).unwrap()
    }

    fn bytes(proof: &[Hash]) -> Vec<u8> {
        proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    fn root_of(of: u64) -> Hash {
        root(size(of), &all_tiles(of)).unwrap()
    }

    /// Returns every change of a proof that a liar might try: each bit flipped, and hashes missing, added or swapped.
    fn lies(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let mut lies = Vec::new();
        for bit in 0..proof.len() * 256 {
            let mut lie = proof.to_vec();
            let mut hash = *lie[bit / 256].as_bytes();
            hash[bit % 256 / 8] ^= 1 << (bit % 8);
            lie[bit / 256] = Hash::from(hash);
            lies.push(lie);
        }
        for n in 0..proof.len() {
            lies.push([&proof[..n], &proof[n + 1..]].concat());
            lies.push([&proof[..=n], &proof[n..]].concat());
            lies.extend((0..n).map(|other| {
                let mut lie = proof.to_vec();
                lie.swap(n, other);
                lie
            }));
        }
        lies.push([proof, &[Hash::ZERO]].concat());
        lies
    }

    /// Returns one oracle for each of the boundaries but 0.
    fn at_boundaries(mut check: impl FnMut(u64, &Oracle)) {
        let mut oracle = Oracle::new();
        for of in BOUNDARIES {
            while oracle.len() < of {
                oracle.push(oracle.len().to_be_bytes());
            }
            check(of, &oracle);
        }
    }

    #[test]
    fn inclusion_at_the_boundaries_is_that_of_the_oracle() {
        let big = BigTree::new();
        at_boundaries(|of, oracle| {
            let whole = reference_root(big.leaves(of));
            for index in [0, 1, 127, 254, 255, 256, 257, 32_768, 65_279, 65_534, 65_535, 65_536] {
                if index >= of {
                    let outside = Err(ProofError::Outside { index: at(index), size: size(of) });
                    assert_eq!(verify_inclusion(&leaf(index), at(index), size(of), &[], &whole), outside);
                    continue;
                }
                let tiles = big.tiles(&inclusion_tiles(at(index), size(of)));
                let proof = inclusion(at(index), size(of), &tiles).unwrap();
                let expected = oracle.prove_inclusion(usize::try_from(index).unwrap());
                assert_eq!(bytes(&proof), expected.as_bytes(), "{index} in {of}");
                assert_eq!(verify_inclusion(&leaf(index), at(index), size(of), &proof, &whole), Ok(()));
                let batch = big.tiles(&inclusion_tiles_from(at(index), size(of)));
                for later in [index, index.midpoint(of - 1), of - 1] {
                    let proof = inclusion(at(later), size(of), &batch).unwrap();
                    assert_eq!(verify_inclusion(&leaf(later), at(later), size(of), &proof, &whole), Ok(()));
                }
            }
        });
    }

    #[test]
    fn consistency_at_the_boundaries_is_that_of_the_oracle() {
        let big = BigTree::new();
        at_boundaries(|new, oracle| {
            let new_root = reference_root(big.leaves(new));
            assert_eq!(root(size(new), &big.tiles(&root_tiles(size(new)))), Ok(new_root));
            for old in BOUNDARIES {
                let old_root = reference_root(big.leaves(old));
                let tiles = big.tiles(&consistency_tiles(size(old), size(new)));
                let proof = consistency(size(old), size(new), &tiles).unwrap();
                let verified = verify_consistency(size(old), size(new), &old_root, &new_root, &proof);
                if old > new {
                    assert_eq!(verified, Err(ProofError::Shrinks { old: size(old), new: size(new) }));
                    continue;
                }
                assert_eq!(verified, Ok(()), "{old} to {new}");
                if old > 0 && old < new {
                    let expected = oracle.prove_consistency(usize::try_from(new - old).unwrap());
                    assert_eq!(bytes(&proof), expected.as_bytes(), "{old} to {new}");
                } else {
                    assert!(proof.is_empty());
                }
            }
        });
    }

    #[test]
    fn the_tiles_of_a_batch_are_those_of_its_proofs_on_every_level() {
        for of in [65_537, 200_000, 17_000_000] {
            for first in [0, 1, 65_535, of / 2, of - 1] {
                let batch = inclusion_tiles_from(at(first), size(of));
                for later in [first, first.midpoint(of - 1), of - 1] {
                    let missing: Vec<_> =
                        inclusion_tiles(at(later), size(of)).into_iter().filter(|tile| !batch.contains(tile)).collect();
                    assert_eq!(missing, [], "{later} from {first} in {of}");
                }
            }
        }
    }

    #[test]
    fn every_changed_inclusion_proof_is_refused() {
        for (index, of) in [(0, 1), (0, 2), (5, 7), (6, 7), (9, 20), (255, 256)] {
            let proof = inclusion(at(index), size(of), &all_tiles(of)).unwrap();
            let verify = |leaf: &Hash, index, proof: &[Hash], root: &Hash| {
                verify_inclusion(leaf, at(index), size(of), proof, root)
            };
            assert_eq!(verify(&leaf(index), index, &proof, &root_of(of)), Ok(()));
            for lie in lies(&proof) {
                assert!(verify(&leaf(index), index, &lie, &root_of(of)).is_err(), "{index} in {of}");
            }
            assert!(verify(&leaf(index + 1), index, &proof, &root_of(of)).is_err());
            assert!(verify(&leaf(index), index, &proof, &root_of(of - 1)).is_err());
            for other in (0..of).filter(|other| *other != index) {
                assert!(verify(&leaf(index), other, &proof, &root_of(of)).is_err());
            }
        }
    }

    #[test]
    fn every_changed_consistency_proof_is_refused() {
        for (old, new) in [(1, 2), (3, 7), (4, 7), (6, 7), (8, 20), (255, 256)] {
            let proof = consistency(size(old), size(new), &all_tiles(new)).unwrap();
            let verify = |old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
                verify_consistency(size(old), size(new), old_root, new_root, proof)
            };
            assert_eq!(verify(&root_of(old), &root_of(new), &proof), Ok(()));
            for lie in lies(&proof) {
                assert!(verify(&root_of(old), &root_of(new), &lie).is_err(), "{old} to {new}");
            }
            assert!(verify(&root_of(new), &root_of(old), &proof).is_err());
            assert!(verify(&root_of(old), &root_of(old), &proof).is_err());
            assert!(verify(&root_of(new), &root_of(new), &proof).is_err());
            assert!(verify(&Hash::ZERO, &root_of(new), &proof).is_err());
        }
    }

    #[test]
    fn an_empty_or_equal_tree_needs_no_hashes_and_its_own_root() {
        let (zero, two) = (size(0), size(2));
        let verify = |old, new, old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
            verify_consistency(old, new, old_root, new_root, proof).is_ok()
        };
        let (empty, root) = (empty_root(), root_of(2));
        assert!(verify(zero, zero, &empty, &empty, &[]));
        assert!(verify(zero, two, &empty, &root, &[]));
        assert!(verify(two, two, &root, &root, &[]));
        assert!(!verify(zero, zero, &root, &root, &[]));
        assert!(!verify(zero, zero, &empty, &root, &[]));
        assert!(!verify(zero, two, &root, &root, &[]));
        assert!(!verify(two, two, &root, &empty, &[]));
        for (old, new, old_root) in [(zero, zero, empty), (zero, two, empty), (two, two, root)] {
            assert!(!verify(old, new, &old_root, &root, &[Hash::ZERO]));
        }
    }

    #[test]
    fn hostile_sizes_neither_overflow_nor_panic() {
        let (most, nothing) = (size(SIZE_MAX), TileSet::new());
        for index in [0, 1, SIZE_MAX / 2, SIZE_MAX - 1] {
            let steps = inclusion_steps(at(index), most).len();
            assert!(steps <= PROOF_HASHES_MAX);
            let proof = vec![Hash::ZERO; steps];
            assert!(verify_inclusion(&Hash::ZERO, at(index), most, &proof, &Hash::ZERO).is_err());
            assert!(inclusion(at(index), most, &nothing).is_err());
            assert!(!inclusion_tiles(at(index), most).is_empty());
            let proof = vec![Hash::ZERO; consistency_steps(size(index), most).len()];
            assert!(verify_consistency(size(index), most, &Hash::ZERO, &Hash::ZERO, &proof).is_err());
            assert_eq!(consistency(size(index), most, &nothing).is_err(), index != 0);
        }
        assert!(inclusion_tiles_from(at(SIZE_MAX - 1), most).len() <= 8);
        assert!(root(most, &nothing).is_err());
        assert_eq!(root_tiles(most).len(), 8);
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(of in 1..400u64, index: prop::sample::Index, old: prop::sample::Index) {
            let mut oracle = Oracle::new();
            (0..of).for_each(|n| oracle.push(n.to_be_bytes()));
            let (tiles, whole) = (all_tiles(of), Hash::from(<[u8; 32]>::from(*oracle.root().as_bytes())));
            prop_assert_eq!(root_of(of), whole);
            let index = index.index(usize::try_from(of).unwrap());
            let proof = inclusion(at(index as u64), size(of), &tiles).unwrap();
            let expected = oracle.prove_inclusion(index);
            prop_assert_eq!(bytes(&proof), expected.as_bytes());
            prop_assert_eq!(verify_inclusion(&leaf(index as u64), at(index as u64), size(of), &proof, &whole), Ok(()));
            let old = old.index(usize::try_from(of).unwrap()) as u64 + 1;
            let proof = consistency(size(old), size(of), &tiles).unwrap();
            if old < of {
                let expected = oracle.prove_consistency(usize::try_from(of - old).unwrap());
                prop_assert_eq!(bytes(&proof), expected.as_bytes());
            }
            let old_root = root(size(old), &tiles).unwrap();
            prop_assert_eq!(verify_consistency(size(old), size(of), &old_root, &whole, &proof), Ok(()));
        }
    }
}
