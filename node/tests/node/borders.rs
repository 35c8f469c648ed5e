//! The rules of the corridor as they stand, and what they would answer: proved, and judged alike by whoever asks.

use axum::http::StatusCode;
use colophon_ledger::account::AccountId;
use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::judgement::{Judgement, Outcome};
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::crossing::rule_book::document_types;
use colophon_ledger::deal::{Basis, Decree, Delivery};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::attest::{Attest, AttestWord};
use colophon_ledger::field::{Int, WorkId};
use colophon_ledger::proved::{Shown, StateAnswer};
use colophon_ledger::state::{
    About, AuthorityRecord, PaperRecord, PublishedRecord, RecordKey, Records as _, RuleListRecord,
};
use colophon_node::govern::{Act, Beginning, Standing};
use colophon_node::keys::load_file;
use serde_json::Value;

use crate::people::{NOW_MS, Signing, account, digest, minting, transfer};
use crate::register::{Answer, Register};

pub(crate) const LICENCE: &str = r#"@id("licence")
@cite("Act on Borders, section 5")
@checked("2026-11-29")
@because("works leave with a paper")
@outcome("refuse")
@document("NAT_EXPORT_LICENCE")
@by("from")
forbid (principal, action in Action::"crossing", resource)
when { context.from != context.to }
unless { context.papers.contains({ document: Document::"NAT_EXPORT_LICENCE", by: "from" }) };
"#;

