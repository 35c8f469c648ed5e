//! The containers that a manifest store travels in.

mod gif;
mod id3;
mod svg;
mod tiff;

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use super::jumbf::is_store;
use super::{ManifestError, PARTS_MAX, STORE_BYTES_MAX};

/// The `uuid` of a box with a manifest store (C2PA 2.2, A.5.1).
const BOX_UUID: [u8; 16] =
    [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
/// What such a box is for, in front of the store: there its version and flags precede it, and an offset follows.
const BOX_PURPOSE: &[u8] = b"manifest\0";
const BOX_VERSION_BYTES: usize = 4;
const BOX_OFFSET_BYTES: usize = 8;
/// How JPEG XL in boxes begins (ISO/IEC 18181-2, 9.1): there the store is a box of its own.
const JXL_SIGNATURE: [u8; 12] = *b"\0\0\0\x0cJXL \r\n\x87\n";
/// What a JPEG XT segment has in front of its box: `JP`, the box's number, the segment's.
const SEGMENT_HEADER_BYTES: usize = 8;
/// The most boxes that a JPEG spreads over segments.
const SPREAD_MAX: usize = 64;

/// Finds the bytes of the store, perhaps with a filling behind it.
pub(super) fn find<R: Read + Seek>(reader: &mut R) -> Result<Option<Vec<u8>>, ManifestError> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let mut head = [0; 12];
    if length < head.len() as u64 {
        return Ok(None);
    }
    reader.read_exact(&mut head)?;
    let mut file = File { reader, length, parts: 0 };
    match head {
        [0xff, 0xd8, 0xff, ..] => jpeg(&mut file),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png(&mut file),
        [b'R', b'I', b'F', b'F', ..] => riff(&mut file),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => boxes(&mut file, false),
        JXL_SIGNATURE => boxes(&mut file, true),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::gif(&mut file),
        [b'I', b'D', b'3', ..] => id3::id3(&mut file),
        [b'I', b'I', 0x2a, 0, ..] => tiff::tiff(&mut file, true, false),
        [b'M', b'M', 0, 0x2a, ..] => tiff::tiff(&mut file, false, false),
        [b'I', b'I', 0x2b, 0, 8, 0, 0, 0, ..] => tiff::tiff(&mut file, true, true),
        [b'M', b'M', 0, 0x2b, 0, 8, 0, 0, ..] => tiff::tiff(&mut file, false, true),
        _ if begins_with_markup(&head) => svg::svg(&mut file),
        _ => Ok(None),
    }
}

/// Returns whether a file that begins so may be XML: in front of the first `<` there is nothing but white space.
fn begins_with_markup(head: &[u8]) -> bool {
    head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).trim_ascii_start().starts_with(b"<")
}

/// A file that is walked through part by part.
struct File<'r, R> {
    reader: &'r mut R,
    length: u64,
    parts: usize,
}

impl<R: Read + Seek> File<'_, R> {
    /// Goes to a place, if there are `bytes` bytes from there on, and counts a part.
    fn go(&mut self, place: u64, bytes: u64) -> Result<bool, ManifestError> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(ManifestError::TooManyParts);
        }
        if place.checked_add(bytes).is_none_or(|end| end > self.length) {
            return Ok(false);
        }
        self.reader.seek(SeekFrom::Start(place))?;
        Ok(true)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ManifestError> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads `bytes` bytes that end within the file at `end`.
    fn content(&mut self, bytes: u64, end: u64) -> Result<Vec<u8>, ManifestError> {
        if end > self.length {
            return Err(ManifestError::Container("a part is longer than the file"));
        }
        if bytes > STORE_BYTES_MAX {
            return Err(ManifestError::TooLong(bytes));
        }
        let mut content = vec![0; usize::try_from(bytes).map_err(|_| ManifestError::TooLong(bytes))?];
        self.reader.read_exact(&mut content)?;
        Ok(content)
    }
}

/// Keeps the one store of a file.
fn keep(found: &mut Option<Vec<u8>>, store: Vec<u8>) -> Result<(), ManifestError> {
    if found.is_some() {
        return Err(ManifestError::Several);
    }
    *found = Some(store);
    Ok(())
}

