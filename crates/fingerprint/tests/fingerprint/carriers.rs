//! Files that carry a manifest store, one of each container: shared with the fuzz targets and the whole-system tests.

/// The label of the active manifest of each.
pub(crate) const LABEL: &str = "urn:c2pa:newest";

const UUID: [u8; 16] = [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];

pub(crate) fn part(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes(), kind, content].concat()
}

pub(crate) fn superbox(label: &str, children: &[Vec<u8>]) -> Vec<u8> {
    let description = [b"c2pa-or-anything".as_slice(), &[0b11], label.as_bytes(), &[0]].concat();
    part(b"jumb", &[part(b"jumd", &description), children.concat()].concat())
}

/// A store of two manifests, of which the second is the active one.
pub(crate) fn store(label: &str) -> Vec<u8> {
    superbox("c2pa", &[superbox("urn:uuid:older", &[part(b"cbor", b"any\xff\0\xffthing")]), superbox(label, &[])])
}

pub(crate) fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in chunks {
        bytes.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        bytes.extend([kind.as_slice(), content, &[0; 4]].concat());
    }
    bytes
}

/// A JPEG that spreads a box over segments of `piece` bytes.
pub(crate) fn jpeg(store: &[u8], piece: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, b'J', b'F'];
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

/// A JPEG XL with another superbox in front of the store.
pub(crate) fn jxl(store: &[u8]) -> Vec<u8> {
    let head = [part(b"JXL ", b"\r\n\x87\n"), part(b"ftyp", b"jxl \0\0\0\0jxl "), superbox("exif", &[])].concat();
    [head.as_slice(), store, &part(b"jxlc", b"\xff\x0a")].concat()
}

/// A GIF with a table of four colours, a comment, and extensions in blocks of `piece` bytes, up to its first picture.
pub(crate) fn gif(stores: &[&[u8]], piece: usize) -> Vec<u8> {
    let mut bytes = [b"GIF89a\x01\0\x01\0\x81\0\0".as_slice(), &[7; 12], b"\x21\xfe\x03abc\0"].concat();
    for store in stores {
        bytes.extend(b"\x21\xff\x0bC2PA_GIF\x01\0\0");
        for block in store.chunks(piece) {
            bytes.push(u8::try_from(block.len()).unwrap());
            bytes.extend(block);
        }
        bytes.push(0);
    }
    bytes.extend(b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;");
    bytes
}

/// Writes a number so that each byte has seven bits.
fn seven_bits(number: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| u8::try_from(number >> shift & 0x7f).unwrap())
}

/// Puts a zero behind each 0xff.
fn unsynchronised(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| if *byte == 0xff { vec![0xff, 0] } else { vec![*byte] }).collect()
}

/// An encapsulated object with a store, its texts in UTF-8 or UTF-16.
pub(crate) fn object(store: &[u8], media_type: &str, encoding: u8) -> Vec<u8> {
    let texts: &[u8] = if encoding == 1 { b"\xff\xfe\x01\x4e\0\0\xff\xfe\0\0" } else { b"c2pa\0c2pa manifest store\0" };
    [&[encoding], media_type.as_bytes(), &[0], texts, store].concat()
}

/// A tag of this version with a title and these frames, each with its flags, in front of a sound.
pub(crate) fn id3(version: u8, flags: u8, frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let frame = |name: &[u8], flags: u8, content: &[u8]| {
        let size = u32::try_from(content.len()).unwrap();
        let size = if version == 4 { seven_bits(content.len()) } else { size.to_be_bytes() };
        [name, &size, &[0, flags], content].concat()
    };
    let mut tag = match (flags & 0x40, version) {
        (0, _) => Vec::new(),
        (_, 4) => vec![0, 0, 0, 6, 1, 0],
        _ => vec![0, 0, 0, 6, 0, 0, 0, 0, 0, 0],
    };
    tag.extend(frame(b"TIT2", 0, b"\x03Hills \xff before rain"));
    for (flags, content) in frames {
        tag.extend(frame(b"GEOB", *flags, content));
    }
    tag.extend([0; 20]);
    if version == 3 && flags & 0x80 != 0 {
        tag = unsynchronised(&tag);
    }
    [b"ID3", &[version, 0, flags][..], &seven_bits(tag.len()), &tag, b"fLaC"].concat()
}

