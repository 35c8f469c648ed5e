//! What is agreed or decreed when title moves: on what grounds, how the work is handed over, what is paid.

use serde::{Deserialize, Serialize};

use crate::canonical::INTEGER_MAX;
use crate::field::{Currency, Digest, Int};

/// On what grounds title moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// For a price agreed between the two.
    Sale,
    /// To the highest bidder.
    Auction,
    /// For nothing.
    Gift,
    /// For nothing, to an institution.
    Donation,
    /// For another thing.
    Exchange,
    /// Back to where it came from.
    Return,
}

impl Basis {
    /// Returns the word in terms and rules.
    pub fn word(self) -> &'static str {
        match self {
            Basis::Sale => "sale",
            Basis::Auction => "auction",
            Basis::Gift => "gift",
            Basis::Donation => "donation",
            Basis::Exchange => "exchange",
            Basis::Return => "return",
        }
    }
}

/// On what grounds an authority moves title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decree {
    /// By a court's order.
    CourtOrder,
    /// From the dead.
    Inheritance,
    /// Back to whom it was taken from.
    Restitution,
}

impl Decree {
    /// Returns the word in entries and rules.
    pub fn word(self) -> &'static str {
        match self {
            Decree::CourtOrder => "court_order",
            Decree::Inheritance => "inheritance",
            Decree::Restitution => "restitution",
        }
    }
}

/// What is handed over, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Files over a network.
    Digital,
    /// A thing that carries them.
    Physical,
    /// Rights alone.
    Rights,
}

impl Delivery {
    /// Returns the word in terms and rules.
    pub fn word(self) -> &'static str {
        match self {
            Delivery::Digital => "digital",
            Delivery::Physical => "physical",
            Delivery::Rights => "rights",
        }
    }
}

/// What is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "PriceMembers")]
pub enum Price {
    /// Told to everybody.
    Open(Money),
    /// Told to whoever is given the opening.
    Committed(Commitment),
}

/// An amount in a currency's minor units (cents, fen, yen).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How many minor units.
    pub amount: Int<0, INTEGER_MAX>,
    /// Of which currency.
    pub currency: Currency,
}

/// A price that the terms commit to without telling it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// What [`crate::entry::terms::Terms::price_commitment`] gives for the price and its salt.
    pub commitment: Digest,
}

/// Every member a price may have, so that one of newer rules is told apart from a wrong one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceMembers {
    amount: Option<Int<0, INTEGER_MAX>>,
    commitment: Option<Digest>,
    currency: Option<Currency>,
}

impl TryFrom<PriceMembers> for Price {
    type Error = &'static str;

    fn try_from(members: PriceMembers) -> Result<Price, &'static str> {
        match members {
            PriceMembers { amount: Some(amount), commitment: None, currency: Some(currency) } => {
                Ok(Price::Open(Money { amount, currency }))
            }
            PriceMembers { amount: None, commitment: Some(commitment), currency: None } => {
                Ok(Price::Committed(Commitment { commitment }))
            }
            _ => Err("a price is an amount and a currency, or a commitment"),
        }
    }
}
