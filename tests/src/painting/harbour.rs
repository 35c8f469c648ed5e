//! A Breton harbour by moonlight, in the manner of a colour woodcut: flat blocks, key lines, the grain of the wood.

mod sea;
mod shore;

use crate::painting::canvas::{Canvas, Colour, Mask, at, blend};
use crate::painting::noise::{ONE, SUB, between, chance, ease, layered_noise, length, mix, noise};

const WIDTH: i64 = 960;
const HEIGHT: i64 = 640;

/// The unprinted rim of the sheet, in pixels.
const MARGIN: i64 = 26;

/// Where the sea meets the sky, in pixels from the top.
const HORIZON: i64 = 338;

/// The middle of the moon, in pixels.
const MOON: (i64, i64) = (640, 138);

const PAPER: Colour = [239, 228, 203];
const MOONLIGHT: Colour = [250, 236, 196];
const NIGHT: Colour = [20, 30, 62];
const KEY: Colour = [14, 20, 40];
const LAMP: Colour = [248, 190, 92];

/// Paints the picture.
pub(crate) fn paint() -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, NIGHT);
    sky(&mut canvas);
    moon(&mut canvas);
    clouds(&mut canvas);
    shore::headland(&mut canvas);
    sea::waves(&mut canvas, 0..9);
    shore::town(&mut canvas);
    sea::sail(&mut canvas, (470, 408), 46, 0);
    sea::waves(&mut canvas, 9..15);
    sea::sail(&mut canvas, (236, 512), 118, 1);
    sea::waves(&mut canvas, 15..sea::ROWS);
    print(&mut canvas);
    canvas
}

/// The sky, darkest at the top, wiped lighter towards the sea.
fn sky(canvas: &mut Canvas) {
    for y in 0..HORIZON {
        let high = blend([24, 40, 84], [52, 96, 140], ease(20, 230, y));
        let colour = blend(high, [142, 172, 176], ease(170, HORIZON, y));
        for x in 0..WIDTH {
            canvas.lay(x, y, colour, ONE);
        }
    }
    let mut stars = Mask::new(canvas);
    for star in 0..90 {
        let place = (between(MARGIN, WIDTH - MARGIN, star, 0, 401), between(MARGIN, 210, star, 1, 401));
        let far = length(place.0 - MOON.0, place.1 - MOON.1) > 120;
        if far {
            stars.spot(at(place.0, place.1), between(SUB / 3, SUB * 5 / 4, star, 2, 401));
        }
    }
    canvas.lay_mask(&stars, MOONLIGHT, ONE * 8 / 10);
}

fn moon(canvas: &mut Canvas) {
    for (radius, strength) in [(150, ONE / 14), (112, ONE / 10), (82, ONE / 7)] {
        let mut halo = Mask::new(canvas);
        halo.spot(at(MOON.0, MOON.1), radius * SUB);
        canvas.lay_mask(&halo, [176, 206, 206], strength);
    }
    let mut disc = Mask::new(canvas);
    disc.spot(at(MOON.0, MOON.1), 54 * SUB);
    canvas.lay_mask(&disc, MOONLIGHT, ONE);
    disc.thin(|x, y| ease(ONE * 50 / 100, ONE * 62 / 100, layered_noise(x * SUB, y * SUB, (46, 34), 3, 411)));
    canvas.lay_mask(&disc, [226, 206, 158], ONE * 55 / 100);
}

/// Long drifts with round ends, as old prints draw them.
fn clouds(canvas: &mut Canvas) {
    let drifts: [(i64, i64, i64, i64); 8] = [
        (430, 640, 176, 9),
        (520, 800, 190, 11),
        (600, 700, 208, 7),
        (26, 250, 96, 10),
        (60, 330, 114, 8),
        (130, 230, 80, 6),
        (740, 960, 76, 9),
        (820, 960, 92, 8),
    ];
    let mut cloud = Mask::new(canvas);
    let mut edge = Mask::new(canvas);
    for (left, right, y, half) in drifts {
        edge.stroke(&[at(left, y), at(right, y)], ((half + 1) * SUB, (half + 1) * SUB));
        cloud.stroke(&[at(left, y), at(right, y)], (half * SUB, half * SUB));
    }
    canvas.lay_mask(&edge, [30, 52, 94], ONE * 8 / 10);
    for (x, y, cover) in cloud.covered() {
        let near = length(x - MOON.0, (y - MOON.1) * 2);
        let colour = blend([190, 204, 200], [86, 124, 156], ease(60, 330, near));
        canvas.lay(x, y, colour, cover);
    }
    let mut hollows = Mask::new(canvas);
    for (left, right, y, half) in drifts {
        let tail = (right - left) / 3;
        hollows.stroke(&[at(left + tail, y + half / 3), at(right - half, y + half / 3)], (SUB / 2, SUB));
    }
    canvas.lay_mask(&hollows, [30, 52, 94], ONE / 2);
}

/// What the printing leaves: the grain of the block, uneven ink, the bare rim with its key line.
fn print(canvas: &mut Canvas) {
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let sway = layered_noise(x * SUB, y * SUB, (300, 90), 3, 421) * 60 * SUB / ONE;
            let rings = noise(x * SUB, y * SUB + sway, (420, 5), 422) - ONE / 2;
            let pores = noise(x * SUB, y * SUB + sway / 3, (36, 2), 423) - ONE / 2;
            let grain = chance(x, y, 424) - ONE / 2;
            canvas.shade(x, y, (rings * 10 + pores * 6 + grain * 5) * SUB / ONE);
        }
    }
    let mut line = Mask::new(canvas);
    let (left, top, right, bottom) = (MARGIN, MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN);
    line.stroke(&[at(left, top), at(right, top), at(right, bottom), at(left, bottom), at(left, top)], (SUB, SUB));
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let outside = x < MARGIN || y < MARGIN || x >= WIDTH - MARGIN || y >= HEIGHT - MARGIN;
            if outside {
                canvas.lay(x, y, PAPER, ONE);
                let fibre = layered_noise(x * SUB, y * SUB, (40, 30), 4, 425) + chance(x, y, 426) / 3 - ONE * 2 / 3;
                canvas.shade(x, y, fibre * 12 * SUB / ONE);
            }
        }
    }
    line.thin(|x, y| mix(ONE / 2, ONE, layered_noise(x * SUB, y * SUB, (9, 9), 2, 427)));
    canvas.lay_mask(&line, KEY, ONE * 9 / 10);
}
