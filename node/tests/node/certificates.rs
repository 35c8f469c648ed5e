//! Certificates: made by the node, checked offline with the log's key alone.

use axum::http::StatusCode;
use colophon_ledger::certificate::{Certificate, Provenance};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_node::certify::{CertifyError, certify};
use serde_json::{Value, json};

use crate::people::{Signing, accept, account, card, digest, mint, minting, offer, profile, rotate, transfer};
use crate::register::Register;

async fn certified(register: &Register, path: &str) -> (Certificate, Provenance) {
    let answer = register.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    let certificate = Certificate::parse(&answer.bytes).unwrap();
    let provenance = certificate.verify(&register.rules.log_key).unwrap();
    (certificate, provenance)
}

fn id(recorded: &Value) -> EntryId {
    recorded["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_was_only_minted_has_a_certificate() {
    let register = Register::new();
    let note = minting("ana", "hills").note(register.id());
    let recorded = register.post_json("/v1/entries", &json!({"entry": note, "card": card("hills")})).await.json();
    let work: WorkId = id(&recorded);
    let (certificate, provenance) = certified(&register, &format!("/v1/works/{work}/certificate")).await;
    assert_eq!(certificate.entries.len(), 4, "genesis and mint, each with its seal");
    assert_eq!((provenance.state.holder, provenance.steps.len()), (account("ana"), 0));
    assert_eq!(provenance.cards.get(&card("hills").digest()), Some(&card("hills").text));

    register.running.api().register.cards.erase(&card("hills").digest()).unwrap();
    let (_, provenance) = certified(&register, &format!("/v1/works/{}/certificate", &work.to_string()[..8])).await;
    assert!(provenance.cards.is_empty());
    let (_, second) = certified(&register, &format!("/v1/works/{work}/certificate?edition=2")).await;
    assert_eq!(second.edition, 2);
    for (path, code) in [
        (format!("/v1/works/{work}/certificate?edition=3"), "not_found"),
        (format!("/v1/works/{work}/certificate?edition=0"), "not_found"),
        (format!("/v1/works/{}/certificate", digest("none")), "not_found"),
        (format!("/v1/works/{}/certificate", &digest("none").to_string()[..9]), "not_found"),
        ("/v1/works/x/certificate".to_owned(), "bad_request"),
    ] {
        assert_eq!(register.get(&path).await.code(), code, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_story_is_told_whole_among_much_else() {
    let register = Register::new();
    let noise = async |word: &str| {
        let entries: Vec<_> =
            (0..40).map(|n| json!({"entry": minting("else", &format!("{word} {n}")).note(register.id())})).collect();
        assert_eq!(register.post_json("/v1/entries/many", &json!({"entries": entries})).await.status, StatusCode::OK);
    };
    noise("before").await;
    let ana = id(&register.record(Signing::of(profile("ana", None), &["ana"])).await);
    let work = id(&register.record(minting("ana", "hills")).await);
    noise("between").await;
    let offered = id(&register.record(Signing::of(offer(("ana", "bo"), work, work), &["ana"])).await);
    register.record(Signing::of(accept("bo", work, offered), &["bo"])).await;
    let rotation = Body::Rotate(rotate("ana", &["ana 2"], Some(ana)));
    register.record(Signing { body: rotation, signers: vec![("ana", "ana"), ("ana", "ana 2")] }).await;
    register.record(Signing::of(profile("cy", None), &["cy"])).await;
    noise("after").await;
    let (_, provenance) = certified(&register, &format!("/v1/works/{work}/certificate")).await;
    assert_eq!((provenance.state.holder, provenance.state.transfers), (account("bo"), 1));
    assert_eq!(provenance.steps.len(), 2);
    let facts = &provenance.accounts[&account("ana")];
    assert_eq!((facts.profiles.len(), facts.rotations.len()), (1, 1));
    assert!(!provenance.accounts.contains_key(&account("cy")), "cy has no part in it");
    assert_eq!(provenance.checkpoint.checkpoint().size, register.running.api().register.newest().size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_longer_than_a_page_of_the_tables_is_certified() {
    let register = Register::new();
    let work = id(&register.record(minting("ana", "hills")).await);
    let mut prev: Digest = work;
    let mut entries = Vec::new();
    for _ in 0..300 {
        let signing = Signing::of(crate::people::close("ana", work, prev), &["ana"]);
        prev = signing.id(register.id());
        entries.push(json!({"entry": signing.note(register.id())}));
    }
    register.post_json("/v1/entries/many", &json!({"entries": entries})).await;
    let (_, provenance) = certified(&register, &format!("/v1/works/{work}/certificate")).await;
    assert_eq!((provenance.steps.len(), provenance.state.newest), (300, prev));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_shows_no_claim_of_another_work() {
    let register = Register::new();
    let first = id(&register.record(minting("ana", "hills")).await);
    let claim = Mint { ack_first: Some(first), ..mint("bo", "hills") };
    let second = id(&register.record(Signing::of(Body::Mint(claim), &["bo"])).await);
    let (_, provenance) = certified(&register, &format!("/v1/works/{second}/certificate")).await;
    assert_eq!((provenance.mint.ack_first, provenance.state.holder), (Some(first), account("bo")));
    register.record(Signing::of(transfer(("bo", "cy"), second, second), &["bo", "cy"])).await;
    let (_, provenance) = certified(&register, &format!("/v1/works/{second}/certificate")).await;
    assert_eq!(provenance.state.holder, account("cy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_has_a_bound() {
    let register = Register::new();
    let work = id(&register.record(minting("ana", "hills")).await);
    let inner = &register.running.api().register;
    assert_eq!(certify(inner, work, 1, 4).unwrap().entries.len(), 4);
    assert!(matches!(certify(inner, work, 1, 3), Err(CertifyError::TooLarge)));
}
