//! Licences by territory and time: whether one that is asked for fits what the grantor holds and has granted.
//!
//! Pure set arithmetic. An exclusive licence shuts everybody else out, so no other may run on a common day for a common country; an
//! exclusive one after a simple one is granted subject to it, which is for the parties to say.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::place::{Country, Region};
use crate::word::WordError;

/// The last day that a licence may name, counted from 1970-01-01: in the year 9999.
pub const DAY_MAX: u32 = 2_932_896;
/// The most countries and regions that a territory's text may name.
pub const TERRITORY_MAX: usize = 300;

/// Where a licence holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Territory {
    /// Everywhere.
    World,
    /// In these countries, and in no other.
    Countries(BTreeSet<Country>),
}

impl Territory {
    /// Tells whether all of this is in `other`.
    pub fn is_within(&self, other: &Territory) -> bool {
        match (self, other) {
            (_, Territory::World) => true,
            (Territory::World, Territory::Countries(_)) => false,
            (Territory::Countries(own), Territory::Countries(others)) => own.is_subset(others),
        }
    }

    /// Tells whether the two have a country in common.
    pub fn meets(&self, other: &Territory) -> bool {
        match (self, other) {
            (Territory::World, Territory::World) => true,
            (Territory::World, Territory::Countries(some)) | (Territory::Countries(some), Territory::World) => {
                !some.is_empty()
            }
            (Territory::Countries(own), Territory::Countries(others)) => !own.is_disjoint(others),
        }
    }
}

/// A licence for a territory, from one day to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Whether everybody else is shut out.
    pub exclusive: bool,
    /// Where it holds.
    pub territory: Territory,
    /// Its first day, counted from 1970-01-01.
    pub first_day: u32,
    /// Its last day.
    pub last_day: u32,
}

impl Grant {
    /// Tells whether the two hold on a common day in a common country.
    pub fn meets(&self, other: &Grant) -> bool {
        self.first_day <= other.last_day && other.first_day <= self.last_day && self.territory.meets(&other.territory)
    }

    /// Tells whether this holds nowhere and never beyond `held`.
    pub fn is_within(&self, held: &Grant) -> bool {
        held.first_day <= self.first_day && self.last_day <= held.last_day && self.territory.is_within(&held.territory)
    }
}

/// A licence that is about to be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// What is asked for.
    pub asked: Grant,
    /// What its grantor holds; nothing if that is the whole work.
    pub held: Option<Grant>,
    /// What was granted of the work before.
    pub granted: Vec<Grant>,
}

impl Licence {
    /// Tells whether it goes beyond what its grantor holds. Nobody can shut others out by a simple licence.
    pub fn is_beyond(&self) -> bool {
        let exceeds = |held: &Grant| !self.asked.is_within(held) || (self.asked.exclusive && !held.exclusive);
        self.held.as_ref().is_some_and(exceeds)
    }

    /// Tells whether an exclusive licence runs already on a common day in a common country.
    pub fn clashes(&self) -> bool {
        self.granted.iter().any(|earlier| earlier.exclusive && earlier.meets(&self.asked))
    }
}

/// Reads `world`, or countries and regions joined by `+`, such as `EU+CH`.
impl FromStr for Territory {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Territory, WordError> {
        if text == "world" {
            return Ok(Territory::World);
        }
        let mut countries = BTreeSet::new();
        for (place, code) in text.split('+').enumerate() {
            if place >= TERRITORY_MAX {
                return Err(WordError::new(text, "a territory of at most 300 countries and regions"));
            }
            match Region::of(code) {
                Some(region) => countries.extend(region.members()),
                None => {
                    countries.insert(code.parse()?);
                }
            }
        }
        Ok(Territory::Countries(countries))
    }
}

impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Territory::World => f.write_str("world"),
            Territory::Countries(countries) => {
                for (place, country) in countries.iter().enumerate() {
                    write!(f, "{}{country}", if place == 0 { "" } else { "+" })?;
                }
                Ok(())
            }
        }
    }
}

