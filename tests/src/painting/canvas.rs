//! A sheet to paint on: colours laid over each other through masks, and the finished picture as a PNG.

use crate::painting::noise::{ONE, SUB, length, mix};

/// A colour: red, green and blue, 0 to 255 each.
pub(crate) type Colour = [i64; 3];

/// A point in subpixels.
pub(crate) type Point = (i64, i64);

/// A picture in the making. Channels are kept in 1/256 of a step, so that soft gradients do not break into bands.
pub(crate) struct Canvas {
    width: i64,
    height: i64,
    channels: Vec<[i64; 3]>,
}

impl Canvas {
    /// A sheet of one colour; `width` and `height` in pixels.
    pub(crate) fn new(width: i64, height: i64, colour: Colour) -> Self {
        let pixels = usize::try_from(width * height).expect("a picture has a size");
        Self { width, height, channels: vec![colour.map(|channel| channel * SUB); pixels] }
    }

    /// Returns width and height in pixels.
    pub(crate) fn size(&self) -> (i64, i64) {
        (self.width, self.height)
    }

    /// Lays `colour` over one pixel; `cover` is a fraction. Outside the sheet nothing happens.
    pub(crate) fn lay(&mut self, x: i64, y: i64, colour: Colour, cover: i64) {
        if let Some(pixel) = self.pixel(x, y) {
            for (channel, new) in pixel.iter_mut().zip(colour) {
                *channel = mix(*channel, new * SUB, cover.clamp(0, ONE));
            }
        }
    }

    /// Darkens one pixel as a glaze of `colour` would: white changes nothing.
    pub(crate) fn glaze(&mut self, x: i64, y: i64, colour: Colour, cover: i64) {
        if let Some(pixel) = self.pixel(x, y) {
            for (channel, new) in pixel.iter_mut().zip(colour) {
                *channel = mix(*channel, *channel * new / 255, cover.clamp(0, ONE));
            }
        }
    }

    /// Lightens (above 0) or darkens one pixel by `step`, in 1/256 of a channel's step.
    pub(crate) fn shade(&mut self, x: i64, y: i64, step: i64) {
        if let Some(pixel) = self.pixel(x, y) {
            for channel in pixel {
                *channel += step;
            }
        }
    }

    /// Lays `colour` over the whole sheet where `mask` covers it, at most as strongly as `strength`.
    pub(crate) fn lay_mask(&mut self, mask: &Mask, colour: Colour, strength: i64) {
        for (x, y, cover) in mask.covered() {
            self.lay(x, y, colour, cover * strength / ONE);
        }
    }

    /// Returns the finished pixels, three bytes each, row by row.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let channels = self.channels.iter().flatten();
        let round = |channel: &i64| u8::try_from(((channel + SUB / 2) / SUB).clamp(0, 255)).expect("clamped to a byte");
        channels.map(round).collect()
    }

    /// Returns the finished picture as a PNG file.
    pub(crate) fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let side = |pixels: i64| u32::try_from(pixels).expect("a picture's side is small");
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side(self.width), side(self.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.to_bytes())?;
        writer.finish()?;
        Ok(file)
    }

    fn pixel(&mut self, x: i64, y: i64) -> Option<&mut [i64; 3]> {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        if inside { self.channels.get_mut(usize::try_from(y * self.width + x).ok()?) } else { None }
    }
}

/// Where a shape covers the sheet, pixel by pixel, as fractions. Overlapping strokes of one mask do not add up.
pub(crate) struct Mask {
    width: i64,
    height: i64,
    cover: Vec<i64>,
}

impl Mask {
    /// A mask of nothing on a sheet as large as `canvas`.
    pub(crate) fn new(canvas: &Canvas) -> Self {
        let (width, height) = canvas.size();
        Self { width, height, cover: vec![0; usize::try_from(width * height).expect("a picture has a size")] }
    }

    /// Adds a round spot; `radius` in subpixels.
    pub(crate) fn spot(&mut self, (x, y): Point, radius: i64) {
        let reach = radius + SUB;
        for row in (y - reach).div_euclid(SUB)..=(y + reach).div_euclid(SUB) {
            for column in (x - reach).div_euclid(SUB)..=(x + reach).div_euclid(SUB) {
                let distance = length(column * SUB + SUB / 2 - x, row * SUB + SUB / 2 - y);
                self.raise(column, row, (radius - distance + SUB / 2) * ONE / SUB);
            }
        }
    }

    /// Adds a brush stroke along `points`, its radius going evenly from the first to the second of `radii` (subpixels).
    pub(crate) fn stroke(&mut self, points: &[Point], (first, last): (i64, i64)) {
        let lengths: Vec<i64> = points.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
        let whole = lengths.iter().sum::<i64>().max(1);
        let mut gone = 0;
        for (pair, &part) in points.windows(2).zip(&lengths) {
            let steps = (part / (SUB / 3)).max(1);
            for step in 0..=steps {
                let share = step * ONE / steps;
                let radius = mix(first, last, (gone + part * step / steps) * ONE / whole);
                self.spot((mix(pair[0].0, pair[1].0, share), mix(pair[0].1, pair[1].1, share)), radius);
            }
            gone += part;
        }
    }

