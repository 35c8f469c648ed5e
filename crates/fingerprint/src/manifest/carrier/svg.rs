//! SVG: the store as base64 in `<svg><metadata><c2pa:manifest>` (C2PA 2.2, appendix A).
//!
//! Of the markup no more is told apart than where elements begin and end, and no more of it is held than their names.

use std::io::{self, BufReader, Bytes, Read, Seek};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{File, keep};
use crate::manifest::{ManifestError, STORE_BYTES_MAX};

/// The elements that the store is in, from the root.
const WAY: [&[u8]; 3] = [b"svg", b"metadata", b"c2pa:manifest"];
/// The longest text of a store, without white space, in bytes.
const TEXT_BYTES_MAX: u64 = STORE_BYTES_MAX.div_ceil(3) * 4;
/// How much of a piece of markup is held: the longest name that is looked for, and what shows that it ends.
const HEAD_BYTES_MAX: usize = 16;

pub(super) fn svg<R: Read + Seek>(file: &mut File<'_, R>) -> Result<Option<Vec<u8>>, ManifestError> {
    file.reader.rewind()?;
    let mut bytes = BufReader::new(&mut *file.reader).bytes();
    // How deep it is, and how many of the elements around are those of the way.
    let (mut depth, mut on_way, mut found) = (0, 0, None);
    loop {
        let is_inside = depth == WAY.len() && on_way == depth;
        let text = text(&mut bytes, is_inside)?;
        if !text.is_empty() {
            let store = STANDARD.decode(text).map_err(|_| ManifestError::Container("the store is not in base64"))?;
            keep(&mut found, store)?;
        }
        let Some(Markup { head, is_closed }) = markup(&mut bytes)? else { break };
        match head.first() {
            Some(b'!' | b'?') => {}
            Some(b'/') => {
                depth = depth.saturating_sub(1);
                on_way = on_way.min(depth);
            }
            _ => {
                let name = head.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next();
                let is_next = on_way == depth && WAY.get(depth).copied() == name;
                if depth == 0 && !is_next {
                    break;
                }
                if !is_closed {
                    depth += 1;
                    on_way += usize::from(is_next);
                }
            }
        }
    }
    Ok(found)
}

/// Reads to the next markup, past its `<`; returns what stands before it, without white space, if it is `wanted`.
fn text<R: Read>(bytes: &mut Bytes<R>, wanted: bool) -> Result<Vec<u8>, ManifestError> {
    let mut text = Vec::new();
    while let Some(byte) = bytes.next().transpose()?.filter(|byte| *byte != b'<') {
        if wanted && !byte.is_ascii_whitespace() {
            text.push(byte);
        }
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(ManifestError::TooLong(text.len() as u64 / 4 * 3));
        }
    }
    Ok(text)
}

/// What stands between `<` and `>`.
struct Markup {
    /// How it begins.
    head: Vec<u8>,
    /// Whether it is an element with nothing in it.
    is_closed: bool,
}

/// Reads past the `>` that ends a piece of markup; none if none does.
fn markup<R: Read>(bytes: &mut Bytes<R>) -> io::Result<Option<Markup>> {
    let (mut head, mut last, mut quote, mut brackets) = (Vec::new(), [0; 2], None, 0_u64);
    while let Some(byte) = bytes.next().transpose()? {
        let ends = match head.as_slice() {
            [b'!', b'-', b'-', ..] => last == *b"--",
            [b'!', b'[', ..] => last == *b"]]",
            [b'?', ..] => last[1] == b'?',
            _ => quote.is_none() && brackets == 0,
        };
        match byte {
            b'>' if ends => return Ok(Some(Markup { head, is_closed: last[1] == b'/' })),
            b'"' | b'\'' if quote == Some(byte) => quote = None,
            b'"' | b'\'' if quote.is_none() => quote = Some(byte),
            b'[' if quote.is_none() => brackets += 1,
            b']' if quote.is_none() => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if head.len() < HEAD_BYTES_MAX {
            head.push(byte);
        }
        last = [last[1], byte];
    }
    Ok(None)
}
