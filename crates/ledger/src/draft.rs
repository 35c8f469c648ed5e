//! An entry that still lacks a signature, as it travels between those who sign it.
//!
//! A JSON object, `colophon.draft/v1`: the text, the signature lines so far, the card the text commits to, and the opening
//! of a committed price. Nobody has to trust it: whoever signs reads the text, and the rest is checked against it.

use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{SignatureLine, Signer};
use serde::{Deserialize, Serialize};

use crate::account::{AccountId, KeySet, Multikey};
use crate::card::Card;
use crate::deal::{Money, Price};
use crate::entry::terms::Terms;
use crate::entry::{Body, ENTRY_BYTES_MAX, Entry, SIGNATURES_MAX, Text, entry_id_of_text};
use crate::field::{Digest, EntryId};
use crate::refusal::Refusal;
use crate::state::{Records, Unreadable};

/// The longest draft file, in bytes.
pub const DRAFT_BYTES_MAX: usize = 64 * 1024;

/// The draft's `format` member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "colophon.draft/v1")]
    V1,
}

/// What opens a committed price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceOpening {
    /// The price.
    pub price: Money,
    /// 32 random bytes.
    pub salt: Digest,
}

/// Why a draft was not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Longer than a draft may be.
    #[error("the draft has {0} bytes; at most 65536 are allowed")]
    TooLarge(usize),
    /// Not JSON, or not a draft.
    #[error("not a draft: {0}")]
    Malformed(String),
    /// Its text is not an entry's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its price opening opens another price.
    #[error("the draft's price opening does not fit the commitment in its text")]
    Price,
    /// The key cannot sign under this account's name.
    #[error("the key cannot sign: {0}")]
    Key(String),
}

/// An entry on its way to its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<Card>,
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PriceOpening>,
    signatures: Vec<String>,
    text: String,
}

impl Draft {
    /// Returns the draft of `text` without a signature. The text, the card and the opening must fit each other.
    pub fn new(text: String, card: Option<Card>, price: Option<PriceOpening>) -> Result<Draft, DraftError> {
        let draft = Draft { card, format: Format::V1, price, signatures: Vec::new(), text };
        draft.check()?;
        Ok(draft)
    }

    /// Reads a draft file.
    pub fn parse(bytes: &[u8]) -> Result<Draft, DraftError> {
        if bytes.len() > DRAFT_BYTES_MAX {
            return Err(DraftError::TooLarge(bytes.len()));
        }
        let draft: Draft = serde_json::from_slice(bytes).map_err(|error| DraftError::Malformed(error.to_string()))?;
        draft.check()?;
        Ok(draft)
    }

