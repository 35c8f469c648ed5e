//! Content codes of one kind, packed bit by bit and compared many at once.
//!
//! ```text
//! block     512 codes as 64 planes; plane n holds bit n of each of them, 64 to a word
//! question  a code: where its bit n is set, plane n is inverted, so that a 1 says that a code differs there
//! count     15 full adders turn 16 planes into planes of ones, twos, fours and eights, and a carry that says sixteen
//! ```
//!
//! Four such rounds make four carries. A code differs in at most 15 bits if it has none of them, and in 48 or more if it has three, so
//! no number is ever put together; the few codes that are left are looked at one by one. That is some six operations for each bit of as many codes
//! as a vector of the processor has bits. The vectors are written out: a compiler that is left to find them loses half of the time to putting them together.
//!
//! A negative has nearly the opposite code: what is near to it is far from the code of the picture, so one count answers for both.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the vectors that the processor has")]

use std::num::NonZero;
use std::thread;

use pulp::Simd;

/// The largest distance that can be asked for, of 64 bits: what four bits count to.
pub const DISTANCE_MAX: u32 = 15;
/// The most files in an answer, the nearest.
pub const LOOKALIKES_MAX: usize = 50;
/// The most files that are named for being the earliest, beside the nearest.
pub const EARLIEST_MAX: usize = 10;
/// How many bits of a place say which of a work's files it is.
const FILE_BITS: u32 = 4;
/// How many files are gathered before all but the nearest are let go.
const GATHERED_MAX: usize = 4 * LOOKALIKES_MAX;

const BITS: usize = 64;
/// Words of a plane: the widest vector, or several that are narrower.
const WORDS: usize = 8;
/// Codes of a block.
const BLOCK_CODES: usize = WORDS * BITS;
/// Planes that are counted at a time.
const ROUND: usize = 16;
/// From how many bits on three carries tell that a code differs.
const FAR: u32 = 48;
/// The fewest blocks for which another thread is worth its start: about 250 000 codes.
const BLOCKS_EACH_MIN: usize = 512;

/// A file that is near to what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// In how many of 64 bits its code differs from the nearest of those asked about.
    pub distance: u32,
    /// The index of the mint that names it.
    pub index: u64,
    /// Which of the work's files it is, from 1 for the face.
    pub file: u64,
    /// Which of the codes asked about is the nearest, from 0.
    pub code: usize,
}

/// Codes of one kind of content: the first 64 bits of each, and where it stands.
#[derive(Debug, Default)]
pub struct Shelf {
    blocks: Vec<Block>,
    places: Vec<u64>,
}

/// One bit of each code of a block.
type Plane = [u64; WORDS];

#[derive(Debug, Clone)]
struct Block {
    planes: [Plane; BITS],
}

/// A code that is asked about, and perhaps its opposite with it.
struct Question {
    /// For each bit of the code all ones or all zeros.
    masks: [u64; BITS],
    /// Whether codes that differ in nearly all bits are wanted too.
    far: bool,
}

impl Shelf {
    /// Adds the code of a file, from 0, of the mint at an index.
    pub fn push(&mut self, head: u64, index: u64, file: u64) {
        let place = self.places.len() % BLOCK_CODES;
        if place == 0 {
            self.blocks.push(Block { planes: [[0; WORDS]; BITS] });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.put(place, head);
        }
        self.places.push(index << FILE_BITS | file);
    }

    /// Returns how many codes there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the files whose code is at most `distance_max`, which is at most [`DISTANCE_MAX`], from one of `codes`: the nearest, nearest first, and of those as near
    /// as each other the earlier first. Uses all cores.
    pub fn near(&self, codes: &[u64], distance_max: u32) -> Vec<Near> {
        self.near_and_earliest(codes, distance_max, None, u64::MAX)
    }

