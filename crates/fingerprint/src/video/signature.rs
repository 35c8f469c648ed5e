//! An MPEG-7 video signature in its binary form (ISO/IEC 15938-3), as `ffmpeg`'s filter `signature` writes it.
//!
//! ```text
//! 129 bits            where the pictures lie in the video, and the first frame
//! 32                  how many frames
//! 16                  how many units of time a second
//! 65                  the first and the last time
//! 32                  how many segments
//! per segment 1344    frames, times, and 5 words of 243 bits
//! 1                   whether frames are compressed: they are not
//! per frame 689       1, the time 32, the confidence 8, 5 words of 8, and 76 bytes of 5 values each
//! ```
//!
//! A byte has 5 values from 0 to 2, the first counting most: how one part of the picture compares with another in brightness.

use std::collections::BTreeSet;

use crate::error::{ContentError, broken};

/// How many values a frame has.
pub const VALUES: usize = 380;
/// The most frames: six hours of five a second.
pub const FRAMES_MAX: u32 = 6 * 60 * 60 * 5;
/// The longest signature, in bytes. One of the most frames is shorter.
pub const SIGNATURE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most segments: one begins every 45 frames.
const SEGMENTS_MAX: u32 = FRAMES_MAX;
/// The largest byte of five values.
const BYTE_MAX: u8 = 242;

const HEAD_BITS: usize = 129;
const TIME_UNIT_AND_TIMES_BITS: usize = 16 + 1 + 32 + 32;
const SEGMENT_BITS: usize = 4 * 32 + 1 + 5 * 243;
const FRAME_HEAD_BITS: usize = 1 + 32 + 8 + 5 * 8;
const FRAME_BYTES: usize = VALUES / 5;

/// The values of all different frames of a video, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    frames: usize,
    sums: [i32; VALUES],
}

impl Signature {
    /// Reads a signature.
    pub fn parse(bytes: &[u8]) -> Result<Signature, ContentError> {
        if bytes.len() > SIGNATURE_BYTES_MAX {
            return Err(too_much("bytes of signature", bytes.len() as u64, SIGNATURE_BYTES_MAX as u64));
        }
        let cut = || broken("video signature", &"it breaks off");
        let mut bits = Bits { bytes, place: HEAD_BITS };
        let frames = bits.number().ok_or_else(cut)?;
        if frames > FRAMES_MAX {
            return Err(too_much("frames", frames.into(), FRAMES_MAX.into()));
        }
        bits.place += TIME_UNIT_AND_TIMES_BITS;
        let segments = bits.number().ok_or_else(cut)?;
        if segments > SEGMENTS_MAX {
            return Err(too_much("segments", segments.into(), SEGMENTS_MAX.into()));
        }
        bits.place += usize::try_from(segments).unwrap_or(usize::MAX).saturating_mul(SEGMENT_BITS) + 1;
        let mut different = BTreeSet::new();
        for _ in 0..frames {
            bits.place += FRAME_HEAD_BITS;
            different.insert(bits.frame().ok_or_else(cut)?);
        }
        let mut sums = [0; VALUES];
        for frame in &different {
            if frame.iter().any(|byte| *byte > BYTE_MAX) {
                return Err(broken("video signature", &"a value is none"));
            }
            for (sum, value) in sums.iter_mut().zip(frame.iter().flat_map(|byte| values(*byte))) {
                *sum += value;
            }
        }
        match different.len() {
            0 => Err(ContentError::Nothing("moving picture")),
            frames => Ok(Signature { frames, sums }),
        }
    }

    /// Returns how many different frames there are.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Returns the sum of each value over the different frames: at most twice their number.
    pub fn sums(&self) -> &[i32; VALUES] {
        &self.sums
    }
}

/// Takes a byte apart into its five values.
fn values(byte: u8) -> [i32; 5] {
    [81, 27, 9, 3, 1].map(|unit| i32::from(byte / unit % 3))
}