    /// Returns the draft file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a draft is strings and integers") + "\n"
    }

    fn check(&self) -> Result<(), DraftError> {
        let body = self.parts()?.body;
        if self.text.len() > ENTRY_BYTES_MAX {
            return Err(Refusal::EntryTooLarge { bytes: self.text.len() }.into());
        }
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(DraftError::Malformed(format!("{} signature lines", self.signatures.len())));
        }
        self.lines()?;
        check_card(&body, self.card.as_ref())?;
        self.check_price(&body)
    }

    fn check_price(&self, body: &Body) -> Result<(), DraftError> {
        let Some(opening) = &self.price else { return Ok(()) };
        match body {
            Body::Transfer(terms) | Body::Offer(terms) if opening.opens(terms) => Ok(()),
            _ => Err(DraftError::Price),
        }
    }

    /// Returns the id the entry will have; signatures do not change it.
    pub fn id(&self) -> EntryId {
        entry_id_of_text(&self.text)
    }

    /// Returns the two lines of the text, apart.
    pub fn parts(&self) -> Result<Text, Refusal> {
        Text::parse(&self.text)
    }

    /// Returns what is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the card that goes with the entry.
    pub fn card(&self) -> Option<&Card> {
        self.card.as_ref()
    }

    /// Returns the opening of the price, if the price is committed and the draft carries it.
    pub fn price(&self) -> Option<&PriceOpening> {
        self.price.as_ref()
    }

    fn lines(&self) -> Result<Vec<SignatureLine>, DraftError> {
        let parse = |line: &String| line.parse().map_err(|error| DraftError::Malformed(format!("{error}")));
        self.signatures.iter().map(parse).collect()
    }

    /// Adds the signature of `account` by `secret`, in its place. Signing twice with one key changes nothing.
    pub fn sign(&mut self, account: &AccountId, secret: SecretKey) -> Result<(), DraftError> {
        let signer = Signer::new(account.as_str(), secret).map_err(|error| DraftError::Key(error.to_string()))?;
        let mut lines = self.lines()?;
        let line = signer.sign(&self.text);
        lines.retain(|there| (&there.name, there.key_id) != (&line.name, line.key_id));
        lines.push(line);
        self.set_lines(lines);
        Ok(())
    }

    /// Adds what another draft of the same text has and this one lacks: signature lines, the card, the price's opening.
    /// Of two lines by one key, this draft's own stays.
    pub fn merge(&mut self, other: &Draft) -> Result<(), DraftError> {
        if other.text != self.text {
            return Err(DraftError::Malformed("the two drafts are of different texts".to_owned()));
        }
        let mut lines = self.lines()?;
        for line in other.lines()? {
            if !lines.iter().any(|there| (&there.name, there.key_id) == (&line.name, line.key_id)) {
                lines.push(line);
            }
        }
        self.set_lines(lines);
        self.card = self.card.take().or_else(|| other.card.clone());
        self.price = self.price.take().or_else(|| other.price.clone());
        self.check()
    }

    fn set_lines(&mut self, mut lines: Vec<SignatureLine>) {
        lines.sort_by(|one, other| (&one.name, one.key_id).cmp(&(&other.name, other.key_id)));
        self.signatures = lines.iter().map(ToString::to_string).collect();
    }

    /// Returns the entry with the signatures it has so far.
    pub fn to_entry(&self) -> Result<Entry, DraftError> {
        Ok(Entry::from_parts(&self.text, self.lines()?)?)
    }

    /// Returns, for each account that must still sign by the state of `records`, how many signatures are missing and the
    /// keys that may give them. Signatures are counted by key id; whether they verify is for whoever records the entry.
    pub fn missing(&self, records: &impl Records) -> Result<Vec<Missing>, MissingError> {
        let body = self.parts()?.body;
        let lines = self.lines()?;
        let has_signed = |account: &AccountId, key: &Multikey| {
            lines.iter().any(|line| line.name == account.as_str() && key.id_under(account) == Some(line.key_id))
        };
        let mut missing = Vec::new();
        for account in body.signers() {
            let KeySet { keys, threshold } = records.key_set(&account)?;
            let (signed, open): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| has_signed(&account, key));
            let new = match &body {
                Body::Rotate(rotate) => rotate.keys.as_slice(),
                _ => &[],
            };
            let new: Vec<Multikey> = new.iter().filter(|key| !has_signed(&account, key)).copied().collect();
            let count = threshold.saturating_sub(signed.len() as u64);
            if count > 0 || !new.is_empty() {
                missing.push(Missing { account, count, keys: if count > 0 { open } else { Vec::new() }, new });
            }
        }
        Ok(missing)
    }
}

/// The signatures an account still owes a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The account.
    pub account: AccountId,
    /// How many of `keys` must still sign.
    pub count: u64,
    /// The keys that may.
    pub keys: Vec<Multikey>,
    /// The new keys of a rotation that must all still sign.
    pub new: Vec<Multikey>,
}

/// Why it cannot be said what is missing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingError {
    /// The draft is none.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The draft's text is not an entry's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The accounts cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl PriceOpening {
    /// Returns whether this opens the committed price of `terms`.
    pub fn opens(&self, terms: &Terms) -> bool {
        match &terms.price {
            Some(Price::Committed(committed)) => {
                terms.price_commitment(&self.price, self.salt.0.as_bytes()) == committed.commitment
            }
            _ => false,
        }
    }
}

/// Checks that a card is one, and the one that `body` commits to.
pub fn check_card(body: &Body, card: Option<&Card>) -> Result<(), Refusal> {
    let Some(card) = card else { return Ok(()) };
    card.check().map_err(|error| Refusal::CardMismatch(error.to_string()))?;
    match body.card() {
        Some(digest) if digest == card.digest() => Ok(()),
        Some(digest) => {
            Err(Refusal::CardMismatch(format!("the entry commits to {digest}, the card has {}", card.digest())))
        }
        None => Err(Refusal::CardMismatch("this kind of entry has no card".to_owned())),
    }
}
