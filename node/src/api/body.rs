//! Bodies of requests, read with a bound, and the small parameters of paths and queries.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// How long a whole body may take to come.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How much of a body that is too long is read and thrown away, so that the client hears why and not merely a broken pipe.
const DISCARDED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How long more of it is waited for.
const DISCARDING_PAUSE_MAX: Duration = Duration::from_secs(1);

/// How many bytes of room an answer in JSON begins with: nearly all are shorter.
const JSON_BYTES: usize = 4 * 1024;

/// The media types that routes read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `text/plain`
    Text,
    /// `application/json`
    Json,
}

/// Returns the body, if it has at most `limit` bytes and comes in time.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    read_within(body, limit, BODY_TIME_MAX).await
}

async fn read_within(mut body: Body, limit: usize, time_max: Duration) -> Result<Vec<u8>, Problem> {
    let read = tokio::time::timeout(time_max, read_frames(&mut body, limit)).await;
    if let Some(bytes) = read.unwrap_or(Err(Problem::Timeout))? {
        return Ok(bytes);
    }
    // Whether it ends does not matter any more.
    let _rest = tokio::time::timeout(time_max, discard(&mut body)).await;
    Err(Problem::BodyTooLarge { limit })
}

/// Returns the body; nothing as soon as it is too long.
async fn read_frames(body: &mut Body, limit: usize) -> Result<Option<Vec<u8>>, Problem> {
    // A body that says how long it is gets its room at once; memory that is not written to costs nothing.
    let said = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::with_capacity(said.filter(|length| *length <= limit).unwrap_or(0));
    while let Some(data) = next_data(body).await? {
        if bytes.len() + data.len() > limit {
            return Ok(None);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Some(bytes))
}

/// Throws away what else comes of a body, as long as it comes without a pause.
async fn discard(body: &mut Body) {
    let mut discarded = 0;
    while let Ok(Ok(Some(data))) = tokio::time::timeout(DISCARDING_PAUSE_MAX, next_data(body)).await {
        discarded += data.len();
        if discarded > DISCARDED_BYTES_MAX {
            return;
        }
    }
}

async fn next_data(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let Some(frame) = body.frame().await else { return Ok(None) };
        let frame = frame.map_err(|_| Problem::BadRequest("the body broke off".to_owned()))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

/// Returns the media type of a body, if it is one that routes read.
pub(super) fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    if essence.eq_ignore_ascii_case("text/plain") {
        Some(MediaType::Text)
    } else if essence.eq_ignore_ascii_case("application/json") {
        Some(MediaType::Json)
    } else {
        None
    }
}

/// Checks that the body is JSON by its type.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers) {
        Some(MediaType::Json) => Ok(()),
        Some(MediaType::Text) | None => Err(Problem::UnsupportedMediaType("application/json")),
    }
}

/// Reads JSON of an expected shape.
pub(super) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::BadRequest(format!("the body is not as expected: {error}")))
}

/// Returns a JSON answer, which is not to be taken from a cache without asking.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    json_of(value, JSON_BYTES)
}

/// Returns a JSON answer of about so many bytes.
pub(super) fn json_of<T: Serialize>(value: &T, bytes: usize) -> Response {
    let mut body = Vec::with_capacity(bytes);
    serde_json::to_writer(&mut body, value).expect("answers have string keys and no failing serializers");
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], body).into_response()
}

/// Returns a plain text answer, which is not to be taken from a cache without asking.
pub(super) fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], body).into_response()
}

/// Reads a number written as a plain decimal.
pub(super) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Returns the number under `name` in a query, if it is there.
pub(super) fn number(query: Option<&str>, name: &str) -> Result<Option<u64>, Problem> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.into_iter().find(|(found, _)| *found == name) else { return Ok(None) };
    let number = decimal(value).ok_or_else(|| Problem::BadRequest(format!("{name} should be a plain number")))?;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number(Some("edition=7"), "edition"), Ok(Some(7)));
        assert_eq!(number(Some("a=1&edition=0"), "edition"), Ok(Some(0)));
        assert_eq!(number(Some("a=1"), "edition"), Ok(None));
        assert_eq!(number(None, "edition"), Ok(None));
        for wrong in
            ["edition=", "edition=+1", "edition=01", "edition=-1", "edition=18446744073709551616", "edition=1.0"]
        {
            assert!(matches!(number(Some(wrong), "edition"), Err(Problem::BadRequest(_))), "{wrong}");
        }
    }

    #[test]
    fn media_types_are_told_apart_without_their_parameters() {
        let of = |value: &'static str| {
            media_type(&HeaderMap::from_iter([(header::CONTENT_TYPE, header::HeaderValue::from_static(value))]))
        };
        assert_eq!(of("text/plain; charset=utf-8"), Some(MediaType::Text));
        assert_eq!(of("Application/JSON"), Some(MediaType::Json));
        assert_eq!(of("application/x-www-form-urlencoded"), None);
        assert_eq!(media_type(&HeaderMap::new()), None);
    }

    #[tokio::test]
    async fn a_body_has_a_bound() {
        assert_eq!(read(Body::from(vec![0; 10]), 10).await, Ok(vec![0; 10]));
        assert_eq!(read(Body::from(vec![0; 11]), 10).await, Err(Problem::BodyTooLarge { limit: 10 }));
    }

    /// A body of which this comes, and then nothing ever.
    struct Silent(Option<Bytes>);

    impl hyper::body::Body for Silent {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            self.0.take().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(hyper::body::Frame::data(bytes)))))
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let answer = read_within(Body::new(Silent(None)), 10, Duration::from_millis(1)).await;
        assert_eq!(answer, Err(Problem::Timeout));
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_told_so_although_it_does_not_end() {
        let body = Body::new(Silent(Some(Bytes::from(vec![0; 11]))));
        assert_eq!(read(body, 10).await, Err(Problem::BodyTooLarge { limit: 10 }));
    }
}
