//! Runs a register: one log, one operator, one machine.

pub mod admission;
pub mod answers;
pub mod api;
pub mod certify;
pub mod clock;
pub mod connections;
mod door;
pub mod init;
pub mod keys;
pub mod metrics;
pub mod open;
mod open_files;
pub mod points;
pub mod publisher;
mod publishing;
pub mod receipts;
pub mod register;
pub mod seal;
pub mod sequencer;
pub mod serve;
pub mod source;
mod stream;
mod tip;
pub mod witness;
pub mod witness_keys;
pub mod witness_server;
pub mod witnesses;
