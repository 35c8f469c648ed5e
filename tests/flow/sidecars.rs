//! A certificate that lies beside its file.

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
    scene.ana.expect(&["verify", "poem.txt", "--offline"], 3);
    scene.ana.put("poem.txt", b"Hills before rain");
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
