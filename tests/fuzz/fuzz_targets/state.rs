//! A node's answers about records.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::state::check(data));
