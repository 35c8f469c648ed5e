//! A weave of ribbons over a quilt: every strand keeps one colour from end to end, over and under the others.

use crate::painting::canvas::{Canvas, Colour, blend};
use crate::painting::noise::{ONE, SUB, chance, ease, hash, layered_noise, length, mix, noise};

const WIDTH: i64 = 960;
const HEIGHT: i64 = 640;

/// The side of one tile, in pixels; both sides of the sheet are whole numbers of tiles.
const TILE: i64 = 80;
const COLUMNS: i64 = WIDTH / TILE;
const ROWS: i64 = HEIGHT / TILE;

/// Half the width of a ribbon, in pixels.
const HALF: i64 = 15;

/// Where a pixel's colour is sampled, in eighths of a pixel: no two samples share a row or a column.
const SAMPLES: [(i64, i64); 4] = [(3, 1), (7, 3), (1, 5), (5, 7)];

const SEED: u64 = 29;

const RIBBONS: [Colour; 7] = [
    [214, 78, 54],   // vermilion
    [236, 168, 62],  // saffron
    [240, 222, 176], // straw
    [62, 142, 138],  // verdigris
    [38, 92, 132],   // woad
    [142, 58, 84],   // madder
    [128, 164, 112], // sage
];

const SHADOW: Colour = [16, 20, 36];

/// What a tile does with the four ribbon ends at the middles of its sides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Arcs join top with left and bottom with right.
    Falling,
    /// Arcs join top with right and bottom with left.
    Rising,
    /// Two straight ribbons cross; the one from left to right lies on top.
    AcrossOver,
    /// Two straight ribbons cross; the one from top to bottom lies on top.
    DownOver,
}

/// One ribbon seen at a point of a tile.
struct Ribbon {
    /// Distance from the ribbon's middle line, to one side or the other, in subpixels.
    off: i64,
    /// Which side of the tile one of its ends is at: 0 top, 1 right, 2 bottom, 3 left.
    side: usize,
    /// Whether another ribbon of the tile lies over this one.
    under: bool,
    /// Distance along a straight ribbon from the middle of the tile, in subpixels; nothing on an arc.
    along: Option<i64>,
}

/// Paints the picture.
pub(crate) fn paint() -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, SHADOW);
    let strands = Strands::follow();
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let mut sum = [0; 3];
            for (right, down) in SAMPLES {
                let colour = colour_at(&strands, (x * SUB + right * SUB / 8, y * SUB + down * SUB / 8));
                sum = std::array::from_fn(|channel| sum[channel] + colour[channel]);
            }
            canvas.lay(x, y, sum.map(|channel| channel / 4), ONE);
            linen(&mut canvas, x, y);
        }
    }
    canvas
}

fn kind(column: i64, row: i64) -> Kind {
    match chance(column, row, SEED) * 100 / ONE {
        0..30 => Kind::Falling,
        30..60 => Kind::Rising,
        _ if (column + row) % 2 == 0 => Kind::AcrossOver,
        _ => Kind::DownOver,
    }
}

fn colour_at(strands: &Strands, (x, y): (i64, i64)) -> Colour {
    let side = TILE * SUB;
    let (column, row) = (x.div_euclid(side), y.div_euclid(side));
    let (dx, dy) = (x.rem_euclid(side) - side / 2, y.rem_euclid(side) - side / 2);
    let mut colour = ground(column, row, dx, dy);
    for ribbon in ribbons(kind(column, row), dx, dy) {
        let distance = ribbon.off.abs();
        colour = blend(SHADOW, colour, mix(ONE * 45 / 100, ONE, ease(HALF * SUB, (HALF + 9) * SUB, distance)));
        if distance < HALF * SUB {
            let shade = strands.colour(column, row, ribbon.side);
            colour = ribbon_colour(shade, &ribbon);
        }
    }
    colour
}

