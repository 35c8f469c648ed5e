//! Verdicts: what a stranger finds out, and what does not pass.

use e2e::person::Person;
use serde_json::Value;

use crate::scene::{Scene, account, mint, text, transfer};

/// A sale to Bruno in France with a paper, and the certificate of it.
fn sold(scene: &Scene) -> (String, Vec<u8>) {
    let work = mint(&scene.ana, "river", &["--editions", "3"]);
    scene.ana.succeed(&["profile", "set", "--name", "Ana Lu", "--country", "CN"]);
    scene.ana.put("paper.pdf", b"paper");
    let terms = ["--price", "1250.00 EUR", "--document", "EXPORT_CERT_ORIGIN=paper.pdf"];
    let draft = transfer(&scene.ana, &work, &scene.bruno, &terms);
    scene.bruno.succeed(&["accept", &draft, "--yes"]);
    let certificate = certificate(&scene.bruno, &work);
    (work, certificate)
}

fn certificate(person: &Person, work: &str) -> Vec<u8> {
    person.succeed(&["certificate", work, "-o", "-"]).stdout.into_bytes()
}

/// Somebody without a register, a key or a past, who was handed these files and the register's key.
fn stranger(scene: &Scene, files: &[(&str, &[u8])]) -> Person {
    let stranger = Person::without_key("stranger");
    stranger.put("log.vkey", scene.node.vkey().as_bytes());
    for (name, bytes) in files {
        stranger.put(name, bytes);
    }
    stranger
}

#[test]
fn a_stranger_verifies_a_sale_from_the_files_alone() {
    let mut scene = Scene::open();
    let (work, certificate) = sold(&scene);
    scene.node.kill();
    let stranger = stranger(&scene, &[("river.txt", b"river"), ("river.certificate", &certificate)]);
    let verify = ["verify", "river.txt", "--certificate", "river.certificate", "--offline"];
    let unknown = stranger.expect(&verify, 2);
    assert!(unknown.stderr.contains("flow.example/art, whose key is not known here"), "{unknown}");

    let verify = [&verify[..], &["--vkey", "log.vkey"]].concat();
    let told = stranger.succeed(&verify).stdout;
    for said in [
        "✔ verified: river.txt is the registered file, byte for byte",
        "first by \"Ana Lu\", as they call themselves",
        "China (CN) → France (FR)",
        "sale, 1250.00 EUR",
        "with EXPORT_CERT_ORIGIN",
        "state         as the operator says; a lie shows only to those who replay",
        "what has happened since: the register was not asked",
        "does not show that whoever sends it\n                  is the holder",
    ] {
        assert!(told.contains(said), "{said:?} is missing in\n{told}");
    }
    assert!(!told.contains("owned"), "{told}");
    let json = stranger.succeed(&[&verify[..], &["--json"]].concat()).json();
    assert_eq!((text(&json, "/schema"), text(&json, "/verdict")), ("colophon.verify/v1".into(), "verified".into()));
    assert_eq!((text(&json, "/card/work"), text(&json, "/card/held_in")), (work, "FR".to_owned()));
    assert_eq!(text(&json, "/card/holder/account"), account(&scene.bruno));
    assert_eq!(json["as_of"]["online"], false);
    assert!(!stranger.home().exists(), "checking leaves nothing behind");
}

#[test]
fn what_was_changed_does_not_pass() {
    let scene = Scene::open();
    let (work, certificate) = sold(&scene);
    scene.minted("later");
    let newer = self::certificate(&scene.bruno, &work);
    let stranger = stranger(&scene, &[("river.txt", b"river"), ("almost.txt", b"riveR"), ("c", &certificate)]);
    let almost = stranger.expect(&["verify", "almost.txt", "--certificate", "c", "--vkey", "log.vkey"], 3);
    assert!(almost.stderr.contains("a single changed byte is another file"), "{almost}");

    for place in (0..certificate.len()).step_by(certificate.len() / 40) {
        let mut forged = certificate.clone();
        forged[place] ^= 1;
        stranger.put("forged", &forged);
        let refused = stranger.run(&["verify", "forged", "--vkey", "log.vkey"]);
        // The name of a member that was changed may be a newer version's: that is no forgery, and no verdict either.
        let is_newer = refused.code == 1 && refused.stderr.contains("cannot be verified");
        assert!(refused.code == 4 || is_newer, "byte {place}: {refused}");
    }
    stranger.put("forged", &certificate[..certificate.len() / 2]);
    stranger.expect(&["verify", "forged", "--vkey", "log.vkey"], 4);
    let [old, new]: [Value; 2] = [&certificate, &newer].map(|bytes| serde_json::from_slice(bytes).unwrap());
    let mut mixed = old;
    mixed["checkpoint"] = new["checkpoint"].clone();
    stranger.put("mixed", format!("{mixed}\n").as_bytes());
    stranger.expect(&["verify", "river.txt", "--certificate", "mixed", "--vkey", "log.vkey"], 4);
    let other = e2e::node::Node::init("flow.example/art");
    stranger.expect(&["verify", "c", "--vkey", &other.vkey()], 4);
}

