//! Requests to cosign: one spelling, limits kept, and a witness that is never led off the tree it has seen.

use std::sync::OnceLock;

use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::note::{SignatureLine, VerifierKey};
use colophon_tlog::proof::{PROOF_HASHES_MAX, consistency, root};
use colophon_tlog::tree::{SIZE_MAX, TreeSize};
use colophon_tlog::witness::{
    ADD_CHECKPOINT_BYTES_MAX, ADD_CHECKPOINT_SIGNATURES_MAX, AddCheckpoint, Reply, SIZE_CONTENT_TYPE, WitnessRefusal,
    decide, read_size,
};

use crate::spelling::{base64_bytes, decimal};
use crate::story::{ORIGIN, checkpoint, log_signer, story};

/// Words of requests.
pub const WORDS: &[&str] = &[
    "old ",
    "old 0\n\n",
    "old 9223372036854775807\n",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "\n\n",
    "\n",
    "registry.example/art\n",
    "\u{2014} registry.example/art ",
    "\u{2014} witness.example AAAAAAA=\n",
];

/// Reads a request, writes it back, and has a witness decide on it that has seen nothing yet, or some of the log.
pub fn check(data: &[u8]) {
    let Ok(request) = AddCheckpoint::parse(data) else { return };
    assert_eq!(request.to_string().as_bytes(), data);
    assert!(data.len() <= ADD_CHECKPOINT_BYTES_MAX && request.proof().len() <= PROOF_HASHES_MAX);
    assert!(request.note().signatures().len() <= ADD_CHECKPOINT_SIGNATURES_MAX);
    check_head(&request, std::str::from_utf8(data).unwrap());
    let logs = [log_signer().verifier()];
    for last in [None, Some(part(0)), Some(part(3)), Some(part(story().tree.size().get()))] {
        check_decision(&request, &logs, last.as_ref());
    }
    assert!(decide(&request, &[], None).is_err());
}

/// Reads what stands before the checkpoint a second time.
fn check_head(request: &AddCheckpoint, text: &str) {
    let mut lines = text.split("\n\n").next().unwrap().split('\n');
    let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
    assert_eq!(old, Some(request.old().get()));
    assert!(request.old().get() <= SIZE_MAX);
    assert_eq!(lines.filter(|line| base64_bytes(line) == Some(32)).count(), request.proof().len());
}

fn check_decision(request: &AddCheckpoint, logs: &[VerifierKey], last: Option<&Checkpoint>) {
    let last_size = last.map_or(0, |last| last.size.get());
    let decided = decide(request, logs, last);
    let (said, old) = (request.checkpoint(), request.old().get());
    match decided {
        Ok(signed) => {
            assert_eq!((signed.checkpoint(), signed.note().text()), (said, request.note().text()));
            assert_eq!((said.origin.as_str(), old), (ORIGIN, last_size));
            // The log here signs nothing but parts of one tree, so nothing else is ever cosigned.
            assert_eq!(*said, part(said.size.get()));
            let is_log =
                |line: &SignatureLine| logs.iter().any(|key| key.name() == line.name && key.id() == line.key_id);
            assert!(signed.note().signatures().iter().all(is_log));
        }
        Err(refusal) => {
            let reply = Reply::refused(&refusal);
            assert_eq!(matches!(refusal, WitnessRefusal::UnknownLog(_)), said.origin != ORIGIN);
            assert_eq!(read_size(reply.body.as_bytes()).is_some(), reply.content_type == SIZE_CONTENT_TYPE);
            let expected = match refusal {
                WitnessRefusal::UnknownLog(_) => 404,
                WitnessRefusal::Signature(_) => 403,
                _ if old > said.size.get() => 400,
                _ if old != last_size => 409,
                _ => 422,
            };
            assert_eq!(reply.status, expected, "{refusal:?}");
        }
    }
}

/// Returns what the log says of its first `size` entries.
fn part(size: u64) -> Checkpoint {
    let size = TreeSize::new(size.min(story().tree.size().get())).unwrap();
    Checkpoint { origin: ORIGIN.to_owned(), size, root: root(size, &story().tiles).unwrap() }
}

/// First requests, growing ones, one with nothing new, a wrong one, and one with lines by others.
pub fn seeds() -> Vec<Vec<u8>> {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(make_seeds).clone()
}

fn make_seeds() -> Vec<Vec<u8>> {
    let whole = story().tree.size().get();
    let request = |old: u64, new: u64| {
        let (old, part) = (TreeSize::new(old).unwrap(), part(new));
        let proof = consistency(old, part.size, &story().tiles).unwrap();
        AddCheckpoint::new(old, proof, &part.sign(&log_signer()).unwrap()).unwrap().to_string()
    };
    let grown = request(3, whole);
    let lines = grown.clone() + "\u{2014} witness.example AAAAAAA=\n";
    let wrong = format!("old 3\n\n{}", checkpoint(whole, part(3).root));
    let seeds = [request(0, 0), request(0, 3), request(0, whole), grown, request(whole, whole), lines, wrong];
    seeds.map(String::into_bytes).to_vec()
}
