//! What strangers throw at a register: each gets the right code, costs nothing, and leaves no word of it in the log.

use colophon_ledger::deal::{Basis, Delivery};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::Int;
use e2e::minting::Minter;
use e2e::node::{Answer, Node};

/// A word in everything that is sent, to be looked for in the node's log.
const MARK: &str = "unspeakable";

/// How much more memory the node may have used at its peak, in KiB, after hundreds of megabytes were thrown at it.
const GROWTH_KIB_MAX: u64 = 96 * 1024;

fn post(node: &Node, bytes: impl Into<Vec<u8>>) -> Answer {
    node.post("/v1/entries", "text/plain", bytes.into())
}

fn code(answer: &Answer) -> String {
    assert!(answer.media_type.starts_with("application/problem+json"), "{} {}", answer.status, answer.media_type);
    let problem = answer.json();
    assert!(problem["detail"].is_string() && problem["title"].is_string(), "{problem}");
    assert_eq!(problem["status"].as_u64(), Some(u64::from(answer.status)), "{problem}");
    problem["code"].as_str().expect("a code").to_owned()
}

fn text(entry: &Entry) -> String {
    String::from_utf8(entry.to_bytes()).expect("an entry is text")
}

/// Returns a transfer whose `by` is the minter; only they sign it.
fn half_signed(minter: &Minter, other: &Minter, work: &Entry, expires_ms: u64) -> Terms {
    Terms {
        basis: Basis::Gift,
        by: minter.account(),
        card: None,
        delivery: Delivery::Digital,
        documents: None,
        edition: Int::new(1).expect("the first edition"),
        expires_ms: Int::new(expires_ms).expect("a time"),
        firm: None,
        professional: None,
        value: None,
        from_country: "CN".parse().expect("a country"),
        kind: TermsWord::Transfer,
        prev: work.id(),
        price: None,
        to: other.account(),
        to_country: "FR".parse().expect("a country"),
        work: work.id(),
    }
}

#[test]
fn each_wrong_entry_gets_its_code() {
    let node = Node::start_new("bad.example/input");
    let (ana, bo) = (Minter::new("ana", &node), Minter::new("bo", &node));
    let (work, card) = ana.mint(MARK);
    let good = text(&work);
    assert_eq!(post(&node, good.clone()).status, 201);
    let again = post(&node, good.clone());
    assert_eq!(
        (again.status, again.json()["repeated"].as_bool()),
        (200, Some(true)),
        "the same entry is answered again"
    );

    let (fresh, _) = ana.mint("another");
    let fresh = text(&fresh);
    let cases: Vec<(&str, String)> = vec![
        ("entry_malformed", format!("{MARK}\n")),
        ("entry_too_large", format!("{MARK}{}", "x".repeat(16 * 1024))),
        ("entry_malformed", fresh.replacen("colophon.entry/v1", "colophon.entry/v9", 1)),
        ("body_malformed", fresh.replacen("\n{", &format!("\n{}{{", "[".repeat(5_000)), 1)),
        ("unknown_kind", fresh.replacen("\"kind\":\"mint\"", "\"kind\":\"unspeakable\"", 1)),
        ("unknown_member", fresh.replacen("\"license\"", "\"unspeakable\"", 1)),
        ("body_invalid", fresh.replacen("\"editions\":1", "\"editions\":10001", 1)),
        ("body_not_canonical", fresh.replacen("\"editions\":1", "\"editions\": 1", 1)),
        ("wrong_origin", fresh.replacen("bad.example/input", "worse.example/input", 1)),
        ("wrong_genesis", fresh.replacen(&ana.register().genesis.to_string(), &"0".repeat(64), 1)),
        ("signature_invalid", fresh.replacen("\"country\":\"CN\"", "\"country\":\"CH\"", 1)),
        (
            "entry_malformed",
            format!("{}\n{}", fresh.split("\n\n").next().unwrap(), "\u{2014} a AAAAAAA=\n".repeat(600)),
        ),
    ];
    for (expected, bytes) in cases {
        assert_eq!(code(&post(&node, bytes)), expected);
    }
    let now_ms = node.get("/health").json()["sealed_ms"].as_u64().expect("the time of the last seal");
    let terms = half_signed(&ana, &bo, &work, now_ms - 1);
    let missing_signer = ana.sign(&Body::Transfer(terms.clone()));
    assert_eq!(code(&post(&node, text(&missing_signer))), "signature_set");
    let expired = ana.sign(&Body::Offer(Terms { kind: TermsWord::Offer, ..terms }));
    assert_eq!(code(&post(&node, text(&expired))), "expired");
    let wrong_card = serde_json::json!({"entry": fresh, "card": card});
    let answer = node.post("/v1/entries", "application/json", wrong_card.to_string());
    assert_eq!(code(&answer), "card_mismatch");
    let genesis = node.get("/tile/entries/000.p/1").body[2..].to_vec();
    assert_eq!(code(&post(&node, genesis)), "not_submittable");
    assert!(!node.log().contains(MARK), "the log repeats what was sent: {}", node.log());
}

#[test]
fn the_wrong_request_gets_its_code() {
    let node = Node::start_new("bad.example/requests");
    let json = "application/json";
    let deep = format!("{}{}", "{\"entry\":".repeat(4_000), "}".repeat(4_000));
    assert_eq!(code(&node.post("/v1/entries", json, deep)), "bad_request");
    assert_eq!(code(&node.post("/v1/entries", json, format!("{{\"{MARK}\":1}}"))), "bad_request");
    assert_eq!(code(&node.post("/v1/entries", "image/png", MARK)), "unsupported_media_type");
    assert_eq!(code(&node.post("/v1/entries/many", json, "{\"entries\":[{\"entry\":7}]}")), "bad_request");
    assert_eq!(code(&node.post("/v1/drafts", json, "{}")), "bad_request");
    for path in ["/v1/works/zz", "/v1/files/0", "/v1/accounts/me", "/v1/entries/-1", "/v1/cards/x", "/v1/nothing"] {
        let answer = node.get(path);
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        code(&answer);
    }
    for path in
        ["/tile/0/x000/000", "/tile/8/000", "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/+00", "/tile/00/000"]
    {
        assert_eq!(node.get(path).status, 404, "{path}");
    }
    assert!(!node.log().contains(MARK), "the log repeats what was sent: {}", node.log());
}

#[test]
fn a_hundred_megabytes_cost_nothing() {
    let node = Node::start_new("bad.example/large");
    let before = peak_kib(&node);
    for (path, media_type) in [
        ("/v1/entries", "text/plain"),
        ("/v1/entries", "application/json"),
        ("/v1/entries/many", "application/json"),
        ("/v1/drafts", "application/json"),
    ] {
        // The node may answer 413 or close the connection as soon as it has seen too much; it must not read it all.
        let body = vec![b'['; 100 * 1024 * 1024];
        match node.try_post(path, media_type, body) {
            Ok(answer) => assert_eq!((answer.status, code(&answer).as_str()), (413, "body_too_large"), "{path}"),
            Err(error) => assert!(error.is_request() || error.is_body(), "{path}: {error:?}"),
        }
    }
    let lines = format!("text\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(10_000));
    assert!((400..500).contains(&post(&node, lines).status));
    let growth = peak_kib(&node).saturating_sub(before);
    assert!(growth < GROWTH_KIB_MAX, "the node took {growth} KiB more at its peak");
    assert_eq!(node.get("/health").status, 200);
}

/// Returns the most memory the node's process has had resident so far, in KiB.
fn peak_kib(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.process_id())).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak of memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