#[test]
fn what_is_not_registered_is_proved_to_be_absent() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "one", &[]);
    scene.bruno.put("other.txt", b"other");
    let absent = scene.bruno.expect(&["verify", "other.txt"], 3);
    assert!(absent.stderr.contains("is not registered in flow.example/art; this is proved"), "{absent}");
    scene.bruno.expect(&["verify", &"ab".repeat(32)], 3);
    scene.bruno.expect(&["show", &"ab".repeat(32)], 3);
    scene.bruno.expect(&["show", "abababab"], 3);
    scene.bruno.expect(&["verify", &work, "--edition", "2"], 3);
    scene.bruno.expect(&["verify", "no-such-file.png"], 2);
    scene.bruno.expect(&["verify", &work[..7]], 2);
    let asked = scene.bruno.succeed(&["verify", &work[..8].to_uppercase(), "--json"]).json();
    assert_eq!(text(&asked, "/card/work"), work);

    // Where there is no register, nothing is said of what is registered.
    let nowhere = format!("{}/nowhere", scene.node.url().trim_end_matches('/'));
    for asked in [&["verify", "other.txt"], &["verify", &work], &["show", &work]] {
        scene.bruno.expect(&[&asked[..], &["--node", &nowhere]].concat(), 1);
    }

    scene.bruno.put("one.txt", b"one");
    let several = scene.bruno.expect(&["verify", "one.txt", "other.txt", "--json"], 3);
    let schemas: Vec<String> =
        several.stdout.lines().map(|line| text(&serde_json::from_str(line).unwrap(), "/schema")).collect();
    assert_eq!(schemas, ["colophon.verify/v1", "colophon.failure/v1"]);
    let piped = scene.bruno.run_with_input(&["verify", "-"], b"one");
    assert!(piped.stdout.starts_with("✔ verified: standard input is the registered file"), "{piped}");
}

#[test]
fn who_registers_second_is_shown_second() {
    let scene = Scene::open();
    let first = mint(&scene.ana, "shared", &[]);
    let second = mint(&scene.bruno, "shared", &["--ack-first", &first]);
    let found = scene.bruno.succeed(&["verify", "shared.txt", "--json"]).json();
    assert_eq!((text(&found, "/card/work"), text(&found, "/claims/1/work")), (first.clone(), second.clone()));
    assert_eq!(found["claim_count"], 2);
    let told = scene.bruno.succeed(&["verify", &second]).stdout;
    assert!(told.contains("NOT FIRST") && told.contains("EARLIER"), "{told}");
    assert!(told.contains(&first) && !told.contains("first by"), "{told}");
}

#[test]
fn a_certificate_that_was_overtaken_is_stale() {
    let scene = Scene::open();
    let (work, certificate) = sold(&scene);
    let bruno = &scene.bruno;
    let back = ["transfer", &work, "--to", &account(&scene.ana), "--to-country", "CN", "--basis", "return", "--yes"];
    let draft = text(&bruno.succeed(&[&back[..], &["--json"]].concat()).json(), "/id");
    scene.ana.succeed(&["accept", &draft, "--yes"]);
    bruno.put("river.certificate", &certificate);
    bruno.put("river.txt", b"river");
    let verify = ["verify", "river.txt", "--certificate", "river.certificate"];
    let stale = bruno.expect(&[&verify[..], &["--json"]].concat(), 5).json();
    assert_eq!(
        (text(&stale, "/verdict"), text(&stale, "/shortfalls/0/short_of")),
        ("stale".into(), "overtaken".into())
    );
    assert_eq!(text(&stale, "/card/holder/account"), account(&scene.ana));
    let told = bruno.expect(&verify, 5).stdout;
    assert!(told.starts_with("! verified, but stale") && told.contains("is out of date"), "{told}");
    bruno.succeed(&[&verify[..], &["--offline"]].concat());
    bruno.succeed(&["verify", "river.txt", "--max-age", "1 day"]);
    let mut later = bruno.command();
    later.args(["verify", "river.txt", "--max-age", "1 day"]).env("COLOPHON_TEST_TIME", "2100-01-01T00:00:00Z");
    let later = later.output().unwrap();
    assert_eq!(later.status.code(), Some(5));
    let told = String::from_utf8(later.stdout).unwrap();
    assert!(told.contains("older than the 1 day asked for"), "{told}");
}

