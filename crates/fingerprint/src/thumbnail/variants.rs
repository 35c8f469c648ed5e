//! A picture in its 8 orientations, each as it is and in negative, and the codes of all 16 out of two cosine transforms.
//!
//! What a code is made of are the signs and sizes of cosine coefficients. Mirrored, a picture has those of odd order with the other
//! sign; in negative, all but the mean. That holds to the last bit for the transform of the ISCC reference (Nayuki's fast one), which adds
//! and subtracts what lies opposite. Turned on its side a picture is transformed anew, for rows come before columns.

use std::f64::consts::PI;

use super::{SIDE, Thumbnail};
use crate::code::Code;

/// How many coefficients along a side a code is made of.
const KEPT: usize = 16;
/// A code's squares, of 8 × 8 coefficients each: the first column and the first row.
const SQUARES: [(usize, usize); 4] = [(0, 0), (8, 0), (0, 8), (8, 8)];
const SQUARE_SIDE: usize = 8;
/// The first coefficient of a white picture: the sum of its pixels.
const WHITE: f64 = 255.0 * 1024.0;

/// One of the 16, by its number.
#[derive(Clone, Copy)]
struct Variant(usize);

impl Variant {
    /// Whether rows and columns have changed places, before anything else.
    fn is_turned(self) -> bool {
        self.0 & 1 != 0
    }

    fn is_mirrored_across(self) -> bool {
        self.0 & 2 != 0
    }

    fn is_mirrored_down(self) -> bool {
        self.0 & 4 != 0
    }

    fn is_negative(self) -> bool {
        self.0 & 8 != 0
    }
}

impl Thumbnail {
    /// Returns the picture in its 8 orientations, each as it is and in negative; first as it is.
    pub fn variants(&self) -> [Thumbnail; 16] {
        std::array::from_fn(|number| {
            let variant = Variant(number);
            Thumbnail(std::array::from_fn(|place| {
                let across = |x: usize| if variant.is_mirrored_across() { SIDE - 1 - x } else { x };
                let down = |y: usize| if variant.is_mirrored_down() { SIDE - 1 - y } else { y };
                let (x, y) = (across(place % SIDE), down(place / SIDE));
                let value = if variant.is_turned() { self.0[x * SIDE + y] } else { self.0[y * SIDE + x] };
                if variant.is_negative() { 255 - value } else { value }
            }))
        })
    }

    /// Returns the codes of its variants, as [`Thumbnail::code`] gives each.
    pub fn variant_codes(&self) -> [Code; 16] {
        let upright = Spectrum::of(|x, y| self.0[y * SIDE + x]);
        let turned = Spectrum::of(|x, y| self.0[x * SIDE + y]);
        std::array::from_fn(|number| {
            let variant = Variant(number);
            (if variant.is_turned() { &turned } else { &upright }).code(variant)
        })
    }
}

/// The first cosine coefficients of a picture, row by row.
struct Spectrum([[f64; KEPT]; KEPT]);

impl Spectrum {
    /// Transforms the picture with this pixel in column `x` of row `y`: its rows, then what they came to column by column.
    fn of(pixel: impl Fn(usize, usize) -> u8) -> Spectrum {
        let cosines = cosines();
        let transformed = |mut line: [f64; SIDE]| {
            transform(&mut line, &mut [0.0; SIDE], &cosines);
            line
        };
        let rows: [[f64; SIDE]; SIDE] =
            std::array::from_fn(|y| transformed(std::array::from_fn(|x| f64::from(pixel(x, y)))));
        let columns: [[f64; SIDE]; KEPT] = std::array::from_fn(|x| transformed(rows.map(|row| row[x])));
        Spectrum(std::array::from_fn(|y| columns.map(|column| column[y])))
    }

    /// Returns the code of a variant: square by square, which coefficients are above the median of their square.
    fn code(&self, variant: Variant) -> Code {
        let mut code = [0; 32];
        let mut bytes = code.iter_mut();
        for (left, top) in SQUARES {
            let square: [f64; SQUARE_SIDE * SQUARE_SIDE] = std::array::from_fn(|place| {
                self.coefficient(left + place % SQUARE_SIDE, top + place / SQUARE_SIDE, variant)
            });
            let median = median(square);
            for (row, byte) in square.chunks_exact(SQUARE_SIDE).zip(&mut bytes) {
                *byte = row.iter().fold(0, |byte, value| byte << 1 | u8::from(*value > median));
            }
        }
        code
    }

