//! The surface as a whole: described completely, open to readers everywhere, busy and stopping politely.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use colophon_node::api::ROUTES;
use colophon_node::clock::Clock;
use colophon_node::serve::Running;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::people::{NOW_MS, account, digest, minting};
use crate::register::{Register, config};

async fn document(register: &Register) -> Value {
    let answer = register.get("/v1/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    answer.json()
}

/// Every method and path of the document, with its operation.
fn operations(document: &Value) -> BTreeMap<(String, String), &Value> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'_ Value)| -> Vec<(String, String)> {
        item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())).collect()
    };
    let keys = paths.iter().flat_map(of_path);
    keys.map(|(method, path)| ((method.clone(), path.clone()), &document["paths"][&path][&method])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_described_and_everything_described_is_routed() {
    let register = Register::new();
    let document = document(&register).await;
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<(String, String)> = operations(&document).into_keys().collect();
    let routed: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path)| ((*method).to_owned(), path.replace("{*", "{"))).collect();
    assert_eq!(described, routed);
    for ((method, path), operation) in operations(&document) {
        let named: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let given: BTreeSet<&str> = in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(named, given, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reference_in_the_description_leads_somewhere() {
    let register = Register::new();
    let document = document(&register).await;
    let text = document.to_string();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 5);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_is_described() {
    let register = Register::new();
    let text = document(&register).await.to_string();
    // The codes stand in two closed lists of the source, each after an arrow or in a tuple.
    let refusals = include_str!("../../../crates/ledger/src/refusal.rs");
    let codes = refusals.lines().filter_map(|line| line.split("=> \"").nth(1)?.split('"').next());
    let problems = include_str!("../../src/api/problem.rs");
    let own = problems.split(", \"").skip(1).filter_map(|rest| rest.split('"').next());
    let own = own.filter(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    let codes: BTreeSet<&str> = codes.chain(own).collect();
    assert!(
        codes.len() > 45 && codes.contains("next_mismatch") && codes.contains("certificate_too_large"),
        "{codes:?}"
    );
    for code in codes {
        assert!(text.contains(&format!("`{code}`")), "{code} is not described");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_open_to_any_origin() {
    let register = Register::new();
    for path in ["/checkpoint", "/tile/0/000.p/2", "/v1/entries/0", "/health", "/nowhere"] {
        assert_eq!(register.get(path).await.header("access-control-allow-origin"), "*", "{path}");
    }
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/v1/matches/byBinding")
        .header("origin", "https://reader.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .body(Body::empty())
        .unwrap();
    let preflight = register.send(preflight).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-methods")), (StatusCode::OK, "GET,HEAD,POST"));
    assert_eq!(preflight.header("access-control-allow-headers"), "content-type");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_route_or_no_method_is_a_problem_too() {
    let register = Register::new();
    for path in ["/", "/v1", "/v1/", "/v2/entries", "/checkpoint/", "//checkpoint", "/v1/works/", "/v1/entries/0/x"] {
        let answer = register.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    for (method, path) in
        [(Method::PUT, "/v1/entries"), (Method::DELETE, "/checkpoint"), (Method::GET, "/v1/entries/many")]
    {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = register.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "method_not_allowed"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happens() {
    let register = Register::new();
    register.record(minting("ana", "hills")).await;
    register.submit(minting("ana", "hills")).await;
    register.post("/v1/entries", "text/plain", "x").await;
    register.get(&format!("/v1/accounts/{}", account("ana"))).await;
    register.get(&format!("/v1/files/{}", digest("hills"))).await;
    let answer = register.get("/metrics").await;
    for line in [
        "colophon_recorded_total 1",
        "colophon_repeated_total 1",
        "colophon_batches_total 1",
        "colophon_log_entries 4",
        "colophon_queue_entries 0",
        r#"colophon_refused_total{code="entry_malformed"} 1"#,
        r#"colophon_requests_total{route="/v1/entries",status="201"} 1"#,
        r#"colophon_requests_total{route="/v1/accounts/{account}",status="200"} 1"#,
    ] {
        assert!(answer.text().lines().any(|found| found == line), "{line} is not in\n{}", answer.text());
    }
    assert!(!answer.text().contains(account("ana").as_str()), "no account is named");
    assert!(!answer.text().contains(&digest("hills").to_string()), "no file is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_who_and_how_far() {
    let register = Register::new();
    let health = register.get("/health").await;
    assert_eq!(health.status, StatusCode::OK);
    let health = health.json();
    assert_eq!((&health["status"], &health["size"]), (&"ok".into(), &2.into()));
    assert_eq!(health["vkey"], register.rules.log_key.to_string());
    assert_eq!((&health["sealed_ms"], &health["waiting"]), (&NOW_MS.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_a_closed_door_are_said_politely() {
    let dir = tempfile::tempdir().unwrap();
    colophon_node::init::init(dir.path(), &"registry.example/art".parse().unwrap(), NOW_MS).unwrap();
    let mut tight = config(dir.path(), Clock::standing_at(NOW_MS));
    tight.queue = 1;
    // The second batch waits for its time, so that what comes meanwhile fills the queue.
    tight.min_gap = std::time::Duration::from_secs(3);
    let running = Running::start(&tight, tokio::runtime::Handle::current()).unwrap();
    let rules = running.api().register.rules.clone();
    let router = running.router();
    let send = |n: u32| {
        let note = minting("ana", &n.to_string()).note(&rules.register);
        let request = Request::post("/v1/entries").header("content-type", "text/plain").body(Body::from(note)).unwrap();
        tokio::spawn(router.clone().oneshot(request))
    };
    assert_eq!(send(0).await.unwrap().unwrap().status(), StatusCode::CREATED);
    let answers: Vec<_> = (1..20).map(send).collect();
    let mut statuses = Vec::new();
    for answer in answers {
        let response = answer.await.unwrap().unwrap();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(response.headers()["retry-after"], "1");
        }
        statuses.push(response.status());
    }
    assert!(statuses.contains(&StatusCode::SERVICE_UNAVAILABLE), "{statuses:?}");
    assert!(statuses.contains(&StatusCode::CREATED), "{statuses:?}");

    running.api().close_door();
    let response = send(30).await.unwrap().unwrap();
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap())
    );
    let health = router.clone().oneshot(Request::get("/health").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(health.status(), StatusCode::SERVICE_UNAVAILABLE);
    let read = router.oneshot(Request::get("/checkpoint").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_was_stopped_goes_on_where_it_was() {
    let register = Register::new();
    let recorded = register.record(minting("ana", "hills")).await;
    let before = register.get("/checkpoint").await.bytes;
    let dir = register.stop().await;
    let register = Register::open(dir, Clock::standing_at(NOW_MS + 1));
    assert_eq!(register.get("/checkpoint").await.bytes, before);
    let again = register.submit(minting("ana", "hills")).await.json();
    assert_eq!((&again["index"], &again["receipt"]), (&recorded["index"], &recorded["receipt"]));
    register.record(minting("ana", "sea")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_made_up() {
    let register = Register::new();
    register.record(minting("ana", "hills")).await;
    std::fs::write(register.path().join("tile.0"), "").unwrap();
    std::fs::write(register.path().join("entries.log"), "").unwrap();
    for path in ["/tile/0/000.p/4", "/tile/entries/000.p/4", "/v1/entries/2", "/v1/entries/2/receipt"] {
        let answer = register.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "internal"), "{path}");
    }
}