    /// Returns what [`Shelf::near`] does among the files of mints before an index, and behind them the earliest of those that are at most
    /// `early_max` away: however many came later, and however near they are, they bury none of these.
    pub fn near_and_earliest(
        &self,
        codes: &[u64],
        distance_max: u32,
        early_max: Option<u32>,
        before: u64,
    ) -> Vec<Near> {
        // Codes stand in the order of their mints.
        let count = self.places.partition_point(|stands| stands >> FILE_BITS < before);
        let places = self.places.get(..count).unwrap_or_default();
        let blocks = self.blocks.get(..count.div_ceil(BLOCK_CODES)).unwrap_or_default();
        let distance_max = distance_max.min(DISTANCE_MAX);
        let questions = questions(codes, distance_max);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let each = blocks.len().div_ceil(cores).max(BLOCKS_EACH_MIN);
        let arch = pulp::Arch::new();
        let search = |(number, blocks): (usize, &[Block])| {
            let mut nearest = Nearest::new(distance_max, early_max);
            for (block, first) in blocks.iter().zip((number * each * BLOCK_CODES..).step_by(BLOCK_CODES)) {
                let found = arch.dispatch(Comparison { block, questions: &questions });
                let places = places.get(first..).unwrap_or_default();
                look(block, places, found, codes, &mut nearest);
            }
            nearest
        };
        let parts: Vec<_> = blocks.chunks(each).enumerate().collect();
        let mut nearest = Nearest::new(distance_max, early_max);
        if let [only] = parts.as_slice() {
            nearest = search(*only);
        } else {
            thread::scope(|scope| {
                let searches: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || search(part))).collect();
                for part in searches {
                    nearest.add(part.join().expect("comparing numbers does not panic"));
                }
            });
        }
        nearest.into_files()
    }
}

/// Looks at the codes of a block that are marked by ones. `places` are where they stand, up to the last that is looked at.
fn look(block: &Block, places: &[u64], found: Plane, codes: &[u64], nearest: &mut Nearest) {
    for (mut word, begin) in found.into_iter().zip((0..).step_by(BITS)) {
        while word != 0 {
            let place = begin + word.trailing_zeros() as usize;
            word &= word - 1;
            let Some(stands) = places.get(place) else { return };
            let head = block.head(place);
            let distances = codes.iter().map(|code| (code ^ head).count_ones());
            let Some((distance, code)) = distances.zip(0..).min() else { return };
            let (index, file) = (stands >> FILE_BITS, (stands & ((1 << FILE_BITS) - 1)) + 1);
            nearest.take(Near { distance, index, file, code });
        }
    }
}

impl Block {
    fn put(&mut self, place: usize, head: u64) {
        for (bit, plane) in self.planes.iter_mut().enumerate() {
            if let Some(word) = plane.get_mut(place / BITS) {
                *word |= (head >> bit & 1) << (place % BITS);
            }
        }
    }

    fn head(&self, place: usize) -> u64 {
        let bit = |plane: &Plane| plane.get(place / BITS).map_or(0, |word| word >> (place % BITS) & 1);
        self.planes.iter().enumerate().fold(0, |head, (number, plane)| head | bit(plane) << number)
    }
}

/// A block held against all questions. What it calls is inlined, so that it is compiled once for each kind of vectors.
struct Comparison<'a> {
    block: &'a Block,
    questions: &'a [Question],
}

impl pulp::WithSimd for Comparison<'_> {
    /// The codes that any of the questions may mean, marked by ones.
    type Output = Plane;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Plane {
        let mut found = Plane::default();
        for (part, found) in S::as_mut_simd_u64s(&mut found).0.iter_mut().enumerate() {
            for question in self.questions {
                *found = simd.or_u64s(*found, candidates(simd, self.block, part, question));
            }
        }
        found
    }
}

/// Returns the codes that a question may mean, marked by ones.
#[inline(always)]
fn candidates<S: Simd>(simd: S, block: &Block, part: usize, question: &Question) -> S::u64s {
    let differs =
        |bit: usize| simd.xor_u64s(S::as_simd_u64s(&block.planes[bit]).0[part], simd.splat_u64s(question.masks[bit]));
    let none = simd.splat_u64s(0);
    let mut count = Count { simd, ones: none, twos: none, fours: none, eights: none };
    let mut carries = [none; BITS / ROUND];
    // A loop, since closures of this size would not be inlined.
    for (round, carry) in carries.iter_mut().enumerate() {
        *carry = count.take(|bit| differs(ROUND * round + bit));
    }
    let [a, b, c, d] = carries;
    let (and, or) = (|one, other| simd.and_u64s(one, other), |one, other| simd.or_u64s(one, other));
    let near = simd.not_u64s(or(or(a, b), or(c, d)));
    if !question.far {
        return near;
    }
    or(near, or(and(and(a, b), or(c, d)), and(and(c, d), or(a, b))))
}

