//! A witness by itself: its routes and its server.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::json;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{debug, info, warn};

use crate::api::problem::Problem;
use crate::api::witness;
use crate::connections::Limits;
use crate::door::Door;
use crate::metrics::{METRICS_MEDIA_TYPE, Metrics};
use crate::open_files::make_room_for;
use crate::serve::{FAREWELL_TIME_MAX, ServeError, accept};
use crate::witness::Witness;

/// What the routes work on.
#[derive(Debug)]
struct Surface {
    witness: Arc<Witness>,
    metrics: Arc<Metrics>,
}

/// Returns the routes of a witness by itself.
pub fn witness_router(witness: Arc<Witness>, metrics: Arc<Metrics>) -> Router {
    let surface = Arc::new(Surface { witness, metrics });
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(latest))
        .route("/health", get(health))
        .route("/metrics", get(metrics_text))
        .fallback(async || Problem::NotFound("such route".to_owned()))
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| Problem::Internal.into_response()))
        .layer(from_fn_with_state(Arc::clone(&surface), observe))
        .with_state(surface)
}

/// Serves a witness on `listener` until `stop` is done. Returns early only if the witness must stop.
pub async fn serve_witness(
    witness: Arc<Witness>,
    limits: Limits,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let graceful = GracefulShutdown::new();
    let metrics = Arc::new(Metrics::default());
    {
        let mut stop = pin!(stop);
        let limits = Limits { connections: make_room_for(limits.connections), ..limits };
        let router = witness_router(Arc::clone(&witness), Arc::clone(&metrics));
        let door = Arc::new(Door::new(router, limits, metrics));
        tokio::select! {
            () = accept(&listener, door, &graceful) => {}
            () = &mut stop => info!("Stopping the witness: what was asked is answered"),
            () = witness.broken() => return Err(ServeError::Witness),
        }
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL_TIME_MAX, graceful.shutdown()).await.is_err() {
        warn!("Some connections did not end within {FAREWELL_TIME_MAX:?}; they are cut");
    }
    Ok(())
}

async fn add_checkpoint(State(surface): State<Arc<Surface>>, body: Body) -> Result<Response, Problem> {
    witness::submit(Arc::clone(&surface.witness), body, |_| Ok(())).await
}

async fn latest(State(surface): State<Arc<Surface>>, Path(origin): Path<String>) -> Result<Response, Problem> {
    witness::show(Arc::clone(&surface.witness), origin).await
}

/// Answers 200 while checkpoints are cosigned, with the keys and the logs.
async fn health(State(surface): State<Arc<Surface>>) -> Response {
    let witness = &surface.witness;
    let (code, status) =
        if witness.is_broken() { (StatusCode::SERVICE_UNAVAILABLE, "stopping") } else { (StatusCode::OK, "ok") };
    let text = |keys: &[colophon_tlog::note::VerifierKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let health = json!({"keys": text(&witness.keys()), "logs": text(witness.logs()), "status": status});
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (code, headers, health.to_string()).into_response()
}

async fn metrics_text(State(surface): State<Arc<Surface>>) -> Response {
    let headers = [(header::CONTENT_TYPE, METRICS_MEDIA_TYPE), (header::CACHE_CONTROL, "no-cache")];
    (headers, surface.metrics.to_text()).into_response()
}

/// Counts every request.
async fn observe(State(surface): State<Arc<Surface>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let (route, status) = (route.as_ref().map_or("none", MatchedPath::as_str), response.status());
    surface.metrics.request(route, status.as_u16());
    debug!(http.route = route, http.status = status.as_u16(), "Answered {route} with {status}");
    response
}
