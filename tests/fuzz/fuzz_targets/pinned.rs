//! Files of pinned registers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::pinned::check(data));
