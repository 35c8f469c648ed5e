//! What a maker states of a work reaches the shipped rules of heritage and of machine-made content, and stays to be seen when it is amended.

use colophon_ledger::entry::Body;
use colophon_ledger::entry::attest::{Attest, AttestWord};
use colophon_ledger::field::Digest;
use colophon_tlog::hash::sha256;
use e2e::minting::Minter;
use e2e::person::Person;

use crate::royalties::{adopt, enrol};
use crate::scene::{Scene, account, holder, refused, text};

fn mint(person: &Person, name: &str, more: &[&str]) -> String {
    person.put(name, name.as_bytes());
    let mint = ["mint", name, "--title", "en:Test", "--country", "CN", "--yes", "--json"];
    text(&person.succeed(&[&mint[..], more].concat()).json(), "/work")
}

fn offer(scene: &Scene, work: &str, country: &str, more: &[&str]) -> String {
    let to = account(&scene.bruno);
    let offer = ["offer", work, "--to", &to, "--to-country", country, "--until", "30 days", "--yes", "--json"];
    text(&scene.ana.succeed(&[&offer[..], more].concat()).json(), "/id")
}

/// Has an account state a document about a work.
fn attest(scene: &Scene, by: &Minter, work: &str, document: &str) {
    let body = Body::Attest(Attest {
        account: None,
        by: by.account(),
        card: None,
        edition: None,
        kind: AttestWord::It,
        prev: None,
        sha256: Digest(sha256(b"the paper")),
        document_type: document.parse().unwrap(),
        valid_from: None,
        valid_to: None,
        work: Some(work.parse().unwrap()),
    });
    let answer = scene.node.post("/v1/entries", "text/plain", by.sign(&body).to_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn a_digitised_relic_leaves_with_its_licence_alone() {
    let scene = Scene::open();
    let scroll =
        ["--source-type", "digitalCapture", "--category", "painting", "--protection", "listed", "--age", "gt250"];
    let work = mint(&scene.ana, "scroll.txt", &scroll);
    adopt(&scene, "CN-EXP-HERITAGE", "CN");
    let bureau = Minter::new("bureau", &scene.node);
    enrol(&scene, &bureau.account().to_string(), "CN", "NAT_EXPORT_LICENCE");
    let id = offer(&scene, &work, "FR", &[]);
    let kept = scene.bruno.expect(&["accept", &id, "--yes"], 6);
    assert!(
        kept.stderr.contains("NAT_EXPORT_LICENCE") && kept.stderr.contains("CN-EXP-HERITAGE/digitisation"),
        "{kept}"
    );
    attest(&scene, &bureau, &work, "NAT_EXPORT_LICENCE");
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));
}

#[test]
fn an_old_work_of_some_value_enters_the_union_with_a_statement_of_its_importer() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "painting.txt", &["--category", "painting", "--age", "200_250", "--made-in", "CN"]);
    adopt(&scene, "EU-IMP-880", "EU");
    enrol(&scene, &account(&scene.bruno), "FR", "EU_IMPORTER_STATEMENT");
    // At the threshold, and a cent below it.
    let id = offer(&scene, &work, "FR", &["--delivery", "physical", "--value", "18000.00 EUR"]);
    assert_eq!(refused(&scene.bruno, &["accept", &id, "--yes"]), "crossing_held");
    scene.bruno.succeed(&["decline", &id, "--yes"]);
    let id = offer(&scene, &work, "FR", &["--delivery", "physical", "--value", "17999.99 EUR"]);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    let history = scene.bruno.succeed(&["history", &work]);
    assert!(history.stdout.contains("declared to be worth 17999.99 EUR"), "{history}");
}

#[test]
fn a_party_s_own_word_is_told_as_that_and_not_as_an_authority_s() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "book.txt", &["--category", "book", "--age", "200_250", "--made-in", "CN"]);
    adopt(&scene, "EU-IMP-880", "EU");
    scene.bruno.put("statement.pdf", b"I am the importer.");
    let state = ["attest", &work, "--type", "EU_IMPORTER_STATEMENT", "--file", "statement.pdf", "--yes"];
    scene.bruno.succeed(&state);
    let id = offer(&scene, &work, "FR", &["--delivery", "physical", "--value", "18000.00 EUR"]);
    let accepted = scene.bruno.succeed(&["accept", &id, "--yes"]);
    assert!(accepted.stderr.contains("EU_IMPORTER_STATEMENT stated by"), "{accepted}");
    let history = scene.bruno.succeed(&["history", &work, "--json"]).json();
    let paper = history["story"].as_array().unwrap().iter().find_map(|step| step.get("ruled")).unwrap();
    assert_eq!(text(paper, "/papers/0/stated_by"), "recipient");
    let shown = scene.bruno.succeed(&["show", &work]);
    assert!(shown.stdout.contains("EU_IMPORTER_STATEMENT stated by"), "{shown}");
}

#[test]
fn facts_are_amended_by_the_maker_and_what_was_stated_first_stays() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "dream.txt", &["--human", "prompt"]);
    adopt(&scene, "AI-LABEL", "CN");
    let amend =
        ["amend", &work, "--source-type", "trainedAlgorithmicMedia", "--ai-label", "gb45438-2025", "--human", "edit"];
    assert_eq!(refused(&scene.bruno, &[&amend[..], &["--yes"]].concat()), "not_maker");
    let amended = scene.ana.succeed(&[&amend[..], &["--note", "it was a model", "--yes"]].concat());
    assert!(amended.stdout.contains("amended"), "{amended}");
    scene.ana.expect(&[&amend[..], &["--yes"]].concat(), 2);
    let coming = scene.ana.expect(&["amend", &work, "--created", "9998", "--yes"], 2);
    assert!(coming.stderr.contains("9998 is still to come"), "{coming}");
    // The rule for machine-made content fires on what it says now; where nobody else can, the seller states the label.
    let id = offer(&scene, &work, "CN", &[]);
    let kept = scene.bruno.expect(&["accept", &id, "--yes"], 6);
    assert!(kept.stderr.contains("AI_LABEL_ATTEST"), "{kept}");
    let shown = scene.bruno.succeed(&["show", &work]);
    for told in
        ["AMENDED", "first stated:", "people's: edit; labelled by gb45438-2025", "people's: prompt; not labelled"]
    {
        assert!(shown.stdout.contains(told), "{told}: {shown}");
    }
    let json = scene.bruno.succeed(&["show", &work, "--json"]).json();
    assert_eq!(text(&json, "/card/source_type"), "trainedAlgorithmicMedia");
    assert_eq!(text(&json, "/card/amended/source_type"), "digitalCreation");
    scene.ana.succeed(&["certificate", &work, "-o", "dream.json"]);
    scene.bruno.put("dream.json", &std::fs::read(scene.ana.desk().join("dream.json")).unwrap());
    let vkey = scene.node.vkey();
    let told = scene.bruno.succeed(&["verify", "dream.json", "--offline", "--vkey", &vkey, "--json"]).json();
    assert_eq!(told["card"]["amended"]["count"], 1);
}
