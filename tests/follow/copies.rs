//! A copy is the same log, answers the same, and passes on what only the register can do.

use e2e::node::Node;
use e2e::person::Person;
use e2e::told::{submission, submit};

use crate::scene::{Scene, assert_clean, assert_same_answer, assert_same_log, wait_for_card};

#[test]
fn a_copy_is_the_same_byte_for_byte_and_answers_the_same() {
    let mut scene = Scene::open();
    scene.mint(700);
    let mut copies = [
        ("sled", scene.copy()),
        ("fjall", {
            let mut copy = Node::following(&scene.register, scene.liar.url());
            copy.set_serve_args(&["--poll-ms", "50", "--view", "fjall"]);
            copy.start();
            copy
        }),
    ];
    // Some more while the copies are there, one by one.
    for _ in 0..5 {
        scene.mint(1);
    }
    scene.mint(300);
    let ((_, of_the_first), (entry, card)) = (scene.minter.mint("number 1"), scene.next());
    for (engine, copy) in &mut copies {
        copy.wait_for_size(scene.size());
        wait_for_card(copy, &of_the_first);
        let account = scene.minter.account();
        let first = scene.register.get("/v1/entries/2").json()["id"].as_str().expect("an id").to_owned();
        for path in [
            "/checkpoint".to_owned(),
            "/tile/entries/000".to_owned(),
            "/tile/1/000.p/3".to_owned(),
            format!("/v1/works/{first}"),
            format!("/v1/works/{}", &first[..12]),
            format!("/v1/works/{first}/certificate"),
            format!("/v1/works/{}", entry.id()),
            format!("/v1/accounts/{account}"),
            format!("/v1/entries/{first}/receipt"),
        ] {
            assert_same_answer(&scene.register, copy, &path);
        }
        // What is submitted here is recorded there, and proved here.
        let recorded = submit(copy, &entry, &card).expect("an answer");
        assert!([200, 201].contains(&recorded.status), "{engine}: {}", recorded.text());
        assert_same_answer(&scene.register, copy, &format!("/v1/works/{}", entry.id()));
    }
    for (engine, copy) in &mut copies {
        assert!(copy.terminate().success(), "{engine}");
        assert_same_log(&scene.register.dir(), &copy.dir());
        assert_clean(copy);
        assert!(!copy.dir().join("log.key").exists() && !copy.dir().join("operator.key").exists());
    }
}

#[test]
fn people_work_at_a_copy_as_at_the_register() {
    let scene = Scene::open();
    let copy = scene.copy();
    let ana = Person::new("ana", copy.url());
    let bruno = Person::new("bruno", copy.url());
    ana.put("hills.txt", b"hills");
    let minted =
        ana.succeed(&["mint", "hills.txt", "--title", "en:Hills", "--country", "CN", "--yes", "--json"]).json();
    let work = minted["work"].as_str().expect("a work").to_owned();
    let account = bruno.succeed(&["key", "show", "--json"]).json()["account"].as_str().expect("an account").to_owned();
    ana.succeed(&["transfer", &work, "--to", &account, "--to-country", "FR", "--yes"]);
    let inbox = bruno.succeed(&["inbox", "--json"]).json();
    let draft = inbox.pointer("/drafts/0/id").and_then(serde_json::Value::as_str).expect("a draft").to_owned();
    bruno.succeed(&["accept", &draft, "--yes"]);
    bruno.put("hills.txt", b"hills");
    let found = bruno.succeed(&["verify", "hills.txt"]);
    assert!(found.stdout.contains("Hills"), "the words came too: {found}");
    // Whoever knows the register by its copy finds the register itself to be the same.
    let mut ana = ana;
    ana.move_to(scene.register.url());
    ana.succeed(&["verify", "hills.txt"]);
}

#[test]
fn a_register_that_is_away_is_waited_for_and_reading_goes_on() {
    let mut scene = Scene::open();
    scene.mint(20);
    let copy = scene.copy();
    scene.register.kill();
    let health = copy.wait_for_health("ok");
    assert_eq!(health["follows"]["address"].as_str(), Some(format!("{}/", scene.liar.url()).as_str()));
    let (entry, card) = scene.next();
    let refused = submit(&copy, &entry, &card).expect("an answer");
    // The server between answers for the register that it is not there.
    assert!(refused.status >= 500, "{}", refused.text());
    assert_eq!(copy.get("/v1/entries/2").status, 200);
    scene.register.start();
    scene.liar.stand_before(scene.register.url());
    let size = scene.mint(20);
    copy.wait_for_size(size);
    assert_same_answer(&scene.register, &copy, "/checkpoint");
    // Where nobody answers at all.
    let lonely = {
        let mut lonely = Node::copy_of(&{
            let mut copy = copy;
            assert!(copy.terminate().success());
            copy
        });
        lonely.follow_at("http://127.0.0.1:9");
        std::fs::write(lonely.dir().join("../followed.vkey"), scene.register.vkey()).expect("a key file");
        lonely.set_serve_args(&["--poll-ms", "50"]);
        lonely
    };
    let mut lonely = lonely;
    lonely.start();
    assert_eq!(lonely.get("/v1/entries/2").status, 200);
    let refused = lonely.post("/v1/entries", "application/json", submission(&entry, &card));
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("source_away")));
    assert!(!refused.retry_after.is_empty());
    let health = lonely.get("/health").json();
    assert_eq!(health["follows"]["status"], "source_away", "{health}");
}

#[test]
fn words_that_were_missing_are_asked_for_and_come() {
    let mut scene = Scene::open();
    let size = scene.mint(30);
    let (_, card) = scene.minter.mint("number 1");
    let copy = scene.copy();
    copy.wait_for_size(size);
    wait_for_card(&copy, &card);
    assert_same_answer(&scene.register, &copy, &format!("/v1/cards/{}", card.digest()));
}
