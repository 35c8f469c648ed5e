//! Files that may carry Content Credentials: whatever they are, a store that is found is one, and is the same when found again.

use std::io::Cursor;

use colophon_fingerprint::find_manifest;
use colophon_fingerprint::manifest::LABEL_BYTES_MAX;
use colophon_ledger::field::ManifestLabel;

/// Words of the containers.
pub const WORDS: &[&str] =
    &["jumb", "jumd", "c2pa", "caBX", "C2PA", "uuid", "JP", "ftypisom", "\u{0}\u{0}\u{0}\u{1}", "manifest\u{0}"];

/// Looks for a manifest store.
pub fn check(data: &[u8]) {
    let Ok(Some(manifest)) = find_manifest(&mut Cursor::new(data)) else { return };
    assert!(manifest.label.len() <= LABEL_BYTES_MAX && manifest.label.parse::<ManifestLabel>().is_ok());
    let again = find_manifest(&mut Cursor::new(data)).unwrap();
    assert_eq!(again, Some(manifest));
}

fn part(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes(), kind, content].concat()
}

fn superbox(label: &str, children: &[u8]) -> Vec<u8> {
    let description = [&[7; 16], &[0b11_u8][..], label.as_bytes(), &[0]].concat();
    part(b"jumb", &[part(b"jumd", &description), children.to_vec()].concat())
}

/// One file of each container.
pub fn seeds() -> Vec<Vec<u8>> {
    let store = superbox("c2pa", &superbox("urn:c2pa:a", &[]));
    let length = u32::try_from(store.len()).unwrap();
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &length.to_be_bytes(), b"caBX", &store, &[0; 4]].concat();
    let riff = [b"RIFF\0\0\0\0WEBPC2PA".as_slice(), &length.to_le_bytes(), &store].concat();
    let uuid = [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
    let boxed = [&uuid[..], &[0; 4], b"manifest\0", &[0; 8], &store].concat();
    let boxes = [part(b"ftyp", b"isom\0\0\0\0"), part(b"uuid", &boxed)].concat();
    let mut jpeg = vec![0xff, 0xd8];
    for (sequence, piece) in (1_u32..).zip(store.chunks(48)) {
        let repeated = if sequence == 1 { &[][..] } else { &store[..8] };
        let segment = [b"JP\0\x01".as_slice(), &sequence.to_be_bytes(), repeated, piece].concat();
        jpeg.extend([0xff, 0xeb]);
        jpeg.extend(u16::try_from(segment.len() + 2).unwrap().to_be_bytes());
        jpeg.extend(segment);
    }
    jpeg.extend([0xff, 0xda]);
    vec![png, riff, boxes, jpeg]
}
