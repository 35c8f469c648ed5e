//! The door that connections come through: each gets a place and is served in its bounds, or is told to come later.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tracing::debug;

use crate::api::problem::Problem;
use crate::connections::{Crowded, Limits, Places, Taken, is_large};
use crate::metrics::Metrics;
use crate::source::Source;
use crate::stream::{BoundedStream, WRITE_TIME_MAX};

/// How long the head of a request may take to come, and an idle connection is kept.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How many connections without a place are told so at the same time; more are cut without a word.
const TURNED_AWAY_AT_ONCE: usize = 64;
/// How long one of them has to say what it wants and to hear that it must come later.
const TURNED_AWAY_TIME_MAX: Duration = Duration::from_secs(1);
/// How much of what it wants is read, in bytes.
const TURNED_AWAY_BYTES_MAX: usize = 64 * 1024;

/// What is behind the door, and how many may come in.
#[derive(Debug)]
pub(crate) struct Door {
    service: TowerToHyperService<Router>,
    places: Arc<Places>,
    turning_away: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Door {
    pub(crate) fn new(router: Router, limits: Limits, metrics: Arc<Metrics>) -> Door {
        let turning_away = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
        Door { service: TowerToHyperService::new(router), places: Places::new(limits), turning_away, metrics }
    }

    /// Serves a new connection, if there is a place for it.
    pub(crate) fn open(self: &Arc<Door>, stream: TcpStream, address: IpAddr, graceful: &GracefulShutdown) {
        drop(stream.set_nodelay(true));
        match self.places.take(Source::from(address)) {
            Ok(taken) => self.serve(stream, taken, graceful),
            Err(Crowded) => self.turn_away(stream),
        }
        self.metrics.connections.set(i64::try_from(self.places.count()).unwrap_or(i64::MAX));
    }

    fn serve(self: &Arc<Door>, stream: TcpStream, taken: Taken, graceful: &GracefulShutdown) {
        let (door, taken) = (Arc::clone(self), Arc::new(taken));
        let stream = BoundedStream::new(stream, Arc::clone(&taken.place), WRITE_TIME_MAX);
        let answering = Arc::clone(&taken);
        let service = service_fn(move |request| answer(Arc::clone(&door), Arc::clone(&answering), request));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        let door = Arc::clone(self);
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let outcome = tokio::select! {
                biased;
                outcome = &mut connection => outcome,
                () = taken.place.dismissed() => {
                    door.metrics.dismissed.inc();
                    // A request that has come meanwhile is still answered.
                    if taken.place.is_idle() { Ok(()) } else { connection.await }
                }
            };
            if let Err(error) = outcome {
                debug!("A connection broke off: {error}");
            }
            drop(taken);
            door.metrics.connections.set(i64::try_from(door.places.count()).unwrap_or(i64::MAX));
        });
    }

    /// Tells a connection for which there is no place that it must come later.
    fn turn_away(&self, mut stream: TcpStream) {
        self.metrics.turned_away.inc();
        let Ok(permit) = Arc::clone(&self.turning_away).try_acquire_owned() else { return };
        tokio::spawn(async move {
            let telling = async {
                stream.write_all(&turned_away()).await?;
                stream.shutdown().await?;
                // What was asked is read: closed upon unread bytes, the connection would take the answer with it.
                let (mut asked, mut left) = ([0; 4096], TURNED_AWAY_BYTES_MAX);
                while left > 0 {
                    match stream.read(&mut asked).await? {
                        0 => break,
                        count => left = left.saturating_sub(count),
                    }
                }
                std::io::Result::Ok(())
            };
            // Whoever does not listen does not hear it.
            drop(tokio::time::timeout(TURNED_AWAY_TIME_MAX, telling).await);
            drop(permit);
        });
    }
}

/// Answers one request, and counts it, its address and its answer's bytes among those there may be.
async fn answer(door: Arc<Door>, taken: Arc<Taken>, mut request: Request<Incoming>) -> Result<Response, Infallible> {
    taken.place.begin();
    let source = door.places.source(request.headers(), &taken.place);
    let mut response = match door.places.begin_request(source) {
        Err(Crowded) => Problem::Crowded.into_response(),
        Ok(under_way) => {
            request.extensions_mut().insert(source);
            let response = door.service.call(request).await?;
            drop(under_way);
            held(&door.places, response).await
        }
    };
    if taken.place.is_dismissed() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    taken.end();
    Ok(response)
}

/// Counts a large answer's bytes until they are sent. Where there is no memory for it, the client must come later.
async fn held(places: &Places, response: Response) -> Response {
    let length = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    if !length.is_some_and(is_large) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // Answers are made whole before they are sent.
    let Ok(body) = body.collect().await else { return Problem::Internal.into_response() };
    match places.hold(body.to_bytes()) {
        Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
        Err(Crowded) => Problem::Crowded.into_response(),
    }
}

/// Returns the answer to whoever cannot even be asked what they want, as it goes over the wire.
fn turned_away() -> Vec<u8> {
    let (parts, _) = Problem::Crowded.into_response().into_parts();
    let body = Problem::Crowded.to_json();
    let status = parts.status;
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
        head.push_str(name.as_str());
        head.push_str(": ");
        head.push_str(value.to_str().unwrap_or_default());
        head.push_str("\r\n");
    }
    [format!("{head}\r\n").into_bytes(), body].concat()
}
