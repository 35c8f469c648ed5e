//! The rules and what they would answer: a node hands out records, and what follows from them is not its to say.

use colophon_client::failure::{Class, Failure as _};
use colophon_client::lookup::Looked;
use colophon_client::stats::Dimension;
use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::judgement::Outcome;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::deal::{Basis, Decree, Delivery};
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::state::About;
use serde_json::{Value, json};

use crate::node::{Node, Reply};
use crate::people::{ARTIST, BUYER, GOVERNOR, THIEF, digest, signed};
use crate::register::{Story, TIME_MS, TrueRegister};

const LICENCE: &str = r#"@id("licence")
@cite("Act on Borders, section 5")
@checked("2026-11-29")
@because("works leave with a paper")
@outcome("refuse")
@document("NAT_EXPORT_LICENCE")
@by("from")
forbid (principal, action in Action::"crossing", resource)
when { context.from != context.to }
unless { context.papers.contains({ document: Document::"NAT_EXPORT_LICENCE", by: "from" }) };"#;

/// Lets the governor act after another act, or after the genesis.
fn act(register: &mut TrueRegister, prev: EntryId, mut body: Value) -> EntryId {
    let name = register.rules.register.clone();
    body["by"] = json!(GOVERNOR.account());
    body["governors"] = json!([GOVERNOR.account()]);
    body["prev"] = json!(prev);
    let entry = signed(&name, &body, &[GOVERNOR]);
    register.must(std::slice::from_ref(&entry));
    entry.id()
}

/// A register with a rule in force and an authority, and a work of the artist's.
async fn corridor() -> (Node, EntryId) {
    let mut story = Story::tell(1);
    let register = &mut story.register;
    let genesis = register.rules.register.genesis;
    let enrolled = json!({
        "account": THIEF.account(), "country": "CN", "kind": "authority", "types": ["NAT_EXPORT_LICENCE"],
    });
    let newest = act(register, genesis, enrolled);
    let lines: Vec<&str> = LICENCE.lines().collect();
    let rules = json!({
        "citation": "Act on Borders", "height": 20, "jurisdiction": "CN", "kind": "rules", "name": "LAW", "schema": 1,
        "text": lines,
    });
    act(register, newest, rules);
    let mut number = 0;
    while register.height() < 21 {
        number += 1;
        register.mint(ARTIST, &format!("filler {number}"), None);
    }
    (Node::start(story.register).await, story.untouched)
}

fn proposed(work: EntryId) -> Proposed {
    Proposed {
        work,
        edition: 1,
        to: BUYER.account(),
        to_country: "FR".parse().unwrap(),
        deed: Deed::Transfer(Basis::Sale),
        delivery: Delivery::Digital,
        price: None,
        professional: false,
        value: None,
    }
}

#[tokio::test]
async fn what_the_rules_would_answer_is_judged_here() {
    let (node, work) = corridor().await;
    let foreseen = node.client().foresee(&proposed(work), TIME_MS).await.unwrap();
    let judgement = foreseen.judgement.unwrap();
    assert_eq!((judgement.outcome, judgement.findings.len()), (Outcome::Refuse, 1));
    // A node that says otherwise is not even listened to.
    node.lie(|path, truth| {
        let mut told = if path.contains("/crossing?") { truth.value() } else { return truth };
        told["judgement"] = json!({"outcome": "allow", "findings": [], "papers": [], "rules": digest("rules")});
        Reply::json(&told)
    });
    let foreseen = node.client().foresee(&proposed(work), TIME_MS).await.unwrap();
    assert_eq!(foreseen.judgement.map(|judgement| judgement.outcome), Some(Outcome::Refuse));
}

#[tokio::test]
async fn a_move_and_an_authority_s_word_are_foreseen_too() {
    let (node, work) = corridor().await;
    for (deed, to) in [(Deed::Move, ARTIST), (Deed::Transmit(Decree::Restitution), BUYER)] {
        let proposed = Proposed { deed, to: to.account(), ..proposed(work) };
        let foreseen = node.client().foresee(&proposed, TIME_MS).await.unwrap();
        assert_eq!(foreseen.judgement.map(|judgement| judgement.outcome), Some(Outcome::Refuse), "{deed:?}");
    }
    let asked = node.shelf.lock().unwrap().asked.clone();
    for words in ["&deed=move&delivery=", "&deed=transmit&basis=restitution&delivery="] {
        assert!(asked.iter().any(|path| path.contains(words)), "{words}: {asked:?}");
    }
}

