//! The whole HTTP surface on one screen.

mod accounts;
mod body;
mod cards;
mod crossings;
mod drafts;
mod entries;
mod files;
mod log;
mod lookalikes;
pub mod problem;
mod register;
mod rules;
mod search;
mod segment;
mod soft_bindings;
mod stats;
mod status;
pub(crate) mod witness;
mod works;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use colophon_client::points::Remembered;
use colophon_order::solo::{Busy, Submitter};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tracing::{debug, error};

use crate::admission::{Admission, Quotas};
use crate::answers::AnswerError;
use crate::follow::following::Following;
use crate::follow::forward::{Forwarded, forward};
use crate::lookalikes::Lookalikes;
use crate::metrics::Metrics;
use crate::register::Register;
use crate::source::Source;
use crate::submission::Submission;
use crate::text_search::TextSearch;
use crate::trade::Trade;
use crate::witness::Witness;
use problem::{Code, Problem};

/// How many requests with many entries are read at the same time; each may hold 8 MiB.
const MANY_AT_ONCE: usize = 8;
/// How many certificates are made at the same time.
const CERTIFICATES_AT_ONCE: usize = 4;
/// How many crossings are foreseen at the same time.
const CROSSINGS_AT_ONCE: usize = 2;
/// How many searches, for lookalikes and for words, run at the same time.
const SEARCHES_AT_ONCE: usize = 2;

/// The longest path and query of a request, in bytes.
const URL_BYTES_MAX: usize = 2 * 1024;

/// The way into the queue, and how many entries may wait in it.
#[derive(Debug)]
pub struct Queue {
    /// Its entrance.
    pub submitter: Submitter<Submission>,
    /// How many may wait.
    pub capacity: usize,
}

/// What the routes work on.
#[derive(Debug)]
pub struct Api {
    /// The register.
    pub register: Arc<Register>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The witness of other logs that this node is too, if it is.
    pub witness: Option<Arc<Witness>>,
    /// The way into the queue, until the register stops.
    door: RwLock<Option<Submitter<Submission>>>,
    capacity: usize,
    /// How many entries are being checked, each with a place in the queue kept for it.
    entering: AtomicUsize,
    admission: Admission,
    points: Remembered,
    many: Semaphore,
    certificates: Semaphore,
    crossings: Semaphore,
    /// How this copy stands to the register that it is of, if it is one.
    following: Option<Arc<Following>>,
    searches: Semaphore,
    lookalikes: Lookalikes,
    trade: Trade,
    /// Made when somebody searches first, and again after it failed.
    text_search: Mutex<Option<Arc<TextSearch>>>,
    /// Held while a draft is read, merged and written, so that two signatures that come at once are both kept.
    merging: Mutex<()>,
}

impl Api {
    /// Returns the surface of a register whose entries go into `queue`.
    pub fn new(register: Arc<Register>, metrics: Arc<Metrics>, queue: Queue, quotas: Quotas) -> Api {
        Api {
            door: RwLock::new(Some(queue.submitter)),
            capacity: queue.capacity,
            ..Api::closed(register, metrics, quotas)
        }
    }

    /// Returns the surface of a copy: what is submitted to it is passed on.
    pub fn of_copy(register: Arc<Register>, metrics: Arc<Metrics>, following: Arc<Following>) -> Api {
        Api { following: Some(following), ..Api::closed(register, metrics, Quotas::default()) }
    }

    fn closed(register: Arc<Register>, metrics: Arc<Metrics>, quotas: Quotas) -> Api {
        Api {
            register,
            metrics,
            door: RwLock::new(None),
            capacity: 0,
            entering: AtomicUsize::new(0),
            admission: Admission::new(quotas),
            points: Remembered::default(),
            many: Semaphore::new(MANY_AT_ONCE),
            certificates: Semaphore::new(CERTIFICATES_AT_ONCE),
            crossings: Semaphore::new(CROSSINGS_AT_ONCE),
            witness: None,
            following: None,
            searches: Semaphore::new(SEARCHES_AT_ONCE),
            lookalikes: Lookalikes::default(),
            trade: Trade::default(),
            text_search: Mutex::default(),
            merging: Mutex::new(()),
        }
    }

