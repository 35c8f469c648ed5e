//! What lives among the mountains: water, a boat, a pine, geese, and the painter's seal.

use crate::painting::canvas::{Canvas, Colour, Mask, Point, at, bend};
use crate::painting::landscape::{CINNABAR, INK};
use crate::painting::noise::{ONE, SUB, between, chance, cosine, ease, layered_noise, sine};

const NEEDLES: Colour = [30, 58, 52];
const STRAW: Colour = [176, 142, 84];

/// Draws the ripples of a still lake, closer together the further away they are.
pub(crate) fn water(canvas: &mut Canvas) {
    let mut ripples = Mask::new(canvas);
    for line in 0..150 {
        let depth = line * line * 130 / (150 * 150);
        let y = 512 + depth;
        let x = between(330, 900, line, 0, 301);
        let half = between(8, 26, line, 1, 301) + depth / 3;
        let sag = between(-2, 3, line, 2, 301);
        ripples.stroke(&bend(at(x - half, y), at(x, y + sag), at(x + half, y)), (SUB / 5, SUB / 2));
        ripples.stroke(&bend(at(x, y + 1), at(x + half, y + sag), at(x + half * 2, y + 1)), (SUB / 2, SUB / 6));
    }
    ripples.thin(|x, y| layered_noise(x * SUB, y * SUB, (160, 20), 3, 302));
    canvas.lay_mask(&ripples, [72, 104, 116], ONE * 70 / 100);
}

/// Draws a fisherman in a small boat; `(x, y)` is where the boat meets the water.
pub(crate) fn boat(canvas: &mut Canvas, (x, y): (i64, i64)) {
    let point = |dx: i64, dy: i64| (x * SUB + dx * SUB / 4, y * SUB + dy * SUB / 4);
    let mut shadow = Mask::new(canvas);
    for line in 0..9 {
        let half = between(60, 190, line, 0, 311);
        let drift = between(-30, 30, line, 1, 311);
        let down = 10 + line * 9;
        shadow.stroke(&[point(drift - half, down), point(drift + half, down)], (SUB / 3, SUB / 4));
    }
    canvas.lay_mask(&shadow, [70, 96, 104], ONE * 55 / 100);
    let mut hull = Mask::new(canvas);
    let mut outline = bend(point(-216, -34), point(-20, 26), point(216, -40));
    outline.extend(bend(point(200, -20), point(0, 44), point(-190, -10)));
    hull.area(&outline);
    hull.stroke(&bend(point(-216, -34), point(-20, 26), point(216, -40)), (SUB / 2, SUB / 2));
    let mut cabin = Mask::new(canvas);
    cabin.area(&bend(point(-60, -2), point(0, -92), point(70, -4)));
    canvas.lay_mask(&cabin, [120, 92, 58], ONE * 85 / 100);
    let mut ribs = Mask::new(canvas);
    for rib in -2..=3 {
        ribs.stroke(
            &bend(point(rib * 20 - 14, -2), point(rib * 18 - 4, -34), point(rib * 12, -46)),
            (SUB / 3, SUB / 4),
        );
    }
    ribs.stroke(&bend(point(-60, -2), point(0, -92), point(70, -4)), (SUB / 2, SUB / 2));
    hull.stroke(&[point(132, -150), point(168, 60)], (SUB / 3, SUB / 3));
    canvas.lay_mask(&ribs, INK, ONE * 8 / 10);
    fisherman(canvas, point);
    canvas.lay_mask(&hull, INK, ONE * 94 / 100);
}

fn fisherman(canvas: &mut Canvas, point: impl Fn(i64, i64) -> Point) {
    let mut robe = Mask::new(canvas);
    robe.area(&[point(92, -16), point(100, -78), point(116, -90), point(132, -78), point(142, -18)]);
    robe.stroke(&[point(122, -76), point(146, -60)], (SUB, SUB * 2 / 3));
    canvas.lay_mask(&robe, [70, 78, 84], ONE * 92 / 100);
    let mut hat = Mask::new(canvas);
    hat.area(&[point(84, -88), point(116, -122), point(150, -86)]);
    canvas.lay_mask(&hat, STRAW, ONE);
    let mut brim = Mask::new(canvas);
    brim.stroke(&[point(82, -87), point(152, -85)], (SUB / 3, SUB / 2));
    canvas.lay_mask(&brim, INK, ONE * 8 / 10);
}

