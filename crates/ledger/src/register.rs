//! Which register it is: its name and its beginning, the one that it goes on with, and the one that goes on with it.

use serde::{Deserialize, Serialize};

use crate::canonical::INTEGER_MAX;
use crate::field::{Digest, EntryId, Int, Origin};

/// The most operators, and the most governors, of a register.
pub const OFFICERS_MAX: usize = 16;

/// Which register an entry belongs to: its name, and the entry it began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The name line of its log.
    pub origin: Origin,
    /// The entry id of its genesis.
    pub genesis: EntryId,
}

/// The last words of a retired register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// The entry id of its genesis.
    pub genesis: EntryId,
    /// Its name.
    pub origin: Origin,
    /// The root of its last checkpoint.
    pub root: Digest,
    /// The size of its last checkpoint.
    pub size: Int<1, INTEGER_MAX>,
    /// The state root of its last seal.
    pub state: Digest,
}

/// The register that goes on with a retired one, named before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Successor {
    /// The digest of what its genesis says but for `succeeds`, which names this register's end and so cannot be known yet.
    pub founding: Digest,
    /// Its name.
    pub origin: Origin,
}
