//! The request: what a log sends to have a checkpoint cosigned.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::proof::PROOF_HASHES_MAX;
use crate::size::TreeSize;
use crate::spelling::parse_decimal;

/// The longest request, in bytes: 32 lines of ML-DSA-44, the longest proof, and room to spare.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 256 * 1024;
/// The most signatures of the checkpoint in a request. A witness MUST accept 16; a log need send only its own.
pub const ADD_CHECKPOINT_SIGNATURES_MAX: usize = 32;

/// Why bytes were not accepted as a request to cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Longer than a request may be.
    #[error("the request has {0} bytes; at most {ADD_CHECKPOINT_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("the request is not UTF-8")]
    Encoding,
    /// No empty line before the checkpoint.
    #[error("the request has no empty line before its checkpoint")]
    Border,
    /// The first line is not the old size.
    #[error("line {0:?} is not 'old' and a plain decimal number below 2^63")]
    Old(String),
    /// More hashes than any proof has.
    #[error("the proof has more than {PROOF_HASHES_MAX} hashes")]
    TooManyHashes,
    /// A line of the proof that is no hash.
    #[error("line {0:?} of the proof is not the base64 of a hash")]
    Hash(String),
    /// The checkpoint is none.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl From<NoteError> for AddCheckpointError {
    fn from(error: NoteError) -> AddCheckpointError {
        AddCheckpointError::Checkpoint(error.into())
    }
}

/// A request to cosign a checkpoint. `Display` gives the very bytes that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: TreeSize,
    proof: Vec<Hash>,
    checkpoint: Checkpoint,
    note: Note,
}

impl AddCheckpoint {
    /// Returns the request for a checkpoint that follows on the tree of size `old`, with the proof of it.
    pub fn new(
        old: TreeSize,
        proof: Vec<Hash>,
        signed: &SignedCheckpoint,
    ) -> Result<AddCheckpoint, AddCheckpointError> {
        if proof.len() > PROOF_HASHES_MAX {
            return Err(AddCheckpointError::TooManyHashes);
        }
        Ok(AddCheckpoint { old, proof, checkpoint: signed.checkpoint().clone(), note: signed.note().clone() })
    }

