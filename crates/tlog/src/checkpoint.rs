//! Checkpoints: a log's signed word for its size and root (<https://c2sp.org/tlog-checkpoint>).
//!
//! ```text
//! registry.example/art
//! 70000
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — registry.example/art Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp…
//! ```

use std::fmt;

use crate::hash::Hash;
use crate::note::{Note, NoteError, SIGNATURES_MAX, SignatureLine, Signer, VerifierKey, is_valid_name};
use crate::size::TreeSize;
use crate::spelling::parse_decimal;

/// Why text was not accepted as a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not signed by the log's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not three lines.
    #[error("a checkpoint has three lines: origin, size, root")]
    Lines,
    /// Its origin cannot be the name of a log.
    #[error("origin line {0:?} cannot be the name of a log")]
    Origin(String),
    /// Its origin is not the name of the log's key.
    #[error("the checkpoint is of the log {found:?}, not of {expected:?}")]
    OtherLog {
        /// The origin in the checkpoint.
        found: String,
        /// The name of the log's key.
        expected: String,
    },
    /// Its size is no plain number, or larger than any tree.
    #[error("size line {0:?} is not a plain decimal number below 2^63")]
    Size(String),
    /// Its root is no hash.
    #[error("root line {0:?} is not the base64 of a hash")]
    Root(String),
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: TreeSize,
    /// The root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a checkpoint.
    ///
    /// Extension lines are refused: the specification does not recommend them, and no auditor can check them.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if !is_valid_origin(origin) {
            return Err(CheckpointError::Origin(shortened(origin)));
        }
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size: parse_decimal(size).and_then(TreeSize::new).ok_or_else(|| CheckpointError::Size(shortened(size)))?,
            root: Hash::from_base64(root).map_err(|_| CheckpointError::Root(shortened(root)))?,
        })
    }

    /// Returns the text, with its last newline.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Signs the checkpoint with the log's key, whose name is the origin.
    pub fn sign(self, log: &Signer) -> Result<SignedCheckpoint, CheckpointError> {
        let checkpoint = Checkpoint::parse(&self.to_text())?;
        checkpoint.check_origin(&log.verifier())?;
        let text = checkpoint.to_text();
        let line = log.sign(&text);
        let note = Note::new(text, vec![line])?;
        Ok(SignedCheckpoint { checkpoint, note })
    }

    fn check_origin(&self, log: &VerifierKey) -> Result<(), CheckpointError> {
        if self.origin == log.name() {
            return Ok(());
        }
        Err(CheckpointError::OtherLog { found: shortened(&self.origin), expected: log.name().to_owned() })
    }
}

