//! Receipts: written back the same, and what verifies is where the receipt says.

use colophon_tlog::hash::leaf_hash;
use colophon_tlog::proof::PROOF_HASHES_MAX;
use colophon_tlog::receipt::{RECEIPT_BYTES_MAX, Receipt};

use crate::story::{log_signer, story};

/// Words of receipts.
pub const WORDS: &[&str] = &[
    "c2sp.org/tlog-proof@v1\n",
    "extra ",
    "extra YW55IGJ5dGVz\n",
    "index ",
    "index 0\n",
    "9223372036854775807",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "\n\n",
    "\n",
];

/// Reads a receipt, writes it back, and tries it on every leaf of the story.
pub fn check(data: &[u8]) {
    let Ok(receipt) = Receipt::parse(data) else { return };
    assert_eq!(receipt.to_string().as_bytes(), data);
    assert!(data.len() <= RECEIPT_BYTES_MAX && receipt.proof.len() <= PROOF_HASHES_MAX);
    let log = log_signer().verifier();
    for (index, leaf) in (0..).zip(&story().leaves) {
        let Ok(signed) = receipt.verify(&leaf_hash(leaf), &log) else { continue };
        assert_eq!(index, receipt.index.get());
        assert_eq!(receipt.proof, story().receipt(index).proof);
        assert_eq!(signed.to_string(), receipt.checkpoint);
    }
}

/// Receipts of the story's entries, one with an extra line.
pub fn seeds() -> Vec<Vec<u8>> {
    let extra = Receipt { extra: Some(b"anything".to_vec()), ..story().receipt(3) };
    let receipts = [story().receipt(0), story().receipt(7), extra];
    receipts.map(|receipt| receipt.to_string().into_bytes()).to_vec()
}
