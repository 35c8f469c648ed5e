//! Every refusal of the rules, reached over HTTP: its code and its status.

use colophon_ledger::account::{AccountId, AccountPrev, KeyList};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::entry::rotate::Rotate;
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, ENTRY_BYTES_MAX, text_of};
use colophon_ledger::field::{EntryId, Int, Marker, WorkId};
use colophon_ledger::register::Register as RegisterId;
use colophon_tlog::hash::Hash;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::Signer;
use serde_json::json;

use crate::people::{
    DAY_MS, NOW_MS, Signing, accept, account, card, close, digest, key, mint, minting, multikey, offer, profile,
    rotate, terms, transfer,
};
use crate::register::Register;

/// Submits a note that must be refused.
async fn refused(register: &Register, note: String, status: u16, code: &str) {
    let answer = register.post("/v1/entries", "text/plain", note).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{}", answer.text());
}

async fn refuses(register: &Register, signing: Signing<'_>, status: u16, code: &str) {
    refused(register, signing.note(register.id()), status, code).await;
}

/// Returns a note over any text, signed by ana.
fn signed_text(text: &str) -> String {
    let signer = Signer::new(account("ana").as_str(), key("ana")).unwrap();
    format!("{text}\n{}\n", signer.sign(text))
}

/// Returns ana's mint with its text changed before it is signed.
fn altered(register: &Register, from: &str, to: &str) -> String {
    let text = text_of(register.id(), &Body::Mint(mint("ana", "hills")));
    assert!(text.contains(from), "{from} is not in {text}");
    signed_text(&text.replacen(from, to, 1))
}

async fn ids(register: &Register, signing: Signing<'_>) -> EntryId {
    let recorded = register.record(signing).await;
    recorded["id"].as_str().unwrap().parse().unwrap()
}

