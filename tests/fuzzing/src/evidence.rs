//! Evidence: one spelling, and no file convicts the story's register, which kept to its rules.

use colophon_ledger::evidence::{
    BatchCase, CheckpointsClaim, Claim, EVIDENCE_BYTES_MAX, EntriesClaim, Evidence, ForkClaim, Lie, ProvedLeaf, Stated,
};
use colophon_ledger::replay::Replay;
use colophon_ledger::state::Unreadable;
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::Signer;
use colophon_tlog::proof::consistency;
use colophon_tlog::tree::TreeSize;

use crate::people::secret;
use crate::story::{ORIGIN, log_signer, story, tree_of};

/// Words of evidence.
pub const WORDS: &[&str] = &[
    "{\"claim\":{\"fork\":{",
    "{\"claim\":{\"entries\":{",
    "{\"claim\":{\"batch\":{",
    "\"before\":{\"index\":0,\"leaf\":\"",
    "\"checkpoint\":\"",
    "\"genesis\":",
    "\"leaves\":[",
    "\"records\":[",
    "\"proof\":[]",
    "\"root\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
    "colophon.evidence/v2",
    "\\u0061",
    "null",
];

/// Somebody else with the same name, who may be convicted.
fn liar() -> Signer {
    Signer::new(ORIGIN, secret("liar")).unwrap()
}

/// Reads evidence, writes it, and judges it: never against the story's log, whose key has signed nothing wrong.
pub fn check(data: &[u8]) {
    let Ok(evidence) = Evidence::parse(data) else { return };
    assert!(data.len() <= EVIDENCE_BYTES_MAX);
    assert_eq!(evidence.to_text().as_bytes(), data);
    assert!(evidence.file_name().len() < 100);
    if let Ok(lie) = evidence.judge(&log_signer().verifier()) {
        panic!("an honest register is convicted: {lie}");
    }
    match evidence.judge(&liar().verifier()) {
        Ok(Lie::Fork { smaller, larger }) => assert!(smaller <= larger),
        Ok(Lie::Batch { error, .. }) => assert!(error.broken_at().is_some()),
        Ok(Lie::Replaced { .. } | Lie::Seals { .. }) | Err(_) => {}
    }
}

fn checkpoint(size: u64, root: Hash, log: &Signer) -> SignedCheckpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size: TreeSize::new(size).unwrap(), root }.sign(log).unwrap()
}

/// The checkpoint of the story's log after as many leaves.
fn true_checkpoint(size: u64, log: &Signer) -> SignedCheckpoint {
    checkpoint(size, tree_of(&story().leaves[..usize::try_from(size).unwrap()]).0.root(), log)
}

fn leaf(index: u64) -> ProvedLeaf {
    ProvedLeaf::new(&story().leaves[usize::try_from(index).unwrap()], index, &story().receipt(index).proof)
}

fn fork(smaller: &SignedCheckpoint, log: &Signer) -> Claim {
    let size = smaller.checkpoint().size;
    let proof = consistency(size, story().tree.size(), &story().tiles).unwrap();
    let root = tree_of(&story().leaves[..usize::try_from(size.get()).unwrap()]).0.root();
    Claim::Fork(ForkClaim::new(smaller, &true_checkpoint(story().tree.size().get(), log), root, &proof))
}

/// The files about each batch of the story, whose log is signed by `log`.
fn batches(log: &Signer) -> Vec<Claim> {
    let checkpoint = true_checkpoint(story().tree.size().get(), log);
    let mut replay = Replay::begin(&story().leaves[0]).unwrap();
    let mut claims = Vec::new();
    for leaves in &story().batches {
        let case = BatchCase {
            rules: replay.rules(),
            records: replay.records(),
            tree: replay.tree(),
            position: replay.position(),
            leaves,
            voiding: replay.voiding(),
            checkpoint: &checkpoint,
        };
        claims.push(case.evidence(|index| Ok::<_, Unreadable>(leaf(index))).unwrap().claim);
        for leaf in leaves {
            assert!(replay.leaf(leaf.clone()).is_ok());
        }
    }
    claims
}

/// What can be said of the story's register, and what convicts a liar.
pub fn seeds() -> Vec<Vec<u8>> {
    let (honest, liar) = (log_signer(), liar());
    let size = story().tree.size().get();
    let stated = |index, log| Stated { checkpoint: true_checkpoint(size, log).to_string(), leaf: leaf(index) };
    let mut claims = batches(&honest);
    claims.extend(batches(&liar).into_iter().skip(3).take(2));
    claims.extend([fork(&true_checkpoint(5, &honest), &honest), fork(&checkpoint(5, Hash::ZERO, &liar), &liar)]);
    claims.push(Claim::Entries(EntriesClaim { one: stated(1, &honest), other: stated(size - 1, &honest) }));
    let single = Stated {
        checkpoint: checkpoint(1, colophon_tlog::hash::leaf_hash(b"x"), &liar).to_string(),
        leaf: ProvedLeaf::new(b"x", 0, &[]),
    };
    claims.push(Claim::Entries(EntriesClaim { one: single, other: stated(0, &liar) }));
    claims.push(Claim::Checkpoints(CheckpointsClaim {
        genesis: String::from_utf8(story().leaves[0].clone()).unwrap(),
        newer: story().checkpoint.clone(),
        older: Some(true_checkpoint(5, &honest).to_string()),
    }));
    claims.into_iter().map(|claim| Evidence::of(claim).to_text().into_bytes()).collect()
}