    /// Returns the surface of a node that is a witness too.
    #[must_use]
    pub fn with_witness(mut self, witness: Option<Arc<Witness>>) -> Api {
        self.witness = witness;
        self
    }

    /// Waits until the witness must stop; for ever, where there is none.
    pub(crate) async fn witness_broken(&self) {
        match &self.witness {
            Some(witness) => witness.broken().await,
            None => std::future::pending().await,
        }
    }

    /// Takes no more entries. What waits is still recorded and answered, but for lack of witnesses.
    pub fn close_door(&self) {
        self.register.standing.stop();
        self.door.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn is_open(&self) -> bool {
        if let Some(following) = &self.following {
            return !following.is_stopping();
        }
        self.door.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn waiting(&self) -> usize {
        let door = self.door.read().unwrap_or_else(PoisonError::into_inner);
        door.as_ref().map_or(0, Submitter::waiting)
    }

    /// Keeps a place in the queue for an entry that is about to be checked: a full queue is noticed before any signature is.
    fn enter(&self) -> Result<Entering<'_>, Problem> {
        let entering = Entering(self);
        let taken = self.waiting() + self.entering.fetch_add(1, Ordering::Relaxed);
        if taken < self.capacity { Ok(entering) } else { Err(Problem::Busy) }
    }

    /// Refuses an entry for which there is no room. Costs next to nothing, so it is asked before a body is read.
    fn check_room(&self) -> Result<(), Problem> {
        if self.waiting() + self.entering.load(Ordering::Relaxed) < self.capacity {
            return Ok(());
        }
        self.metrics.refuse(Problem::Busy.code());
        Err(Problem::Busy)
    }

    /// Takes one entry of the quota of the address that it comes from.
    fn take_of_address(&self, source: Option<Source>) -> Result<(), Problem> {
        Ok(self.admission.take_of_address(source)?)
    }

    /// Returns the time for whatever is kept for a while. A clock that has gone astray beyond the year 9999 stands still at
    /// the last batch: nothing runs out by it.
    fn now_ms(&self) -> u64 {
        self.register.clock.now_ms_or(self.register.newest().time_ms)
    }

    /// Puts a submission into the queue.
    fn enqueue(&self, submission: Submission) -> Result<(), Problem> {
        let door = self.door.read().unwrap_or_else(PoisonError::into_inner);
        let submitter = door.as_ref().ok_or(Problem::Stopping)?;
        submitter.try_submit(submission).map_err(|busy| match busy {
            Busy::Full(_) => Problem::Busy,
            Busy::Closed(_) => Problem::Stopping,
        })
    }
}

/// A place in the queue that is kept until the entry is in it, or turned away.
struct Entering<'a>(&'a Api);

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        self.0.entering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Declares every route: method, path, handler.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path),+ $(,)?) => {
        /// The method and the path of every route.
        pub const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        fn routes() -> Router<Arc<Api>> {
            Router::new()$(.route($path, $method($handler)))+
        }
    };
}

