//! Whom a person believes: pinned once, and held to it.

use e2e::node::{Node, copy_dir};
use e2e::person::Person;

use crate::scene::{Scene, mint, text};

#[test]
fn a_register_is_pinned_on_first_use_and_this_is_said_once() {
    let scene = Scene::open();
    scene.ana.put("a.txt", b"a");
    let first = scene.ana.expect(&["verify", "a.txt"], 3);
    assert!(first.stderr.contains("first use of this register; it is now pinned"), "{first}");
    assert!(first.stderr.contains(&scene.node.vkey()), "{first}");
    let second = scene.ana.expect(&["verify", "a.txt"], 3);
    assert!(!second.stderr.contains("pinned"), "{second}");
    let policy = std::fs::read_to_string(scene.ana.home().join("policy")).unwrap();
    assert_eq!(policy, format!("log {} {}/\nquorum none\n", scene.node.vkey(), scene.node.url()));
    let shown = scene.ana.succeed(&["trust", "show", "--json"]).json();
    assert_eq!(text(&shown, "/registers/0/origin"), "flow.example/art");
    assert_eq!(text(&shown, "/registers/0/key"), scene.node.vkey());
    assert!(scene.ana.home().join("registers/flow.example+art.json").exists());
}

#[test]
fn another_register_of_the_same_name_is_refused() {
    let scene = Scene::open();
    mint(&scene.ana, "mine", &[]);
    let policy = std::fs::read(scene.ana.home().join("policy")).unwrap();
    let mut ana = scene.ana;
    let other = Node::start_new("flow.example/art");
    ana.move_to(other.url());
    let refused = ana.expect(&["verify", "mine.txt"], 4);
    assert!(refused.stderr.contains("is NOT the register flow.example/art that is known here"), "{refused}");
    assert!(refused.stderr.contains(&scene.node.vkey()) && refused.stderr.contains(&other.vkey()), "{refused}");
    assert_eq!(std::fs::read_dir(ana.home().join("evidence")).unwrap().count(), 1, "what it showed is kept");
    ana.expect(&["trust", "pin", other.url()], 4);
    ana.expect(&["trust", "pin", &other.vkey()], 4);
    assert_eq!(std::fs::read(ana.home().join("policy")).unwrap(), policy, "nothing was replaced");
    ana.move_to(scene.node.url());
    ana.succeed(&["verify", "mine.txt"]);
}

#[test]
fn a_file_is_verified_at_a_register_that_is_met_beside_another() {
    let scene = Scene::open();
    mint(&scene.ana, "one", &[]);
    let other = Node::start_new("flow.example/films");
    mint(&Person::new("chen", other.url()), "two", &[]);
    let mut bruno = scene.bruno;
    bruno.put("one.txt", b"one");
    bruno.put("two.txt", b"two");
    bruno.succeed(&["verify", "one.txt"]);
    bruno.move_to(other.url());
    let met = bruno.succeed(&["verify", "two.txt"]);
    assert!(met.stderr.contains("first use of this register; it is now pinned"), "{met}");
    bruno.expect(&["verify", "one.txt"], 3);
}

#[test]
fn the_key_of_a_witness_is_not_taken_for_that_of_a_log() {
    let scene = Scene::open();
    let key = colophon_tlog::key::SecretKey::from_seed([7; 32]).public();
    let key = colophon_tlog::note::VerifierKey::new("w.example", colophon_tlog::note::Algorithm::CosignatureV1, key);
    let key = key.unwrap().to_string();
    let refused = scene.bruno.expect(&["trust", "pin", &key], 2);
    assert!(refused.stderr.contains("trust import"), "{refused}");
    scene.bruno.put("one.txt", b"one");
    scene.bruno.expect(&["verify", "one.txt", "--vkey", &key], 2);
}

#[test]
fn a_key_that_was_handed_over_is_believed_before_the_register_is_met() {
    let scene = Scene::open();
    mint(&scene.ana, "mine", &[]);
    let buyer = Person::without_key("buyer");
    buyer.put("mine.txt", b"mine");
    buyer.put("log.vkey", format!("{}\n", scene.node.vkey()).as_bytes());
    buyer.succeed(&["trust", "pin", "log.vkey", "--url", scene.node.url()]);
    let found = buyer.succeed(&["verify", "mine.txt"]);
    assert!(found.stderr.contains("this register's key was trusted; its genesis is now pinned"), "{found}");
    assert_eq!(buyer.succeed(&["verify", "mine.txt"]).stderr, "");
    buyer.succeed(&["trust", "pin", &scene.node.vkey()]);

    let other = Node::init("flow.example/art");
    let careful = Person::without_key("careful").at(scene.node.url());
    careful.put("mine.txt", b"mine");
    careful.expect(&["verify", "mine.txt", "--vkey", &other.vkey()], 4);
    careful.succeed(&["verify", "mine.txt", "--vkey", &scene.node.vkey()]);
}

