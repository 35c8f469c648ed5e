//! Receipts.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::receipt::check(data));