routes! {
    get  "/checkpoint"                     => log::checkpoint,
    get  "/tile/{*path}"                   => log::tile,
    post "/add-checkpoint"                 => witness::add_checkpoint,
    get  "/{origin}/checkpoint"            => witness::latest,
    post "/v1/entries"                     => entries::submit,
    post "/v1/entries/many"                => entries::submit_many,
    get  "/v1/entries/{entry}"             => entries::entry,
    get  "/v1/entries/{entry}/receipt"     => entries::receipt,
    get  "/v1/works/{work}"                => works::work,
    get  "/v1/works/{work}/certificate"    => works::certificate,
    get  "/v1/works/{work}/crossing"       => crossings::crossing,
    get  "/v1/rules"                       => rules::rules,
    get  "/v1/rules/{digest}"              => rules::rule_set,
    get  "/v1/papers"                      => rules::paper,
    get  "/v1/files/{sha256}"              => files::file,
    get  "/v1/lookalikes"                  => lookalikes::lookalikes,
    get  "/v1/search"                      => search::search,
    get  "/v1/stats"                       => stats::stats,
    get  "/v1/matches/byBinding"           => soft_bindings::by_binding,
    post "/v1/matches/byBinding"           => soft_bindings::by_large_binding,
    get  "/v1/manifests/{*manifest}"       => soft_bindings::manifest,
    get  "/v1/services/supportedAlgorithms" => soft_bindings::supported_algorithms,
    get  "/v1/services/capabilities"       => soft_bindings::capabilities,
    get  "/v1/services/status"             => soft_bindings::service_status,
    get  "/.well-known/c2pa-soft-binding-resolution" => soft_bindings::discovery,
    get  "/v1/accounts/{account}"          => accounts::account,
    get  "/v1/accounts/{account}/inbox"    => accounts::inbox,
    post "/v1/drafts"                      => drafts::put,
    get  "/v1/drafts/{draft}"              => drafts::draft,
    post "/v1/drafts/{draft}/decline"      => drafts::decline,
    get  "/v1/cards/{digest}"              => cards::card,
    get  "/v1/register"                    => register::register,
    get  "/v1/openapi.json"                => status::openapi,
    get  "/health"                         => status::health,
    get  "/metrics"                        => status::metrics,
}

/// Returns the router. It is open to any origin: nothing is known here of whoever asks, and what is submitted is signed.
pub fn router(api: Arc<Api>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    let mut routes = routes();
    if api.following.is_some() {
        routes = routes.layer(from_fn_with_state(Arc::clone(&api), pass_on));
    }
    routes
        .fallback(async || Problem::NotFound("such route".to_owned()))
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        // The first is the outermost. All at once: each layer by itself would box every request and answer again.
        .layer((
            from_fn_with_state(Arc::clone(&api), observe),
            CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| Problem::Internal.into_response()),
            cors,
        ))
        .with_state(api)
}

/// Passes on to the register what a copy cannot do itself.
async fn pass_on(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some((following, forwarded)) = api.following.as_ref().zip(Forwarded::find(request.method(), route)) else {
        return next.run(request).await;
    };
    let path = request.uri().path_and_query().map_or_else(String::new, |path| path.as_str().to_owned());
    let (parts, body) = request.into_parts();
    let passed = match body::read(body, forwarded.body_bytes_max).await {
        Ok(body) => forward(following, forwarded, &path, parts.headers.get(header::CONTENT_TYPE), body).await,
        Err(problem) => Err(problem),
    };
    passed.unwrap_or_else(IntoResponse::into_response)
}

/// Counts every request, and notices when the tables were found damaged.
async fn observe(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let url = request.uri().path_and_query();
    let mut response = if url.is_some_and(|url| url.as_str().len() > URL_BYTES_MAX) {
        Problem::UrlTooLong { limit: URL_BYTES_MAX }.into_response()
    } else {
        next.run(request).await
    };
    // Tables whose engine failed are made again by themselves; until then nothing can be said of them.
    if response.extensions().get() == Some(&Code(Problem::ViewDamaged.code())) && api.register.view().has_failed() {
        response = Problem::ViewRebuilding.into_response();
    }
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status();
    let code = response.extensions().get::<Code>().map(|code| code.0);
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        error!("Answered {route} with {}", code.unwrap_or("a panic"));
    }
    if code == Some(Problem::ViewDamaged.code()) {
        api.register.mark_damaged();
    }
    api.metrics.request(route, status.as_u16());
    debug!(http.route = route, http.status = status.as_u16(), "Answered {route} with {status}");
    response
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Problem {
        error!("An answer could not be made: {error}");
        match error {
            AnswerError::View(_) | AnswerError::Unreadable(_) | AnswerError::Damaged(_) | AnswerError::Entry(_) => {
                Problem::ViewDamaged
            }
            AnswerError::Log(_) => Problem::Internal,
        }
    }
}