/// Reads `exclusive:TERRITORY:FIRST..LAST` or `simple:TERRITORY:FIRST..LAST`, with days counted from 1970-01-01.
impl FromStr for Grant {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Grant, WordError> {
        let wrong = || WordError::new(text, "a licence, such as exclusive:FR+DE:20000..20365");
        let mut parts = text.split(':');
        let (Some(kind), Some(territory), Some(days), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let exclusive = match kind {
            "exclusive" => true,
            "simple" => false,
            _ => return Err(wrong()),
        };
        let (first, last) = days.split_once("..").ok_or_else(wrong)?;
        let day = |digits: &str| digits.parse::<u32>().ok().filter(|day| *day <= DAY_MAX && day.to_string() == digits);
        let (first_day, last_day) =
            day(first).zip(day(last)).filter(|(first, last)| first <= last).ok_or_else(wrong)?;
        Ok(Grant { exclusive, territory: territory.parse()?, first_day, last_day })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.exclusive { "exclusive" } else { "simple" };
        write!(f, "{kind}:{}:{}..{}", self.territory, self.first_day, self.last_day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn licence(asked: &str, held: Option<&str>, granted: &[&str]) -> Licence {
        let grant = |text: &str| text.parse().unwrap();
        Licence {
            asked: grant(asked),
            held: held.map(grant),
            granted: granted.iter().map(|text| grant(text)).collect(),
        }
    }

    #[test]
    fn exclusive_licences_meet_only_where_country_and_day_are_common() {
        for (asked, clashes) in [
            ("exclusive:FR:100..200", true),
            ("simple:DE:200..300", true),
            ("simple:DE:201..300", false),
            ("exclusive:FR:0..99", false),
            ("exclusive:FR:0..100", true),
            ("exclusive:ES:100..200", false),
            ("simple:world:150..150", true),
            ("simple:EU:150..150", true),
        ] {
            assert_eq!(licence(asked, None, &["exclusive:FR+DE:100..200"]).clashes(), clashes, "{asked}");
        }
        assert!(!licence("exclusive:FR:100..200", None, &["simple:FR:100..200"]).clashes());
    }

    #[test]
    fn nobody_grants_beyond_what_they_hold() {
        for (asked, beyond) in [
            ("exclusive:FR:100..200", false),
            ("simple:EU:150..160", false),
            ("simple:FR+CH:150..160", true),
            ("simple:FR:99..160", true),
            ("simple:FR:150..201", true),
            ("simple:world:150..160", true),
        ] {
            assert_eq!(licence(asked, Some("exclusive:EU:100..200"), &[]).is_beyond(), beyond, "{asked}");
        }
        assert!(licence("exclusive:FR:100..200", Some("simple:EU:100..200"), &[]).is_beyond());
    }

    #[test]
    fn wrong_licences_are_not_read() {
        for wrong in [
            "",
            "exclusive:FR",
            "exclusive:FR:1..0",
            "sole:FR:0..1",
            "simple:fr:0..1",
            "simple::0..1",
            "simple:FR:0..1:2",
            "simple:FR:01..2",
            "simple:FR:+1..2",
        ] {
            assert!(wrong.parse::<Grant>().is_err(), "{wrong:?}");
        }
        assert!(format!("simple:FR:0..{DAY_MAX}").parse::<Grant>().is_ok());
        assert!(format!("simple:FR:0..{}", DAY_MAX + 1).parse::<Grant>().is_err());
        assert!(vec!["FR"; TERRITORY_MAX].join("+").parse::<Territory>().is_ok());
        assert!(vec!["FR"; TERRITORY_MAX + 1].join("+").parse::<Territory>().is_err());
    }

    fn any_territory() -> impl Strategy<Value = Territory> {
        let some = proptest::collection::btree_set(proptest::sample::select(vec!["FR", "DE", "CN", "US"]), 1..4);
        let some =
            some.prop_map(|codes| Territory::Countries(codes.iter().map(|code| code.parse().unwrap()).collect()));
        prop_oneof![1 => Just(Territory::World), 4 => some]
    }

    fn any_grant() -> impl Strategy<Value = Grant> {
        (any::<bool>(), any_territory(), 0..20_u32, 0..20_u32).prop_map(|(exclusive, territory, one, two)| Grant {
            exclusive,
            territory,
            first_day: one.min(two),
            last_day: one.max(two),
        })
    }

    /// Whether a grant holds on a day in a country, one of the four or another.
    fn holds(grant: &Grant, day: u32, code: &str) -> bool {
        let there = match &grant.territory {
            Territory::World => true,
            Territory::Countries(countries) => countries.contains(&code.parse().unwrap()),
        };
        there && (grant.first_day..=grant.last_day).contains(&day)
    }

    proptest! {
        #[test]
        fn set_arithmetic_agrees_with_counting(one in any_grant(), two in any_grant()) {
            let points = || (0..20).flat_map(|day| ["FR", "DE", "CN", "US", "JP"].map(|code| (day, code)));
            let common = points().any(|(day, code)| holds(&one, day, code) && holds(&two, day, code));
            prop_assert_eq!(one.meets(&two), common);
            prop_assert_eq!(two.meets(&one), common);
            let within = points().all(|(day, code)| !holds(&one, day, code) || holds(&two, day, code));
            prop_assert_eq!(one.is_within(&two), within);
            prop_assert_eq!(one.to_string().parse(), Ok(one));
        }
    }
}
