//! What happened, as somebody who sees everything knows it.

use colophon_ledger::field::EntryId;
use colophon_tlog::hash::Hash;

use crate::message::Who;

/// Something that binds somebody from then on.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// The register signed a checkpoint, and its signature may have left.
    Signed { size: u64, root: Hash },
    /// Somebody shows this checkpoint to everybody.
    Published { by: Who, note: String },
    /// A witness cosigned.
    Cosigned { witness: usize, size: u64, root: Hash },
    /// A person holds a receipt that verifies.
    Acknowledged { id: EntryId, index: u64, leaf: Hash },
    /// A witness told the register of a checkpoint that is larger than its log.
    SeenFuture { witness: usize, size: u64 },
}

/// How everything stands once the faults have stopped and there was time to heal.
#[derive(Debug)]
pub(crate) struct End {
    /// The leaves of the register's log.
    pub(crate) leaves: Vec<Vec<u8>>,
    /// The size and the state root of the register and of each follower, by what they published last.
    pub(crate) published: Vec<(Who, u64, Hash)>,
    /// The leaves of each follower's log.
    pub(crate) copies: Vec<Vec<Vec<u8>>>,
    /// How many entries somebody still waits for.
    pub(crate) waiting: usize,
    /// What each witness cosigned last.
    pub(crate) cosigned: Vec<u64>,
}
