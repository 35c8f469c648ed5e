//! Files that may carry Content Credentials.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::manifest::check(data));
