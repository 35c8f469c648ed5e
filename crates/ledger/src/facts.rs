//! What a maker says of a work for the laws of heritage, trade and machine-made content: facts that rules of the corridor ask for.
//!
//! Words and codes are judged by their syntax. What a rule cannot know is refused when title is about to cross, and the command line
//! checks the lists before anything is signed.

use serde::{Deserialize, Serialize};

use crate::field::{CountryProtection, CpcCode, CulturalCategory, EbopsCode, FcsDomain, FcsVersion, HsCode, Int};

/// The kinds of cultural goods that rules of the corridor know.
pub const CATEGORIES: [&str; 16] = [
    "antique",
    "archaeology",
    "archive",
    "book",
    "collection",
    "drawing",
    "manuscript",
    "map",
    "monument",
    "none",
    "painting",
    "photograph",
    "print",
    "sculpture",
    "vehicle",
    "watercolour",
];
/// What rules of the corridor know that a country can say of a work.
pub const PROTECTIONS: [&str; 3] = ["listed", "national_treasure", "none"];
/// How often the facts of a work can be amended.
pub const AMENDS_MAX: u64 = 64;
/// The highest year that can be stated.
pub const YEAR_MAX: u64 = 9999;

/// The facts of a mint or an amendment. Each may be left out: then nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkFacts {
    /// How old the work, or what it shows, was at least when this was stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeClass>,
    /// What part machines had in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai: Option<AiDisclosure>,
    /// What kind of good it is in the sense of heritage law, such as `painting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<CulturalCategory>,
    /// Its code in the Central Product Classification, for what has no customs heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpc: Option<CpcCode>,
    /// The year in which the last of its makers died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died: Option<Int<0, YEAR_MAX>>,
    /// Its code in the Extended Balance of Payments Services classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebops: Option<EbopsCode>,
    /// Its domain in the UNESCO Framework for Cultural Statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fcs: Option<Fcs>,
    /// Its subheading in the Harmonized System, for what is handed over as a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hs: Option<HsCode>,
    /// What the country where it is says of it, such as `listed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection: Option<CountryProtection>,
}

/// How old something is at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgeClass {
    /// Less than 50 years, or not known.
    #[serde(rename = "lt50")]
    Under50,
    /// From 50 to 100 years.
    #[serde(rename = "50_100")]
    From50,
    /// From 100 to 200 years.
    #[serde(rename = "100_200")]
    From100,
    /// From 200 to 250 years.
    #[serde(rename = "200_250")]
    From200,
    /// More than 250 years.
    #[serde(rename = "gt250")]
    Over250,
}

impl AgeClass {
    /// Returns the years that its age is known to exceed. What has aged since can only be older.
    pub fn older_than(self) -> u64 {
        match self {
            AgeClass::Under50 => 0,
            AgeClass::From50 => 50,
            AgeClass::From100 => 100,
            AgeClass::From200 => 200,
            AgeClass::Over250 => 250,
        }
    }
}

/// What part machines had in a work, and how it is labelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AiDisclosure {
    /// What people did.
    pub human: HumanPart,
    /// The standard by which the file is labelled. Left out, it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<AiLabel>,
}

/// What people did in a work that machines had a part in (US Copyright Office, disclosure of generated content).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HumanPart {
    /// Nothing.
    None,
    /// They asked for it in words.
    Prompt,
    /// They chose and arranged what machines made.
    Selection,
    /// They worked on what machines made.
    Edit,
    /// They made it, with machines for tools.
    Substantial,
}

/// A standard for labels of machine-made content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AiLabel {
    /// GB 45438-2025, of China.
    #[serde(rename = "gb45438-2025")]
    Gb45438,
    /// Article 50 of Regulation (EU) 2024/1689.
    #[serde(rename = "eu-aiact-50")]
    EuAiAct,
}

/// A domain of the UNESCO Framework for Cultural Statistics, in one of its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fcs {
    /// The domain: a letter.
    pub domain: FcsDomain,
    /// The version, such as `fcs2009`.
    pub version: FcsVersion,
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_corridor::word::{Category, Protection};

    #[test]
    fn the_words_are_those_that_rules_know() {
        let categories: Vec<&str> = Category::ALL.iter().map(|word| word.as_str()).collect();
        let protections: Vec<&str> = Protection::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!((&categories[..], &protections[..]), (&CATEGORIES[..], &PROTECTIONS[..]));
    }
}
