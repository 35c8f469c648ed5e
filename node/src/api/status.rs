//! How the node is: health, metrics, and the description of its own surface.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Api;
use super::body::json;
use super::register::{Ahead, Standing};
use crate::follow::following;
use crate::metrics::METRICS_MEDIA_TYPE;

/// The OpenAPI document of every route.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    origin: String,
    genesis: String,
    vkey: String,
    size: u64,
    sealed_ms: u64,
    waiting: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade: Option<Ahead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<Follows>,
}

/// How a copy stands to the register that it follows.
#[derive(Debug, Serialize)]
struct Follows {
    address: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], OPENAPI).into_response()
}

/// Answers 200 while entries are taken and proofs are made, 503 while they are not.
pub(super) async fn health(State(api): State<Arc<Api>>) -> Response {
    let (code, health) = health_of(&api);
    (code, json(&health)).into_response()
}

/// Returns whether entries are taken and proofs are made.
pub(super) fn is_well(api: &Api) -> bool {
    health_of(api).0.is_success()
}

fn health_of(api: &Api) -> (StatusCode, Health) {
    let register = &*api.register;
    let newest = register.newest();
    let copied = api.following.as_ref().map(|following| following.standing());
    let unwell = copied.as_ref().filter(|standing| standing.is_alarming()).map(following::Standing::word);
    let (code, status) = match (register.is_damaged(), api.is_open()) {
        _ if register.view().is_failing() => (StatusCode::SERVICE_UNAVAILABLE, "view_rebuilding"),
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "view_damaged"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, true) if register.standing.is_held() => (StatusCode::SERVICE_UNAVAILABLE, "unwitnessed"),
        (false, true) => unwell.map_or((StatusCode::OK, "ok"), |word| (StatusCode::SERVICE_UNAVAILABLE, word)),
    };
    // While the tables cannot be read, the status says so, and what the genesis says will do.
    let first = || Standing { log_key: register.rules.log_key.clone(), retired: false, upgrade: None };
    let Standing { log_key, retired, upgrade } = Standing::of(register).unwrap_or_else(|_| first());
    let needs_newer = upgrade.as_ref().is_some_and(|upgrade| upgrade.batches_left == 0);
    let (code, status) = match status {
        "ok" if retired => (code, "retired"),
        "ok" if needs_newer => (StatusCode::SERVICE_UNAVAILABLE, "needs_newer"),
        status => (code, status),
    };
    let follows = api.following.as_ref().zip(copied).map(|(following, standing)| Follows {
        address: following.address().to_owned(),
        status: standing.word(),
        why: standing.why(),
    });
    let health = Health {
        status,
        origin: register.rules.register.origin.to_string(),
        genesis: register.rules.register.genesis.to_string(),
        vkey: log_key.to_string(),
        size: newest.size.get(),
        sealed_ms: newest.time_ms,
        waiting: api.waiting(),
        upgrade,
        follows,
    };
    (code, health)
}

pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    let metrics = &*api.metrics;
    metrics.size.set(i64::try_from(api.register.newest().size.get()).unwrap_or(i64::MAX));
    metrics.held.set(i64::from(api.register.standing.is_held()));
    metrics.cosigned_s.set(i64::try_from(api.register.standing.cosigned_s()).unwrap_or(i64::MAX));
    metrics.show_witnesses(&api.register.standing.witnesses());
    metrics.waiting.set(i64::try_from(api.waiting()).unwrap_or(i64::MAX));
    metrics.view_backlog.set(i64::try_from(api.register.view().backlog()).unwrap_or(i64::MAX));
    ([(header::CONTENT_TYPE, METRICS_MEDIA_TYPE), (header::CACHE_CONTROL, "no-cache")], metrics.to_text())
        .into_response()
}
