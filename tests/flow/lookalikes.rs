//! Somebody registers another's picture, a little changed.

use std::path::Path;

use e2e::painting::paint_all;
use e2e::person::Person;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};

use crate::scene::{Scene, refused, text};

/// How well the copy is saved, of 100: as most programs do.
const QUALITY: u8 = 85;

/// Mirrors a picture, cuts 2 % off, halves each side, and saves it as JPEG.
pub(crate) fn copy(original: &Path, to: &Path) {
    let picture = imageops::flip_horizontal(&image::open(original).unwrap().to_rgb8());
    let (width, height) = picture.dimensions();
    let (left, top) = (width / 100, height / 100);
    let cropped = imageops::crop_imm(&picture, left, top, width - 2 * left, height - 2 * top).to_image();
    let small = imageops::resize(&cropped, cropped.width() / 2, cropped.height() / 2, FilterType::Lanczos3);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&small).unwrap();
    std::fs::write(to, bytes).unwrap();
}

/// Puts pictures on a person's desk, and returns their names.
pub(crate) fn paint(person: &Person) -> Vec<String> {
    let paths = paint_all(&person.desk()).unwrap();
    paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_copied_picture_is_shown_to_be_like_the_first_before_it_is_registered_and_in_its_certificate_after() {
    let scene = Scene::open();
    let paths = paint(&scene.ana);
    let mint = |file: &str| vec!["mint".to_owned(), file.to_owned()];
    let words = ["--title", "Mountains in mist", "--country", "CN", "--yes", "--json"].map(ToOwned::to_owned);
    let registered = scene.ana.succeed(&[mint(&paths[0]), words.to_vec()].concat()).json();
    let first = text(&registered, "/work");
    scene.ana.succeed(&[mint(&paths[1]), words.to_vec()].concat());

    // Bruno has the picture from somewhere, and changes it a little.
    copy(&scene.ana.desk().join(&paths[0]), &scene.bruno.desk().join("mine.jpg"));
    scene.bruno.expect(&["verify", "mine.jpg"], 3);
    let found = scene.bruno.succeed(&["search", "mine.jpg", "--json"]).json();
    let lookalikes = found["lookalikes"].as_array().unwrap();
    assert_eq!(&std::fs::read(scene.bruno.desk().join("mine.jpg")).unwrap()[..3], b"\xff\xd8\xff", "a JPEG");
    assert_eq!(lookalikes.len(), 1, "{found}");
    assert_eq!(text(&lookalikes[0], "/work"), first);
    assert!(["same", "lookalike"].contains(&text(&lookalikes[0], "/grade").as_str()), "{found}");

    let mut claim = vec!["mint", "mine.jpg", "--title", "My mountains", "--country", "US", "--yes"];
    assert_eq!(refused(&scene.bruno, &claim), "ack_similar_missing");
    let told = scene.bruno.expect(&claim, 6).stderr;
    assert!(told.contains("Mountains in mist") && told.contains(&first), "{told}");
    claim.extend(["--ack-similar", &first, "--json"]);
    let second = text(&scene.bruno.succeed(&claim).json(), "/work");
    let shown = scene.bruno.succeed(&["show", &second, "--json"]).json();
    assert_eq!(shown["card"]["acknowledges_similar"], serde_json::json!([first]));
    scene.bruno.succeed(&["certificate", &second, "-o", "second.certificate"]);
    let verdict = scene.bruno.succeed(&["verify", "mine.jpg", "--json"]).json();
    assert_eq!(text(&verdict, "/earlier_lookalikes/0/work"), first);
    let own = scene.ana.succeed(&["verify", &paths[0], "--json"]).json();
    assert_eq!(own["earlier_lookalikes"], serde_json::json!([]), "the first has none before it");
    let certificate = scene.bruno.succeed(&["verify", "second.certificate"]).stdout;
    assert!(certificate.contains("LIKE EARLIER") && certificate.contains(&first), "{certificate}");
    // The first maker is asked nothing about their own.
    let again = scene.ana.succeed(&["search", &paths[0], "--json"]).json();
    assert_eq!(again["lookalikes"].as_array().map(Vec::len), Some(2), "{again}");
}

#[test]
fn what_cannot_be_decoded_is_registered_by_its_digests() {
    let scene = Scene::open();
    scene.ana.put("broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR and nothing more");
    let minted = scene.ana.succeed(&["mint", "broken.png", "--title", "Torn", "--country", "CN", "--yes"]);
    assert!(minted.stderr.contains("has no content code"), "{minted}");
    scene.ana.succeed(&["verify", "broken.png"]);
    let search = scene.ana.expect(&["search", "broken.png"], 1);
    assert!(search.stderr.contains("nothing by which works like it could be found"), "{search}");
}
