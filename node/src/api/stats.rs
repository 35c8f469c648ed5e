//! Trade statistics: transfers and amounts in cells, of which small ones are left out.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;
use colophon_ledger::canonical::INTEGER_MAX;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::Api;
use super::body::json;
use super::problem::Problem;
use crate::answers::AnswerError;
use crate::trade::cell::{Cell, Dimension, Domain, Ordering, Sum};
use crate::trade::{Table, TradeError};

/// The most cells in an answer.
const CELLS_MAX: usize = 10_000;
/// The fewest transfers of a cell that is shown, where nothing else is asked for.
const LEAST_DEFAULT: u64 = 5;
/// The most that may be asked for as the fewest transfers.
const LEAST_MAX: u64 = 1_000_000;
const BY_DEFAULT: &str = "from,to,year,currency";

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    by: Option<String>,
    k: Option<u64>,
}

/// The counts, as of one size of the log. Nothing of it is proved: whoever replays the log can count again.
#[derive(Debug, Serialize)]
struct StatsAnswer {
    size: u64,
    time_ms: u64,
    /// The fewest transfers of a cell that is shown.
    k: u64,
    by: Vec<Dimension>,
    cells: Vec<CellAnswer>,
    /// How many transfers the cells hold that are shown.
    transfers: u64,
    /// Whether cells were left out.
    left_out: bool,
}

#[derive(Debug, Serialize)]
struct CellAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quarter: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Domain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordering: Option<Ordering>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    transfers: u64,
    /// In minor units. Left out where it is not of one currency, and where it is more than a JSON number holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
}

impl CellAnswer {
    fn of((cell, sum): (Cell, Sum)) -> CellAnswer {
        let amount = u64::try_from(sum.amount).ok().filter(|amount| *amount <= INTEGER_MAX && cell.has_amount());
        CellAnswer {
            from: cell.from.map(|country| country.to_string()),
            to: cell.to.map(|country| country.to_string()),
            year: cell.year,
            quarter: cell.quarter,
            category: cell.category,
            domain: cell.domain,
            delivery: cell.delivery,
            ordering: cell.ordering,
            currency: cell.paid.map(|paid| paid.word().to_owned()),
            transfers: sum.transfers,
            amount,
        }
    }
}

pub(super) async fn stats(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let (by, k) = read(&uri)?;
    let _permit = api.searches.acquire().await.map_err(|_| Problem::Stopping)?;
    let counting = Arc::clone(&api);
    // What the log has gained is read first: too long for a thread that answers others.
    let table = spawn_blocking(move || {
        counting.trade.read(&counting.register)?;
        Ok::<_, TradeError>((counting.trade.table(&by, k), by))
    });
    let (Table { size, time_ms, cells, left_out }, by) = table.await.map_err(|_| Problem::Internal)??;
    if cells.len() > CELLS_MAX {
        return Err(Problem::StatsTooLarge { limit: CELLS_MAX });
    }
    let transfers = cells.iter().map(|(_, sum)| sum.transfers).sum();
    let cells = cells.into_iter().map(CellAnswer::of).collect();
    Ok(json(&StatsAnswer { size, time_ms, k, by, cells, transfers, left_out }))
}

fn read(uri: &Uri) -> Result<(Vec<Dimension>, u64), Problem> {
    let query = Query::<Asked>::try_from_uri(uri);
    let Query(Asked { by, k }) = query.map_err(|error| Problem::BadRequest(format!("the query: {error}")))?;
    let by = by.unwrap_or_else(|| BY_DEFAULT.to_owned());
    let words = by.split(',').filter(|word| !word.is_empty());
    let by = words.map(str::parse).collect::<Result<BTreeSet<Dimension>, _>>();
    let by = by.map_err(|error| Problem::BadRequest(format!("by: {error}")))?;
    let k = k.unwrap_or(LEAST_DEFAULT);
    if !(1..=LEAST_MAX).contains(&k) {
        return Err(Problem::BadRequest(format!("k should be a number from 1 to {LEAST_MAX}")));
    }
    Ok((by.into_iter().collect(), k))
}

impl From<TradeError> for Problem {
    fn from(error: TradeError) -> Problem {
        match error {
            TradeError::Log(error) => AnswerError::from(error).into(),
            TradeError::View(error) => AnswerError::from(error).into(),
            TradeError::Unreadable(error) => AnswerError::from(error).into(),
            TradeError::Entry(index) => AnswerError::Entry(index).into(),
        }
    }
}
