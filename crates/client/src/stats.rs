//! Asks for trade statistics. They are the node's word: whoever replays the log can count again.

use std::fmt;
use std::str::FromStr;

use colophon_ledger::deal::Delivery;
use colophon_ledger::facts::Fcs;
use colophon_ledger::field::{Country, Currency, FcsDomain, FcsVersion, WorkKind};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::http::not_understood;
use crate::lookup::LookupError;

/// The longest answer, in bytes: ten thousand cells.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most cells in an answer.
const CELLS_MAX: usize = 10_000;

/// What transfers are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The country that the work left.
    From,
    /// The country that it went to.
    To,
    /// The year.
    Year,
    /// The quarter of the year.
    Quarter,
    /// The kind of work.
    Category,
    /// The domain of culture that it belongs to.
    Domain,
    /// How it was handed over.
    Delivery,
    /// How it was ordered.
    Ordering,
    /// The currency of the price.
    Currency,
}

impl Dimension {
    /// Every dimension, in the order in which cells are sorted.
    pub const ALL: [Dimension; 9] = [
        Dimension::From,
        Dimension::To,
        Dimension::Year,
        Dimension::Quarter,
        Dimension::Category,
        Dimension::Domain,
        Dimension::Delivery,
        Dimension::Ordering,
        Dimension::Currency,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Dimension::From => "from",
            Dimension::To => "to",
            Dimension::Year => "year",
            Dimension::Quarter => "quarter",
            Dimension::Category => "category",
            Dimension::Domain => "domain",
            Dimension::Delivery => "delivery",
            Dimension::Ordering => "ordering",
            Dimension::Currency => "currency",
        }
    }
}

/// A word that is no dimension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not from, to, year, quarter, category, domain, delivery, ordering or currency")]
pub struct NoDimension(String);

impl FromStr for Dimension {
    type Err = NoDimension;

    fn from_str(text: &str) -> Result<Dimension, NoDimension> {
        let found = Dimension::ALL.into_iter().find(|dimension| dimension.word() == text);
        found.ok_or_else(|| NoDimension(text.chars().take(40).collect()))
    }
}

/// A domain of the UNESCO Framework for Cultural Statistics, with the version whose letter it is: `fcs2009:C`. Where none is stated, `none`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Domain {
    /// None is stated.
    None,
    /// This one.
    Stated(FcsVersion, FcsDomain),
}

impl From<Option<Fcs>> for Domain {
    fn from(stated: Option<Fcs>) -> Domain {
        stated.map_or(Domain::None, |Fcs { domain, version }| Domain::Stated(version, domain))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::None => f.write_str("none"),
            Domain::Stated(version, domain) => write!(f, "{version}:{domain}"),
        }
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> String {
        domain.to_string()
    }
}

/// A word that is no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is neither none nor a domain such as fcs2009:C")]
pub struct NotADomain;

impl TryFrom<String> for Domain {
    type Error = NotADomain;

    fn try_from(text: String) -> Result<Domain, NotADomain> {
        if text == "none" {
            return Ok(Domain::None);
        }
        let (version, domain) = text.split_once(':').ok_or(NotADomain)?;
        let read = version.parse().ok().zip(domain.parse().ok());
        read.map(|(version, domain)| Domain::Stated(version, domain)).ok_or(NotADomain)
    }
}

/// How a transfer was ordered, as the Handbook on Measuring Digital Trade asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// Over a network: an offer in the register was accepted there.
    Digital,
    /// Nobody says: both signed what they had agreed on elsewhere.
    NotStated,
}

/// In what transfers were paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Paid {
    /// In this currency.
    Open(Currency),
    /// Not in a currency that is told.
    Hidden(Hidden),
}

/// Why no currency is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    /// The price is committed to.
    Committed,
    /// No price is stated.
    NotStated,
}

/// One cell of a table. What it is not told apart by is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatsCell {
    /// The country that the works left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Country>,
    /// The country that they went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Country>,
    /// The year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u32>,
    /// The quarter, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarter: Option<u8>,
    /// The kind of works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<WorkKind>,
    /// The domain of culture that they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// How they were handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// How they were ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering: Option<Ordering>,
    /// In what they were paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Paid>,
    /// How many transfers.
    pub transfers: u64,
    /// What was paid in all, in minor units. None: it is not of one currency, or more than a JSON number holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
}

/// A table of counts. **Not proved.**
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// In how many entries of the log the node says it counted.
    pub size: u64,
    /// The operator's time of the newest of them, in milliseconds after 1970.
    pub time_ms: u64,
    /// The fewest transfers of a cell that is shown.
    pub k: u64,
    /// What the cells are told apart by.
    pub by: Vec<Dimension>,
    /// The cells, in ascending order.
    pub cells: Vec<StatsCell>,
    /// How many transfers the cells hold that are shown.
    pub transfers: u64,
    /// Whether cells were left out.
    pub left_out: bool,
}

impl Client {
    /// Asks for counts by some dimensions, but for cells of fewer than `k` transfers.
    pub async fn stats(&self, by: &[Dimension], k: u64) -> Result<Stats, LookupError> {
        let words: Vec<&str> = by.iter().map(|dimension| dimension.word()).collect();
        let path = format!("v1/stats?by={}&k={k}", words.join(","));
        let stats: Stats = self.transport().get_json(&path, ANSWER_BYTES_MAX).await?;
        let fits = |cell: &StatsCell| Dimension::ALL.iter().all(|each| cell.has(*each) == by.contains(each));
        let small = |cell: &StatsCell| cell.transfers < k;
        let sum = stats.cells.iter().try_fold(0_u64, |sum, cell| sum.checked_add(cell.transfers));
        if stats.cells.len() > CELLS_MAX || !stats.cells.iter().all(fits) || stats.cells.iter().any(small) {
            return Err(not_understood(&path, "its cells are not those that were asked for").into());
        }
        if stats.k != k || sum != Some(stats.transfers) {
            return Err(not_understood(&path, "its sums are not those of its cells").into());
        }
        Ok(stats)
    }
}

impl StatsCell {
    /// Tells whether the cell is told apart by a dimension.
    pub fn has(&self, dimension: Dimension) -> bool {
        match dimension {
            Dimension::From => self.from.is_some(),
            Dimension::To => self.to.is_some(),
            Dimension::Year => self.year.is_some(),
            Dimension::Quarter => self.quarter.is_some(),
            Dimension::Category => self.category.is_some(),
            Dimension::Domain => self.domain.is_some(),
            Dimension::Delivery => self.delivery.is_some(),
            Dimension::Ordering => self.ordering.is_some(),
            Dimension::Currency => self.currency.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_read_with_its_version_or_not_at_all() {
        for word in ["none", "fcs2009:C", "fcs2025:H"] {
            let domain: Domain = serde_json::from_value(word.into()).unwrap();
            assert_eq!(serde_json::to_value(domain).unwrap(), word);
        }
        for wrong in ["", "C", "fcs2009", "fcs2009:", "fcs2009:Z", "fcs09:C", "fcs2009:C:D", "None"] {
            assert!(serde_json::from_value::<Domain>(wrong.into()).is_err(), "{wrong}");
        }
    }
}
