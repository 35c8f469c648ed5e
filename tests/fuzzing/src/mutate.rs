//! A small mutator with a seed: what the smoke run feeds to the targets. The same seed always gives the same inputs.

/// A generator of numbers that nobody should trust with a secret (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Returns the generator of this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.roll() % bound).unwrap_or(0)
    }

    /// Returns runs of bytes, one of each length from `step` to `count` times that: seeds of what is read by choices.
    pub fn runs(mut self, count: usize, step: usize) -> Vec<Vec<u8>> {
        (1..=count).map(|n| (0..n * step).map(|_| self.byte()).collect()).collect()
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[0]
    }
}

/// The longest input that the mutator makes.
pub const INPUT_BYTES_MAX: usize = 128 * 1024;

/// Returns one of `seeds` after one to eight changes. `words` are spliced in now and then.
pub fn mutated(dice: &mut Dice, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut bytes = seeds.get(dice.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..=dice.below(8) {
        change(dice, &mut bytes, seeds, words);
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + dice.below(40)).min(bytes.len());
    let here = at.min(bytes.len().saturating_sub(1));
    match dice.below(11) {
        0 if !bytes.is_empty() => bytes[here] ^= 1 << dice.below(8),
        1 if !bytes.is_empty() => bytes[here] = dice.byte(),
        2 => bytes.insert(at, dice.byte()),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let part = bytes[at..end].to_vec();
            let times = 1 + dice.below(3);
            bytes.splice(at..at, part.repeat(times));
        }
        5 => bytes.truncate(at),
        6 if !words.is_empty() => {
            let word = words[dice.below(words.len())].bytes();
            bytes.splice(at..at, word);
        }
        7 if !words.is_empty() => {
            let word = words[dice.below(words.len())].bytes();
            bytes.splice(at..end, word);
        }
        8 if !seeds.is_empty() => {
            let other = &seeds[dice.below(seeds.len())];
            let from = dice.below(other.len());
            let to = (from + dice.below(200)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        9 => {
            let digits: Vec<usize> = (0..bytes.len()).filter(|n| bytes[*n].is_ascii_digit()).collect();
            if let Some(place) = digits.get(dice.below(digits.len())) {
                bytes[*place] = b'0' + dice.byte() % 10;
            }
        }
        10 if bytes.len() > 1 => {
            let other = dice.below(bytes.len());
            bytes.swap(here, other);
        }
        _ => bytes.push(dice.byte()),
    }
}
