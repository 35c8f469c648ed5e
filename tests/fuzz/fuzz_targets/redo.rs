//! Batches written down for the tables.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::redo::check(data));
