//! Signed notes: text, an empty line, and lines of signatures over the text.
//!
//! ```text
//! This is an example message.
//!
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! The signatures cover the text with its last newline and nothing else. The text may hold empty lines itself, so the
//! last one is the border. What is read here is written back byte for byte. Source: <https://c2sp.org/signed-note>.

mod cosigned;
mod name;
mod signature;
mod verifier_key;

use std::fmt;

pub use crate::note::cosigned::CosignedAt;
pub use crate::note::name::{NAME_BYTES_MAX, is_valid_name};
pub use crate::note::signature::{SignatureLine, SignatureLineError, Signer};
pub use crate::note::verifier_key::{Algorithm, KeyId, VerifierKey, VerifierKeyError, key_id};

/// The longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 1024 * 1024;
/// The most signatures a note has where no smaller bound is known. A verifier MUST accept 16.
pub const SIGNATURES_MAX: usize = 100;

/// Why bytes were not accepted as a note, or a note not as signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than a note may be.
    #[error("the note has {0} bytes; at most {NOTE_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    Encoding,
    /// A control character other than the newline.
    #[error("the note contains the control character {0:#04x}")]
    Control(u8),
    /// No text, or text that does not end in a newline.
    #[error("the text of the note does not end in a newline")]
    Text,
    /// No empty line between text and signatures.
    #[error("the note has no empty line before its signatures")]
    Border,
    /// No signatures, or the last of them does not end in a newline.
    #[error("the note does not end in a signature line")]
    Unsigned,
    /// More signatures than the reader takes.
    #[error("the note has {found} signatures; at most {max} are allowed")]
    TooManySignatures {
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A line that is no signature line.
    #[error(transparent)]
    Line(#[from] SignatureLineError),
    /// A signature line under a known key that the key did not make.
    #[error("the signature of {name} ({key_id}) is invalid")]
    Invalid {
        /// The name of the key.
        name: String,
        /// The id of the key.
        key_id: KeyId,
    },
    /// No signature line under a known key.
    #[error("the note is not signed by a known key")]
    NoKnownKey,
}

/// A text and its signatures, verified or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// All of it, as it was read or written.
    whole: String,
    /// How many bytes of it are the text.
    text_bytes: usize,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Returns the note of a text and at least one signature line. The text ends in a newline.
    pub fn new(text: String, signatures: Vec<SignatureLine>) -> Result<Note, NoteError> {
        check_characters(text.as_bytes())?;
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        if signatures.is_empty() {
            return Err(NoteError::Unsigned);
        }
        signatures.iter().try_for_each(SignatureLine::check)?;
        let text_bytes = text.len();
        let mut whole = text + "\n";
        for line in &signatures {
            whole += &line.to_string();
            whole.push('\n');
        }
        let bytes = whole.len();
        if bytes > NOTE_BYTES_MAX {
            Err(NoteError::TooLarge(bytes))
        } else {
            Ok(Note { whole, text_bytes, signatures })
        }
    }

    /// Reads the bytes of a note with at most `max_signatures` signatures. Nothing is verified.
    ///
    /// The signatures are counted before the first of them is decoded.
    pub fn parse(bytes: &[u8], max_signatures: usize) -> Result<Note, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::Encoding)?;
        check_characters(bytes)?;
        let border = note.rfind("\n\n").ok_or(NoteError::Border)?;
        let (_, rest) = note.split_at(border + 1);
        let lines = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')).ok_or(NoteError::Unsigned)?;
        let found = lines.bytes().filter(|byte| *byte == b'\n').count() + 1;
        if found > max_signatures {
            return Err(NoteError::TooManySignatures { found, max: max_signatures });
        }
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Note { whole: note.to_owned(), text_bytes: border + 1, signatures })
    }

    /// Returns the signed text, its last newline included.
    pub fn text(&self) -> &str {
        self.whole.get(..self.text_bytes).expect("the text ends within the note, behind a newline")
    }

    /// Returns the note as it is read and written.
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// Returns the signature lines, in the order in which they stand.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Returns the keys among `known` that signed the note, each once, in the order of their lines.
    ///
    /// A line whose name and key id are not those of a known key MUST be ignored. One bad line under a known key
    /// condemns the note, and a note without a good line is refused.
    pub fn verify<'a>(&self, known: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for (key, _) in self.verified_lines(known)? {
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        Ok(signers)
    }

    /// Returns the lines that keys among `known` made, each with its key, in the order in which they stand.
    ///
    /// The same is ignored, condemned and refused as in [`Note::verify`]. One key may have made several lines.
    pub fn verified_lines<'n, 'k>(
        &'n self,
        known: &'k [VerifierKey],
    ) -> Result<Vec<(&'k VerifierKey, &'n SignatureLine)>, NoteError> {
        let mut verified = Vec::new();
        for line in &self.signatures {
            let mut named = known.iter().filter(|key| key.id() == line.key_id && key.name() == line.name).peekable();
            if named.peek().is_none() {
                continue;
            }
            match named.find(|key| key.verify(self.text(), &line.signature)) {
                Some(key) => verified.push((key, line)),
                None => return Err(NoteError::Invalid { name: line.name.clone(), key_id: line.key_id }),
            }
        }
        if verified.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}

