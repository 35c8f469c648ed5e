//! Transparency-log arithmetic and the C2SP text formats.
//!
//! In scope: RFC 6962 hashing, [tiles](https://c2sp.org/tlog-tiles), inclusion and consistency proofs,
//! [signed notes](https://c2sp.org/signed-note), [checkpoints](https://c2sp.org/tlog-checkpoint),
//! [cosignatures](https://c2sp.org/tlog-cosignature), what a [witness](https://c2sp.org/tlog-witness) decides,
//! [receipts](https://c2sp.org/tlog-proof) and [trust policies](https://c2sp.org/tlog-policy).
//! Absent: files, network, clock, randomness, async, and any knowledge of what an entry says.

pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod key;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
#[cfg(test)]
mod sample;
mod size;
pub mod spelling;
pub mod tile;
pub mod tree;
pub mod witness;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::Cosigner;
pub use hash::{Hash, leaf_hash, node_hash};
pub use key::{PublicKey, SecretKey};
pub use note::{Note, SignatureLine, Signer, VerifierKey};
pub use policy::Policy;
pub use receipt::Receipt;
pub use tile::{Bundle, Tile, TileSet};
pub use tree::{EntryIndex, Tree, TreeSize};
pub use witness::AddCheckpoint;
