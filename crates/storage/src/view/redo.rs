//! A batch written down in one value, so that a store left in the middle of it can be brought to its end.
//!
//! The cursor in 8 bytes; then for each write the key and the value, each behind its length in 4 bytes, where a length of
//! 2^32 − 1 says that the key is deleted.

use crate::view::engine::Write;

/// A batch with the cursor after it.
pub type Redo = (Vec<Write>, u64);

const DELETED: u32 = u32::MAX;

/// Writes a batch down.
pub fn encode<B: AsRef<[u8]>>(writes: &[(B, Option<B>)], cursor: u64) -> Vec<u8> {
    let length = |part: &[u8]| u32::try_from(part.len()).expect("keys and values are far shorter than 4 GiB");
    let mut bytes = cursor.to_be_bytes().to_vec();
    for (key, value) in writes {
        let (key, value) = (key.as_ref(), value.as_ref().map(AsRef::as_ref));
        bytes.extend(length(key).to_be_bytes());
        bytes.extend(key);
        bytes.extend(value.map_or(DELETED, length).to_be_bytes());
        bytes.extend(value.unwrap_or_default());
    }
    bytes
}

/// Reads a batch that was written down, unless it is not one.
pub fn decode(bytes: &[u8]) -> Option<Redo> {
    let (cursor, mut rest) = bytes.split_first_chunk()?;
    let mut writes = Vec::new();
    while !rest.is_empty() {
        let (key, after) = part(rest)?;
        let (value, after) = part(after)?;
        writes.push((key?, value));
        rest = after;
    }
    Some((writes, u64::from_be_bytes(*cursor)))
}

/// Cuts a key or a value off; a deleted value is none.
fn part(bytes: &[u8]) -> Option<(Option<Vec<u8>>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes(*length);
    if length == DELETED {
        return Some((None, rest));
    }
    let (part, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Some(part.to_vec()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_batch_comes_back(writes in vec((vec(any::<u8>(), 0..9), proptest::option::of(vec(any::<u8>(), 0..9))), 0..9), cursor: u64) {
            prop_assert_eq!(decode(&encode(&writes, cursor)), Some((writes, cursor)));
        }

        #[test]
        fn other_bytes_are_none(bytes in vec(any::<u8>(), 0..60)) {
            if let Some((writes, cursor)) = decode(&bytes) {
                prop_assert_eq!(encode(&writes, cursor), bytes);
            }
        }
    }
}