/// Lists the ribbons near a point of a tile, those underneath first. The point is given from the tile's middle.
fn ribbons(kind: Kind, dx: i64, dy: i64) -> [Ribbon; 2] {
    let half = TILE * SUB / 2;
    let arc = |x: i64, y: i64, side| Ribbon { off: length(dx - x, dy - y) - half, side, under: false, along: None };
    let across = |under| Ribbon { off: dy, side: 3, under, along: Some(dx) };
    let down = |under| Ribbon { off: dx, side: 0, under, along: Some(dy) };
    match kind {
        Kind::Falling => [arc(-half, -half, 0), arc(half, half, 2)],
        Kind::Rising => [arc(half, -half, 0), arc(-half, half, 2)],
        Kind::AcrossOver => [down(true), across(false)],
        Kind::DownOver => [across(true), down(false)],
    }
}

/// A ribbon is rounded, has a dark edge, a pale stripe near each border, and darkens where it dives under another.
fn ribbon_colour(colour: Colour, ribbon: &Ribbon) -> Colour {
    let width = HALF * SUB;
    let distance = ribbon.off.abs();
    let round = ease(0, width * 5 / 4, distance);
    let mut shade = blend(blend(colour, [255, 248, 230], ONE / 6), blend(colour, SHADOW, ONE * 35 / 100), round);
    let stripe = ease(width * 14 / 100, width * 6 / 100, (distance - width * 66 / 100).abs());
    shade = blend(shade, blend(colour, [255, 246, 222], ONE * 70 / 100), stripe * 8 / 10);
    let core = ease(width * 12 / 100, width * 5 / 100, distance);
    shade = blend(shade, blend(colour, SHADOW, ONE / 2), core * 7 / 10);
    shade = blend(shade, SHADOW, ease(width * 90 / 100, width * 97 / 100, distance) * 9 / 10);
    match ribbon.along {
        Some(along) if ribbon.under => {
            blend(shade, SHADOW, ease((HALF + 12) * SUB, (HALF - 4) * SUB, along.abs()) * 75 / 100)
        }
        _ => shade,
    }
}

/// The quilt beneath: patches of two deep tones, quilted with fine stitches.
fn ground(column: i64, row: i64, dx: i64, dy: i64) -> Colour {
    let corner = |x: i64, y: i64| (column + x + row + y).rem_euclid(2) == 0;
    let patch = corner(i64::from(dx > 0), i64::from(dy > 0));
    let (qx, qy) = (column + i64::from(dx > 0), row + i64::from(dy > 0));
    let tone = hash(qx, qy, SEED + 5) % 3;
    let deep: [Colour; 3] =
        if patch { [[34, 44, 74], [40, 52, 86], [30, 40, 66]] } else { [[52, 42, 72], [58, 48, 80], [46, 38, 66]] };
    let colour = usize::try_from(tone).ok().and_then(|tone| deep.get(tone)).copied().unwrap_or(SHADOW);
    let half = TILE * SUB / 2;
    let to_corner = length(half - dx.abs(), half - dy.abs());
    let ring = |radius: i64| ease(SUB * 3 / 2, SUB / 2, (to_corner - radius * SUB).abs());
    let angle = (half - dx.abs()) - (half - dy.abs());
    let stitch = if (angle / (SUB * 4)) % 2 == 0 { ONE } else { 0 };
    let thread = ring(17).max(ring(9)) * stitch / ONE;
    blend(colour, [206, 186, 150], thread * 55 / 100)
}

/// The threads of the cloth, over everything.
fn linen(canvas: &mut Canvas, x: i64, y: i64) {
    let warp = noise(x * SUB, y * SUB, (2, 26), SEED + 11) + noise(x * SUB, y * SUB, (26, 2), SEED + 12) - ONE;
    let mottle = layered_noise(x * SUB, y * SUB, (120, 120), 2, SEED + 13) - ONE / 2;
    canvas.shade(x, y, (warp * 14 + mottle * 16 + (chance(x, y, SEED + 14) - ONE / 2) * 5) * SUB / ONE);
}

