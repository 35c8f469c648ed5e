//! Batches written down for the tables: one reading each, and no room made for more than is there.

use colophon_storage::view::redo::{decode, encode};

/// Words of batches.
pub const WORDS: &[&str] = &["\u{0}\u{0}\u{0}\u{1}k", "\u{0}\u{0}\u{0}\u{0}", "\u{7f}\u{7f}\u{7f}\u{7f}"];

/// Reads a batch and writes it back.
pub fn check(data: &[u8]) {
    let Some((writes, cursor)) = decode(data) else { return };
    assert_eq!(encode(&writes, cursor), data);
    let held: usize = writes.iter().map(|(key, value)| 8 + key.len() + value.as_ref().map_or(0, Vec::len)).sum();
    assert_eq!(held + 8, data.len());
}

/// An empty batch, and one that writes, empties and deletes.
pub fn seeds() -> Vec<Vec<u8>> {
    let writes = vec![
        (b"key".to_vec(), Some(b"value".to_vec())),
        (b"empty".to_vec(), Some(Vec::new())),
        (b"gone".to_vec(), None),
    ];
    vec![encode(&writes[..0], 0), encode(&writes, 7), encode(&writes[..1], u64::MAX)]
}
