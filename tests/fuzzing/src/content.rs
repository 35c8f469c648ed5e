//! Files of every type that is decoded: an answer or an error, the same each time, and never a decoder that breaks down.

use colophon_fingerprint::{ContentError, content_of_bytes};

/// The types, of which a file's first byte chooses one.
const TYPES: [&str; 18] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "audio/wav",
    "text/plain",
    "text/html",
    "application/epub+zip",
    "application/pdf",
    "application/xhtml+xml",
    "audio/aac",
    "audio/aiff",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
];

/// A sound in each compressed format, by its place in the list of types.
const SOUNDS: [(u8, &[u8]); 6] = [
    (12, include_bytes!("../../../crates/fingerprint/tests/testdata/sounds/glide.aac")),
    (13, include_bytes!("../../../crates/fingerprint/tests/testdata/sounds/glide.aiff")),
    (14, include_bytes!("../../../crates/fingerprint/tests/testdata/sounds/glide.flac")),
    (15, include_bytes!("../../../crates/fingerprint/tests/testdata/sounds/glide.m4a")),
    (16, include_bytes!("../../../crates/fingerprint/tests/testdata/sounds/glide.mp3")),
    (17, include_bytes!("../../../crates/fingerprint/tests/testdata/sounds/glide.ogg")),
];

/// Words of such files.
pub const WORDS: &[&str] =
    &["IHDR", "IDAT", "IEND", "RIFF", "WEBP", "<p>", "&amp;", "endstream", "PK\u{3}\u{4}", "data"];

/// Decodes a file.
pub fn check(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else { return };
    let media_type = TYPES[usize::from(*choice) % TYPES.len()];
    let result = content_of_bytes(file.to_vec(), media_type);
    assert!(
        !matches!(result, Err(ContentError::BrokeDown | ContentError::TooSlow(_) | ContentError::LeftBehind)),
        "{media_type}: {result:?}"
    );
    if let Ok(content) = result {
        let content = content.expect("every type of the list has a code");
        assert_eq!(content.thumbnail.map_or(content.code, |thumbnail| thumbnail.code()), content.code);
    }
}

/// Small files by hand: a pixel, a second of silence, a few words.
pub fn seeds() -> Vec<Vec<u8>> {
    let bmp = [
        b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".as_slice(),
        &[0; 24],
        &[1, 2, 3, 0],
    ]
    .concat();
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
    let wav = [
        b"RIFF\x24\x40\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\x40\0\0".as_slice(),
        &[9; 16_384],
    ]
    .concat();
    let pdf = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\ntrailer<</Root 1 0 R>>".to_vec();
    let files =
        [(4_u8, bmp), (2, gif), (6, wav), (7, b"Hills before rain".to_vec()), (8, b"<p>Hills</p>".to_vec()), (10, pdf)];
    let files = files.iter().map(|(choice, file)| (*choice, file.as_slice())).chain(SOUNDS);
    files.map(|(choice, file)| [&[choice], file].concat()).collect()
}
