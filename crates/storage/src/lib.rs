//! What the ledger keeps on disk.
//!
//! Absent: HTTP, signing keys, clocks.

pub mod backup;
pub mod cards;
pub mod catch_up;
pub mod checked;
pub mod commits;
#[cfg(test)]
mod crash;
pub mod disk;
pub mod drafts;
pub mod durable;
pub mod files;
pub mod fsck;
mod hint;
mod leaves;
pub mod lock;
pub mod log;
#[cfg(test)]
mod lying;
#[cfg(test)]
mod people;
#[cfg(test)]
mod power;
pub mod published;
pub mod reader;
pub mod recovery;
#[cfg(test)]
mod sample;
mod scan;
mod sled_store;
pub mod slots;
pub mod tables;
pub mod view;
pub mod voids;
pub mod witnessed;
