//! Somebody registers another's picture, a little changed.

use std::path::Path;

use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Files, Mint, WorkFile};
use colophon_ledger::field::{Digest, Int};
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};
use colophon_tlog::hash::sha256;
use e2e::minting::Minter;
use e2e::painting::paint_all;
use e2e::person::Person;
use e2e::told::submit;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use serde_json::{Value, json};

use crate::scene::{Scene, refused, text};

/// How well the copy is saved, of 100: as most programs do.
const QUALITY: u8 = 85;
/// More copies than works are shown.
const COPIES: u8 = 12;

/// Mirrors a picture, cuts 2 % off, halves each side, and saves it as JPEG.
pub(crate) fn copy(original: &Path, to: &Path) {
    let picture = imageops::flip_horizontal(&image::open(original).unwrap().to_rgb8());
    save_small(&cropped(&picture, 10), QUALITY, to);
}

/// Cuts so many thousandths off each side of a picture.
fn cropped(picture: &RgbImage, thousandths: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (left, top) = (width * thousandths / 1000, height * thousandths / 1000);
    imageops::crop_imm(picture, left, top, width - 2 * left, height - 2 * top).to_image()
}

/// Halves each side, and saves it as JPEG.
fn save_small(picture: &RgbImage, quality: u8, to: &Path) {
    let small = imageops::resize(picture, picture.width() / 2, picture.height() / 2, FilterType::Lanczos3);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&small).unwrap();
    std::fs::write(to, bytes).unwrap();
}

/// Returns what is printed, without its line ends.
fn unwrapped(told: &str) -> String {
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn works(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|like| text(like, "/work")).collect()
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
    let absent = scene.bruno.expect(&["verify", "mine.jpg"], 3).stderr;
    assert!(
        absent.contains("registered, and like it:\n  \"Mountains in mist\"") && absent.contains(&first),
        "{absent}"
    );
    let found = scene.bruno.succeed(&["search", "mine.jpg", "--json"]).json();
    let lookalikes = found["lookalikes"].as_array().unwrap();
    assert_eq!(lookalikes[0]["changed"], json!(["mirrored"]));
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
    let shown = scene.bruno.succeed(&["show", &second]).stdout;
    for told in [&certificate, &shown] {
        let told = unwrapped(told);
        assert!(told.contains("registered before: \"Mountains in mist\""), "{told}");
        assert!(told.contains(&format!("UTC {first}")), "when, and then the work: {told}");
    }
    // The first maker is asked nothing about their own.
    let again = scene.ana.succeed(&["search", &paths[0], "--json"]).json();
    assert_eq!(again["lookalikes"].as_array().map(Vec::len), Some(2), "{again}");
}

#[test]
fn later_copies_do_not_bury_the_first() {
    let scene = Scene::open();
    let paths = paint(&scene.ana);
    let words = ["--title", "en:Mountains in mist", "--country", "CN", "--yes", "--json"];
    let first = text(&scene.ana.succeed(&[&["mint", &paths[0]][..], &words].concat()).json(), "/work");

    // Bruno's copies are cut by more, so that each is nearer to the others than to the picture.
    let desk = scene.bruno.desk();
    std::fs::create_dir(desk.join("copies")).unwrap();
    let picture = cropped(&image::open(scene.ana.desk().join(&paths[0])).unwrap().to_rgb8(), 30);
    for number in 0..COPIES {
        save_small(&picture, 70 + number, &desk.join(format!("copies/{number:02}.jpg")));
    }
    save_small(&picture, 95, &desk.join("one more.jpg"));
    let mint = ["mint", "copies", "--country", "US", "--ack-similar", &first, "--yes", "--json"];
    let mut minted = scene.bruno.succeed(&mint).json()["works"].as_array().unwrap().clone();
    minted.sort_by_key(|work| work["index"].as_u64());
    let copies: Vec<String> = minted.iter().map(|work| text(work, "/work")).collect();
    let (earliest, last) = (text(&minted[0], "/file"), text(minted.last().unwrap(), "/file"));
    let found = works(&scene.bruno.succeed(&["search", &last, "--json"]).json()["lookalikes"]);
    assert_eq!((found.len(), found.last()), (10, Some(&first)), "the copies are nearer, and do not hide the picture");

    let verified = |what: &str| scene.bruno.succeed(&["verify", what, "--json"]).json();
    let expected: Vec<String> = [&first].into_iter().chain(&copies[..9]).cloned().collect();
    assert_eq!(works(&verified(&last)["earlier_lookalikes"]), expected, "the earliest ten of twelve");
    assert_eq!(works(&verified(&earliest)["earlier_lookalikes"]), [first.as_str()]);
    let told = unwrapped(&scene.bruno.succeed(&["verify", &last]).stdout);
    let row = "EARLIER, LIKE \"Mountains in mist\" (en) by z6Mk";
    let grade = [format!("UTC, alike {first}"), format!("UTC, the same or hardly changed {first}")];
    assert!(told.contains(row) && grade.iter().any(|grade| told.contains(grade)), "{told}");

    // Without the file: by the code that the mint states.
    assert_eq!(works(&verified(copies.last().unwrap())["earlier_lookalikes"]), expected);
    scene.bruno.succeed(&["certificate", &copies[0], "-o", "copy.certificate"]);
    let told = unwrapped(&scene.bruno.succeed(&["verify", "copy.certificate"]).stdout);
    assert!(told.contains(row) && told.contains("what is like its face when turned or mirrored"), "{told}");

    // Ana need not name those who copied her, and is told that the certificate does not.
    save_small(
        &image::open(scene.ana.desk().join(&paths[0])).unwrap().to_rgb8(),
        90,
        &scene.ana.desk().join("small.jpg"),
    );
    let small = text(&scene.ana.succeed(&[&["mint", "small.jpg"][..], &words].concat()).json(), "/work");
    let told = scene.ana.succeed(&["certificate", &small, "-o", "small.certificate"]).stderr;
    assert!(told.contains("of which the certificate does not tell") && told.contains(&copies[0][..16]), "{told}");

    // Bruno's own twelve are in nobody's way, and not in that of the first either.
    let claim = ["mint", "one more.jpg", "--title", "Another", "--country", "US", "--yes"];
    assert_eq!(refused(&scene.bruno, &claim), "ack_similar_missing");
    let told = scene.bruno.expect(&claim, 6).stderr;
    assert!(told.contains("\"Mountains in mist\"") && told.contains(&format!("--ack-similar {first}")), "{told}");
    let claim = ["mint", "--each", "one more.jpg", "--country", "US", "--yes", "--json"];
    assert_eq!(scene.bruno.expect(&claim, 6).json()["works"][0]["like"], json!([first]));
}

