//! What is known about one crossing when it is judged.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::paper::{Issuer, Paper};
use crate::place::Country;
use crate::territory::Licence;
use crate::word::{Act, Basis, Category, Delivery, DocumentType, Protection, Source};

pub use text::{FACTS_BYTES_MAX, FactsError, LIST_MAX};

/// The largest amount of money and the largest number that facts hold: 2^53 − 1.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The currencies in which rules may ask for an amount.
pub const CURRENCIES: [&str; 21] = [
    "AUD", "BRL", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "IDR", "INR", "JPY", "KRW", "MXN", "NOK", "PLN",
    "SEK", "SGD", "TRY", "USD", "ZAR",
];

/// An amount in minor units (cents), 0 to [`NUMBER_MAX`], for each currency in which it is told.
pub type Money = BTreeMap<&'static str, u64>;

/// What is known about one crossing.
///
/// Whoever fills it in vouches that each paper counts at this moment: that its issuer was enrolled for its country and type,
/// that it was valid and not revoked, and that it is about this work, edition or account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is about to happen.
    pub act: Act,
    /// Where the work is.
    pub from: Country,
    /// Where it goes.
    pub to: Country,
    /// On what grounds.
    pub basis: Basis,
    /// What is handed over.
    pub delivery: Delivery,
    /// Who gives it.
    pub giver: Party,
    /// Who gets it.
    pub recipient: Party,
    /// What it is.
    pub work: Good,
    /// Whether a professional of the art market takes part, as a party or between them.
    pub professional: bool,
    /// What is paid, without tax. Empty if nothing, or if nobody tells.
    pub price: Money,
    /// What the work is declared to be worth.
    pub value: Money,
    /// The papers that count.
    pub papers: BTreeSet<Paper>,
    /// Which papers somebody is enrolled to attest. Where nobody could, a rule that asks for a paper can only note.
    pub enrolled: BTreeSet<(DocumentType, Country)>,
    /// The year, by the register's time.
    pub year: u16,
    /// For how many days the giver has held it.
    pub held_days: Option<u32>,
    /// The licence that is asked for, with act `licence`.
    pub licence: Option<Licence>,
}

/// One side of a crossing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its account: 1 to 64 letters and digits.
    pub account: String,
    /// Its seat.
    pub country: Country,
    /// Whether it made the work.
    pub maker: bool,
    /// The countries whose authority lists it.
    pub listed: BTreeSet<Country>,
}

/// The cultural facts of a work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    /// Its id: 1 to 64 letters and digits.
    pub id: String,
    /// What kind of good it is.
    pub category: Category,
    /// What the country where it is says of it.
    pub protection: Protection,
    /// How its bytes came about.
    pub source: Source,
    /// It is more than so many years old.
    pub older_than: u32,
    /// Where it was made or found.
    pub origin: Option<Country>,
    /// The year in which the last of its makers died.
    pub maker_died: Option<u16>,
}

impl Facts {
    /// Returns the facts of a digital sale of a new work that nothing else is known of.
    pub fn plain(from: Country, to: Country) -> Facts {
        let party = |account: &str, country| Party {
            account: account.to_owned(),
            country,
            maker: false,
            listed: BTreeSet::new(),
        };
        Facts {
            act: Act::Transfer,
            from,
            to,
            basis: Basis::Sale,
            delivery: Delivery::Digital,
            giver: party("giver", from),
            recipient: party("recipient", to),
            work: Good {
                id: "work".to_owned(),
                category: Category::None,
                protection: Protection::None,
                source: Source::DigitalCreation,
                older_than: 0,
                origin: None,
                maker_died: None,
            },
            professional: false,
            price: Money::new(),
            value: Money::new(),
            papers: BTreeSet::new(),
            enrolled: BTreeSet::new(),
            year: 2026,
            held_days: None,
            licence: None,
        }
    }

    /// Tells under which names a paper's issuer is known to rules, in this crossing.
    pub(crate) fn names_of(&self, issuer: Issuer) -> Vec<String> {
        let Issuer::Country(country) = issuer else {
            return vec![issuer.to_string()];
        };
        let places = [("from", Some(self.from)), ("to", Some(self.to)), ("origin", self.work.origin)];
        let here = places.iter().filter(|(_, place)| *place == Some(country)).map(|(word, _)| (*word).to_owned());
        let regions = country.regions().map(|region| region.to_string());
        std::iter::once(country.to_string()).chain(regions).chain(here).collect()
    }
}

/// Finds a currency in the list.
pub(crate) fn currency(text: &str) -> Option<&'static str> {
    CURRENCIES.into_iter().find(|known| *known == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SCHEMA_TEXT;

    #[test]
    fn the_schema_has_exactly_these_currencies() {
        let declared = SCHEMA_TEXT.split("type Money = {").nth(1).unwrap().split('}').next().unwrap();
        let codes: Vec<&str> = declared.split(',').map(str::trim).filter(|code| !code.is_empty()).collect();
        assert_eq!(codes, CURRENCIES.map(|code| format!("{code}?: Long")));
        assert!(CURRENCIES.is_sorted());
    }

    #[test]
    fn an_authority_is_known_by_its_country_its_regions_and_its_place() {
        let facts: Facts = "from=CN to=FR work.origin=CN".parse().unwrap();
        let names = |code: &str| facts.names_of(code.parse().unwrap());
        assert_eq!(names("FR"), ["FR", "EEA", "EU", "to"]);
        assert_eq!(names("CN"), ["CN", "from", "origin"]);
        assert_eq!(names("US"), ["US"]);
        assert_eq!(names("recipient"), ["recipient"]);
    }
}