/// Puts the boxes together that APP11 segments carry, up to the picture's data (ISO/IEC 18477-3, annex B).
fn jpeg<R: Read + Seek>(file: &mut File<'_, R>) -> Result<Option<Vec<u8>>, ManifestError> {
    let mut spread: BTreeMap<[u8; 2], (u32, Vec<u8>)> = BTreeMap::new();
    let (mut place, mut total) = (2, 0);
    while file.go(place, 4)? {
        let [mark, marker, high, low] = file.bytes()?;
        match marker {
            _ if mark != 0xff => return Err(ManifestError::Container("there is no marker where one belongs")),
            0xff => {
                place += 1;
                continue;
            }
            0x01 | 0xd0..=0xd8 => {
                place += 2;
                continue;
            }
            0xd9 | 0xda => break,
            _ => {}
        }
        let bytes = u64::from(u16::from_be_bytes([high, low]));
        let content = bytes.checked_sub(2).ok_or(ManifestError::Container("a segment is shorter than its length"))?;
        place += 2 + bytes;
        if marker != 0xeb || content < SEGMENT_HEADER_BYTES as u64 {
            continue;
        }
        let segment = file.content(content, place)?;
        total += content;
        if total > STORE_BYTES_MAX {
            return Err(ManifestError::TooLong(total));
        }
        gather(&mut spread, &segment)?;
    }
    let mut found = None;
    for (_, store) in spread.into_values().filter(|(_, bytes)| is_store(bytes)) {
        keep(&mut found, store)?;
    }
    Ok(found)
}

/// Adds a segment's part of a box. All segments but the first repeat the box's header.
fn gather(spread: &mut BTreeMap<[u8; 2], (u32, Vec<u8>)>, segment: &[u8]) -> Result<(), ManifestError> {
    let [b'J', b'P', number @ ..] = segment else { return Ok(()) };
    let Some((number, rest)) = number.split_first_chunk::<2>() else { return Ok(()) };
    let Some((sequence, part)) = rest.split_first_chunk::<4>() else { return Ok(()) };
    let sequence = u32::from_be_bytes(*sequence);
    let repeated = if part.starts_with(&[0, 0, 0, 1]) { 16 } else { 8 };
    let is_full = spread.len() == SPREAD_MAX;
    match spread.get_mut(number) {
        Some((last, bytes)) if sequence.checked_sub(1) == Some(*last) => {
            *last = sequence;
            bytes.extend_from_slice(part.get(repeated..).unwrap_or_default());
        }
        Some(_) => return Err(ManifestError::Container("the segments of a box are out of order")),
        None if is_full => return Err(ManifestError::Container("more than 64 boxes are spread over its segments")),
        None => {
            spread.insert(*number, (sequence, part.to_vec()));
        }
    }
    Ok(())
}

fn png<R: Read + Seek>(file: &mut File<'_, R>) -> Result<Option<Vec<u8>>, ManifestError> {
    let (mut place, mut found) = (8, None);
    while file.go(place, 8)? {
        let [a, b, c, d, kind @ ..] = file.bytes::<8>()?;
        let bytes = u64::from(u32::from_be_bytes([a, b, c, d]));
        let end = place + 8 + bytes;
        match &kind {
            b"caBX" => keep(&mut found, file.content(bytes, end)?)?,
            b"IEND" => break,
            _ => {}
        }
        place = end + 4;
    }
    Ok(found)
}

fn riff<R: Read + Seek>(file: &mut File<'_, R>) -> Result<Option<Vec<u8>>, ManifestError> {
    let (mut place, mut found) = (12, None);
    while file.go(place, 8)? {
        let [kind @ .., a, b, c, d] = file.bytes::<8>()?;
        let bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
        let end = place + 8 + bytes;
        if &kind == b"C2PA" {
            keep(&mut found, file.content(bytes, end)?)?;
        }
        place = end + bytes % 2;
    }
    Ok(found)
}

/// Looks through boxes for one of the kind `uuid` that holds a store or, where they are `bare`, for one that is a store.
fn boxes<R: Read + Seek>(file: &mut File<'_, R>, bare: bool) -> Result<Option<Vec<u8>>, ManifestError> {
    let (mut place, mut found) = (0, None);
    while file.go(place, 8)? {
        let [a, b, c, d, kind @ ..] = file.bytes::<8>()?;
        let (bytes, header) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (file.length - place, 8),
            1 if file.go(place + 8, 8)? => (u64::from_be_bytes(file.bytes()?), 16),
            bytes => (u64::from(bytes), 8),
        };
        let end = place.checked_add(bytes).filter(|_| bytes >= header);
        let end = end.ok_or(ManifestError::Container("a box's length is wrong"))?;
        if bare && &kind == b"jumb" && file.go(place, bytes)? {
            let store = file.content(bytes, end)?;
            if is_store(&store) {
                keep(&mut found, store)?;
            }
        }
        if !bare
            && &kind == b"uuid"
            && bytes >= header + 16
            && file.go(place + header, 16)?
            && file.bytes()? == BOX_UUID
        {
            let content = file.content(bytes - header - 16, end)?;
            if let Some(rest) = content.get(BOX_VERSION_BYTES..).and_then(|rest| rest.strip_prefix(BOX_PURPOSE)) {
                keep(&mut found, rest.get(BOX_OFFSET_BYTES..).unwrap_or_default().to_vec())?;
            }
        }
        place = end;
    }
    Ok(found)
}
