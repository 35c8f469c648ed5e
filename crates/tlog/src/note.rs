//! C2SP signed notes: text, an empty line, signature lines.
//!
//! ```text
//! example.com/log
//! 7
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — example.com/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! The signature covers the text with its last newline, not the empty line. A key is known by its name and a 4-byte id,
//! never by the id alone. See <https://c2sp.org/signed-note>.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::sha256_concat;
use crate::key::{PublicKey, SecretKey};

/// The longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 1 << 20;
/// The most signature lines of a note where the caller asks for no fewer.
pub const SIGNATURES_MAX: usize = 100;
/// The longest key name, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// The longest signature of any type that a line may carry, in bytes; ML-DSA-44 cosignatures have 2 428.
const SIGNATURE_BYTES_MAX: usize = 4096;

const LINE_START: &str = "\u{2014} ";

/// What a signature is made of and over: the type byte of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 over the text.
    Ed25519 = 0x01,
    /// Ed25519 over a cosignature's time and the text (c2sp.org/tlog-cosignature).
    CosignatureV1 = 0x04,
}

impl Algorithm {
    fn from_byte(byte: u8) -> Option<Algorithm> {
        match byte {
            0x01 => Some(Algorithm::Ed25519),
            0x04 => Some(Algorithm::CosignatureV1),
            _ => None,
        }
    }
}

/// The 4 bytes that, with a name, say which key made a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Returns the id of a key under a name: the first 4 bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ key)`.
pub fn key_id(name: &str, algorithm: Algorithm, public: &PublicKey) -> KeyId {
    let hash = sha256_concat(&[name.as_bytes(), b"\n", &[algorithm as u8], &public.to_bytes()]);
    let [a, b, c, d, ..] = *hash.as_bytes();
    KeyId(u32::from_be_bytes([a, b, c, d]))
}

