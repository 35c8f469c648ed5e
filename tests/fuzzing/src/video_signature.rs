//! MPEG-7 signatures of videos: bounded, and each sum made of values from 0 to 2.

use colophon_fingerprint::video::signature::{FRAMES_MAX, SIGNATURE_BYTES_MAX, Signature, VALUES, sample};

/// Words of signatures: numbers one bit behind a byte.
pub const WORDS: &[&str] = &["\0\0\0\u{2}", "\u{7f}", "\0\0\0\0", "\u{1}\0"];

/// Reads a signature.
pub fn check(data: &[u8]) {
    let Ok(signature) = Signature::parse(data) else { return };
    let frames = signature.frames();
    assert!((1..=FRAMES_MAX as usize).contains(&frames) && data.len() <= SIGNATURE_BYTES_MAX);
    assert!(frames * (VALUES / 5) <= data.len());
    let most = i32::try_from(2 * frames).unwrap();
    assert!(signature.sums().iter().all(|sum| (0..=most).contains(sum)));
}

/// Signatures of a few frames, with segments and without.
pub fn seeds() -> Vec<Vec<u8>> {
    let frames = [[0; VALUES / 5], [121; VALUES / 5], [242; VALUES / 5], [121; VALUES / 5]];
    vec![sample::signature(&frames, 0), sample::signature(&frames, 1), sample::signature(&frames[..1], 3)]
}
