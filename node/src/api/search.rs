//! Search by words: works by their titles and creators, accounts by what they call themselves.

use std::sync::{Arc, PoisonError};

use axum::extract::{Query, RawQuery, State};
use axum::http::Uri;
use axum::response::Response;
use colophon_ledger::account::AccountId;
use colophon_ledger::field::WorkId;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tracing::error;

use super::Api;
use super::body::{json, number};
use super::problem::Problem;
use crate::text_search::{Found, HITS_MAX, Hit, PLACE_MAX, SearchError, TEXT_BYTES_MAX, TextSearch};

/// What is asked.
#[derive(Debug, Deserialize)]
struct Asked {
    q: String,
}

/// What was found: where to look, not what is so. Works and accounts prove themselves under their own routes.
#[derive(Debug, Serialize)]
struct SearchAnswer {
    /// In how many entries of the log was searched.
    size: u64,
    /// How many hits there are in all.
    count: usize,
    hits: Vec<HitAnswer>,
    /// What to give as `after` for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum HitAnswer {
    Work { work: WorkId, index: u64 },
    Account { account: AccountId, index: u64 },
}

pub(super) async fn search(
    State(api): State<Arc<Api>>,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let text = text(&uri)?;
    let after = number(query.as_deref(), "after")?.unwrap_or(0);
    let after = usize::try_from(after).ok().filter(|after| *after <= PLACE_MAX);
    let after = after.ok_or_else(|| bad(&format!("after should be a number up to {PLACE_MAX}")))?;
    let _permit = api.searches.acquire().await.map_err(|_| Problem::Stopping)?;
    let searching = Arc::clone(&api);
    // What the log has gained is read first: too long for a thread that answers others.
    let found = spawn_blocking(move || found(&searching, &text, after)).await;
    Ok(json(&answer(found.map_err(|_| Problem::Internal)??, after)))
}

fn text(uri: &Uri) -> Result<String, Problem> {
    let Ok(Query(Asked { q })) = Query::<Asked>::try_from_uri(uri) else {
        return Err(bad("q should be the text to search for"));
    };
    if q.len() > TEXT_BYTES_MAX {
        return Err(bad(&format!("q should have at most {TEXT_BYTES_MAX} bytes")));
    }
    Ok(q)
}

fn found(api: &Api, text: &str, after: usize) -> Result<Found, SearchError> {
    let register = &*api.register;
    let index = {
        let mut kept = api.text_search.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(index) => Arc::clone(index),
            None => Arc::clone(kept.insert(Arc::new(TextSearch::new()?))),
        }
    };
    let read = index.read(&register.log, &register.cards, register.newest().size);
    let found = read.and_then(|()| index.find(&register.log, &register.cards, text, after));
    api.metrics.searchable.set(i64::try_from(index.size()).unwrap_or(i64::MAX));
    if matches!(found, Err(SearchError::Index(_))) {
        // It is made again for the next who asks.
        api.text_search.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
    found
}

fn answer(found: Found, after: usize) -> SearchAnswer {
    let Found { size, count, hits } = found;
    let next = after + HITS_MAX;
    let hit = |hit| match hit {
        Hit::Work(work, index) => HitAnswer::Work { work, index },
        Hit::Account(account, index) => HitAnswer::Account { account, index },
    };
    let hits = hits.into_iter().map(hit).collect();
    SearchAnswer { size, count, hits, next: (next < count && next < PLACE_MAX).then_some(next) }
}

fn bad(why: &str) -> Problem {
    Problem::BadRequest(why.to_owned())
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Problem {
        error!("A search came to nothing: {error}");
        Problem::Internal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_decoded_and_has_an_end() {
        let of = |query: &str| text(&format!("/v1/search?{query}").parse().unwrap());
        assert_eq!(of("after=3&q=%E5%B1%B1+%C3%A9t%C3%A9"), Ok("山 été".to_owned()));
        assert_eq!(of(&format!("q={}", "a".repeat(TEXT_BYTES_MAX))).map(|text| text.len()), Ok(TEXT_BYTES_MAX));
        for wrong in ["", "a=b", &format!("q={}", "a".repeat(TEXT_BYTES_MAX + 1))] {
            assert!(matches!(of(wrong), Err(Problem::BadRequest(_))), "{wrong}");
        }
    }

    #[test]
    fn the_last_page_says_so() {
        let page = |count, after| answer(Found { size: 9, count, hits: vec![] }, after).next;
        assert_eq!((page(HITS_MAX, 0), page(HITS_MAX + 1, 0)), (None, Some(HITS_MAX)));
        assert_eq!(page(10_000, PLACE_MAX - HITS_MAX), None);
    }
}
