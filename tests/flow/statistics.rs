//! Trade is counted: what people sold, in cells that whoever asks chooses.

use e2e::person::Person;

use crate::royalties::enrol;
use crate::scene::{Scene, account, mint, text, transfer};

#[test]
fn sales_are_counted_by_corridor_and_currency_and_a_small_cell_is_left_out() {
    let scene = Scene::open();
    let sell = |content: &str, more: &[&str]| {
        let work = scene.minted(content);
        let draft = transfer(&scene.ana, &work, &scene.bruno, more);
        scene.bruno.succeed(&["accept", &draft, "--yes"]);
    };
    sell("one", &["--price", "12.50 EUR"]);
    sell("two", &["--price", "7.50 EUR"]);
    sell("three", &["--price", "99.00 EUR", "--secret-price"]);
    let csv = scene.bruno.succeed(&["stats", "--k", "1", "--by", "from,to,currency", "--csv", "-"]).stdout;
    assert_eq!(
        csv, "from,to,currency,transfers,amount_minor\r\nCN,FR,EUR,2,2000\r\nCN,FR,committed,1,\r\n",
        "a secret price is counted and never added"
    );
    let told = scene.bruno.succeed(&["stats", "--k", "2", "--by", "from,to,currency"]).stdout;
    assert!(told.contains("· 2 transfers in 1 cell") && !told.contains("committed  "), "{told}");
    let json = scene.bruno.succeed(&["stats", "--k", "2", "--by", "from,to,currency", "--json"]).json();
    assert_eq!((json["left_out"].as_bool(), json["transfers"].as_u64()), (Some(true), Some(2)));
    scene.bruno.succeed(&["stats", "--k", "1", "--parquet", "trade.parquet", "--quiet"]);
    let file = std::fs::read(scene.bruno.desk().join("trade.parquet")).unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
    // A file that is there stays as it is.
    scene.bruno.expect(&["stats", "--k", "1", "--parquet", "trade.parquet"], 2);
}

#[test]
fn a_sale_that_a_flag_has_held_up_is_counted_under_the_domain_of_its_work() {
    let scene = Scene::open();
    let court = Person::new("court", scene.node.url());
    enrol(&scene, &account(&court), "CN", "COURT_ORDER");
    let work = mint(&scene.ana, "relic", &["--fcs", "a"]);
    let to = account(&scene.bruno);
    let offer = ["offer", &work, "--to", &to, "--to-country", "FR", "--price", "5.00 EUR", "--until", "30 days"];
    let id = text(&scene.ana.succeed(&[&offer[..], &["--yes", "--json"]].concat()).json(), "/id");
    court.put("order.pdf", b"To be looked into.");
    let flag = ["flag", &work, "--ground", "disputed", "--country", "CN", "--document", "order.pdf", "--yes"];
    court.succeed(&flag);
    court.succeed(&["release", &work, "--yes"]);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    let csv = scene.bruno.succeed(&["stats", "--k", "1", "--by", "domain,ordering,currency", "--csv", "-"]).stdout;
    assert_eq!(csv, "domain,ordering,currency,transfers,amount_minor\r\nfcs2009:A,digital,EUR,1,500\r\n");
}