fn check_characters(bytes: &[u8]) -> Result<(), NoteError> {
    match bytes.iter().find(|byte| **byte < 0x20 && **byte != b'\n') {
        Some(byte) => Err(NoteError::Control(*byte)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::SecretKey;
    use crate::spelling::from_base64;

    /// The example of the specification.
    const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const EXAMPLE: &str = "This is an example message.\n\n— example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    /// The example of golang.org/x/mod/sumdb/note, with the seed that signed it.
    const GO_SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n— PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn parse(text: &str) -> Result<Note, NoteError> {
        Note::parse(text.as_bytes(), SIGNATURES_MAX)
    }

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::new(name, SecretKey::from_seed([seed; 32])).unwrap()
    }

    #[test]
    fn verifies_the_example_of_the_specification() {
        let key: VerifierKey = EXAMPLE_KEY.parse().unwrap();
        let note = parse(EXAMPLE).unwrap();
        assert_eq!(note.text(), "This is an example message.\n");
        assert_eq!(note.as_str(), EXAMPLE);
        assert_eq!(note.verify(std::slice::from_ref(&key)), Ok(vec![&key]));
        let altered = parse(&EXAMPLE.replace("is an", "is no")).unwrap();
        let invalid = NoteError::Invalid { name: "example.com/foo".into(), key_id: key.id() };
        assert_eq!(altered.verify(&[key]), Err(invalid));
    }

    #[test]
    fn signs_as_go_does() {
        let seed = from_base64(GO_SEED).unwrap().try_into().unwrap();
        let signer = Signer::new("PeterNeumann", SecretKey::from_seed(seed)).unwrap();
        assert_eq!(signer.verifier().to_string(), GO_KEY);
        let text = parse(GO_NOTE).unwrap().text().to_owned();
        let line = signer.sign(&text);
        assert_eq!(Note::new(text, vec![line]).unwrap().to_string(), GO_NOTE);
    }

    #[test]
    fn the_last_empty_line_is_the_border() {
        let line = signer("a", 1).sign("x\n\n\ny\n\n");
        let note = Note::new("x\n\n\ny\n\n".into(), vec![line.clone()]).unwrap();
        assert_eq!(parse(&note.to_string()), Ok(note));
        let bare = Note::new("\n".into(), vec![line]).unwrap();
        assert_eq!(parse(&bare.to_string()), Ok(bare));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let text = "text\n";
        let line = signer("a", 1).sign(text).to_string();
        let cases = [
            (String::new(), NoteError::Border),
            ("text\n".into(), NoteError::Border),
            (format!("{text}{line}\n"), NoteError::Border),
            (format!("\n{line}\n"), NoteError::Border),
            (format!("{text}\n"), NoteError::Unsigned),
            (format!("{text}\n{line}"), NoteError::Unsigned),
            (format!("{text}\n{line}\n\n"), NoteError::Unsigned),
            (format!("{text}\n{line}\r\n"), NoteError::Control(13)),
            (format!("te\txt\n\n{line}\n"), NoteError::Control(9)),
            (format!("te\0xt\n\n{line}\n"), NoteError::Control(0)),
            (format!("{text}\n{line}\nnext\n"), SignatureLineError::Form.into()),
            (format!("{text}\n{line} \n"), SignatureLineError::Signature("a".into()).into()),
        ];
        for (bytes, error) in cases {
            assert_eq!(parse(&bytes), Err(error), "{bytes:?}");
        }
        assert_eq!(Note::parse(b"te\xffxt\n\n", 1), Err(NoteError::Encoding));
    }

    #[test]
    fn a_note_is_built_only_from_sound_parts() {
        let line = signer("a", 1).sign("text\n");
        assert_eq!(Note::new("text".into(), vec![line.clone()]), Err(NoteError::Text));
        assert_eq!(Note::new(String::new(), vec![line.clone()]), Err(NoteError::Text));
        assert_eq!(Note::new("te\rxt\n".into(), vec![line.clone()]), Err(NoteError::Control(13)));
        assert_eq!(Note::new("text\n".into(), vec![]), Err(NoteError::Unsigned));
        let bad = SignatureLine { name: "a b".into(), ..line.clone() };
        assert_eq!(Note::new("text\n".into(), vec![bad]), Err(SignatureLineError::Name("a b".into()).into()));
        let empty = SignatureLine { signature: vec![], ..line };
        assert_eq!(Note::new("text\n".into(), vec![empty]), Err(SignatureLineError::Signature("a".into()).into()));
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let line = signer("a", 1).sign("text\n").to_string();
        let note = |lines: usize| format!("text\n\n{}", format!("{line}\n").repeat(lines));
        assert_eq!(parse(&note(SIGNATURES_MAX)).unwrap().signatures().len(), SIGNATURES_MAX);
        let too_many = |found| NoteError::TooManySignatures { found, max: SIGNATURES_MAX };
        assert_eq!(parse(&note(SIGNATURES_MAX + 1)), Err(too_many(SIGNATURES_MAX + 1)));
        // Not one of these lines can be decoded: they are counted first.
        assert_eq!(parse(&format!("text\n{}", "\n— a !!".repeat(10_000) + "\n")), Err(too_many(10_000)));
        let long = |bytes: usize| format!("{}\n\n{line}\n", "x".repeat(bytes - line.len() - 3));
        assert!(parse(&long(NOTE_BYTES_MAX)).is_ok());
        assert_eq!(parse(&long(NOTE_BYTES_MAX + 1)), Err(NoteError::TooLarge(NOTE_BYTES_MAX + 1)));
        let line: SignatureLine = line.parse().unwrap();
        let text = "x".repeat(NOTE_BYTES_MAX) + "\n";
        assert!(matches!(Note::new(text, vec![line]), Err(NoteError::TooLarge(_))));
    }

    #[test]
    fn unknown_lines_are_ignored_and_bad_known_lines_condemn() {
        let (one, two, other) = (signer("one", 1), signer("two", 2), signer("one", 3));
        let text = "text\n";
        let keys = [one.verifier(), two.verifier()];
        let note = |lines: &[SignatureLine]| Note::new(text.into(), lines.to_vec()).unwrap();
        let verify = |lines: &[SignatureLine]| note(lines).verify(&keys).map(|keys| keys.len());
        let (by_one, by_two, by_other) = (one.sign(text), two.sign(text), other.sign(text));
        assert_eq!(verify(&[by_one.clone(), by_other.clone(), by_two.clone()]), Ok(2));
        assert_eq!(verify(&[by_one.clone(), by_one.clone()]), Ok(1));
        assert_eq!(verify(std::slice::from_ref(&by_other)), Err(NoteError::NoKnownKey));
        // Of the known name with another id, or of the known id with another name: unknown.
        let id_only = SignatureLine { name: "two".into(), ..by_one.clone() };
        assert_eq!(verify(&[id_only.clone(), by_one.clone()]), Ok(1));
        assert_eq!(verify(&[id_only]), Err(NoteError::NoKnownKey));
        let bad = SignatureLine { signature: by_two.signature.clone(), ..by_one.clone() };
        let invalid = NoteError::Invalid { name: "one".into(), key_id: by_one.key_id };
        assert_eq!(verify(&[by_two.clone(), bad.clone()]), Err(invalid.clone()));
        assert_eq!(verify(&[by_one, bad]), Err(invalid));
        assert_eq!(note(&[by_two]).verify(&[]), Err(NoteError::NoKnownKey));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "([a—\n\r ]|AAAAAAA=\n|\n\n— a ){0,8}(\n\n— a AAAAAAA=\n)?") {
            if let Ok(note) = parse(&text) {
                prop_assert_eq!(note.to_string(), text);
            }
        }

        #[test]
        fn notes_read_back(text in "[^\\pC]{0,40}(\n[^\\pC]{0,20}){0,3}\n", seed: u8) {
            let line = signer("name", seed).sign(&text);
            let note = Note::new(text, vec![line]).unwrap();
            prop_assert_eq!(parse(&note.to_string()), Ok(note));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(Note::parse(&bytes, SIGNATURES_MAX));
        }
    }
}
