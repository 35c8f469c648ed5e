//! Trade statistics: counted by hand, small cells left out, secret prices never added.

use axum::http::StatusCode;
use colophon_ledger::deal::{Basis, Commitment, Delivery, Money, Price};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::amend::{Amend, AmendWord};
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::facts::{Fcs, WorkFacts};
use colophon_ledger::field::{EntryId, Int, WorkId};
use serde_json::{Value, json};

use crate::people::{Signing, accept, account, digest, mint, terms};
use crate::register::Register;

/// The time of all tests is in November of 2026.
const QUARTER: u64 = 4;

fn euros(amount: u64) -> Price {
    Price::Open(Money { amount: Int::new(amount).unwrap(), currency: "EUR".parse().unwrap() })
}

/// Records a transfer from Ana to Bo of a work that Ana has just minted.
async fn sell(register: &Register, face: &str, kind: &str, price: Option<Price>, more: impl Fn(Terms) -> Terms) {
    let mint = Mint { work_kind: kind.parse().unwrap(), ..mint("ana", face) };
    let work = record(register, Body::Mint(mint), &["ana"]).await;
    let terms = more(Terms { price, ..terms(TermsWord::Transfer, ("ana", "bo"), work, work) });
    match terms.kind {
        TermsWord::Transfer => {
            record(register, Body::Transfer(terms), &["ana", "bo"]).await;
        }
        TermsWord::Offer => {
            let offer = record(register, Body::Offer(terms), &["ana"]).await;
            record(register, accept("bo", work, offer), &["bo"]).await;
        }
    }
}

async fn record(register: &Register, body: Body, signers: &[&str]) -> EntryId {
    let recorded = register.record(Signing::of(body, signers)).await;
    recorded["id"].as_str().unwrap().parse::<WorkId>().unwrap()
}

