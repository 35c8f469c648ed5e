//! A work is registered, and sold across a border by both signatures.

use crate::scene::{Scene, account, assert_no_secret, holder, mint, refused, text, transfer, waiting};
use e2e::person::Person;

#[test]
fn title_moves_by_both_signatures_and_only_once() {
    let scene = Scene::open();
    let work = scene.minted("harbour");
    let draft = transfer(&scene.ana, &work[..16], &scene.bruno, &["--price", "1250.00 EUR", "--note", "thanks"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.ana), "half-signed, nothing has moved");
    let inbox = scene.bruno.succeed(&["inbox", "--json"]).json();
    assert_eq!(text(&inbox, "/drafts/0/id"), draft);
    assert_eq!(inbox["drafts"][0]["terms"]["price"]["amount"], 125_000);
    assert!(scene.bruno.succeed(&["inbox"]).stdout.contains("1250.00 EUR"));

    scene.bruno.expect(&["accept", &draft, "--no-input"], 2);
    let accepted = scene.bruno.succeed(&["accept", &draft[..8], "--yes", "--json"]);
    assert_no_secret(&scene.bruno, &accepted);
    let accepted = accepted.json();
    assert_eq!((text(&accepted, "/stage"), text(&accepted, "/work")), ("recorded".to_owned(), work.clone()));
    let receipt = std::fs::read_to_string(text(&accepted, "/receipt")).unwrap();
    assert!(receipt.starts_with("c2sp.org/tlog-proof@v1\n"), "{receipt}");
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));

    let to = account(&scene.bruno);
    let again = ["transfer", &work, "--to", &to, "--to-country", "IT", "--yes"];
    assert_eq!(refused(&scene.ana, &again), "not_holder");
    let history = std::fs::read_to_string(scene.bruno.home().join("history")).unwrap();
    assert_eq!(history.lines().count(), 1, "{history}");
}

#[test]
fn of_two_buyers_the_second_to_sign_gets_nothing() {
    let scene = Scene::open();
    let chiara = Person::new("chiara", scene.node.url());
    let work = scene.minted("twice");
    let first = transfer(&scene.ana, &work, &scene.bruno, &[]);
    let second = transfer(&scene.ana, &work, &chiara, &[]);
    scene.bruno.succeed(&["accept", &first, "--yes"]);
    assert_eq!(refused(&chiara, &["accept", &second, "--yes"]), "prev_stale");
    let inbox = chiara.succeed(&["inbox", "--json"]).json();
    assert!(text(&inbox, "/drafts/0/void").starts_with("the draft is void"));
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));
}

#[test]
fn a_secret_price_is_told_to_the_buyer_alone() {
    let scene = Scene::open();
    let work = scene.minted("secret");
    let to = account(&scene.bruno);
    let sale = ["transfer", &work, "--to", &to, "--to-country", "FR", "--price", "777.00 EUR", "--secret-price"];
    let sale = [&sale[..], &["--draft", "sale.draft", "--yes", "--json"]].concat();
    assert_eq!(text(&scene.ana.succeed(&sale).json(), "/stage"), "file");
    assert_eq!(waiting(&scene.bruno), (0, 0), "a draft in a file is nobody else's business");
    let draft = std::fs::read_to_string(scene.ana.desk().join("sale.draft")).unwrap();

    let mut hidden: serde_json::Value = serde_json::from_str(&draft).unwrap();
    hidden.as_object_mut().unwrap().remove("price").unwrap();
    scene.bruno.put("hidden.draft", hidden.to_string().as_bytes());
    let unopened = scene.bruno.expect(&["accept", "hidden.draft", "--yes"], 1);
    assert!(unopened.stderr.contains("not opened"), "{unopened}");
    hidden["price"] = serde_json::from_str(&draft).map(|draft: serde_json::Value| draft["price"].clone()).unwrap();
    hidden["price"]["price"]["amount"] = 100.into();
    scene.bruno.put("lie.draft", hidden.to_string().as_bytes());
    scene.bruno.expect(&["accept", "lie.draft", "--yes"], 1);

    scene.bruno.put("sale.draft", draft.as_bytes());
    let accepted = scene.bruno.succeed(&["accept", "sale.draft", "--yes"]);
    assert!(accepted.stderr.contains("777.00 EUR"), "{accepted}");
    let stranger = Person::without_key("stranger").at(scene.node.url());
    let history = stranger.succeed(&["history", &work]);
    assert!(!history.stdout.contains("777.00"), "{history}");
    let kept = std::fs::read_dir(scene.bruno.home().join("receipts")).unwrap();
    let has_opening = |path: std::path::PathBuf| path.extension().is_some_and(|kind| kind == "price");
    assert_eq!(kept.filter(|file| has_opening(file.as_ref().unwrap().path())).count(), 1);
}

#[test]
fn a_co_creator_signs_too() {
    let scene = Scene::open();
    scene.ana.put("duet.txt", b"duet");
    let creators = [format!("Ana:art:60%:{}", account(&scene.ana)), format!("Bruno:art:40%:{}", account(&scene.bruno))];
    let [ana, bruno] = &creators;
    let mint =
        ["mint", "duet.txt", "--title", "Duet", "--country", "CN", "--creator", ana, "--creator", bruno, "--json"];
    let left = scene.ana.succeed(&mint).json();
    assert_eq!(
        (text(&left, "/stage"), text(&left, "/lacking/0/account")),
        ("waiting".to_owned(), account(&scene.bruno))
    );
    let work = text(&left, "/id");
    scene.bruno.succeed(&["accept", &work, "--yes"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.ana));
}

#[test]
fn a_dry_run_shows_what_would_be_signed_and_signs_nothing() {
    let scene = Scene::open();
    scene.ana.put("a.txt", b"a");
    let mint = ["mint", "a.txt", "--title", "zh:山", "--country", "CN", "--dry-run"];
    let shown = scene.ana.succeed(&mint).stdout;
    assert!(shown.contains("colophon.entry/v1 flow.example/art ") && shown.contains("\"kind\":\"mint\""), "{shown}");
    assert!(shown.contains("山"), "the card is shown: {shown}");
    assert!(!scene.ana.home().join("history").exists());
    scene.bruno.put("a.txt", b"a");
    let work = mint_again(&scene);
    assert_eq!(work.len(), 64);
}

fn mint_again(scene: &Scene) -> String {
    mint(&scene.bruno, "a", &["--editions", "3"])
}
