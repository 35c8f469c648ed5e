//! MPEG-7 signatures of videos.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::video_signature::check(data));
