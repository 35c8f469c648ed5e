//! The two slots of checkpoints.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::slots::check(data));