/// Which strand each ribbon end belongs to.
struct Strands {
    /// For each tile, row by row, and each of its sides (top, right, bottom, left): a colour's place in [`RIBBONS`].
    colours: Vec<[Option<usize>; 4]>,
}

impl Strands {
    /// Walks along every strand and gives it a colour, never the one given just before.
    fn follow() -> Self {
        let tiles = usize::try_from(COLUMNS * ROWS).expect("a sheet has tiles");
        let mut strands = Self { colours: vec![[None; 4]; tiles] };
        let mut next = 0;
        for tile in 0..COLUMNS * ROWS {
            for side in 0..4 {
                let (column, row) = (tile % COLUMNS, tile / COLUMNS);
                if strands.at(column, row).is_some_and(|sides| sides[side].is_none()) {
                    next += 1 + usize::from(hash(column, row, SEED + 21).is_multiple_of(3));
                    strands.walk((column, row), side, next % RIBBONS.len());
                    if let Some(((column, row), side)) = neighbour((column, row), side) {
                        strands.walk((column, row), side, next % RIBBONS.len());
                    }
                }
            }
        }
        strands
    }

    /// Colours the strand that enters a tile at a side, until it leaves the sheet or closes.
    fn walk(&mut self, mut tile: (i64, i64), mut side: usize, colour: usize) {
        loop {
            let leaving = partner(kind(tile.0, tile.1), side);
            match self.at(tile.0, tile.1) {
                Some(sides) if sides[side].is_none() => (sides[side], sides[leaving]) = (Some(colour), Some(colour)),
                _ => return,
            }
            let Some(next) = neighbour(tile, leaving) else { return };
            (tile, side) = next;
        }
    }

    fn colour(&self, column: i64, row: i64, side: usize) -> Colour {
        let place = usize::try_from(row * COLUMNS + column).ok();
        let colour = place.and_then(|place| self.colours.get(place)).and_then(|sides| sides[side]);
        colour.map_or(SHADOW, |colour| RIBBONS[colour])
    }

    fn at(&mut self, column: i64, row: i64) -> Option<&mut [Option<usize>; 4]> {
        let inside = (0..COLUMNS).contains(&column) && (0..ROWS).contains(&row);
        let place = usize::try_from(row * COLUMNS + column).ok().filter(|_| inside)?;
        self.colours.get_mut(place)
    }
}

/// Returns where a ribbon that enters at `side` leaves the tile.
fn partner(kind: Kind, side: usize) -> usize {
    match kind {
        Kind::Falling => 3 - side,
        Kind::Rising => side ^ 1,
        Kind::AcrossOver | Kind::DownOver => (side + 2) % 4,
    }
}

/// Returns the tile beyond a side, and the side by which it is entered; nothing beyond the edge of the sheet.
fn neighbour((column, row): (i64, i64), side: usize) -> Option<((i64, i64), usize)> {
    let next = match side {
        0 => (column, row - 1),
        1 => (column + 1, row),
        2 => (column, row + 1),
        _ => (column - 1, row),
    };
    let inside = (0..COLUMNS).contains(&next.0) && (0..ROWS).contains(&next.1);
    inside.then_some((next, (side + 2) % 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ribbon_keeps_its_colour_across_the_edge_of_a_tile() {
        let mut strands = Strands::follow();
        for tile in 0..COLUMNS * ROWS {
            let here = (tile % COLUMNS, tile / COLUMNS);
            let sides = *strands.at(here.0, here.1).unwrap();
            for side in 0..4 {
                assert!(sides[side].is_some());
                assert_eq!(sides[side], sides[partner(kind(here.0, here.1), side)]);
                if let Some((next, entered)) = neighbour(here, side) {
                    assert_eq!(strands.at(next.0, next.1).unwrap()[entered], sides[side]);
                }
            }
        }
    }
}