/// How many bits have been set so far, modulo 16, of each code.
struct Count<S: Simd> {
    simd: S,
    ones: S::u64s,
    twos: S::u64s,
    fours: S::u64s,
    eights: S::u64s,
}

impl<S: Simd> Count<S> {
    /// Adds sixteen bits of each code, and returns which went beyond.
    #[inline(always)]
    fn take(&mut self, bits: impl Fn(usize) -> S::u64s) -> S::u64s {
        let low = self.take_eight(&bits);
        let high = self.take_eight(|bit| bits(bit + 8));
        add(self.simd, &mut self.eights, low, high)
    }

    #[inline(always)]
    fn take_eight(&mut self, bits: impl Fn(usize) -> S::u64s) -> S::u64s {
        let low = self.take_four(&bits);
        let high = self.take_four(|bit| bits(bit + 4));
        add(self.simd, &mut self.fours, low, high)
    }

    #[inline(always)]
    fn take_four(&mut self, bits: impl Fn(usize) -> S::u64s) -> S::u64s {
        let low = add(self.simd, &mut self.ones, bits(0), bits(1));
        let high = add(self.simd, &mut self.ones, bits(2), bits(3));
        add(self.simd, &mut self.twos, low, high)
    }
}

/// Adds two bits to a sum of each code, and returns the carries.
#[inline(always)]
fn add<S: Simd>(simd: S, sum: &mut S::u64s, one: S::u64s, other: S::u64s) -> S::u64s {
    let half = simd.xor_u64s(*sum, one);
    let carry = simd.or_u64s(simd.and_u64s(*sum, one), simd.and_u64s(half, other));
    *sum = simd.xor_u64s(half, other);
    carry
}

/// Returns what is to be asked so that nothing at most `distance_max` from one of the codes is missed.
fn questions(codes: &[u64], distance_max: u32) -> Vec<Question> {
    let mut questions = Vec::with_capacity(codes.len());
    let mut open: Vec<u64> = codes.to_vec();
    while let Some(code) = open.pop() {
        // At most distance_max from one that differs from the opposite in so many bits is at least 64 - distance_max - so many from the code.
        let opposite = open.iter().position(|other| (code ^ !other).count_ones() + distance_max + FAR <= u64::BITS);
        if let Some(place) = opposite {
            open.swap_remove(place);
        }
        let masks = std::array::from_fn(|bit| if code >> bit & 1 == 1 { u64::MAX } else { 0 });
        questions.push(Question { masks, far: opposite.is_some() });
    }
    questions
}

/// The nearest files so far.
struct Nearest {
    files: Vec<Near>,
    distance_max: u32,
    /// What does not come before this one need not be kept.
    last: Option<Near>,
    /// The earliest, and how far away they may be.
    earliest: Vec<Near>,
    early_max: Option<u32>,
}

impl Nearest {
    fn new(distance_max: u32, early_max: Option<u32>) -> Nearest {
        Nearest { files: Vec::new(), distance_max, last: None, earliest: Vec::new(), early_max }
    }

    /// Takes a file; they come in the order of their mints.
    fn take(&mut self, near: Near) {
        if self.early_max.is_some_and(|max| near.distance <= max) && self.earliest.len() < EARLIEST_MAX {
            self.earliest.push(near);
        }
        if near.distance > self.distance_max || self.last.is_some_and(|last| near >= last) {
            return;
        }
        self.files.push(near);
        if self.files.len() == GATHERED_MAX {
            self.cut();
        }
    }

    /// Adds what was found among files of later mints.
    fn add(&mut self, later: Nearest) {
        self.files.extend(later.files);
        self.earliest.extend(later.earliest);
    }

