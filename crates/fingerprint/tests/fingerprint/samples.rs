//! PNGs of every sort of pixel, which the tests make, and files that others made, which they do not.

use std::path::{Path, PathBuf};

use image::RgbImage;
use png::chunk::ChunkType;
use png::{BitDepth, ColorType, Encoder};

use crate::corpus::rgb_png;
use crate::painting::{Dice, paint};

/// What a PNG is made of, besides its pixels.
#[derive(Default)]
struct Extra {
    palette: Option<Vec<u8>>,
    transparency: Option<Vec<u8>>,
    exif_orientation: Option<u8>,
}

fn png(size: (u32, u32), kind: ColorType, depth: BitDepth, pixels: &[u8], extra: Extra) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(kind);
    encoder.set_depth(depth);
    if let Some(palette) = extra.palette {
        encoder.set_palette(palette);
    }
    if let Some(transparency) = extra.transparency {
        encoder.set_trns(transparency);
    }
    let mut writer = encoder.write_header().unwrap();
    if let Some(orientation) = extra.exif_orientation {
        // Big-endian TIFF: one directory of one entry, 0x0112 (orientation), a SHORT.
        let exif =
            [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation], &[0, 0, 0, 0, 0, 0]];
        writer.write_chunk(ChunkType(*b"eXIf"), &exif.concat()).unwrap();
    }
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// PNGs of every sort of pixel and shape, each with its name.
pub(crate) fn pngs() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| files.push((name.to_owned(), bytes));
    for seed in 0..12 {
        let (width, height) = [(320, 240), (241, 333), (97, 401)][seed % 3];
        add(&format!("painting-{seed}"), rgb_png(&paint(seed as u64, width, height)));
    }
    for (name, width, height) in [("one-pixel", 1, 1), ("thumbnail", 32, 32), ("tiny", 7, 5), ("wide", 900, 2)] {
        add(name, rgb_png(&paint(77, width, height)));
    }
    let rgb = paint(20, 200, 150);
    let size = rgb.dimensions();
    let alpha = |x: usize| u8::try_from(x * 7 % 256).unwrap();
    let with_alpha: Vec<u8> =
        rgb.as_raw().chunks_exact(3).enumerate().flat_map(|(n, c)| [c[0], c[1], c[2], alpha(n)]).collect();
    add("rgba", png(size, ColorType::Rgba, BitDepth::Eight, &with_alpha, Extra::default()));
    let grey: Vec<u8> = rgb.as_raw().chunks_exact(3).map(|c| c[1]).collect();
    add("grey", png(size, ColorType::Grayscale, BitDepth::Eight, &grey, Extra::default()));
    let grey_alpha: Vec<u8> = grey.iter().enumerate().flat_map(|(n, v)| [*v, alpha(n)]).collect();
    add("grey-alpha", png(size, ColorType::GrayscaleAlpha, BitDepth::Eight, &grey_alpha, Extra::default()));
    let mut dice = Dice::new(5);
    let palette: Vec<u8> = (0..768).map(|_| dice.next().to_le_bytes()[0]).collect();
    let indexed = |transparency| Extra { palette: Some(palette.clone()), transparency, ..Extra::default() };
    add("palette", png(size, ColorType::Indexed, BitDepth::Eight, &grey, indexed(None)));
    let transparency = (0..=255).map(|n: u8| n.wrapping_mul(31)).collect();
    add("palette-transparent", png(size, ColorType::Indexed, BitDepth::Eight, &grey, indexed(Some(transparency))));
    let deep: Vec<u8> = rgb.as_raw().iter().flat_map(|v| [*v, v.wrapping_mul(77)]).collect();
    add("rgb-16", png(size, ColorType::Rgb, BitDepth::Sixteen, &deep, Extra::default()));
    let deep: Vec<u8> = with_alpha.iter().flat_map(|v| [*v, v.wrapping_mul(77)]).collect();
    add("rgba-16", png(size, ColorType::Rgba, BitDepth::Sixteen, &deep, Extra::default()));
    let bits: Vec<u8> =
        (0..150).flat_map(|y| (0..25).map(move |x| [0xf0, 0x3c, 0xff, 0x00, 0x81][(x * 3 + y / 9) % 5])).collect();
    add("one-bit", png(size, ColorType::Grayscale, BitDepth::One, &bits, Extra::default()));
    let rgb_transparent = Extra { transparency: Some(vec![0, 0, 0, 0, 0, 0]), ..Extra::default() };
    add("rgb-transparent", png(size, ColorType::Rgb, BitDepth::Eight, rgb.as_raw(), rgb_transparent));
    for orientation in 1..=8 {
        let extra = Extra { exif_orientation: Some(orientation), ..Extra::default() };
        add(&format!("turned-{orientation}"), png(size, ColorType::Rgb, BitDepth::Eight, rgb.as_raw(), extra));
    }
    let mut framed = RgbImage::from_pixel(260, 210, image::Rgb([240, 240, 230]));
    image::imageops::replace(&mut framed, &rgb, 31, 17);
    add("framed", rgb_png(&framed));
    add("flat", rgb_png(&RgbImage::from_pixel(50, 40, image::Rgb([12, 200, 99]))));
    files
}

/// Returns where the public samples of C2PA lie, beside the project's folder; says so if they do not.
#[expect(clippy::print_stderr, reason = "a test that shows nothing says so")]
pub(crate) fn public_samples(test: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folder = above.map(|folder| folder.join("shared/data/c2pa")).find(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED {test}: there is no shared/data/c2pa beside the project");
    }
    folder
}
