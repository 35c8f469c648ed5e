//! The ledger from outside: its rules as a table, and every known way to cheat it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod attacks;
mod audit;
mod batches;
mod borders;
mod burdens;
mod drafts;
mod dues;
mod evidence;
mod evidence_bounds;
mod forgeries;
mod governance;
mod limits;
mod looks;
mod papers;
mod proposed;
mod rule_sets;
mod rules;
mod succession;
mod tampering;
mod voiding;
mod world;
