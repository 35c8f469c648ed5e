//! Files that the tests make: PNGs of every sort of pixel, and one small file of each type that is decoded.

use std::io::{Cursor, Write as _};

use image::{DynamicImage, ImageFormat, RgbImage};
use png::chunk::ChunkType;
use png::{BitDepth, ColorType, Encoder};

use crate::painting::{Dice, paint};

/// Returns the picture as a file of this format.
pub(crate) fn saved(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Returns an RGB picture as a PNG.
pub(crate) fn rgb_png(picture: &RgbImage) -> Vec<u8> {
    saved(&DynamicImage::ImageRgb8(picture.clone()), ImageFormat::Png)
}

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

/// A second of two sounding strings, 16 bits, as a WAV file.
pub(crate) fn wav(seconds: u32, pitch: f64) -> Vec<u8> {
    let rate = 22_050_u32;
    let mut sound = Vec::new();
    for n in 0..rate * seconds {
        let time = f64::from(n) / f64::from(rate);
        let swell = 1.0 + (time * 1.7).sin();
        let value = (time * pitch * std::f64::consts::TAU).sin() * swell
            + (time * (pitch * 1.5 + 40.0 * (time * 0.9).sin()) * std::f64::consts::TAU).sin();
        #[expect(clippy::cast_possible_truncation, reason = "the sum is below 4, so the sample fits")]
        let sample = (value * 8_000.0) as i16;
        sound.extend_from_slice(&sample.to_le_bytes());
    }
    let bytes = u32::try_from(sound.len()).unwrap();
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&bytes.to_le_bytes());
    file.extend_from_slice(&sound);
    file
}

/// A book of one chapter.
pub(crate) fn epub() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", "<container><rootfile full-path='b.opf'/></container>"),
        ("b.opf", "<package><item id='a' href='a.xhtml'/><itemref idref='a'/></package>"),
        ("a.xhtml", "<p>Hills before rain, and the river behind them.</p>"),
    ] {
        writer.start_file(name, stored).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A document of one page.
pub(crate) fn pdf() -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let content = "BT /F1 12 Tf 72 720 Td (Hills before rain, and the river behind them.) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut places = Vec::new();
    for (n, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.extend_from_slice(format!("{n} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let table = file.len();
    file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for place in places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.extend_from_slice(end.as_bytes());
    file
}
