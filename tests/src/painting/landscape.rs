//! Mountains in mist, in ink and mineral colours on paper, with a seal that says mountain and water.

use crate::painting::canvas::{Canvas, Colour, Mask, Point, at, blend};
use crate::painting::noise::{ONE, SUB, between, chance, ease, layered_noise, length, mix, noise};

mod scene;

const WIDTH: i64 = 960;
const HEIGHT: i64 = 640;

const PAPER: Colour = [240, 230, 207];
const CINNABAR: Colour = [186, 48, 34];
const INK: Colour = [34, 36, 40];

/// A peak's centre, half width and height, in pixels.
type Peak = (i64, i64, i64);

/// One range of mountains.
struct Range {
    /// Where the foot of the range is, in pixels from the top.
    foot: i64,
    /// The peaks, those further back first.
    peaks: &'static [Peak],
    /// How far the outline wanders, in pixels.
    roughness: i64,
    /// The colour at the ridge, where it is strongest.
    colour: Colour,
    /// The colour further down.
    foot_colour: Colour,
    /// How strong the colour is at the ridge.
    strength: i64,
    /// How far down the colour has dissolved in mist, in pixels.
    fade: i64,
    /// How deep the folds of the rock show.
    relief: i64,
    seed: u64,
}

const RANGES: [Range; 6] = [
    Range {
        foot: 330,
        peaks: &[(70, 120, 110), (215, 90, 150), (330, 120, 105), (480, 130, 75), (800, 150, 90), (920, 90, 120)],
        roughness: 34,
        colour: [150, 168, 180],
        foot_colour: [200, 204, 196],
        strength: ONE * 55 / 100,
        fade: 150,
        relief: ONE / 5,
        seed: 11,
    },
    Range {
        foot: 380,
        peaks: &[(130, 75, 205), (235, 60, 150), (30, 70, 120), (360, 90, 90), (860, 110, 130), (955, 60, 190)],
        roughness: 50,
        colour: [102, 134, 152],
        foot_colour: [186, 190, 176],
        strength: ONE * 70 / 100,
        fade: 190,
        relief: ONE / 3,
        seed: 23,
    },
    Range {
        foot: 430,
        peaks: &[(410, 70, 335), (340, 60, 235), (480, 62, 250), (545, 60, 165), (285, 50, 120), (610, 70, 90)],
        roughness: 64,
        colour: [52, 92, 116],
        foot_colour: [166, 160, 128],
        strength: ONE * 88 / 100,
        fade: 300,
        relief: ONE * 70 / 100,
        seed: 37,
    },
    Range {
        foot: 470,
        peaks: &[(60, 110, 170), (170, 80, 115), (250, 80, 80), (880, 90, 150), (960, 70, 215), (790, 80, 70)],
        roughness: 50,
        colour: [64, 108, 98],
        foot_colour: [172, 160, 122],
        strength: ONE * 90 / 100,
        fade: 190,
        relief: ONE * 75 / 100,
        seed: 41,
    },
    Range {
        foot: 520,
        peaks: &[(330, 130, 75), (450, 110, 58), (560, 120, 34), (230, 80, 40)],
        roughness: 26,
        colour: [60, 88, 82],
        foot_colour: [150, 146, 118],
        strength: ONE * 85 / 100,
        fade: 90,
        relief: ONE * 70 / 100,
        seed: 53,
    },
    Range {
        foot: 648,
        peaks: &[(20, 150, 160), (130, 120, 92), (235, 130, 48), (930, 150, 58)],
        roughness: 30,
        colour: [38, 46, 48],
        foot_colour: [92, 92, 78],
        strength: ONE * 96 / 100,
        fade: 260,
        relief: ONE * 85 / 100,
        seed: 67,
    },
];

/// Paints the picture.
pub(crate) fn paint() -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, PAPER);
    sky(&mut canvas);
    sun(&mut canvas, at(700, 128), 50 * SUB);
    for (place, range) in RANGES.iter().enumerate() {
        for &peak in range.peaks {
            mountain(&mut canvas, range, peak);
            if range.foot < HEIGHT {
                woods(&mut canvas, range, peak);
            }
        }
        if place == 4 {
            scene::water(&mut canvas);
            scene::boat(&mut canvas, (560, 576));
        }
    }
    scene::pine(&mut canvas);
    scene::geese(&mut canvas);
    scene::seal(&mut canvas, (56, 52));
    paper(&mut canvas);
    canvas
}

