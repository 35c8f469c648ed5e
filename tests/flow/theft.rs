//! Somebody registers what another has registered before.

use crate::scene::{Scene, mint, refused};

#[test]
fn a_thief_registers_second_and_never_silently() {
    let scene = Scene::open();
    let work = scene.minted("picture");
    scene.bruno.put("picture.txt", b"picture");
    let mint_it = ["mint", "picture.txt", "--title", "My picture", "--country", "US", "--yes"];
    assert_eq!(refused(&scene.bruno, &mint_it), "ack_first_missing");
    let wrong = "0".repeat(64);
    assert_eq!(refused(&scene.bruno, &[&mint_it[..], &["--ack-first", &wrong]].concat()), "ack_first_wrong");
    mint(&scene.bruno, "picture", &["--ack-first", &work]);
    assert_eq!(refused(&scene.ana, &["mint", "picture.txt", "--title", "Again", "--country", "CN"]), "face_repeated");
    let verdict = scene.bruno.succeed(&["verify", "picture.txt", "--json"]).json();
    assert_eq!(verdict["card"]["work"], work.as_str(), "the first registration is the verdict");
}
