//! Certificates that were sound before somebody changed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::tamper::check(data));
