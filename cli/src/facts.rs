//! What a maker says of a work for the laws of heritage, trade and machine-made content: typed, checked against its lists, and told.

use std::str::FromStr;

use clap::Args;
use colophon_ledger::facts::{
    AgeClass, AiDisclosure, AiLabel, CATEGORIES, Fcs, HumanPart, PROTECTIONS, WorkFacts, YEAR_MAX,
};
use colophon_ledger::field::{CountryProtection, CpcCode, CulturalCategory, EbopsCode, FcsDomain, HsCode, Int};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codes::date;
use crate::failure::Failure;
use crate::sheet::Sheet;

/// The version of the UNESCO framework whose domains are taken.
const FCS_VERSION: &str = "fcs2009";

/// The facts of a work, as they are typed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Facts that laws ask for")]
pub struct FactsArgs {
    /// What kind of cultural good it is in the sense of heritage law: painting, print, manuscript, archaeology, none …
    #[arg(long, value_parser = category)]
    pub category: Option<CulturalCategory>,
    /// What the country where it is says of it: listed, `national_treasure` or none
    #[arg(long, value_parser = protection)]
    pub protection: Option<CountryProtection>,
    /// How old it, or what it shows, is at least: lt50, `50_100`, `100_200`, `200_250` or gt250 years
    #[arg(long, value_name = "CLASS", value_parser = word::<AgeClass>)]
    pub age: Option<AgeClass>,
    /// The year in which the last of its makers died
    #[arg(long, value_name = "YEAR", value_parser = year_of_death)]
    pub died: Option<Int<0, YEAR_MAX>>,
    /// Its domain in the UNESCO Framework for Cultural Statistics (2009): A heritage, B performance, C visual arts, D books and
    /// press, E audio-visual and games, F design, G tourism, H sports
    #[arg(long, value_name = "LETTER", value_parser = code::<FcsDomain>)]
    pub fcs: Option<FcsDomain>,
    /// Its subheading in the Harmonized System, such as 970121, if it is handed over as a thing
    #[arg(long, value_name = "CODE", value_parser = code::<HsCode>)]
    pub hs: Option<HsCode>,
    /// Its code in the Central Product Classification, such as 84311, if it is handed over as files
    #[arg(long, value_name = "CODE", value_parser = code::<CpcCode>)]
    pub cpc: Option<CpcCode>,
    /// Its code among services in the balance of payments (EBOPS 2010), such as SH
    #[arg(long, value_name = "CODE", value_parser = code::<EbopsCode>)]
    pub ebops: Option<EbopsCode>,
    /// If machines had a part in it, what people did: none, prompt, selection, edit or substantial
    #[arg(long, value_name = "PART", value_parser = word::<HumanPart>)]
    pub human: Option<HumanPart>,
    /// The standard by which the file is labelled as machine-made: gb45438-2025 or eu-aiact-50
    #[arg(long, value_name = "STANDARD", requires = "human", value_parser = word::<AiLabel>)]
    pub ai_label: Option<AiLabel>,
}

/// One of the facts, where it is typed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// `--category`
    Category,
    /// `--protection`
    Protection,
    /// `--age`
    Age,
    /// `--died`
    Died,
    /// `--fcs`
    Fcs,
    /// `--hs`
    Hs,
    /// `--cpc`
    Cpc,
    /// `--ebops`
    Ebops,
    /// `--human`
    Human,
    /// `--ai-label`
    AiLabel,
}

/// Reads a word of a closed list of the ledger.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.trim().to_ascii_lowercase().into()).map_err(|error| {
        let listed = error.to_string().split_once("expected ").map(|(_, listed)| listed.replace('`', ""));
        let listed = listed.unwrap_or_default();
        format!("{text:?} is none of {}", listed.trim_start_matches("one of "))
    })
}

fn category(text: &str) -> Result<CulturalCategory, String> {
    listed(text, &CATEGORIES)
}

fn protection(text: &str) -> Result<CountryProtection, String> {
    listed(text, &PROTECTIONS)
}

/// Reads a word that rules know.
fn listed<T: FromStr>(text: &str, words: &[&str]) -> Result<T, String> {
    let text = text.trim().to_ascii_lowercase();
    let known = words.contains(&text.as_str()).then(|| text.parse().ok()).flatten();
    known.ok_or_else(|| format!("{text:?} is none of {}", words.join(", ")))
}

/// Reads a year that has begun somewhere on earth. Year 0 is in no calendar that people date deaths by.
fn year_of_death(text: &str) -> Result<Int<0, YEAR_MAX>, String> {
    let year: Option<Int<0, YEAR_MAX>> = text.trim().parse().ok().filter(|year| *year > 0).and_then(Int::new);
    let year = year.ok_or_else(|| format!("{text:?} is no year from 1 to {YEAR_MAX}"))?;
    match date::check_year_past(year.get()) {
        Ok(()) => Ok(year),
        Err(failure) => Err(failure.what().to_owned()),
    }
}

/// Reads a code by its form.
fn code<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.trim().to_ascii_uppercase().parse().map_err(|error: T::Err| error.to_string())
}

