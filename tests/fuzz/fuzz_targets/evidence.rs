//! Evidence: one spelling, and no file convicts a register that kept to its rules.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::evidence::check(data));
