//! Receipts: a file that proves one entry is in a log (<https://c2sp.org/tlog-proof>, extension `.tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 42
//! 7Vm1… (one hash a line, from the leaf's sibling upward)
//!
//! registry.example/art
//! 70000
//! …
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::proof::{PROOF_HASHES_MAX, ProofError, verify_inclusion};
use crate::size::EntryIndex;
use crate::spelling::{from_base64, parse_decimal, to_base64};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why text was not accepted as a receipt, or a receipt does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Longer than a receipt may be.
    #[error("the receipt has {0} bytes, more than 1 MiB")]
    TooLarge(usize),
    /// A line that is not as it should be.
    #[error("the receipt's {0} is not as a tlog-proof has it")]
    Form(&'static str),
    /// The checkpoint in it is none, or not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The proof leads elsewhere.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// The proof that one entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Bytes beside the proof that nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// Where the entry stands.
    pub index: EntryIndex,
    /// The inclusion proof, from the leaf's sibling upward.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

impl Receipt {
    /// Reads a receipt. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Receipt, ReceiptError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(ReceiptError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ReceiptError::Form("text"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ReceiptError::Form("empty line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(ReceiptError::Form("first line"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(encoded) => {
                lines.next();
                Some(strict_base64(encoded).ok_or(ReceiptError::Form("extra line"))?)
            }
        };
        let index =
            lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal).and_then(EntryIndex::new);
        let index = index.ok_or(ReceiptError::Form("index line"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(ReceiptError::Form("number of hashes"));
            }
            proof.push(Hash::from_base64(line).map_err(|_| ReceiptError::Form("hash line"))?);
        }
        Ok(Receipt { extra, index, proof, checkpoint: checkpoint.to_owned() })
    }

    /// Returns the checkpoint, if it is the log's and its tree has a leaf with this hash at the index.
    pub fn verify(&self, leaf: &Hash, log: &VerifierKey) -> Result<SignedCheckpoint, ReceiptError> {
        let signed = SignedCheckpoint::open(self.checkpoint.as_bytes(), log)?;
        let checkpoint = signed.checkpoint();
        verify_inclusion(leaf, self.index, checkpoint.size, &self.proof, &checkpoint.root)?;
        Ok(signed)
    }
}

fn strict_base64(encoded: &str) -> Option<Vec<u8>> {
    STANDARD.decode(encoded).ok().filter(|bytes| STANDARD.encode(bytes) == encoded)
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
