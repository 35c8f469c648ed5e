//! Bodies of entries: only the canonical form is read, and an independent canonicaliser writes the same.

use colophon_ledger::entry::{Body, ENTRY_BYTES_MAX, SIGNATURES_MAX, Text, genesis_text, text_of};
use colophon_ledger::refusal::Refusal;
use serde_json::{Value, json};

use crate::people::{account, canonical, digest};
use crate::story::{ORIGIN, story};

/// Words of bodies.
pub const WORDS: &[&str] = &[
    "\"kind\":\"",
    "mint",
    "transfer",
    "offer",
    "accept",
    "close",
    "profile",
    "rotate",
    "genesis",
    "seal",
    "rules",
    "authority",
    "attest",
    "revoke",
    "flag",
    "lien",
    "loan",
    "release",
    "receipt",
    "amend",
    "move",
    "transmit",
    "null",
    "true",
    "false",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "-0",
    "1e3",
    "0.0",
    "\\u0061",
    "\\/",
    "{",
    "}",
    "[",
    "]",
    ",",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\"firm\":true",
    "\"rules\":2",
    "\"price\":",
    "\"amount\":0",
];

/// The deepest that a body nests: the body, a list, its item.
const DEPTH_MAX: usize = 3;

/// Reads a body and holds it against its own bytes, the canonicaliser and the limits of its kind.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Body::parse(text) {
        Ok(body) => check_body(&body, text),
        // The cure that a refusal names must cure it, or at least not be refused for its spelling again.
        Err(Refusal::BodyNotCanonical(canonical)) => {
            assert_ne!(canonical, text);
            let cured = Body::parse(&canonical);
            assert!(!matches!(cured, Err(Refusal::BodyNotCanonical(_))), "{cured:?}");
        }
        Err(refusal) => assert!(refusal.to_string().len() <= 512 + 8 * text.len()),
    }
}

fn check_body(body: &Body, text: &str) {
    assert_eq!(body.to_canonical(), text);
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), text);
    assert_eq!(value["kind"], body.kind());
    assert_eq!(value["by"], body.by().as_str());
    assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "a body is printable ASCII");
    assert!(depth(&value) <= DEPTH_MAX);
    let signers = body.signers();
    assert!(signers.is_sorted() && signers.contains(body.by()) && signers.len() <= SIGNATURES_MAX);
    let whole = match body {
        Body::Genesis(genesis) => genesis_text(&ORIGIN.parse().unwrap(), genesis),
        body => text_of(&story().replay.rules().register, body),
    };
    assert_eq!(Text::parse(&whole).unwrap().body, *body);
    // The limits of the members keep every body far from the limit of a leaf, unless it is full of everything at once.
    assert!(text.len() <= 2 * ENTRY_BYTES_MAX, "{}", text.len());
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(members) => 1 + members.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Every body of the story.
pub fn seeds() -> Vec<Vec<u8>> {
    let leaves = &story().leaves;
    let (by, prev) = (account("gov"), digest("prev"));
    let of_borders = [
        json!({
            "by": by, "citation": "an act", "governors": [by], "height": 7, "jurisdiction": "EU", "kind": "rules",
            "name": "LAW-1", "prev": prev, "schema": 1, "text": ["permit (principal, action, resource);", ""],
        }),
        json!({
            "account": by, "by": by, "country": "FR", "governors": [by], "kind": "authority", "prev": prev,
            "types": ["APPRAISAL", "INVOICE"],
        }),
        json!({
            "by": by, "card": prev, "edition": 1, "kind": "attest", "prev": prev, "sha256": prev, "type": "INVOICE",
            "valid_from": "2026-01-01", "valid_to": "2026-12-31", "work": prev,
        }),
        json!({"account": by, "by": by, "kind": "revoke", "prev": prev, "type": "INVOICE"}),
        json!({
            "by": by, "card": prev, "country": "FR", "edition": 1, "ground": "frozen", "kind": "flag", "prev": prev,
            "sha256": prev, "work": prev,
        }),
        json!({"by": by, "creditor": account("ana"), "edition": 1, "kind": "lien", "prev": prev, "work": prev}),
        json!({
            "borrower": account("ana"), "by": by, "edition": 1, "kind": "loan", "prev": prev, "until": "2027-01-01",
            "work": prev,
        }),
        json!({"by": by, "edition": 1, "kind": "release", "of": prev, "prev": prev, "work": prev}),
        json!({
            "by": by, "delivery": "physical", "edition": 1, "from_country": "CN", "kind": "move", "prev": prev,
            "to_country": "FR", "value": {"amount": 1, "currency": "EUR"}, "work": prev,
        }),
        json!({
            "basis": "restitution", "by": by, "country": "FR", "delivery": "rights", "edition": 1, "from_country": "CN",
            "kind": "transmit", "prev": prev, "sha256": prev, "to": account("ana"), "to_country": "FR", "work": prev,
        }),
        json!({
            "by": by, "created": "1701", "kind": "amend", "prev": prev, "source_type": "print", "work": prev,
            "facts": {
                "age": "gt250", "ai": {"human": "edit", "label": "eu-aiact-50"}, "category": "painting", "cpc": "84311",
                "died": 1700, "ebops": "SH", "fcs": {"domain": "C", "version": "fcs2009"}, "hs": "970121",
                "protection": "listed",
            },
        }),
        json!({
            "by": by, "country": "DE", "crossing": 2, "edition": 1, "kind": "receipt", "rule": "ARR-EU/royalty",
            "work": prev,
        }),
    ];
    let leaves = leaves.iter().map(|leaf| leaf.split(|byte| *byte == b'\n').nth(1).unwrap().to_vec());
    leaves.chain(of_borders.iter().map(|body| canonical(body).into_bytes())).collect()
}
