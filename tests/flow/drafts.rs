//! What is signed and not acknowledged is kept, and sent again without harm.

use crate::scene::{Scene, refused, text};

#[test]
fn an_entry_that_was_never_acknowledged_is_sent_again() {
    let mut scene = Scene::open();
    scene.minted("first");
    scene.ana.put("lost.txt", b"lost");
    let mint = ["mint", "lost.txt", "--title", "Lost", "--country", "CN", "--dry-run", "--json"];
    let planned = scene.ana.succeed(&mint).json();
    assert_eq!(text(&planned, "/stage"), "dry_run");
    scene.node.kill();
    let failed = scene.ana.expect(&["mint", "lost.txt", "--title", "Lost", "--country", "CN"], 75);
    assert!(!failed.stderr.is_empty());
    scene.node.start();
    let url = scene.node.url().to_owned();
    scene.ana.move_to(&url);
    scene.ana.succeed(&["mint", "lost.txt", "--title", "Lost", "--country", "CN"]);
    assert_eq!(refused(&scene.ana, &["mint", "lost.txt", "--title", "Lost", "--country", "CN"]), "face_repeated");
}

#[test]
fn an_earlier_attempt_is_settled_before_a_new_one() {
    let scene = Scene::open();
    // As if the acknowledgement had been lost: the entry is in the register, and still kept here as unacknowledged.
    let kept = scene.ana.home().join("drafts");
    scene.ana.put("other.txt", b"other");
    let co = format!("Bruno:art:50%:{}", crate::scene::account(&scene.bruno));
    let mine = format!("Ana:art:50%:{}", crate::scene::account(&scene.ana));
    let mint = ["mint", "other.txt", "--title", "O", "--country", "CN", "--creator", &mine, "--creator", &co];
    let left = scene.ana.succeed(&[&mint[..], &["--draft", "o.draft", "--json"]].concat()).json();
    let id = text(&left, "/id");
    scene.bruno.put("o.draft", &std::fs::read(scene.ana.desk().join("o.draft")).unwrap());
    scene.bruno.succeed(&["sign", "o.draft", "--yes"]);
    let complete = std::fs::read(scene.bruno.desk().join("o.draft")).unwrap();
    scene.bruno.succeed(&["submit", "o.draft"]);
    std::fs::write(kept.join(format!("{id}.draft")), complete).unwrap();
    // An entry whose answer was lost was never left for others.
    std::fs::remove_file(kept.join(format!("{id}.left"))).unwrap();
    let inbox = scene.ana.succeed(&["inbox", "--json"]).json();
    assert_eq!(text(&inbox, "/unacknowledged/0"), id);
    let settled = scene.ana.succeed(&["mint", "other.txt", "--title", "O", "--country", "CN", "--json"]).json();
    assert_eq!((text(&settled, "/work"), settled["repeated"].as_bool()), (id.clone(), Some(true)));
    assert!(!kept.join(format!("{id}.draft")).exists());
}

#[test]
fn a_shortened_id_of_a_stranger_is_not_signed_for() {
    let scene = Scene::open();
    let work = scene.minted("mine");
    let to = crate::scene::account(&scene.ana);
    let transfer = ["transfer", &work[..16], "--to", &to, "--to-country", "CN", "--yes"];
    let failed = scene.bruno.expect(&transfer, 2);
    assert!(failed.stderr.contains("give all 64 digits"), "{failed}");
}

#[test]
fn a_draft_without_its_words_or_changed_after_a_signature_is_not_signed() {
    let scene = Scene::open();
    let work = scene.minted("terms");
    let to = crate::scene::account(&scene.bruno);
    let sale = ["transfer", &work, "--to", &to, "--to-country", "FR", "--price", "5.00 EUR", "--note", "no resale"];
    scene.ana.succeed(&[&sale[..], &["--draft", "s.draft", "--yes"]].concat());
    let draft = std::fs::read_to_string(scene.ana.desk().join("s.draft")).unwrap();
    let mut bare: serde_json::Value = serde_json::from_str(&draft).unwrap();
    bare.as_object_mut().unwrap().remove("card").unwrap();
    scene.bruno.put("bare.draft", bare.to_string().as_bytes());
    // The price alone: the same digits may stand in an id.
    let changed = draft.replace(r#"\"amount\":500"#, r#"\"amount\":501"#);
    assert_ne!(changed, draft);
    scene.bruno.put("cheap.draft", changed.as_bytes());
    for verb in ["accept", "sign"] {
        let refused = scene.bruno.expect(&[verb, "bare.draft", "--yes"], 1);
        assert!(refused.stderr.contains("it commits to words that are not here"), "{refused}");
        for flag in ["--yes", "--dry-run"] {
            let changed = scene.bruno.expect(&[verb, "cheap.draft", flag], 4);
            assert!(changed.stderr.contains("this draft was changed after"), "{changed}");
        }
    }
    let mut unsigned: serde_json::Value = serde_json::from_str(&draft).unwrap();
    unsigned["signatures"] = serde_json::json!([]);
    scene.bruno.put("unsigned.draft", unsigned.to_string().as_bytes());
    let warned = scene.bruno.succeed(&["sign", "unsigned.draft", "--dry-run"]);
    assert!(warned.stderr.contains("the sender has not signed this draft"), "{warned}");
    scene.bruno.put("s.draft", draft.as_bytes());
    scene.bruno.succeed(&["accept", "s.draft", "--yes"]);
}