#[test]
fn two_peoples_pictures_of_one_colour_are_no_alarm_to_each_other() {
    let scene = Scene::open();
    for (person, colour) in [(&scene.ana, [20, 40, 200]), (&scene.bruno, [21, 40, 200])] {
        RgbImage::from_pixel(64, 64, Rgb(colour)).save(person.desk().join("blue.png")).unwrap();
        let minted = person.succeed(&["mint", "blue.png", "--title", "Blue", "--country", "CN", "--yes"]);
        let said = "blue.png has hardly more than one tone, so nobody looks for works like it";
        assert!(minted.stderr.contains(said), "{minted}");
        let verdict = person.succeed(&["verify", "blue.png", "--json"]).json();
        assert_eq!(verdict.get("earlier_lookalikes"), None, "{verdict}");
        let codes = verdict["codes"].as_array().unwrap();
        assert!(codes.iter().any(|code| code == &json!({"code": "image", "found": "same"})), "it has one: {verdict}");
        let told = unwrapped(&person.succeed(&["verify", "blue.png"]).stdout);
        assert!(told.contains("whether others registered what looks like it: too little is in it"), "{told}");
        let search = person.expect(&["search", "blue.png"], 1);
        assert!(search.stderr.contains("nothing by which works like it could be found"), "{search}");
    }
}

#[test]
fn texts_and_sounds_with_next_to_nothing_in_them_are_no_alarm_to_each_other() {
    let scene = Scene::open();
    for (person, line, seconds) in [(&scene.ana, "x\n", 10), (&scene.bruno, "x \n", 12)] {
        person.put("x.txt", line.as_bytes());
        person.put("silence.wav", &silence(seconds));
        for (file, said) in [("x.txt", "has hardly any words"), ("silence.wav", "is hardly more than silence")] {
            let minted = person.succeed(&["mint", file, "--title", "Nothing", "--country", "CN", "--yes"]);
            assert!(minted.stderr.contains(&format!("{file} {said}")), "{minted}");
            let verdict = person.succeed(&["verify", file, "--json"]).json();
            assert_eq!(verdict.get("earlier_lookalikes"), None, "{verdict}");
        }
    }
    scene.bruno.put("mine.txt", b"\tx\n");
    let absent = unwrapped(&scene.bruno.expect(&["verify", "mine.txt"], 3).stderr);
    assert!(absent.contains("what is like it is not looked for: too little is in it"), "{absent}");
}

/// Returns so many seconds of silence as a WAV file: one channel, 8000 samples of 16 bits a second.
fn silence(seconds: u32) -> Vec<u8> {
    let bytes = seconds * 16_000;
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&16_000_u32.to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&bytes.to_le_bytes());
    file.resize(file.len() + usize::try_from(bytes).unwrap(), 0);
    file
}

