//! Where Content Credentials are in a file: in every container the same store, and in the known samples the known one.

use std::io::Cursor;

use colophon_fingerprint::manifest::{LABEL_BYTES_MAX, PARTS_MAX, STORE_BYTES_MAX};
use colophon_fingerprint::{ManifestError, find_manifest};
use colophon_tlog::hash::sha256;

use crate::carriers::{LABEL, base64, carriers, gif, id3, jpeg, jxl, object, part, png, store, superbox, svg, tiff};
use crate::samples::public_samples;

/// The public samples of C2PA: the store's SHA-256 and the active manifest's label.
const SAMPLES: [(&str, Option<(&str, &str)>); 9] = [
    (
        "C.jpg",
        Some((
            "6734dd6053ccc69b74beb590ba4dcdc1e807ad5fe3be3c534628ac00325ddfcd",
            "contentauth:urn:uuid:b2b1f7fa-b119-4de1-9c0d-c97fbea3f2c3",
        )),
    ),
    ("CA.jpg", Some((CA_STORE, CA_LABEL))),
    // The pixels of CA were changed under its store: it says nothing without the file's digest.
    ("XCA.jpg", Some((CA_STORE, CA_LABEL))),
    // Its signature is broken.
    ("E-sig-CA.jpg", Some(("4c5469bdc9352fee136eed392d63e1b142fdf852cda000f0fc03da93e36f067c", CA_LABEL))),
    (
        "CACA.jpg",
        Some((
            "12b4ec47d348265b76fcd0a97cccbb2050cdc1ab5119638106d3b47a85fd4218",
            "urn:c2pa:fff4c43d-ffb0-4f23-bd0b-f47f1cf82057:contentauth",
        )),
    ),
    (
        "video1.mp4",
        Some((
            "3cb037fb5d5a33d7cf0996f26b0697f3bffb16374b29a255b2b1f4f980454aee",
            "urn:uuid:8da8ffb6-3de4-430a-8924-5b58b561e647",
        )),
    ),
    ("sample1.webp", None),
    ("no_manifest.jpg", None),
    ("libpng-test.png", None),
];
const CA_STORE: &str = "d92a7c6e3ba9a7a41b0b96e7517edbc4b06da4ff60dc4845808fe45389d0bab9";
const CA_LABEL: &str = "contentauth:urn:uuid:c2677d4b-0a93-4444-876f-ed2f2d40b8cf";

fn found(bytes: Vec<u8>) -> Result<Option<colophon_fingerprint::Manifest>, ManifestError> {
    find_manifest(&mut Cursor::new(bytes))
}

#[test]
fn every_container_carries_the_same_store() {
    for (kind, bytes) in carriers() {
        let manifest = found(bytes).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let manifest = manifest.unwrap_or_else(|| panic!("{kind}: none"));
        assert_eq!(manifest.label, LABEL, "{kind}");
        assert_eq!(manifest.store, sha256(&store(LABEL)), "{kind}");
    }
}

#[test]
fn files_without_one_have_none() {
    let (other, whole) = (superbox("jpeg-360", &[]), store(LABEL));
    for bytes in [
        Vec::new(),
        b"plain words, and more of them".to_vec(),
        png(&[(b"IEND", b"")]),
        jpeg(&other, 60),
        jpeg(&[], 60),
        b"RIFF\0\0\0\0WEBP".to_vec(),
        part(b"ftyp", b"isom\0\0\0\0"),
        jxl(&other),
        gif(&[], 255),
        id3(4, 0, &[(0, object(&whole, "image/png", 3))]),
        // Compressed, encrypted: nothing is undone.
        id3(4, 0, &[(0x08, object(&whole, "application/c2pa", 3))]),
        id3(3, 0, &[(0x40, object(&whole, "application/c2pa", 3))]),
        // Of a version that is not read.
        id3(2, 0, &[(0, object(&whole, "application/c2pa", 3))]),
        tiff(&whole, true, false, &[]),
        svg(""),
        format!("<html><svg><metadata><c2pa:manifest>{}", base64(&whole)).into_bytes(),
        format!("<svg><g><metadata><c2pa:manifest>{}", base64(&whole)).into_bytes(),
        b"<!DOCTYPE html".to_vec(),
    ] {
        assert!(found(bytes).unwrap().is_none());
    }
}

#[test]
fn two_stores_are_none() {
    let store = store("urn:c2pa:a");
    let text = base64(&store);
    let frame = (0, object(&store, "application/c2pa", 3));
    for twice in [
        png(&[(b"caBX", &store), (b"caBX", &store)]),
        jxl(&store.repeat(2)),
        gif(&[&store, &store], 200),
        id3(4, 0, &[frame.clone(), frame]),
        svg(&format!("{text}</c2pa:manifest><c2pa:manifest>{text}")),
    ] {
        assert!(matches!(found(twice), Err(ManifestError::Several)));
    }
    // Of a TIFF the last counts.
    let both = [tiff(&store, true, false, &[0, 1]), tiff(&store, true, false, &[1])];
    assert_eq!(found(both[0].clone()).unwrap(), found(both[1].clone()).unwrap());
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

/// A container that breaks off anywhere, or says that its store is longer than all of it, has no store and no room made for one.
#[test]
fn a_carrier_that_breaks_off_has_no_store() {
    for (kind, bytes) in carriers() {
        let whole = found(bytes.clone()).unwrap();
        for end in 0..bytes.len() {
            let left = found(bytes[..end].to_vec());
            assert!(
                left.is_err() || left.as_ref().is_ok_and(|left| left.is_none() || *left == whole),
                "{kind} to {end}"
            );
        }
    }
    let store = store(LABEL);
    for bytes in [
        [b"ID3\x04\0\0\x7f\x7f\x7f\x7fGEOB\x7f\x7f\x7f\x7f\0\0".as_slice(), &store].concat(),
        [b"ID3\x03\0\x80\x7f\x7f\x7f\x7fGEOB\x7f\xff\xff\xff\0\0".as_slice(), &store].concat(),
        // One field of a store of 2 GiB, one of a store elsewhere, one of another type; a directory of 65535 fields.
        b"II\x2a\0\x08\0\0\0\x01\0\x41\xcd\x07\0\xff\xff\xff\x7f\x08\0\0\0\0\0\0\0".to_vec(),
        b"II\x2a\0\x08\0\0\0\x01\0\x41\xcd\x07\0\x10\0\0\0\xff\xff\xff\xff\0\0\0\0".to_vec(),
        b"II\x2a\0\x08\0\0\0\x01\0\x41\xcd\x01\0\x10\0\0\0\x08\0\0\0\0\0\0\0".to_vec(),
        b"II\x2a\0\x08\0\0\0\xff\xff\0\0".to_vec(),
        // Directories that come after themselves.
        b"II\x2a\0\x08\0\0\0\0\0\x08\0\0\0".to_vec(),
        svg("not base64"),
    ] {
        let error = found(bytes.clone()).unwrap_err().to_string();
        assert!(!error.is_empty(), "{}", bytes.escape_ascii());
    }
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

/// Where somebody has laid the samples beside the project.
#[test]
fn public_samples_have_their_known_stores() {
    let Some(folder) = public_samples("public_samples_have_their_known_stores") else { return };
    for (name, known) in SAMPLES {
        let found = found(std::fs::read(folder.join(name)).unwrap()).unwrap();
        let found = found.map(|found| (found.store.to_string(), found.label));
        assert_eq!(found, known.map(|(store, label)| (store.to_owned(), label.to_owned())), "{name}");
    }
}