#[test]
fn a_folder_is_the_work_only_as_a_whole() {
    let scene = Scene::open();
    let folder = |person: &Person, pixels: &[u8]| {
        let path = person.desk().join("game");
        std::fs::create_dir_all(path.join("art")).unwrap();
        std::fs::write(path.join("art/pixels.bin"), pixels).unwrap();
        std::fs::write(path.join("cover.txt"), b"cover").unwrap();
    };
    folder(&scene.ana, b"pixels");
    let mint = ["mint", "game/cover.txt", "game", "--title", "Game", "--country", "CN", "--yes", "--json"];
    let work = text(&scene.ana.succeed(&mint).json(), "/work");
    let found = scene.ana.succeed(&["verify", "game", "--json"]).json();
    assert_eq!((text(&found, "/card/work"), found["subject"]["whole"].as_bool()), (work.clone(), Some(true)));

    let stranger = stranger(&scene, &[("c", &certificate(&scene.ana, &work))]);
    let verify = ["verify", "game", "--certificate", "c", "--vkey", "log.vkey"];
    folder(&stranger, b"pixels");
    let told = stranger.succeed(&verify).stdout;
    assert!(told.starts_with("✔ verified: game is the registered folder, all 2 files"), "{told}");
    folder(&stranger, b"Pixels");
    stranger.expect(&verify, 3);
    let told = stranger.at(scene.node.url()).expect(&["verify", "game"], 1).stderr;
    assert!(told.contains("this does not prove that it is not registered"), "{told}");
}

#[test]
fn a_folder_is_found_by_the_face_that_lies_beside_it() {
    let scene = Scene::open();
    let ana = &scene.ana;
    std::fs::create_dir_all(ana.desk().join("game")).unwrap();
    ana.put("game/pixels.bin", b"pixels");
    ana.put("cover.txt", b"cover");
    let mint = ["mint", "cover.txt", "game", "--title", "Game", "--country", "CN", "--yes", "--json"];
    let work = text(&ana.succeed(&mint).json(), "/work");
    let alone = ana.expect(&["verify", "game"], 1).stderr;
    assert!(alone.contains("give the work's face or its certificate beside it"), "{alone}");
    let told = ana.succeed(&["verify", "game", "cover.txt"]).stdout;
    assert!(told.starts_with("✔ verified: game is the registered folder, all 1 file"), "{told}");
    ana.succeed(&["verify", "game", &work]);
    ana.put("game/pixels.bin", b"Pixels");
    let told = ana.expect(&["verify", "cover.txt", "game"], 3).stderr;
    assert!(told.contains("game is not the registered folder"), "{told}");
}

#[test]
fn a_certificate_is_never_written_over_another_file() {
    let scene = Scene::open();
    let work = scene.minted("one");
    let ana = &scene.ana;
    let write = ["certificate", &work[..10], "-o", "one.certificate"];
    let written = ana.succeed(&[&write[..], &["--json"]].concat()).json();
    assert_eq!(text(&written, "/file"), "one.certificate");
    ana.expect(&write, 2);
    ana.put("one.certificate", b"something else");
    ana.succeed(&[&write[..], &["--force"]].concat());
    ana.succeed(&["verify", "one.certificate"]);
    let piped = ana.run_with_input(&["verify", "-"], &certificate(ana, &work));
    assert!(piped.stdout.starts_with("✔ verified: standard input proves what it says"), "{piped}");
}

#[test]
fn a_history_tells_every_step() {
    let scene = Scene::open();
    let work = scene.minted("told");
    let to = account(&scene.bruno);
    let offer = ["offer", &work, "--to", &to, "--to-country", "FR", "--until", "30 days", "--yes", "--json"];
    let offered = text(&scene.ana.succeed(&offer).json(), "/id");
    let open = scene.ana.succeed(&["show", &work]).stdout;
    assert!(open.contains("OFFER OPEN"), "{open}");
    scene.bruno.succeed(&["decline", &offered, "--yes"]);
    let offered = text(&scene.ana.succeed(&offer).json(), "/id");
    scene.bruno.succeed(&["accept", &offered, "--yes"]);
    let history = scene.bruno.succeed(&["history", &work, "--json"]).json();
    let steps: Vec<String> = history["story"].as_array().unwrap().iter().map(|step| text(step, "/step")).collect();
    assert_eq!(steps, ["registered", "offered", "closed", "offered", "moved"]);
    assert_eq!(history["story"][4]["by_offer"], true);
    let told = scene.bruno.succeed(&["history", &work]).stdout;
    assert!(told.contains("BORDER China (CN) → France (FR)"), "{told}");
    assert!(told.contains("the offer declined by"), "{told}");
}
