//! What governors do, as the people of a register see it.

use e2e::node::Node;

use crate::scene::{Scene, mint, refused, text};

/// Composes an act of the only governor and has somebody hand it in.
fn govern(scene: &Scene, act: &str, more: &[&str]) {
    let draft = scene.ana.desk().join(format!("{act}.draft"));
    let key = scene.node.dir().join("governor.key");
    let dir = scene.node.dir();
    let words = ["--key", key.to_str().unwrap(), "--out", draft.to_str().unwrap()];
    let composed = scene.node.run_words(&[&["govern", act, dir.to_str().unwrap()], &words[..], more].concat());
    assert_eq!(composed.code, 0, "{composed}");
    scene.ana.succeed(&["submit", draft.to_str().unwrap()]);
}

#[test]
fn a_new_key_of_the_log_is_believed_once_a_person_names_it_and_the_register_shows_it() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    scene.ana.succeed(&["certificate", &work, "-o", "before.json"]);
    scene.bruno.succeed(&["verify", &work]);
    let old = scene.node.vkey();

    let made = scene.node.run::<&str>("next-log-key", &[]);
    assert_eq!(made.code, 0, "{made}");
    let new = made.stdout.lines().find_map(|line| line.trim().strip_prefix("verifier key")).unwrap().trim().to_owned();
    let draft = scene.ana.desk().join("log-key.draft");
    let key = scene.node.dir().join("governor.key");
    let (dir, out) = (scene.node.dir(), draft.to_str().unwrap().to_owned());
    let words =
        ["govern", "log-key", dir.to_str().unwrap(), "--key", key.to_str().unwrap(), "--vkey", &new, "--out", &out];
    let composed = scene.node.run_words(&words);
    assert_eq!(composed.code, 0, "{composed}");
    // The answer is signed by the new key: that the act is in the log is shown by it, and it is not believed any further.
    let handed_in = scene.ana.succeed(&["submit", &out]);
    assert!(handed_in.stdout.contains("recorded"), "{handed_in}");
    assert!(handed_in.stderr.contains(&format!("colophon trust pin {new}")), "{handed_in}");
    assert_eq!(scene.node.vkey(), new);
    scene.ana.expect(&["verify", &work], 4);

    // Nobody takes another key from the register alone; named by a person, it is held against the governors' act.
    scene.bruno.expect(&["verify", &work], 4);
    scene.bruno.expect(&["trust", "pin", &Node::init("flow.example/art").vkey()], 4);
    let pinned = scene.bruno.succeed(&["trust", "pin", &new]);
    assert!(pinned.stderr.contains("have given its log another key") && pinned.stderr.contains(&old), "{pinned}");
    scene.bruno.succeed(&["verify", &work]);
    let policy = std::fs::read_to_string(scene.bruno.home().join("policy")).unwrap();
    assert!(policy.contains(&old) && policy.contains(&new), "both are named: {policy}");

    // What the old key signed is verified by it, what the new one signs by that.
    let before = scene.bruno.put("before.json", &std::fs::read(scene.ana.desk().join("before.json")).unwrap());
    scene.bruno.succeed(&["verify", before.to_str().unwrap(), "--offline"]);
    scene.bruno.succeed(&["verify", before.to_str().unwrap()]);
    scene.bruno.succeed(&["certificate", &work, "-o", "after.json"]);
    scene.bruno.succeed(&["verify", "after.json", "--offline"]);
}

#[test]
fn a_retired_register_is_believed_and_takes_nothing() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    govern(&scene, "retire", &[]);
    scene.ana.put("late.txt", b"late");
    let late = ["mint", "late.txt", "--title", "en:Late", "--country", "CN", "--yes"];
    assert_eq!(refused(&scene.ana, &late), "retired");
    let verified = scene.bruno.succeed(&["verify", &work, "--json"]).json();
    assert_eq!(text(&verified, "/verdict"), "verified");
}
