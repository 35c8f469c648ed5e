//! The demo's three pictures, painted from nothing: the same bytes on every machine.

mod canvas;
mod harbour;
mod landscape;
mod noise;
mod weave;

use std::io;
use std::path::{Path, PathBuf};

use crate::painting::canvas::Canvas;

type Painter = fn() -> Canvas;

/// Each picture's file name and how it is painted.
const PICTURES: [(&str, Painter); 3] = [
    ("mountains-in-mist.png", landscape::paint),
    ("harbour-at-night.png", harbour::paint),
    ("ribbon-weave.png", weave::paint),
];

/// Paints every picture into `directory`, which must exist, and returns the paths: the mountains, the harbour, the
/// weave.
pub fn paint_all(directory: &Path) -> io::Result<Vec<PathBuf>> {
    std::thread::scope(|scope| {
        let painters = PICTURES.map(|(name, paint)| scope.spawn(move || save(&paint(), &directory.join(name))));
        painters.into_iter().map(|painter| painter.join().expect("a painter does not panic")).collect()
    })
}

fn save(canvas: &Canvas, path: &Path) -> io::Result<PathBuf> {
    std::fs::write(path, canvas.to_png().map_err(io::Error::other)?)?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// SHA-256 of each picture's pixels. The file around them is left to the `png` crate, whose compression may change.
    const GOLDEN: [&str; 3] = [
        "c9a37f31e242581586ea090fa31481cca587b4bf8010e24c1dd9525a4480f7e0",
        "98da4760c936c5b68b31d8941a1325689014206ecc39b451b778957a85bd46da",
        "91b01823a2e9bc04a376174a5298d528af29bfdfbc9162ee31716729297e7e0f",
    ];

    fn check(picture: usize) {
        let (name, paint) = PICTURES[picture];
        let canvas = paint();
        let digest = hex::encode(Sha256::digest(canvas.to_bytes()));
        assert_eq!(digest, GOLDEN[picture], "{name} has other pixels: look at it, then change GOLDEN");
        assert_eq!(canvas.to_png().unwrap(), canvas.to_png().unwrap());
    }

    #[test]
    fn the_mountains_are_the_same_on_every_machine() {
        check(0);
    }

    #[test]
    fn the_harbour_is_the_same_on_every_machine() {
        check(1);
    }

    #[test]
    fn the_weave_is_the_same_on_every_machine() {
        check(2);
    }
}