async fn minted(register: &Register, by: &str, face: &str) -> WorkId {
    ids(register, minting(by, face)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_the_bytes() {
    let register = Register::new();
    let long = format!("\"about\":\"{}\",\"by\"", "a".repeat(ENTRY_BYTES_MAX));
    refused(&register, altered(&register, "\"by\"", &long), 413, "entry_too_large").await;
    refused(&register, "no note".to_owned(), 400, "entry_malformed").await;
    refused(&register, altered(&register, "/v1", "/v2"), 400, "entry_malformed").await;
    refused(&register, altered(&register, "{\"by\"", "\"by\""), 400, "body_malformed").await;
    refused(&register, altered(&register, "\"mint\"", "\"burn\""), 400, "unknown_kind").await;
    refused(&register, altered(&register, "{\"by\"", "{\"beyond\":1,\"by\""), 400, "unknown_member").await;
    refused(&register, altered(&register, "\"CN\"", "\"China\""), 400, "body_invalid").await;
    refused(&register, altered(&register, "\"CN\"", " \"CN\""), 400, "body_not_canonical").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_entry_belongs_and_who_signed_it() {
    let register = Register::new();
    let elsewhere = RegisterId { origin: "elsewhere.example".parse().unwrap(), ..register.id().clone() };
    refused(&register, minting("ana", "hills").note(&elsewhere), 422, "wrong_origin").await;
    let another = RegisterId { genesis: digest("another"), ..register.id().clone() };
    refused(&register, minting("ana", "hills").note(&another), 422, "wrong_genesis").await;
    for index in [0, 1] {
        let leaf = register.get(&format!("/v1/entries/{index}")).await.json()["entry"].as_str().unwrap().to_owned();
        refused(&register, leaf, 422, "not_submittable").await;
    }
    let note = minting("ana", "hills").note(register.id());
    let answer = register.post_json("/v1/entries", &json!({"entry": note, "card": card("sea")})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "card_mismatch"));
    let by_bo = Signing { signers: vec![("ana", "bo")], ..minting("ana", "hills") };
    refuses(&register, by_bo, 422, "signature_set").await;
    let with_bo = Signing::of(Body::Mint(mint("ana", "hills")), &["ana", "bo"]);
    refuses(&register, with_bo, 422, "signature_set").await;
    refused(&register, altered(&register, "\"CN\"", "\"FR\"").replace("\"FR\"", "\"DE\""), 422, "signature_invalid")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_and_operators() {
    let register = Register::new();
    let work = minted(&register, "ana", "hills").await;
    let claim = |by: &'static str, ack_first| Signing::of(Body::Mint(Mint { ack_first, ..mint(by, "hills") }), &[by]);
    refuses(&register, claim("bo", None), 422, "ack_first_missing").await;
    refuses(&register, claim("bo", Some(digest("no such work"))), 422, "ack_first_wrong").await;
    register.record(claim("bo", Some(work))).await;
    let again = Mint { country: "DE".parse().unwrap(), ..mint("ana", "hills") };
    refuses(&register, Signing::of(Body::Mint(again), &["ana"]), 422, "face_repeated").await;
    let to_operator = Terms { to: register.rules.operators[0], ..terms(TermsWord::Offer, ("ana", "bo"), work, work) };
    refuses(&register, Signing::of(Body::Offer(to_operator), &["ana"]), 422, "operator_cannot_own").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn editions_and_who_may_move_them() {
    let register = Register::new();
    let work = minted(&register, "ana", "hills").await;
    let none = digest("no such work");
    let both = ["ana", "bo"];
    let gift = || terms(TermsWord::Transfer, ("ana", "bo"), work, work);
    let transfers = |terms| Signing::of(Body::Transfer(terms), &both);
    refuses(&register, Signing::of(transfer(("ana", "bo"), none, none), &both), 422, "work_unknown").await;
    let third = Int::new(3).unwrap();
    refuses(&register, transfers(Terms { edition: third, ..gift() }), 422, "edition_unknown").await;
    refuses(&register, Signing::of(transfer(("ana", "bo"), work, none), &both), 409, "prev_stale").await;
    let stranger = Signing::of(transfer(("bo", "cy"), work, work), &["bo", "cy"]);
    refuses(&register, stranger, 422, "not_holder").await;
    refuses(&register, Signing::of(transfer(("ana", "ana"), work, work), &["ana"]), 422, "same_holder").await;
    let elsewhere = "DE".parse().unwrap();
    refuses(&register, transfers(Terms { from_country: elsewhere, ..gift() }), 422, "country_mismatch").await;
    let past = Int::new(NOW_MS - 1).unwrap();
    refuses(&register, transfers(Terms { expires_ms: past, ..gift() }), 422, "expired").await;
    let late = Int::new(NOW_MS + 366 * DAY_MS + 1).unwrap();
    refuses(&register, transfers(Terms { expires_ms: late, ..gift() }), 422, "expires_too_late").await;
    register.record(transfers(gift())).await;
    let second_sale = Signing::of(transfer(("ana", "cy"), work, work), &["ana", "cy"]);
    refuses(&register, second_sale, 409, "prev_stale").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offers() {
    let register = Register::new();
    let work = minted(&register, "ana", "hills").await;
    refuses(&register, Signing::of(accept("bo", work, work), &["bo"]), 422, "no_offer").await;
    let firm = Terms { firm: Some(Marker), ..terms(TermsWord::Offer, ("ana", "bo"), work, work) };
    let offered = ids(&register, Signing::of(Body::Offer(firm), &["ana"])).await;
    refuses(&register, Signing::of(accept("cy", work, offered), &["cy"]), 422, "not_recipient").await;
    refuses(&register, Signing::of(close("ana", work, offered), &["ana"]), 422, "offer_firm").await;
    let elsewhere = Signing::of(offer(("ana", "cy"), work, offered), &["ana"]);
    refuses(&register, elsewhere, 422, "offer_stands").await;
    register.record(Signing::of(accept("bo", work, offered), &["bo"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys() {
    let register = Register::new();
    let rotation = |rotate: Rotate, by: &'static str, new: &'static str| Signing {
        body: Body::Rotate(rotate),
        signers: vec![("ana", by), ("ana", new)],
    };
    refuses(&register, rotation(rotate("ana", &["ana"], None), "ana", "ana"), 422, "key_reused").await;
    let next = KeyList::new(vec![multikey("ana 3")]).unwrap().commitment();
    let committed = Rotate { next: Some(next), ..rotate("ana", &["ana 2"], None) };
    let second = ids(&register, rotation(committed, "ana", "ana 2")).await;
    let thief = rotate("ana", &["thief"], Some(second));
    refuses(&register, rotation(thief, "ana 2", "thief"), 422, "next_mismatch").await;
    refuses(&register, Signing::of(profile("ana", Some(second)), &["ana"]), 422, "signature_set").await;
    register.record(rotation(rotate("ana", &["ana 3"], Some(second)), "ana 2", "ana 3")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_keeps_the_key_it_seals_with() {
    let register = Register::new();
    let seed = std::fs::read_to_string(register.path().join("operator.key")).unwrap();
    let seed: Hash = seed.trim().parse().unwrap();
    let secret = SecretKey::from_seed(*seed.as_bytes());
    let operator = AccountId::from(&secret.public());
    let body = Body::Rotate(Rotate {
        by: operator,
        prev: AccountPrev::Account(operator),
        ..rotate("ana", &["another"], None)
    });
    let mut draft = Draft::new(text_of(register.id(), &body), None, None).unwrap();
    draft.sign(&operator, secret).unwrap();
    draft.sign(&operator, key("another")).unwrap();
    let note = String::from_utf8(draft.to_entry().unwrap().to_bytes()).unwrap();
    refused(&register, note, 403, "not_admitted").await;
    register.record(minting("ana", "hills")).await;
}
