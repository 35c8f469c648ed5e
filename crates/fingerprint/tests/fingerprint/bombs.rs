//! Small files that claim or unpack to much: each is refused, in little time and memory, and the error says what is left to do.

use std::time::{Duration, Instant};

use colophon_fingerprint::{ContentError, content_of_bytes};
use image::{DynamicImage, ImageFormat};

use crate::corpus::{saved, wav};
use crate::painting::paint;

/// How much memory the process of these tests may ever have taken, in KiB: that of one decoder at its bounds, and as much again.
#[cfg(target_os = "linux")]
const PEAK_KIB_MAX: u64 = 2 << 20;
/// How long one bomb may take: less than is waited for any file.
const TIME_MAX: Duration = Duration::from_secs(50);

/// Reads a bomb, which must be small and must not be read; returns the error.
fn refused(what: &str, media_type: &str, bytes: Vec<u8>) -> ContentError {
    let begun = Instant::now();
    let size = bytes.len();
    let error = content_of_bytes(bytes, media_type).expect_err(what);
    assert!(!matches!(error, ContentError::BrokeDown | ContentError::LeftBehind(_)), "{what}: {error}");
    assert!(begun.elapsed() < TIME_MAX, "{what} of {size} bytes took {:?}: {error}", begun.elapsed());
    assert!(error.cure().contains("digests alone"), "{what}: {}", error.cure());
    within_memory(what);
    error
}

/// Checks that this process has never had more memory than it may.
fn within_memory(what: &str) {
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < PEAK_KIB_MAX, "{what}: {peak} KiB");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = what;
}

/// One entry of a TIFF's directory: tag, type, count, value (little-endian).
type Field = (u16, u16, u32, u32);