/// Why text was not accepted as a note, a key or a signature line, or a note's signatures were not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than a note may be.
    #[error("the note has {0} bytes, more than 1 MiB")]
    TooLarge(usize),
    /// Not UTF-8, or with a control character.
    #[error("the note is not UTF-8 text without control characters")]
    Text,
    /// No empty line before the signatures, or no newline at the end.
    #[error("the note has no empty line between its text and its signatures, or does not end in a newline")]
    Form,
    /// More signature lines than allowed.
    #[error("the note has more than {0} signature lines")]
    TooManySignatures(usize),
    /// A line that is no signature line.
    #[error("a signature line is not a dash, a name and the canonical base64 of a key id and a signature")]
    Line,
    /// A name that no key may have.
    #[error("{0:?} cannot be the name of a key: no spaces, no plus, 1 to 255 bytes")]
    Name(String),
    /// Text that is no verifier key.
    #[error("not a verifier key: {0}")]
    VerifierKey(&'static str),
    /// A signature by a known key that does not verify.
    #[error("the signature by {name}+{id} does not verify")]
    Signature {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
    /// None of the signatures is by a known key.
    #[error("none of the signatures is by a known key")]
    Unsigned,
}

/// Returns whether a key may have this name.
pub fn is_valid_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A public key with the name it signs under, written `NAME+hhhhhhhh+base64(type ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    algorithm: Algorithm,
    public: PublicKey,
}

impl VerifierKey {
    /// Returns the key under a name.
    pub fn new(name: &str, algorithm: Algorithm, public: PublicKey) -> Result<VerifierKey, NoteError> {
        if !is_valid_name(name) {
            return Err(NoteError::Name(name.chars().take(80).collect()));
        }
        Ok(VerifierKey { name: name.to_owned(), id: key_id(name, algorithm, &public), algorithm, public })
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the id under the name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns what the key signs over.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the key itself.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = vec![self.algorithm as u8];
        typed.extend(self.public.to_bytes());
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(typed))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<VerifierKey, NoteError> {
        let wrong = NoteError::VerifierKey;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is written NAME+ID+KEY"));
        };
        let typed = STANDARD.decode(key).map_err(|_| wrong("its key is not base64"))?;
        let (kind, bytes) = typed.split_first().ok_or(wrong("its key is empty"))?;
        let algorithm = Algorithm::from_byte(*kind).ok_or(wrong("its type is not known"))?;
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| wrong("its key has not 32 bytes"))?;
        let public = PublicKey::from_bytes(bytes).map_err(|_| wrong("its key is no strong Ed25519 key"))?;
        let key = VerifierKey::new(name, algorithm, public)?;
        if key.to_string() == text { Ok(key) } else { Err(wrong("its id does not fit its name and key")) }
    }
}

/// A secret key with the name it signs under. Its signatures are of the type 0x01.
#[derive(Debug, Clone)]
pub struct Signer {
    verifier: VerifierKey,
    secret: SecretKey,
}

impl Signer {
    /// Returns the key under a name.
    pub fn new(name: &str, secret: SecretKey) -> Result<Signer, NoteError> {
        Ok(Signer { verifier: VerifierKey::new(name, Algorithm::Ed25519, secret.public())?, secret })
    }

    /// Returns the public half.
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Signs a text, which should end in a newline.
    pub fn sign(&self, text: &str) -> SignatureLine {
        let signature = self.secret.sign(text.as_bytes()).to_vec();
        SignatureLine { name: self.verifier.name.clone(), key_id: self.verifier.id, signature }
    }
}

/// One signature: `— NAME base64(key id ‖ signature)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name of the key.
    pub name: String,
    /// Its id under the name.
    pub key_id: KeyId,
    /// What the key's type makes of the text.
    pub signature: Vec<u8>,
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.0.to_be_bytes().to_vec();
        bytes.extend(&self.signature);
        write!(f, "{LINE_START}{} {}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<SignatureLine, NoteError> {
        let (name, encoded) =
            text.strip_prefix(LINE_START).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Line)?;
        if !is_valid_name(name) || encoded.len() > SIGNATURE_BYTES_MAX.div_ceil(3) * 4 + 8 {
            return Err(NoteError::Line);
        }
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Line)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Line)?;
        if signature.is_empty() || STANDARD.encode(&bytes) != encoded {
            return Err(NoteError::Line);
        }
        let key_id = KeyId(u32::from_be_bytes(*id));
        Ok(SignatureLine { name: name.to_owned(), key_id, signature: signature.to_vec() })
    }
}

/// A text with its signatures. `Display` gives back the very bytes that were parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note of 1 to `max_signatures` signature lines. No signature is verified.
    pub fn parse(bytes: &[u8], max_signatures: usize) -> Result<Note, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Text)?;
        if whole.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::Text);
        }
        // The text may have empty lines of its own: the last one divides.
        let split = whole.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, rest) = whole.split_at(split + 1);
        let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(NoteError::Form)?;
        if lines.split('\n').take(max_signatures + 1).count() > max_signatures {
            return Err(NoteError::TooManySignatures(max_signatures));
        }
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// Returns the note of a text, which must end in a newline, and at least one signature.
    pub fn new(text: String, signatures: Vec<SignatureLine>) -> Result<Note, NoteError> {
        let note = Note { text, signatures };
        let count = note.signatures.len();
        if !note.text.ends_with('\n') || Note::parse(note.to_string().as_bytes(), count)? != note {
            return Err(NoteError::Form);
        }
        Ok(note)
    }

    /// Returns the text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the signatures, in the order in which they stand.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Returns those of the known keys that signed the text over itself (type 0x01).
    ///
    /// Signatures by other keys are passed over. One by a known key that does not verify spoils the note, and so does the
    /// lack of any that verifies.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let known = known.iter().filter(|key| key.algorithm == Algorithm::Ed25519);
            let Some(key) = known.into_iter().find(|key| key.id == line.key_id && key.name == line.name) else {
                continue;
            };
            if !key.public.verify(self.text.as_bytes(), &line.signature) {
                return Err(NoteError::Signature { name: line.name.clone(), id: line.key_id });
            }
            if !signed.contains(&key) {
                signed.push(key);
            }
        }
        if signed.is_empty() { Err(NoteError::Unsigned) } else { Ok(signed) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
