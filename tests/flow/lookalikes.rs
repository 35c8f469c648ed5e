//! Somebody registers another's picture, a little changed.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use e2e::painting::paint_all;
use e2e::person::Person;

use crate::scene::{Scene, refused, text};

/// Width, height, and red, green and blue of each pixel.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn read(path: &Path) -> Picture {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        let (width, height) = (info.width as usize, info.height as usize);
        Picture { width, height, pixels: bytes.as_chunks::<3>().0.to_vec() }
    }

    /// Mirrors it, cuts 2 % off, and halves each side.
    fn copied(&self) -> Picture {
        let (left, top) = (self.width / 100, self.height / 100);
        let (width, height) = ((self.width - 2 * left) / 2, (self.height - 2 * top) / 2);
        let pixel = |x: usize, y: usize| self.pixels[y * self.width + (self.width - 1 - x)];
        let halved = |place: usize| -> [u8; 3] {
            let (x, y) = (left + place % width * 2, top + place / width * 2);
            let four = [pixel(x, y), pixel(x + 1, y), pixel(x, y + 1), pixel(x + 1, y + 1)];
            std::array::from_fn(|c| u8::try_from(four.iter().map(|p| u32::from(p[c])).sum::<u32>() / 4).unwrap())
        };
        Picture { width, height, pixels: (0..width * height).map(halved).collect() }
    }

    fn write(&self, path: &Path) {
        let (width, height) = (u32::try_from(self.width).unwrap(), u32::try_from(self.height).unwrap());
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path).unwrap()), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(self.pixels.as_flattened()).unwrap();
    }
}

/// Puts pictures on a person's desk, and returns their names.
fn paint(person: &Person) -> Vec<String> {
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
    Picture::read(&scene.ana.desk().join(&paths[0])).copied().write(&scene.bruno.desk().join("mine.png"));
    scene.bruno.expect(&["verify", "mine.png"], 3);
    let found = scene.bruno.succeed(&["search", "mine.png", "--json"]).json();
    let lookalikes = found["lookalikes"].as_array().unwrap();
    assert_eq!(lookalikes.len(), 1, "{found}");
    assert_eq!(text(&lookalikes[0], "/work"), first);
    assert!(["same", "lookalike"].contains(&text(&lookalikes[0], "/grade").as_str()), "{found}");

    let mut claim = vec!["mint", "mine.png", "--title", "My mountains", "--country", "US", "--yes"];
    assert_eq!(refused(&scene.bruno, &claim), "ack_similar_missing");
    let told = scene.bruno.expect(&claim, 6).stderr;
    assert!(told.contains("Mountains in mist") && told.contains(&first), "{told}");
    claim.extend(["--ack-similar", &first, "--json"]);
    let second = text(&scene.bruno.succeed(&claim).json(), "/work");
    let shown = scene.bruno.succeed(&["show", &second, "--json"]).json();
    assert_eq!(shown["card"]["acknowledges_similar"], serde_json::json!([first]));
    scene.bruno.succeed(&["certificate", &second, "-o", "second.certificate"]);
    let verdict = scene.bruno.succeed(&["verify", "mine.png", "--json"]).json();
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