    /// Adds the inside of a closed outline. Edges are soft over one pixel; where the outline crosses itself is outside.
    pub(crate) fn area(&mut self, outline: &[Point]) {
        let (Some(top), Some(bottom)) = (outline.iter().map(|p| p.1).min(), outline.iter().map(|p| p.1).max()) else {
            return;
        };
        for row in top.div_euclid(SUB)..=bottom.div_euclid(SUB) {
            let mut line = vec![0; usize::try_from(self.width).unwrap_or_default()];
            for scan in 0..4 {
                add_crossings(outline, row * SUB + scan * SUB / 4 + SUB / 8, &mut line);
            }
            for (column, &subpixels) in (0..).zip(&line) {
                self.raise(column, row, subpixels * ONE / (4 * SUB));
            }
        }
    }

    /// Keeps only what `keep` says of each covered pixel: a fraction of its cover.
    pub(crate) fn thin(&mut self, keep: impl Fn(i64, i64) -> i64) {
        for (place, cover) in (0..).zip(&mut self.cover) {
            if *cover > 0 {
                *cover = *cover * keep(place % self.width, place / self.width) / ONE;
            }
        }
    }

    /// Lists the covered pixels with their cover.
    pub(crate) fn covered(&self) -> impl Iterator<Item = (i64, i64, i64)> {
        let places = (0..).zip(&self.cover).filter(|(_, cover)| **cover > 0);
        places.map(|(place, &cover)| (place % self.width, place / self.width, cover))
    }

    /// Returns how much of a pixel is covered.
    pub(crate) fn cover(&self, x: i64, y: i64) -> i64 {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        let place = usize::try_from(y * self.width + x).ok().filter(|_| inside);
        place.and_then(|place| self.cover.get(place)).copied().unwrap_or_default()
    }

    fn raise(&mut self, x: i64, y: i64, cover: i64) {
        if (0..self.width).contains(&x)
            && (0..self.height).contains(&y)
            && let Ok(place) = usize::try_from(y * self.width + x)
            && let Some(old) = self.cover.get_mut(place)
        {
            *old = (*old).max(cover.clamp(0, ONE));
        }
    }
}

/// Returns points along a curve that starts at the first point, bends towards the second and ends at the third.
pub(crate) fn bend(from: Point, towards: Point, to: Point) -> Vec<Point> {
    let point = |step: i64| {
        let share = step * ONE / 16;
        let on = |a, b, c| mix(mix(a, b, share), mix(b, c, share), share);
        (on(from.0, towards.0, to.0), on(from.1, towards.1, to.1))
    };
    (0..=16).map(point).collect()
}

/// Mixes two colours: all `from` at 0, all `to` at [`ONE`].
pub(crate) fn blend(from: Colour, to: Colour, share: i64) -> Colour {
    std::array::from_fn(|channel| mix(from[channel], to[channel], share))
}

/// Turns a point in pixels into one in subpixels.
pub(crate) fn at(x: i64, y: i64) -> Point {
    (x * SUB, y * SUB)
}

fn distance(a: Point, b: Point) -> i64 {
    length(a.0 - b.0, a.1 - b.1)
}

/// Adds to each pixel of `line` how many of its subpixels lie inside `outline` at height `y`.
fn add_crossings(outline: &[Point], y: i64, line: &mut [i64]) {
    let mut crossings = Vec::new();
    for (place, &(x, top)) in outline.iter().enumerate() {
        let (next_x, bottom) = outline[(place + 1) % outline.len()];
        if (top <= y) != (bottom <= y) {
            crossings.push(x + (next_x - x) * (y - top) / (bottom - top));
        }
    }
    crossings.sort_unstable();
    for pair in crossings.chunks_exact(2) {
        for (column, subpixels) in (0..).zip(line.iter_mut()) {
            let (left, right) = (pair[0].max(column * SUB), pair[1].min((column + 1) * SUB));
            *subpixels += (right - left).max(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(mask: &Mask) -> i64 {
        mask.covered().map(|(_, _, cover)| cover).sum::<i64>() / ONE
    }

    #[test]
    fn an_area_covers_its_surface() {
        let mut mask = Mask::new(&Canvas::new(40, 40, [0; 3]));
        mask.area(&[at(10, 10), at(30, 10), at(30, 20), at(10, 20)]);
        assert_eq!(covered(&mask), 200);
    }

    #[test]
    fn a_spot_covers_its_disc_and_may_lie_across_the_edge() {
        let mut mask = Mask::new(&Canvas::new(60, 60, [0; 3]));
        mask.spot(at(30, 30), 10 * SUB);
        assert!((310..318).contains(&covered(&mask)), "{}", covered(&mask));
        mask.spot(at(0, 0), 5 * SUB);
        mask.spot(at(-90, 500), 5 * SUB);
    }

    #[test]
    fn a_colour_laid_in_full_replaces_and_a_white_glaze_changes_nothing() {
        let mut canvas = Canvas::new(1, 1, [10, 20, 30]);
        canvas.glaze(0, 0, [255; 3], ONE);
        assert_eq!(canvas.to_bytes(), [10, 20, 30]);
        canvas.lay(0, 0, [200, 100, 0], ONE);
        canvas.lay(5, 5, [0; 3], ONE);
        assert_eq!(canvas.to_bytes(), [200, 100, 0]);
    }
}
