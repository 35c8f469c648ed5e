//! TIFF, `BigTIFF` and DNG: the store in a field of the last directory (TIFF 6.0, 2; C2PA 2.2, appendix A), or of the first, as
//! older software writes it.

use std::io::{Read, Seek};

use super::{File, PARTS_MAX};
use crate::manifest::ManifestError;

/// The field with the store, and the type that it must have.
const FIELD: u64 = 0xcd41;
const UNDEFINED: u64 = 7;

/// How numbers are written in a file.
#[derive(Clone, Copy)]
struct Layout {
    little_endian: bool,
    /// How many bytes the number of fields of a directory has, and a count or place.
    fields_bytes: usize,
    place_bytes: usize,
}

impl Layout {
    fn number(self, bytes: &[u8]) -> u64 {
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    }

    fn read<R: Read + Seek>(self, file: &mut File<'_, R>, place: u64, bytes: usize) -> Result<u64, ManifestError> {
        Ok(self.number(&file.content(bytes as u64, place.saturating_add(bytes as u64))?))
    }
}

/// A field: its type, how many bytes it has, and where they are.
type Field = (u64, u64, u64);

pub(super) fn tiff<R: Read + Seek>(
    file: &mut File<'_, R>,
    little_endian: bool,
    big: bool,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let (fields_bytes, place_bytes) = if big { (8, 8) } else { (2, 4) };
    let layout = Layout { little_endian, fields_bytes, place_bytes };
    let begin = place_bytes as u64;
    if !file.go(begin, begin)? {
        return Ok(None);
    }
    let mut place = layout.read(file, begin, place_bytes)?;
    let (mut first, mut last, mut count) = (None, None, 0);
    while place != 0 && file.go(place, fields_bytes as u64)? {
        (last, place) = directory(file, layout, place)?;
        first = if count == 0 { last } else { first };
        count += 1;
    }
    let Some((kind, bytes, place)) = last.or(first) else { return Ok(None) };
    if kind != UNDEFINED {
        return Err(ManifestError::Container("the field with the store is of another type"));
    }
    if !file.go(place, bytes)? {
        return Err(ManifestError::Container("the store is longer than the file"));
    }
    file.content(bytes, place + bytes).map(Some)
}

/// Reads the directory at this place; returns the field with a store, and the place of the next directory, or 0.
fn directory<R: Read + Seek>(
    file: &mut File<'_, R>,
    layout: Layout,
    place: u64,
) -> Result<(Option<Field>, u64), ManifestError> {
    let Layout { fields_bytes, place_bytes, .. } = layout;
    let count = layout.read(file, place, fields_bytes)?;
    let count = usize::try_from(count).ok().filter(|count| *count <= PARTS_MAX).ok_or(ManifestError::TooManyParts)?;
    file.parts += count;
    let bytes = count * (4 + 2 * place_bytes);
    let read_bytes = (bytes + place_bytes) as u64;
    let content = file.content(read_bytes, place + fields_bytes as u64 + read_bytes)?;
    let (fields, next) = content.split_at(bytes);
    let mut found = None;
    for field in fields.chunks_exact(4 + 2 * place_bytes) {
        let (head, values) = field.split_at(4);
        let ((tag, kind), (count, value)) = (head.split_at(2), values.split_at(place_bytes));
        if layout.number(tag) == FIELD {
            found = Some((layout.number(kind), layout.number(count), layout.number(value)));
        }
    }
    Ok((found, layout.number(next)))
}
