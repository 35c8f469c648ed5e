//! Receipts: a file that proves one entry is in a log (<https://c2sp.org/tlog-proof>, extension `.tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra YW55IGJ5dGVz
//! index 1
//! n3TJ6MLyUSfFYUSKWhyX0ZBCIwL3iqtpTyYQiG9V2ow=
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//!
//! registry.example/art
//! 4
//! sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
//!
//! — registry.example/art Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! The line `extra` may be absent; nothing vouches for what it says. The hashes are the inclusion proof, from the leaf's
//! sibling upward; after an empty line comes the signed checkpoint, verbatim.

use std::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::note::VerifierKey;
use crate::proof::{PROOF_HASHES_MAX, ProofError, verify_inclusion};
use crate::size::EntryIndex;
use crate::spelling::{from_base64, parse_decimal, to_base64};

/// The longest receipt, in bytes.
pub const RECEIPT_BYTES_MAX: usize = 1024 * 1024;

/// The first line of a receipt, which names its format.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why text was not accepted as a receipt, or a receipt does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Longer than a receipt may be.
    #[error("the receipt has {0} bytes; at most {RECEIPT_BYTES_MAX} are allowed")]
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
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLarge(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|_| ReceiptError::Form("text"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ReceiptError::Form("empty line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(ReceiptError::Form("first line"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(encoded) => {
                lines.next();
                Some(from_base64(encoded).ok_or(ReceiptError::Form("extra line"))?)
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

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::key::SecretKey;
    use crate::note::Signer;
    use crate::proof::{inclusion, root};
    use crate::sample::{all_tiles, leaf};
    use crate::size::TreeSize;

    fn log() -> Signer {
        Signer::new("registry.example/art", SecretKey::from_seed([1; 32])).unwrap()
    }

    fn checkpoint(size: u64) -> SignedCheckpoint {
        let of = TreeSize::new(size).unwrap();
        let root = root(of, &all_tiles(size)).unwrap();
        Checkpoint { origin: "registry.example/art".into(), size: of, root }.sign(&log()).unwrap()
    }

    fn receipt(index: u64, size: u64) -> Receipt {
        let index = EntryIndex::new(index).unwrap();
        let proof = inclusion(index, TreeSize::new(size).unwrap(), &all_tiles(size)).unwrap();
        Receipt { extra: None, index, proof, checkpoint: checkpoint(size).to_string() }
    }

    fn parse(text: &str) -> Result<Receipt, ReceiptError> {
        Receipt::parse(text.as_bytes())
    }

    #[test]
    fn proves_its_entry_and_no_other() {
        for (index, size) in [(0, 1), (6, 7), (255, 256), (256, 257)] {
            let receipt = parse(&receipt(index, size).to_string()).unwrap();
            let log = log().verifier();
            assert_eq!(receipt.verify(&leaf(index), &log), Ok(checkpoint(size)));
            assert!(matches!(
                receipt.verify(&leaf(index + 1), &log),
                Err(ReceiptError::Proof(ProofError::Root { .. }))
            ));
        }
        let stranger = Signer::new("registry.example/art", SecretKey::from_seed([2; 32])).unwrap();
        assert!(matches!(receipt(1, 4).verify(&leaf(1), &stranger.verifier()), Err(ReceiptError::Checkpoint(_))));
        let elsewhere = Receipt { checkpoint: checkpoint(5).to_string(), ..receipt(1, 4) };
        assert!(matches!(elsewhere.verify(&leaf(1), &log().verifier()), Err(ReceiptError::Proof(_))));
        let outside = Receipt { index: EntryIndex::new(4).unwrap(), ..receipt(1, 4) };
        assert!(matches!(outside.verify(&leaf(1), &log().verifier()), Err(ReceiptError::Proof(_))));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let text = receipt(1, 4).to_string();
        let verifies = |bytes: &[u8]| {
            Receipt::parse(bytes).and_then(|receipt| receipt.verify(&leaf(1), &log().verifier())).is_ok()
        };
        assert!(verifies(text.as_bytes()));
        for place in 0..text.len() {
            for change in [1, 0x20, 0x80] {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= change;
                assert!(!verifies(&bytes), "{place}");
            }
            assert!(!verifies(&text.as_bytes()[..place]), "{place}");
        }
        assert!(!verifies(format!("{text}\n").as_bytes()));
    }

    #[test]
    fn second_spellings_and_strangers_are_refused() {
        let text = receipt(1, 4).to_string();
        let cases = [
            ("empty line", String::new()),
            ("empty line", text.replace("\n\n", "\n")),
            ("first line", text.replace("@v1", "@v2")),
            ("first line", format!("\n{text}")),
            ("first line", text.replace("@v1", "@v1\r")),
            ("extra line", text.replace("index 1", "extra Zm9=\nindex 1")),
            ("extra line", text.replace("index 1", "extra  Zm8=\nindex 1")),
            ("index line", text.replace("index 1", "extra Zm8=\nextra Zm8=\nindex 1")),
            ("index line", text.replace("index 1", "index +1")),
            ("index line", text.replace("index 1", "index 01")),
            ("index line", text.replace("index 1", "index 1\r")),
            ("index line", text.replace("index 1", "index 9223372036854775807")),
            ("index line", text.replace("index 1\n", "")),
            ("hash line", text.replace("index 1", "index 1\nAAAA")),
            ("hash line", text.replace("index 1", "index 1\nindex 1")),
        ];
        for (what, text) in cases {
            assert_eq!(parse(&text), Err(ReceiptError::Form(what)), "{text}");
        }
        assert_eq!(Receipt::parse(b"\xff\n\n"), Err(ReceiptError::Form("text")));
    }

    #[test]
    fn limits_hold_to_the_line_and_the_byte() {
        let hashes = |count: usize| Receipt { proof: vec![Hash::ZERO; count], ..receipt(1, 4) };
        assert_eq!(parse(&hashes(PROOF_HASHES_MAX).to_string()), Ok(hashes(PROOF_HASHES_MAX)));
        let one_more = hashes(PROOF_HASHES_MAX + 1).to_string();
        assert_eq!(parse(&one_more), Err(ReceiptError::Form("number of hashes")));
        let text = receipt(1, 4).to_string();
        let long = |bytes: usize| format!("{text}{}", "x".repeat(bytes - text.len()));
        assert!(parse(&long(RECEIPT_BYTES_MAX)).is_ok());
        assert_eq!(parse(&long(RECEIPT_BYTES_MAX + 1)), Err(ReceiptError::TooLarge(RECEIPT_BYTES_MAX + 1)));
    }

    proptest! {
        #[test]
        fn receipts_read_back(index in 0..20u64, extra: Option<Vec<u8>>) {
            let receipt = Receipt { extra, ..receipt(index, 20) };
            prop_assert_eq!(parse(&receipt.to_string()), Ok(receipt));
        }

        #[test]
        fn what_is_read_is_written_the_same(head in "(extra [Zm8=]{0,4}\n)?index [0-9+]{1,2}\n", rest in "[\n ab]{0,4}") {
            let text = format!("{FIRST_LINE}\n{head}\n{rest}");
            if let Ok(receipt) = parse(&text) {
                prop_assert_eq!(receipt.to_string(), text);
            }
        }
    }
}
