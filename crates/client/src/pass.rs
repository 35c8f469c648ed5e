//! A request passed on as it came, and the answer as it comes back: for a node that speaks for another.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::http::{HttpError, Transport, not_understood};

/// What is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing<'p> {
    /// The path and query, without a slash at the beginning.
    pub path: &'p str,
    /// What is sent: its media type, if it has one, and the bytes. None are sent with a question.
    pub content: Option<(Option<String>, Vec<u8>)>,
    /// The most bytes of the answer.
    pub limit: usize,
}

/// An answer as it came, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub media_type: Option<String>,
    /// The value of `Retry-After`.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Transport {
    /// Sends a request once, and returns whatever is answered. Nothing is tried again: that is for whoever asked.
    pub async fn pass(&self, passing: Passing<'_>) -> Result<Passed, HttpError> {
        let Passing { path, content, limit } = passing;
        let url = self.base().join(path).map_err(|error| not_understood(path, &error.to_string()))?;
        let building = match content {
            None => self.http().request(Method::GET, url),
            Some((media_type, body)) => {
                let building = self.http().request(Method::POST, url).body(body);
                media_type.into_iter().fold(building, |building, value| building.header(CONTENT_TYPE, value))
            }
        };
        let response = building.send().await.map_err(|error| self.network_error(&error))?;
        let header = |headers: &HeaderMap, name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let (status, media_type) = (response.status().as_u16(), header(response.headers(), CONTENT_TYPE));
        let retry_after = header(response.headers(), RETRY_AFTER);
        Ok(Passed { status, media_type, retry_after, body: self.read_body(response, path, limit).await? })
    }
}
