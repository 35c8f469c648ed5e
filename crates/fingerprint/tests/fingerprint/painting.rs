//! Pictures painted from a number: the same pixels on every machine, so that what others computed of them can be compared.

use image::{Rgb, RgbImage};

/// Numbers that follow from a seed (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from `low` to below `high`.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.next() % u64::try_from(high - low).unwrap()).unwrap()
    }

    fn colour(&mut self) -> [i64; 3] {
        std::array::from_fn(|_| self.within(0, 256))
    }
}

/// A shape on a picture: an ellipse or a tilted bar, and how strongly it covers, of 256.
struct Shape {
    round: bool,
    at: (i64, i64),
    size: (i64, i64),
    tilt: (i64, i64),
    colour: [i64; 3],
    cover: i64,
}

impl Shape {
    fn covers(&self, x: i64, y: i64) -> bool {
        let (right, down) = (x - self.at.0, y - self.at.1);
        let along = (right * self.tilt.0 + down * self.tilt.1) / 256;
        let across = (down * self.tilt.0 - right * self.tilt.1) / 256;
        let (w, h) = self.size;
        if self.round {
            along * along * h * h + across * across * w * w <= w * w * h * h
        } else {
            along.abs() <= w && across.abs() <= h
        }
    }
}

/// Paints the picture of a seed: a ground between four colours, shapes on it, and a grain over all.
pub(crate) fn paint(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut dice = Dice::new(seed);
    let (w, h) = (i64::from(width), i64::from(height));
    let corners: [[i64; 3]; 4] = std::array::from_fn(|_| dice.colour());
    let count = dice.within(6, 20);
    let shapes: Vec<Shape> = (0..count)
        .map(|_| Shape {
            round: dice.next() & 1 == 0,
            at: (dice.within(0, w), dice.within(0, h)),
            size: (dice.within(w / 24 + 1, w / 3 + 2), dice.within(h / 24 + 1, h / 3 + 2)),
            tilt: [(256, 0), (236, 98), (181, 181), (98, 236)][usize::try_from(dice.within(0, 4)).unwrap()],
            colour: dice.colour(),
            cover: dice.within(96, 257),
        })
        .collect();
    let grain = dice.within(2, 24);
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (i64::from(x), i64::from(y));
        let mut pixel: [i64; 3] = std::array::from_fn(|c| {
            let top = corners[0][c] * (w - x) + corners[1][c] * x;
            let bottom = corners[2][c] * (w - x) + corners[3][c] * x;
            (top * (h - y) + bottom * y) / (w * h)
        });
        for shape in shapes.iter().filter(|shape| shape.covers(x, y)) {
            pixel = std::array::from_fn(|c| (pixel[c] * (256 - shape.cover) + shape.colour[c] * shape.cover) / 256);
        }
        let noise = dice.within(-grain, grain + 1);
        Rgb(pixel.map(|value| u8::try_from((value + noise).clamp(0, 255)).unwrap()))
    })
}