/// Returns a TIFF of these fields, with `pixels` at offset 8 and the directory behind them. `next` is where it says the next one is.
fn tiff(fields: &[Field], pixels: &[u8], next: u32) -> Vec<u8> {
    let directory = u32::try_from(8 + pixels.len()).unwrap();
    let mut bytes = [b"II\x2a\0", &directory.to_le_bytes()[..], pixels].concat();
    bytes.extend(u16::try_from(fields.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in fields {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend(next.to_le_bytes());
    bytes
}

/// The fields of a grey TIFF of one strip. Compression: 1 none, 5 LZW, 8 Deflate, 32773 `PackBits`.
fn grey(width: u32, height: u32, compression: u32, strip_bytes: u32) -> Vec<Field> {
    vec![
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, strip_bytes),
    ]
}

#[test]
fn a_tiff_that_claims_or_unpacks_to_much_is_refused() {
    let whole = tiff(&grey(4, 4, 1, 16), &[7; 16], 0);
    assert!(content_of_bytes(whole, "image/tiff").unwrap().is_some(), "what is changed below is a picture");
    for (width, height) in [(60_000, 60_000), (10_000, 10_001), (65_501, 1), (u32::MAX, u32::MAX), (u32::MAX, 1)] {
        refused(&format!("{width} × {height}"), "image/tiff", tiff(&grey(width, height, 1, 16), &[7; 16], 0));
    }
    let packed = zlib(&vec![0; 64 << 20]);
    let bytes = u32::try_from(packed.len()).unwrap();
    // As large as is read at all, with hardly anything in it.
    for compression in [1, 5, 8, 32773] {
        refused("a strip that ends early", "image/tiff", tiff(&grey(10_000, 10_000, compression, 16), &[7; 16], 0));
    }
    // The strip holds far more than the picture: what is not of it is not unpacked.
    let small = content_of_bytes(tiff(&grey(4, 4, 8, bytes), &packed, 0), "image/tiff");
    assert!(small.is_ok() || matches!(small, Err(ContentError::Broken { .. })), "{small:?}");
    within_memory("a strip of 64 MiB for 16 pixels");
    // A list of four thousand million strips, of bits a sample, of colours.
    for (tag, kind) in [(273, 4), (279, 4), (258, 3), (320, 3), (34675, 1)] {
        let mut fields = grey(4, 4, 1, 16);
        fields.retain(|field| field.0 != tag);
        fields.push((tag, kind, u32::MAX, 8));
        fields.sort_unstable();
        let read = content_of_bytes(tiff(&fields, &[7; 16], 0), "image/tiff");
        assert!(!matches!(read, Err(ContentError::BrokeDown | ContentError::TooSlow(_))), "{tag}: {read:?}");
        within_memory("a list without end");
    }
    // A directory that comes after itself.
    let round = content_of_bytes(tiff(&grey(4, 4, 1, 16), &[7; 16], 24), "image/tiff");
    assert!(round.is_ok() || matches!(round, Err(ContentError::Broken { .. })), "{round:?}");
}

/// Returns a progressive JPEG that claims this size, with so many scans of one byte each.
fn scans(width: u16, height: u16, count: usize) -> Vec<u8> {
    let mut jpeg = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    jpeg.extend([1; 64]);
    jpeg.extend(b"\xff\xc2\0\x0b\x08");
    jpeg.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    jpeg.extend(b"\x01\x01\x11\0");
    // One code of one bit for "no difference", and one for "the next 32767 blocks hold nothing".
    jpeg.extend(b"\xff\xc4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    jpeg.extend(b"\xff\xc4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe0");
    jpeg.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0\0");
    for _ in 0..count {
        jpeg.extend(b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0\x7f");
    }
    jpeg.extend(b"\xff\xd9");
    jpeg
}

#[test]
fn a_jpeg_of_very_many_scans_ends_within_its_time() {
    let begun = Instant::now();
    let read = content_of_bytes(scans(9_984, 9_984, 20_000), "image/jpeg");
    assert!(!matches!(read, Err(ContentError::BrokeDown | ContentError::TooSlow(_))), "{read:?}");
    assert!(begun.elapsed() < TIME_MAX, "{:?}", begun.elapsed());
    within_memory("a JPEG of 20 000 scans");
}

#[test]
fn a_png_whose_chunks_unpack_to_much_costs_little() {
    let picture = saved(&DynamicImage::ImageRgb8(paint(3, 40, 30)), ImageFormat::Png);
    let packed = zlib(&vec![b'a'; 128 << 20]);
    for (name, head) in [(b"iCCP", b"p\0\0".as_slice()), (b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\x01\0\0\0")] {
        let chunk = chunk(*name, &[head, &packed].concat());
        // Behind the header, which takes 33 bytes.
        let bytes = [&picture[..33], &chunk, &picture[33..]].concat();
        let begun = Instant::now();
        let read = content_of_bytes(bytes, "image/png");
        assert!(!matches!(read, Err(ContentError::BrokeDown | ContentError::TooSlow(_))), "{read:?}");
        assert!(begun.elapsed() < TIME_MAX);
        within_memory("a chunk of 128 MiB");
    }
}

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [&name, data].concat();
    let crc = crate::hostile::crc32(&checked);
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &checked, &crc.to_be_bytes()].concat()
}

/// Returns a box of ISO base media.
fn boxed(name: [u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], &name, &content].concat()
}

/// Puts `value` where a table of this name in an MP4 says how many entries it has.
fn counting(mp4: &[u8], name: [u8; 4], at: usize, value: u32) -> Vec<u8> {
    let mut bytes = mp4.to_vec();
    let place = bytes.windows(4).position(|found| *found == name).unwrap() + 4 + at;
    bytes[place..place + 4].copy_from_slice(&value.to_be_bytes());
    bytes
}

#[test]
fn a_sound_that_claims_much_is_read_as_far_as_it_goes_or_refused() {
    let mp4 = include_bytes!("../testdata/sounds/glide.m4a");
    let (flac, aiff) =
        (include_bytes!("../testdata/sounds/glide.flac"), include_bytes!("../testdata/sounds/glide.aiff"));
    let ogg = include_bytes!("../testdata/sounds/glide.ogg");
    let mut cases: Vec<(String, &str, Vec<u8>)> = Vec::new();
    // Of each table: version and flags, then its length; of the sizes, first the one size of all.
    for (name, at) in [(*b"stts", 4), (*b"stsc", 4), (*b"stsz", 8), (*b"stco", 4)] {
        cases.push((String::from_utf8_lossy(&name).into_owned(), "audio/mp4", counting(mp4, name, at, u32::MAX)));
    }
    let endless = counting(&counting(mp4, *b"stsz", 4, 1), *b"stsz", 8, u32::MAX);
    cases.push(("samples of one byte without end".to_owned(), "audio/mp4", endless));
    cases.push(("a file of boxes in boxes".to_owned(), "audio/mp4", {
        let deep = (0..2_000).fold(Vec::new(), |inner, _| boxed(*b"moov", &[&inner]));
        [boxed(*b"ftyp", &[b"M4A \0\0\0\0M4A "]), deep].concat()
    }));
    let mut long = wav(6, 330.0);
    long[4..8].fill(0xff);
    long[40..44].fill(0xff);
    cases.push(("a WAV of 4 GiB".to_owned(), "audio/wav", long));
    let mut long = aiff.to_vec();
    long[4..8].fill(0x7f);
    cases.push(("an AIFF of 2 GiB".to_owned(), "audio/aiff", long));
    // A block of metadata of 16 MiB that is not there, and samples without end.
    let mut large = flac.to_vec();
    large.splice(42..42, *b"\x06\xff\xff\xff");
    cases.push(("a FLAC with a picture of 16 MiB".to_owned(), "audio/flac", large));
    let mut many = flac.to_vec();
    many[21] |= 0x0f;
    many[22..26].fill(0xff);
    cases.push(("a FLAC of 2^36 samples".to_owned(), "audio/flac", many));
    // One packet that goes on over page after page.
    let page = |sequence: u32| {
        let mut page =
            [b"OggS\0\x01".as_slice(), &[0; 8], &[1, 0, 0, 0], &sequence.to_le_bytes(), &[0; 4], &[255]].concat();
        page.extend([255; 255]);
        page.extend(vec![0; 255 * 255]);
        let crc = ogg_crc(&page).to_le_bytes();
        page[22..26].copy_from_slice(&crc);
        page
    };
    let pages: Vec<u8> = (0..600).flat_map(page).collect();
    cases.push(("an Ogg of one packet of 39 MB".to_owned(), "audio/ogg", [ogg.as_slice(), &pages].concat()));
    let tag = b"ID3\x04\0\0\x7f\x7f\x7f\x7f".to_vec();
    cases.push(("an MP3 with a tag of 256 MiB".to_owned(), "audio/mpeg", tag));
    cases.push(("an AAC of empty frames".to_owned(), "audio/aac", b"\xff\xf1\x50\x80\0\xff\xfc".repeat(400_000)));
    for (what, media_type, bytes) in cases {
        let begun = Instant::now();
        let read = content_of_bytes(bytes, media_type);
        assert!(
            !matches!(read, Err(ContentError::BrokeDown | ContentError::TooSlow(_) | ContentError::LeftBehind(_))),
            "{what}: {read:?}"
        );
        assert!(begun.elapsed() < TIME_MAX, "{what}: {:?}", begun.elapsed());
        if let Err(error) = read {
            assert!(error.cure().contains("digests alone"), "{what}: {}", error.cure());
        }
        within_memory(&what);
    }
}

/// The checksum of an Ogg page (RFC 3533, section 6).
fn ogg_crc(page: &[u8]) -> u32 {
    page.iter().fold(0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| (crc << 1) ^ (0x04c1_1db7 & 0_u32.wrapping_sub(crc >> 31)))
    })
}

