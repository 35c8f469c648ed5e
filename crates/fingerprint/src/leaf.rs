//! What stands for one file in a folder's tree, and the root over all of them.
//!
//! ```text
//! leaf        = path digest || file digest
//! path digest = SHA-256("colophon.path/v1\n" || relative path, UTF-8 in NFC, parts divided by "/")
//! file digest = SHA-256(content)
//! ```

use colophon_tlog::hash::{Hash, leaf_hash, sha256_concat};
use colophon_tlog::tree::{TileHashes, Tree};
use unicode_normalization::UnicodeNormalization as _;

/// What a path digest begins with, so that it is the digest of nothing else.
const PATH_TAG: &[u8] = b"colophon.path/v1\n";
/// How many leaves are added before the hashes that only a log's tiles need are dropped.
const LEAVES_BETWEEN_DROPS: usize = 4096;

/// Returns the digest that stands for a relative path in a folder's leaves; `path` is normalised to NFC first.
pub fn path_digest(path: &str) -> Hash {
    sha256_concat(&[PATH_TAG, path.nfc().collect::<String>().as_bytes()])
}

/// One file of a folder, by digests alone.
pub(crate) struct Leaf {
    /// Of its path.
    pub(crate) path: Hash,
    /// Of its content.
    pub(crate) file: Hash,
}

/// Returns the RFC 6962 root over leaves that are in their order.
pub(crate) fn root_of(leaves: &[Leaf]) -> Hash {
    let mut tree = Tree::new();
    for part in leaves.chunks(LEAVES_BETWEEN_DROPS) {
        let mut unused = TileHashes::default();
        for leaf in part {
            let bytes = [leaf.path.as_bytes().as_slice(), leaf.file.as_bytes()].concat();
            tree.append(leaf_hash(&bytes), &mut unused);
        }
    }
    tree.root()
}
