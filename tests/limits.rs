//! Every limit of the door, met over real sockets and exceeded by one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use e2e::minting::Minter;
use e2e::node::Node;
use tokio::net::TcpSocket;

/// How long an answer is waited for; longer than any limit of time.
const PATIENCE: Duration = Duration::from_secs(50);
const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: node\r\n\r\n";
/// A request whose body does not come: it is being answered until then.
const UNFINISHED: &str =
    "POST /v1/entries HTTP/1.1\r\nHost: node\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nx";

/// The same, for whom the node asks once it is at it.
const ASKED_FOR: &str = "POST /v1/entries HTTP/1.1\r\nHost: node\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";

fn started(arguments: &[&str]) -> Node {
    let mut node = Node::init("limits.example/log").with_serve_args(arguments);
    node.start();
    node
}

/// Connects from another address of this machine: all of 127.0.0.0/8 is.
fn connect(node: &Node, last_number: u8) -> TcpStream {
    let to: SocketAddr = node.url().trim_start_matches("http://").parse().expect("the node's address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((IpAddr::from([127, 0, 0, last_number]), 0).into()).expect("an address of this machine");
        socket.connect(to).await.expect("a connection").into_std().expect("a stream")
    });
    stream.set_nonblocking(false).expect("a stream that waits");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time to wait");
    stream
}

/// What came back: status, head, body. Nothing if the connection ended without a word.
type Answer = Option<(u16, String, String)>;

fn ask(mut stream: &TcpStream, request: &str) -> Answer {
    // A connection that is cut may refuse what is sent; the answer says which it was.
    stream.write_all(request.as_bytes()).ok();
    read(stream)
}

fn read(mut stream: &TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("neither an answer nor an end within {PATIENCE:?}")
            }
            _ => return None,
        }
    }
    let head = String::from_utf8(bytes).expect("a head in text").to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, String::from_utf8(body).expect("a body in text")))
}

fn status(answer: &Answer) -> u16 {
    answer.as_ref().map_or(0, |(status, ..)| *status)
}