#[test]
fn a_text_of_nothing_but_openings_ends_within_its_time() {
    let desk = tempfile::tempdir().unwrap();
    let bytes = 4 << 20;
    for unit in
        ["[", "![", "*a_ ", "`a``b", "<", "<a ", "> ", "- ", "](", "a**b", "&", "<!--", "\\[", "~~a", "|a|\n|-|\n"]
    {
        for (name, media_type) in [("a.md", "text/plain"), ("a.html", "text/html")] {
            let path = desk.path().join(name);
            std::fs::write(&path, unit.repeat(bytes / unit.len())).unwrap();
            let begun = Instant::now();
            let read = colophon_fingerprint::content_of_file(&path, media_type);
            assert!(
                !matches!(read, Err(ContentError::BrokeDown | ContentError::TooSlow(_) | ContentError::LeftBehind(_))),
                "{unit:?} in {name}: {read:?}"
            );
            assert!(begun.elapsed() < TIME_MAX, "{unit:?} in {name}: {:?}", begun.elapsed());
            within_memory(unit);
        }
    }
}

/// Returns bytes as a zlib stream (RFC 1950), by way of the archive that packs them alike.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut writer, bytes).unwrap();
    let archive = writer.finish().unwrap().into_inner();
    let length = usize::try_from(u32::from_le_bytes(archive[18..22].try_into().unwrap())).unwrap();
    let begin = 30 + usize::from(archive[26]) + usize::from(archive[28]);
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    [&[0x78, 0x9c], &archive[begin..begin + length], &(b << 16 | a).to_be_bytes()].concat()
}
