//! The sea in rows of cut waves, and the boats on it.

use std::ops::Range;

use crate::painting::canvas::{Canvas, Colour, Mask, Point, bend, blend};
use crate::painting::harbour::{HEIGHT, HORIZON, KEY, LAMP, MOON, MOONLIGHT, WIDTH};
use crate::painting::noise::{ONE, SUB, ease, layered_noise, length, mix, sine};

/// How many rows of waves there are, from the horizon to the beholder.
pub(crate) const ROWS: i64 = 19;

/// Cuts the given rows of waves, the furthest first: each hides the foot of the one behind it.
pub(crate) fn waves(canvas: &mut Canvas, rows: Range<i64>) {
    for row in rows {
        wave(canvas, row);
    }
}

fn base(row: i64) -> i64 {
    HORIZON + row * 5 + row * row * 62 / 100
}

/// Returns the height of the water's edge in a row at `x` (subpixels), in subpixels from the top.
fn crest(row: i64, x: i64) -> i64 {
    let period = (24 + row * 10) * SUB;
    let sway = layered_noise(x, row * 977 * SUB, (period / SUB * 2, 1), 3, 431) * period / ONE;
    let phase = (x + sway + row * 7919 * SUB / 13) * ONE / (2 * period);
    let cusp = ONE - sine(phase).abs();
    let swell = layered_noise(x, row * 131 * SUB, (200, 1), 2, 432);
    let height = (row * row * 14 / 100 + row * 12 / 10) * mix(ONE / 8, ONE * 12 / 10, swell);
    base(row) * SUB - (cusp * cusp / ONE).midpoint(cusp) * (height * SUB / ONE) / ONE
}

fn wave(canvas: &mut Canvas, row: i64) {
    let near = row * ONE / ROWS;
    let light = blend([128, 166, 176], [62, 116, 148], near);
    let dark = blend([74, 116, 144], [18, 40, 84], near);
    let spacing = (base(row + 1) - base(row) + row) * SUB;
    // Everything below the foot of the next row is hidden by it.
    let foot = if row + 1 == ROWS { HEIGHT } else { base(row + 1) + 2 };
    for x in 0..WIDTH {
        let tops: [i64; 4] = [1, 3, 5, 7].map(|eighth| crest(row, x * SUB + eighth * SUB / 8));
        let top = tops[1].midpoint(tops[2]);
        let steep = length(SUB, crest(row, (x + 1) * SUB) - crest(row, x * SUB));
        let line = (SUB / 2 + row * SUB / 14) * steep / SUB;
        let broken = ease(ONE * 48 / 100, ONE * 56 / 100, layered_noise(x * SUB, row * 71 * SUB, (70, 1), 2, 433));
        for y in tops.iter().min().unwrap_or(&top).div_euclid(SUB)..foot {
            let below = |shift: i64| {
                let cover = tops.iter().map(|top| ((y + 1) * SUB - top - shift).clamp(0, SUB)).sum::<i64>();
                cover * ONE / (4 * SUB)
            };
            let band = |from: i64, to: i64| below(from) - below(to);
            let depth = y * SUB - top;
            canvas.lay(x, y, blend(light, dark, ease(0, spacing * 11 / 10, depth)), below(0));
            glint(canvas, row, (x, y), depth, below(line * 2));
            canvas.lay(x, y, blend([60, 96, 126], KEY, near), band(0, line));
            canvas.lay(x, y, [206, 222, 214], band(line * 2, line * 3) * mix(ONE / 4, ONE * 7 / 10, near) / ONE);
            canvas.lay(x, y, dark, band(spacing / 2 + line, spacing / 2 + line * 2) * broken / ONE);
        }
    }
}

/// The moon's road on the water: flat pieces of light near its axis, wider towards the beholder.
fn glint(canvas: &mut Canvas, row: i64, (x, y): (i64, i64), depth: i64, cover: i64) {
    let half = 30 + (y - HORIZON) * 30 / 100;
    let off = (x - MOON.0).abs() * ONE / half.max(1);
    if cover == 0 || off > ONE * 3 / 2 {
        return;
    }
    let pieces = layered_noise(x * SUB, y * SUB * 3 + row * 401 * SUB, (34 + row * 2, 8 + row), 2, 434);
    let wanted = ONE * 40 / 100 + off * 34 / 100;
    let lit = ease(wanted, wanted + ONE / 24, pieces) * ease(ONE * 3 / 2, ONE, off) / ONE;
    let fading = ease((base(row + 1) - base(row)) * SUB * 2, 0, depth);
    canvas.lay(x, y, MOONLIGHT, lit * cover / ONE * fading / ONE * 92 / 100);
}

