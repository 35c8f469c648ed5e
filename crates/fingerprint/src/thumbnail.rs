//! A picture made small and grey: all that its codes are made of.
//!
//! The steps are those of the ISCC reference before the standard begins (IEP-0004 leaves them open): upright, on white, the
//! border of the corner's colour trimmed, grey by Rec. 601 in 16-bit integers, 32 × 32 by a bicubic filter (a = -0.5, widened
//! by the scale) whose weights are 22-bit integers, rows first. Integers make the result the same on every machine.

mod variants;

use iscc_lib::gen_image_code_v0;

use crate::code::{CODE_BITS, Code, code_of};
use crate::picture::Picture;

/// Pixels along a side.
pub const SIDE: usize = 32;
/// Bits after the point in a filter's weight.
const WEIGHT_BITS: u32 = 22;
/// How far the bicubic filter reaches, in pixels of the smaller picture.
const REACH: f64 = 2.0;
/// Rec. 601 luma of red, green and blue, in 2^-16.
const LUMA: [u32; 3] = [19_595, 38_470, 7_471];
/// Size of the reduction whose neighbours the difference hash compares.
const DHASH_WIDTH: usize = 9;
const DHASH_HEIGHT: usize = 8;

/// 32 × 32 grey pixels, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumbnail(pub [u8; SIDE * SIDE]);

impl Thumbnail {
    /// Reduces a picture.
    pub fn of(picture: &Picture) -> Thumbnail {
        let frame = Frame::of(picture);
        let across = weights(frame.right - frame.left, SIDE);
        let (mut row, mut grey) = (Vec::new(), Vec::new());
        let mut narrow = Vec::with_capacity((frame.bottom - frame.top) * SIDE);
        for y in frame.top..frame.bottom {
            picture.row(y, &mut row);
            grey.clear();
            grey.extend(row.get(frame.left..frame.right).unwrap_or_default().iter().copied().map(luma));
            narrow.extend(across.iter().map(|weight| weight.sum(|place| grey.get(place).copied())));
        }
        let down = weights(frame.bottom - frame.top, SIDE);
        Thumbnail(std::array::from_fn(|place| {
            let (x, y) = (place % SIDE, place / SIDE);
            down[y].sum(|row| narrow.get(row * SIDE + x).copied())
        }))
    }

    /// Returns the ISCC Content-Code Image.
    pub fn code(&self) -> Code {
        let result = gen_image_code_v0(&self.0, CODE_BITS).map(|result| result.iscc);
        code_of(result, "picture").expect("1024 pixels have a code of 256 bits")
    }

    /// Returns the difference hash: bit by bit, most significant first, whether a pixel of the 9 × 8 reduction is brighter
    /// than the one to its left.
    pub fn dhash(&self) -> u64 {
        let across = weights(SIDE, DHASH_WIDTH);
        let narrow: Vec<u8> = (self.0.chunks_exact(SIDE))
            .flat_map(|row| across.iter().map(|weight| weight.sum(|place| row.get(place).copied())))
            .collect();
        let down = weights(SIDE, DHASH_HEIGHT);
        let pixel = |x: usize, y: usize| down[y].sum(|row| narrow.get(row * DHASH_WIDTH + x).copied());
        let bits = (0..DHASH_HEIGHT).flat_map(|y| (1..DHASH_WIDTH).map(move |x| (x, y)));
        bits.fold(0, |hash, (x, y)| hash << 1 | u64::from(pixel(x, y) > pixel(x - 1, y)))
    }
}

/// The part of a picture within a border that has the colour of its top left corner.
struct Frame {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Frame {
    /// Finds the frame; that of a picture of one colour is the whole of it.
    fn of(picture: &Picture) -> Frame {
        let mut row = Vec::new();
        picture.row(0, &mut row);
        let corner = row.first().copied().unwrap_or_default();
        let mut found = Frame { left: picture.width(), right: 0, top: picture.height(), bottom: 0 };
        for y in 0..picture.height() {
            picture.row(y, &mut row);
            let Some(first) = row.iter().position(|pixel| *pixel != corner) else { continue };
            let last = row.iter().rposition(|pixel| *pixel != corner).unwrap_or(first);
            found.left = found.left.min(first);
            found.right = found.right.max(last + 1);
            found.top = found.top.min(y);
            found.bottom = y + 1;
        }
        if found.right > 0 {
            return found;
        }
        Frame { left: 0, right: picture.width(), top: 0, bottom: picture.height() }
    }
}

fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = u32::from(red) * LUMA[0] + u32::from(green) * LUMA[1] + u32::from(blue) * LUMA[2] + 0x8000;
    u8::try_from(sum >> 16).unwrap_or(255)
}

/// What one pixel of the reduction is made of: weights of the pixels from `first` on, in 2^-22.
struct Weights {
    first: usize,
    weights: Vec<i32>,
}

impl Weights {
    fn sum(&self, pixel: impl Fn(usize) -> Option<u8>) -> u8 {
        let half = 1_i32 << (WEIGHT_BITS - 1);
        let weighted = (self.first..).zip(&self.weights);
        let sum =
            weighted.fold(half, |sum, (place, weight)| sum + weight * i32::from(pixel(place).unwrap_or_default()));
        u8::try_from((sum >> WEIGHT_BITS).clamp(0, 255)).unwrap_or(255)
    }
}

/// Returns the weights by which `input` pixels become `output`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are below 2^17, and what is truncated is truncated by the definition of the filter"
)]
fn weights(input: usize, output: usize) -> Vec<Weights> {
    let scale = input as f64 / output as f64;
    let widened = scale.max(1.0);
    let (reach, narrowing) = (REACH * widened, 1.0 / widened);
    let one = |place: usize| {
        let centre = (place as f64 + 0.5) * scale;
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let end = ((centre + reach + 0.5) as usize).min(input);
        let mut sum = 0.0;
        let mut shares = Vec::with_capacity(end - first);
        for pixel in first..end {
            let share = bicubic((pixel as f64 - centre + 0.5) * narrowing);
            shares.push(share);
            sum += share;
        }
        let unit = f64::from(1 << WEIGHT_BITS);
        let integer = |share: f64| {
            let scaled = if sum == 0.0 { share } else { share / sum } * unit;
            (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i32
        };
        Weights { first, weights: shares.into_iter().map(integer).collect() }
    };
    (0..output).map(one).collect()
}

fn bicubic(distance: f64) -> f64 {
    const A: f64 = -0.5;
    let x = distance.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < REACH {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}