fn sky(canvas: &mut Canvas) {
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let wash = ease(260, 0, y) * ease(0, ONE, layered_noise(x * SUB, y * SUB, (420, 130), 4, 3)) / ONE;
            canvas.lay(x, y, [196, 200, 196], wash * 45 / 100);
        }
    }
}

fn sun(canvas: &mut Canvas, centre: Point, radius: i64) {
    let mut disc = Mask::new(canvas);
    disc.spot(centre, radius);
    disc.thin(|x, y| {
        let veil = ease(centre.1 / SUB + 4, centre.1 / SUB + 70, y);
        let wisps = layered_noise(x * SUB, y * SUB, (120, 18), 3, 5);
        ONE - veil * mix(ONE * 6 / 10, ONE, wisps) / ONE
    });
    canvas.lay_mask(&disc, [205, 74, 46], ONE * 88 / 100);
}

/// Returns how far a peak's ridge lies below the top of the sheet at `x` (subpixels), in subpixels.
fn ridge(range: &Range, (centre, half_width, height): Peak, x: i64) -> i64 {
    let seed = range.seed + centre.cast_unsigned();
    let wander = (layered_noise(x, 0, (50, 1), 3, seed + 90) - ONE / 2) * half_width * SUB / (2 * ONE);
    let lean = between(80, 122, centre, 0, range.seed);
    let side = if x > centre * SUB { lean } else { 200 - lean };
    let t = ((x - centre * SUB + wander).abs() * ONE / (half_width * SUB) * 100 / side).min(ONE);
    let square = t * t / ONE;
    let rise = height * SUB * (ONE - square) / ONE * (2 * ONE - square) / (2 * ONE);
    let rough = (layered_noise(x, 0, (64, 1), 5, seed) - ONE / 2) * range.roughness * SUB / ONE;
    range.foot * SUB - rise - rough * ease(0, 60 * SUB, rise) / ONE
}

fn mountain(canvas: &mut Canvas, range: &Range, peak: Peak) {
    let (centre, half_width, _) = peak;
    for x in centre - half_width * 3 / 2..=centre + half_width * 3 / 2 {
        let tops: [i64; 4] = std::array::from_fn(|part| {
            ridge(range, peak, x * SUB + (i64::try_from(part).unwrap_or_default() * 2 + 1) * SUB / 8)
        });
        let top = tops.iter().copied().min().unwrap_or_default();
        let middle = tops[1].midpoint(tops[2]);
        let grown = ease(0, 46 * SUB, range.foot * SUB - middle);
        if grown == 0 {
            continue;
        }
        let steep = length(SUB, ridge(range, peak, (x + 1) * SUB) - ridge(range, peak, x * SUB));
        let line = brush_line(range, x) * steep / SUB;
        let dissolved = (range.foot + 47).min(middle / SUB + range.fade * 14 / 10 + 1);
        for y in top.div_euclid(SUB)..dissolved.min(HEIGHT) {
            let below = |line: i64| {
                tops.iter().map(|top| ((y + 1) * SUB - top - line).clamp(0, SUB)).sum::<i64>() * ONE / (4 * SUB)
            };
            let inside = below(0) * grown / ONE;
            let depth = (y * SUB - middle).max(0) / SUB;
            let mist = layered_noise(x * SUB, y * SUB, (260, 60), 4, range.seed + 7);
            let reach = range.fade * mix(ONE * 5 / 10, ONE * 14 / 10, mist) / ONE;
            let ground = range.foot + (mist - ONE / 2) * 60 / ONE;
            let lasting = ease(reach, 0, depth) * ease(ground + 16, ground - 74, y) / ONE;
            canvas.lay(x, y, PAPER, inside * mix(0, ONE, lasting) / ONE * 95 / 100);
            let strength = range.strength * lasting / ONE * inside / ONE;
            if strength > 0 {
                canvas.lay(x, y, rock(range, peak, (x, y), depth), strength);
            }
            let stroke = (below(0) - below(line)) * grown / ONE;
            canvas.lay(x, y, INK, stroke * range.strength / ONE * range.relief / ONE * lasting / ONE);
        }
    }
}