#[test]
fn a_policy_that_asks_for_witnesses_is_not_met_without_them() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    let path = scene.ana.home().join("policy");
    let policy = std::fs::read_to_string(&path).unwrap();
    let witness = "witness w w.example+57e2a0f1+BGk2QWWpt9a8MmSa4kWk1zZzT6H6i0b4mB8Qk2y0kXqv";
    let with_bad_key = policy.replace("quorum none", &format!("{witness}\nquorum w"));
    std::fs::write(&path, with_bad_key).unwrap();
    let spoilt = scene.ana.expect(&["verify", &work], 1);
    assert!(spoilt.stderr.contains("line 2 of the policy"), "{spoilt}");
    let key = colophon_tlog::key::SecretKey::from_seed([7; 32]).public();
    let key = colophon_tlog::note::VerifierKey::new("w.example", colophon_tlog::note::Algorithm::CosignatureV1, key);
    let asked = policy.replace("quorum none", &format!("witness w {}\nquorum w", key.unwrap()));
    std::fs::write(&path, asked).unwrap();
    let short = scene.ana.expect(&["verify", &work], 5);
    assert!(short.stdout.starts_with("! verified, but not witnessed as your policy asks"), "{short}");
    assert!(short.stdout.contains("0 of the 1 in your policy cosigned this checkpoint"), "{short}");
}

/// What somebody may have in their hands, and how a person asks about it: always the same exit code.
#[test]
fn a_file_a_work_a_certificate_and_a_receipt_fall_short_alike() {
    let scene = Scene::open();
    let ana = &scene.ana;
    ana.put("mine.txt", b"mine");
    let minted = ana.succeed(&["mint", "mine.txt", "--title", "Mine", "--country", "CN", "--yes", "--json"]).json();
    let (work, receipt) = (text(&minted, "/work"), text(&minted, "/receipt"));
    ana.succeed(&["certificate", &work, "-o", "mine.certificate"]);
    let held: [&[&str]; 6] = [
        &["mine.txt"],
        &[&work],
        &["mine.txt", "--certificate", "mine.certificate"],
        &["mine.certificate"],
        &["mine.certificate", "--offline"],
        &[&receipt, "--offline"],
    ];
    let verify = |held: &[&str], more: &[&str], time: Option<&str>| {
        let mut command = ana.command();
        command.arg("verify").args(held).args(more).arg("--json");
        command.envs(time.map(|time| ("COLOPHON_TEST_TIME", time)));
        let output = command.output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let short = told["shortfalls"].as_array().cloned().unwrap_or_default();
        let short = short.iter().filter_map(|short| short["short_of"].as_str().map(str::to_owned));
        (output.status.code(), short.collect::<Vec<_>>())
    };
    let short = |words: &[&str]| (Some(5), words.iter().map(ToString::to_string).collect::<Vec<_>>());
    let (late, max_age) = (Some("2100-01-01T00:00:00Z"), ["--max-age", "1 day"]);
    for held in held {
        assert_eq!(verify(held, &[], None), (Some(0), Vec::new()), "{held:?}");
        assert_eq!(verify(held, &[], late), (Some(0), Vec::new()), "{held:?}");
        assert_eq!(verify(held, &max_age, late), short(&["age"]), "{held:?}");
    }
    // Now a witness is asked for that has cosigned nothing.
    let path = ana.home().join("policy");
    let key = colophon_tlog::key::SecretKey::from_seed([7; 32]).public();
    let key = colophon_tlog::note::VerifierKey::new("w.example", colophon_tlog::note::Algorithm::CosignatureV1, key);
    let witness = format!("witness w {}\nquorum w", key.unwrap());
    let asked = std::fs::read_to_string(&path).unwrap().replace("quorum none", &witness);
    std::fs::write(&path, asked).unwrap();
    for held in held {
        assert_eq!(verify(held, &[], None), short(&["witnesses"]), "{held:?}");
        assert_eq!(verify(held, &max_age, late), short(&["age", "witnesses"]), "{held:?}");
    }
}

