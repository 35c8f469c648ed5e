//! What happens to pictures on their way, and how far their codes move by it.

use colophon_fingerprint::Code;
use colophon_fingerprint::likeness::{is_flat, whole_distance};
use colophon_fingerprint::thumbnail::Thumbnail;
use colophon_fingerprint::{ContentKind, Grade, SecondOpinion, content_of_bytes, distance, grade};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::corpus::{rgb_png, saved};
use crate::painting::paint;
use crate::samples::public_samples;

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
            *pixel = Rgb(pixel.0.map(|value| value / 2 + 128));
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

/// Moves every value away from the middle grey of the picture, or towards it.
fn contrasted(picture: &RgbImage, factor: f64) -> RgbImage {
    let grey = DynamicImage::ImageRgb8(picture.clone()).to_luma8();
    let middle = grey.as_raw().iter().map(|value| f64::from(*value)).sum::<f64>()
        / f64::from(picture.width() * picture.height());
    let mut contrasted = picture.clone();
    for pixel in contrasted.pixels_mut() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
        let moved = |value: u8| (middle + (f64::from(value) - middle) * factor).clamp(0.0, 255.0) as u8;
        *pixel = Rgb(pixel.0.map(moved));
    }
    contrasted
}

/// Turns a picture around its middle; into the corners its edges go on.
fn tilted(picture: &RgbImage, degrees: f64) -> RgbImage {
    let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
    let (sin, cos) = degrees.to_radians().sin_cos();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (right, down) = (f64::from(x) + 0.5 - w / 2.0, f64::from(y) + 0.5 - h / 2.0);
        let (x, y) = (right * cos - down * sin + w / 2.0 - 0.5, right * sin + down * cos + h / 2.0 - 0.5);
        #[expect(clippy::cast_possible_truncation, reason = "a place in the picture")]
        let (x, y) = (x.clamp(0.0, w - 1.0) as f32, y.clamp(0.0, h - 1.0) as f32);
        imageops::interpolate_bilinear(picture, x, y).unwrap()
    })
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

/// What happens to a picture, and how far its codes may move by it.
struct Change {
    name: &'static str,
    make: fn(&RgbImage) -> Thumbnail,
    /// Of the paintings: median, ninth decile and maximum of the distances of 64 bits.
    codes: [u32; 3],
    /// Of the paintings: median and maximum of the distances of the difference hashes.
    dhashes: [u32; 2],
    /// Of the photographs: maximum of both.
    photos: [u32; 2],
}

const fn change(
    name: &'static str,
    make: fn(&RgbImage) -> Thumbnail,
    codes: [u32; 3],
    dhashes: [u32; 2],
    photos: [u32; 2],
) -> Change {
    Change { name, make, codes, dhashes, photos }
}

