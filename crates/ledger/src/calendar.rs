//! Days: which one a batch's time falls on, in UTC.

use crate::field::{Date, Day};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const ERA_DAYS: u64 = 146_097;

/// A day of the proleptic Gregorian calendar: year, month and day, in the order in which they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Calendar {
    /// The year; a clock of milliseconds may name one of more than four digits.
    pub year: u64,
    /// The month, from 1.
    pub month: u64,
    /// The day of the month, from 1.
    pub day: u64,
}

impl Calendar {
    /// Returns the day of a time in milliseconds after 1970.
    pub fn at(time_ms: u64) -> Calendar {
        // Counted in years that begin in March, so that the day that comes or not is their last.
        let days = time_ms / DAY_MS + EPOCH_DAYS;
        let (era, of_era) = (days / ERA_DAYS, days % ERA_DAYS);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Calendar { year: era * 400 + year_of_era + u64::from(month <= 2), month, day }
    }

    /// Tells whether the day is neither before `from` nor after `to`.
    pub fn is_within(&self, from: Option<&Day>, to: Option<&Day>) -> bool {
        from.is_none_or(|from| Calendar::of(from) <= *self) && to.is_none_or(|to| *self <= Calendar::of(to))
    }

    fn of(day: &Day) -> Calendar {
        let part = |range: std::ops::Range<usize>| number(day.as_str().get(range));
        Calendar { year: part(0..4), month: part(5..7), day: part(8..10) }
    }
}

/// Returns how many whole days lie between two times in milliseconds after 1970; none if the second is not the later one.
pub fn whole_days(from_ms: u64, to_ms: u64) -> u64 {
    to_ms.saturating_sub(from_ms) / DAY_MS
}

/// Returns the year of a date.
pub fn year_of(date: &Date) -> u64 {
    number(date.as_str().get(..4))
}

fn number(digits: Option<&str>) -> u64 {
    digits.and_then(|digits| digits.parse().ok()).expect("a date's digits stand where its syntax has them")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64) -> (u64, u64, u64) {
        let Calendar { year, month, day } = Calendar::at(day * DAY_MS + DAY_MS - 1);
        (year, month, day)
    }

    #[test]
    fn a_day_that_is_not_over_does_not_count() {
        let days = |from: u64, to: u64| whole_days(from, to);
        assert_eq!((days(5, 5 + 3 * DAY_MS - 1), days(5, 5 + 3 * DAY_MS)), (2, 3));
        assert_eq!(days(DAY_MS, 0), 0, "a predecessor's clock may be ahead");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        // From `date -u -d @SECONDS +%F`.
        for (day, expected) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (789, (1972, 2, 29)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_786, (2026, 11, 29)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
            (2_932_896, (9999, 12, 31)),
            (2_932_897, (10_000, 1, 1)),
        ] {
            assert_eq!(at(day), expected, "{day}");
        }
    }

    #[test]
    fn each_day_comes_after_the_one_before() {
        let mut last = at(0);
        for day in 1..200_000 {
            let (year, month, of_month) = at(day);
            let next = (last.0, last.1, last.2 + 1);
            let turns = [(last.0, last.1 + 1, 1), (last.0 + 1, 1, 1)];
            assert!((year, month, of_month) == next || turns.contains(&(year, month, of_month)), "{day}");
            last = (year, month, of_month);
        }
    }

    #[test]
    fn a_day_is_within_bounds_that_it_is_on() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let today = Calendar::at(20_786 * DAY_MS);
        for (from, to, expected) in [
            (None, None, true),
            (Some("2026-11-29"), Some("2026-11-29"), true),
            (Some("2026-11-30"), None, false),
            (None, Some("2026-11-28"), false),
            (Some("2025-12-31"), Some("2027-01-01"), true),
        ] {
            assert_eq!(today.is_within(from.map(day).as_ref(), to.map(day).as_ref()), expected, "{from:?} {to:?}");
        }
        let late = Calendar::at(2_932_897 * DAY_MS);
        assert!(!late.is_within(None, Some(&day("9999-12-31"))));
        assert_eq!(year_of(&"1750-03".parse().unwrap()), 1750);
    }
}
