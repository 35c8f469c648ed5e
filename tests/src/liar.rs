//! A server between a register and whoever follows it: passes everything on, until it is told how to lie.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code; 0 if the register gave no answer.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Returns a good answer.
    pub fn ok(body: impl Into<Vec<u8>>) -> Reply {
        Reply { status: 200, body: body.into() }
    }

    /// Returns an answer that says no more than this status.
    pub fn status(status: u16) -> Reply {
        Reply { status, body: Vec::new() }
    }
}

type Lie = Box<dyn FnMut(&str, Reply) -> Reply + Send>;

/// The server. Dropping it ends it.
pub struct Liar {
    url: String,
    told: Arc<Mutex<Told>>,
    /// Holds the server up.
    _runtime: Runtime,
}

struct Told {
    register: String,
    lie: Option<Lie>,
    asked: Vec<String>,
    http: reqwest::Client,
}

impl fmt::Debug for Liar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Liar({})", self.url)
    }
}

impl Liar {
    /// Starts before the register at the address `register`.
    pub fn before(register: &str) -> Liar {
        let runtime = Runtime::new().expect("a runtime");
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("an HTTP client");
        let told = Told { register: register.to_owned(), lie: None, asked: Vec::new(), http };
        let told = Arc::new(Mutex::new(told));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(pass_on).with_state(Arc::clone(&told));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Liar { url, told, _runtime: runtime }
    }

    /// Returns the address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stands before another register from now on.
    pub fn stand_before(&self, register: &str) {
        register.clone_into(&mut self.told().register);
    }

    /// Lets every answer go through `lie` from now on, with the path that it answers.
    pub fn lie(&self, lie: impl FnMut(&str, Reply) -> Reply + Send + 'static) {
        self.told().lie = Some(Box::new(lie));
    }

    /// Tells the truth from now on.
    pub fn tell_the_truth(&self) {
        self.told().lie = None;
    }

    /// Returns every path asked for since it was asked last.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.told().asked)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass_on(State(told): State<Arc<Mutex<Told>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let passing = {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.asked.push(path.clone());
        let passing = told.http.request(parts.method.clone(), format!("{}{path}", told.register));
        let media_type = parts.headers.get(header::CONTENT_TYPE).cloned();
        let passing =
            media_type.into_iter().fold(passing, |passing, value| passing.header(header::CONTENT_TYPE, value));
        if parts.method == Method::POST { passing.body(body) } else { passing }
    };
    let mut headers = HeaderMap::new();
    let truth = match passing.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            for name in [header::CONTENT_TYPE, header::RETRY_AFTER] {
                headers.extend(answer.headers().get(&name).cloned().map(|value| (name, value)));
            }
            Reply { status, body: answer.bytes().await.map_or_else(|_| Vec::new(), |body| body.to_vec()) }
        }
        Err(_) => Reply::status(0),
    };
    let reply = match told.lock().unwrap_or_else(PoisonError::into_inner).lie.as_mut() {
        Some(lie) => lie(path.trim_start_matches('/'), truth),
        None => truth,
    };
    // Where there was no answer, the nearest thing to none that this server can give.
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, headers, Body::from(reply.body)).into_response()
}
