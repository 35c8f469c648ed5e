//! A certificate that lies beside its file.

use e2e::person::Person;

use crate::scene::{Scene, text};

#[test]
fn a_file_is_verified_offline_by_the_certificate_beside_it() {
    let scene = Scene::open();
    scene.ana.put("poem.txt", b"Hills before rain");
    let mint = ["mint", "poem.txt", "--title", "Rain", "--country", "CN", "--yes", "--sidecar", "--json"];
    let work = text(&scene.ana.succeed(&mint).json(), "/work");
    let sidecar = scene.ana.desk().join("poem.txt.colophon");
    let certificate = std::fs::read(&sidecar).unwrap();
    let verdict = scene.ana.succeed(&["verify", "poem.txt", "--offline", "--json"]).json();
    assert_eq!((text(&verdict, "/card/work"), verdict["as_of"]["online"].as_bool()), (work, Some(false)));

    // Another's bytes under the same name, and a certificate that was changed.
    scene.ana.put("poem.txt", b"Hills after rain");
    let told = scene.ana.expect(&["verify", "poem.txt", "--offline"], 1).stderr;
    assert!(told.contains("not a file of the certificate beside it"), "{told}");
    scene.ana.put("poem.txt", b"Hills before rain");
    // One that was cut off proves nothing, neither for the file nor against it.
    scene.ana.put("poem.txt.colophon", &certificate[..certificate.len() / 2]);
    let told = scene.ana.expect(&["verify", "poem.txt", "--offline"], 1).stderr;
    assert!(told.contains("poem.txt.colophon, which lies beside it, is damaged or cut off"), "{told}");
    scene.ana.put("poem.txt.colophon", &String::from_utf8(certificate).unwrap().replace("CN", "FR").into_bytes());
    scene.ana.expect(&["verify", "poem.txt", "--offline"], 4);
    // One that is there is not written over, and nothing is registered.
    scene.ana.put("other.txt", b"Other hills");
    scene.ana.put("other.txt.colophon", b"mine");
    scene.ana.expect(&["mint", "other.txt", "--title", "Other", "--country", "CN", "--yes", "--sidecar"], 2);
    scene.ana.expect(&["verify", "other.txt"], 3);
    // Without one, offline, nothing leads to a work.
    std::fs::remove_file(&sidecar).unwrap();
    scene.ana.expect(&["verify", "poem.txt", "--offline"], 2);
}

#[test]
fn where_the_register_cannot_be_reached_the_certificate_beside_the_file_speaks() {
    let mut scene = Scene::open();
    scene.ana.put("poem.txt", b"Hills before rain");
    let mint = ["mint", "poem.txt", "--title", "Rain", "--country", "CN", "--yes", "--sidecar", "--json"];
    let work = text(&scene.ana.succeed(&mint).json(), "/work");
    // A register that answers is believed before the sidecar, and who is none says nothing.
    let verdict = scene.ana.succeed(&["verify", "poem.txt", "--json"]).json();
    assert_eq!(verdict["as_of"]["online"].as_bool(), Some(true));
    let nowhere = format!("{}/nowhere", scene.node.url().trim_end_matches('/'));
    scene.ana.expect(&["verify", "poem.txt", "--node", &nowhere], 1);

    let (url, vkey) = (scene.node.url().to_owned(), scene.node.vkey());
    scene.node.kill();
    let told = scene.ana.succeed(&["verify", "poem.txt", "--json"]);
    assert!(
        told.stderr.contains("cannot be reached")
            && told.stderr.contains("it is judged by the certificate beside it alone, poem.txt.colophon"),
        "{told}"
    );
    let offline = scene.ana.succeed(&["verify", "poem.txt", "--offline", "--json"]).json();
    let (mut alone, mut as_offline) = (told.json(), offline);
    assert_eq!((text(&alone, "/card/work"), alone["as_of"]["online"].as_bool()), (work.clone(), Some(false)));
    for verdict in [&mut alone, &mut as_offline] {
        verdict["as_of"]["age_ms"].take();
    }
    assert_eq!(alone, as_offline, "it ends as it does offline");

    // Somebody who never met the register, and has its key.
    let stranger = Person::without_key("stranger").at(&url);
    for name in ["poem.txt", "poem.txt.colophon"] {
        std::fs::copy(scene.ana.desk().join(name), stranger.desk().join(name)).unwrap();
    }
    stranger.succeed(&["verify", "poem.txt", "--vkey", &vkey]);
    stranger.expect(&["verify", "poem.txt"], 2);
    std::fs::remove_file(stranger.desk().join("poem.txt.colophon")).unwrap();
    stranger.expect(&["verify", "poem.txt", "--vkey", &vkey], 75);
}

#[test]
fn a_certificate_that_cannot_be_written_leaves_the_work_registered() {
    let scene = Scene::open();
    // As long as a name may be, so that there is none for its certificate.
    let long = format!("{}.txt", "a".repeat(246));
    std::fs::create_dir(scene.ana.desk().join("art")).unwrap();
    scene.ana.put(&long, b"Hills before rain");
    scene.ana.put(&format!("art/{long}"), b"Hills after rain");
    let one = ["mint", &long, "--title", "Rain", "--country", "CN", "--yes", "--sidecar", "--json"];
    let minted = scene.ana.expect(&one, 1);
    let work = text(&minted.json(), "/work");
    assert_eq!(text(&minted.json(), "/stage"), "recorded");
    assert!(minted.stderr.contains("warning: its certificate is not written: "), "{minted}");
    assert!(minted.stderr.contains(&format!("colophon certificate {} -o ", &work[..16])), "{minted}");
    scene.ana.succeed(&["certificate", &work[..16], "-o", "rain.certificate"]);

    // Of a list, for the name is longer than a title may be.
    let list = format!("file,title\nart/{long},Sun\n");
    scene.ana.put("list.csv", list.as_bytes());
    let many = ["mint", "--works", "list.csv", "--country", "CN", "--yes", "--sidecar", "--json"];
    let report = scene.ana.expect(&many, 1).json();
    assert_eq!((report["registered"].as_u64(), report["failed"].as_u64()), (Some(1), Some(0)), "{report}");
    let notes = report["works"][0]["notes"].to_string();
    let command = format!("colophon certificate {} -o ", &text(&report, "/works/0/work")[..16]);
    assert!(notes.contains("its certificate is not written: ") && notes.contains(&command), "{notes}");
}
