//! Where Content Credentials are in a file: in every container the same store, and in the known samples the known one.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use colophon_fingerprint::manifest::{LABEL_BYTES_MAX, PARTS_MAX, STORE_BYTES_MAX};
use colophon_fingerprint::{ManifestError, find_manifest};
use colophon_tlog::hash::sha256;

const UUID: [u8; 16] = [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];

fn part(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes(), kind, content].concat()
}

fn superbox(label: &str, children: &[Vec<u8>]) -> Vec<u8> {
    let description = [b"c2pa-or-anything".as_slice(), &[0b11], label.as_bytes(), &[0]].concat();
    part(b"jumb", &[part(b"jumd", &description), children.concat()].concat())
}

/// A store of two manifests, of which the second is the active one.
fn store(label: &str) -> Vec<u8> {
    superbox("c2pa", &[superbox("urn:uuid:older", &[part(b"cbor", b"anything")]), superbox(label, &[])])
}

fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in chunks {
        bytes.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        bytes.extend([kind.as_slice(), content, &[0; 4]].concat());
    }
    bytes
}

/// A JPEG that spreads a box over segments of `piece` bytes.
fn jpeg(store: &[u8], piece: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, b'J', b'F', 0xff, 0xff];
    bytes.truncate(8);
    for (sequence, content) in (1_u32..).zip(store.chunks(piece)) {
        let repeated = if sequence == 1 { &[][..] } else { &store[..8] };
        let segment = [b"JP\x02\x11".as_slice(), &sequence.to_be_bytes(), repeated, content].concat();
        bytes.extend([0xff, 0xeb]);
        bytes.extend(u16::try_from(segment.len() + 2).unwrap().to_be_bytes());
        bytes.extend(segment);
    }
    bytes.extend([0xff, 0xda, 0, 2, 0xff, 0xd9]);
    bytes
}

fn riff(store: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WEBPVP8 \x03\0\0\0abc\0C2PA".to_vec();
    bytes.extend(u32::try_from(store.len()).unwrap().to_le_bytes());
    bytes.extend(store);
    bytes
}

fn boxes(store: &[u8]) -> Vec<u8> {
    let content = [UUID.as_slice(), &[0; 4], b"manifest\0", &[0; 8], store, &[0; 5]].concat();
    [part(b"ftyp", b"isom\0\0\0\0"), part(b"uuid", &content), part(b"mdat", b"moving")].concat()
}

/// One file of each container.
pub(crate) fn carriers() -> Vec<(&'static str, Vec<u8>)> {
    let store = store("urn:c2pa:newest");
    vec![
        ("jpeg", jpeg(&store, 60)),
        ("png", png(&[(b"IHDR", &[0; 13]), (b"caBX", &store), (b"IDAT", b"x"), (b"IEND", b"")])),
        ("riff", riff(&store)),
        ("boxes", boxes(&store)),
    ]
}

fn found(bytes: Vec<u8>) -> Result<Option<colophon_fingerprint::Manifest>, ManifestError> {
    find_manifest(&mut Cursor::new(bytes))
}

#[test]
fn every_container_carries_the_same_store() {
    for (kind, bytes) in carriers() {
        let manifest = found(bytes).unwrap().unwrap();
        assert_eq!(manifest.label, "urn:c2pa:newest", "{kind}");
        assert_eq!(manifest.store, sha256(&store("urn:c2pa:newest")), "{kind}");
    }
}

#[test]
fn files_without_one_have_none() {
    let other = superbox("jpeg-360", &[]);
    for bytes in [
        Vec::new(),
        b"plain words, and more of them".to_vec(),
        png(&[(b"IEND", b"")]),
        jpeg(&other, 60),
        jpeg(&[], 60),
        b"RIFF\0\0\0\0WEBP".to_vec(),
        part(b"ftyp", b"isom\0\0\0\0"),
    ] {
        assert!(found(bytes).unwrap().is_none());
    }
}

#[test]
fn two_stores_are_none() {
    let store = store("urn:c2pa:a");
    let twice = png(&[(b"caBX", &store), (b"caBX", &store)]);
    assert!(matches!(found(twice), Err(ManifestError::Several)));
}

#[test]
fn what_is_damaged_is_told() {
    let whole = store("urn:c2pa:a");
    let in_png = |store: &[u8]| found(png(&[(b"caBX", store)]));
    for end in [0, 7, 30, whole.len() - 1] {
        assert!(matches!(in_png(&whole[..end]), Err(ManifestError::Store(_))), "cut at {end}");
    }
    assert!(matches!(in_png(&superbox("c2pa", &[])), Err(ManifestError::Store(_))));
    assert!(matches!(in_png(&store("with spaces")), Err(ManifestError::Store(_))));
    let mut disordered = jpeg(&whole, 60);
    let second = disordered.windows(4).rposition(|bytes| bytes == b"JP\x02\x11").unwrap();
    disordered[second + 7] = 9;
    assert!(matches!(found(disordered), Err(ManifestError::Container(_))));
    assert!(matches!(
        found([part(b"ftyp", b"isom"), vec![0, 0, 0, 2, b'a', b'b', b'c', b'd']].concat()),
        Err(ManifestError::Container(_))
    ));
}

#[test]
fn stores_labels_and_parts_end_at_their_limits() {
    let label = "u".repeat(LABEL_BYTES_MAX);
    assert_eq!(found(png(&[(b"caBX", &store(&label))])).unwrap().unwrap().label, label);
    assert!(found(png(&[(b"caBX", &store(&(label + "u")))])).is_err());
    let parts = |count: usize| png(&vec![(b"tEXt", b"".as_slice()); count]);
    assert!(found(parts(PARTS_MAX - 1)).unwrap().is_none());
    assert!(matches!(found(parts(PARTS_MAX)), Err(ManifestError::TooManyParts)));
    let long = vec![0; usize::try_from(STORE_BYTES_MAX).unwrap() + 1];
    assert!(matches!(found(png(&[(b"caBX", &long)])), Err(ManifestError::TooLong(_))));
}

/// The public samples of C2PA, where somebody has laid them beside the project.
#[test]
fn public_samples_have_their_known_stores() {
    let Some(folder) = samples() else { return };
    let of = |name: &str| found(std::fs::read(folder.join(name)).unwrap()).unwrap();
    for name in ["C.jpg", "CA.jpg", "CACA.jpg", "XCA.jpg", "E-sig-CA.jpg", "video1.mp4", "sample1.webp"] {
        println!("{name}: {:?}", of(name));
    }
    assert_eq!(of("no_manifest.jpg"), None);
    let (original, altered) = (of("CA.jpg").unwrap(), of("XCA.jpg").unwrap());
    assert!(original.store.to_string().starts_with("d92a7c6e3ba9a7a4"), "{}", original.store);
    assert_eq!(
        original, altered,
        "the same store stands under changed pixels: it says nothing without the file's digest"
    );
}

fn samples() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|folder| folder.join("shared/data/c2pa")).find(|folder| folder.is_dir())
}
