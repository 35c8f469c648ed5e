//! Countries, and the regions that they belong to.

use std::fmt;
use std::str::FromStr;

use crate::word::WordError;

/// A country by the syntax of ISO 3166-1 alpha-2. Whether there is such a country is for others to ask.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Returns the two capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two capital letters are text")
    }

    /// Names the regions that the country belongs to.
    pub fn regions(self) -> impl Iterator<Item = Region> {
        Region::ALL.into_iter().filter(move |region| region.members().any(|member| member == self))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Country {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Country, WordError> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => {
                Ok(Country([*first, *second]))
            }
            _ => Err(WordError::new(text, "a country code of two capital letters")),
        }
    }
}

/// A group of countries whose law is one in what rules ask about.
///
/// Who belongs to it is part of the engine's version: a register learns of a new member by a new version, never by a
/// library's update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// The European Economic Area: the EU with Iceland, Liechtenstein and Norway.
    Eea,
    /// The European Union, in its 27 members since 2020-02-01.
    Eu,
}

const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
const EEA: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";

impl Region {
    /// Every region.
    pub const ALL: [Region; 2] = [Region::Eea, Region::Eu];

    /// Returns the region's code.
    pub fn as_str(self) -> &'static str {
        match self {
            Region::Eea => "EEA",
            Region::Eu => "EU",
        }
    }

    /// Finds the region of a code.
    pub fn of(code: &str) -> Option<Region> {
        Region::ALL.into_iter().find(|region| region.as_str() == code)
    }

    /// Lists the countries of the region.
    pub fn members(self) -> impl Iterator<Item = Country> {
        let codes = match self {
            Region::Eea => EEA,
            Region::Eu => EU,
        };
        codes.split(' ').map(|code| code.parse().expect("the lists hold country codes"))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_their_members() {
        let count = |region: Region| region.members().count();
        assert_eq!([count(Region::Eu), count(Region::Eea)], [27, 30]);
        let of = |code: &str| code.parse::<Country>().unwrap().regions().map(Region::as_str).collect::<Vec<_>>();
        assert_eq!(of("FR"), ["EEA", "EU"]);
        assert_eq!(of("NO"), ["EEA"]);
        for outside in ["GB", "CN", "CH", "EU", "QQ"] {
            assert!(of(outside).is_empty(), "{outside}");
        }
    }

    #[test]
    fn a_country_is_two_capital_letters() {
        for wrong in ["", "F", "FRA", "fr", "F1", "ÉÉ"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong:?}");
        }
        assert_eq!("FR".parse::<Country>().unwrap().to_string(), "FR");
    }
}