    /// Returns the coefficient that a variant has in column `x` of row `y`.
    fn coefficient(&self, x: usize, y: usize, variant: Variant) -> f64 {
        let value = self.0[y][x];
        if variant.is_negative() && (x, y) == (0, 0) {
            return WHITE - value;
        }
        let is_odd = |order: usize| order & 1 != 0;
        let across = variant.is_mirrored_across() && is_odd(x);
        let down = variant.is_mirrored_down() && is_odd(y);
        if across ^ down ^ variant.is_negative() { -value } else { value }
    }
}

fn median(mut values: [f64; SQUARE_SIDE * SQUARE_SIDE]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    f64::midpoint(values[values.len() / 2 - 1], values[values.len() / 2])
}

/// Returns what the differences in a line of `2 * half` values are divided by, at `half` and following.
fn cosines() -> [f64; SIDE] {
    let mut cosines = [0.0; SIDE];
    for half in [1_u8, 2, 4, 8, 16] {
        for place in 0..half {
            cosines[usize::from(half + place)] = ((f64::from(place) + 0.5) * PI / f64::from(2 * half)).cos();
        }
    }
    cosines
}

/// Puts the discrete cosine transform of a line in its place. Its length is a power of two.
fn transform(line: &mut [f64], spare: &mut [f64], cosines: &[f64; SIDE]) {
    let (length, half) = (line.len(), line.len() / 2);
    if half == 0 {
        return;
    }
    for place in 0..half {
        let (one, opposite) = (line[place], line[length - 1 - place]);
        spare[place] = one + opposite;
        spare[half + place] = (one - opposite) / cosines[half + place] / 2.0;
    }
    let (sums, differences) = spare.split_at_mut(half);
    let (first, second) = line.split_at_mut(half);
    transform(sums, first, cosines);
    transform(differences, second, cosines);
    for place in 0..half {
        line[2 * place] = sums[place];
        line[2 * place + 1] = differences[place] + differences.get(place + 1).copied().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fails unless each variant's code is the one that the library makes of the variant's pixels.
    fn check(thumbnail: &Thumbnail) {
        assert_eq!(thumbnail.variant_codes(), thumbnail.variants().map(|variant| variant.code()));
    }

    #[test]
    fn pictures_with_coefficients_that_are_nothing_have_the_same_codes() {
        let shade = |value: usize| u8::try_from(value % 256).unwrap();
        let check_pixels = |pixel: &dyn Fn(usize, usize) -> u8| {
            check(&Thumbnail(std::array::from_fn(|place| pixel(place % SIDE, place / SIDE))));
        };
        for tone in [0, 77, 255] {
            check_pixels(&|_, _| tone);
        }
        check_pixels(&|x, _| shade(x * 8));
        check_pixels(&|_, y| shade(y * 8));
        check_pixels(&|x, y| if (x / 4 + y / 4).is_multiple_of(2) { 255 } else { 0 });
        // A ring, which is its own mirror image.
        let from_middle = |at: usize| (2 * at).abs_diff(SIDE - 1).pow(2);
        check_pixels(&|x, y| if (100..500).contains(&(from_middle(x) + from_middle(y))) { 20 } else { 240 });
        check_pixels(&|x, y| if (x, y) == (16, 17) { 200 } else { 0 });
    }

    proptest! {
        #[test]
        fn any_picture_has_the_same_codes(pixels in proptest::collection::vec(any::<u8>(), 1024)) {
            check(&Thumbnail(pixels.try_into().unwrap()));
        }

        #[test]
        fn any_picture_of_few_tones_has_the_same_codes(pixels in proptest::collection::vec(0_u8..3, 1024)) {
            let pixels: [u8; 1024] = pixels.try_into().unwrap();
            check(&Thumbnail(pixels.map(|tone| tone * 127)));
        }
    }
}
