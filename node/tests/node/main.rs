//! The node as a whole: its routes in this process, and the program itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod borders;
mod certificates;
mod copies;
mod drafts;
mod governance;
mod lookups;
mod people;
mod prepared;
mod process;
mod program;
mod refusals;
mod register;
mod searches;
mod statistics;
mod submitting;
mod surface;
mod tiles;
