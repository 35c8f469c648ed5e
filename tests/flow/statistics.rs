//! Trade is counted: what people sold, in cells that whoever asks chooses.

use crate::scene::{Scene, transfer};

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