/// Dabs of ink along the ridge and down the folds: trees, seen from far away.
fn woods(canvas: &mut Canvas, range: &Range, peak: Peak) {
    let (centre, half_width, height) = peak;
    let mut dabs = Mask::new(canvas);
    for tree in 0..half_width * 3 {
        let x = centre + between(-half_width, half_width, tree, centre, range.seed + 61);
        let grove = layered_noise(x * SUB, 0, (26, 1), 2, range.seed + 62);
        let top = ridge(range, peak, x * SUB);
        let grown = range.foot * SUB - top > 20 * SUB;
        if grown && chance(tree, centre, range.seed + 63) < (grove - ONE * 4 / 10) * 2 {
            let down = between(-1, height / 5, tree, centre, range.seed + 64);
            let down = if tree % 3 == 0 { down } else { 0 };
            let size = between(SUB * 3 / 4, SUB * 2, tree, centre, range.seed + 65);
            let foot = (x * SUB, top + down * SUB);
            dabs.stroke(&[foot, (foot.0 + size / 3, foot.1 - size * 2)], (size, size / 2));
        }
    }
    canvas.lay_mask(&dabs, blend(range.colour, INK, ONE * 6 / 10), range.strength * range.relief / ONE);
}

/// The colour of the rock: mineral at the ridge, earth below, folds that fan out from the peak in ink.
fn rock(range: &Range, (centre, half_width, _): Peak, (x, y): (i64, i64), depth: i64) -> Colour {
    let seed = range.seed + centre.cast_unsigned() + 1;
    let spread = half_width + depth;
    let fold = |x: i64| {
        let fan = (x - centre * SUB) * half_width * 2 / spread;
        let drift = (layered_noise(x, y * SUB, (70, 40), 3, seed) - ONE / 2) * 34 * SUB / ONE;
        let field = layered_noise(fan + drift, depth * SUB, (46, 150), 4, seed + 10);
        (2 * field - ONE).abs()
    };
    let slope = (fold((x + 1) * SUB) - fold((x - 2) * SUB)) * 5;
    let fan = (x - centre) * SUB * half_width * 2 / spread;
    let fibres = layered_noise(fan, depth * SUB, (7, 40), 3, seed + 20) - ONE / 2;
    let light = (x - centre) * ONE / (half_width * 5);
    let shadow = (slope + fibres * 9 / 10 + light).clamp(-ONE, ONE) * range.relief / ONE;
    let down = ease(0, range.fade * 6 / 10, depth);
    let base = blend(range.colour, range.foot_colour, down);
    if shadow > 0 { blend(base, INK, shadow * 7 / 10) } else { blend(base, PAPER, -shadow * 6 / 10) }
}

/// How thick the brush line along a ridge is, in subpixels: it swells, thins and runs dry.
fn brush_line(range: &Range, x: i64) -> i64 {
    let pressure = layered_noise(x * SUB, 0, (30, 1), 3, range.seed + 5);
    mix(-SUB / 2, 3 * SUB, pressure).max(0)
}

/// The tooth and age of the paper, over everything.
fn paper(canvas: &mut Canvas) {
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let mottle = layered_noise(x * SUB, y * SUB, (180, 140), 3, 201) - ONE / 2;
            let fibre = noise(x * SUB, y * SUB, (22, 2), 202) + noise(x * SUB, y * SUB, (2, 30), 203) - ONE;
            let grain = chance(x, y, 204) - ONE / 2;
            canvas.shade(x, y, (mottle * 14 + fibre * 4 + grain * 3) * SUB / ONE);
            let corner = length((x * 2 - WIDTH) * 100 / WIDTH, (y * 2 - HEIGHT) * 100 / HEIGHT);
            canvas.glaze(x, y, [222, 200, 164], ease(78, 150, corner + mottle * 24 / ONE) * 60 / 100);
        }
    }
}
