//! The log as c2sp.org/tlog-tiles has it: checkpoint, tiles, entry bundles.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use colophon_storage::reader::ReadError;
use colophon_tlog::tile::{Bundle, Tile};

use super::Api;
use super::body::text;
use super::problem::Problem;
use crate::answers::AnswerError;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

pub(super) async fn checkpoint(State(api): State<Arc<Api>>) -> Response {
    text(api.register.newest().checkpoint.clone())
}

/// Serves `/tile/…`. The path is read as it was sent: an escaped digit is another spelling, and there is only one.
pub(super) async fn tile(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let size = api.register.newest().size;
    let log = &api.register.log;
    let not_found = || Problem::NotFound("such tile".to_owned());
    let bytes = if let Ok(bundle) = Bundle::parse(path) {
        bundle.is_within(size).then(|| log.bundle(&bundle))
    } else {
        let tile = Tile::parse(path).map_err(|_| not_found())?;
        tile.is_within(size).then(|| log.tile(&tile))
    };
    let bytes = bytes.ok_or_else(not_found)?.map_err(|error: ReadError| Problem::from(AnswerError::Log(error)))?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, IMMUTABLE)];
    Ok((headers, bytes).into_response())
}