#[tokio::test]
async fn a_record_that_is_held_back_or_changed_is_noticed() {
    let (node, work) = corridor().await;
    let path_asked = |path: &str| path.contains("/crossing?");
    let count = {
        let client = node.client();
        client.foresee(&proposed(work), TIME_MS).await.unwrap();
        let mut shelf = node.shelf.lock().unwrap();
        let path = shelf.asked.iter().rfind(|path| path_asked(path)).unwrap().clone();
        shelf.answer(&path, &[]).unwrap().value()["records"].as_array().unwrap().len()
    };
    assert!(count > 5, "{count}");
    for place in 0..count {
        node.lie(move |path, truth| {
            let mut told = if path_asked(path) { truth.value() } else { return truth };
            told["records"].as_array_mut().unwrap().remove(place);
            Reply::json(&told)
        });
        let error = node.client().foresee(&proposed(work), TIME_MS).await.unwrap_err();
        assert_eq!(error.class(), Class::Security, "{place}: {error}");
    }
    node.lie(move |path, truth| {
        if !path_asked(path) {
            return truth;
        }
        let text = String::from_utf8(truth.body).unwrap();
        assert!(text.contains("context.from != context.to"), "the text of the rule comes along");
        Reply::ok(text.replace("context.from != context.to", "context.from == context.to"))
    });
    let error = node.client().foresee(&proposed(work), TIME_MS).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
}

#[tokio::test]
async fn rules_come_under_their_digest_with_those_who_attest_documents() {
    let (node, _) = corridor().await;
    let client = node.client();
    let facts = client.rules_in_force().await.unwrap();
    let [listed] = &facts.sets[..] else { panic!("one set: {facts:?}") };
    let set = listed.set.as_ref().unwrap();
    assert_eq!((listed.name.as_str(), set.rules.len(), facts.in_force.is_some()), ("LAW", 1, true));
    assert_eq!(set.rules[0].rule, "LAW/licence");
    assert_eq!(facts.enrolled("CN", "NAT_EXPORT_LICENCE").collect::<Vec<_>>(), [&THIEF.account()]);
    assert_eq!(facts.enrolled("CN", "INVOICE").count() + facts.enrolled("FR", "NAT_EXPORT_LICENCE").count(), 0);

    let found = client.rule_set(&set.digest).await.unwrap();
    assert!(matches!(found, Looked::Found((found, _)) if found == *set));
    assert!(matches!(client.rule_set(&digest("nothing")).await.unwrap(), Looked::Absent(_)));
    let invoice = "INVOICE".parse().unwrap();
    let about = About::Account(BUYER.account());
    assert!(matches!(client.paper(about, &invoice, &THIEF.account()).await.unwrap(), Looked::Absent(_)));
    // Another set than the one asked for is no answer.
    let other: Digest = digest("another");
    let answer = truth_of(&node, &format!("v1/rules/{}", set.digest));
    node.lie(move |path, truth| if path == format!("v1/rules/{other}") { answer.clone() } else { truth });
    assert_eq!(client.rule_set(&other).await.unwrap_err().class(), Class::Security);
}

/// Returns the true answer to a path.
fn truth_of(node: &Node, path: &str) -> Reply {
    node.shelf.lock().unwrap().answer(path, &[]).unwrap()
}

#[tokio::test]
async fn statistics_are_of_the_cells_that_were_asked_for_or_are_no_answer() {
    let (node, _) = corridor().await;
    let client = node.client();
    let table = |cells: Value, transfers: u64| {
        json!({
            "size": 30, "time_ms": TIME_MS, "k": 5, "by": ["from", "currency"], "cells": cells, "transfers": transfers,
            "left_out": true,
        })
    };
    let by = [Dimension::From, Dimension::Currency];
    let right = json!([{"from": "CN", "currency": "committed", "transfers": 5}]);
    for (cells, transfers, is_right) in [
        (right.clone(), 5, true),
        (right, 6, false),
        (json!([{"from": "CN", "currency": "EUR", "transfers": 4, "amount": 7}]), 4, false),
        (json!([{"from": "CN", "transfers": 5}]), 5, false),
        (json!([{"from": "CN", "currency": "EUR", "year": 2026, "transfers": 5}]), 5, false),
        (json!([{"from": "China", "currency": "EUR", "transfers": 5}]), 5, false),
    ] {
        node.answer(Reply::json(&table(cells.clone(), transfers)));
        assert_eq!(client.stats(&by, 5).await.is_ok(), is_right, "{cells}");
    }
}