#[test]
fn a_register_with_another_past_is_a_security_error_with_evidence() {
    let mut scene = Scene::open();
    let work = mint(&scene.ana, "before", &[]);
    scene.bruno.succeed(&["verify", &work]);
    scene.node.terminate();
    let copy = tempfile::tempdir().unwrap();
    copy_dir(&scene.node.dir(), &copy.path().join("old"));
    scene.node.start();
    scene.ana.move_to(scene.node.url());
    mint(&scene.ana, "forgotten", &[]);

    scene.node.terminate();
    std::fs::remove_dir_all(scene.node.dir()).unwrap();
    copy_dir(&copy.path().join("old"), &scene.node.dir());
    scene.node.start();
    scene.bruno.move_to(scene.node.url());
    mint(&scene.bruno, "instead", &[]);
    mint(&scene.bruno, "and more", &[]);
    scene.ana.move_to(scene.node.url());
    let fork = scene.ana.expect(&["verify", &work], 4);
    assert!(fork.stderr.contains("the history of the register flow.example/art does not fit"), "{fork}");
    let evidence: Vec<_> = std::fs::read_dir(scene.ana.home().join("evidence")).unwrap().collect();
    assert_eq!(evidence.len(), 1, "{evidence:?}");
    scene.ana.expect(&["verify", "forgotten.txt"], 4);
    // Anybody who has the key sees it too, offline.
    let file = std::fs::read(evidence[0].as_ref().unwrap().path()).unwrap();
    let stranger = Person::without_key("stranger");
    stranger.put("evidence.json", &file);
    let convicted = stranger.succeed(&["verify", "evidence.json", "--offline", "--vkey", &scene.node.vkey()]);
    assert!(convicted.stdout.contains("convicts the register flow.example/art"), "{convicted}");
    stranger.expect(&["verify", "evidence.json", "--offline"], 2);
}

#[test]
fn a_receipt_is_judged_by_itself() {
    let scene = Scene::open();
    scene.ana.put("mine.txt", b"mine");
    let minted =
        scene.ana.succeed(&["mint", "mine.txt", "--title", "Mine", "--country", "CN", "--yes", "--json"]).json();
    let receipt = std::fs::read(scene.ana.desk().join(text(&minted, "/receipt"))).unwrap();
    let stranger = Person::without_key("stranger");
    stranger.put("mine.receipt", &receipt);
    let told = stranger.succeed(&["verify", "mine.receipt", "--vkey", &scene.node.vkey(), "--json"]).json();
    assert_eq!(text(&told, "/entry"), text(&minted, "/id"));
    assert_eq!(text(&told, "/schema"), "colophon.verify_receipt/v1");
    // Nobody vouches for its age.
    stranger.expect(&["verify", "mine.receipt", "--vkey", &scene.node.vkey(), "--max-age", "1 day"], 5);
}

#[test]
fn an_audit_replays_the_whole_register_and_is_remembered() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    scene.ana.succeed(&["certificate", &work, "-o", "mine.certificate"]);
    let certificate = std::fs::read(scene.ana.desk().join("mine.certificate")).unwrap();
    let auditor = Person::without_key("auditor");
    auditor.put("mine.certificate", &certificate);
    let vkey = scene.node.vkey();
    let state_by = |person: &Person| {
        let told = person.succeed(&["verify", "mine.certificate", "--offline", "--vkey", &vkey, "--json"]).json();
        text(&told, "/as_of/state_by").clone()
    };
    assert_eq!(state_by(&auditor), "operator");
    let told = auditor.succeed(&["audit", scene.node.url(), "--vkey", &vkey, "--json"]).json();
    assert_eq!(text(&told, "/schema"), "colophon.audit/v1");
    assert_eq!((told["works"].as_u64(), told["kinds"]["mint"].as_u64()), (Some(1), Some(1)));
    assert_eq!(told["size"], told["entries"]);
    assert_eq!(state_by(&auditor), "you");
    let shown = auditor.succeed(&["audit", scene.node.url()]);
    assert!(shown.stdout.starts_with("✔ replayed: all "), "{shown}");
    auditor.expect(&["audit", scene.node.url(), "--vkey", &Node::init("flow.example/art").vkey()], 4);
}
