//! Paints the demo's pictures into a directory.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [directory] = args.as_slice() else {
        eprintln!("usage: paint DIR");
        return ExitCode::from(2);
    };
    match e2e::painting::paint_all(Path::new(directory)) {
        Ok(paths) => {
            for path in paths {
                println!("{}", path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no pictures in {directory}: {error}. Name a directory that can be written.");
            ExitCode::FAILURE
        }
    }
}
