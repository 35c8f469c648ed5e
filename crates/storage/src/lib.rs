//! What the ledger keeps on disk.
//!
//! Absent: HTTP, signing keys, clocks.

pub mod cards;
pub mod commits;
#[cfg(test)]
mod crash;
pub mod disk;
pub mod drafts;
pub mod durable;
pub mod files;
mod hint;
mod leaves;
pub mod lock;
pub mod log;
#[cfg(test)]
mod lying;
pub mod reader;
pub mod recovery;
#[cfg(test)]
mod sample;
pub mod slots;
pub mod view;