/// Draws a fishing boat with two tanned sails; `(x, y)` is where it meets the water, `size` its length in pixels.
pub(crate) fn sail(canvas: &mut Canvas, (x, y): (i64, i64), size: i64, lamps: i64) {
    let point = |dx: i64, dy: i64| (x * SUB + dx * size * SUB / 100, y * SUB + dy * size * SUB / 100);
    let line = (size * SUB / 110).max(SUB / 2);
    let key = |canvas: &mut Canvas, points: &[Point], width: i64| {
        let mut mask = Mask::new(canvas);
        mask.stroke(points, (width, width));
        canvas.lay_mask(&mask, KEY, ONE * 95 / 100);
    };
    let sails: [([Point; 4], Colour); 2] = [
        ([point(-46, -88), point(2, -122), point(8, -14), point(-50, -12)], [158, 70, 48]),
        ([point(12, -76), point(50, -100), point(56, -12), point(12, -14)], [184, 96, 58]),
    ];
    for (corners, colour) in sails {
        let mut cloth = Mask::new(canvas);
        let mut outline = bend(corners[0], middle(corners[0], corners[1]), corners[1]);
        outline.extend(bend(corners[1], bulge(corners[1], corners[2], size * SUB / 16), corners[2]));
        outline.extend(bend(corners[2], bulge(corners[2], corners[3], size * SUB / 30), corners[3]));
        outline.extend(bend(corners[3], bulge(corners[3], corners[0], -size * SUB / 30), corners[0]));
        cloth.area(&outline);
        for (x, y, cover) in cloth.covered() {
            let shade = ease(corners[3].0 / SUB, corners[2].0 / SUB, x + (y - corners[2].1 / SUB) / 4);
            canvas.lay(x, y, blend(blend(colour, KEY, ONE * 45 / 100), colour, shade), cover);
        }
        outline.push(outline[0]);
        key(canvas, &outline, line * 7 / 10);
        for seam in 1..4 {
            let across = |a: Point, b: Point| (mix(a.0, b.0, seam * ONE / 4), mix(a.1, b.1, seam * ONE / 4));
            key(canvas, &[across(corners[0], corners[3]), across(corners[1], corners[2])], line / 3);
        }
    }
    key(canvas, &[point(-14, -120), point(-10, 0)], line);
    key(canvas, &[point(32, -98), point(34, 0)], line);
    let mut hull = Mask::new(canvas);
    let mut outline = bend(point(-70, -14), point(0, -2), point(74, -18));
    outline.extend(bend(point(70, 10), point(0, 24), point(-60, 10)));
    hull.area(&outline);
    canvas.lay_mask(&hull, [28, 34, 54], ONE);
    let mut strake = Mask::new(canvas);
    strake.stroke(&bend(point(-68, -9), point(0, 3), point(72, -13)), (line * 8 / 10, line * 8 / 10));
    canvas.lay_mask(&strake, [196, 206, 196], ONE * 8 / 10);
    if lamps > 0 {
        lamp(canvas, point(-52, -22), size);
    }
    crew(canvas, point(-26, -8), size);
}

fn crew(canvas: &mut Canvas, (x, y): Point, size: i64) {
    let mut man = Mask::new(canvas);
    let unit = size * SUB / 100;
    man.stroke(&[(x, y), (x + unit, y - 9 * unit)], (3 * unit, 2 * unit));
    man.spot((x + unit, y - 13 * unit), 2 * unit + unit / 2);
    canvas.lay_mask(&man, KEY, ONE);
}

fn lamp(canvas: &mut Canvas, centre: Point, size: i64) {
    for (radius, strength) in [(11, ONE / 6), (6, ONE / 3), (2, ONE)] {
        let mut glow = Mask::new(canvas);
        glow.spot(centre, radius * size * SUB / 100);
        canvas.lay_mask(&glow, LAMP, strength);
    }
}

fn middle(a: Point, b: Point) -> Point {
    (a.0.midpoint(b.0), a.1.midpoint(b.1))
}

/// The middle of two points, pushed sideways by `by`.
fn bulge(a: Point, b: Point, by: i64) -> Point {
    let whole = length(b.0 - a.0, b.1 - a.1).max(1);
    let (x, y) = middle(a, b);
    (x + (b.1 - a.1) * by / whole, y - (b.0 - a.0) * by / whole)
}
