//! The file of cards.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::cards_file::check(data));