/// Every change, with the bounds of the table of measurements that the thresholds come from. Where it says nothing (as of every
/// maximum behind a crop, a tilt, or of most difference hashes) the bound is what comes out here; where a picture of these goes
/// beyond it, the row says so. These paintings have 400 × 300 pixels, of which a block of JPEG is a fiftieth.
const CHANGES: [Change; 22] = [
    // In the table a ninth decile of 0, and 1 of the difference hash: more of these are on the edge of a bit, whatever their size.
    change("halved", |p| of_png(&halved(p)), [0, 2, 2], [0, 2], [2, 0]),
    // In the table a ninth decile of 0, and a maximum of 0 of photographs: as above.
    change("jpeg 90", |p| jpeg(p, 90), [0, 2, 2], [0, 3], [2, 0]),
    change("jpeg 50", |p| jpeg(p, 50), [0, 2, 2], [1, 3], [2, 0]),
    // In the table 0/2/2 and 1/3. Paintings of 1024 × 768 come to 0/2/4 and 1/4: their blocks are a smaller part of them.
    change("jpeg 15", |p| jpeg(p, 15), [0, 4, 4], [2, 7], [8, 2]),
    // In the table 0/2 of the difference hash; of 1024 × 768 it is 0/4.
    change("halved, jpeg 60", |p| jpeg(&halved(p), 60), [0, 2, 2], [1, 4], [8, 0]),
    change("cropped 2", |p| of_png(&cropped(p, 2)), [2, 4, 6], [2, 5], [2, 3]),
    change("cropped 5", |p| of_png(&cropped(p, 5)), [6, 8, 10], [6, 9], [10, 4]),
    change("cropped 10", |p| of_png(&cropped(p, 10)), [10, 12, 16], [11, 15], [12, 9]),
    // The difference hashes of the table, 16, were of the picture with its frame. These are of what the code is of.
    change("framed", |p| of_png(&framed(p)), [0, 0, 0], [0, 0], [0, 0]),
    // In the table 0/2/2: what JPEG leaves in the white around the picture is not trimmed, up to 7 pixels on each side. Of 1024 × 768
    // that is less, and comes to 2/6/8.
    change("framed, jpeg 90", |p| jpeg(&framed(p), 90), [6, 12, 12], [5, 9], [10, 5]),
    change("marked", |p| of_png(&marked(p)), [4, 8, 14], [2, 2], [14, 1]),
    // In the table a maximum of 4 of photographs.
    change("gamma 1.8", |p| of_png(&brightened(p)), [4, 8, 8], [3, 8], [6, 1]),
    change("contrast +40 %", |p| of_png(&contrasted(p, 1.4)), [2, 4, 6], [1, 7], [8, 0]),
    // In the table 0 of the difference hash: this grey (Rec. 709) has other weights than that of the code, and the same would move nothing.
    change("grey", |p| of_png(&grey(p)), [4, 6, 10], [4, 13], [6, 1]),
    change("tilted 2", |p| of_png(&tilted(p, 2.0)), [4, 8, 10], [4, 8], [8, 1]),
    change("tilted 5", |p| of_png(&tilted(p, 5.0)), [10, 14, 16], [9, 14], [16, 6]),
    change("mirrored", |p| of_png(&imageops::flip_horizontal(p)), [0, 0, 0], [0, 0], [0, 0]),
    // In the table a ninth decile of 0: the thumbnail is made by rows first, and of what lies on its side by columns.
    change("turned 90", |p| of_png(&imageops::rotate90(p)), [0, 2, 4], [0, 2], [0, 0]),
    change("turned 180", |p| of_png(&imageops::rotate180(p)), [0, 0, 0], [0, 0], [0, 0]),
    change("turned 270", |p| of_png(&imageops::rotate270(p)), [0, 2, 4], [0, 2], [0, 0]),
    change("negative", |p| of_png(&negative(p)), [0, 0, 2], [0, 0], [0, 0]),
    change(
        "mirrored, cropped 2, halved, jpeg 75",
        |p| jpeg(&halved(&cropped(&imageops::flip_horizontal(p), 2)), 75),
        [2, 4, 6],
        [2, 5],
        [4, 3],
    ),
];

/// Returns the codes of the variants, with their difference hashes. The first is of the picture as it is.
fn variants(one: &Thumbnail) -> Vec<(Code, u64)> {
    one.variant_codes().into_iter().zip(one.variants().map(|variant| variant.dhash())).collect()
}

/// Returns the distance of two codes and that of the difference hashes there, with what they mean.
fn compared((code, dhash): &(Code, u64), (other, other_dhash): &(Code, u64)) -> (u32, u32, Option<Grade>) {
    let (distance, dhashes) = (distance(code, other), (dhash ^ other_dhash).count_ones());
    let second = SecondOpinion { dhashes: Some(dhashes), whole: Some(whole_distance(code, other)) };
    (distance, dhashes, grade(ContentKind::Image, distance, second))
}

