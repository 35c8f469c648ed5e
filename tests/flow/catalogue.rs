//! Many works in one run: from a folder, from a list, cut off and run again.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::node::Node;
use e2e::person::Person;
use serde_json::Value;

use crate::lookalikes::{copy, paint};
use crate::scene::{Scene, account, text};

const WORKS: u64 = 40;
/// How often a run is killed. Small requests, so that there is something to kill it between.
const KILLS: u64 = 8;
const MINT: [&str; 7] = ["mint", "art", "--country", "CN", "--yes", "--json", "--at-once=3"];

/// Puts so many different works into a folder on the desk.
fn put_works(person: &Person, folder: &str, count: u64) {
    std::fs::create_dir_all(person.desk().join(folder).join("deeper")).unwrap();
    for number in 0..count {
        let place = if number % 3 == 0 { "deeper/" } else { "" };
        person.put(&format!("{folder}/{place}sketch {number}.txt"), format!("{folder}, sketch {number}").as_bytes());
    }
}

/// Returns how many works the register has, as whoever replays it counts them.
fn registered(node: &Node) -> u64 {
    let auditor = Person::without_key("auditor");
    auditor.succeed(&["audit", node.url(), "--json"]).json()["works"].as_u64().unwrap()
}

/// Returns how many entries the register says it has taken.
fn taken(node: &Node) -> u64 {
    let metrics = node.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with("colophon_recorded_total ")).unwrap().to_owned();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn start(person: &Person, args: &[&str]) -> Child {
    let mut command = person.command();
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn outcomes(report: &Value) -> Vec<String> {
    report["works"].as_array().unwrap().iter().map(|work| text(work, "/outcome")).collect()
}

#[test]
fn a_run_that_is_killed_again_and_again_registers_each_work_once() {
    let scene = Scene::open();
    // As many other works tell how long a whole run takes.
    put_works(&scene.ana, "other", WORKS);
    let begun = Instant::now();
    scene.ana.succeed(&["mint", "other", "--country", "CN", "--yes", "--quiet"]);
    let whole = begun.elapsed();

    put_works(&scene.ana, "art", WORKS);
    let mut killed = 0;
    for round in 1..=KILLS {
        let before = taken(&scene.node);
        let mut run = start(&scene.ana, &MINT);
        let begun = Instant::now();
        // By turns at some moment, and as soon as the register has taken something more.
        let moment = whole * u32::try_from(round).unwrap() / u32::try_from(KILLS).unwrap();
        let due = || if round % 2 == 0 { begun.elapsed() >= moment } else { taken(&scene.node) > before };
        while !due() && run.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        run.kill().unwrap();
        killed += u64::from(run.wait().unwrap().code().is_none());
    }
    assert!(killed > 0, "every run came to its end before it was killed");

    let report = scene.ana.succeed(&MINT).json();
    assert_eq!(report["registered"].as_u64().unwrap() + report["there_before"].as_u64().unwrap(), WORKS, "{report}");
    assert_eq!(registered(&scene.node), 2 * WORKS);
    for work in report["works"].as_array().unwrap() {
        let receipt = scene.ana.home().join(format!("receipts/{}.receipt", text(work, "/work")));
        assert!(receipt.is_file(), "the receipt of {work} was lost");
    }
    // Once more, from the beginning: nothing is left to be done.
    let again = scene.ana.succeed(&MINT).json();
    assert_eq!(again["there_before"].as_u64(), Some(WORKS));
    assert_eq!(registered(&scene.node), 2 * WORKS);
    scene.ana.succeed(&["verify", "art/sketch 1.txt"]);
    let journals = std::fs::read_dir(scene.ana.home().join("catalogues")).unwrap();
    assert!(journals.into_iter().all(|journal| journal.unwrap().metadata().unwrap().len() == 0));
}

#[test]
fn a_list_is_registered_but_for_what_stands_against_it() {
    let scene = Scene::open();
    let paths = paint(&scene.ana);
    let words = ["--title", "Mountains in mist", "--country", "CN", "--yes", "--json"];
    let first = text(&scene.ana.succeed(&[&["mint", &paths[0]][..], &words].concat()).json(), "/work");

    let desk = scene.bruno.desk();
    copy(&scene.ana.desk().join(&paths[0]), &desk.join("copy.jpg"));
    std::fs::copy(scene.ana.desk().join(&paths[0]), desk.join("theft.png")).unwrap();
    scene.bruno.put("poem.txt", b"A poem about nothing at all, in one line.");
    scene.bruno.put("twin.txt", b"A poem about nothing at all, in one line.");
    let header = "file,title,title:zh,creators,created,ack_similar,country\n";
    let lines = "poem.txt,Nothing,\u{65e0},Bruno:aut:60%; Ana:edt:40%,1999,,\n\
                 twin.txt,,,,,,\ncopy.jpg,Mine,,,,,\ntheft.png,Mine too,,,,,\nnowhere.txt,,,,,,\n";
    scene.bruno.put("list.csv", format!("\u{feff}{header}{lines}").as_bytes());
    let mint = ["mint", "--works", "list.csv", "--country", "FR", "--yes", "--json"];
    let report = scene.bruno.expect(&mint, 2).json();
    assert_eq!(outcomes(&report), ["registered", "refused", "refused", "refused", "failed"]);
    let codes: Vec<_> = report["works"].as_array().unwrap().iter().map(|work| work["code"].as_str()).collect();
    assert_eq!(
        codes,
        [None, Some("face_repeated"), Some("ack_similar_missing"), Some("ack_first_missing"), Some("usage")]
    );
    assert_eq!(report["works"][2]["like"], serde_json::json!([first]));
    for (place, column) in [(2, "ack_similar"), (3, "ack_first")] {
        let cure = text(&report, &format!("/works/{place}/cure"));
        assert!(cure.ends_with(&format!("put into its column {column} {first}")), "{cure}");
    }
    assert_eq!(report["works"][4]["line"].as_u64(), Some(6));
    let shown = scene.bruno.succeed(&["show", &text(&report, "/works/0/work"), "--json"]).json();
    assert_eq!(shown["card"]["titles"][1]["lang"], "zh");
    assert_eq!((shown["card"]["created"].as_str(), shown["card"]["held_in"].as_str()), (Some("1999"), Some("FR")));
    assert_eq!(shown["card"]["creators"][1]["share_bp"].as_u64(), Some(4000));

    // With what it is like named, and the line of no file gone.
    let named = lines.replace("Mine,,,,,", &format!("Mine,,,,{first},")).replace("nowhere.txt,,,,,,\n", "");
    scene.bruno.put("list.csv", format!("{header}{named}").as_bytes());
    let report = scene.bruno.expect(&mint, 6).json();
    assert_eq!(outcomes(&report), ["there_before", "refused", "registered", "refused"]);
    let shown = scene.bruno.succeed(&["show", &text(&report, "/works/2/work"), "--json"]).json();
    assert_eq!(shown["card"]["acknowledges_similar"], serde_json::json!([first]));
    let table = scene.bruno.expect(&mint[..6], 6).stdout;
    assert!(table.contains("there before: 2 works") && table.contains("refused: 2 works"), "{table}");
    assert!(table.contains(&first), "no id is cut: {table}");
}

#[test]
fn of_a_list_with_a_quotation_mark_out_of_place_nothing_is_registered() {
    let scene = Scene::open();
    for name in ["one.txt", "two.txt", "three.txt"] {
        scene.ana.put(name, name.as_bytes());
    }
    for (list, told) in [
        ("one.txt,One,\"about one\ntwo.txt,Two,about two\n", "line 2: a quotation mark that is not closed"),
        (
            "one.txt,One,\"a\ntwo.txt,Two,\"b\"\nthree.txt,Three,c\n",
            "line 2: the quotation marks around a cell are closed",
        ),
        ("one.txt,\"x\"y,\n", "line 2: the quotation marks around a cell are closed"),
        ("one.txt,One,\ntwo.txt,5\" by 7\",\n", "line 3: a quotation mark inside a cell"),
    ] {
        scene.ana.put("list.csv", format!("file,title,about\n{list}").as_bytes());
        let refused = scene.ana.expect(&["mint", "--works", "list.csv", "--country", "NO", "--yes"], 2);
        assert!(refused.stderr.contains(told), "{refused}");
    }
    assert_eq!(registered(&scene.node), 0);
}

#[test]
fn every_work_gets_its_certificate_beside_it_and_a_dry_run_signs_nothing() {
    let scene = Scene::open();
    put_works(&scene.ana, "art", 4);
    let dry_run = [&MINT[..], &["--dry-run", "--sidecar"]].concat();
    let dry = scene.ana.succeed(&dry_run).json();
    assert!(outcomes(&dry).iter().all(|outcome| outcome == "dry_run"));
    assert!(
        text(&dry, "/works/0/text").contains("\"kind\":\"mint\"") && text(&dry, "/works/0/card").contains("sketch")
    );
    assert_eq!(registered(&scene.node), 0);
    let report = scene.ana.succeed(&[&MINT[..], &["--sidecar"]].concat()).json();
    assert_eq!(report["registered"].as_u64(), Some(4));
    for file in ["art/sketch 1.txt", "art/deeper/sketch 3.txt"] {
        scene.ana.succeed(&["verify", file, "--offline"]);
    }
    // The certificates are no works.
    let again = scene.ana.succeed(&[&MINT[..], &["--sidecar"]].concat()).json();
    assert_eq!((again["there_before"].as_u64(), outcomes(&again).len()), (Some(4), 4));
    // What lies in the place of a certificate is looked at, every time; a dry run puts nothing there.
    let places = ["art/sketch 1.txt.colophon", "art/sketch 2.txt.colophon", "art/deeper/sketch 3.txt.colophon"];
    let [other, none, gone] = places.map(|name| scene.ana.desk().join(name));
    std::fs::copy(&none, &other).unwrap();
    std::fs::write(&none, "mine").unwrap();
    std::fs::remove_file(&gone).unwrap();
    scene.ana.succeed(&dry_run);
    assert!(!gone.exists());
    for _ in 0..2 {
        let notes = scene.ana.expect(&[&MINT[..], &["--sidecar"]].concat(), 1).json()["works"].to_string();
        assert!(notes.contains("of another work") && notes.contains("is no certificate"), "{notes}");
        assert!(gone.exists() && std::fs::read(&none).unwrap() == b"mine");
    }
    // Without leave nobody is taken to have said yes.
    put_works(&scene.ana, "new", 1);
    scene.ana.expect(&["mint", "new", "--country", "CN"], 2);
    assert_eq!(registered(&scene.node), 4);
}

#[test]
fn what_would_have_to_be_guessed_or_signed_by_others_is_asked_for_first() {
    let scene = Scene::open();
    put_works(&scene.ana, "art", 1);
    std::fs::write(scene.ana.desk().join("art/score.musx"), b"\0\x01\x02\xfe").unwrap();
    let report = scene.ana.expect(&MINT, 2).json();
    assert_eq!((report["registered"].as_u64(), report["failed"].as_u64()), (Some(1), Some(1)), "{report}");
    scene.ana.succeed(&[&MINT[..], &["--work-kind", "music_work"]].concat());
    assert_eq!(registered(&scene.node), 2);

    put_works(&scene.ana, "ours", 2);
    let list = format!(
        "file,creators\nours/sketch 1.txt,\nours/sketch 2.txt,Ana:art:50%;Bruno:art:50%:{}\n",
        account(&scene.bruno)
    );
    scene.ana.put("list.csv", list.as_bytes());
    let told = scene.ana.expect(&["mint", "--works", "list.csv", "--country", "CN", "--yes"], 2).stderr;
    assert!(told.contains("line 3: a creator is named by another account"), "{told}");
    assert_eq!(registered(&scene.node), 2);
}

#[test]
fn a_used_up_quota_is_waited_for() {
    let mut node = Node::init("flow.example/art").with_serve_args(&["--quota-account", "10/s"]);
    node.start();
    let ana = Person::new("ana", node.url());
    put_works(&ana, "art", WORKS);
    let report = ana.succeed(&["mint", "art", "--country", "CN", "--yes", "--json"]).json();
    assert_eq!(report["registered"].as_u64(), Some(WORKS), "{report}");
    assert_eq!(registered(&node), WORKS);
}

#[test]
fn who_breaks_a_run_off_is_told_how_it_stands() {
    let mut node = Node::init("flow.example/art").with_serve_args(&["--quota-account", "10/s"]);
    node.start();
    let ana = Person::new("ana", node.url());
    put_works(&ana, "art", WORKS);
    let mut command = ana.command();
    let run = command.args(MINT).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while taken(&node) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let ended = run.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{told}");
    assert!(told.ends_with("no work is registered twice\n"), "{told}");
    assert!(ended.stdout.is_empty());
    ana.succeed(&MINT);
    assert_eq!(registered(&node), WORKS);
}

#[test]
fn a_list_states_the_facts_that_laws_ask_for() {
    let scene = Scene::open();
    scene.ana.put("scroll.txt", b"a scroll");
    scene.ana.put("plain.txt", b"nothing is said of it");
    let header = "file,country,category,protection,age,died,fcs,hs,cpc,ebops,human,ai-label\n";
    let wrong = format!("{header}scroll.txt,CN,painting,,,,,,,,,\nplain.txt,CN,nft,,,,,,,,,\n");
    scene.ana.put("wrong.csv", wrong.as_bytes());
    let told = scene.ana.expect(&["mint", "--works", "wrong.csv", "--yes"], 2);
    assert!(told.stderr.contains("line 3, column category: \"nft\" is none of antique, "), "{told}");
    assert_eq!(registered(&scene.node), 0, "nothing of it was registered");

    let facts = "painting,listed,gt250,1523,a,970121,84311,SH,none,gb45438-2025";
    let list = format!("{header}scroll.txt,CN,{facts}\nplain.txt,CN,,,,,,,,,,\n");
    scene.ana.put("right.csv", list.as_bytes());
    let report = scene.ana.succeed(&["mint", "--works", "right.csv", "--yes", "--json"]).json();
    let shown = |place: usize| {
        let work = text(&report, &format!("/works/{place}/work"));
        scene.bruno.succeed(&["show", &work, "--json"]).json()
    };
    let expected = serde_json::json!({
        "age": "gt250", "ai": {"human": "none", "label": "gb45438-2025"}, "category": "painting", "cpc": "84311",
        "died": 1523, "ebops": "SH", "fcs": {"domain": "A", "version": "fcs2009"}, "hs": "970121", "protection": "listed",
    });
    assert_eq!(shown(0)["card"]["facts"], expected);
    assert_eq!(shown(1)["card"].get("facts"), None);
}