/// Returns whether text can be the origin of a log: the name of a key, and not the first line of a cosigned text, which
/// would let a log's signature pass for a witness's.
pub fn is_valid_origin(origin: &str) -> bool {
    is_valid_name(origin) && origin != "cosignature/v1"
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A checkpoint whose log's signature verifies. `Display` gives the very bytes that were opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Opens a checkpoint of the log whose key is `log` and whose origin is that key's name.
    ///
    /// Signatures by other keys MUST be ignored; one under the log's name and key id that is not the log's condemns all.
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<SignedCheckpoint, CheckpointError> {
        let note = Note::parse(bytes, SIGNATURES_MAX)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        checkpoint.check_origin(log)?;
        note.verify(std::slice::from_ref(log))?;
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// Returns what it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the note with all its signatures, those by unknown keys too.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Opens a checkpoint of the log that has these keys, and keeps only the lines that they made.
    ///
    /// The keys have the checkpoint's origin for a name. A line under one of them that it did not make condemns all.
    pub fn of_verified_lines(
        checkpoint: &Checkpoint,
        note: &Note,
        log: &[VerifierKey],
    ) -> Result<SignedCheckpoint, NoteError> {
        let mut lines = Vec::new();
        for (_, line) in note.verified_lines(log)? {
            if !lines.contains(line) {
                lines.push(line.clone());
            }
        }
        Ok(SignedCheckpoint { checkpoint: checkpoint.clone(), note: Note::new(note.text().to_owned(), lines)? })
    }

    /// Returns the checkpoint with these lines too, each in the place of the one under its name and key id, if there is one.
    pub fn with_lines(&self, lines: &[SignatureLine]) -> Result<SignedCheckpoint, NoteError> {
        let mut all = self.note.signatures().to_vec();
        for line in lines {
            match all.iter_mut().find(|old| old.name == line.name && old.key_id == line.key_id) {
                Some(old) => *old = line.clone(),
                None => all.push(line.clone()),
            }
        }
        Ok(SignedCheckpoint { checkpoint: self.checkpoint.clone(), note: Note::new(self.note.text().to_owned(), all)? })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::SecretKey;
    use crate::note::Algorithm;
    use crate::size::SIZE_MAX;

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::new(name, SecretKey::from_seed([seed; 32])).unwrap()
    }

    fn log() -> Signer {
        signer("example.com/behind-the-sofa", 1)
    }

    #[test]
    fn reads_the_text_of_the_specification() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(Some(checkpoint.size), TreeSize::new(20_852_163));
        assert_eq!(checkpoint.root.to_string(), "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
        assert_eq!(checkpoint.to_text(), TEXT);
    }

    #[test]
    fn second_spellings_and_strangers_are_refused() {
        let lines =
            [String::new(), "a\n1\n".into(), TEXT.trim_end().into(), format!("{TEXT}more\n"), format!("{TEXT}\n")];
        for text in lines {
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Lines), "{text:?}");
        }
        for size in
            ["", "+5", "05", "00", " 5", "5 ", "5\r", "9223372036854775808", "18446744073709551616", "0x5", "-0"]
        {
            let text = TEXT.replace("20852163", size);
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Size(size.into())));
        }
        for root in
            ["", "CsUY", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I"]
        {
            let text = TEXT.replace("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", root);
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Root(root.into())));
        }
        for origin in ["", "a b", "a+b", "a\r", "cosignature/v1", &"a".repeat(256)] {
            let text = TEXT.replace("example.com/behind-the-sofa", origin);
            let shown = origin.chars().take(80).collect();
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Origin(shown)));
        }
        assert!(Checkpoint::parse(&TEXT.replace("20852163", &SIZE_MAX.to_string())).is_ok());
    }

    #[test]
    fn only_the_log_itself_is_opened() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        let signed = checkpoint.clone().sign(&log()).unwrap();
        let opened = SignedCheckpoint::open(signed.to_string().as_bytes(), &log().verifier()).unwrap();
        assert_eq!((opened.checkpoint(), &opened), (&checkpoint, &signed));
        let open = |bytes: &str, key: &Signer| SignedCheckpoint::open(bytes.as_bytes(), &key.verifier());
        let text = signed.to_string();
        let stranger = signer(log().verifier().name(), 2);
        assert_eq!(open(&text, &stranger), Err(NoteError::NoKnownKey.into()));
        let other = signer("example.com/other", 1);
        assert!(matches!(open(&text, &other), Err(CheckpointError::OtherLog { .. })));
        assert!(matches!(checkpoint.sign(&other), Err(CheckpointError::OtherLog { .. })));
        let altered = text.replace("20852163", "20852164");
        assert!(matches!(open(&altered, &log()), Err(CheckpointError::Note(NoteError::Invalid { .. }))));
        assert!(matches!(open(TEXT, &log()), Err(CheckpointError::Note(NoteError::Border))));
    }

    #[test]
    fn lines_of_others_are_kept_and_ignored() {
        let signed = Checkpoint::parse(TEXT).unwrap().sign(&log()).unwrap();
        let id = signer("witness", 3).verifier().id();
        let junk = SignatureLine { name: "witness".into(), key_id: id, signature: vec![0; 72] };
        let text = format!("{signed}{junk}\n");
        let opened = SignedCheckpoint::open(text.as_bytes(), &log().verifier()).unwrap();
        assert_eq!(opened.to_string(), text);
        assert_eq!(opened.note().signatures().len(), 2);
    }

    #[test]
    fn no_signature_of_a_log_passes_for_a_cosignature() {
        let secret = SecretKey::from_seed([1; 32]);
        let twin = VerifierKey::new("witness", Algorithm::CosignatureV1, secret.public()).unwrap();
        let signed = Checkpoint::parse(TEXT).unwrap().sign(&log()).unwrap();
        let signature = &signed.note().signatures()[0].signature;
        assert!(!twin.verify(TEXT, signature));
        assert!(!twin.verify(TEXT, &[&[0, 0, 0, 0, 0, 0, 0, 1][..], signature].concat()));
        let root = Hash::ZERO;
        let trap = Checkpoint { origin: "cosignature/v1".into(), size: TreeSize::ZERO, root };
        assert_eq!(trap.sign(&signer("cosignature/v1", 1)), Err(CheckpointError::Origin("cosignature/v1".into())));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let text = Checkpoint::parse(TEXT).unwrap().sign(&log()).unwrap().to_string();
        for place in 0..text.len() {
            for change in [1, 0x20, 0x80] {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= change;
                assert!(SignedCheckpoint::open(&bytes, &log().verifier()).is_err(), "{place}");
            }
            assert!(SignedCheckpoint::open(&text.as_bytes()[..place], &log().verifier()).is_err());
        }
    }

    proptest! {
        #[test]
        fn texts_read_back(origin in "[a-z0-9./-]{1,30}", size in 0..=SIZE_MAX, root: [u8; 32]) {
            let checkpoint = Checkpoint { origin, size: TreeSize::new(size).unwrap(), root: root.into() };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "[a+ \r]{1,2}\n[0-9+]{1,3}\n[A-Za-z0-9+/]{42}[AE]=\n?") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.to_text(), text);
            }
        }
    }
}
