//! Drafts.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::draft::check(data));