/// Registers a text by a mint that states these units of it, made by `prep`; returns the work.
fn claim(scene: &Scene, content: &str, units: Vec<Unit>, prep: &str) -> String {
    let eve = Minter::new("eve", &scene.node);
    let (mint, card) = eve.body(content);
    let iscc = Iscc::new(units).unwrap().to_string();
    let file = WorkFile {
        bytes: Int::new(content.len() as u64).unwrap(),
        fingerprint: Some(iscc.parse().unwrap()),
        prep: Some(prep.parse().unwrap()),
        sha256: Digest(sha256(content.as_bytes())),
        ..mint.files.as_slice()[0].clone()
    };
    let mint = Mint { files: Files::new(vec![file]).unwrap(), ..mint };
    let answer = submit(&scene.node, &eve.sign(&Body::Mint(mint)), &card).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    text(&answer.json(), "/id")
}

#[test]
fn codes_that_are_not_the_files_are_told_loudly() {
    let scene = Scene::open();
    let bruno = &scene.bruno;
    let false_units =
        || [UnitKind::Text, UnitKind::Data, UnitKind::Instance].map(|kind| Unit::new(kind, [0x5a; 32])).to_vec();
    let (hills, river) = ("Hills before rain, and a road.", "The river behind the hills, and no road.");
    let work = claim(&scene, hills, false_units(), "plain-1");
    claim(&scene, river, false_units()[..1].to_vec(), "words-9");
    bruno.put("hills.txt", hills.as_bytes());
    bruno.put("river.txt", river.as_bytes());

    let verdict = bruno.succeed(&["verify", "hills.txt", "--json"]).json();
    let other = |code: &str| json!({"code": code, "found": "other"});
    assert_eq!(verdict["codes"], json!([other("text"), other("data"), other("instance")]));
    let told = bruno.succeed(&["verify", "hills.txt"]).stdout;
    assert!(
        unwrapped(&told).contains("CODES DIFFER whoever registered it states other codes of it: text, data, instance"),
        "{told}"
    );
    assert!(!told.contains("are those of the file"), "{told}");
    // Whoever has the certificate needs nobody for it.
    bruno.succeed(&["certificate", &work, "-o", "hills.certificate"]);
    let alone = bruno.succeed(&["verify", "hills.txt", "--certificate", "hills.certificate", "--offline"]).stdout;
    assert!(alone.contains("CODES DIFFER"), "{alone}");

    // What was prepared in a way that nobody here knows says nothing.
    let told = bruno.succeed(&["verify", "river.txt"]).stdout;
    assert!(
        !told.contains("CODES DIFFER")
            && unwrapped(&told).contains("the code it states of the content: it was prepared"),
        "{told}"
    );

    // An honest one.
    crate::scene::mint(&scene.ana, "Reeds by the river, and wind in them.", &[]);
    let reeds = scene.ana.succeed(&["verify", "Reeds by the river, and wind in them..txt"]).stdout;
    assert!(reeds.contains("the codes it states are those of the file") && !reeds.contains("CODES DIFFER"), "{reeds}");
}

#[test]
fn what_has_no_content_code_is_said_and_a_picture_beside_it_is_looked_for() {
    let scene = Scene::open();
    let paths = paint(&scene.ana);
    let mint = ["mint", &paths[0], "--title", "en:Mountains in mist", "--country", "CN", "--yes", "--json"];
    let first = text(&scene.ana.succeed(&mint).json(), "/work");
    scene.bruno.put("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    let said = "drawing.svg has no content code, so nobody looks for works like it: image/svg+xml is not looked at here; register a PNG or \
                a JPEG of it beside it";
    let search = scene.bruno.expect(&["search", "drawing.svg"], 1);
    assert!(search.stderr.contains(said), "{search}");
    copy(&scene.ana.desk().join(&paths[0]), &scene.bruno.desk().join("drawing.jpg"));
    let mint = ["mint", "drawing.svg", "drawing.jpg", "--title", "Drawing", "--country", "US", "--yes"];
    let refused = scene.bruno.expect(&mint, 6);
    assert!(refused.stderr.contains(said) && refused.stderr.contains(&first), "{refused}");
    scene.bruno.succeed(&[&mint[..1], &mint[1..2], &mint[3..]].concat());
}

#[test]
fn what_cannot_be_decoded_is_registered_by_its_digests() {
    let scene = Scene::open();
    scene.ana.put("broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR and nothing more");
    let minted = scene.ana.succeed(&["mint", "broken.png", "--title", "Torn", "--country", "CN", "--yes"]);
    assert!(minted.stderr.contains("has no content code, so nobody looks for works like it"), "{minted}");
    scene.ana.succeed(&["verify", "broken.png"]);
    let search = scene.ana.expect(&["search", "broken.png"], 1);
    assert!(search.stderr.contains("nothing by which works like it could be found"), "{search}");
}
