//! The transport: requests to one node, with a bound on the time and the bytes of every answer.
//!
//! Nothing it returns is trusted; it only keeps a bad or slow server from using up this machine. Redirects are not followed.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, Url};
use serde::de::DeserializeOwned;

use crate::failure::{Class, Failure, shown};
use crate::problem::{PROBLEM_BYTES_MAX, Problem};

/// The longest a node may ask to wait before this transport leaves it to the caller.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);
/// The longest address of a node, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 2048;

/// An answer of at most so many bytes is a small one: it takes no longer than [`SMALL_TIME_MAX`], however it drips.
const SMALL_BYTES_MAX: usize = 1 << 20;
/// How long a small answer to a question may take as a whole.
const SMALL_TIME_MAX: Duration = Duration::from_secs(45);

/// How long to wait for what, and how often to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes of an answer.
    pub read: Duration,
    /// For a request with its whole answer.
    pub total: Duration,
    /// How often a request is sent at most, when no connection comes about or the node is busy.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each next one.
    pub backoff: Duration,
    /// The proxy to go through. The environment is not asked.
    pub proxy: Option<String>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_mins(3),
            attempts: 4,
            backoff: Duration::from_millis(250),
            proxy: None,
        }
    }
}

/// Why text was not accepted as the address of a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address at all, or a very long one.
    #[error("{0:?} is not an address: {1}")]
    Form(String, String),
    /// Neither http nor https.
    #[error("{0:?} is not an http or https address")]
    Scheme(String),
    /// With a query, a fragment, a name or a password.
    #[error("{0:?} has more than a host and a path")]
    Extra(String),
    /// The proxy's address, or the TLS of this machine, cannot be used.
    #[error("no connections can be made: {0}")]
    Setup(String),
}

impl Failure for AddressError {
    fn class(&self) -> Class {
        Class::Unable
    }

    fn cure(&self) -> String {
        match self {
            AddressError::Setup(_) => "check the proxy's address and the certificates of this machine".to_owned(),
            AddressError::Form(typed, _) | AddressError::Scheme(typed)
                if !typed.is_empty() && !typed.contains("://") =>
            {
                format!("put https:// in front of it, or http:// for a register on this machine: http://{typed}")
            }
            AddressError::Form(..) | AddressError::Scheme(_) | AddressError::Extra(_) => {
                "give an address like https://registry.example/art".to_owned()
            }
        }
    }
}

/// Why a request brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The node answers that it cannot or will not.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// No connection, in as many attempts as allowed.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The node.
        host: String,
        /// What the network says.
        why: String,
    },
    /// The connection ended, or time ran out, within the answer.
    #[error("the answer of {host} broke off: {why}")]
    Broken {
        /// The node.
        host: String,
        /// What the network says.
        why: String,
    },
    /// The answer is longer than any of its kind.
    #[error("the answer to {path} is longer than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// How long it may be, in bytes.
        limit: usize,
    },
    /// The answer is not of the form that a node of this kind gives.
    #[error("the answer to {path} is not understood: {why}")]
    NotUnderstood {
        /// What was asked for.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl HttpError {
    /// Returns whether the node says that it has no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, HttpError::Problem(problem) if problem.status == 404)
    }
}

impl Failure for HttpError {
    fn class(&self) -> Class {
        match self {
            HttpError::Problem(problem) => problem.class(),
            HttpError::Unreachable { .. } | HttpError::Broken { .. } => Class::Fault,
            HttpError::TooLarge { .. } | HttpError::NotUnderstood { .. } => Class::Unable,
        }
    }

    fn cure(&self) -> String {
        match self {
            HttpError::Problem(problem) => problem.cure(),
            HttpError::Unreachable { .. } => "check the address and the network, or try again later".to_owned(),
            HttpError::Broken { .. } => "try again later".to_owned(),
            HttpError::TooLarge { .. } | HttpError::NotUnderstood { .. } => {
                "check that the address is a register's, and that this software is not older than it".to_owned()
            }
        }
    }
}

/// What was answered, whatever the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, as it was sent; empty if none was.
    pub media_type: String,
    /// How long to wait before asking again, if that was said in seconds.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Connections to one node.
#[derive(Debug, Clone)]
pub struct Transport {
    http: reqwest::Client,
    base: Url,
    patience: Patience,
}

