//! A witness's reply.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::cosignatures::check(data));
