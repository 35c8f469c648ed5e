//! Entries are submitted: one, many, again, with cards, too long, too deep.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use colophon_ledger::field::Digest;
use serde_json::json;

use crate::people::{Signing, card, close, minting, multikey, profile, rotate};
use crate::register::Register;

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_recorded_with_a_receipt_and_only_once() {
    let register = Register::new();
    let first = register.record(minting("ana", "hills")).await;
    assert_eq!((first["index"].as_u64(), first["repeated"].as_bool()), (Some(2), Some(false)));
    assert_eq!(first["id"], minting("ana", "hills").id(register.id()).to_string());
    register.record(minting("ana", "sea")).await;

    let again = register.submit(minting("ana", "hills")).await;
    assert_eq!(again.status, StatusCode::OK);
    let again = again.json();
    assert_eq!((&again["index"], again["repeated"].as_bool()), (&first["index"], Some(true)));
    assert_eq!(again["entry"], first["entry"]);
    assert_ne!(again["receipt"], first["receipt"], "the receipt is at the newest checkpoint");
    register.check_receipt(&again);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_there_is_answered_as_recorded_whatever_it_came_with() {
    let register = Register::new();
    let first = register.record(minting("ana", "hills")).await;
    let rotation = Signing {
        body: colophon_ledger::entry::Body::Rotate(rotate("ana", &["ana 2"], None)),
        signers: vec![("ana", "ana"), ("ana", "ana 2")],
    };
    register.record(rotation).await;
    assert_ne!(multikey("ana"), multikey("ana 2"));
    // By the keys of today nobody could sign it like this any more.
    let again = register.submit(minting("ana", "hills")).await;
    assert_eq!((again.status, again.json()["index"].as_u64()), (StatusCode::OK, first["index"].as_u64()));
    let spoiled = minting("ana", "hills").note(register.id()).replace(" q", " r");
    let spoiled = register.post("/v1/entries", "text/plain", spoiled).await;
    assert_eq!(spoiled.json()["entry"], first["entry"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_comes_along_and_can_be_read() {
    let register = Register::new();
    let digest = card("hills").digest();
    let path = format!("/v1/cards/{digest}");
    let note = minting("ana", "hills").note(register.id());
    let without = register.post_json("/v1/entries", &json!({"entry": note})).await;
    assert_eq!(without.status, StatusCode::CREATED);
    assert_eq!(register.get(&path).await.code(), "not_found");
    // It may come later, with the same entry.
    let with = register.post_json("/v1/entries", &json!({"entry": note, "card": card("hills")})).await;
    assert_eq!(with.status, StatusCode::OK, "{}", with.text());
    let found = register.get(&path).await;
    assert_eq!(found.json(), serde_json::to_value(card("hills")).unwrap());

    register.running.api().register.cards.erase(&digest).unwrap();
    let erased = register.get(&path).await;
    assert_eq!((erased.status, erased.code().as_str()), (StatusCode::GONE, "card_withdrawn"));
    let with = register.post_json("/v1/entries", &json!({"entry": note, "card": card("hills")})).await;
    assert_eq!(with.status, StatusCode::OK);
    assert_eq!(register.get(&path).await.code(), "card_withdrawn");
    assert_eq!(register.get(&format!("/v1/cards/{}", &path[10..20])).await.code(), "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_stand_or_fall_alone_and_in_order() {
    let register = Register::new();
    let note = |signing: Signing<'_>| json!({"entry": signing.note(register.id())});
    let work = minting("ana", "0").id(register.id());
    let body = json!({"entries": [
        note(minting("ana", "0")),
        {"entry": "not a note"},
        note(minting("ana", "0")),
        note(Signing::of(close("ana", work, work), &["ana"])),
        note(Signing::of(close("ana", work, Digest(work.0)), &["ana"])),
        note(Signing::of(profile("bo", None), &["bo"])),
    ]});
    let answer = register.post_json("/v1/entries/many", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let results = answer.json()["results"].clone();
    assert_eq!(results.as_array().unwrap().len(), 6);
    assert_eq!((results[0]["index"].as_u64(), results[0]["repeated"].as_bool()), (Some(2), Some(false)));
    assert_eq!(results[1]["problem"]["code"], "entry_malformed");
    assert_eq!((results[2]["index"].as_u64(), results[2]["repeated"].as_bool()), (Some(2), Some(true)));
    assert_eq!((results[3]["repeated"].as_bool(), results[4]["repeated"].as_bool()), (Some(false), Some(true)));
    assert_eq!(results[3]["index"], results[4]["index"]);
    assert_eq!(results[5]["repeated"], false);
    for result in [&results[0], &results[3], &results[5]] {
        let mut whole = register.get(&format!("/v1/entries/{}", result["id"].as_str().unwrap())).await.json();
        whole["receipt"] = result["receipt"].clone();
        register.check_receipt(&whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_entries_are_taken_at_once_and_not_one_more() {
    let register = Register::new();
    let entries = |count: usize| -> Vec<_> {
        (0..count).map(|n| json!({"entry": minting("ana", &n.to_string()).note(register.id())})).collect()
    };
    let answer = register.post_json("/v1/entries/many", &json!({"entries": entries(1_000)})).await;
    let results = answer.json()["results"].clone();
    assert!(results.as_array().unwrap().iter().all(|result| result["repeated"] == false), "{results}");
    let more = register.post_json("/v1/entries/many", &json!({"entries": entries(1_001)})).await;
    assert_eq!(more.code(), "bad_request");
    let none = register.post_json("/v1/entries/many", &json!({"entries": []})).await;
    assert_eq!(none.json(), json!({"results": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_bounds_and_types() {
    let register = Register::new();
    let post = async |path, media_type, body: Vec<u8>| {
        let answer = register.post(path, media_type, body).await;
        (answer.status.as_u16(), answer.code())
    };
    let problem = |status, code: &str| (status, code.to_owned());
    for (path, bytes) in [("/v1/entries", 64 * 1024), ("/v1/drafts", 64 * 1024), ("/v1/entries/many", 8 << 20)] {
        let long = post(path, "application/json", vec![b' '; bytes]).await;
        assert_eq!(long, problem(400, "bad_request"), "{path}");
        let too_long = post(path, "application/json", vec![b' '; bytes + 1]).await;
        assert_eq!(too_long, problem(413, "body_too_large"), "{path}");
        let other = post(path, "application/x-www-form-urlencoded", vec![b'a']).await;
        assert_eq!(other, problem(415, "unsupported_media_type"), "{path}");
    }
    assert_eq!(post("/v1/drafts", "text/plain", vec![b'a']).await.0, 415);
    assert_eq!(post("/v1/entries", "text/plain", vec![b'a'; 16 * 1024 + 1]).await, problem(413, "entry_too_large"));
    assert_eq!(post("/v1/entries", "text/plain", vec![0xff; 9]).await, problem(400, "entry_malformed"));
    let untyped = register.send(Request::post("/v1/entries").body(Body::from("a")).unwrap()).await;
    assert_eq!(untyped.code(), "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_json_and_ten_thousand_signatures_are_refused() {
    let register = Register::new();
    let deep = "[".repeat(60_000);
    for body in [deep.clone(), format!(r#"{{"entry":{deep}"#), format!(r#"{{"card":{deep}"#), r#"{"a":"#.repeat(9_000)]
    {
        let answer = register.post("/v1/entries", "application/json", body.clone()).await;
        assert_eq!(answer.code(), "bad_request");
        let answer = register.post("/v1/drafts", "application/json", body).await;
        assert_eq!(answer.code(), "bad_request");
    }
    let note = minting("ana", "hills").note(register.id());
    let (text, line) = note.split_once("\n\n").unwrap();
    let deep_body = format!("{}\n{}\n\n{line}", text.split('\n').next().unwrap(), &deep[..8_000]);
    assert_eq!(register.post("/v1/entries", "text/plain", deep_body).await.code(), "body_malformed");
    let many = format!("{text}\n\n{}", "\u{2014} a b\n".repeat(1_000));
    assert_eq!(register.post("/v1/entries", "text/plain", many).await.code(), "entry_malformed");
    let longer = format!("{text}\n\n{}", line.repeat(10_000));
    assert_eq!(register.post("/v1/entries", "text/plain", longer).await.code(), "body_too_large");
    register.record(minting("ana", "hills")).await;
}
