//! The journal of a catalogue.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::journal::check(data));
