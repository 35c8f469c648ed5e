//! The command line of Colophon: what it asks, checks, keeps and prints.

pub mod clock;
pub mod codes;
pub mod command;
pub mod dossier;
pub mod failure;
pub mod home;
pub mod keystore;
pub mod party;
pub mod passphrase;
pub mod register;
pub mod sealed;
pub mod sheet;
pub mod story;
pub(crate) mod terminal;
pub mod ui;
pub mod verdict;
pub mod words;
