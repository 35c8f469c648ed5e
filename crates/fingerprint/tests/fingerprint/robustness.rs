//! What happens to pictures on their way, and how far their codes move by it.

use std::collections::BTreeMap;

use colophon_fingerprint::content::Code;
use colophon_fingerprint::likeness::is_flat;
use colophon_fingerprint::thumbnail::Thumbnail;
use colophon_fingerprint::{ContentKind, Grade, content_of_bytes, distance, grade};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::painting::paint;
use crate::samples::{rgb_png, saved};

const PAINTINGS: u64 = 40;
const DIFFERENT: u64 = 500;

fn thumbnail(bytes: Vec<u8>, media_type: &str) -> Thumbnail {
    content_of_bytes(bytes, media_type).unwrap().unwrap().thumbnail.unwrap()
}

fn of_png(picture: &RgbImage) -> Thumbnail {
    thumbnail(rgb_png(picture), "image/png")
}

fn jpeg(picture: &RgbImage, quality: u8) -> Thumbnail {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).unwrap();
    thumbnail(bytes, "image/jpeg")
}

fn cropped(picture: &RgbImage, percent: u32) -> RgbImage {
    let (w, h) = picture.dimensions();
    let (x, y) = (w * percent / 200, h * percent / 200);
    imageops::crop_imm(picture, x, y, w - 2 * x, h - 2 * y).to_image()
}

fn halved(picture: &RgbImage) -> RgbImage {
    imageops::resize(picture, picture.width() / 2, picture.height() / 2, FilterType::Lanczos3)
}

fn framed(picture: &RgbImage) -> RgbImage {
    let (w, h) = picture.dimensions();
    let mut framed = RgbImage::from_pixel(w + w / 10, h + h / 10, Rgb([255; 3]));
    imageops::replace(&mut framed, picture, i64::from(w / 20), i64::from(h / 20));
    framed
}

fn marked(picture: &RgbImage) -> RgbImage {
    let (w, h) = picture.dimensions();
    let mut marked = picture.clone();
    for (x, y, pixel) in marked.enumerate_pixels_mut() {
        if x > w * 3 / 4 && y > h * 7 / 8 && (x / 3 + y / 3) % 2 == 0 {
            *pixel = Rgb([255; 3]);
        }
    }
    marked
}

fn brightened(picture: &RgbImage) -> RgbImage {
    let mut bright = picture.clone();
    for pixel in bright.pixels_mut() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255 again")]
        let gamma = |value: u8| ((f64::from(value) / 255.0).powf(1.0 / 1.8) * 255.0) as u8;
        *pixel = Rgb(pixel.0.map(gamma));
    }
    bright
}

fn grey(picture: &RgbImage) -> RgbImage {
    DynamicImage::ImageRgb8(picture.clone()).to_luma8().into_raw().into_iter().zip(0_u32..).fold(
        RgbImage::new(picture.width(), picture.height()),
        |mut grey, (value, place)| {
            grey.put_pixel(place % picture.width(), place / picture.width(), Rgb([value; 3]));
            grey
        },
    )
}

fn negative(picture: &RgbImage) -> RgbImage {
    let mut negative = picture.clone();
    imageops::invert(&mut negative);
    negative
}

/// Every change, with the largest median and the largest distance of 64 bits that is let pass: those of the table of
/// measurements that the thresholds come from, for paintings, and its spread.
const CHANGES: [(&str, u32, u32); 17] = [
    ("halved", 0, 4),
    ("jpeg 90", 0, 4),
    ("jpeg 50", 2, 6),
    ("jpeg 15", 2, 8),
    ("halved, jpeg 60", 2, 6),
    ("cropped 2", 4, 12),
    ("cropped 5", 10, 22),
    ("framed", 0, 0),
    ("marked", 8, 20),
    ("gamma", 8, 14),
    ("grey", 6, 14),
    ("mirrored", 0, 6),
    ("turned 90", 0, 6),
    ("turned 180", 0, 6),
    ("turned 270", 0, 6),
    ("negative", 4, 8),
    ("mirrored, cropped 2, halved, jpeg 75", 6, 14),
];

