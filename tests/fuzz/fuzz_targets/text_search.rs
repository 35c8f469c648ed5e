//! Words that are searched for.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::text_search::check(data));
