//! The file of entries and the hints beside it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::log_file::check(data));
