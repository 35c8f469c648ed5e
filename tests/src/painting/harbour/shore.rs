//! The land: a headland with its lighthouse, and the town on the quay.

use crate::painting::canvas::{Canvas, Colour, Mask, Point, at, bend, blend};
use crate::painting::harbour::{HORIZON, KEY, LAMP, MOONLIGHT};
use crate::painting::noise::{ONE, SUB, between, chance, ease, layered_noise, mix};

/// Draws the far headland and the lighthouse on its point.
pub(crate) fn headland(canvas: &mut Canvas) {
    land(canvas, (0, 560), 300, 22, [84, 116, 140], 441);
    beam(canvas);
    land(canvas, (0, 404), 268, 44, [38, 58, 94], 442);
    lighthouse(canvas, at(336, 272));
}

/// A stretch of coast that ends in the sea at its right end; `top` and `wander` in pixels.
fn land(canvas: &mut Canvas, (left, right): (i64, i64), top: i64, wander: i64, colour: Colour, seed: u64) {
    let mut outline = vec![at(left, HORIZON + 6)];
    for x in left..=right {
        let rough = layered_noise(x * SUB, 0, (90, 1), 5, seed) - ONE / 2;
        let sinking = ease(right - 60, right, x);
        let y = mix(top * SUB + rough * wander * SUB / ONE, (HORIZON + 2) * SUB, sinking);
        outline.push((x * SUB, y));
    }
    outline.push(at(right, HORIZON + 6));
    let mut rock = Mask::new(canvas);
    rock.area(&outline);
    for (x, y, cover) in rock.covered() {
        let mist = ease(HORIZON - 50, HORIZON + 8, y);
        let facets = layered_noise(x * SUB + y * SUB / 2, y * SUB, (16, 30), 3, seed + 9);
        let lit = ease(ONE * 54 / 100, ONE * 58 / 100, facets) / 6;
        canvas.lay(x, y, blend(blend(colour, MOONLIGHT, lit), [120, 152, 164], mist / 2), cover);
    }
    let mut key = Mask::new(canvas);
    key.stroke(&outline[1..outline.len() - 1], (SUB * 7 / 10, SUB * 7 / 10));
    canvas.lay_mask(&key, KEY, ONE * 7 / 10);
}

fn beam(canvas: &mut Canvas) {
    let light = at(336, 193);
    for (target, spread, strength) in [(at(960, 246), 46, ONE / 5), (at(26, 168), 24, ONE / 7)] {
        let mut ray = Mask::new(canvas);
        ray.area(&[light, (target.0, target.1 - spread * SUB), (target.0, target.1 + spread * SUB)]);
        ray.thin(|x, _| ease(620, 0, (x - light.0 / SUB).abs()));
        canvas.lay_mask(&ray, [252, 226, 160], strength * 2);
    }
}

fn lighthouse(canvas: &mut Canvas, (x, y): Point) {
    let point = |dx: i64, dy: i64| (x + dx * SUB, y + dy * SUB);
    let tower = [point(-9, 4), point(-6, -70), point(6, -70), point(9, 4)];
    let mut stone = Mask::new(canvas);
    stone.area(&tower);
    for (column, row, cover) in stone.covered() {
        let shade = ease(x / SUB - 7, x / SUB + 8, column);
        canvas.lay(column, row, blend([116, 132, 148], [232, 226, 204], shade), cover);
    }
    let mut dark = Mask::new(canvas);
    dark.area(&[point(-8, -46), point(-7, -62), point(7, -62), point(8, -46)]);
    dark.area(&[point(-9, -16), point(-8, -32), point(8, -32), point(9, -16)]);
    canvas.lay_mask(&dark, [140, 56, 46], ONE * 85 / 100);
    let mut key = Mask::new(canvas);
    key.stroke(&tower, (SUB * 7 / 10, SUB * 7 / 10));
    key.stroke(&[point(-10, -71), point(10, -71)], (SUB * 3 / 2, SUB * 3 / 2));
    key.area(&[point(-7, -86), point(0, -98), point(7, -86)]);
    key.stroke(&[point(-5, -71), point(-5, -86)], (SUB / 2, SUB / 2));
    key.stroke(&[point(5, -71), point(5, -86)], (SUB / 2, SUB / 2));
    canvas.lay_mask(&key, KEY, ONE);
    for (radius, strength) in [(17, ONE / 5), (10, ONE / 3), (4, ONE)] {
        let mut glow = Mask::new(canvas);
        glow.spot(point(0, -79), radius * SUB);
        canvas.lay_mask(&glow, [255, 232, 160], strength);
    }
    house(canvas, point(-36, 6), (26, 16), 7);
}

/// Draws the town: quay, houses in two rows, and the church among them.
pub(crate) fn town(canvas: &mut Canvas) {
    land(canvas, (690, 1100), 306, 26, [46, 68, 102], 443);
    church(canvas, at(822, 330));
    for (x, y, wide, high) in [(726, 346, 34, 24), (764, 340, 38, 28), (868, 338, 40, 30), (912, 342, 36, 26)] {
        house(canvas, at(x, y), (wide, high), x.cast_unsigned());
    }
    for (x, y, wide, high) in
        [(700, 372, 44, 26), (752, 374, 50, 32), (806, 372, 42, 28), (856, 376, 54, 36), (914, 374, 46, 30)]
    {
        house(canvas, at(x, y), (wide, high), x.cast_unsigned());
    }
    quay(canvas);
}

