//! GIF: the store in an application extension in front of the first picture (`GIF89a`, 26; C2PA 2.2, appendix A).

use std::io::{Read, Seek};

use super::{File, keep};
use crate::manifest::ManifestError;

/// Where the flags of the screen stand, and where what follows its description does.
const FLAGS_PLACE: u64 = 10;
const SCREEN_END: u64 = 13;
/// In the flags: there is a table of colours, and how many it has.
const FLAG_COLOURS: u8 = 0x80;
const COLOURS_MASK: u8 = 7;
/// An extension, and one of an application.
const EXTENSION: u8 = 0x21;
const APPLICATION: u8 = 0xff;
/// What the first block of the store's extension says.
const IDENTIFIER: &[u8] = b"C2PA_GIF\x01\0\0";

pub(super) fn gif<R: Read + Seek>(file: &mut File<'_, R>) -> Result<Option<Vec<u8>>, ManifestError> {
    if !file.go(FLAGS_PLACE, 1)? {
        return Ok(None);
    }
    let [flags] = file.bytes()?;
    let colours = if flags & FLAG_COLOURS == 0 { 0 } else { 2 << (flags & COLOURS_MASK) };
    let (mut place, mut found) = (SCREEN_END + 3 * colours, None);
    while file.go(place, 2)? {
        let [EXTENSION, label] = file.bytes()? else { break };
        place += 2;
        if let Some(store) = blocks(file, &mut place, label)? {
            keep(&mut found, store)?;
        }
    }
    Ok(found)
}

/// Goes through the blocks of an extension; returns what they hold together if it is a store's. The last one is empty.
fn blocks<R: Read + Seek>(
    file: &mut File<'_, R>,
    place: &mut u64,
    label: u8,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let (mut store, mut is_first): (Option<Vec<u8>>, _) = (None, true);
    while file.go(*place, 1)? {
        let [bytes] = file.bytes()?;
        *place += 1 + u64::from(bytes);
        if bytes == 0 {
            break;
        }
        let block = file.content(u64::from(bytes), *place)?;
        match &mut store {
            Some(store) => store.extend(block),
            None if is_first && label == APPLICATION && block == IDENTIFIER => store = Some(Vec::new()),
            None => {}
        }
        is_first = false;
    }
    Ok(store)
}