fn changed(picture: &RgbImage) -> Vec<Thumbnail> {
    vec![
        of_png(&halved(picture)),
        jpeg(picture, 90),
        jpeg(picture, 50),
        jpeg(picture, 15),
        jpeg(&halved(picture), 60),
        of_png(&cropped(picture, 2)),
        of_png(&cropped(picture, 5)),
        of_png(&framed(picture)),
        of_png(&marked(picture)),
        of_png(&brightened(picture)),
        of_png(&grey(picture)),
        of_png(&imageops::flip_horizontal(picture)),
        of_png(&imageops::rotate90(picture)),
        of_png(&imageops::rotate180(picture)),
        of_png(&imageops::rotate270(picture)),
        of_png(&negative(picture)),
        jpeg(&halved(&cropped(&imageops::flip_horizontal(picture), 2)), 75),
    ]
}

/// Returns the distance of the nearest variant, with that of the difference hashes there.
fn nearest(one: &Thumbnail, other: &Thumbnail) -> (u32, u32) {
    let (code, dhash) = (other.code(), other.dhash());
    let of = |variant: &Thumbnail| (distance(&variant.code(), &code), (variant.dhash() ^ dhash).count_ones());
    one.variants().iter().map(of).min().unwrap()
}

#[test]
fn a_changed_picture_is_still_recognised() {
    let mut distances: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for seed in 0..PAINTINGS {
        let picture = paint(1_000 + seed, 400, 300);
        let own = of_png(&picture);
        for (change, thumbnail) in changed(&picture).iter().enumerate() {
            distances.entry(change).or_default().push(nearest(thumbnail, &own).0);
        }
    }
    let mut wrong = Vec::new();
    for (change, found) in &mut distances {
        found.sort_unstable();
        let (median, most) = (found[found.len() / 2], found[found.len() - 1]);
        let (name, median_max, most_max) = CHANGES[*change];
        println!("{name}: median {median}, p90 {}, max {most}", found[found.len() * 9 / 10]);
        if median > median_max || most > most_max {
            wrong.push(format!("{name}: median {median} of {median_max}, max {most} of {most_max}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn different_pictures_raise_no_alarm() {
    let codes = |thumbnail: &Thumbnail| (thumbnail.code(), thumbnail.dhash());
    let works: Vec<[(Code, u64); 16]> =
        (0..DIFFERENT).map(|seed| of_png(&paint(10_000 + seed, 160, 120)).variants().each_ref().map(codes)).collect();
    let mut nearest = u32::MAX;
    for (place, variants) in works.iter().enumerate() {
        // The first variant is the picture as it is.
        for [(code, dhash), ..] in works.iter().skip(place + 1) {
            for (variant, variant_dhash) in variants {
                let distance = distance(variant, code);
                nearest = nearest.min(distance);
                let grade = grade(ContentKind::Image, distance, Some((variant_dhash ^ dhash).count_ones()));
                assert!(!matches!(grade, Some(Grade::Same | Grade::Lookalike)), "{place} at distance {distance}");
            }
        }
    }
    println!("the nearest of all pairs is at {nearest}");
    assert!(works.iter().all(|[(code, _), ..]| !is_flat(code)));
}

#[test]
fn flat_pictures_are_known_as_such() {
    for (name, picture) in [
        ("one colour", RgbImage::from_pixel(64, 48, Rgb([7, 80, 200]))),
        ("a gradient", RgbImage::from_fn(256, 64, |x, _| Rgb([u8::try_from(x).unwrap(); 3]))),
    ] {
        let code = of_png(&picture).code();
        assert!(is_flat(&code), "{name} has {code:02x?}");
    }
}

#[test]
fn every_format_shows_the_same_picture() {
    let picture = DynamicImage::ImageRgb8(paint(31, 200, 160));
    let own = of_png(picture.as_rgb8().unwrap());
    for (format, media_type) in [
        (ImageFormat::Bmp, "image/bmp"),
        (ImageFormat::Tiff, "image/tiff"),
        (ImageFormat::WebP, "image/webp"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::Jpeg, "image/jpeg"),
    ] {
        let bytes = if format == ImageFormat::Gif {
            saved(&DynamicImage::ImageRgba8(picture.to_rgba8()), format)
        } else {
            saved(&picture, format)
        };
        let distance = distance(&thumbnail(bytes, media_type).code(), &own.code());
        let lossless = matches!(format, ImageFormat::Bmp | ImageFormat::Tiff | ImageFormat::WebP);
        assert!(if lossless { distance == 0 } else { distance <= 4 }, "{media_type} is {distance} away");
    }
}
