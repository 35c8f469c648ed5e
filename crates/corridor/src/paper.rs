//! Papers: what a rule may ask for, and who can give it.

use std::fmt;
use std::str::FromStr;

use crate::place::{Country, Region};
use crate::word::{DocumentType, WordError};

/// A document that counts at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paper {
    /// What it is.
    pub document: DocumentType,
    /// Who stated it.
    pub issuer: Issuer,
}

/// Who stated a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Issuer {
    /// An authority that is enrolled for this country and this type of document.
    Country(Country),
    /// The party that gives the work.
    Giver,
    /// The work's maker.
    Maker,
    /// The party that gets it.
    Recipient,
}

impl Issuer {
    /// Returns the country of an authority; a party has none.
    pub fn country(self) -> Option<Country> {
        match self {
            Issuer::Country(country) => Some(country),
            Issuer::Giver | Issuer::Maker | Issuer::Recipient => None,
        }
    }

    /// Returns the word for a party, or for an authority.
    fn word(self) -> &'static str {
        match self {
            Issuer::Country(_) => "authority",
            Issuer::Giver => "giver",
            Issuer::Maker => "maker",
            Issuer::Recipient => "recipient",
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Issuer::Country(country) => country.fmt(f),
            party => f.write_str(party.word()),
        }
    }
}

impl FromStr for Issuer {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Issuer, WordError> {
        let party = [Issuer::Giver, Issuer::Maker, Issuer::Recipient].into_iter().find(|party| party.word() == text);
        party
            .or_else(|| text.parse().ok().map(Issuer::Country))
            .ok_or_else(|| WordError::new(text, "a country code, giver, maker or recipient"))
    }
}

/// Writes `DOCUMENT@ISSUER`.
impl fmt::Display for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.document, self.issuer)
    }
}

impl FromStr for Paper {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Paper, WordError> {
        let Some((document, issuer)) = text.split_once('@') else {
            return Err(WordError::new(text, "a paper, such as EU_IMPORT_LICENCE@FR"));
        };
        Ok(Paper { document: document.parse()?, issuer: issuer.parse()? })
    }
}

/// From whom a rule wants a document, as its text says it: relative to the crossing where it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// An authority of the country where the work is.
    From,
    /// An authority of the country where it goes.
    To,
    /// An authority of the country where it was made or found.
    Origin,
    /// A party.
    Party(Issuer),
    /// An authority of any country of a region.
    Region(Region),
    /// An authority of this country.
    Country(Country),
}

/// Writes it as a rule's annotation has it.
impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            By::From => f.write_str("from"),
            By::To => f.write_str("to"),
            By::Origin => f.write_str("origin"),
            By::Party(party) => party.fmt(f),
            By::Region(region) => region.fmt(f),
            By::Country(country) => country.fmt(f),
        }
    }
}

impl FromStr for By {
    type Err = WordError;

    fn from_str(text: &str) -> Result<By, WordError> {
        if let Some(region) = Region::of(text) {
            return Ok(By::Region(region));
        }
        match text {
            "from" => Ok(By::From),
            "to" => Ok(By::To),
            "origin" => Ok(By::Origin),
            _ => match text.parse() {
                Ok(Issuer::Country(country)) => Ok(By::Country(country)),
                Ok(party) => Ok(By::Party(party)),
                Err(_) => Err(WordError::new(text, "from, to, origin, giver, maker, recipient, a region or a country")),
            },
        }
    }
}

/// Of whom a document is wanted, in one crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// An authority of this country.
    Country(Country),
    /// An authority of any country of this region.
    Region(Region),
    /// This party.
    Party(Issuer),
    /// An authority of the country of origin, which the work does not name.
    UnknownOrigin,
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Of::Country(country) => country.fmt(f),
            Of::Region(region) => region.fmt(f),
            Of::Party(party) => party.fmt(f),
            Of::UnknownOrigin => f.write_str("origin"),
        }
    }
}

/// A document that a rule wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// What it is.
    pub document: DocumentType,
    /// Of whom.
    pub of: Of,
}

/// Writes `DOCUMENT of WHOM`.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.document, self.of)
    }
}
