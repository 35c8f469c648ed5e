//! Drafts: read and written with the same meaning, and no merge loses or invents a signature.

use std::collections::BTreeSet;

use colophon_ledger::account::{KeyList, Multikey};
use colophon_ledger::deal::Money;
use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft, PriceOpening};
use colophon_ledger::entry::{Body, ENTRY_BYTES_MAX, Entry, SIGNATURES_MAX, text_of};
use colophon_ledger::field::{Digest, Int};
use colophon_ledger::signature::FirstKeys;
use serde_json::json;

use crate::people::{account, body_of, multikey, secret, signed_draft};
use crate::story::story;

/// Words of drafts.
pub const WORDS: &[&str] = &[
    "\"format\":\"colophon.draft/v1\"",
    "\"signatures\": [",
    "\"card\":",
    "\"price\":",
    "\"text\":",
    "\\n",
    "\\u2014 ",
    "null",
    "[[[[[[[[",
    "\"salt\":",
];

/// Reads a draft, writes it, merges it and asks what it lacks.
pub fn check(data: &[u8]) {
    let Ok(draft) = Draft::parse(data) else { return };
    assert!(data.len() <= DRAFT_BYTES_MAX && draft.text().len() <= ENTRY_BYTES_MAX);
    let written = draft.to_json();
    // Written with white space it may be longer than what was read, but says the same.
    if written.len() <= DRAFT_BYTES_MAX {
        assert_eq!(Draft::parse(written.as_bytes()).as_ref(), Ok(&draft));
    }
    let body = draft.parts().unwrap().body;
    if let Some(card) = draft.card() {
        assert_eq!((Some(card.digest()), card.check()), (body.card(), Ok(())));
    }
    check_merge(&draft);
    let missing = draft.missing(&FirstKeys).unwrap();
    let signers = body.signers();
    assert!(missing.iter().all(|missing| signers.contains(&missing.account) && missing.count <= 1));
    let entry = draft.to_entry();
    if let Ok(entry) = &entry {
        assert_eq!((entry.id(), entry.text()), (draft.id(), draft.text()));
        assert_eq!(Entry::parse(&entry.to_bytes()).as_ref(), Ok(entry));
    }
    check_signing(draft, &body);
}

fn check_merge(draft: &Draft) {
    let mut merged = draft.clone();
    merged.merge(draft).unwrap();
    let keys = |draft: &Draft| -> BTreeSet<(String, String)> {
        let lines = draft.to_entry().map(|entry| entry.signatures().to_vec()).unwrap_or_default();
        lines.into_iter().map(|line| (line.name, line.key_id.to_string())).collect()
    };
    assert_eq!(keys(&merged), keys(draft));
    let bare = Draft::new(draft.text().to_owned(), None, None).unwrap();
    let mut filled = bare.clone();
    // A draft with one key's line twice merges into one without.
    if filled.merge(draft).is_ok() {
        assert_eq!(keys(&filled), keys(draft));
        assert_eq!((filled.card(), filled.price()), (draft.card(), draft.price()));
    }
}

/// Whoever signs is no longer missing, and signing twice changes nothing.
fn check_signing(mut draft: Draft, body: &Body) {
    let Some(name) = ["ana", "bo", "cy", "op"].into_iter().find(|name| body.signers().contains(&account(name))) else {
        return;
    };
    draft.sign(&account(name), secret(name)).unwrap();
    let once = draft.clone();
    draft.sign(&account(name), secret(name)).unwrap();
    assert_eq!(draft, once);
    let lines = draft.to_entry().map_or(0, |entry| entry.signatures().len());
    assert!(lines <= SIGNATURES_MAX + 1);
    let owed = draft.missing(&FirstKeys).unwrap();
    assert!(owed.iter().all(|owed| owed.account != account(name) || owed.count == 0));
}

/// Drafts with nothing, with one signature, with a card, with a price, and of a rotation.
pub fn seeds() -> Vec<Vec<u8>> {
    let register = &story().replay.rules().register;
    let card = story().cards[0].clone();
    let (ana, bo) = (account("ana"), account("bo"));
    let text = |body: serde_json::Value| text_of(register, &body_of(&body));
    let profile = json!({"by": ana, "card": card.digest(), "country": "CN", "kind": "profile", "prev": ana});
    let work = story().works[0];
    let mut terms = json!({
        "basis": "gift", "by": ana, "delivery": "rights", "edition": 1, "expires_ms": 1, "from_country": "CN",
        "kind": "transfer", "prev": work, "to": bo, "to_country": "FR", "work": work,
    });
    let price = Money { amount: Int::new(7).unwrap(), currency: "EUR".parse().unwrap() };
    let Body::Transfer(plain) = body_of(&terms) else { panic!("a transfer") };
    terms["price"] = json!({"commitment": plain.price_commitment(&price, &[9; 32])});
    let opening = PriceOpening { price, salt: Digest([9; 32].into()) };
    let keys: Vec<Multikey> = ["ana 2", "ana 3"].map(multikey).to_vec();
    let rotate = json!({"by": ana, "keys": KeyList::new(keys).unwrap(), "kind": "rotate", "prev": ana, "threshold": 2});
    let drafts = [
        Draft::new(text(profile.clone()), Some(card), None).unwrap(),
        Draft::new(text(terms.clone()), None, Some(opening)).unwrap(),
        signed_draft(text(profile), &[("ana", "ana")]),
        signed_draft(text(terms), &[("ana", "ana"), ("bo", "bo")]),
        signed_draft(text(rotate), &[("ana", "ana"), ("ana", "ana 2")]),
    ];
    drafts.iter().flat_map(|draft| [draft.to_json().into_bytes(), serde_json::to_vec(draft).unwrap()]).collect()
}
