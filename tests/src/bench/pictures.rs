//! Pictures to be measured with: each another, and each the same on every machine.

use std::io::Cursor;

use anyhow::Result;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};

/// How many colours a picture goes through, across and down.
const GRID: (u32, u32) = (7, 5);
/// How strong the grain over all is.
const GRAIN: i32 = 9;
/// How well JPEGs are saved, of 100.
const QUALITY: u8 = 85;

/// Numbers that follow from a seed (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    /// Returns the numbers of a seed.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// Returns the next number.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Paints the picture of a seed: colours that run into each other, with a grain.
pub(crate) fn paint(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut dice = Dice::new(seed);
    let colours: Vec<[u8; 8]> = (0..(GRID.0 + 1) * (GRID.1 + 1)).map(|_| dice.roll().to_le_bytes()).collect();
    let colour = |x: u32, y: u32, c: usize| i32::from(colours[(y * (GRID.0 + 1) + x) as usize][c]);
    let share = |place: u32, whole: u32| i32::try_from(place * 256 / whole).expect("less than 256");
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (x * GRID.0, y * GRID.1);
        let (left, top) = (across / width, down / height);
        let (right, below) = (share(across % width, width), share(down % height, height));
        let grain = i32::from(dice.roll().to_le_bytes()[0]) % (2 * GRAIN) - GRAIN;
        Rgb(std::array::from_fn(|c| {
            let between = |y: u32| colour(left, y, c) * (256 - right) + colour(left + 1, y, c) * right;
            let mixed = (between(top) * (256 - below) + between(top + 1) * below) >> 16;
            u8::try_from((mixed + grain).clamp(0, 255)).expect("clamped to a byte")
        }))
    })
}

/// Returns a picture as a JPEG.
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture)?;
    Ok(bytes)
}

/// Returns a picture as a PNG.
pub(crate) fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_fingerprint::{content_of_bytes, distance};

    #[test]
    fn each_is_another_and_the_same_once_more() {
        assert_eq!(paint(1, 64, 48), paint(1, 64, 48));
        let code = |seed| content_of_bytes(jpeg(&paint(seed, 128, 96)).unwrap(), "image/jpeg").unwrap().unwrap().code;
        let codes: Vec<_> = (0..20).map(code).collect();
        for (n, one) in codes.iter().enumerate() {
            assert!(codes[..n].iter().all(|other| distance(one, other) > 14), "{n}");
        }
    }
}