    /// Returns the nearest, and behind them the earliest that are not among them.
    fn into_files(mut self) -> Vec<Near> {
        self.cut();
        self.earliest.truncate(EARLIEST_MAX);
        self.earliest.retain(|early| !self.files.contains(early));
        self.files.append(&mut self.earliest);
        self.files
    }

    fn cut(&mut self) {
        self.files.sort_unstable();
        self.files.truncate(LOOKALIKES_MAX);
        self.last = self.files.get(LOOKALIKES_MAX - 1).copied();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shelf(heads: &[u64]) -> Shelf {
        let mut shelf = Shelf::default();
        for (index, head) in (7..).zip(heads) {
            shelf.push(*head, index, index % 3);
        }
        shelf
    }

    /// What is to be found, one by one.
    fn expected(heads: &[u64], codes: &[u64], distance_max: u32) -> Vec<Near> {
        let near = |(index, head): (u64, &u64)| {
            let (distance, code) = codes.iter().map(|code| (code ^ head).count_ones()).zip(0..).min()?;
            (distance <= distance_max).then_some(Near { distance, index, file: index % 3 + 1, code })
        };
        let mut found: Vec<Near> = (7..).zip(heads).filter_map(near).collect();
        found.sort_unstable();
        found.truncate(LOOKALIKES_MAX);
        found
    }

    /// Numbers that follow from a seed (`SplitMix64`).
    fn dice(seed: u64) -> impl Iterator<Item = u64> {
        (1..).map(move |number: u64| {
            let mixed = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        })
    }

    #[test]
    fn the_nearest_come_first_and_the_earlier_of_equals() {
        let found = shelf(&[0b1111, 0b1, 0, u64::MAX, 0b10]).near(&[0, u64::MAX << 1], 2);
        let told: Vec<_> = found.iter().map(|near| (near.distance, near.index, near.code)).collect();
        assert_eq!(told, [(0, 9, 0), (1, 8, 0), (1, 10, 1), (1, 11, 0)]);
        assert!(shelf(&[0]).near(&[], 15).is_empty() && Shelf::default().near(&[0], 15).is_empty());
    }

    #[test]
    fn an_answer_ends_at_its_limit_with_the_nearest() {
        let mut heads = vec![0b111; 10 * LOOKALIKES_MAX];
        heads.push(0);
        let found = shelf(&heads).near(&[0], DISTANCE_MAX);
        assert_eq!((found.len(), found[0].distance, found[1].index), (LOOKALIKES_MAX, 0, 7));
    }

    #[test]
    fn what_came_later_does_not_bury_what_was_there_before() {
        // The first, at index 7, is the farthest.
        let mut heads = vec![0b1111];
        heads.extend(vec![0; 2 * LOOKALIKES_MAX]);
        let copied = shelf(&heads);
        assert!(!copied.near(&[0], DISTANCE_MAX).iter().any(|near| near.index == 7));
        let indices = |shelf: &Shelf, before| -> Vec<u64> {
            let found = shelf.near_and_earliest(&[0], DISTANCE_MAX, None, before);
            found.iter().map(|near| near.index).collect()
        };
        let found = [0, 7, 8, 10].map(|before| indices(&copied, before));
        assert_eq!(found, [vec![], vec![], vec![7], vec![8, 9, 7]]);
        // Without an index the earliest stand behind the nearest, if they are near enough.
        let last = |early_max| copied.near_and_earliest(&[0], DISTANCE_MAX, Some(early_max), u64::MAX).pop().unwrap();
        assert_eq!([4, 3].map(|early_max| last(early_max).index), [7, 57]);
        // Around the end of a block.
        let mut heads = vec![u64::MAX; 2 * BLOCK_CODES];
        heads[BLOCK_CODES - 1..=BLOCK_CODES].fill(0);
        let (last, first) = (BLOCK_CODES as u64 + 6, BLOCK_CODES as u64 + 7);
        let found = [last, first, first + 1].map(|before| indices(&shelf(&heads), before));
        assert_eq!(found, [vec![], vec![last], vec![last, first]]);
    }

    #[test]
    fn each_distance_is_found_up_to_the_largest_and_none_beyond() {
        let code = 0x0123_4567_89ab_cdef;
        let heads: Vec<u64> =
            (0..=u64::BITS).map(|bits| code ^ u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0)).collect();
        for codes in [vec![code], vec![code, !code], vec![!code ^ 1, code]] {
            for distance in 0..=DISTANCE_MAX {
                assert_eq!(shelf(&heads).near(&codes, distance), expected(&heads, &codes, distance), "{distance}");
            }
        }
    }