impl FactsArgs {
    /// Takes what is typed for one fact, checked as its option is.
    pub fn take(&mut self, fact: Fact, text: &str) -> Result<(), Failure> {
        let taken = match fact {
            Fact::Category => category(text).map(|read| self.category = Some(read)),
            Fact::Protection => protection(text).map(|read| self.protection = Some(read)),
            Fact::Age => word(text).map(|read| self.age = Some(read)),
            Fact::Died => year_of_death(text).map(|read| self.died = Some(read)),
            Fact::Fcs => code(text).map(|read| self.fcs = Some(read)),
            Fact::Hs => code(text).map(|read| self.hs = Some(read)),
            Fact::Cpc => code(text).map(|read| self.cpc = Some(read)),
            Fact::Ebops => code(text).map(|read| self.ebops = Some(read)),
            Fact::Human => word(text).map(|read| self.human = Some(read)),
            Fact::AiLabel => word(text).map(|read| self.ai_label = Some(read)),
        };
        taken.map_err(|what| Failure::usage(what, "see the words and codes in colophon mint --help"))
    }

    /// Refuses a label of machine-made content of which it is not said what people did.
    pub fn check_label(&self) -> Result<(), Failure> {
        if self.ai_label.is_none() || self.human.is_some() {
            return Ok(());
        }
        Err(Failure::usage("what people did is not said", "say it in the column human, or with --human"))
    }

    /// Returns the facts; none where nothing was typed.
    pub fn facts(&self) -> Option<WorkFacts> {
        self.laid_over(&WorkFacts::default()).filter(|facts| *facts != WorkFacts::default())
    }

    /// Returns the facts with what was typed in the place of what stood; none where nothing was typed.
    pub fn laid_over(&self, stood: &WorkFacts) -> Option<WorkFacts> {
        let stood = stood.clone();
        let fcs = self.fcs.clone().map(|domain| Fcs { domain, version: FCS_VERSION.parse().expect("a version") });
        let typed = WorkFacts {
            age: self.age.or(stood.age),
            ai: self.human.map(|human| AiDisclosure { human, label: self.ai_label }).or(stood.ai.clone()),
            category: self.category.clone().or(stood.category.clone()),
            cpc: self.cpc.clone().or(stood.cpc.clone()),
            died: self.died.or(stood.died),
            ebops: self.ebops.clone().or(stood.ebops.clone()),
            fcs: fcs.or(stood.fcs.clone()),
            hs: self.hs.clone().or(stood.hs.clone()),
            protection: self.protection.clone().or(stood.protection.clone()),
        };
        (typed != stood).then_some(typed)
    }
}

/// Writes facts into a card, each that is known.
pub fn write(facts: &WorkFacts, sheet: &mut Sheet) {
    let WorkFacts { age, ai, category, cpc, died, ebops, fcs, hs, protection } = facts;
    let mut lines = Vec::new();
    lines.extend(category.as_ref().map(|category| format!("heritage law: {category}")));
    lines.extend(protection.as_ref().map(|protection| format!("protection: {protection}")));
    lines.extend(age.map(|age| format!("age class: {}", told(&age))));
    lines.extend(died.map(|year| format!("its last maker died in {}", year.get())));
    lines.extend(fcs.as_ref().map(|fcs| format!("UNESCO domain {} ({})", fcs.domain, fcs.version)));
    lines.extend(hs.as_ref().map(|code| format!("customs: HS {code}")));
    lines.extend(cpc.as_ref().map(|code| format!("product: CPC {code}")));
    lines.extend(ebops.as_ref().map(|code| format!("services: EBOPS {code}")));
    lines.extend(ai.as_ref().map(|AiDisclosure { human, label }| {
        let label = label.map_or("not labelled".to_owned(), |label| format!("labelled by {}", told(&label)));
        format!("machines had a part; people's: {}; {label}", told(human))
    }));
    sheet.items("facts", &lines);
}

/// Returns the word that stands in entries.
fn told<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        facts: FactsArgs,
    }

    fn typed(words: &[&str]) -> Result<FactsArgs, String> {
        let typed = Typed::try_parse_from([&["amend"], words].concat());
        typed.map(|typed| typed.facts).map_err(|error| error.to_string())
    }

    #[test]
    fn facts_are_checked_against_their_lists_before_anything_is_signed() {
        let args =
            typed(&["--category", "Painting", "--age", "200_250", "--hs", "970121", "--human", "edit", "--fcs", "c"]);
        let facts = args.unwrap().facts().unwrap();
        assert_eq!((facts.category.unwrap().as_str(), facts.age), ("painting", Some(AgeClass::From200)));
        assert_eq!((facts.hs.unwrap().as_str(), facts.fcs.unwrap().domain.as_str()), ("970121", "C"));
        assert_eq!(facts.ai.unwrap().human, HumanPart::Edit);
        assert_eq!(typed(&[]).unwrap().facts(), None);
        for wrong in [
            ["--category", "nft"],
            ["--protection", "much"],
            ["--age", "old"],
            ["--hs", "9701"],
            ["--cpc", "x"],
            ["--fcs", "Z"],
            ["--died", "10000"],
            ["--died", "9999"],
            ["--died", "0"],
            ["--died", "long ago"],
            ["--human", "all"],
            ["--ai-label", "eu-aiact-50"],
        ] {
            assert!(typed(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_amended_is_laid_over_what_stood() {
        let stood = typed(&["--category", "painting", "--hs", "970121"]).unwrap().facts().unwrap();
        let amended = typed(&["--protection", "listed"]).unwrap().laid_over(&stood).unwrap();
        assert_eq!((amended.category, amended.hs), (stood.category.clone(), stood.hs.clone()));
        assert_eq!(amended.protection.unwrap().as_str(), "listed");
        assert_eq!(typed(&["--category", "painting"]).unwrap().laid_over(&stood), None);
    }
}
