//! The decision: whether a witness may cosign, given what it cosigned last.

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::hash::empty_root;
use crate::note::{NoteError, VerifierKey};
use crate::proof::{ProofError, verify_consistency};
use crate::size::TreeSize;
use crate::witness::request::AddCheckpoint;

/// Why a witness does not cosign, in the order in which that is found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// No log of this origin is witnessed.
    #[error("the log {0:?} is not witnessed here")]
    UnknownLog(String),
    /// No signature of the log's key, or one that it did not make.
    #[error(transparent)]
    Signature(NoteError),
    /// The old size is larger than the checkpoint.
    #[error("the old size {old} is larger than the checkpoint's size {size}")]
    OldBeyond {
        /// The old size.
        old: TreeSize,
        /// The checkpoint's size.
        size: TreeSize,
    },
    /// The old size is not the one cosigned last.
    #[error("the size cosigned last is {0}")]
    Conflict(TreeSize),
    /// The checkpoint does not follow on the one cosigned last.
    #[error("not consistent with the checkpoint cosigned last: {0}")]
    Inconsistent(ProofError),
}

/// Decides on a request and returns what is to be kept and cosigned: the checkpoint with the log's own lines and no others.
///
/// `logs` are the keys of the logs that are witnessed, each under its origin; one log may have several. `last` is the
/// checkpoint cosigned last for the origin of this one. Lines by strangers are dropped: whatever a submitter writes under
/// the witness's own name must never come to be stored, nor be given out again.
pub fn decide(
    request: &AddCheckpoint,
    logs: &[VerifierKey],
    last: Option<&Checkpoint>,
) -> Result<SignedCheckpoint, WitnessRefusal> {
    let (checkpoint, old) = (request.checkpoint(), request.old());
    let keys: Vec<VerifierKey> = logs.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
    if keys.is_empty() {
        return Err(WitnessRefusal::UnknownLog(checkpoint.origin.clone()));
    }
    let signed = SignedCheckpoint::of_verified_lines(checkpoint, request.note(), &keys);
    let signed = signed.map_err(WitnessRefusal::Signature)?;
    if old > checkpoint.size {
        return Err(WitnessRefusal::OldBeyond { old, size: checkpoint.size });
    }
    let (last_size, last_root) = last.map_or_else(|| (TreeSize::ZERO, empty_root()), |last| (last.size, last.root));
    if old != last_size {
        return Err(WitnessRefusal::Conflict(last_size));
    }
    // From size 0 it asks for the empty proof, and of an empty or equal tree for the same root.
    verify_consistency(old, checkpoint.size, &last_root, &checkpoint.root, request.proof())
        .map_err(WitnessRefusal::Inconsistent)?;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::Hash;
    use crate::key::SecretKey;
    use crate::note::{Algorithm, Note, SignatureLine, Signer};
    use crate::proof::{consistency, root};
    use crate::sample::{all_tiles, leaf, reference_root};
    use crate::witness::reply::Reply;

    const ORIGIN: &str = "registry.example/art";

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::new(name, SecretKey::from_seed([seed; 32])).unwrap()
    }

    fn logs() -> Vec<VerifierKey> {
        vec![signer("other.example", 8).verifier(), signer(ORIGIN, 1).verifier(), signer(ORIGIN, 2).verifier()]
    }

    fn size(size: u64) -> TreeSize {
        TreeSize::new(size).unwrap()
    }

    fn of(of: u64) -> Checkpoint {
        Checkpoint { origin: ORIGIN.into(), size: size(of), root: root(size(of), &all_tiles(of)).unwrap() }
    }

    fn proof(old: u64, new: u64) -> Vec<Hash> {
        consistency(size(old), size(new), &all_tiles(new)).unwrap()
    }

    fn request(old: u64, proof: Vec<Hash>, checkpoint: &Checkpoint) -> AddCheckpoint {
        AddCheckpoint::new(size(old), proof, &checkpoint.clone().sign(&signer(ORIGIN, 1)).unwrap()).unwrap()
    }

    /// Returns the request with these lines for signatures.
    fn signed_by(lines: &[SignatureLine], new: u64) -> AddCheckpoint {
        let note = Note::new(of(new).to_text(), lines.to_vec()).unwrap();
        AddCheckpoint::parse(format!("old 0\n\n{note}").as_bytes()).unwrap()
    }

    #[test]
    fn a_log_grows_under_its_witness() {
        let mut last: Option<Checkpoint> = None;
        for (old, new) in [(0, 0), (0, 3), (3, 3), (3, 8), (8, 300)] {
            let signed = decide(&request(old, proof(old, new), &of(new)), &logs(), last.as_ref()).unwrap();
            assert_eq!(signed.checkpoint(), &of(new));
            last = Some(signed.checkpoint().clone());
        }
    }

    #[test]
    fn refusals_stand_in_their_order() {
        let (last, text) = (of(5), of(7).to_text());
        let stranger = Checkpoint { origin: "strange.example".into(), ..of(3) };
        let unsigned = stranger.clone().sign(&signer("strange.example", 1)).unwrap();
        let all_wrong = AddCheckpoint::new(size(9), vec![Hash::ZERO], &unsigned).unwrap();
        assert_eq!(decide(&all_wrong, &logs(), Some(&last)), Err(WitnessRefusal::UnknownLog("strange.example".into())));
        // The same mistakes, but for the first of them, each time.
        let forged = SignatureLine { signature: vec![1; 64], ..signer(ORIGIN, 1).sign(&text) };
        let untrusted = Note::new(of(3).to_text(), vec![signer(ORIGIN, 9).sign(&of(3).to_text())]).unwrap();
        let untrusted = AddCheckpoint::parse(format!("old 9\n{}\n\n{untrusted}", Hash::ZERO.to_base64()).as_bytes());
        let refused = decide(&untrusted.unwrap(), &logs(), Some(&last));
        assert_eq!(refused, Err(WitnessRefusal::Signature(NoteError::NoKnownKey)));
        let beyond = request(9, vec![Hash::ZERO], &of(3));
        let refused = decide(&beyond, &logs(), Some(&last));
        assert_eq!(refused, Err(WitnessRefusal::OldBeyond { old: size(9), size: size(3) }));
        let conflict = request(3, vec![Hash::ZERO], &of(7));
        assert_eq!(decide(&conflict, &logs(), Some(&last)), Err(WitnessRefusal::Conflict(size(5))));
        assert_eq!(decide(&conflict, &logs(), None), Err(WitnessRefusal::Conflict(TreeSize::ZERO)));
        let inconsistent = request(5, vec![Hash::ZERO], &of(7));
        assert!(matches!(decide(&inconsistent, &logs(), Some(&last)), Err(WitnessRefusal::Inconsistent(_))));
        let good = signer(ORIGIN, 2).sign(&text);
        let refused = decide(&signed_by(&[good.clone(), forged], 7), &logs(), None);
        assert!(matches!(refused, Err(WitnessRefusal::Signature(NoteError::Invalid { .. }))));
        assert!(decide(&signed_by(&[good], 7), &logs(), None).is_ok());
    }

    #[test]
    fn empty_and_equal_trees_have_their_own_roots() {
        let other_root = |checkpoint: Checkpoint| Checkpoint { root: leaf(99), ..checkpoint };
        let refused = |request: &AddCheckpoint, last: Option<&Checkpoint>| {
            matches!(decide(request, &logs(), last), Err(WitnessRefusal::Inconsistent(_)))
        };
        assert!(refused(&request(0, vec![], &other_root(of(0))), None));
        assert!(refused(&request(0, vec![], &other_root(of(0))), Some(&of(0))));
        assert!(refused(&request(0, vec![Hash::ZERO], &of(3)), None));
        assert!(refused(&request(0, vec![Hash::ZERO], &of(0)), None));
        assert!(refused(&request(3, vec![], &other_root(of(3))), Some(&of(3))));
        assert!(refused(&request(3, vec![Hash::ZERO], &of(3)), Some(&of(3))));
        assert!(refused(&request(3, vec![], &of(7)), Some(&of(3))));
        // Another tree of the same sizes: a fork.
        assert!(refused(&request(3, proof(3, 7), &other_root(of(7))), Some(&of(3))));
        assert!(refused(&request(3, proof(3, 7), &of(7)), Some(&other_root(of(3)))));
    }

    #[test]
    fn only_the_lines_of_the_log_are_kept() {
        let text = of(7).to_text();
        let witness = VerifierKey::new("w.example", Algorithm::CosignatureV1, SecretKey::from_seed([5; 32]).public());
        // A line under the witness's own name and key id that it never made, and one of a stranger, between two of the log.
        let forged = SignatureLine { name: "w.example".into(), key_id: witness.unwrap().id(), signature: vec![0; 72] };
        let (one, two) = (signer(ORIGIN, 1).sign(&text), signer(ORIGIN, 2).sign(&text));
        let lines = [one.clone(), forged, signer(ORIGIN, 9).sign(&text), two.clone(), one.clone()];
        let kept = decide(&signed_by(&lines, 7), &logs(), None).unwrap();
        assert_eq!(kept.note().signatures(), [one, two]);
    }

    /// The table of the specification, row by row, over trees made by definition.
    fn expected_status(old: u64, new: u64, last: u64, proof_is_right: bool, root_is_right: bool) -> u16 {
        let consistent = if old == 0 && new > 0 { proof_is_right } else { proof_is_right && root_is_right };
        match () {
            () if old > new => 400,
            () if old != last => 409,
            () if !consistent => 422,
            () => 200,
        }
    }

    proptest! {
        #[test]
        fn answers_are_those_of_the_table(
            old in 0..12u64, new in 0..12u64, last: Option<u8>, meddling in 0..4usize, honest_root: bool,
        ) {
            let last = last.map(|last| u64::from(last % 12));
            let right = if old <= new { proof(old, new) } else { Vec::new() };
            let sent = match meddling {
                0 => right.iter().copied().chain([Hash::ZERO]).collect(),
                1 => right.iter().copied().skip(1).collect(),
                _ => right.clone(),
            };
            let leaves: Vec<Hash> = (0..new).map(leaf).collect();
            let root = if honest_root { reference_root(&leaves) } else { leaf(1_000) };
            let checkpoint = Checkpoint { origin: ORIGIN.into(), size: size(new), root };
            let last = last.map(of);
            let decided = decide(&request(old, sent.clone(), &checkpoint), &logs(), last.as_ref());
            let last_size = last.map_or(0, |last| last.size.get());
            let status = decided.as_ref().map_or_else(|refusal| Reply::refused(refusal).status, |_| 200);
            prop_assert_eq!(status, expected_status(old, new, last_size, sent == right, honest_root));
        }
    }
}
