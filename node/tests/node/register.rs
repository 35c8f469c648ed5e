//! A register in a folder of its own, running in this process, and what it answers.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use colophon_ledger::rule::Rules;
use colophon_node::admission::Quotas;
use colophon_node::clock::Clock;
use colophon_node::connections::Limits;
use colophon_node::init::init;
use colophon_node::open::{Behind, Cosigning};
use colophon_node::serve::{Config, Running};
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::receipt::Receipt;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::people::{NOW_MS, Signing};

pub(crate) const ORIGIN: &str = "registry.example/art";

/// A running register.
pub(crate) struct Register {
    pub(crate) running: Running,
    pub(crate) rules: Rules,
    dir: TempDir,
    router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn config(dir: &Path, clock: Clock) -> Config {
    Config {
        dir: dir.to_owned(),
        min_gap: Duration::ZERO,
        queue: 4_096,
        clock,
        behind: Behind::Refuse,
        engine: None,
        limits: Limits::default(),
        quotas: Quotas::default(),
        cosigning: Cosigning::Nobody,
        witness_for: None,
        peers: Vec::new(),
    }
}

impl Register {
    pub(crate) fn new() -> Register {
        Register::with_clock(Clock::standing_at(NOW_MS))
    }

    pub(crate) fn with_clock(clock: Clock) -> Register {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), &ORIGIN.parse().unwrap(), clock.now_ms()).unwrap();
        Register::open(dir, clock)
    }

    pub(crate) fn open(dir: TempDir, clock: Clock) -> Register {
        let running = Running::start(&config(dir.path(), clock), tokio::runtime::Handle::current()).unwrap();
        let rules = running.api().register.rules.clone();
        let router = running.router();
        Register { running, rules, dir, router }
    }

    /// Stops the register well and gives its folder back.
    pub(crate) async fn stop(self) -> TempDir {
        drop(self.router);
        self.running.stop().await.unwrap();
        self.dir
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn id(&self) -> &colophon_ledger::register::Register {
        &self.rules.register
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
        self.send(Request::post(path).header("content-type", media_type).body(body.into()).unwrap()).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", body.to_string()).await
    }

    /// Submits an entry as text.
    pub(crate) async fn submit(&self, signing: Signing<'_>) -> Answer {
        self.post("/v1/entries", "text/plain", signing.note(self.id())).await
    }

    /// Submits an entry that must be recorded, and checks its receipt.
    pub(crate) async fn record(&self, signing: Signing<'_>) -> Value {
        let answer = self.submit(signing).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        let recorded = answer.json();
        self.check_receipt(&recorded);
        recorded
    }

    /// Checks that a receipt proves that the entry answered along with it is in the log.
    pub(crate) fn check_receipt(&self, recorded: &Value) {
        let receipt = Receipt::parse(recorded["receipt"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(receipt.index.get(), recorded["index"].as_u64().unwrap());
        let leaf = leaf_hash(recorded["entry"].as_str().unwrap().as_bytes());
        receipt.verify(&leaf, &self.rules.log_key).unwrap();
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the code of a problem document, after checking that it is a proper one.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        assert_eq!(self.header("cache-control"), "no-store");
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        for member in ["type", "title", "detail", "cure"] {
            assert!(document[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {document}");
        }
        let must_wait = matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(self.headers.contains_key("retry-after"), must_wait);
        document["code"].as_str().unwrap().to_owned()
    }
}
