//! The command line of Colophon: what it asks, checks, keeps and prints.

pub mod clock;
pub mod codes;
pub mod command;
pub mod failure;
pub mod home;
pub mod keystore;
pub mod passphrase;
pub mod register;
pub mod sealed;
pub(crate) mod terminal;
pub mod ui;
pub mod words;
