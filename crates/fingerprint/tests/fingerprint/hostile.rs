//! Files that lie, break off or blow up: each gives an error or an answer, never a panic, and in bounded time and memory.

use std::time::{Duration, Instant};

use colophon_fingerprint::media::media_type;
use colophon_fingerprint::{ContentError, content_of_bytes, content_of_file, find_manifest, picture};
use image::{DynamicImage, ImageFormat};

use crate::bombs::zlib;
use crate::corpus::{corpus, rgb_png, saved, wav};
use crate::painting::{Dice, paint};

/// Beginnings of sounds, with noise behind them: what no encoder writes.
const HEADS: [(&str, &[u8]); 6] = [
    ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\0"),
    ("audio/flac", b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42\xf0\0\0\0\0"),
    ("audio/ogg", b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis"),
    ("audio/mp4", b"\0\0\0\x20ftypM4A \0\0\0\0M4A isom\0\0\0\0\0\0\0\x08moov"),
    ("audio/aiff", b"FORM\0\0\0\x40AIFFCOMM\0\0\0\x12\0\x01\0\0\0\x08\0\x10\x40\x0e\xac\x44\0\0\0\0\0\0"),
    ("audio/aac", b"\xff\xf1\x50\x80\x02\x1f\xfc"),
];

/// Whatever comes of it, it comes: a panic would be a decoder that broke down.
fn survives(media_type: &str, bytes: Vec<u8>) -> bool {
    let told = bytes.len();
    let result = content_of_bytes(bytes, media_type);
    assert!(
        !matches!(result, Err(ContentError::BrokeDown | ContentError::TooSlow(_) | ContentError::LeftBehind(_))),
        "{media_type} of {told} bytes: {result:?}"
    );
    if let Err(error) = &result {
        assert!(!error.to_string().is_empty() && !error.cure().is_empty());
    }
    result.is_ok()
}

#[test]
fn whole_files_of_every_type_are_read() {
    for (media_type, bytes) in corpus() {
        assert!(survives(media_type, bytes), "{media_type}");
    }
    assert!(!survives("audio/wav", wav(1, 330.0)), "too short a sound has no code");
}

/// The types by their signatures, as they are told by content: none is forgotten here.
#[test]
fn the_corpus_has_every_type_that_is_decoded() {
    let types: Vec<&str> = corpus().into_iter().map(|(media_type, _)| media_type).collect();
    for (_, bytes) in corpus() {
        let told = media_type(&bytes);
        assert!(content_of_bytes(bytes, &told).unwrap().is_some(), "{told} is told and not decoded");
    }
    for media_type in [
        "image/png",
        "image/apng",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/bmp",
        "image/tiff",
        "audio/mpeg",
        "audio/flac",
        "audio/ogg",
        "audio/wav",
        "audio/aiff",
        "audio/mp4",
        "audio/aac",
        "text/plain",
        "text/html",
        "application/xhtml+xml",
        "application/epub+zip",
        "application/pdf",
    ] {
        assert!(types.contains(&media_type), "{media_type}");
    }
}

/// Markdown is told from plain text by its name alone.
#[test]
fn broken_markdown_is_an_error_or_an_answer() {
    let desk = tempfile::tempdir().unwrap();
    let path = desk.path().join("poem.md");
    let deep = [b"> ".repeat(4_000), b"*".repeat(9_000), b"[".repeat(9_000), b"<p>".repeat(4_000)].concat();
    for bytes in [b"# Hills\n\nbefore *rain*".to_vec(), deep, b"\xff\xfe".to_vec(), b"\n".to_vec(), Vec::new()] {
        std::fs::write(&path, &bytes).unwrap();
        let result = content_of_file(&path, "text/plain");
        assert!(!matches!(result, Err(ContentError::BrokeDown | ContentError::TooSlow(_))), "{result:?}");
    }
}

#[test]
fn files_that_break_off_are_errors_or_answers() {
    for (media_type, bytes) in corpus() {
        let steps = bytes.len().div_ceil(30).max(1);
        let mut refused = 0;
        for end in (0..bytes.len()).step_by(steps) {
            refused += usize::from(!survives(media_type, bytes[..end].to_vec()));
        }
        // The beginning of a text is a text.
        let is_text = media_type.starts_with("text/") || media_type == "application/xhtml+xml";
        assert!(refused > 0 || is_text, "{media_type} is read wherever it ends");
    }
}

#[test]
fn damaged_files_are_errors_or_answers() {
    let mut dice = Dice::new(2026);
    for (media_type, bytes) in corpus() {
        for _ in 0..40 {
            let mut damaged = bytes.clone();
            for _ in 0..=dice.next() % 6 {
                let place = usize::try_from(dice.next()).unwrap() % damaged.len();
                damaged[place] = dice.next().to_le_bytes()[0];
            }
            survives(media_type, damaged);
        }
    }
}

#[test]
fn noise_behind_a_known_beginning_is_an_error_or_an_answer() {
    let mut dice = Dice::new(7);
    for (media_type, head) in HEADS {
        for length in [0, 1, 40, 400, 4_000] {
            let noise = (0..length).map(|_| dice.next().to_le_bytes()[0]);
            survives(media_type, head.iter().copied().chain(noise).collect());
        }
    }
}

#[test]
fn a_file_that_is_no_such_thing_is_refused() {
    let is_text = |media_type: &str| media_type.starts_with("text/") || media_type == "application/xhtml+xml";
    for (media_type, _) in corpus().into_iter().filter(|(media_type, _)| !is_text(media_type)) {
        assert!(!survives(media_type, b"not what it says".to_vec()), "{media_type}");
        assert!(!survives(media_type, Vec::new()), "{media_type}");
    }
}

/// A PNG header that claims a gigantic picture, as bombs do.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = rgb_png(&paint(3, 4, 4));
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

#[test]
fn a_picture_ends_at_its_limits() {
    let begun = Instant::now();
    let side = picture::SIDE_MAX;
    for (width, height) in [(side + 1, 1), (1, side + 1), (10_000, 10_001), (60_000, 60_000), (u32::MAX >> 1, 2)] {
        let error = content_of_bytes(claims(width, height), "image/png").unwrap_err();
        assert!(
            matches!(error, ContentError::TooMuch { .. } | ContentError::TooLarge { .. } | ContentError::Broken { .. }),
            "{width} × {height}: {error}"
        );
    }
    let error = content_of_bytes(claims(10_000, 10_001), "image/png").unwrap_err();
    assert!(matches!(error, ContentError::TooMuch { what: "pixels", found: 100_010_000, max: picture::PIXELS_MAX }));
    assert!(begun.elapsed() < Duration::from_secs(20), "a bomb costs next to nothing");
}

/// Each format says elsewhere how large its picture is.
#[test]
fn a_bomb_of_every_format_of_pictures_costs_next_to_nothing() {
    let begun = Instant::now();
    let picture = DynamicImage::ImageRgb8(paint(3, 40, 30));
    let mut gif = saved(&DynamicImage::ImageRgba8(picture.to_rgba8()), ImageFormat::Gif);
    gif[6..10].fill(0xff);
    let mut bmp = saved(&picture, ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000_i32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000_i32.to_le_bytes());
    let mut jpeg = saved(&picture, ImageFormat::Jpeg);
    // Height and width come after the marker, the length and the precision (ITU-T T.81, B.2.2).
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xf0);
    let mut webp = saved(&picture, ImageFormat::WebP);
    // 14 bits each of width and height, behind the signature of lossless pictures.
    let lossless = webp.windows(4).position(|name| name == b"VP8L").unwrap() + 9;
    webp[lossless..lossless + 3].fill(0xff);
    webp[lossless + 3] |= 0x0f;
    for (media_type, bytes) in [("image/gif", gif), ("image/bmp", bmp), ("image/jpeg", jpeg), ("image/webp", webp)] {
        assert!(!survives(media_type, bytes), "{media_type}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_bomb_in_a_document_is_cut_off() {
    let packed = zlib(&b"BT (a) Tj ET\n".repeat(8 << 20));
    assert!(packed.len() < 1 << 20, "a bomb is small");
    let head = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
                 3 0 obj\n<</Type/Page/Parent 2 0 R/Contents 4 0 R>>\nendobj\n";
    let stream = format!("4 0 obj\n<</Filter/FlateDecode/Length {}>>\nstream\n", packed.len());
    let tail = b"\nendstream\nendobj\ntrailer<</Root 1 0 R/Size 5>>\nstartxref\n0\n%%EOF";
    let begun = Instant::now();
    survives("application/pdf", [head.as_slice(), stream.as_bytes(), &packed, tail].concat());
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn damaged_carriers_of_manifests_are_errors_or_answers() {
    let mut dice = Dice::new(11);
    for (kind, bytes) in crate::carriers::carriers() {
        for _ in 0..400 {
            let mut damaged = bytes.clone();
            let place = usize::try_from(dice.next()).unwrap() % damaged.len();
            damaged[place] = dice.next().to_le_bytes()[0];
            let end = damaged.len() - usize::try_from(dice.next() % 3).unwrap();
            damaged.truncate(end);
            if let Err(error) = find_manifest(&mut std::io::Cursor::new(damaged)) {
                assert!(!error.to_string().is_empty(), "{kind}");
            }
        }
    }
}

#[test]
fn a_sound_ends_at_its_limits() {
    let mut many = wav(1, 330.0);
    // The channels, and the bytes of all of them together (WAVE, `fmt `).
    many[22..24].copy_from_slice(&17_u16.to_le_bytes());
    many[32..34].copy_from_slice(&34_u16.to_le_bytes());
    let mut slow = wav(1, 330.0);
    slow[24..28].copy_from_slice(&3_999_u32.to_le_bytes());
    for (name, sound) in [("17 channels", many), ("3 999 samples a second", slow)] {
        let error = content_of_bytes(sound, "audio/wav").unwrap_err();
        assert!(!matches!(error, ContentError::Nothing(_)), "{name}: {error}");
    }
}
