//! Rules of the corridor: a copy comes to the same answers, and to the same records, though the rules change on the way.

use std::path::{Path, PathBuf};

use colophon_ledger::card::Card;
use colophon_ledger::deal::{Basis, Delivery};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::attest::{Attest, AttestWord};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{Digest, EntryId, Int};
use colophon_tlog::hash::sha256;
use e2e::minting::Minter;
use e2e::node::{Answer, Node};

use crate::scene::{Scene, assert_clean, assert_same_answer, assert_same_log, wait_for_card};

/// Lets the governor act, and hands it in.
fn govern(register: &Node, words: &[&str]) {
    let dir = register.dir();
    let (key, draft) = (dir.join("governor.key"), dir.join("act.draft"));
    let (verb, rest) = words.split_first().expect("a verb");
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let mut all = vec!["govern".to_owned(), (*verb).to_owned(), path(&dir), "--key".to_owned(), path(&key)];
    all.extend(rest.iter().map(|word| (*word).to_owned()));
    all.extend(["--out".to_owned(), path(&draft)]);
    let run = register.run_words(&all);
    assert_eq!(run.code, 0, "{run}");
    let entry =
        Draft::parse(&std::fs::read(&draft).expect("a draft")).expect("a draft").to_entry().expect("all signatures");
    std::fs::remove_file(&draft).expect("a draft that was handed in");
    let answer = register.post("/v1/entries", "text/plain", entry.to_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn publish(register: &Node, name: &str, file: Option<&Path>) {
    let what = file.map_or(vec!["--withdraw"], |file| vec!["--file", file.to_str().expect("a path")]);
    let words = ["rules", "--name", name, "--ahead", "1", "--citation", "an act", "--jurisdiction", "CN"];
    govern(register, &[&words[..], &what].concat());
}

fn sale(ana: &Minter, bo: &Minter, work: EntryId) -> Vec<u8> {
    let body = Body::Transfer(Terms {
        basis: Basis::Gift,
        by: ana.account(),
        card: None,
        delivery: Delivery::Digital,
        documents: None,
        edition: Int::new(1).expect("an edition"),
        expires_ms: Int::new(soon_ms()).expect("a time"),
        firm: None,
        professional: None,
        value: None,
        from_country: "CN".parse().expect("a country"),
        kind: TermsWord::Transfer,
        prev: work,
        price: None,
        to: bo.account(),
        to_country: "FR".parse().expect("a country"),
        work,
    });
    ana.sign_with(&body, &[bo]).to_bytes()
}

/// A month from now, by this machine's clock.
fn soon_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_millis()).expect("a time") + 30 * 24 * 60 * 60 * 1000
}

fn licence_about(by: &Minter, work: EntryId) -> Vec<u8> {
    let attest = Attest {
        account: None,
        by: by.account(),
        card: None,
        edition: None,
        kind: AttestWord::It,
        prev: None,
        sha256: Digest(sha256(b"the licence")),
        document_type: "NAT_EXPORT_LICENCE".parse().expect("a type"),
        valid_from: None,
        valid_to: None,
        work: Some(work),
    };
    by.sign(&Body::Attest(attest)).to_bytes()
}

fn submit(node: &Node, leaf: Vec<u8>) -> Answer {
    node.post("/v1/entries", "text/plain", leaf)
}

/// Writes rules that ask for a licence of works that go from China to a country.
fn rules_to(scene: &Scene, country: &str) -> PathBuf {
    let text = format!(
        "@id(\"licence\")\n@cite(\"an act\")\n@checked(\"2026-11-29\")\n@because(\"works leave with a licence\")\n\
         @outcome(\"refuse\")\n@document(\"NAT_EXPORT_LICENCE\")\n@by(\"from\")\n\
         forbid (principal, action in Action::\"crossing\", resource)\n\
         when {{ context.from == Country::\"CN\" && context.to == Country::\"{country}\" }}\n\
         unless {{ context.papers.contains({{ document: Document::\"NAT_EXPORT_LICENCE\", by: \"from\" }}) }};\n"
    );
    let path = scene.register.dir().join("..").join(format!("to-{country}.cedar"));
    std::fs::write(&path, text).expect("a file");
    path
}

