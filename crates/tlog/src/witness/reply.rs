//! The reply: a status and a few lines, written by the witness and read by the log.

use crate::checkpoint::SignedCheckpoint;
use crate::note::{Note, NoteError, SignatureLine, SignatureLineError, VerifierKey};
use crate::size::TreeSize;
use crate::spelling::parse_decimal;
use crate::witness::decide::WitnessRefusal;
use crate::witness::request::AddCheckpointError;

/// What a body is that says the size cosigned last.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";
/// What every other body is.
const TEXT_CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The longest body of a reply that is read, in bytes: 16 lines of ML-DSA-44 and room to spare.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;
/// The most lines of a reply that are read.
pub const REPLY_SIGNATURES_MAX: usize = 16;

/// What a witness answers, in the terms of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status: 200, 400, 403, 404, 409 or 422.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body: whole lines.
    pub body: String,
}

impl Reply {
    /// Returns the answer to bytes that are no request. The specification names no status for it; everybody answers 400.
    pub fn malformed(error: &AddCheckpointError) -> Reply {
        Reply::text(400, format!("{error}\n"))
    }

    /// Returns the answer to a request that was refused.
    pub fn refused(refusal: &WitnessRefusal) -> Reply {
        let status = match refusal {
            WitnessRefusal::OldBeyond { .. } => 400,
            WitnessRefusal::Signature(_) => 403,
            WitnessRefusal::UnknownLog(_) => 404,
            WitnessRefusal::Inconsistent(_) => 422,
            WitnessRefusal::Conflict(size) => {
                return Reply { status: 409, content_type: SIZE_CONTENT_TYPE, body: format!("{size}\n") };
            }
        };
        Reply::text(status, format!("{refusal}\n"))
    }

    /// Returns the answer that gives cosignatures, at least one.
    pub fn cosigned(lines: &[SignatureLine]) -> Reply {
        Reply::text(200, lines.iter().map(|line| line.to_string() + "\n").collect())
    }

    fn text(status: u16, body: String) -> Reply {
        Reply { status, content_type: TEXT_CONTENT_TYPE, body }
    }
}

