//! Asks for the words that an entry commits to, and checks them by their digest.

use colophon_ledger::card::{CARD_BYTES_MAX, Card};
use colophon_ledger::field::Digest;

use crate::client::Client;
use crate::http::{HttpError, Transport, not_understood};
use crate::lookup::LookupError;
use crate::security::SecurityError;

/// The most bytes of a card in JSON: each byte may be written as six.
const ANSWER_BYTES_MAX: usize = 6 * CARD_BYTES_MAX + 1024;

/// What has become of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardFound {
    /// The very words that the digest commits to.
    Card(Card),
    /// The node says that they were withdrawn.
    Withdrawn,
    /// The node does not have them.
    Unknown,
}

impl Client {
    /// Asks for a card.
    pub async fn card(&self, digest: &Digest) -> Result<CardFound, LookupError> {
        fetch_card(self.transport(), digest).await
    }
}

/// Asks a node for a card.
pub async fn fetch_card(transport: &Transport, digest: &Digest) -> Result<CardFound, LookupError> {
    let path = format!("v1/cards/{digest}");
    let card: Card = match transport.get_json(&path, ANSWER_BYTES_MAX).await {
        Ok(card) => card,
        Err(HttpError::Problem(problem)) if problem.status == 410 => return Ok(CardFound::Withdrawn),
        Err(error) if error.is_not_found() => return Ok(CardFound::Unknown),
        Err(error) => return Err(error.into()),
    };
    if card.digest() != *digest {
        return Err(SecurityError::other(format!("the card {digest}"), format!("the card {}", card.digest())).into());
    }
    card.check().map_err(|error| not_understood(&path, &error.to_string()))?;
    Ok(CardFound::Card(card))
}
