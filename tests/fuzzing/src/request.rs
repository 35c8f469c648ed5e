//! Requests to a node: whatever is sent, the answer is no fault of the node's, and a refusal is a whole problem document.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use colophon_client::problem::Problem;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::text_of;
use colophon_node::admission::Quotas;
use colophon_node::clock::Clock;
use colophon_node::connections::Limits;
use colophon_node::keys::{LOG_KEY_FILE, OPERATOR_KEY_FILE};
use colophon_node::open::{Behind, Cosigning};
use colophon_node::serve::{Config, Running};
use colophon_storage::durable::{Access, write_new};
use colophon_storage::log::Log;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::people::{account, body_of, sign};
use crate::story::{DAY_MS, START_MS, mint_body, story};

/// Words of requests.
pub const WORDS: &[&str] = &[
    "\"entry\":\"",
    "\"entries\":[",
    "\"card\":{\"salt\":\"",
    "\"text\":\"",
    "\"format\":\"colophon.draft/v1\"",
    "\\n",
    "\\u2014 ",
    "null",
    "[[[[[[[[",
    "/v1/entries/",
    "/v1/works/",
    "/v1/search?q=",
    "&after=",
    "/v1/matches/byBinding?alg=io.iscc.v0&value=",
    "\"alg\":\"io.iscc.v0\"",
    "/receipt",
    "/certificate",
    "/tile/0/000",
    "?edition=",
    "%2e%2e/",
    "%00",
    "/inbox",
    "/v1/drafts/",
    "/decline",
];

/// The routes that read bodies, by the first byte of the input; the last reads a path.
const ROUTES: [(&str, &str); 7] = [
    ("/v1/entries", "text/plain"),
    ("/v1/entries", "application/json"),
    ("/v1/entries/many", "application/json"),
    ("/v1/drafts", "application/json"),
    ("decline", "text/plain"),
    ("/v1/matches/byBinding", "application/json"),
    ("", ""),
];

/// The story's register, served in this process.
struct Served {
    runtime: Runtime,
    router: Router,
    _running: Running,
    _dir: TempDir,
}

impl Served {
    fn start() -> Served {
        let dir = tempfile::tempdir().unwrap();
        Log::create(dir.path()).unwrap();
        let (mut log, _) = Log::open(dir.path()).unwrap();
        story().batches.iter().for_each(|batch| log.append(batch).unwrap());
        drop(log);
        for (file, name) in [(LOG_KEY_FILE, "log"), (OPERATOR_KEY_FILE, "op")] {
            let seed = format!("{}\n", colophon_tlog::hash::sha256(name.as_bytes()));
            write_new(&dir.path().join(file), seed.as_bytes(), Access::Private).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = Clock::standing_at(START_MS + 40 * DAY_MS);
        let config = Config {
            dir: dir.path().to_owned(),
            min_gap: Duration::ZERO,
            queue: 64,
            clock,
            behind: Behind::Refuse,
            engine: None,
            limits: Limits::default(),
            quotas: Quotas::default(),
            cosigning: Cosigning::Nobody,
            witness_for: None,
            peers: Vec::new(),
        };
        let running = Running::start(&config, runtime.handle().clone()).unwrap();
        Served { runtime, router: running.router(), _running: running, _dir: dir }
    }

    fn answer(&self, request: Request<Body>) -> (StatusCode, Option<u64>, Vec<u8>) {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let wait = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
            (response.status(), wait, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
        })
    }
}