fn quay(canvas: &mut Canvas) {
    let mut wall = Mask::new(canvas);
    let outline = [at(640, 380), at(960, 372), at(960, 402), at(632, 400)];
    wall.area(&outline);
    canvas.lay_mask(&wall, [58, 66, 88], ONE);
    let mut joints = Mask::new(canvas);
    for course in 0..3 {
        let y = 384 + course * 7;
        joints.stroke(&[at(634, y), at(960, y - 5)], (SUB / 3, SUB / 3));
        for stone in 0..26 {
            let x = 638 + stone * 13 + course % 2 * 6 + between(-2, 2, stone, course, 451);
            joints.stroke(&[at(x, y - 1), at(x, y + 6)], (SUB / 3, SUB / 3));
        }
    }
    joints.stroke(&outline, (SUB * 8 / 10, SUB * 8 / 10));
    joints.stroke(&[outline[0], outline[3]], (SUB * 8 / 10, SUB * 8 / 10));
    canvas.lay_mask(&joints, KEY, ONE * 85 / 100);
    let mut top = Mask::new(canvas);
    top.stroke(&[at(640, 379), at(960, 371)], (SUB, SUB));
    canvas.lay_mask(&top, [170, 182, 184], ONE * 8 / 10);
}

/// A house seen from its long side: wall, slate roof, a chimney at each gable, lit windows. `foot` is its left corner.
fn house(canvas: &mut Canvas, foot: Point, (wide, high): (i64, i64), seed: u64) {
    let point = |dx: i64, dy: i64| (foot.0 + dx * SUB, foot.1 + dy * SUB);
    let steep = high * 8 / 10;
    let wall = [point(0, 0), point(0, -high), point(wide, -high), point(wide, 0)];
    let roof =
        [point(-2, -high + 1), point(3, -high - steep), point(wide - 3, -high - steep), point(wide + 2, -high + 1)];
    let mut chimneys = Mask::new(canvas);
    for dx in [3, wide - 8] {
        chimneys.area(&[
            point(dx, -high - steep + 2),
            point(dx, -high - steep - 7),
            point(dx + 5, -high - steep - 7),
            point(dx + 5, -high - steep + 2),
        ]);
    }
    canvas.lay_mask(&chimneys, [60, 62, 78], ONE);
    let blocks: [(&[Point], Colour); 2] = [(&wall, [164, 176, 180]), (&roof, [44, 58, 92])];
    let mut key = Mask::new(canvas);
    for (outline, colour) in blocks {
        let mut block = Mask::new(canvas);
        block.area(outline);
        for (x, y, cover) in block.covered() {
            let shade = ease(foot.0 / SUB + wide, foot.0 / SUB, x) / 2;
            canvas.lay(x, y, blend(colour, [36, 48, 82], shade), cover);
        }
        key.stroke(outline, (SUB / 2, SUB / 2));
        key.stroke(&[outline[3], outline[0]], (SUB / 2, SUB / 2));
    }
    for course in 1..4 {
        let y = -high - steep * course / 4;
        key.stroke(&[point(1, y), point(wide - 1, y)], (SUB / 5, SUB / 5));
    }
    canvas.lay_mask(&key, KEY, ONE * 85 / 100);
    windows(canvas, foot, (wide, high), seed);
}

fn windows(canvas: &mut Canvas, (x, y): Point, (wide, high): (i64, i64), seed: u64) {
    let count = wide / 13;
    for window in 0..count {
        let left = x + (wide * (2 * window + 1) / (2 * count) - 3) * SUB;
        let top = y - high * 7 / 10 * SUB;
        let (right, bottom) = (left + 5 * SUB, top + high * 3 / 10 * SUB);
        let mut pane = Mask::new(canvas);
        pane.area(&[(left, top), (right, top), (right, bottom), (left, bottom)]);
        let lit = chance(window, 0, seed + 461) < ONE * 6 / 10;
        canvas.lay_mask(&pane, if lit { LAMP } else { [34, 44, 74] }, ONE);
        if lit {
            let mut glow = Mask::new(canvas);
            glow.spot((left.midpoint(right), top.midpoint(bottom)), 9 * SUB);
            canvas.lay_mask(&glow, LAMP, ONE / 7);
        }
    }
}

fn church(canvas: &mut Canvas, (x, y): Point) {
    let point = |dx: i64, dy: i64| (x + dx * SUB, y + dy * SUB);
    let mut stone = Mask::new(canvas);
    let tower = [point(-13, 0), point(-13, -78), point(13, -78), point(13, 0)];
    let spire = [point(-10, -78), point(0, -168), point(10, -78)];
    stone.area(&tower);
    stone.area(&spire);
    for side in [-13, 8] {
        stone.area(&[point(side, -76), point(side + 2, -98), point(side + 5, -76)]);
    }
    for (column, row, cover) in stone.covered() {
        let shade = ease(x / SUB + 3, x / SUB - 3, column);
        canvas.lay(column, row, blend([150, 162, 170], [58, 72, 104], shade), cover);
    }
    let mut key = Mask::new(canvas);
    key.stroke(&tower, (SUB / 2, SUB / 2));
    key.stroke(&spire, (SUB / 2, SUB / 2));
    key.stroke(&[point(-14, -78), point(14, -78)], (SUB, SUB));
    key.stroke(&[point(0, -168), point(0, -180)], (SUB / 2, SUB / 2));
    key.stroke(&[point(-4, -175), point(4, -175)], (SUB / 2, SUB / 2));
    for high in [-92, -110, -128] {
        key.stroke(&[point(0, high), point(0, high - 7)], (SUB, SUB * 6 / 10));
    }
    for dx in [-5, 5] {
        key.stroke(&bend(point(dx, -44), point(dx, -56), point(dx, -66)), (SUB * 2, SUB * 3 / 2));
    }
    canvas.lay_mask(&key, KEY, ONE * 9 / 10);
}
