//! What the rules would answer to terms that nobody has signed, with the records from which everybody can judge it alike.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;
use colophon_ledger::account::AccountId;
use colophon_ledger::canonical::INTEGER_MAX;
use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::judgement::Judgement;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::deal::{Basis, Decree, Delivery, Money, Price};
use colophon_ledger::field::{Country, Currency, Int, WorkId};
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::refusal::Refusal;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::Api;
use super::body::json;
use super::problem::Problem;
use super::segment::Segment;
use super::works::full_id;
use crate::foreseen::{ForeseeError, Foreseen, foresee};

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    to: AccountId,
    to_country: Country,
    #[serde(default = "first_edition")]
    edition: u64,
    #[serde(default)]
    deed: DeedAsked,
    basis: Option<Grounds>,
    #[serde(default = "as_files")]
    delivery: Delivery,
    amount: Option<u64>,
    currency: Option<Currency>,
    #[serde(default)]
    professional: bool,
    value: Option<u64>,
    value_currency: Option<Currency>,
}

fn first_edition() -> u64 {
    1
}

fn as_files() -> Delivery {
    Delivery::Digital
}

/// The entry that is thought of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeedAsked {
    #[default]
    Transfer,
    Move,
    Transmit,
}

/// On what grounds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Grounds {
    Signed(Basis),
    Decreed(Decree),
}

/// What the rules would answer.
#[derive(Debug, Serialize)]
struct CrossingAnswer {
    #[serde(flatten)]
    state: StateAnswer,
    work: WorkId,
    edition: u64,
    /// The height of the batch that it is judged for.
    height: u64,
    /// Left out where no rules are in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<Judgement>,
}

pub(super) async fn crossing(State(api): State<Arc<Api>>, work: Segment, uri: Uri) -> Result<Response, Problem> {
    let work = full_id(&api, &work.0)?;
    let proposed = proposed(work, &uri)?;
    // Rules are evaluated, and hundreds of records proved: too long for a thread that answers others.
    let _permit = api.crossings.acquire().await.map_err(|_| Problem::Stopping)?;
    let judging = Arc::clone(&api);
    let foreseen = spawn_blocking(move || {
        let foreseen = foresee(&judging.register, &proposed, judging.now_ms());
        foreseen.map(|Foreseen { state, height, judgement }| {
            json(&CrossingAnswer { state, work, edition: proposed.edition, height, judgement })
        })
    });
    Ok(foreseen.await.map_err(|_| Problem::Internal)??)
}

fn proposed(work: WorkId, uri: &Uri) -> Result<Proposed, Problem> {
    let bad = |why: &str| Problem::BadRequest(why.to_owned());
    let Query(asked) = Query::<Asked>::try_from_uri(uri).map_err(|error| bad(&format!("the query: {error}")))?;
    let Asked { to, to_country, edition, deed, basis, delivery, professional, .. } = asked;
    let deed = match (deed, basis) {
        (DeedAsked::Transfer, None) => Deed::Transfer(Basis::Sale),
        (DeedAsked::Transfer, Some(Grounds::Signed(basis))) => Deed::Transfer(basis),
        (DeedAsked::Move, None) => Deed::Move,
        (DeedAsked::Transmit, Some(Grounds::Decreed(decree))) => Deed::Transmit(decree),
        _ => return Err(bad("each deed has a basis of its own, and a move has none")),
    };
    let Asked { amount, currency, value, value_currency, .. } = asked;
    let price = money(amount, currency).map_err(|why| bad(&format!("a price {why}")))?.map(Price::Open);
    let value = money(value, value_currency).map_err(|why| bad(&format!("a value {why}")))?;
    if !matches!(deed, Deed::Transfer(_)) && (price.is_some() || professional) {
        return Err(bad("only a transfer has a price, or a professional who takes part"));
    }
    Ok(Proposed { work, edition, to, to_country, deed, delivery, price, professional, value })
}

fn money(amount: Option<u64>, currency: Option<Currency>) -> Result<Option<Money>, &'static str> {
    match (amount, currency) {
        (None, None) => Ok(None),
        (Some(amount), Some(currency)) => {
            let amount = Int::<0, INTEGER_MAX>::new(amount).ok_or("is at most 2^53 - 1")?;
            Ok(Some(Money { amount, currency }))
        }
        _ => Err("has an amount and a currency"),
    }
}

impl From<ForeseeError> for Problem {
    fn from(error: ForeseeError) -> Problem {
        match error {
            ForeseeError::NoWork(absence) => Problem::Absent("such work".to_owned(), absence),
            ForeseeError::Refused(Refusal::EditionUnknown { edition, editions }) => {
                Problem::NotFound(format!("edition {edition} of this work of {editions}"))
            }
            ForeseeError::Refused(refusal) => Problem::Refused(refusal),
            ForeseeError::TooLarge => Problem::CrossingTooLarge,
            ForeseeError::Answer(error) => error.into(),
        }
    }
}
