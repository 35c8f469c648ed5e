//! Where and when the entries of a certificate were recorded.

use crate::field::EntryId;

/// Where and when something was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The entry.
    pub id: EntryId,
    /// Its place in the log.
    pub index: u64,
    /// The operator's time of its batch, in milliseconds after 1970.
    pub time_ms: u64,
}