/// Draws the old pine that leans out over the near rocks.
pub(crate) fn pine(canvas: &mut Canvas) {
    let trunk = [at(118, 566), at(128, 540), at(122, 506), at(140, 470), at(136, 436), at(158, 404), at(178, 386)];
    let branches: [(Point, Point, Point); 7] = [
        (at(124, 514), at(160, 500), at(214, 506)),
        (at(138, 470), at(190, 446), at(262, 462)),
        (at(132, 480), at(100, 470), at(64, 478)),
        (at(138, 440), at(180, 424), at(232, 424)),
        (at(136, 446), at(112, 430), at(84, 430)),
        (at(156, 406), at(140, 390), at(118, 388)),
        (at(176, 388), at(190, 374), at(210, 372)),
    ];
    let mut wood = Mask::new(canvas);
    for (place, pair) in (0..).zip(trunk.windows(2)) {
        wood.stroke(
            &bend(pair[0], (pair[0].0 + between(-900, 900, place, 0, 321), pair[0].1 - 2000), pair[1]),
            ((14 - place * 2) * SUB / 2, (12 - place * 2) * SUB / 2),
        );
    }
    for root in [at(98, 572), at(112, 580), at(140, 576), at(152, 568)] {
        wood.stroke(&bend(at(119, 556), at(119, 566), root), (SUB * 4, SUB / 2));
    }
    for &(from, towards, to) in &branches {
        wood.stroke(&bend(from, towards, to), (SUB * 9 / 4, SUB / 2));
    }
    wood.thin(|x, y| ease(0, ONE / 2, layered_noise(x * SUB, y * SUB, (5, 7), 2, 322) + ONE / 6));
    canvas.lay_mask(&wood, [46, 38, 34], ONE * 95 / 100);
    for (place, &(from, towards, to)) in (0..).zip(&branches) {
        for &point in bend(from, towards, to).iter().skip(6).step_by(2) {
            tuft(canvas, (point.0, point.1 - 2 * SUB), place);
        }
    }
    tuft(canvas, at(180, 380), 9);
}

/// A fan of needles, light ones behind dark ones.
fn tuft(canvas: &mut Canvas, (x, y): Point, seed: u64) {
    for (layer, colour, strength) in [(0, [64, 98, 84], ONE * 6 / 10), (1, NEEDLES, ONE * 85 / 100)] {
        let mut needles = Mask::new(canvas);
        for needle in 0..23 {
            let angle = ONE / 2 + needle * ONE / 44 + between(-900, 900, needle, x, 331 + seed);
            let reach = between(10, 17, needle, y, 332 + seed + layer) * SUB;
            let root = (x + between(-500, 500, needle, x, 333), y + between(-200, 300, needle, y, 334));
            let tip = (root.0 + cosine(angle) * reach / ONE, root.1 + sine(angle) * reach * 75 / (100 * ONE));
            needles.stroke(&[root, tip], (SUB * 2 / 5, SUB / 4));
        }
        canvas.lay_mask(&needles, colour, strength);
    }
}

/// Draws a skein of geese, flying home past the sun.
pub(crate) fn geese(canvas: &mut Canvas) {
    let mut wings = Mask::new(canvas);
    for bird in 0..9 {
        let side = if bird % 2 == 0 { 1 } else { -1 };
        let rank = (bird + 1) / 2;
        let (x, y) = (612 - rank * 17 + side * 2, 196 + side * rank * 7 + rank * 3);
        let span = between(5, 7, bird, 0, 341);
        let lift = between(2, 5, bird, 1, 341);
        wings.stroke(&bend(at(x, y), at(x - span / 2, y - lift - 1), at(x - span, y - lift)), (SUB * 2 / 3, SUB / 4));
        wings.stroke(
            &bend(at(x, y), at(x + span / 2, y - lift - 2), at(x + span, y - lift + 1)),
            (SUB * 2 / 3, SUB / 4),
        );
        wings.stroke(&[at(x - 1, y), at(x + 3, y + 1)], (SUB / 2, SUB / 4));
    }
    canvas.lay_mask(&wings, INK, ONE * 85 / 100);
}

/// Presses the seal: the old forms of mountain and water, white in red.
pub(crate) fn seal(canvas: &mut Canvas, (x, y): (i64, i64)) {
    let point = |dx: i64, dy: i64| at(x + dx, y + dy);
    let mut carved = Mask::new(canvas);
    let line = (SUB * 7 / 4, SUB * 7 / 4);
    carved.stroke(&[point(23, 9), point(23, 34)], line);
    carved.stroke(&[point(10, 18), point(10, 34), point(36, 34), point(36, 18)], line);
    let mut river = bend(point(23, 44), point(17, 52), point(23, 60));
    river.extend(bend(point(23, 60), point(29, 68), point(23, 78)));
    carved.stroke(&river, line);
    for (dx, dy) in [(10, 46), (10, 64), (36, 46), (36, 64)] {
        let inward = if dx < 23 { 4 } else { -4 };
        carved.stroke(&bend(point(dx, dy), point(dx + inward, dy + 6), point(dx, dy + 12)), line);
    }
    let mut stone = Mask::new(canvas);
    let rim: Vec<Point> = (0..88)
        .map(|step| {
            let along = |start: i64| (step - start).clamp(0, 22);
            let (dx, dy) = ((along(0) - along(44)) * 46 / 22, (along(22) - along(66)) * 86 / 22);
            let worn = |axis| between(-SUB * 2 / 3, SUB * 2 / 3, step, axis, 351);
            (point(dx, dy).0 + worn(0), point(dx, dy).1 + worn(1))
        })
        .collect();
    stone.area(&rim);
    stone.thin(|x, y| {
        let paste = ease(ONE / 5, ONE * 2 / 5, layered_noise(x * SUB, y * SUB, (7, 7), 3, 352));
        let speck = if chance(x, y, 353) < ONE / 40 { ONE / 2 } else { ONE };
        (ONE - carved.cover(x, y)) * paste / ONE * speck / ONE
    });
    canvas.lay_mask(&stone, CINNABAR, ONE * 94 / 100);
}