fn too_much(what: &'static str, found: u64, max: u64) -> ContentError {
    ContentError::TooMuch { what, found, max }
}

/// Bytes read at any bit, the most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl Bits<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, shift) = (self.place / 8, self.place % 8);
        let high = *self.bytes.get(first)?;
        let low = if shift == 0 { 0 } else { *self.bytes.get(first + 1)? };
        self.place += 8;
        Some((u16::from_be_bytes([high, low]) << shift).to_be_bytes()[0])
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = [self.byte()?, self.byte()?, self.byte()?, self.byte()?];
        Some(u32::from_be_bytes(bytes))
    }

    fn frame(&mut self) -> Option<[u8; FRAME_BYTES]> {
        let mut frame = [0; FRAME_BYTES];
        for byte in &mut frame {
            *byte = self.byte()?;
        }
        Some(frame)
    }
}

/// Writes signatures, for tests and for the fuzz target.
pub mod sample {
    use super::{FRAME_BYTES, FRAME_HEAD_BITS, HEAD_BITS, SEGMENT_BITS, TIME_UNIT_AND_TIMES_BITS};

    /// Returns a signature of these frames with so many segments.
    pub fn signature(frames: &[[u8; FRAME_BYTES]], segments: u32) -> Vec<u8> {
        let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
        let mut bits = vec![false; HEAD_BITS];
        push(&mut bits, &count.to_be_bytes());
        bits.extend([true; TIME_UNIT_AND_TIMES_BITS]);
        push(&mut bits, &segments.to_be_bytes());
        bits.extend(vec![true; usize::try_from(segments).unwrap_or_default() * SEGMENT_BITS]);
        bits.push(false);
        for frame in frames {
            bits.extend([true; FRAME_HEAD_BITS]);
            push(&mut bits, frame);
        }
        let byte = |bits: &[bool]| (0..8).fold(0, |byte, n| byte << 1 | u8::from(bits.get(n) == Some(&true)));
        bits.chunks(8).map(byte).collect()
    }

    fn push(bits: &mut Vec<bool>, bytes: &[u8]) {
        bits.extend(bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1 == 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::sample::signature;
    use super::*;

    #[test]
    fn different_frames_are_added_up_and_the_same_count_once() {
        let (mut one, two) = ([0; FRAME_BYTES], [121; FRAME_BYTES]);
        one[0] = 2 * 81 + 27 + 2;
        for segments in [0, 1, 3] {
            let read = Signature::parse(&signature(&[one, two, one], segments)).unwrap();
            assert_eq!((read.frames(), &read.sums()[..6]), (2, &[3, 2, 1, 1, 3, 1][..]), "{segments}");
        }
    }

    #[test]
    fn what_is_no_signature_is_an_error() {
        let whole = signature(&[[7; FRAME_BYTES]; 3], 1);
        for end in 0..whole.len() {
            assert!(Signature::parse(&whole[..end]).is_err(), "{end}");
        }
        assert!(Signature::parse(&whole).is_ok());
        assert!(matches!(Signature::parse(&signature(&[], 1)), Err(ContentError::Nothing(_))));
        assert!(matches!(Signature::parse(&signature(&[[243; FRAME_BYTES]], 0)), Err(ContentError::Broken { .. })));
    }

    #[test]
    fn a_signature_ends_at_its_limits() {
        let with = |place: usize, number: u32| {
            let mut bytes = signature(&[[7; FRAME_BYTES]], 0);
            // The numbers stand one bit behind a byte.
            let shifted = u64::from(number) << 7;
            for (n, byte) in shifted.to_be_bytes()[3..].iter().enumerate() {
                bytes[place + n] |= byte;
            }
            Signature::parse(&bytes)
        };
        assert!(matches!(with(16, FRAMES_MAX + 1), Err(ContentError::TooMuch { what: "frames", .. })));
        assert!(Signature::parse(&vec![0; SIGNATURE_BYTES_MAX + 1]).is_err());
    }
}
