//! Offers: accepted, declined, withdrawn, and firm.

use crate::scene::{Scene, account, holder, refused, text, transfer, waiting};
use e2e::person::Person;

fn offer(scene: &Scene, work: &str, more: &[&str]) -> String {
    let to = account(&scene.bruno);
    let offer = ["offer", work, "--to", &to, "--to-country", "FR", "--until", "30 days", "--yes", "--json"];
    text(&scene.ana.succeed(&[&offer[..], more].concat()).json(), "/id")
}

#[test]
fn a_firm_offer_binds_until_it_is_accepted() {
    let scene = Scene::open();
    let chiara = account(&Person::new("chiara", scene.node.url()));
    let work = scene.minted("firm");
    let id = offer(&scene, &work, &["--firm", "--price", "1400.00 EUR"]);
    assert_eq!(refused(&scene.ana, &["withdraw", &work, "--yes"]), "offer_firm");
    assert_eq!(refused(&scene.ana, &["withdraw", &id[..16], "--yes"]), "offer_firm");
    let past_him = ["transfer", &work, "--to", &chiara, "--to-country", "IT", "--yes"];
    assert_eq!(refused(&scene.ana, &past_him), "offer_stands");
    assert_eq!(waiting(&scene.bruno), (0, 1));
    scene.bruno.succeed(&["accept", &id[..12], "--yes"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));
    assert_eq!(waiting(&scene.bruno), (0, 0));
}

#[test]
fn an_offer_that_is_not_firm_can_be_taken_back_and_declined() {
    let scene = Scene::open();
    let work = scene.minted("soft");
    let id = offer(&scene, &work, &[]);
    scene.ana.succeed(&["withdraw", &id[..16], "--yes"]);
    assert_eq!(waiting(&scene.bruno), (0, 0));
    let id = offer(&scene, &work, &["--firm"]);
    let declined = scene.bruno.succeed(&["decline", &id, "--yes", "--json"]).json();
    assert_eq!((text(&declined, "/what"), text(&declined, "/close/kind")), ("offer".to_owned(), "close".to_owned()));
    assert_eq!(holder(&scene.node, &work), account(&scene.ana));
    offer(&scene, &work, &[]);
}

#[test]
fn a_draft_is_declined_or_voided() {
    let scene = Scene::open();
    let work = scene.minted("draft");
    let id = transfer(&scene.ana, &work, &scene.bruno, &[]);
    let declined = scene.bruno.succeed(&["decline", &id[..8], "--yes", "--json"]).json();
    assert_eq!(text(&declined, "/what"), "draft");
    assert_eq!(waiting(&scene.bruno), (0, 0));
    let id = transfer(&scene.ana, &work, &scene.bruno, &["--basis", "gift"]);
    scene.ana.succeed(&["withdraw", &work, "--yes"]);
    assert_eq!(refused(&scene.bruno, &["accept", &id, "--yes"]), "prev_stale");
}

#[test]
fn the_secret_price_of_an_offer_needs_its_opening() {
    let scene = Scene::open();
    let work = scene.minted("opening");
    let id = offer(&scene, &work, &["--price", "5 EUR", "--secret-price", "--opening", "price.json"]);
    let unopened = scene.bruno.expect(&["accept", &id, "--yes"], 1);
    assert!(unopened.stderr.contains("not opened"), "{unopened}");
    let opening = std::fs::read_to_string(scene.ana.desk().join("price.json")).unwrap();
    scene.bruno.put("lie.json", opening.replace("500", "400").as_bytes());
    scene.bruno.expect(&["accept", &id, "--opening", "lie.json", "--yes"], 4);
    scene.bruno.put("price.json", opening.as_bytes());
    scene.bruno.succeed(&["accept", &id, "--opening", "price.json", "--yes"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));
}