/// Sends what the input says and judges the answer.
pub fn check(data: &[u8]) {
    static SERVED: OnceLock<Mutex<Served>> = OnceLock::new();
    let Some((choice, rest)) = data.split_first() else { return };
    let Some(request) = request(ROUTES[usize::from(*choice) % ROUTES.len()], rest) else { return };
    let served = SERVED.get_or_init(|| Mutex::new(Served::start())).lock().unwrap_or_else(PoisonError::into_inner);
    let (status, wait, bytes) = served.answer(request);
    let shown = String::from_utf8_lossy(&bytes);
    if status.is_success() {
        return;
    }
    assert!(status.is_client_error(), "{status}: {shown}");
    let document: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert_eq!(document["status"], status.as_u16());
    for member in ["type", "title", "detail", "cure"] {
        assert!(document[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {document}");
    }
    assert_eq!(wait.is_some(), status == StatusCode::TOO_MANY_REQUESTS, "{document}");
    let problem = Problem::read(status.as_u16(), wait.map(Duration::from_secs), bytes.clone());
    assert_eq!(document["code"], problem.code);
}

fn request((path, media_type): (&str, &str), rest: &[u8]) -> Option<Request<Body>> {
    match path {
        "" => {
            let path = std::str::from_utf8(rest).ok().filter(|path| path.starts_with('/'))?;
            Request::get(path).body(Body::empty()).ok()
        }
        "decline" => {
            let (path, body) = (format!("/v1/drafts/{}/decline", draft().id()), Body::from(rest.to_vec()));
            Request::post(path).header("content-type", media_type).body(body).ok()
        }
        path => Request::post(path).header("content-type", media_type).body(Body::from(rest.to_vec())).ok(),
    }
}

fn draft() -> Draft {
    let work = story().works[1];
    let body = json!({
        "basis": "gift", "by": account("bo"), "delivery": "rights", "edition": 1, "expires_ms": START_MS + 60 * DAY_MS,
        "from_country": "CN", "kind": "transfer", "prev": work, "to": account("ana"), "to_country": "FR", "work": work,
    });
    let text = text_of(&story().replay.rules().register, &body_of(&body));
    crate::people::signed_draft(text, &[("bo", "bo")])
}

/// Entries alone and many at once, with cards and without, drafts, notes that decline them, and paths.
pub fn seeds() -> Vec<Vec<u8>> {
    let register = &story().replay.rules().register;
    let card = colophon_ledger::card::Card::new([3; 32], "{\"titles\":[]}".to_owned()).unwrap();
    let mint = body_of(&mint_body("bo", &card.digest(), "new.png"));
    let mint = String::from_utf8(sign(text_of(register, &mint), &[("bo", "bo")]).to_bytes()).unwrap();
    let there = String::from_utf8(crate::story::leaf_of_kind("mint")).unwrap();
    let seal = String::from_utf8(crate::story::leaf_of_kind("seal")).unwrap();
    let decline = format!("colophon.decline/v1 {} {}\n", register.origin, draft().id());
    let decline = format!("{decline}\n{}\n", signer("cy").sign(&decline));
    let mut seeds = vec![
        format!("\u{0}{mint}"),
        format!("\u{0}{there}"),
        format!("\u{0}{seal}"),
        format!("\u{1}{}", json!({"entry": mint, "card": card})),
        format!("\u{2}{}", json!({"entries": [{"entry": mint, "card": card}, {"entry": there}, {"entry": seal}]})),
        format!("\u{3}{}", draft().to_json()),
        format!("\u{4}{decline}"),
    ];
    let work = story().works[0];
    let paths = [
        "/checkpoint".to_owned(),
        "/tile/0/000.p/5".to_owned(),
        "/tile/entries/000.p/7".to_owned(),
        "/v1/entries/3/receipt".to_owned(),
        format!("/v1/entries/{work}"),
        format!("/v1/works/{work}?edition=2"),
        format!("/v1/works/{}", &work.to_string()[..9]),
        format!("/v1/works/{work}/certificate?edition=1"),
        format!("/v1/files/{}", crate::people::digest("hills.png")),
        "/v1/lookalikes?kind=image&codes=0123456789abcdef,ffffffffffffffff&distance=14&before=7".to_owned(),
        "/v1/search?q=hills+%E5%B1%B1&after=0".to_owned(),
        "/v1/matches/byBinding?alg=io.iscc.v0&value=IQdaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWg&maxResults=3"
            .to_owned(),
        format!("/v1/accounts/{}/inbox", account("ana")),
        format!("/v1/accounts/{}?after=1", account("ana")),
        format!("/v1/drafts/{}", draft().id()),
        format!("/v1/cards/{}", card.digest()),
    ];
    let unit = "IQdaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWg==";
    seeds.push(format!("\u{5}{}", json!({"alg": "io.iscc.v0", "value": unit})));
    seeds.extend(paths.map(|path| format!("\u{6}{path}")));
    seeds.into_iter().map(String::into_bytes).collect()
}

fn signer(name: &str) -> colophon_tlog::note::Signer {
    colophon_tlog::note::Signer::new(account(name).as_str(), crate::people::secret(name)).unwrap()
}
