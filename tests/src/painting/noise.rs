//! Repeatable randomness and curves in integers, so that a picture is the same on every machine.

/// One, for every fraction in this module: fractions are 16-bit fixed point.
pub(crate) const ONE: i64 = 1 << 16;

/// Subpixels a pixel: positions are counted in them.
pub(crate) const SUB: i64 = 256;

/// Returns a well mixed number for a place and a seed.
pub(crate) fn hash(x: i64, y: i64, seed: u64) -> u64 {
    let mut h = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for part in [x, y] {
        h = (h ^ part.cast_unsigned()).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h ^= h >> 29;
        h = h.wrapping_mul(0x94d0_49bb_1331_11eb);
        h ^= h >> 32;
    }
    h
}

/// Returns a fraction from 0 to just below [`ONE`] for a place and a seed.
pub(crate) fn chance(x: i64, y: i64, seed: u64) -> i64 {
    (hash(x, y, seed) & 0xffff).cast_signed()
}

/// Returns a number from `low` to `high`, both included, for a place and a seed.
pub(crate) fn between(low: i64, high: i64, x: i64, y: i64, seed: u64) -> i64 {
    low + chance(x, y, seed) * (high - low + 1) / ONE
}

/// Mixes two values: all `from` at 0, all `to` at [`ONE`].
pub(crate) fn mix(from: i64, to: i64, share: i64) -> i64 {
    from + (to - from) * share / ONE
}

/// Returns how far `value` is on its way from `low` to `high`, eased at both ends, as a fraction.
///
/// `low` may be the larger one: then the curve falls.
pub(crate) fn ease(low: i64, high: i64, value: i64) -> i64 {
    let t = ((value - low) * ONE / (high - low)).clamp(0, ONE);
    smooth(t)
}

/// Returns a smooth random field's value, 0 to [`ONE`], at a place in subpixels; `width` and `height` (in pixels) say
/// how large its features are.
pub(crate) fn noise(x: i64, y: i64, (width, height): (i64, i64), seed: u64) -> i64 {
    let (width, height) = (width * SUB, height * SUB);
    let (column, row) = (x.div_euclid(width), y.div_euclid(height));
    let across = smooth(x.rem_euclid(width) * ONE / width);
    let down = smooth(y.rem_euclid(height) * ONE / height);
    let top = mix(chance(column, row, seed), chance(column + 1, row, seed), across);
    let bottom = mix(chance(column, row + 1, seed), chance(column + 1, row + 1, seed), across);
    mix(top, bottom, down)
}

/// Returns several octaves of [`noise`] in one, each half as large and half as strong as the one before.
pub(crate) fn layered_noise(x: i64, y: i64, (width, height): (i64, i64), octaves: u32, seed: u64) -> i64 {
    let mut sum = 0;
    let mut whole = 0;
    for octave in 0..octaves {
        let size = ((width >> octave).max(1), (height >> octave).max(1));
        let strength = 1 << (octaves - octave);
        sum += noise(x, y, size, seed + u64::from(octave)) * strength;
        whole += strength;
    }
    sum / whole
}

/// Returns the sine of an angle, -[`ONE`] to [`ONE`]; a full turn is [`ONE`].
///
/// Bhaskara's approximation, within 0.2 % of the sine.
pub(crate) fn sine(angle: i64) -> i64 {
    let turn = angle.rem_euclid(ONE);
    let half = ONE / 2;
    let (t, sign) = if turn < half { (turn, 1) } else { (turn - half, -1) };
    let product = t * (half - t);
    sign * 16 * product * ONE / (5 * half * half - 4 * product)
}

/// Returns the cosine of an angle, like [`sine`].
pub(crate) fn cosine(angle: i64) -> i64 {
    sine(angle + ONE / 4)
}

/// Returns the distance of a point from the origin, in its own unit.
pub(crate) fn length(x: i64, y: i64) -> i64 {
    (x * x + y * y).isqrt()
}

fn smooth(t: i64) -> i64 {
    let square = t * t / ONE;
    square * (3 * ONE - 2 * t) / ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_runs_through_its_known_points() {
        for (angle, expected) in [(0, 0), (ONE / 12, ONE / 2), (ONE / 4, ONE), (ONE / 2, 0), (3 * ONE / 4, -ONE)] {
            assert!((sine(angle) - expected).abs() < ONE / 500, "sine of {angle}");
        }
        assert_eq!(cosine(0), ONE);
    }

    #[test]
    fn noise_stays_in_its_range_and_is_continuous_across_cells() {
        for step in -2000..2000 {
            let here = layered_noise(step * 37, step * 91, (40, 24), 4, 7);
            assert!((0..=ONE).contains(&here), "{here}");
            let (before, after) = (noise(step * 256 - 1, 0, (1, 1), 7), noise(step * 256, 0, (1, 1), 7));
            assert!((before - after).abs() < ONE / 64);
        }
    }

    #[test]
    fn ease_rises_falls_and_stops_at_its_ends() {
        assert_eq!([ease(10, 20, 0), ease(10, 20, 15), ease(10, 20, 30)], [0, ONE / 2, ONE]);
        assert_eq!([ease(20, 10, 0), ease(20, 10, 30)], [ONE, 0]);
    }
}
