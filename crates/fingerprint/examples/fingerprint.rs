//! Prints the fingerprint of a file, or of a folder and all that is in it.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::path::PathBuf;

use colophon_fingerprint::{FolderStep, fingerprint_file, fingerprint_folder};

fn main() -> Result<(), Box<dyn Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("which file or folder?")?.into();
    if !path.is_dir() {
        let found = fingerprint_file(&path, &mut |_| ())?;
        println!("{}  {} bytes of {}", found.sha256, found.bytes, found.media_type);
        return Ok(());
    }
    let tree = fingerprint_folder(&path, &mut |step| {
        if let FolderStep::File(file) = step {
            println!("{}  {}", file.fingerprint.sha256, file.path);
        }
    })?;
    println!("{}  {} files, {} bytes", tree.root, tree.count, tree.bytes);
    Ok(())
}
