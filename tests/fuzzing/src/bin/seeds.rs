//! Writes what fuzzers begin with: `seeds FOLDER` makes a corpus and a dictionary of each target there.

use std::fmt::Write as _;
use std::path::PathBuf;

use fuzzing::target::TARGETS;

fn main() -> std::io::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or(std::io::ErrorKind::InvalidInput)?.into();
    for target in TARGETS {
        let corpus = folder.join(target.name);
        std::fs::create_dir_all(&corpus)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(corpus.join(format!("seed-{number:03}")), seed)?;
        }
        let mut dictionary = String::new();
        for word in target.words {
            let bytes: String = word.bytes().fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
                text
            });
            dictionary.extend(["\"", &bytes, "\"\n"]);
        }
        std::fs::write(folder.join(format!("{}.dict", target.name)), dictionary)?;
    }
    Ok(())
}
