//! Works, files, accounts and entries are looked up, and every answer proves itself.

use axum::http::StatusCode;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Files, Mint, WorkFile};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};
use colophon_ledger::proved::{ProvedEntry, Shown, StateAnswer};
use colophon_ledger::state::{EditionRecord, FileRecord, RecordKey, Records as _, WorkRecord};
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::Note;
use colophon_tlog::receipt::Receipt;
use serde_json::{Value, json};

use crate::people::{Signing, account, digest, mint, minting, profile, terms, transfer};
use crate::register::{Answer, Register};

/// Returns what an answer shows, after checking every proof in it.
fn shown(register: &Register, answer: &Value) -> Shown {
    let state: StateAnswer = serde_json::from_value(answer.clone()).unwrap();
    state.verify(&register.rules).unwrap()
}

async fn found(register: &Register, path: &str) -> (Value, Shown) {
    let answer = register.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let shown = shown(register, &answer.json());
    (answer.json(), shown)
}

async fn minted(register: &Register, by: &str, face: &str) -> WorkId {
    register.record(minting(by, face)).await["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_shown_with_its_mint_and_its_edition() {
    let register = Register::new();
    let work = minted(&register, "ana", "hills").await;
    let (answer, state) = found(&register, &format!("/v1/works/{work}")).await;
    assert_eq!((&answer["work"], &answer["edition"]), (&json!(work), &json!(1)));
    let record: WorkRecord = state.read(&RecordKey::Work(work)).unwrap().unwrap();
    assert_eq!(record.maker, account("ana"));
    assert_eq!(state.read::<EditionRecord>(&RecordKey::Edition(work, 1)), Ok(None), "it is shown to be its maker's");
    let mint: ProvedEntry = serde_json::from_value(answer["mint"].clone()).unwrap();
    let checkpoint: Checkpoint = state.checkpoint.checkpoint().clone();
    assert_eq!((mint.index, mint.verify(&checkpoint).unwrap().id()), (record.index, work));

    register.record(Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"])).await;
    let (_, state) = found(&register, &format!("/v1/works/{}?edition=1", &work.to_string()[..8])).await;
    let edition: EditionRecord = state.read(&RecordKey::Edition(work, 1)).unwrap().unwrap();
    assert_eq!((edition.holder, edition.country.as_str(), edition.transfers), (account("bo"), "FR", 1));
    let (answer, state) = found(&register, &format!("/v1/works/{work}?edition=2")).await;
    assert_eq!(answer["edition"], 2);
    assert_eq!(state.read::<EditionRecord>(&RecordKey::Edition(work, 2)), Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_is_not_there_is_shown_not_to_be() {
    let register = Register::new();
    let work = minted(&register, "ana", "hills").await;
    let none = digest("no such work");
    let answer = register.get(&format!("/v1/works/{none}")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    let state = shown(&register, &answer.json()["absence"]);
    assert_eq!(state.read::<WorkRecord>(&RecordKey::Work(none)), Ok(None));

    for (path, code) in [
        (format!("/v1/works/{}", &none.to_string()[..12]), "not_found"),
        (format!("/v1/works/{work}?edition=3"), "not_found"),
        (format!("/v1/works/{work}?edition=0"), "not_found"),
        (format!("/v1/works/{work}?edition=x"), "bad_request"),
        (format!("/v1/works/{}", &work.to_string()[..7]), "bad_request"),
        (format!("/v1/works/{work}0"), "bad_request"),
        (format!("/v1/works/{}", work.to_string().to_uppercase()), "bad_request"),
        ("/v1/works/%ff".to_owned(), "bad_request"),
    ] {
        assert_eq!(register.get(&path).await.code(), code, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_id_that_fits_two_works_is_ambiguous() {
    let register = Register::new();
    // No two ids of 8 digits will meet by chance here: the tables are told of a second one.
    let work = minted(&register, "ana", "hills").await;
    let inner = &register.running.api().register;
    let mut key = [b"e", &work.0.as_bytes()[..]].concat();
    key[32] ^= 1;
    inner.view().stage(vec![(key, Some(b"{}".to_vec()))], inner.newest().size.get() + 1).unwrap();
    let answer = register.get(&format!("/v1/works/{}", &work.to_string()[..63])).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "ambiguous"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_do_not_match_are_never_answered_from() {
    let register = Register::new();
    let work = minted(&register, "ana", "hills").await;
    let inner = &register.running.api().register;
    let path = format!("/v1/works/{work}");
    let key = [b"e", &work.0.as_bytes()[..]].concat();
    let record = inner.view().record(&RecordKey::Work(work)).unwrap().unwrap();
    let record = record.replace("\"editions\":2", "\"editions\":9");
    inner.view().stage(vec![(key, Some(record.into_bytes()))], inner.newest().size.get() + 1).unwrap();
    let answer = register.get(&path).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "view_damaged"));
    let certificate = register.get(&format!("{path}/certificate")).await;
    assert_eq!(certificate.code(), "view_damaged");
    let health = register.get("/health").await;
    assert_eq!((health.status.as_u16(), health.json()["status"].as_str()), (503, Some("view_damaged")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_shown_with_every_registration_or_to_have_none() {
    let register = Register::new();
    let file = digest("hills");
    let path = format!("/v1/files/{file}");
    let (answer, state) = found(&register, &path).await;
    assert_eq!(answer["known"], false);
    assert_eq!(state.read::<FileRecord>(&RecordKey::File(file)), Ok(None));

    let first = minted(&register, "ana", "hills").await;
    let people: Vec<String> = (2..=103).map(|n| format!("claimant {n}")).collect();
    let claim = |by: &str| Body::Mint(Mint { ack_first: Some(first), ..mint(by, "hills") });
    let entries: Vec<_> =
        people.iter().map(|by| json!({"entry": Signing::of(claim(by), &[by]).note(register.id())})).collect();
    assert_eq!(register.post_json("/v1/entries/many", &json!({"entries": entries})).await.status, StatusCode::OK);

    let (answer, state) = found(&register, &path).await;
    assert_eq!(answer["known"], true);
    let record: FileRecord = state.read(&RecordKey::File(file)).unwrap().unwrap();
    assert_eq!((record.count, record.work, record.face), (103, first, true));
    let claims = |state: &Shown| -> Vec<u64> {
        (1..=110).filter(|number| matches!(state.record(&RecordKey::Claim(file, *number)), Ok(Some(_)))).collect()
    };
    assert_eq!(claims(&state), (2..=100).collect::<Vec<_>>());
    assert!(state.read::<WorkRecord>(&RecordKey::Work(first)).unwrap().is_some());
    let (_, state) = found(&register, &format!("{path}?after=100")).await;
    assert_eq!(claims(&state), [101, 102, 103]);
    let (_, state) = found(&register, &format!("{path}?after=18446744073709551615")).await;
    assert!(claims(&state).is_empty());
    assert_eq!(register.get("/v1/files/hills").await.code(), "bad_request");
}

/// A mint of a picture with this code.
fn pictured(by: &str, face: &str, head: u64) -> Body {
    let mut code = [0x5a; 32];
    code[..8].copy_from_slice(&head.to_be_bytes());
    let iscc = Iscc::new(vec![Unit::new(UnitKind::Image, code)]).unwrap();
    let plain = mint(by, face);
    let file = WorkFile { fingerprint: Some(iscc.to_string().parse().unwrap()), ..plain.files.as_slice()[0].clone() };
    Body::Mint(Mint { files: Files::new(vec![file]).unwrap(), ..plain })
}

#[tokio::test(flavor = "multi_thread")]
async fn lookalikes_are_found_by_any_of_the_codes_asked_about() {
    let register = Register::new();
    let (first, second) = (0x0f0f_3333_5555_00ff_u64, 0xf0f0_cccc_aaaa_ff00_u64);
    let ask = |codes: &str, distance: u32| format!("/v1/lookalikes?kind=image&codes={codes}&distance={distance}");
    assert_eq!(register.get(&ask(&format!("{first:016x}"), 0)).await.json()["lookalikes"], json!([]));
    let hills = register.record(Signing::of(pictured("ana", "hills", first), &["ana"])).await;
    let flat = register.record(Signing::of(pictured("ana", "fog", 1 << 63), &["ana"])).await;
    let again = register.record(Signing::of(pictured("bo", "again", first ^ 0b101), &["bo"])).await;
    minted(&register, "cy", "without a code").await;
    let answer = register.get(&ask(&format!("{second:016x},{first:016x}"), 4)).await.json();
    assert_eq!(answer["size"], register.running.api().register.newest().size.get());
    let near = |entry: &Value, distance: u32| json!({"work": entry["id"], "file": 1, "index": entry["index"], "distance": distance, "code": 1});
    assert_eq!(answer["lookalikes"], json!([near(&hills, 0), near(&again, 2)]));
    assert_eq!(register.get(&ask(&format!("{first:016x}"), 1)).await.json()["lookalikes"].as_array().unwrap().len(), 1);
    assert_eq!(register.get(&ask("8000000000000000", 15)).await.json()["lookalikes"], json!([]), "{flat}");
    let before = |index: &Value| ask(&format!("{second:016x},{first:016x}"), 4) + &format!("&before={index}");
    let answer = register.get(&before(&again["index"])).await.json();
    assert_eq!(answer["lookalikes"], json!([near(&hills, 0)]), "what came later is passed over");
    assert_eq!(register.get(&before(&hills["index"])).await.json()["lookalikes"], json!([]));
    for wrong in [
        "",
        "?kind=image&distance=4",
        "?kind=data&codes=0123456789abcdef&distance=4",
        "?kind=image&codes=0123456789abcdef&distance=4&before=-1",
    ] {
        assert_eq!(register.get(&format!("/v1/lookalikes{wrong}")).await.code(), "bad_request");
    }
    assert_eq!(register.get(&ask("0123456789abcdef", 16)).await.code(), "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_with_what_it_holds() {
    let register = Register::new();
    let path = |name: &str| format!("/v1/accounts/{}", account(name));
    let (answer, state) = found(&register, &path("ana")).await;
    assert_eq!(state.record(&RecordKey::Account(account("ana"))), Ok(None));
    assert_eq!((&answer["chain"], &answer["held"], &answer["minted"]), (&json!([]), &json!([]), &json!([])));

    let work = minted(&register, "ana", "hills").await;
    let profile = register.record(Signing::of(profile("ana", None), &["ana"])).await;
    register.record(Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"])).await;
    let (answer, state) = found(&register, &path("ana")).await;
    assert!(state.record(&RecordKey::Account(account("ana"))).unwrap().is_some());
    assert_eq!(answer["chain"], json!([{"index": profile["index"], "id": profile["id"]}]));
    assert_eq!((&answer["held"], &answer["minted"]), (&json!([{"work": work, "edition": 2}]), &json!([work])));
    let (answer, _) = found(&register, &path("bo")).await;
    assert_eq!(answer["held"], json!([{"work": work, "edition": 1}]));

    let sale = Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"]).id(register.id());
    let on = Terms { from_country: "FR".parse().unwrap(), ..terms(TermsWord::Offer, ("bo", "cy"), work, sale) };
    let offered = register.record(Signing::of(Body::Offer(on), &["bo"])).await;
    let inbox = register.get(&format!("{}/inbox", path("cy"))).await.json();
    assert_eq!(inbox, json!({"drafts": [], "offers": [{"work": work, "edition": 1, "offer": offered["id"]}]}));
    assert_eq!(register.get("/v1/accounts/ana").await.code(), "bad_request");
    assert_eq!(register.get("/v1/accounts/ana/inbox").await.code(), "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_found_by_index_and_id_with_its_receipt() {
    let register = Register::new();
    let recorded = register.record(minting("ana", "hills")).await;
    let (index, id) = (recorded["index"].to_string(), recorded["id"].as_str().unwrap().to_owned());
    let by_index = register.get(&format!("/v1/entries/{index}")).await.json();
    assert_eq!(by_index, register.get(&format!("/v1/entries/{id}")).await.json());
    assert_eq!(by_index, json!({"id": id, "index": recorded["index"], "entry": recorded["entry"]}));
    let receipt: Answer = register.get(&format!("/v1/entries/{id}/receipt")).await;
    assert_eq!(receipt.header("content-type"), "text/plain; charset=utf-8");
    let leaf = leaf_hash(recorded["entry"].as_str().unwrap().as_bytes());
    Receipt::parse(&receipt.bytes).unwrap().verify(&leaf, &register.rules.log_key).unwrap();
    assert!(Note::parse(recorded["entry"].as_str().unwrap().as_bytes(), 1).is_ok());
    let beyond = register.running.api().register.newest().size;
    for (entry, code) in [
        (beyond.to_string(), "not_found"),
        (u64::MAX.to_string(), "not_found"),
        (digest("none").to_string(), "not_found"),
        ("00".to_owned(), "bad_request"),
        ("-1".to_owned(), "bad_request"),
        (id[..16].to_owned(), "bad_request"),
    ] {
        assert_eq!(register.get(&format!("/v1/entries/{entry}")).await.code(), code, "{entry}");
        assert_eq!(register.get(&format!("/v1/entries/{entry}/receipt")).await.code(), code, "{entry}");
    }
}
