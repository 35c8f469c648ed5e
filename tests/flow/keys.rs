//! Keys change hands: an old key signs nothing more, and a studio needs two of three.

use crate::scene::{Scene, account, mint, refused, text};
use e2e::person::Person;

/// Copies the secrets that a person had, as a thief of the machine would have before a rotation.
fn thief_of(person: &Person, node: &str) -> Person {
    let thief = Person::without_key("thief").at(node);
    let keys = thief.home().join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    for file in std::fs::read_dir(person.home().join("keys")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), keys.join(file.file_name())).unwrap();
    }
    thief
}

#[test]
fn an_old_key_is_refused_after_a_rotation() {
    let scene = Scene::open();
    scene.minted("before");
    let thief = thief_of(&scene.ana, scene.node.url());
    let before = account(&scene.ana);
    let rotated = scene.ana.succeed(&["key", "rotate", "ana", "--yes", "--json"]).json();
    assert_eq!((text(&rotated, "/stage"), text(&rotated, "/kind")), ("recorded".to_owned(), "rotate".to_owned()));
    assert_eq!(account(&scene.ana), before, "an account keeps its name for ever");
    mint(&scene.ana, "after", &[]);
    thief.put("stolen.txt", b"stolen");
    let mint = ["mint", "stolen.txt", "--title", "Mine", "--country", "US", "--yes"];
    assert_eq!(refused(&thief, &mint), "signature_set");
    let files: Vec<_> = std::fs::read_dir(scene.ana.home().join("keys")).unwrap().collect();
    assert_eq!(files.len(), 2, "the old secret is gone: {files:?}");
    scene.ana.succeed(&["key", "rotate", "--yes"]);
}

#[test]
fn a_rotation_that_was_interrupted_is_finished_by_the_next() {
    let scene = Scene::open();
    let old = std::fs::read(scene.ana.home().join("keys/ana.plain")).unwrap();
    let old_public = std::fs::read(scene.ana.home().join("keys/ana.pub")).unwrap();
    scene.ana.succeed(&["key", "rotate", "--yes"]);
    // As if the power had gone once the rotation was recorded and before the new key took the old one's place.
    let keys = scene.ana.home().join("keys");
    std::fs::rename(keys.join("ana.plain"), keys.join("ana.next.plain")).unwrap();
    std::fs::rename(keys.join("ana.pub"), keys.join("ana.next.pub")).unwrap();
    std::fs::write(keys.join("ana.pub"), old_public).unwrap();
    std::fs::write(keys.join("ana.plain"), old).unwrap();
    set_private(&keys.join("ana.plain"));
    let finished = scene.ana.succeed(&["key", "rotate", "--yes", "--json"]).json();
    assert_eq!(finished["repeated"], true);
    mint(&scene.ana, "after", &[]);
}

fn set_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_studio_signs_with_two_of_three_keys_by_draft_files() {
    let scene = Scene::open();
    let studio = account(&scene.ana);
    let [one, two, three] = ["one", "two", "three"].map(|name| {
        let person = Person::without_key(name).at(scene.node.url());
        let made = ["key", "new", "--no-passphrase", name, "--account", &studio, "--json"];
        let key = text(&person.succeed(&made).json(), "/key");
        (person, key)
    });
    let keys = [&one.1, &two.1, &three.1].map(String::as_str).join(",");
    let rotate = ["key", "rotate", "--keys", &keys, "--threshold", "2", "--draft", "keys.draft", "--yes"];
    scene.ana.succeed(&rotate);
    let mut draft = std::fs::read(scene.ana.desk().join("keys.draft")).unwrap();
    for (person, _) in [&one, &two, &three] {
        let path = person.put("keys.draft", &draft);
        person.succeed(&["sign", "keys.draft", "--yes"]);
        draft = std::fs::read(path).unwrap();
    }
    three.0.succeed(&["submit", "keys.draft"]);

    one.0.put("film.txt", b"film");
    let mint = ["mint", "film.txt", "--title", "Film", "--country", "CN", "--draft", "film.draft", "--json"];
    let left = one.0.succeed(&mint).json();
    assert_eq!((text(&left, "/stage"), left["lacking"][0]["signatures"].as_u64()), ("file".to_owned(), Some(1)));
    assert_eq!(refused(&one.0, &["submit", "film.draft"]), "signature_set");
    three.0.put("film.draft", &std::fs::read(one.0.desk().join("film.draft")).unwrap());
    three.0.succeed(&["sign", "film.draft", "--yes"]);
    let submitted = three.0.succeed(&["submit", "film.draft", "--json"]).json();
    assert_eq!(text(&submitted, "/stage"), "recorded");
    assert_eq!(text(&submitted, "/work"), text(&left, "/id"));

    scene.ana.put("late.txt", b"late");
    let late = ["mint", "late.txt", "--title", "Late", "--country", "CN"];
    assert_eq!(refused(&scene.ana, &late), "signature_set");
}

#[test]
fn a_new_key_whose_rotation_was_recorded_unheard_is_put_in_place_by_whatever_signs_next() {
    let scene = Scene::open();
    let keys = scene.ana.home().join("keys");
    let old = ["ana.plain", "ana.pub"].map(|name| std::fs::read(keys.join(name)).unwrap());
    scene.ana.succeed(&["key", "rotate", "--yes"]);
    for (name, old) in ["ana.plain", "ana.pub"].iter().zip(&old) {
        std::fs::rename(keys.join(name), keys.join(name.replace('.', ".next."))).unwrap();
        std::fs::write(keys.join(name), old).unwrap();
        set_private(&keys.join(name));
    }
    assert!(scene.ana.succeed(&["key", "list"]).stdout.contains("A SUCCESSOR IS PENDING"));
    let refused = scene.ana.expect(&["key", "backup", "ana", "-o", "b.age"], 1);
    assert!(refused.stderr.contains("colophon key rotate ana"), "{refused}");
    mint(&scene.ana, "after", &[]);
    assert!(!keys.join("ana.next.plain").exists());
}
