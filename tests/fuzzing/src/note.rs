//! Signed notes: what is read is written back the same, and another reader takes exactly the same bytes.

use colophon_tlog::note::{NOTE_BYTES_MAX, Note, NoteError, SIGNATURES_MAX, Signer, VerifierKey};

use crate::people::secret;
use crate::spelling::is_signature_line;
use crate::story::{leaf_of_kind, story};

/// Words of signed notes.
pub const WORDS: &[&str] =
    &["\n\n", "\n", "\u{2014} ", "\n\n\u{2014} one ", "one", "+", "=", "==", "AAAAAAA=", "\t", "\u{a0}"];

/// Reads a note and holds it against the other reader, its own bytes, its limits and the keys that signed it.
pub fn check(data: &[u8]) {
    let read = Note::parse(data, SIGNATURES_MAX);
    assert_eq!(read.is_ok(), is_note(data), "{read:?}");
    let Ok(note) = read else { return };
    assert_eq!(note.to_string().as_bytes(), data);
    assert_eq!(Note::new(note.text().to_owned(), note.signatures().to_vec()), Ok(note.clone()));
    let found = note.signatures().len();
    assert_eq!(Note::parse(data, found).as_ref(), Ok(&note));
    assert_eq!(Note::parse(data, found - 1), Err(NoteError::TooManySignatures { found, max: found - 1 }));
    let keys: Vec<VerifierKey> = signers().iter().map(Signer::verifier).collect();
    if let Ok(known) = note.verify(&keys) {
        // Nobody but the signers here has their keys, so a line that verifies is the very one they make.
        let lines = signers().map(|signer| signer.sign(note.text()));
        assert!(known.len() <= lines.len() && lines.iter().any(|line| note.signatures().contains(line)));
    }
}

/// The definition of a note, byte by byte.
fn is_note(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if data.len() > NOTE_BYTES_MAX || data.iter().any(|byte| *byte < 0x20 && *byte != b'\n') || !text.ends_with('\n') {
        return false;
    }
    let Some(border) = (0..data.len().saturating_sub(1)).rev().find(|n| data[*n..].starts_with(b"\n\n")) else {
        return false;
    };
    let lines: Vec<&str> = text[border + 2..].split_terminator('\n').collect();
    (1..=SIGNATURES_MAX).contains(&lines.len()) && lines.into_iter().all(is_signature_line)
}

fn signers() -> [Signer; 3] {
    ["one", "two", "three.example/name"].map(|name| Signer::new(name, secret(name)).unwrap())
}

/// Notes with one, three and a hundred signatures, with empty lines in the text, and entries.
pub fn seeds() -> Vec<Vec<u8>> {
    let note = |text: &str, count: usize| {
        let lines = signers().iter().cycle().take(count).map(|signer| signer.sign(text)).collect();
        Note::new(text.to_owned(), lines).unwrap().to_string().into_bytes()
    };
    let mut seeds = vec![note("text\n", 1), note("x\n\n\ny\n\n", 3), note("\n", 1), note("山水\n", SIGNATURES_MAX)];
    seeds.push(leaf_of_kind("rotate"));
    seeds.push(story().checkpoint.clone().into_bytes());
    seeds
}
