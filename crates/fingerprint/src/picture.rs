//! A picture decoded within bounds, and given row by row as it is looked at: upright, on white.

use std::io::{BufRead, Seek};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader, Limits};

use crate::error::{ContentError, broken};

/// The longest side, in pixels.
pub const SIDE_MAX: u32 = 65_500;
/// The most pixels.
pub const PIXELS_MAX: u64 = 100_000_000;
/// The most memory that the decoded picture and its decoder take, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 512 << 20;
/// Where a PNG says its colour type (PNG, third edition, 11.2.1), and the two types without an alpha channel.
const PNG_COLOUR_TYPE: usize = 25;
const PNG_GREY_OR_COLOUR: [u8; 2] = [0, 2];

/// A decoded picture.
#[derive(Debug)]
pub struct Picture {
    image: DynamicImage,
    /// Whether what the decoder took for transparent is shown all the same.
    opaque: bool,
}

impl Picture {
    /// Decodes a picture of any format that is read here, and sets it upright as its Exif data says.
    pub fn decode<R: BufRead + Seek>(mut reader: R) -> Result<Picture, ContentError> {
        let opaque = is_opaque_png(reader.fill_buf()?);
        let mut reader = ImageReader::new(reader).with_guessed_format()?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(SIDE_MAX);
        limits.max_image_height = Some(SIDE_MAX);
        limits.max_alloc = Some(MEMORY_BYTES_MAX);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| not_decoded(&error))?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        check("pixels", pixels, PIXELS_MAX)?;
        check("bytes of pixels", decoder.total_bytes(), MEMORY_BYTES_MAX)?;
        if pixels == 0 {
            return Err(ContentError::Nothing("pixel"));
        }
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| not_decoded(&error))?;
        if matches!(image, DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_)) {
            image = DynamicImage::ImageRgba8(image.into_rgba8());
        }
        image.apply_orientation(orientation);
        Ok(Picture { image, opaque })
    }

    /// Returns the width, in pixels.
    pub fn width(&self) -> usize {
        self.image.width() as usize
    }

    /// Returns the height, in pixels.
    pub fn height(&self) -> usize {
        self.image.height() as usize
    }

    /// Puts row `y` into `row`, each pixel as red, green and blue, on a white ground.
    pub fn row(&self, y: usize, row: &mut Vec<[u8; 3]>) {
        row.clear();
        let (width, opaque) = (self.width(), self.opaque);
        match &self.image {
            DynamicImage::ImageLuma8(image) => row.extend(samples(image.as_raw(), width, y, |[v]| [v, v, v])),
            DynamicImage::ImageLumaA8(image) => {
                row.extend(samples(image.as_raw(), width, y, |[v, a]| on_white([v; 3], a, opaque)));
            }
            DynamicImage::ImageRgb8(image) => row.extend(samples(image.as_raw(), width, y, |rgb| rgb)),
            DynamicImage::ImageRgba8(image) => {
                row.extend(samples(image.as_raw(), width, y, |[r, g, b, a]| on_white([r, g, b], a, opaque)));
            }
            DynamicImage::ImageLuma16(image) => {
                row.extend(samples(image.as_raw(), width, y, |[v]| [high(v); 3]));
            }
            DynamicImage::ImageLumaA16(image) => {
                row.extend(samples(image.as_raw(), width, y, |[v, a]| on_white([high(v); 3], high(a), opaque)));
            }
            DynamicImage::ImageRgb16(image) => {
                row.extend(samples(image.as_raw(), width, y, |rgb: [u16; 3]| rgb.map(high)));
            }
            DynamicImage::ImageRgba16(image) => {
                row.extend(samples(image.as_raw(), width, y, |[r, g, b, a]| {
                    on_white([high(r), high(g), high(b)], high(a), opaque)
                }));
            }
            // Floats were made bytes when the picture was decoded, and there are no others.
            _ => row.resize(width, [255; 3]),
        }
    }
}

/// Returns why a picture was not decoded, of what its decoder says.
fn not_decoded(error: &ImageError) -> ContentError {
    match error {
        ImageError::Limits(_) => ContentError::TooLarge { side_max: SIDE_MAX, bytes_max: MEMORY_BYTES_MAX },
        ImageError::Unsupported(_) => ContentError::Unsupported { what: "picture", why: error.to_string() },
        _ => broken("picture", error),
    }
}

fn check(what: &'static str, found: u64, max: u64) -> Result<(), ContentError> {
    if found > max { Err(ContentError::TooMuch { what, found, max }) } else { Ok(()) }
}

/// Returns whether a PNG has no alpha channel. One that names a transparent colour all the same is taken as it is stored,
/// as the reference takes it.
fn is_opaque_png(head: &[u8]) -> bool {
    head.starts_with(b"\x89PNG") && head.get(PNG_COLOUR_TYPE).is_some_and(|kind| PNG_GREY_OR_COLOUR.contains(kind))
}

/// Returns the pixels of row `y` of a picture of `N` samples a pixel.
fn samples<T: Copy, const N: usize>(
    raw: &[T],
    width: usize,
    y: usize,
    pixel: impl Fn([T; N]) -> [u8; 3],
) -> impl Iterator<Item = [u8; 3]> {
    let row = raw.get(y * width * N..(y + 1) * width * N).unwrap_or_default();
    row.as_chunks::<N>().0.iter().map(move |samples| pixel(*samples))
}

/// Returns the more significant byte, all that 16-bit samples count for.
fn high(sample: u16) -> u8 {
    sample.to_be_bytes()[0]
}

/// Returns a colour of this opacity as it looks on white, rounded as Pillow does.
fn on_white(colour: [u8; 3], alpha: u8, opaque: bool) -> [u8; 3] {
    if opaque || alpha == 255 {
        return colour;
    }
    colour.map(|value| {
        let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 128;
        u8::try_from(((sum >> 8) + sum) >> 8).unwrap_or(255)
    })
}
