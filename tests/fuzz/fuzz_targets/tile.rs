//! Paths of tiles and bundles.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::tile::check(data));
