//! Fields of bodies.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::field::check(data));