/// Why the body of a reply gives no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Longer than is read.
    #[error("the reply has {0} bytes; at most {REPLY_BYTES_MAX} are read")]
    TooLarge(usize),
    /// Not lines of text.
    #[error("the reply is not whole lines of UTF-8")]
    Lines,
    /// More lines than are read.
    #[error("the reply has more than {REPLY_SIGNATURES_MAX} lines")]
    TooManyLines,
    /// A line that is no signature line.
    #[error(transparent)]
    Line(#[from] SignatureLineError),
    /// No line of a known witness, or one that it did not make.
    #[error(transparent)]
    Signature(#[from] NoteError),
}

/// Reads the cosignatures of a reply with status 200: those of the checkpoint by one of `witnesses`, whose keys cosign.
///
/// Lines by unknown keys MUST be ignored; a bad one under a known key condemns the reply, and so does the lack of a good one.
pub fn read_cosignatures(
    body: &[u8],
    signed: &SignedCheckpoint,
    witnesses: &[VerifierKey],
) -> Result<Vec<SignatureLine>, ReplyError> {
    if body.len() > REPLY_BYTES_MAX {
        return Err(ReplyError::TooLarge(body.len()));
    }
    let text = str::from_utf8(body).ok().and_then(|text| text.strip_suffix('\n')).ok_or(ReplyError::Lines)?;
    if text.split('\n').count() > REPLY_SIGNATURES_MAX {
        return Err(ReplyError::TooManyLines);
    }
    let lines = text.split('\n').map(str::parse).collect::<Result<_, _>>()?;
    let note = Note::new(signed.note().text().to_owned(), lines)?;
    Ok(note.verified_lines(witnesses)?.into_iter().map(|(_, line)| line.clone()).collect())
}

/// Reads the size in the body of a reply with status 409, or nothing where there is none.
pub fn read_size(body: &[u8]) -> Option<TreeSize> {
    str::from_utf8(body).ok()?.strip_suffix('\n').and_then(parse_decimal).and_then(TreeSize::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::cosignature::{CosignedAt, Cosigner, CosignerKey};
    use crate::hash::Hash;
    use crate::key::SecretKey;
    use crate::note::{Algorithm, Signer};
    use crate::proof::ProofError;

    fn signed(size: u64) -> SignedCheckpoint {
        let log = Signer::new("log.example", SecretKey::from_seed([1; 32])).unwrap();
        let size = TreeSize::new(size).unwrap();
        Checkpoint { origin: "log.example".into(), size, root: Hash::ZERO }.sign(&log).unwrap()
    }

    fn cosigner(algorithm: Algorithm, seed: u8) -> Cosigner {
        Cosigner::new("w.example", CosignerKey::from_seed(algorithm, [seed; 32]).unwrap()).unwrap()
    }

    fn cosign(cosigner: &Cosigner, size: u64) -> SignatureLine {
        cosigner.cosign(&signed(size), CosignedAt::new(5).unwrap())
    }

    #[test]
    fn each_refusal_has_its_status() {
        let size = TreeSize::new(9).unwrap();
        let cases = [
            (WitnessRefusal::UnknownLog("a".into()), 404, "the log \"a\" is not witnessed here\n"),
            (WitnessRefusal::Signature(NoteError::NoKnownKey), 403, "the note is not signed by a known key\n"),
            (
                WitnessRefusal::OldBeyond { old: size, size: TreeSize::ZERO },
                400,
                "the old size 9 is larger than the checkpoint's size 0\n",
            ),
            (WitnessRefusal::Conflict(size), 409, "9\n"),
        ];
        for (refusal, status, body) in cases {
            let reply = Reply::refused(&refusal);
            assert_eq!((reply.status, reply.body.as_str()), (status, body));
            let is_size = reply.content_type == SIZE_CONTENT_TYPE;
            assert_eq!(is_size, status == 409);
            assert_eq!(read_size(reply.body.as_bytes()), is_size.then_some(size));
        }
        let shrinks = ProofError::Shrinks { old: size, new: TreeSize::ZERO };
        assert_eq!(Reply::refused(&WitnessRefusal::Inconsistent(shrinks)).status, 422);
        assert_eq!(Reply::malformed(&AddCheckpointError::Border).status, 400);
    }

    #[test]
    fn sizes_have_one_spelling() {
        for body in ["", "9", "9\r\n", "+9\n", "09\n", "9\n\n", "9223372036854775808\n", "the size is 9\n"] {
            assert_eq!(read_size(body.as_bytes()), None, "{body:?}");
        }
        assert_eq!(read_size(b"\xff\n"), None);
    }

    #[test]
    fn cosignatures_are_read_and_strangers_ignored() {
        let [one, two] = [Algorithm::CosignatureV1, Algorithm::SubtreeV1].map(|algorithm| cosigner(algorithm, 2));
        let stranger = cosigner(Algorithm::CosignatureV1, 3);
        let keys = [one.verifier().clone(), two.verifier().clone()];
        let lines = [cosign(&stranger, 7), cosign(&one, 7), cosign(&two, 7)];
        let reply = Reply::cosigned(&lines);
        assert_eq!((reply.status, reply.content_type), (200, TEXT_CONTENT_TYPE));
        let read = |body: &str| read_cosignatures(body.as_bytes(), &signed(7), &keys);
        assert_eq!(read(&reply.body), Ok(lines[1..].to_vec()));
        assert_eq!(read(&Reply::cosigned(&lines[..1]).body), Err(NoteError::NoKnownKey.into()));
        let of_another_size = Reply::cosigned(&[cosign(&one, 8)]).body;
        assert!(matches!(read(&of_another_size), Err(ReplyError::Signature(NoteError::Invalid { .. }))));
        for (body, error) in [
            ("", ReplyError::Lines),
            ("\n", SignatureLineError::Form.into()),
            ("ok\n", SignatureLineError::Form.into()),
            (reply.body.trim_end(), ReplyError::Lines),
        ] {
            assert_eq!(read(body), Err(error), "{body:?}");
        }
        assert_eq!(read_cosignatures(b"\xff\n", &signed(7), &keys), Err(ReplyError::Lines));
    }

    #[test]
    fn limits_hold_to_the_line_and_the_byte() {
        let one = cosigner(Algorithm::CosignatureV1, 2);
        let keys = [one.verifier().clone()];
        let read = |body: &str| read_cosignatures(body.as_bytes(), &signed(7), &keys);
        let lines = |count: usize| Reply::cosigned(&vec![cosign(&one, 7); count]).body;
        assert_eq!(read(&lines(REPLY_SIGNATURES_MAX)).unwrap().len(), REPLY_SIGNATURES_MAX);
        assert_eq!(read(&lines(REPLY_SIGNATURES_MAX + 1)), Err(ReplyError::TooManyLines));
        let long = |bytes: usize| lines(1) + &format!("— w {}\n", "A".repeat(bytes - lines(1).len() - 7));
        // The second line cannot be decoded, but it is short enough to be looked at.
        assert!(!matches!(read(&long(REPLY_BYTES_MAX)), Err(ReplyError::TooLarge(_))));
        assert_eq!(long(REPLY_BYTES_MAX).len(), REPLY_BYTES_MAX);
        assert_eq!(read(&long(REPLY_BYTES_MAX + 1)), Err(ReplyError::TooLarge(REPLY_BYTES_MAX + 1)));
    }
}
