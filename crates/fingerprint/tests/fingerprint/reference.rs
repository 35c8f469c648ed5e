//! Codes equal to those of the ISCC reference, made once with iscc-core 1.5.0 on Pillow 12.3.0 of the same files.
//! Pillow resizes tall pictures by columns first, which moves single pixels by 1: 12.3.0 those of more than a hundred times their
//! width, 13.0.0 already one of 100 by 170. Here it is rows first for every shape, as 12.3.0 does it with all of these.

use std::fmt::Write as _;

use colophon_fingerprint::{ContentKind, content_of_bytes};
use colophon_tlog::hash::sha256;

use crate::corpus::wav;
use crate::reference_codes::CODES;
use crate::samples::pngs;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn pngs_have_the_pixels_and_codes_of_the_reference() {
    let mut wrong = Vec::new();
    let files = pngs();
    assert_eq!(files.len(), CODES.len());
    for ((name, bytes), (expected, pixels, code)) in files.into_iter().zip(CODES) {
        assert_eq!(name, *expected);
        let content = content_of_bytes(bytes, "image/png").unwrap().unwrap();
        assert_eq!((content.kind, content.prep), (ContentKind::Image, "image-1"));
        let found = sha256(&content.thumbnail.unwrap().0).to_string();
        if !found.starts_with(pixels) || hex(&content.code) != *code {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Sound has no reference that is the same everywhere; the same sound has the same code, and another has another.
#[test]
fn sounds_are_told_apart() {
    let code = |bytes| content_of_bytes(bytes, "audio/wav").unwrap().unwrap();
    let (low, again, high) = (code(wav(12, 220.0)), code(wav(12, 220.0)), code(wav(12, 640.0)));
    assert_eq!((low.kind, low.prep, &low), (ContentKind::Audio, "chromaprint-1", &again));
    assert!(colophon_fingerprint::distance(&low.code, &high.code) > 4);
}
