//! Inclusion and consistency proofs.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::proof::check(data));