    #[test]
    fn a_negative_is_asked_about_together_with_its_picture() {
        let codes = [1, 2, !1, !2 ^ 0b1001].map(|code: u64| code.rotate_left(17));
        let count = |distance| questions(&codes, distance).iter().map(|question| question.far).collect::<Vec<_>>();
        assert_eq!(count(14), [true, true]);
        assert_eq!(count(15).len(), 3, "two bits more do not fit any more");
    }

    #[test]
    fn vectors_of_every_width_mark_the_same_codes() {
        let heads: Vec<u64> = dice(3).take(BLOCK_CODES).collect();
        let codes = [heads[0], heads[100], !heads[100], heads[BLOCK_CODES - 1] ^ 0b111];
        let questions = questions(&codes, DISTANCE_MAX);
        let shelf = shelf(&heads);
        let comparison = || Comparison { block: &shelf.blocks[0], questions: &questions };
        let marked = Simd::vectorize(pulp::Scalar, comparison());
        assert_eq!(marked.map(|word| word & 1), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((marked[1] >> 36 & 1, marked[7] >> 63), (1, 1), "place 100, and the last");
        assert_eq!(pulp::Arch::new().dispatch(comparison()), marked);
        #[cfg(target_arch = "x86_64")]
        if let Some(narrower) = pulp::x86::V3::try_new() {
            assert_eq!(Simd::vectorize(narrower, comparison()), marked);
        }
    }

    #[test]
    fn the_earliest_are_those_of_the_first_blocks() {
        let mut heads = vec![0; 2 * BLOCKS_EACH_MIN * BLOCK_CODES + 77];
        heads[..EARLIEST_MAX + 3].fill(0b11);
        let found = shelf(&heads).near_and_earliest(&[0], DISTANCE_MAX, Some(2), u64::MAX);
        let indices: Vec<u64> = found[LOOKALIKES_MAX..].iter().map(|near| near.index).collect();
        assert_eq!(indices, (7..7 + EARLIEST_MAX as u64).collect::<Vec<_>>());
    }

    #[test]
    fn many_blocks_are_searched_by_several_threads_alike() {
        let heads: Vec<u64> = dice(1).take(2 * BLOCKS_EACH_MIN * BLOCK_CODES + 77).collect();
        let codes: Vec<u64> = dice(2).take(6).chain([heads[3], !heads[heads.len() - 1]]).collect();
        assert_eq!(shelf(&heads).near(&codes, DISTANCE_MAX), expected(&heads, &codes, DISTANCE_MAX));
    }

    proptest! {
        #[test]
        fn it_finds_what_is_found_one_by_one(
            seed: u64,
            count in 0_usize..1200,
            noise in proptest::collection::vec(0_u32..40, 1..16),
            distance in 0..=DISTANCE_MAX,
        ) {
            let mut numbers = dice(seed);
            let codes: Vec<u64> = noise.iter().map(|_| numbers.next().unwrap()).collect();
            // Codes with some bits of those asked about turned over, or of their opposites.
            let heads: Vec<u64> = (0..count).map(|number| {
                let (code, bits) = (codes[number % codes.len()], noise[number % noise.len()]);
                let turned = (0..bits).fold(0, |turned, _| turned | 1 << (numbers.next().unwrap() % 64));
                if number % 5 == 0 { !code ^ turned } else { code ^ turned }
            }).collect();
            let asked: Vec<u64> = codes.iter().flat_map(|code| [*code, !code ^ (seed & 0b101)]).take(16).collect();
            prop_assert_eq!(shelf(&heads).near(&asked, distance), expected(&heads, &asked, distance));
        }
    }
}
