//! Cards: people's words, as long as they are kept.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use colophon_storage::cards::{CardsError, Kept};
use tracing::error;

use super::Api;
use super::body::json;
use super::problem::Problem;
use super::segment::Segment;

pub(super) async fn card(State(api): State<Arc<Api>>, digest: Segment) -> Result<Response, Problem> {
    match api.register.cards.get(&digest.digest()?)? {
        Kept::Card(card) => Ok(json(&card)),
        Kept::Withdrawn => Err(Problem::CardWithdrawn),
        Kept::Nothing => Err(Problem::NotFound("such card".to_owned())),
    }
}

impl From<CardsError> for Problem {
    fn from(error: CardsError) -> Problem {
        error!("The cards: {error}");
        match error {
            CardsError::Full(_) => Problem::DiskFull,
            CardsError::Missing
            | CardsError::Format
            | CardsError::TooLarge { .. }
            | CardsError::Read(_)
            | CardsError::Fatal(_) => Problem::Internal,
        }
    }
}