/// Lets the only governor act.
async fn govern(register: &Register, act: &Act) {
    let key = load_file(&register.path().join("governor.key")).unwrap();
    let own = AccountId::from(&key.public());
    let draft = Standing::read(register.path()).unwrap().draft(act, own, &[], key).unwrap();
    let answer = register.post("/v1/entries", "text/plain", draft.to_entry().unwrap().to_bytes()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
}

fn rules(text: Option<&str>) -> Act {
    Act::Rules {
        name: "LAW".parse().unwrap(),
        citation: "Act on Borders".parse().unwrap(),
        jurisdiction: "CN".parse().unwrap(),
        from: Beginning::Ahead(1),
        text: text.map(str::to_owned),
    }
}

fn authority(name: &str, types: &[&str]) -> Act {
    Act::Authority {
        account: account(name),
        country: "CN".parse().unwrap(),
        types: types.iter().map(|name| name.parse().unwrap()).collect(),
    }
}

fn attest(by: &str, work: WorkId, edition: Option<u64>) -> Body {
    Body::Attest(Attest {
        account: None,
        by: account(by),
        card: None,
        edition: edition.map(|edition| Int::new(edition).unwrap()),
        kind: AttestWord::It,
        prev: None,
        sha256: digest("the licence"),
        document_type: "NAT_EXPORT_LICENCE".parse().unwrap(),
        valid_from: None,
        valid_to: None,
        work: Some(work),
    })
}

async fn minted(register: &Register, face: &str) -> WorkId {
    register.record(minting("ana", face)).await["id"].as_str().unwrap().parse().unwrap()
}

fn shown(register: &Register, answer: &Answer) -> Shown {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let state: StateAnswer = serde_json::from_value(answer.json()).unwrap();
    state.verify(&register.rules).unwrap()
}

fn path(work: &WorkId, more: &str) -> String {
    format!("/v1/works/{work}/crossing?to={}&to_country=FR{more}", account("bo"))
}

fn gift(work: WorkId) -> Proposed {
    Proposed {
        work,
        edition: 1,
        to: account("bo"),
        to_country: "FR".parse().unwrap(),
        deed: Deed::Transfer(Basis::Gift),
        delivery: Delivery::Digital,
        price: None,
        professional: false,
        value: None,
    }
}

/// Returns the judgement of an answer, after coming to the same from its records.
fn judged(register: &Register, proposed: &Proposed, answer: &Answer) -> Option<Judgement> {
    let records = shown(register, answer);
    let told: Value = answer.json();
    let height = records.seal.height.get() + 1;
    assert_eq!(told["height"], height);
    let own = proposed.judge(height, NOW_MS, &records).unwrap();
    let told: Option<Judgement> = told.get("judgement").map(|told| serde_json::from_value(told.clone()).unwrap());
    assert_eq!(own, told, "whoever holds the records comes to the same");
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crossing_needs_is_told_before_anybody_signs_and_follows_from_the_records() {
    let register = Register::new();
    let work = minted(&register, "hills").await;
    let ask = path(&work, "&basis=gift");
    assert_eq!(judged(&register, &gift(work), &register.get(&ask).await), None, "no rules are in force");

    govern(&register, &authority("bureau", &["NAT_EXPORT_LICENCE"])).await;
    govern(&register, &rules(Some(LICENCE))).await;
    let refused = judged(&register, &gift(work), &register.get(&ask).await).unwrap();
    assert_eq!(refused.outcome, Outcome::Refuse);
    let [said] = &refused.findings[..] else { panic!("one rule: {refused:?}") };
    assert_eq!((said.rule.as_str(), said.cite.as_str()), ("LAW/licence", "Act on Borders, section 5"));
    assert_eq!(said.cure, "get NAT_EXPORT_LICENCE by an authority enrolled for CN");
    let given = || Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"]);
    let answer = register.submit(given()).await;
    assert_eq!(answer.code(), "crossing_refused");
    assert_eq!(answer.json()["crossing"]["rules"], refused.rules.to_string());

    register.record(Signing::of(attest("bureau", work, None), &["bureau"])).await;
    let allowed = judged(&register, &gift(work), &register.get(&ask).await).unwrap();
    assert_eq!((allowed.outcome, allowed.findings.len(), allowed.papers.len()), (Outcome::Allow, 0, 1));
    register.record(given()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_and_an_authority_s_word_are_judged_as_what_they_are() {
    let register = Register::new();
    let work = minted(&register, "hills").await;
    let moves = LICENCE.replace("action in Action::\"crossing\"", "action == Action::\"move\"");
    let orders = LICENCE
        .replace("@id(\"licence\")", "@id(\"order\")")
        .replace("context.from != context.to", "context.basis == Basis::\"court_order\"");
    govern(&register, &authority("bureau", &["NAT_EXPORT_LICENCE"])).await;
    govern(&register, &rules(Some(&format!("{moves}\n{orders}")))).await;
    for (query, to, deed, rule) in [
        ("&basis=gift", "bo", Deed::Transfer(Basis::Gift), None),
        ("&deed=move", "ana", Deed::Move, Some("LAW/licence")),
        ("&deed=transmit&basis=restitution", "bo", Deed::Transmit(Decree::Restitution), None),
        ("&deed=transmit&basis=court_order", "bo", Deed::Transmit(Decree::CourtOrder), Some("LAW/order")),
    ] {
        let path = format!("/v1/works/{work}/crossing?to={}&to_country=FR{query}", account(to));
        let proposed = Proposed { to: account(to), deed, ..gift(work) };
        let judgement = judged(&register, &proposed, &register.get(&path).await).unwrap();
        let says: Vec<&str> = judgement.findings.iter().map(|said| &*said.rule).collect();
        assert_eq!(says, rule.into_iter().collect::<Vec<_>>(), "{query}");
    }
    assert_eq!(register.get(&path(&work, "&deed=move")).await.code(), "not_holder", "who moves it must have it");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_authorities_and_documents_are_proved() {
    let register = Register::new();
    let work = minted(&register, "hills").await;
    let empty = shown(&register, &register.get("/v1/rules").await);
    assert_eq!(empty.read::<RuleListRecord>(&RecordKey::RuleList).unwrap(), None);

    govern(&register, &authority("bureau", &["NAT_EXPORT_LICENCE"])).await;
    govern(&register, &rules(Some(LICENCE))).await;
    let all = shown(&register, &register.get("/v1/rules").await);
    let list: RuleListRecord = all.read(&RecordKey::RuleList).unwrap().unwrap();
    let digest_of_set = list.sets[0].digest.unwrap();
    let record: PublishedRecord = all.read(&RecordKey::RuleSet(digest_of_set)).unwrap().unwrap();
    assert_eq!(record.text.len(), LICENCE.lines().count());
    let enrolled: AuthorityRecord = all.read(&RecordKey::Authority("CN".parse().unwrap())).unwrap().unwrap();
    assert_eq!(enrolled.accounts[0].account, account("bureau"));

    // A set that was withdrawn is still there under its digest.
    govern(&register, &rules(None)).await;
    let one = shown(&register, &register.get(&format!("/v1/rules/{digest_of_set}")).await);
    assert_eq!(one.read::<PublishedRecord>(&RecordKey::RuleSet(digest_of_set)).unwrap(), Some(record));
    let unknown = register.get(&format!("/v1/rules/{}", digest("nothing"))).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    let absence: StateAnswer = serde_json::from_value(unknown.json()["absence"].clone()).unwrap();
    let absent = absence.verify(&register.rules).unwrap();
    assert_eq!(absent.record(&RecordKey::RuleSet(digest("nothing"))), Ok(None));

    let ask = format!("/v1/papers?type=NAT_EXPORT_LICENCE&by={}&work={work}", account("bureau"));
    let key = RecordKey::Paper(About::Work(work), "NAT_EXPORT_LICENCE".parse().unwrap(), account("bureau"));
    assert_eq!(shown(&register, &register.get(&ask).await).read::<PaperRecord>(&key), Ok(None));
    register.record(Signing::of(attest("bureau", work, None), &["bureau"])).await;
    let paper: Option<PaperRecord> = shown(&register, &register.get(&ask).await).read(&key).unwrap();
    assert_eq!(paper.unwrap().sha256, digest("the licence"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_none_is_told_apart() {
    let register = Register::new();
    let work = minted(&register, "hills").await;
    for (path, code) in [
        (format!("/v1/works/{work}/crossing"), "bad_request"),
        (format!("/v1/works/{work}/crossing?to={}", account("bo")), "bad_request"),
        (path(&work, "&to_country=FR"), "bad_request"),
        (path(&work, "&edition=0"), "not_found"),
        (path(&work, "&edition=3"), "not_found"),
        (path(&work, "&basis=theft"), "bad_request"),
        (path(&work, "&basis=court_order"), "bad_request"),
        (path(&work, "&deed=theft"), "bad_request"),
        (path(&work, "&deed=move&basis=gift"), "bad_request"),
        (path(&work, "&deed=move&amount=5&currency=EUR"), "bad_request"),
        (path(&work, "&deed=transmit"), "bad_request"),
        (path(&work, "&deed=transmit&basis=sale"), "bad_request"),
        (path(&work, "&deed=transmit&basis=inheritance&professional=true"), "bad_request"),
        (path(&work, "&amount=5"), "bad_request"),
        (path(&work, "&amount=9007199254740992&currency=EUR"), "bad_request"),
        (path(&work, "&nonsense=1"), "bad_request"),
        (format!("/v1/papers?type=INVOICE&by={}", account("bo")), "bad_request"),
        (format!("/v1/papers?type=INVOICE&by={}&work={work}&account={}", account("bo"), account("bo")), "bad_request"),
        ("/v1/rules/LAW".to_owned(), "bad_request"),
    ] {
        assert_eq!(register.get(&path).await.code(), code, "{path}");
    }
    let answer = register.get(&path(&digest("nothing"), "")).await;
    assert_eq!(answer.code(), "not_found");
    let absence: StateAnswer = serde_json::from_value(answer.json()["absence"].clone()).unwrap();
    let absent = absence.verify(&register.rules).unwrap();
    assert_eq!(absent.record(&RecordKey::Work(digest("nothing"))), Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_records_than_an_answer_holds_are_said_to_be_too_many_and_the_register_judges_all_the_same() {
    let register = Register::new();
    let work = minted(&register, "hills").await;
    let every: Vec<&str> = document_types().collect();
    for number in 0..64 {
        govern(&register, &authority(&format!("bureau {number}"), &every)).await;
    }
    govern(&register, &rules(Some(LICENCE))).await;
    let ask = path(&work, "&basis=gift");
    assert!(
        judged(&register, &gift(work), &register.get(&ask).await).is_some(),
        "while nothing was said, little is asked"
    );
    register.record(Signing::of(attest("bureau 7", work, None), &["bureau 7"])).await;
    register.record(Signing::of(attest("bureau 8", work, Some(1)), &["bureau 8"])).await;
    let answer = register.get(&ask).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "crossing_too_large"));
    register.record(Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"])).await;
}
