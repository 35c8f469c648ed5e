//! Requests to a node.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::request::check(data));
