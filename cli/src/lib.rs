//! The command line of Colophon: what it asks, checks, keeps and prints.

pub mod apart;
pub mod as_of;
pub mod audited;
pub mod clock;
pub mod codes;
pub mod command;
pub mod dossier;
pub mod drafts;
pub mod failure;
pub mod foreseen;
pub mod history;
pub mod home;
pub mod keystore;
pub mod likeness;
pub mod paper_args;
pub mod party;
pub mod passphrase;
pub mod recognition;
pub mod register;
pub mod ruled;
#[cfg(test)]
mod sample;
pub mod sealed;
pub mod sheet;
pub mod sidecar;
pub mod signing;
pub mod story;
pub(crate) mod terminal;
pub mod terms;
pub mod ui;
pub mod validation;
pub mod verdict;
pub mod waiting;
pub mod witnessed;
pub mod words;
