//! The artist's resale right, from the sale to the receipt.

use std::path::Path;

use e2e::person::Person;

use crate::scene::{Scene, account, refused, text};

/// Lets the governor adopt a shipped rule set.
pub(crate) fn adopt(scene: &Scene, set: &str, jurisdiction: &str) {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules").join(format!("{set}.cedar"));
    let (dir, draft) = (scene.node.dir(), scene.ana.desk().join("rules.draft"));
    let key = dir.join("governor.key");
    let act = ["govern", "rules", dir.to_str().unwrap(), "--key", key.to_str().unwrap(), "--ahead", "1"];
    let what = ["--name", set, "--citation", "as the set says", "--jurisdiction", jurisdiction];
    let files = ["--file", rules.to_str().unwrap(), "--out", draft.to_str().unwrap()];
    let composed = scene.node.run_words(&[&act[..], &what, &files].concat());
    assert_eq!(composed.code, 0, "{composed}");
    scene.ana.succeed(&["submit", draft.to_str().unwrap()]);
}

/// Enrols an account as an authority of a country for a type of document.
pub(crate) fn enrol(scene: &Scene, account: &str, country: &str, document: &str) {
    let (dir, draft) = (scene.node.dir(), scene.ana.desk().join("authority.draft"));
    let key = dir.join("governor.key");
    let act = ["govern", "authority", dir.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let who = ["--authority", account, "--country", country, "--type", document];
    let composed = scene.node.run_words(&[&act[..], &who, &["--out", draft.to_str().unwrap()]].concat());
    assert_eq!(composed.code, 0, "{composed}");
    scene.ana.succeed(&["submit", draft.to_str().unwrap()]);
}

fn sell(from: &Person, work: &str, to: &Person, more: &[&str]) {
    let account = account(to);
    let offer = ["offer", work, "--to", &account, "--to-country", "DE", "--until", "30 days", "--yes", "--json"];
    let id = text(&from.succeed(&[&offer[..], more].concat()).json(), "/id");
    to.succeed(&["accept", &id, "--yes"]);
}

#[test]
fn a_resale_owes_the_artist_a_share_to_the_cent_until_her_receipt() {
    let scene = Scene::open();
    let chiara = Person::new("chiara", scene.node.url());
    scene.ana.put("hills.txt", b"hills");
    let mint = ["mint", "hills.txt", "--title", "en:Hills", "--country", "FR", "--yes", "--json"];
    let work = text(&scene.ana.succeed(&mint).json(), "/work");
    adopt(&scene, "ARR-EU", "EU");
    // What she sells herself owes nothing; nor does what no professional has a part in.
    sell(&scene.ana, &work, &scene.bruno, &["--price", "10000.00 EUR", "--professional"]);
    sell(&scene.bruno, &work, &chiara, &["--price", "20000.00 EUR"]);
    let shown = scene.ana.succeed(&["show", &work, "--json"]).json();
    assert!(shown["card"].get("outstanding").is_none(), "{shown}");
    assert_eq!(refused(&scene.ana, &["settle", &work, "--yes"]), "nothing_owed");

    // 4 % of 50 000.00 and 3 % of the 10 000.01 above, rounded down.
    sell(&chiara, &work, &scene.bruno, &["--price", "60000.01 EUR", "--basis", "auction", "--professional"]);
    let stranger = Person::without_key("stranger").at(scene.node.url());
    let told = stranger.succeed(&["verify", &work]);
    assert!(told.stdout.contains("OWED") && told.stdout.contains("2300.00 EUR"), "{told}");
    let due = stranger.succeed(&["show", &work, "--json"]).json();
    assert_eq!(
        (due["card"]["outstanding"][0]["amount"].as_u64(), due["card"]["outstanding"][0]["crossing"].as_u64()),
        (Some(230_000), Some(3))
    );
    scene.bruno.succeed(&["certificate", &work, "-o", "owing.json"]);
    let told = scene.bruno.succeed(&["verify", "owing.json", "--offline"]);
    assert!(told.stdout.contains("no receipt yet"), "{told}");

    assert_eq!(refused(&chiara, &["settle", &work, "--yes"]), "not_payee");
    assert_eq!(refused(&chiara, &["settle", &work, "--country", "DE", "--yes"]), "not_payee");
    let elsewhere = chiara.expect(&["settle", &work, "--edition", "2", "--yes"], 3);
    assert!(elsewhere.stderr.contains("there is no edition 2"), "{elsewhere}");
    let settled = scene.ana.succeed(&["settle", &work, "--note", "paid by bank transfer", "--yes"]);
    assert!(settled.stderr.contains("2300.00 EUR"), "{settled}");
    let shown = stranger.succeed(&["show", &work, "--json"]).json();
    assert!(shown["card"].get("outstanding").is_none(), "{shown}");
    let history = stranger.succeed(&["history", &work]);
    assert!(history.stdout.contains("settled: 2300.00 EUR"), "{history}");
    assert_eq!(refused(&scene.ana, &["settle", &work, "--yes"]), "nothing_owed");
}

#[test]
fn a_collecting_society_of_the_union_gives_the_receipt() {
    let scene = Scene::open();
    let society = Person::new("society", scene.node.url());
    let work = scene.minted("Hills");
    adopt(&scene, "ARR-EU", "EU");
    enrol(&scene, &account(&society), "EU", "ARR_RECEIPT");
    let chiara = Person::new("chiara", scene.node.url());
    sell(&scene.ana, &work, &scene.bruno, &["--price", "10000.00 EUR"]);
    sell(&scene.bruno, &work, &chiara, &["--price", "10000.00 EUR", "--professional"]);
    assert_eq!(refused(&chiara, &["settle", &work, "--country", "EU", "--yes"]), "not_payee");
    society.succeed(&["settle", &work, "--country", "EU", "--yes"]);
    let shown = chiara.succeed(&["show", &work, "--json"]).json();
    assert!(shown["card"].get("outstanding").is_none(), "{shown}");
}
