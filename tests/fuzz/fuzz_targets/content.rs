//! Files of every type that is decoded.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::content::check(data));
