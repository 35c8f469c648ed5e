//! A node that lies, and a reader that sees through it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod answers;
mod downloads;
mod first;
mod follows;
mod lookups;
mod node;
mod papers;
mod people;
mod proofs;
mod register;
mod rules;
mod submits;
mod transport;
mod witnesses;
