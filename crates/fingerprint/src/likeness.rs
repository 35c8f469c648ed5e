//! How alike two works are: distances of their codes, and what a distance means.
//!
//! The thresholds are those of ISCC's own benchmark for text and sound, and of measurements on generated paintings and
//! photographs for pictures: between two unrelated pictures the distance is 12 or less in 1 of 40 000 pairs when the best of
//! 16 variants counts, and 10 or less in 3 of 431 985 pairs of crude ones. Those were told from copies by what else is known of both: all 256 bits,
//! and the difference hashes. Of twelve videos, saved anew at half the size or with a tenth of the data, or cut,
//! most stayed within 6 and all within 13; no two different ones were nearer than 22.

use crate::code::Code;
use crate::content::ContentKind;

/// How many of a code's bits are compared.
pub const COMPARED_BITS: u32 = 64;
/// The fewest bits that are set in what is compared of a picture with something in it: in such a picture half of them are.
const PICTURE_BITS_MIN: u32 = 24;
const SAME_PICTURE_MAX: u32 = 4;
const LOOKALIKE_MAX: u32 = 10;
const MAYBE_MAX: u32 = 14;
/// The largest distance of difference hashes at which they say that two pictures are alike.
const DHASHES_MAX: u32 = 12;
/// The largest distance of whole codes at which they do not speak against two pictures being alike. Copies that were cut by 5 %, tilted by 2 degrees
/// or made small came to 70, and unrelated pictures of which the first 64 bits are alike by chance to 86 and more.
const WHOLE_MAX: u32 = 84;
const TEXT_MAX: u32 = 15;
const AUDIO_MAX: u32 = 4;
const SAME_VIDEO_MAX: u32 = 4;
const VIDEO_MAX: u32 = 12;

/// How alike two works are, the most alike first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The same, saved anew.
    Same,
    /// Alike enough to be one made from the other.
    Lookalike,
    /// Perhaps: somebody should look.
    Maybe,
}

/// Returns the distance of two codes: in how many of the bits that are compared they differ.
pub fn distance(one: &Code, other: &Code) -> u32 {
    (compared(one) ^ compared(other)).count_ones()
}

/// Returns in how many of all their bits two codes differ.
pub fn whole_distance(one: &Code, other: &Code) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}

/// Returns whether a picture's code comes from a picture with next to nothing in it. Such codes are all alike.
pub fn is_flat(code: &Code) -> bool {
    compared(code).count_ones() < PICTURE_BITS_MIN
}

/// Returns the largest distance of two codes of a kind that means anything.
pub fn reach(kind: ContentKind) -> u32 {
    match kind {
        ContentKind::Image => MAYBE_MAX,
        ContentKind::Text => TEXT_MAX,
        ContentKind::Audio => AUDIO_MAX,
        ContentKind::Video => VIDEO_MAX,
    }
}

/// What else is known of two pictures, as far as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecondOpinion {
    /// In how many of 64 bits their difference hashes differ.
    pub dhashes: Option<u32>,
    /// In how many of 256 bits their whole codes differ.
    pub whole: Option<u32>,
}

impl SecondOpinion {
    fn says_alike(self) -> bool {
        self.dhashes.is_some_and(|distance| distance <= DHASHES_MAX)
    }

    fn says_different(self) -> bool {
        self.whole.is_some_and(|distance| distance > WHOLE_MAX) && !self.says_alike()
    }
}

/// Returns what this distance of two codes of a kind means, of pictures with what else is known of them.
pub fn grade(kind: ContentKind, distance: u32, second: SecondOpinion) -> Option<Grade> {
    match kind {
        ContentKind::Image if distance <= SAME_PICTURE_MAX => Some(Grade::Same),
        ContentKind::Image if distance <= LOOKALIKE_MAX && !second.says_different() => Some(Grade::Lookalike),
        ContentKind::Image if distance <= LOOKALIKE_MAX => Some(Grade::Maybe),
        ContentKind::Image if distance <= MAYBE_MAX && second.says_alike() => Some(Grade::Maybe),
        ContentKind::Text | ContentKind::Audio if distance == 0 => Some(Grade::Same),
        ContentKind::Text if distance <= TEXT_MAX => Some(Grade::Lookalike),
        ContentKind::Audio if distance <= AUDIO_MAX => Some(Grade::Lookalike),
        ContentKind::Video if distance <= SAME_VIDEO_MAX => Some(Grade::Same),
        ContentKind::Video if distance <= VIDEO_MAX => Some(Grade::Lookalike),
        ContentKind::Image | ContentKind::Text | ContentKind::Audio | ContentKind::Video => None,
    }
}

fn compared(code: &Code) -> u64 {
    code.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_ends_at_its_threshold() {
        let second = |dhashes, whole| SecondOpinion { dhashes, whole };
        let image = |distance, dhashes| grade(ContentKind::Image, distance, second(dhashes, None));
        assert_eq!((image(4, None), image(5, None)), (Some(Grade::Same), Some(Grade::Lookalike)));
        assert_eq!((image(10, None), image(11, None)), (Some(Grade::Lookalike), None));
        assert_eq!((image(14, Some(12)), image(14, Some(13)), image(15, Some(0))), (Some(Grade::Maybe), None, None));
        let near = |distance, dhashes, whole| grade(ContentKind::Image, distance, second(dhashes, Some(whole)));
        assert_eq!((near(10, None, 84), near(10, None, 85)), (Some(Grade::Lookalike), Some(Grade::Maybe)));
        assert_eq!((near(5, Some(12), 256), near(5, Some(13), 85)), (Some(Grade::Lookalike), Some(Grade::Maybe)));
        assert_eq!((near(4, Some(64), 256), near(11, Some(13), 0)), (Some(Grade::Same), None));
        let grade = |kind, distance| grade(kind, distance, second(Some(0), None));
        assert_eq!((grade(ContentKind::Text, 15), grade(ContentKind::Text, 16)), (Some(Grade::Lookalike), None));
        assert_eq!((grade(ContentKind::Audio, 4), grade(ContentKind::Audio, 5)), (Some(Grade::Lookalike), None));
        assert_eq!(grade(ContentKind::Audio, 0), Some(Grade::Same));
        for kind in [ContentKind::Image, ContentKind::Text, ContentKind::Audio, ContentKind::Video] {
            assert!(grade(kind, reach(kind)).is_some() && grade(kind, reach(kind) + 1).is_none());
        }
    }

    #[test]
    fn only_what_is_compared_counts() {
        let (mut one, other) = ([0; 32], [0; 32]);
        (one[7], one[8]) = (0b101, 0xff);
        assert_eq!((distance(&one, &other), whole_distance(&one, &other)), (2, 10));
        assert!(is_flat(&one) && !is_flat(&[0x55; 32]));
    }
}
