//! The rules of the ledger: entries, accounts, state, batches and certificates.
//!
//! Pure: no I/O, no clock, no randomness, no floats. The same bytes give the same answer on every machine.

pub mod account;
pub mod audit;
pub mod batch;
pub mod calendar;
pub mod canonical;
pub mod card;
pub mod carried;
pub mod certificate;
pub mod crossing;
pub mod deal;
pub mod draft;
pub mod edition;
pub mod encumbrance;
pub mod entry;
pub mod evidence;
pub mod facts;
pub mod field;
pub mod governance;
pub mod iscc;
pub mod look;
pub mod proved;
pub mod refusal;
pub mod register;
pub mod replay;
pub mod rule;
pub mod signature;
pub mod state;
pub mod state_root;
pub mod voiding;
