//! One small file of each type that is decoded: shared with the fuzz targets.

use std::io::{Cursor, Write as _};

use image::{DynamicImage, ImageFormat, RgbImage};

use crate::painting::paint;

/// One small file of each type. The compressed sounds are made by `testdata/sounds/build.sh`.
pub(crate) fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let picture = paint(3, 40, 30);
    let rgba = DynamicImage::ImageRgba8(DynamicImage::ImageRgb8(picture.clone()).to_rgba8());
    let rgb = DynamicImage::ImageRgb8(picture.clone());
    vec![
        ("image/png", rgb_png(&picture)),
        ("image/jpeg", saved(&rgb, ImageFormat::Jpeg)),
        ("image/gif", saved(&rgba, ImageFormat::Gif)),
        ("image/webp", saved(&rgb, ImageFormat::WebP)),
        ("image/bmp", saved(&rgb, ImageFormat::Bmp)),
        ("image/tiff", saved(&rgb, ImageFormat::Tiff)),
        ("audio/wav", wav(6, 330.0)),
        ("audio/aac", include_bytes!("../testdata/sounds/glide.aac").to_vec()),
        ("audio/aiff", include_bytes!("../testdata/sounds/glide.aiff").to_vec()),
        ("audio/flac", include_bytes!("../testdata/sounds/glide.flac").to_vec()),
        ("audio/mp4", include_bytes!("../testdata/sounds/glide.m4a").to_vec()),
        ("audio/mpeg", include_bytes!("../testdata/sounds/glide.mp3").to_vec()),
        ("audio/ogg", include_bytes!("../testdata/sounds/glide.ogg").to_vec()),
        ("image/apng", rgb_png(&picture)),
        ("application/xhtml+xml", b"<?xml version='1.0'?><html><p>Hills &amp; rain</p></html>".to_vec()),
        ("text/plain", "Hügel vor dem Regen\n".repeat(9).into_bytes()),
        ("text/html", b"<!DOCTYPE html><script>x</script><p>Hills &amp; rain<b><i><table>".to_vec()),
        ("application/epub+zip", epub()),
        ("application/pdf", pdf()),
    ]
}

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

/// Some seconds of two sounding strings as a WAV file.
pub(crate) fn wav(seconds: u32, pitch: f64) -> Vec<u8> {
    wav_of(22_050, seconds, &|time| {
        let swell = 1.0 + (time * 1.7).sin();
        let value = (time * pitch * std::f64::consts::TAU).sin() * swell
            + (time * (pitch * 1.5 + 40.0 * (time * 0.9).sin()) * std::f64::consts::TAU).sin();
        value * 8_000.0
    })
}

/// Some seconds of a sound as a WAV file, 16 bits. `value` is that of a second, within them.
pub(crate) fn wav_of(rate: u32, seconds: u32, value: &dyn Fn(f64) -> f64) -> Vec<u8> {
    let mut sound = Vec::new();
    for n in 0..rate * seconds {
        #[expect(clippy::cast_possible_truncation, reason = "what is given fits")]
        let sample = value(f64::from(n) / f64::from(rate)) as i16;
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