/// One request.
struct Request<'r> {
    path: &'r str,
    /// The most bytes of the answer.
    limit: usize,
    /// The media type and the bytes to send. None are sent with a question.
    content: Option<(&'static str, Vec<u8>)>,
}

impl Transport {
    /// Returns a transport to the node at `address`. Nothing is connected yet.
    pub fn new(address: &str, patience: Patience) -> Result<Transport, AddressError> {
        let base = base_of(address)?;
        let setup = |error: reqwest::Error| AddressError::Setup(reason(&error));
        let builder = reqwest::Client::builder()
            .user_agent(concat!("colophon-client/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(patience.connect)
            .read_timeout(patience.read)
            .timeout(patience.total);
        let builder = match &patience.proxy {
            None => builder.no_proxy(),
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy).map_err(setup)?),
        };
        Ok(Transport { http: builder.build().map_err(setup)?, base, patience })
    }

    /// Returns the address, with a slash at its end.
    pub fn address(&self) -> &str {
        self.base.as_str()
    }

    /// Asks for `path`, and returns at most `limit` bytes.
    pub async fn get(&self, path: &str, limit: usize) -> Result<Vec<u8>, HttpError> {
        self.send(Request { path, limit, content: None }).await
    }

    /// Asks for `path`, and reads the JSON of at most `limit` bytes.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str, limit: usize) -> Result<T, HttpError> {
        read_json(path, &self.get(path, limit).await?)
    }

    /// Sends bytes of a media type to `path`, and returns at most `limit` bytes.
    ///
    /// Only for requests that do no harm if they arrive twice.
    pub async fn post(&self, path: &str, content: (&'static str, Vec<u8>), limit: usize) -> Result<Vec<u8>, HttpError> {
        self.send(Request { path, limit, content: Some(content) }).await
    }

    /// Sends one request, with or without content, and returns the answer of any status with at most `limit` bytes.
    pub async fn exchange(
        &self,
        path: &str,
        content: Option<(&'static str, Vec<u8>)>,
        limit: usize,
    ) -> Result<Answer, HttpError> {
        let response = self.ask(&Request { path, limit, content }).await?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let (status, retry_after) =
            (response.status().as_u16(), header(RETRY_AFTER).and_then(|text| text.parse().ok()));
        let media_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        let body = self.read_body(response, path, limit).await?;
        Ok(Answer { status, media_type, retry_after: retry_after.map(Duration::from_secs), body })
    }

    async fn send(&self, request: Request<'_>) -> Result<Vec<u8>, HttpError> {
        let mut wait = self.patience.backoff;
        for _ in 1..self.patience.attempts {
            match self.send_once(&request).await {
                Err(error) => {
                    let Some(pause) = pause_before_retry(&error, wait) else { return Err(error) };
                    tokio::time::sleep(pause).await;
                }
                answer => return answer,
            }
            wait = wait.saturating_mul(2);
        }
        self.send_once(&request).await
    }

    async fn send_once(&self, request: &Request<'_>) -> Result<Vec<u8>, HttpError> {
        let Request { path, limit, .. } = request;
        let response = self.ask(request).await?;
        if response.status().is_success() {
            return self.read_body(response, path, *limit).await;
        }
        let status = response.status().as_u16();
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = self.read_body(response, path, PROBLEM_BYTES_MAX).await?;
        Err(Problem::read(status, seconds.map(Duration::from_secs), body).into())
    }

    async fn ask(&self, Request { path, limit, content }: &Request<'_>) -> Result<Response, HttpError> {
        let url = self.base.join(path).map_err(|error| not_understood(path, &error.to_string()))?;
        let building = match content {
            None if *limit <= SMALL_BYTES_MAX => {
                self.http.request(Method::GET, url).timeout(self.patience.total.min(SMALL_TIME_MAX))
            }
            None => self.http.request(Method::GET, url),
            Some((media_type, body)) => {
                self.http.request(Method::POST, url).header(CONTENT_TYPE, *media_type).body(body.clone())
            }
        };
        building.send().await.map_err(|error| self.network_error(&error))
    }

    /// Reads a body as it comes (unpacked, if it was packed) and stops at the first byte too many.
    pub(crate) async fn read_body(
        &self,
        mut response: Response,
        path: &str,
        limit: usize,
    ) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.network_error(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(HttpError::TooLarge { path: without_query(path), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Returns the connections.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Returns the address that paths are joined to.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) fn network_error(&self, error: &reqwest::Error) -> HttpError {
        let host = self.base.authority().to_owned();
        let why = reason(error);
        if error.is_connect() { HttpError::Unreachable { host, why } } else { HttpError::Broken { host, why } }
    }
}

/// Returns how long to wait before a request that failed is sent again, if it is to be.
fn pause_before_retry(error: &HttpError, backoff: Duration) -> Option<Duration> {
    match error {
        HttpError::Unreachable { .. } => Some(backoff),
        HttpError::Problem(problem) if problem.status == 503 => {
            problem.retry_after.filter(|after| *after <= RETRY_AFTER_MAX).map(|after| after.max(backoff))
        }
        HttpError::Problem(_)
        | HttpError::Broken { .. }
        | HttpError::TooLarge { .. }
        | HttpError::NotUnderstood { .. } => None,
    }
}

/// Reads JSON that came as the answer to `path`.
pub(crate) fn read_json<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, HttpError> {
    serde_json::from_slice(body).map_err(|error| not_understood(path, &error.to_string()))
}

/// Says that the answer to `path` is not of the form it should have.
pub(crate) fn not_understood(path: &str, why: &str) -> HttpError {
    HttpError::NotUnderstood { path: without_query(path), why: shown(why) }
}

/// Returns the part of a path that says what was asked for, without what it was asked with: that may be long.
fn without_query(path: &str) -> String {
    path.split('?').next().unwrap_or_default().to_owned()
}

fn base_of(address: &str) -> Result<Url, AddressError> {
    let form = |why: &str| AddressError::Form(shown(address), why.to_owned());
    if address.len() > ADDRESS_BYTES_MAX {
        return Err(form("it is too long"));
    }
    let mut url = Url::parse(address).map_err(|error| form(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressError::Scheme(shown(address)));
    }
    let extra = url.query().is_some() || url.fragment().is_some() || !url.username().is_empty();
    if extra || url.password().is_some() {
        return Err(AddressError::Extra(shown(address)));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Returns the innermost reason of a network error, which is the one that says something.
fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    shown(&inner.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_path() {
        for (address, base) in [
            ("http://127.0.0.1:8440", "http://127.0.0.1:8440/"),
            ("https://registry.example/art", "https://registry.example/art/"),
            ("https://registry.example/art/", "https://registry.example/art/"),
        ] {
            assert_eq!(base_of(address).map(|url| url.to_string()), Ok(base.to_owned()));
        }
        assert!(matches!(base_of("registry.example"), Err(AddressError::Form(..))));
        let cure = base_of("127.0.0.1:8440").unwrap_err().cure();
        assert!(cure.ends_with("http://127.0.0.1:8440"), "{cure}");
        assert!(matches!(base_of("ftp://registry.example"), Err(AddressError::Scheme(_))));
        for extra in ["https://a/?x", "https://a/#x", "https://me@a/", "https://me:word@a/"] {
            assert!(matches!(base_of(extra), Err(AddressError::Extra(_))), "{extra}");
        }
    }

    #[test]
    fn an_address_has_a_bound() {
        let longest = format!("http://a/{}", "b".repeat(ADDRESS_BYTES_MAX - 9));
        assert!(base_of(&longest).is_ok());
        assert!(matches!(base_of(&format!("{longest}b")), Err(AddressError::Form(..))));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let backoff = Duration::from_millis(5);
        let busy = |status, after: Option<u64>| {
            HttpError::Problem(Problem::read(status, after.map(Duration::from_secs), Vec::new()))
        };
        let unreachable = HttpError::Unreachable { host: String::new(), why: String::new() };
        assert_eq!(pause_before_retry(&unreachable, backoff), Some(backoff));
        assert_eq!(pause_before_retry(&busy(503, Some(1)), backoff), Some(Duration::from_secs(1)));
        assert_eq!(pause_before_retry(&busy(503, Some(0)), backoff), Some(backoff));
        assert_eq!(pause_before_retry(&busy(503, Some(11)), backoff), None);
        assert_eq!(pause_before_retry(&busy(503, None), backoff), None);
        assert_eq!(pause_before_retry(&busy(500, Some(1)), backoff), None);
        let broken = HttpError::Broken { host: String::new(), why: String::new() };
        assert_eq!(pause_before_retry(&broken, backoff), None);
    }
}