async fn cells(register: &Register, query: &str) -> (Value, Vec<Value>) {
    let answer = register.get(&format!("/v1/stats?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let table = answer.json();
    let cells = table["cells"].as_array().unwrap().clone();
    (table, cells)
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_and_amounts_are_those_that_are_counted_by_hand() {
    let register = Register::new();
    let secret = Price::Committed(Commitment { commitment: digest("a price") });
    let same = |terms: Terms| terms;
    sell(&register, "1", "digital_image", Some(euros(100)), same).await;
    sell(&register, "2", "digital_image", Some(euros(250)), |terms| Terms { kind: TermsWord::Offer, ..terms }).await;
    sell(&register, "3", "game", Some(secret), same).await;
    sell(&register, "4", "game", None, |terms| Terms { basis: Basis::Gift, delivery: Delivery::Rights, ..terms }).await;
    sell(&register, "5", "game", Some(euros(7)), |terms| Terms { to_country: "IT".parse().unwrap(), ..terms }).await;

    let all = "by=from,to,year,quarter,category,domain,delivery,ordering,currency&k=1";
    let (table, found) = cells(&register, all).await;
    let cell = |to: &str, category: &str, more: Value| {
        let mut cell = json!({
            "from": "CN", "to": to, "year": 2026, "quarter": QUARTER, "category": category, "domain": "none",
            "delivery": "digital",
            "ordering": "not_stated", "transfers": 1,
        });
        cell.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cell
    };
    let expected = [
        cell("FR", "digital_image", json!({"currency": "EUR", "amount": 250, "ordering": "digital"})),
        cell("FR", "digital_image", json!({"currency": "EUR", "amount": 100})),
        cell("FR", "game", json!({"currency": "committed"})),
        cell("FR", "game", json!({"currency": "not_stated", "delivery": "rights"})),
        cell("IT", "game", json!({"currency": "EUR", "amount": 7})),
    ];
    assert_eq!(found.len(), expected.len(), "{table}");
    for cell in &expected {
        assert!(found.contains(cell), "{cell} is not in {table}");
    }
    assert_eq!((&table["transfers"], &table["left_out"], &table["k"]), (&json!(5), &json!(false), &json!(1)));
    assert_eq!(table["size"], register.get("/health").await.json()["size"]);

    // Added up, and what is small left out of cells and sums alike.
    let (table, found) = cells(&register, "by=to,currency&k=2").await;
    assert_eq!(found, [json!({"to": "FR", "currency": "EUR", "transfers": 2, "amount": 350})]);
    assert_eq!((&table["transfers"], &table["left_out"]), (&json!(2), &json!(true)));
    let (_, found) = cells(&register, "by=to&k=2").await;
    assert_eq!(found, [json!({"to": "FR", "transfers": 4})], "amounts of several currencies are no amount");
    let (_, found) = cells(&register, "by=&k=5").await;
    assert_eq!(found, [json!({"transfers": 5})]);
    // Whoever asks for nothing gets the cells of five and more by corridor, year and currency.
    let (table, found) = cells(&register, "").await;
    assert_eq!((&table["by"], &table["k"], found.len()), (&json!(["from", "to", "year", "currency"]), &json!(5), 0));

    // What comes later is counted when somebody asks again.
    sell(&register, "6", "digital_image", Some(euros(650)), same).await;
    let (_, found) = cells(&register, "by=to,currency&k=3").await;
    assert_eq!(found, [json!({"to": "FR", "currency": "EUR", "transfers": 3, "amount": 1_000})]);
}

/// The facts that state a domain.
fn of_domain(letter: &str) -> WorkFacts {
    let fcs = Fcs { domain: letter.parse().unwrap(), version: "fcs2009".parse().unwrap() };
    WorkFacts { fcs: Some(fcs), ..WorkFacts::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_counted_as_it_was_stated_before_the_transfer() {
    let register = Register::new();
    let mint_of =
        |face: &str, facts: Option<WorkFacts>| Body::Mint(Mint { facts: facts.map(Box::new), ..mint("ana", face) });
    let amend = |work, prev, letter: &str| {
        let facts = Some(of_domain(letter));
        let (by, kind) = (account("ana"), AmendWord::It);
        let amend = Amend { by, card: None, created: None, facts, kind, made_in: None, prev, source_type: None, work };
        Body::Amend(Box::new(amend))
    };
    let sale = |work| Body::Transfer(terms(TermsWord::Transfer, ("ana", "bo"), work, work));
    let both = ["ana", "bo"];
    let silent = record(&register, mint_of("silent", None), &["ana"]).await;
    record(&register, sale(silent), &both).await;
    let heritage = record(&register, mint_of("heritage", Some(of_domain("A"))), &["ana"]).await;
    record(&register, sale(heritage), &both).await;
    // Amended twice before it is sold, and once after; nobody has counted meanwhile.
    let moved = record(&register, mint_of("moved", Some(of_domain("A"))), &["ana"]).await;
    let first = record(&register, amend(moved, moved, "D"), &["ana"]).await;
    let second = record(&register, amend(moved, first, "C"), &["ana"]).await;
    record(&register, sale(moved), &both).await;
    record(&register, amend(moved, second, "E"), &["ana"]).await;
    record(&register, amend(heritage, heritage, "F"), &["ana"]).await;
    let (table, found) = cells(&register, "by=domain&k=1").await;
    let cell = |domain: &str| json!({"domain": domain, "transfers": 1});
    assert_eq!(found, [cell("none"), cell("fcs2009:A"), cell("fcs2009:C")], "{table}");
    let (table, found) = cells(&register, "by=domain&k=2").await;
    assert_eq!((found.len(), &table["transfers"], &table["left_out"]), (0, &json!(0), &json!(true)));
    let (_, found) = cells(&register, "by=&k=3").await;
    assert_eq!(found, [json!({"transfers": 3})], "coarser cells are counted by themselves");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_for_other_cells_is_told_apart() {
    let register = Register::new();
    for query in ["by=price", "by=from,from2", "k=0", "k=-1", "k=1000001", "nonsense=1", "by=from&by=to"] {
        assert_eq!(register.get(&format!("/v1/stats?{query}")).await.code(), "bad_request", "{query}");
    }
    let (table, found) = cells(&register, "k=1").await;
    assert_eq!((found.len(), &table["transfers"], &table["left_out"]), (0, &json!(0), &json!(false)));
}
