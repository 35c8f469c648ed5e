//! Half-signed drafts: kept, merged, listed, declined, and never trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Creator, Creators, Mint};
use colophon_ledger::field::{Int, WorkId};
use colophon_node::clock::Clock;
use colophon_tlog::note::Signer;
use serde_json::{Value, json};

use crate::people::{DAY_MS, NOW_MS, Signing, account, close, digest, key, mint, minting, rotate, transfer};
use crate::register::{Answer, ORIGIN, Register};

async fn leave(register: &Register, draft: &Draft) -> Answer {
    register.post("/v1/drafts", "application/json", draft.to_json()).await
}

async fn inbox(register: &Register, name: &str) -> Vec<Value> {
    let answer = register.get(&format!("/v1/accounts/{}/inbox", account(name))).await;
    answer.json()["drafts"].as_array().unwrap().clone()
}

async fn minted(register: &Register) -> WorkId {
    register.record(minting("ana", "hills")).await["id"].as_str().unwrap().parse().unwrap()
}

/// Ana's gift to bo, signed by some.
fn gift(register: &Register, work: WorkId, signers: &[&str]) -> Draft {
    Signing::of(transfer(("ana", "bo"), work, work), signers).draft(register.id())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_for_who_must_still_sign_and_goes_once_it_is_recorded() {
    let register = Register::new();
    let work = minted(&register).await;
    let draft = gift(&register, work, &["ana"]);
    let left = leave(&register, &draft).await;
    assert_eq!(left.status, StatusCode::CREATED, "{}", left.text());
    assert_eq!(left.json(), json!({"id": draft.id(), "to": [account("bo")], "until_ms": NOW_MS + 30 * DAY_MS}));
    assert_eq!(inbox(&register, "bo").await, [serde_json::to_value(&draft).unwrap()]);
    assert!(inbox(&register, "ana").await.is_empty());
    let found = register.get(&format!("/v1/drafts/{}", draft.id())).await;
    assert_eq!(Draft::parse(&found.bytes).unwrap(), draft);

    let whole = leave(&register, &gift(&register, work, &["bo"])).await;
    assert_eq!((whole.status, whole.code().as_str()), (StatusCode::CONFLICT, "draft_complete"));
    let both = leave(&register, &gift(&register, work, &["ana", "bo"])).await;
    assert_eq!(both.code(), "draft_complete");
    register.record(Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"])).await;
    assert!(inbox(&register, "bo").await.is_empty());
    assert_eq!(register.get(&format!("/v1/drafts/{}", draft.id())).await.code(), "not_found");
    assert_eq!(leave(&register, &draft).await.code(), "repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_come_one_by_one_are_put_together() {
    let register = Register::new();
    let creator = |name: &str, share| Creator {
        account: Some(account(name)),
        role: "art".parse().unwrap(),
        share_bp: Int::new(share).unwrap(),
    };
    let creators = Creators::new(vec![creator("bo", 4_000), creator("cy", 6_000)]).unwrap();
    let body = || Body::Mint(Mint { creators: creators.clone(), ..mint("ana", "hills") });
    let by = |name: &'static str| Signing::of(body(), &[name]).draft(register.id());
    let waits_for = |answer: Answer| answer.json()["to"].as_array().unwrap().len();
    assert_eq!(waits_for(leave(&register, &by("ana")).await), 2);
    assert_eq!(waits_for(leave(&register, &by("cy")).await), 1);
    let [kept] = &inbox(&register, "bo").await[..] else { panic!("one draft waits") };
    let mut whole: Draft = serde_json::from_value(kept.clone()).unwrap();
    whole.sign(&account("bo"), key("bo")).unwrap();
    let note = String::from_utf8(whole.to_entry().unwrap().to_bytes()).unwrap();
    assert_eq!(note, Signing::of(body(), &["ana", "bo", "cy"]).note(register.id()));
    assert_eq!(register.post("/v1/entries", "text/plain", note).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_signature_by_a_key_that_is_gone_does_not_spoil_the_draft() {
    let register = Register::new();
    let work = minted(&register).await;
    leave(&register, &gift(&register, work, &["bo"])).await;
    let rotation =
        Signing { body: Body::Rotate(rotate("bo", &["bo 2"], None)), signers: vec![("bo", "bo"), ("bo", "bo 2")] };
    register.record(rotation).await;
    let left = leave(&register, &gift(&register, work, &["ana"])).await;
    assert_eq!(left.json()["to"], json!([account("bo")]));
    let [kept] = &inbox(&register, "bo").await[..] else { panic!("one draft waits") };
    assert_eq!(kept["signatures"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_never_become_an_entry_fills_no_inbox() {
    let register = Register::new();
    let work = minted(&register).await;
    let draft = |body: Body, signers: &[&str]| Signing::of(body, signers).draft(register.id());
    let refused = async |draft: &Draft, status: u16, code: &str| {
        let answer = leave(&register, draft).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    };
    refused(&gift(&register, work, &[]), 422, "signature_set").await;
    refused(&gift(&register, work, &["cy"]), 422, "signature_set").await;
    let none = digest("none");
    refused(&draft(transfer(("ana", "bo"), none, none), &["ana"]), 422, "work_unknown").await;
    refused(&draft(transfer(("ana", "bo"), work, none), &["ana"]), 409, "prev_stale").await;
    refused(&draft(transfer(("cy", "bo"), work, work), &["cy"]), 422, "not_holder").await;
    let elsewhere = colophon_ledger::register::Register { genesis: none, ..register.id().clone() };
    let other = Signing::of(transfer(("ana", "bo"), work, work), &["ana"]).draft(&elsewhere);
    refused(&other, 422, "wrong_genesis").await;
    let forged =
        gift(&register, work, &["ana"]).to_json().replace("\"signatures\": [\n    \"", "\"signatures\": [\n    \"x");
    assert_eq!(register.post("/v1/drafts", "application/json", forged).await.code(), "bad_request");
    assert_eq!(register.post("/v1/drafts", "application/json", "{}").await.code(), "bad_request");
    assert!(inbox(&register, "bo").await.is_empty());

    leave(&register, &gift(&register, work, &["ana"])).await;
    register.record(Signing::of(close("ana", work, work), &["ana"])).await;
    refused(&gift(&register, work, &["ana"]), 409, "prev_stale").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_declined_by_who_must_sign_it_and_nobody_else() {
    let register = Register::new();
    let work = minted(&register).await;
    let draft = gift(&register, work, &["ana"]);
    leave(&register, &draft).await;
    let path = format!("/v1/drafts/{}/decline", draft.id());
    let note = |name: &str, secret: &str, text: &str| {
        let signer = Signer::new(account(name).as_str(), key(secret)).unwrap();
        format!("{text}\n{}\n", signer.sign(text))
    };
    let text = format!("colophon.decline/v1 {ORIGIN} {}\n", draft.id());
    let decline = async |note: String| register.post(&path, "text/plain", note).await;
    assert_eq!(decline("no".to_owned()).await.code(), "bad_request");
    assert_eq!(decline(note("bo", "bo", "colophon.decline/v1\n")).await.code(), "bad_request");
    assert_eq!(decline(note("cy", "cy", &text)).await.code(), "signature_set");
    assert_eq!(decline(note("bo", "cy", &text)).await.code(), "signature_set");
    assert_eq!(inbox(&register, "bo").await.len(), 1);
    let declined = decline(note("bo", "bo", &text)).await;
    assert_eq!((declined.status, declined.bytes.len()), (StatusCode::NO_CONTENT, 0));
    assert!(inbox(&register, "bo").await.is_empty());
    assert_eq!(decline(note("bo", "bo", &text)).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_have_bounds_in_number_and_time() {
    let now = Arc::new(AtomicU64::new(NOW_MS));
    let clock = Arc::clone(&now);
    let register = Register::with_clock(Clock::from_fn(move || clock.load(Ordering::Relaxed)));
    let makers: Vec<String> = (0..11).map(|n| format!("maker {n}")).collect();
    let entries: Vec<_> = makers
        .iter()
        .flat_map(|maker| (0..11).map(move |n| minting(maker, &format!("{maker} {n}"))))
        .map(|mint| json!({"entry": mint.note(register.id())}))
        .collect();
    register.post_json("/v1/entries/many", &json!({"entries": entries})).await;
    let gift = |maker: &str, n: u32| {
        let work = minting(maker, &format!("{maker} {n}")).id(register.id());
        Signing::of(transfer((maker, "bo"), work, work), &[maker]).draft(register.id())
    };
    for (maker, n) in makers[..10].iter().flat_map(|maker| (0..10).map(move |n| (maker, n))) {
        assert_eq!(leave(&register, &gift(maker, n)).await.status, StatusCode::CREATED);
    }
    let full = leave(&register, &gift(&makers[0], 10)).await;
    assert_eq!((full.status, full.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "inbox_full"));
    assert!(full.text().contains("10 drafts that"), "one account fills nobody's inbox: {}", full.text());
    let full = leave(&register, &gift(&makers[10], 0)).await;
    assert_eq!((full.status, full.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "inbox_full"));
    assert_eq!(leave(&register, &gift(&makers[9], 9)).await.status, StatusCode::CREATED);

    now.store(NOW_MS + 30 * DAY_MS, Ordering::Relaxed);
    assert_eq!(inbox(&register, "bo").await.len(), 100);
    now.store(NOW_MS + 30 * DAY_MS + 1, Ordering::Relaxed);
    assert_eq!(inbox(&register, "bo").await.len(), 0);
    let mint = Mint {
        creators: Creators::new(vec![Creator {
            account: Some(account("bo")),
            role: "art".parse().unwrap(),
            share_bp: Int::new(10_000).unwrap(),
        }])
        .unwrap(),
        ..mint("ana", "new")
    };
    let left = leave(&register, &Signing::of(Body::Mint(mint), &["ana"]).draft(register.id())).await;
    assert_eq!(left.status, StatusCode::CREATED, "the old ones have made room");
}