    /// Reads a request. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<AddCheckpoint, AddCheckpointError> {
        if bytes.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(AddCheckpointError::TooLarge(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|_| AddCheckpointError::Encoding)?;
        let (head, note) = text.split_once("\n\n").ok_or(AddCheckpointError::Border)?;
        let mut lines = head.split('\n');
        let first = lines.next().unwrap_or_default();
        let old = first.strip_prefix("old ").and_then(parse_decimal).and_then(TreeSize::new);
        let old = old.ok_or_else(|| AddCheckpointError::Old(shortened(first)))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(AddCheckpointError::TooManyHashes);
            }
            proof.push(Hash::from_base64(line).map_err(|_| AddCheckpointError::Hash(shortened(line)))?);
        }
        let note = Note::parse(note.as_bytes(), ADD_CHECKPOINT_SIGNATURES_MAX)?;
        Ok(AddCheckpoint { old, proof, checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// Returns the size that the log believes the witness to have cosigned last.
    pub fn old(&self) -> TreeSize {
        self.old
    }

    /// Returns the consistency proof from the old size to the checkpoint's.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// Returns what the checkpoint says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the checkpoint's note, whose signatures nobody has verified.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.note)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::SecretKey;
    use crate::note::Signer;

    const ORIGIN: &str = "registry.example/art";

    fn signed() -> SignedCheckpoint {
        let log = Signer::new(ORIGIN, SecretKey::from_seed([1; 32])).unwrap();
        let size = TreeSize::new(7).unwrap();
        Checkpoint { origin: ORIGIN.into(), size, root: Hash::ZERO }.sign(&log).unwrap()
    }

    fn request(hashes: usize) -> AddCheckpoint {
        AddCheckpoint::new(TreeSize::new(3).unwrap(), vec![Hash::ZERO; hashes], &signed()).unwrap()
    }

    fn parse(text: &str) -> Result<AddCheckpoint, AddCheckpointError> {
        AddCheckpoint::parse(text.as_bytes())
    }

    #[test]
    fn requests_read_back() {
        for hashes in [0, 1, PROOF_HASHES_MAX] {
            let read = parse(&request(hashes).to_string()).unwrap();
            assert_eq!(read, request(hashes));
            assert_eq!((read.old().get(), read.proof().len()), (3, hashes));
            assert_eq!((read.checkpoint(), read.note()), (signed().checkpoint(), signed().note()));
        }
    }

    #[test]
    fn second_spellings_and_strangers_are_refused() {
        let text = request(1).to_string();
        let old = |line: &str| AddCheckpointError::Old(line.into());
        let cases = [
            (String::new(), AddCheckpointError::Border),
            (text.replace("\n\n", "\n"), AddCheckpointError::Border),
            (text.replace("old 3", "old  3"), old("old  3")),
            (text.replace("old 3", "old +3"), old("old +3")),
            (text.replace("old 3", "old 03"), old("old 03")),
            (text.replace("old 3", "old 3\r"), old("old 3\r")),
            (text.replace("old 3", "Old 3"), old("Old 3")),
            (text.replace("old 3", "old 9223372036854775808"), old("old 9223372036854775808")),
            (text.replace("old 3\n", ""), old(&Hash::ZERO.to_base64())),
            (format!("\n\n{text}"), old("")),
            (text.replace("AA=\n", "AA=\r\n"), AddCheckpointError::Hash(Hash::ZERO.to_base64() + "\r")),
            (
                text.replace("AA=\n\n", "AB=\n\n"),
                AddCheckpointError::Hash(Hash::ZERO.to_base64().replace("AA=", "AB=")),
            ),
            (text.replace("old 3\n", "old 3\nold 3\n"), AddCheckpointError::Hash("old 3".into())),
            (text.replace("\nregistry.example/art\n", "\na+b\n"), CheckpointError::Origin("a+b".into()).into()),
            (text.replace("\n7\n", "\n07\n"), CheckpointError::Size("07".into()).into()),
            (text.replace("\n\n— ", "\nextension\n\n— "), CheckpointError::Lines.into()),
            (text.split_once("\n\n— ").unwrap().0.to_owned() + "\n", NoteError::Border.into()),
        ];
        for (text, error) in cases {
            assert_eq!(
                parse(&text).map_err(|found| (found.to_string(), found)),
                Err((error.to_string(), error)),
                "{text}"
            );
        }
        assert_eq!(AddCheckpoint::parse(b"old 0\n\n\xff\n\n"), Err(AddCheckpointError::Encoding));
    }

    #[test]
    fn limits_hold_to_the_line_and_the_byte() {
        let proof = vec![Hash::ZERO; PROOF_HASHES_MAX + 1];
        assert_eq!(AddCheckpoint::new(TreeSize::ZERO, proof, &signed()), Err(AddCheckpointError::TooManyHashes));
        let text = request(PROOF_HASHES_MAX).to_string();
        let more = text.replace("old 3\n", &format!("old 3\n{}\n", Hash::ZERO.to_base64()));
        assert_eq!(parse(&more), Err(AddCheckpointError::TooManyHashes));
        let line = signed().note().signatures()[0].to_string() + "\n";
        let lines = |count: usize| request(0).to_string() + &line.repeat(count - 1);
        let max = ADD_CHECKPOINT_SIGNATURES_MAX;
        assert_eq!(parse(&lines(max)).unwrap().note().signatures().len(), max);
        assert_eq!(parse(&lines(max + 1)), Err(NoteError::TooManySignatures { found: max + 1, max }.into()));
        let long = |bytes: usize| {
            let text = request(0).to_string();
            let name = |bytes| format!("— w {}=\n", "A".repeat(bytes - "— w =\n".len()));
            let spare = bytes - text.len();
            // Two lines whose base64 has the right length between them.
            (100..110).map(|first| text.clone() + &name(first) + &name(spare - first)).find(|text| parse(text).is_ok())
        };
        let fitting = (0..8).find_map(|less| long(ADD_CHECKPOINT_BYTES_MAX - less)).unwrap();
        assert!(parse(&fitting).is_ok() && fitting.len() > ADD_CHECKPOINT_BYTES_MAX - 8);
        let too_long = "x".repeat(ADD_CHECKPOINT_BYTES_MAX + 1);
        assert_eq!(parse(&too_long), Err(AddCheckpointError::TooLarge(ADD_CHECKPOINT_BYTES_MAX + 1)));
        assert_eq!(parse(&too_long[1..]), Err(AddCheckpointError::Border));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(old in "[0-9+]{1,3}", proof in "([A-Za-z0-9+/]{42}[AE]=\n|\n){0,3}", change: prop::sample::Index) {
            let mut text = format!("old {old}\n{proof}\n{signed}", signed = signed());
            if let Ok(read) = parse(&text) {
                prop_assert_eq!(read.to_string(), text.clone());
            }
            let place = change.index(text.len());
            if text.is_char_boundary(place) {
                text.insert(place, '\n');
            }
            if let Ok(read) = parse(&text) {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
