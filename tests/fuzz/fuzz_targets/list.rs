//! Lists of works.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::list::check(data));
