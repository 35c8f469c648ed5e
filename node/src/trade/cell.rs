//! What a transfer is counted under.

pub use colophon_client::stats::{Dimension, Domain, Ordering};
use colophon_ledger::deal::Price;
use colophon_ledger::field::{Country, Currency};

/// In what a transfer was paid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paid {
    /// In this currency, for everybody to see.
    Open(Currency),
    /// The price is committed to, and known to the parties alone.
    Committed,
    /// No price is stated.
    NotStated,
}

impl Paid {
    /// Returns in what a price is, and its amount if that is told.
    pub fn of(price: Option<&Price>) -> (Paid, u64) {
        match price {
            Some(Price::Open(open)) => (Paid::Open(open.currency.clone()), open.amount.get()),
            Some(Price::Committed(_)) => (Paid::Committed, 0),
            None => (Paid::NotStated, 0),
        }
    }

    /// Returns the currency, or the word for there being none.
    pub fn word(&self) -> &str {
        match self {
            Paid::Open(currency) => currency.as_str(),
            Paid::Committed => "committed",
            Paid::NotStated => "not_stated",
        }
    }
}

/// A cell. What it is not told apart by is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The country that the work left.
    pub from: Option<Country>,
    /// The country that it went to.
    pub to: Option<Country>,
    /// The year, by the register's time.
    pub year: Option<u64>,
    /// The quarter, from 1.
    pub quarter: Option<u8>,
    /// The kind of work.
    pub category: Option<String>,
    /// The domain of culture that it belongs to.
    pub domain: Option<Domain>,
    /// How it was handed over.
    pub delivery: Option<&'static str>,
    /// How it was ordered.
    pub ordering: Option<Ordering>,
    /// In what it was paid.
    pub paid: Option<Paid>,
}

impl Cell {
    /// Returns the cell that it is a part of, told apart by these dimensions alone.
    #[must_use]
    pub fn by(&self, by: &[Dimension]) -> Cell {
        let has = |dimension| by.contains(&dimension);
        Cell {
            from: self.from.clone().filter(|_| has(Dimension::From)),
            to: self.to.clone().filter(|_| has(Dimension::To)),
            year: self.year.filter(|_| has(Dimension::Year)),
            quarter: self.quarter.filter(|_| has(Dimension::Quarter)),
            category: self.category.clone().filter(|_| has(Dimension::Category)),
            domain: self.domain.clone().filter(|_| has(Dimension::Domain)),
            delivery: self.delivery.filter(|_| has(Dimension::Delivery)),
            ordering: self.ordering.filter(|_| has(Dimension::Ordering)),
            paid: self.paid.clone().filter(|_| has(Dimension::Currency)),
        }
    }

    /// Tells whether its amounts are of one currency, so that their sum means something.
    pub fn has_amount(&self) -> bool {
        matches!(self.paid, Some(Paid::Open(_)))
    }
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many transfers.
    pub transfers: u64,
    /// What was paid, in minor units, where it is of one currency.
    pub amount: u128,
}

impl Sum {
    /// Adds another.
    pub fn add(&mut self, other: Sum) {
        self.transfers += other.transfers;
        self.amount += other.amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_is_committed_to_has_no_amount() {
        let committed = Price::Committed(colophon_ledger::deal::Commitment {
            commitment: colophon_ledger::field::Digest(colophon_tlog::hash::sha256(b"price")),
        });
        assert_eq!(Paid::of(Some(&committed)), (Paid::Committed, 0));
        assert_eq!(Paid::of(None), (Paid::NotStated, 0));
        assert_eq!((Paid::Committed.word(), Paid::NotStated.word()), ("committed", "not_stated"));
    }

    #[test]
    fn dimensions_are_read_by_their_words() {
        for dimension in Dimension::ALL {
            assert_eq!(dimension.word().parse(), Ok(dimension));
        }
        assert!("price".parse::<Dimension>().is_err());
        assert!(Dimension::ALL.is_sorted());
    }
}