#[test]
fn a_copy_judges_each_transfer_by_the_rules_of_its_own_height() {
    let mut scene = Scene::open();
    let minted: Vec<(Entry, Card)> = (0..4).map(|_| scene.next()).collect();
    for (entry, card) in &minted {
        assert_eq!(e2e::told::submit(&scene.register, entry, card).expect("an answer").status, 201);
    }
    let works: Vec<EntryId> = minted.iter().map(|(entry, _)| entry.id()).collect();
    let ana = scene.minter.clone();
    let (bo, bureau) = (Minter::new("bo", &scene.register), Minter::new("bureau", &scene.register));
    let mut copy = scene.copy();
    let sell = |node: &Node, work: usize| submit(node, sale(&ana, &bo, works[work]));

    // No rules; then a set that asks nothing of this way; then one that does, in the place of it.
    assert_eq!(sell(&scene.register, 0).status, 201);
    publish(&scene.register, "CN-LICENCE", Some(rules_to(&scene, "US").as_path()));
    let account = bureau.account().to_string();
    govern(&scene.register, &["authority", "--authority", &account, "--country", "CN", "--type", "NAT_EXPORT_LICENCE"]);
    scene.mint(1);
    assert_eq!(sell(&scene.register, 1).status, 201);
    publish(&scene.register, "CN-LICENCE", Some(rules_to(&scene, "FR").as_path()));
    scene.mint(1);
    scene.mint(1);
    // Refused at the copy as at the register, with the rule, its source and the cure.
    for node in [&scene.register, &copy] {
        let refused = sell(node, 2);
        let problem = refused.json();
        assert_eq!((refused.status, problem["code"].as_str()), (422, Some("crossing_refused")), "{}", refused.text());
        let objection = &problem["crossing"]["objections"][0];
        assert_eq!(objection["rule"], "CN-LICENCE/licence");
        assert_eq!(
            (objection["document"].as_str(), objection["of"].as_str()),
            (Some("NAT_EXPORT_LICENCE"), Some("CN"))
        );
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with("not legal advice")));
    }
    assert_eq!(submit(&copy, licence_about(&bureau, works[2])).status, 201);
    assert_eq!(sell(&copy, 2).status, 201);
    publish(&scene.register, "CN-LICENCE", None);
    scene.mint(1);
    scene.mint(1);
    assert_eq!(sell(&scene.register, 3).status, 201);

    copy.wait_for_size(scene.size());
    for (work, (_, card)) in works.iter().zip(&minted) {
        wait_for_card(&copy, card);
        for path in [format!("/v1/works/{work}"), format!("/v1/works/{work}/certificate")] {
            assert_same_answer(&scene.register, &copy, &path);
        }
    }
    let answer = scene.register.get(&format!("/v1/works/{}/certificate", works[2]));
    let certificate = answer.text();
    assert!(certificate.contains("crossing/") && certificate.contains("\\\"kind\\\":\\\"attest\\\""), "{certificate}");
    assert!(!scene.register.get(&format!("/v1/works/{}/certificate", works[0])).text().contains("crossing/"));
    // Whoever begins now replays all of it, with other rules in force than those of then; and so does a rebuild.
    let mut late = Node::following(&scene.register, scene.liar.url());
    late.start();
    late.wait_for_size(scene.size());
    wait_for_card(&late, &minted[2].1);
    assert_same_answer(&scene.register, &late, &format!("/v1/works/{}/certificate", works[2]));
    for node in [&mut copy, &mut late] {
        assert!(node.terminate().success());
        assert_same_log(&scene.register.dir(), &node.dir());
        assert_clean(node);
    }
}
