//! Witnessing as c2sp.org/tlog-witness has it: `add-checkpoint`, and what was cosigned last of each log.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::witness::ADD_CHECKPOINT_BYTES_MAX;
use tokio::task::spawn_blocking;

use super::Api;
use super::body::{self, text};
use super::problem::Problem;
use super::segment::Segment;
use crate::follow::vouch::{catch_up, vouch};
use crate::witness::{Witness, WitnessAnswer, WitnessError};

/// How many seconds a log should wait before it asks a replaying witness again.
const RETRY_AFTER_S: &str = "1";

pub(super) async fn add_checkpoint(State(api): State<Arc<Api>>, body: Body) -> Result<Response, Problem> {
    let witness = api.witness.clone().ok_or_else(no_route)?;
    let Some(following) = api.following.clone() else { return submit(witness, body, |_| Ok(())).await };
    // A copy cosigns what it has replayed, and is given a moment for that.
    let bytes = body::read(body, ADD_CHECKPOINT_BYTES_MAX).await?;
    catch_up(&following, &bytes).await;
    let register = Arc::clone(&api.register);
    submit(witness, Body::from(bytes), move |checkpoint| vouch(&register, &following, checkpoint)).await
}

pub(super) async fn latest(State(api): State<Arc<Api>>, origin: Segment) -> Result<Response, Problem> {
    let witness = api.witness.clone().ok_or_else(no_route)?;
    show(witness, origin.0).await
}

fn no_route() -> Problem {
    Problem::NotFound("such route".to_owned())
}

/// Answers `POST /add-checkpoint`. What `vouch` says no to is not cosigned.
pub(crate) async fn submit(
    witness: Arc<Witness>,
    body: Body,
    vouch: impl FnOnce(&Checkpoint) -> Result<(), WitnessError> + Send + 'static,
) -> Result<Response, Problem> {
    let bytes = body::read(body, ADD_CHECKPOINT_BYTES_MAX).await?;
    // It waits for the disk.
    let answered = spawn_blocking(move || witness.answer(&bytes, vouch)).await.map_err(|_| Problem::Internal)?;
    Ok(match answered {
        WitnessAnswer::Reply(reply) => {
            let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let headers = [(header::CONTENT_TYPE, reply.content_type), (header::CACHE_CONTROL, "no-store")];
            (status, headers, reply.body).into_response()
        }
        WitnessAnswer::Held(error) => held(&error),
    })
}

/// Answers `GET /HASH/checkpoint`.
pub(crate) async fn show(witness: Arc<Witness>, hash: String) -> Result<Response, Problem> {
    let latest = spawn_blocking(move || witness.latest(&hash)).await.map_err(|_| Problem::Internal)?;
    match latest {
        Ok(Some(note)) => Ok(text(note)),
        Ok(None) => Err(Problem::NotFound("such log".to_owned())),
        Err(error) => Ok(held(&error)),
    }
}

/// Says that nothing is cosigned for now. What is wrong on this machine is for its own log alone.
fn held(error: &WitnessError) -> Response {
    let status = error.status();
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        return (status, "nothing is cosigned for now\n").into_response();
    }
    (status, [(header::RETRY_AFTER, RETRY_AFTER_S)], format!("{error}\n")).into_response()
}