/// A TIFF of two directories, the store in the chosen ones.
pub(crate) fn tiff(store: &[u8], little_endian: bool, big: bool, places: &[usize]) -> Vec<u8> {
    let number = |value: usize, bytes: usize| {
        let value = (value as u64).to_be_bytes()[8 - bytes..].to_vec();
        if little_endian { value.into_iter().rev().collect() } else { value }
    };
    let (count_bytes, place_bytes) = if big { (8, 8) } else { (2, 4) };
    let mut bytes = if little_endian { b"II".to_vec() } else { b"MM".to_vec() };
    bytes.extend(number(if big { 43 } else { 42 }, 2));
    if big {
        bytes.extend([number(8, 2), number(0, 2)].concat());
    }
    let begin = bytes.len() + place_bytes;
    bytes.extend(number(begin + store.len(), place_bytes));
    bytes.extend(store);
    for directory in 0..2 {
        // A width, and the store as so many bytes of no type.
        let mut fields = vec![(256, 4, 1, 1)];
        if places.contains(&directory) {
            fields.push((0xcd41, 7, store.len(), begin));
        }
        bytes.extend(number(fields.len(), count_bytes));
        for (tag, kind, count, value) in fields {
            bytes.extend([number(tag, 2), number(kind, 2), number(count, place_bytes)].concat());
            bytes.extend(number(value, place_bytes));
        }
        let next = if directory == 0 { bytes.len() + place_bytes } else { 0 };
        bytes.extend(number(next, place_bytes));
    }
    bytes
}

/// An SVG with everything that may stand in front of its metadata.
pub(crate) fn svg(manifest: &str) -> Vec<u8> {
    let document = format!(
        "\u{feff}<?xml version='1.0'?>\n<!-- <svg> > -->\n<!DOCTYPE svg [<!ENTITY a \"<b>\">]>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox='0 0 1 1' title='a > b'><style><![CDATA[ a > b <c> ]]></style>\
         <path d=''/><g><metadata><c2pa:manifest>no place for it</c2pa:manifest></metadata></g>\
         <metadata><rdf:RDF/><c2pa:manifest>{manifest}</c2pa:manifest></metadata><circle r='1'/></svg>"
    );
    document.into_bytes()
}

/// Bytes in base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, n| bits << 8 | usize::from(three.get(n).copied().unwrap_or(0)));
        for n in 0..4 {
            text.push(if n > three.len() { '=' } else { char::from(letters[bits >> (18 - 6 * n) & 63]) });
        }
    }
    text
}

/// One file of each container, or more where a store may stand in more than one way.
pub(crate) fn carriers() -> Vec<(&'static str, Vec<u8>)> {
    let store = store(LABEL);
    let newest = "application/c2pa";
    let plain = object(&store, newest, 3);
    let with_length = [&seven_bits(plain.len())[..], &unsynchronised(&plain)].concat();
    let older = object(&store, "application/x-c2pa-manifest-store", 0);
    vec![
        ("jpeg", jpeg(&store, 60)),
        ("png", png(&[(b"IHDR", &[0; 13]), (b"caBX", &store), (b"IDAT", b"x"), (b"IEND", b"")])),
        ("riff", riff(&store)),
        ("boxes", boxes(&store)),
        ("jxl", jxl(&store)),
        ("gif", gif(&[&store], 255)),
        ("id3 2.4", id3(4, 0, &[(0, plain)])),
        ("id3 2.4, extended, a frame with its length and without 0xff", id3(4, 0x40, &[(0x03, with_length)])),
        ("id3 2.3, extended", id3(3, 0x40, &[(0, older)])),
        ("id3 2.3 without 0xff", id3(3, 0x80, &[(0, object(&store, newest, 1))])),
        ("tiff", tiff(&store, true, false, &[1])),
        ("tiff of older software", tiff(&store, false, false, &[0])),
        ("big tiff", tiff(&store, false, true, &[1])),
        ("svg", svg(&base64(&store))),
    ]
}
