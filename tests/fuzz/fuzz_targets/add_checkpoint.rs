//! Requests to cosign.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::add_checkpoint::check(data));
