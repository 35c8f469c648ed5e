//! The governors give the log another key: a copy goes on by it once somebody has named it, and not before.

use colophon_ledger::draft::Draft;
use e2e::node::Node;

use crate::scene::{Scene, assert_clean, assert_same_answer, assert_same_log};

/// Lets the governor give the log another key, and returns it.
fn rekey(scene: &Scene) -> String {
    let register = &scene.register;
    let made = register.run::<&str>("next-log-key", &[]);
    let new = made.stdout.lines().find_map(|line| line.trim().strip_prefix("verifier key")).expect("a key").trim();
    let dir = register.dir();
    let (key, draft) = (dir.join("governor.key"), dir.join("log-key.draft"));
    let words = ["govern", "log-key", dir.to_str().expect("a path"), "--vkey", new, "--key"];
    let words = [&words[..], &[key.to_str().expect("a path"), "--out", draft.to_str().expect("a path")]].concat();
    assert_eq!(register.run_words(&words).code, 0);
    let draft = Draft::parse(&std::fs::read(draft).expect("a draft")).expect("a draft");
    let entry = draft.to_entry().expect("all signatures");
    assert_eq!(register.post("/v1/entries", "text/plain", entry.to_bytes()).status, 201);
    new.to_owned()
}

#[test]
fn a_copy_goes_on_by_another_key_of_the_log_once_it_is_named() {
    let mut scene = Scene::open();
    scene.mint(3);
    let old = scene.register.vkey();
    let mut copy = scene.copy();
    let before = copy.get("/checkpoint").body;
    let new = rekey(&scene);
    scene.mint(1);

    // Named by nobody, it is not believed; what there is to add is said.
    let health = copy.wait_for_health("source_unsound");
    let why = health["follows"]["why"].as_str().expect("a reason");
    assert!(why.contains(&new) && why.contains("--vkey"), "{why}");
    assert!(copy.get("/checkpoint").body == before, "the copy has moved");
    assert!(copy.terminate().success());

    copy.trust_keys(&[&old, &new]);
    copy.start();
    let size = scene.mint(1);
    copy.wait_for_size(size);
    assert_same_answer(&scene.register, &copy, "/checkpoint");
    assert_eq!(copy.vkey(), new);
    assert_same_log(&scene.register.dir(), &copy.dir());

    // From then on the new key is enough, and the old one is not.
    copy.kill();
    copy.trust_keys(&[&new]);
    copy.start();
    let size = scene.mint(1);
    copy.wait_for_size(size);
    assert!(copy.terminate().success());
    assert_clean(&copy);
    copy.trust_keys(&[&old]);
    let refused = copy.refused_start();
    assert!(refused.code == 1 && refused.said.contains("add it to the file of --vkey"), "{}", refused.said);
}

#[test]
fn a_copy_that_knows_both_keys_crosses_the_change_while_it_is_served() {
    let mut scene = Scene::open();
    scene.mint(3);
    let old = scene.register.vkey();
    let mut copy = scene.copy();
    // What `next-log-key` prints is told to everybody before the governors act.
    assert!(copy.terminate().success());
    let first = rekey(&scene);
    copy.trust_keys(&[&first, &old]);
    copy.start();
    let size = scene.mint(2);
    copy.wait_for_size(size);
    assert_same_answer(&scene.register, &copy, "/checkpoint");

    // And a copy that begins after it, by either order of the keys, or the new one alone.
    for keys in [&[&*old, &*first][..], &[&*first]] {
        let mut late = Node::following(&scene.register, scene.liar.url());
        late.trust_keys(keys);
        late.start();
        late.wait_for_size(size);
        assert_same_answer(&scene.register, &late, "/checkpoint");
        assert!(late.terminate().success());
        late.start();
        assert_same_answer(&scene.register, &late, "/v1/register");
    }
}

#[test]
fn an_old_backup_from_before_the_change_is_not_signed_where_a_peer_knows_the_newer_key() {
    let mut scene = Scene::open();
    scene.mint(2);
    assert!(scene.register.terminate().success());
    let mut backup = Node::copy_of(&scene.register);
    scene.register.start();
    scene.liar.stand_before(scene.register.url());
    let old = scene.register.vkey();
    let new = rekey(&scene);
    let mut copy = Node::following(&scene.register, scene.liar.url());
    copy.trust_keys(&[&old, &new]);
    copy.start();
    copy.wait_for_size(scene.size());
    assert!(scene.register.terminate().success());
    let slots = std::fs::read(backup.dir().join("slots")).expect("slots");
    backup.set_serve_args(&["--peer", copy.url()]);
    let refused = backup.refused_start();
    assert!(refused.code == 1 && refused.said.contains("by another key"), "{}", refused.said);
    assert!(std::fs::read(backup.dir().join("slots")).expect("slots") == slots);
    // What went on itself does.
    scene.register.set_serve_args(&["--peer", copy.url()]);
    scene.register.start();
}
