//! ID3 in front of a sound (MP3, FLAC): the store as an encapsulated object of the tag (ID3v2.3 and 2.4, `GEOB`; C2PA 2.2,
//! appendix A).
//!
//! Frames that are compressed or encrypted are passed over: no store is written so.

use std::io::{Cursor, Read, Seek};

use super::{File, keep};
use crate::manifest::ManifestError;

const HEADER_BYTES: u64 = 10;
/// The media types of a store; the second is of older software.
const MEDIA_TYPES: [&[u8]; 2] = [b"application/c2pa", b"application/x-c2pa-manifest-store"];
/// Of a tag: a zero was put behind each 0xff, and another header follows.
const TAG_UNSYNCHRONISED: u8 = 0x80;
const TAG_EXTENDED: u8 = 0x40;
/// Of a frame of 2.3: it is compressed, encrypted or grouped.
const FRAME_3_PACKED: u8 = 0xe0;
/// Of a frame of 2.4: it is grouped, compressed or encrypted; it has zeros behind each 0xff; its length stands in front of it.
const FRAME_4_PACKED: u8 = 0x4c;
const FRAME_4_UNSYNCHRONISED: u8 = 0x02;
const FRAME_4_LENGTH: u8 = 0x01;

pub(super) fn id3<R: Read + Seek>(file: &mut File<'_, R>) -> Result<Option<Vec<u8>>, ManifestError> {
    if !file.go(0, HEADER_BYTES)? {
        return Ok(None);
    }
    let [_, _, _, version, _, flags, size @ ..] = file.bytes::<10>()?;
    let end = HEADER_BYTES + seven_bits(size);
    match version {
        3 if flags & TAG_UNSYNCHRONISED != 0 => {
            let tag = synchronised(&file.content(end - HEADER_BYTES, end)?);
            let (length, parts) = (tag.len() as u64, file.parts);
            let mut tag = File { reader: &mut Cursor::new(tag), length, parts };
            frames(&mut tag, (0, length), (version, flags))
        }
        3 | 4 => frames(file, (HEADER_BYTES, end), (version, flags)),
        _ => Ok(None),
    }
}

/// Looks through the frames between two places.
fn frames<R: Read + Seek>(
    file: &mut File<'_, R>,
    (mut place, end): (u64, u64),
    (version, flags): (u8, u8),
) -> Result<Option<Vec<u8>>, ManifestError> {
    if flags & TAG_EXTENDED != 0 && file.go(place, 4)? {
        let size = file.bytes()?;
        // Only that of 2.4 counts itself.
        place += if version == 4 { seven_bits(size) } else { 4 + u64::from(u32::from_be_bytes(size)) };
    }
    let mut found = None;
    while place + HEADER_BYTES <= end && file.go(place, HEADER_BYTES)? {
        let [name @ .., a, b, c, d, _, flags] = file.bytes::<10>()?;
        let size = [a, b, c, d];
        let bytes = if version == 4 { seven_bits(size) } else { u64::from(u32::from_be_bytes(size)) };
        place += HEADER_BYTES + bytes;
        let packed = if version == 4 { FRAME_4_PACKED } else { FRAME_3_PACKED };
        match &name {
            [0, ..] => break,
            b"GEOB" if flags & packed == 0 => {
                let mut object = file.content(bytes, place)?;
                if version == 4 && flags & FRAME_4_LENGTH != 0 {
                    object.drain(..object.len().min(4));
                }
                if version == 4 && flags & FRAME_4_UNSYNCHRONISED != 0 {
                    object = synchronised(&object);
                }
                if let Some(store) = store_of(&object) {
                    keep(&mut found, store.to_vec())?;
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Returns the store in an encapsulated object: the encoding of its texts, its media type, a file's name, a description, itself.
fn store_of(object: &[u8]) -> Option<&[u8]> {
    let (encoding, rest) = object.split_first()?;
    let (media_type, rest) = text(rest, 1)?;
    if !MEDIA_TYPES.contains(&media_type) {
        return None;
    }
    // 1 and 2 are UTF-16.
    let width = if matches!(encoding, 1 | 2) { 2 } else { 1 };
    let (_, rest) = text(rest, width)?;
    text(rest, width).map(|(_, store)| store)
}

/// Splits off a text that ends with a zero of `width` bytes.
fn text(bytes: &[u8], width: usize) -> Option<(&[u8], &[u8])> {
    let end = width * bytes.chunks_exact(width).position(|letter| letter.iter().all(|byte| *byte == 0))?;
    Some((bytes.get(..end)?, bytes.get(end + width..)?))
}

/// Returns a number of which each byte has seven bits.
fn seven_bits(bytes: [u8; 4]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
}

/// Takes the zeros away that were put behind each 0xff.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut last = 0;
    let is_own = |byte: &u8| std::mem::replace(&mut last, *byte) != 0xff || *byte != 0;
    let mut own = bytes.to_vec();
    own.retain(is_own);
    own
}
