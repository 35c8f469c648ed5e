//! The one variable part of a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use colophon_ledger::field::Digest;

use super::problem::Problem;

/// What stands in a path where its route has a name in braces.
#[derive(Debug)]
pub(super) struct Segment(pub(super) String);

impl Segment {
    /// Returns the segment as a digest or an id.
    pub(super) fn digest(&self) -> Result<Digest, Problem> {
        self.parse("64 lower-case hex digits")
    }

    /// Returns the segment as a value that is written as `expected` says.
    pub(super) fn parse<T: std::str::FromStr>(&self, expected: &str) -> Result<T, Problem> {
        self.0.parse().map_err(|_| Problem::BadRequest(format!("the path should have {expected}")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segment, Problem> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        segment.map(|Path(text)| Segment(text)).map_err(|_| Problem::BadRequest("the path is not text".to_owned()))
    }
}
