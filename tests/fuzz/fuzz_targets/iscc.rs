//! ISCCs.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::iscc::check(data));