/// Returns the distance of the nearest variant, with that of the difference hashes there. What is near enough to raise an alarm raises it: no
/// second opinion takes a copy for another picture.
fn nearest(one: &Thumbnail, other: &Thumbnail) -> (u32, u32) {
    let other = (other.code(), other.dhash());
    let (distance, dhashes, grade) =
        variants(one).iter().map(|variant| compared(variant, &other)).min_by_key(|found| found.0).unwrap();
    assert_eq!(distance <= 10, matches!(grade, Some(Grade::Same | Grade::Lookalike)), "{distance}, {dhashes}");
    (distance, dhashes)
}

/// Changes each picture in every way; returns the sorted distances of the codes and of the difference hashes, change by change.
fn moved(pictures: &[RgbImage]) -> Vec<[Vec<u32>; 2]> {
    let own: Vec<Thumbnail> = pictures.iter().map(of_png).collect();
    let of = |change: &Change| {
        let far = pictures.iter().zip(&own).map(|(picture, own)| nearest(&(change.make)(picture), own));
        let (mut codes, mut dhashes): (Vec<u32>, Vec<u32>) = far.unzip();
        codes.sort_unstable();
        dhashes.sort_unstable();
        [codes, dhashes]
    };
    CHANGES.iter().map(of).collect()
}

/// Returns median, ninth decile and maximum.
fn spread(sorted: &[u32]) -> [u32; 3] {
    [sorted.len() / 2, sorted.len() * 9 / 10, sorted.len() - 1].map(|place| sorted[place])
}

/// Fails with what was found of each change beside what it may be, where that is more.
fn report(rows: impl Iterator<Item = (&'static str, Vec<u32>, Vec<u32>)>) {
    let is_more = |(_, found, max): &(&str, Vec<u32>, Vec<u32>)| found.iter().zip(max).any(|(found, max)| found > max);
    let wrong: Vec<_> = rows.filter(is_more).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_changed_painting_is_still_recognised() {
    let paintings: Vec<RgbImage> = (0..PAINTINGS).map(|seed| paint(1_000 + seed, 400, 300)).collect();
    report(CHANGES.iter().zip(moved(&paintings)).map(|(change, [codes, dhashes])| {
        let [median, _, most] = spread(&dhashes);
        (change.name, [&spread(&codes)[..], &[median, most]].concat(), [&change.codes[..], &change.dhashes].concat())
    }));
}

/// Those of the public samples of C2PA that are photographs.
#[test]
fn a_changed_photograph_is_still_recognised() {
    let Some(folder) = public_samples("a_changed_photograph_is_still_recognised") else { return };
    let photo = |name: &str| {
        let picture = image::open(folder.join(name)).unwrap();
        picture.resize(600, 600, FilterType::Lanczos3).to_rgb8()
    };
    let photos = ["CA.jpg", "CACA.jpg", "sample1.webp"].map(photo);
    report(CHANGES.iter().zip(moved(&photos)).map(|(change, [codes, dhashes])| {
        (change.name, vec![spread(&codes)[2], spread(&dhashes)[2]], change.photos.to_vec())
    }));
}

#[test]
fn different_pictures_raise_no_alarm() {
    let works: Vec<Vec<(Code, u64)>> =
        (0..DIFFERENT).map(|seed| variants(&of_png(&paint(10_000 + seed, 160, 120)))).collect();
    let mut nearest = u32::MAX;
    for (place, variants) in works.iter().enumerate() {
        for other in works.iter().skip(place + 1).map(|variants| &variants[0]) {
            for variant in variants {
                let (distance, _, grade) = compared(variant, other);
                nearest = nearest.min(distance);
                assert!(!matches!(grade, Some(Grade::Same | Grade::Lookalike)), "{place} at distance {distance}");
            }
        }
    }
    println!("the nearest of all pairs is at {nearest}");
    assert!(works.iter().all(|variants| !is_flat(&variants[0].0)));
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