/// Checks that an answer is 503 `busy` or 429 `not_admitted` with the time to wait.
fn check_later(answer: &Answer, expected: u16, code: &str, retry_after_s: u64) {
    let (status, head, body) = answer.as_ref().expect("an answer");
    assert_eq!(*status, expected, "{body}");
    assert!(body.contains(&format!("\"code\":\"{code}\"")), "{body}");
    let said: u64 =
        head.split("retry-after: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok()).unwrap();
    assert!((retry_after_s.saturating_sub(5)..=retry_after_s).contains(&said), "{head}");
}

fn is_open(stream: &TcpStream) -> bool {
    status(&ask(stream, HEALTH)) == 200
}

/// Begins a request that never ends, and waits until the node is at it.
fn occupy(mut stream: &TcpStream, request: &str) {
    stream.write_all(request.as_bytes()).expect("a request");
    assert_eq!(status(&read(stream)), 100, "the node asks for the body");
}

/// Waits until a request has come to the node, which the bytes alone do not say.
fn wait_for_metric(node: &Node, line: &str) {
    let begun = Instant::now();
    while !node.get("/metrics").text().lines().any(|found| found == line) {
        assert!(begun.elapsed() < PATIENCE, "{line} is not in\n{}", node.get("/metrics").text());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn one_connection_too_many_of_an_address_sends_its_idlest_away() {
    let node = started(&["--connections-per-address", "3"]);
    let first: Vec<TcpStream> = (0..3).map(|_| connect(&node, 2)).collect();
    assert!(first.iter().all(is_open));
    let other = connect(&node, 3);
    assert!(is_open(&other));
    let fourth = connect(&node, 2);
    assert!(is_open(&fourth));
    assert_eq!(read(&first[0]), None, "the one that was idle for longest is closed");
    assert!(is_open(&first[1]) && is_open(&first[2]) && is_open(&other));
    wait_for_metric(&node, "colophon_connections_dismissed_total 1");

    // None of the three is idle any more.
    for stream in [&first[1], &first[2], &fourth] {
        occupy(stream, ASKED_FOR);
    }
    check_later(&ask(&connect(&node, 2), HEALTH), 503, "busy", 1);
    assert!(is_open(&other) && is_open(&connect(&node, 4)), "others are served");
}

#[test]
fn one_connection_too_many_in_all_sends_the_idlest_away() {
    let node = started(&["--connections", "4"]);
    wait_for_metric(&node, "colophon_connections 1");
    let first: Vec<TcpStream> = (2..6).map(|address| connect(&node, address)).collect();
    assert!(first.iter().all(is_open));
    let fifth = connect(&node, 6);
    assert!(is_open(&fifth));
    assert_eq!(read(&first[0]), None, "the one that was idle for longest is closed");
    assert!(first[1..].iter().all(is_open));
    for stream in first[1..].iter().chain([&fifth]) {
        occupy(stream, ASKED_FOR);
    }
    check_later(&ask(&connect(&node, 7), HEALTH), 503, "busy", 1);
    // Room again, as soon as one goes.
    drop(fifth);
    let begun = Instant::now();
    while !is_open(&connect(&node, 7)) {
        assert!(begun.elapsed() < PATIENCE);
    }
}

#[test]
fn behind_a_proxy_requests_count_by_the_address_it_names() {
    let node =
        started(&["--behind-proxy", "x-forwarded-for", "--connections-per-address", "1", "--quota-address", "2/h"]);
    let named = |request: &str, address: &str| {
        request.replacen("Host: node", &format!("Host: node\r\nX-Forwarded-For: 203.0.113.9, {address}"), 1)
    };
    let (under_way, next) = (connect(&node, 2), connect(&node, 2));
    occupy(&under_way, &named(ASKED_FOR, "192.0.2.1"));
    check_later(&ask(&next, &named(HEALTH, "192.0.2.1")), 503, "busy", 1);
    assert_eq!(status(&ask(&next, &named(HEALTH, "192.0.2.2"))), 200, "another address is served");

    let wrong = named(UNFINISHED, "192.0.2.3").replace("Length: 10", "Length: 1");
    for expected in [400, 400, 429] {
        assert_eq!(status(&ask(&next, &wrong)), expected);
    }
    assert_eq!(status(&ask(&next, &wrong.replace("192.0.2.3", "192.0.2.4"))), 400, "another address has its own");
}

#[test]
fn without_a_proxy_nobody_chooses_their_address() {
    let node = started(&["--quota-address", "2/h"]);
    let stream = connect(&node, 2);
    let wrong = UNFINISHED.replace("Length: 10", "Length: 1");
    for (expected, address) in [(400, "192.0.2.1"), (400, "192.0.2.2"), (429, "192.0.2.3")] {
        let lied = wrong.replacen("Host: node", &format!("Host: node\r\nX-Forwarded-For: {address}"), 1);
        let answer = ask(&stream, &lied);
        assert_eq!(status(&answer), expected);
        if expected == 429 {
            check_later(&answer, 429, "not_admitted", 1_800);
        }
    }
    assert_eq!(status(&ask(&connect(&node, 3), &wrong)), 400, "another address has its own");
    assert!(is_open(&stream), "reading is free");
}

fn submission(bytes: &[u8]) -> String {
    let head = format!(
        "POST /v1/entries HTTP/1.1\r\nHost: node\r\nContent-Type: text/plain\r\nContent-Length: {}",
        bytes.len()
    );
    format!("{head}\r\n\r\n{}", String::from_utf8_lossy(bytes))
}

#[test]
fn an_account_uses_up_its_quota_by_what_it_signed_and_by_nothing_else() {
    let node = started(&["--quota-account", "2/h"]);
    let (ana, bo) = (Minter::new("ana", &node), Minter::new("bo", &node));
    let mint = |minter: &Minter, label: &str| submission(&minter.mint(label).0.to_bytes());
    let stream = connect(&node, 2);
    let forged = mint(&ana, "forged").replacen("\"country\":\"CN\"", "\"country\":\"CH\"", 1);
    for _ in 0..5 {
        assert_eq!(status(&ask(&stream, &forged)), 422, "what others sign in her name uses up nothing");
    }
    assert_eq!(status(&ask(&stream, &mint(&ana, "1"))), 201);
    assert_eq!(status(&ask(&stream, &mint(&ana, "2"))), 201);
    check_later(&ask(&stream, &mint(&ana, "3")), 429, "not_admitted", 1_800);
    assert_eq!(status(&ask(&stream, &mint(&ana, "1"))), 200, "what is there is answered for nothing");
    assert_eq!(status(&ask(&stream, &mint(&bo, "1"))), 201, "another account has its own");
    let refused = r#"colophon_refused_total{code="not_admitted"} 1"#;
    wait_for_metric(&node, refused);
}

#[test]
fn each_entry_of_many_counts() {
    let node = started(&["--quota-address", "3/h"]);
    let ana = Minter::new("ana", &node);
    let entries: Vec<_> = (0..5)
        .map(|number| serde_json::json!({"entry": String::from_utf8(ana.mint(&number.to_string()).0.to_bytes()).unwrap()}))
        .collect();
    let answer = node.post("/v1/entries/many", "application/json", serde_json::json!({"entries": entries}).to_string());
    let results = answer.json()["results"].as_array().expect("results").clone();
    let codes: Vec<&str> = results.iter().map(|result| result["problem"]["code"].as_str().unwrap_or("taken")).collect();
    assert_eq!(codes, ["taken", "taken", "taken", "not_admitted", "not_admitted"]);
    assert_eq!(results[4]["problem"]["status"], 429);
    let wait_s = results[4]["problem"]["retry_after_s"].as_u64();
    assert!(wait_s.is_some_and(|wait_s| (1_100..=1_200).contains(&wait_s)), "a third of an hour: {wait_s:?}");
}

#[test]
fn heads_have_bounds() {
    let node = started(&[]);
    let ask_anew = |request: &str| status(&ask(&connect(&node, 2), request));
    let url = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: node\r\n\r\n", "x".repeat(bytes - 1));
    assert_eq!(ask_anew(&url(2_048)), 404);
    assert_eq!(ask_anew(&url(2_049)), 414);
    let headers =
        |count: usize| HEALTH.replacen("Host: node\r\n", &format!("Host: node\r\n{}", "a: b\r\n".repeat(count - 1)), 1);
    assert_eq!(ask_anew(&headers(100)), 200);
    assert_eq!(ask_anew(&headers(101)), 431);
    let head = |bytes: usize| {
        let padding = "x".repeat(bytes - HEALTH.len() - "a: \r\n".len());
        HEALTH.replacen("Host: node\r\n", &format!("Host: node\r\na: {padding}\r\n"), 1)
    };
    assert_eq!(head(16 * 1024).len(), 16 * 1024);
    assert_eq!(ask_anew(&head(16 * 1024)), 200);
    // What has come at once is looked at whole, so the bound is kept to within one read.
    assert_eq!(ask_anew(&head(40 * 1024)), 431);
}

#[test]
fn whoever_says_nothing_more_is_not_waited_for() {
    let node = started(&[]);
    let silent = connect(&node, 2);
    let half = connect(&node, 3);
    (&half).write_all(b"GET /health HTTP/1.1\r\nHo").expect("half a head");
    let idle = connect(&node, 4);
    assert!(is_open(&idle));
    let slow = connect(&node, 5);
    let bodiless = connect(&node, 6);
    (&bodiless).write_all(UNFINISHED.as_bytes()).expect("a head and a byte");
    let begun = Instant::now();
    let elapsed_s = || begun.elapsed().as_secs();
    let trickling = std::thread::spawn(move || {
        // One letter a second never makes a head.
        while (&slow).write_all(b"x").is_ok() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_secs(1));
        }
        begun.elapsed().as_secs()
    });
    for stream in [&silent, &half, &idle] {
        assert!(matches!(status(&read(stream)), 0 | 408));
    }
    assert!((9..25).contains(&elapsed_s()), "{} s", elapsed_s());
    let (status, _, body) = read(&bodiless).expect("an answer");
    assert!(status == 408 && body.contains("request_timeout"), "{status} {body}");
    assert!((29..48).contains(&elapsed_s()), "{} s", elapsed_s());
    let trickled_s = trickling.join().expect("a connection that ended");
    assert!((9..25).contains(&trickled_s), "{trickled_s} s");
}
