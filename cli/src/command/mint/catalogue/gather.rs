//! Which works a catalogue has: the lines of a list, or the files below folders.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use colophon_fingerprint::listing::{Listing, list_files};

use super::super::MintArgs;
use super::super::plan::Sources;
use super::list::{LIST_BYTES_MAX, read_list};
use super::row::{Common, Row};
use crate::failure::Failure;
use crate::history::History;
use crate::home::read_file;
use crate::recognition::STANDARD_INPUT;
use crate::ui::Ui;
use crate::words::{argument, bytes as bytes_in_words, count, named};

/// Returns the works that are asked for, in their order. What is left out of folders is said.
pub(super) fn gather(args: &MintArgs, history: &History, ui: &Ui) -> Result<Vec<Row>, Failure> {
    let common = Common { work: args.work.clone(), sources: Sources::of(&args.work, history)? };
    let rows = match &args.works {
        Some(list) => of_list(list, &common, history)?,
        None => of_folders(&args.files, &common, ui)?,
    };
    if rows.is_empty() {
        let given = args.works.as_deref().or(args.files.first().map(PathBuf::as_path)).unwrap_or(Path::new(""));
        let what = format!("there is no work in {}", named(given));
        return Err(Failure::usage(what, "name a folder with files in it, or a list with lines"));
    }
    Ok(rows)
}

fn of_list(path: &Path, common: &Common, history: &History) -> Result<Vec<Row>, Failure> {
    let (name, bytes, folder) = if path == Path::new(STANDARD_INPUT) {
        ("standard input".to_owned(), of_standard_input()?, Path::new(""))
    } else {
        if path.is_dir() {
            let what = format!("{} is a folder, and no list", path.display());
            return Err(Failure::usage(what, format!("to register what is in it: colophon mint {}", argument(path))));
        }
        let missing = || Failure::usage(format!("{} does not exist", path.display()), "check the spelling");
        let bytes = read_file(path, LIST_BYTES_MAX)?.ok_or_else(missing)?;
        (path.display().to_string(), bytes, path.parent().unwrap_or(Path::new("")))
    };
    read_list(&name, &bytes, folder, common, &|text| history.work(text))
}

fn of_standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LIST_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        Failure::failed(format!("standard input could not be read: {error}"), "save the list as a file first")
    })?;
    if bytes.len() > LIST_BYTES_MAX {
        let what = format!("the list of standard input has more than {}", bytes_in_words(LIST_BYTES_MAX as u64));
        return Err(Failure::failed(what, "divide it into several lists"));
    }
    Ok(bytes)
}

fn of_folders(paths: &[PathBuf], common: &Common, ui: &Ui) -> Result<Vec<Row>, Failure> {
    let (mut rows, mut met) = (Vec::new(), BTreeSet::new());
    let mut add = |path: &Path| {
        // A file that is named twice, or lies below two of the folders, is one work.
        if met.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            rows.push(common.row(None, path));
        }
    };
    for path in paths {
        if path == Path::new(STANDARD_INPUT) {
            return Err(Failure::usage("standard input is no catalogue", "name files and folders, or --works -"));
        }
        if path.is_dir() {
            let listing = list_files(path)?;
            tell_left_out(path, &listing, ui);
            listing.files.iter().for_each(|file| add(&file.path));
        } else {
            add(path);
        }
    }
    Ok(rows)
}

fn tell_left_out(folder: &Path, listing: &Listing, ui: &Ui) {
    let Listing { hidden, certificates, empty, special, .. } = listing;
    let kinds = [
        (*hidden, "hidden one"),
        (*certificates, "certificate"),
        (*empty, "empty file"),
        (*special, "link or special file"),
    ];
    let left: Vec<String> =
        kinds.iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(*number, what)).collect();
    if !left.is_empty() {
        let left = left.join(", ").replace("link or special files", "links or special files");
        ui.note(format_args!("left out of {}: {left}", named(folder)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::mint::sample::mint_args;

    fn gathered(words: &[&str]) -> Result<Vec<Row>, Failure> {
        let args = mint_args(words).unwrap();
        gather(&args, &History::default(), &Ui::new(false, true, true))
    }

    #[test]
    fn folders_and_files_are_works_each() {
        let desk = tempfile::tempdir().unwrap();
        let at = |name: &str| desk.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(at("art")).unwrap();
        for name in ["art/b.png", "art/a.png", "art/.hidden", "cover.png"] {
            std::fs::write(at(name), name).unwrap();
        }
        let similar = "2".repeat(64);
        let rows = gathered(&["--each", &at("cover.png"), &at("art"), "--ack-similar", &similar]).unwrap();
        let names: Vec<_> = rows.iter().map(|row| row.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["cover.png", "a.png", "b.png"]);
        assert!(rows.iter().all(|row| row.acknowledged.len() == 1 && row.sources.ack_similar.is_empty()));
        std::fs::create_dir(at("empty")).unwrap();
        assert_eq!(gathered(&[&at("empty")]).unwrap_err().what(), format!("there is no work in {}", at("empty")));
    }

    #[test]
    fn files_of_a_list_lie_beside_it() {
        let desk = tempfile::tempdir().unwrap();
        let list = desk.path().join("list.csv");
        std::fs::write(&list, "file\nsea/hills.png\n").unwrap();
        let rows = gathered(&["--works", list.to_str().unwrap()]).unwrap();
        assert_eq!(rows[0].path, desk.path().join("sea/hills.png"));
        assert!(gathered(&["--works", "nowhere.csv"]).unwrap_err().what().ends_with("does not exist"));
        let long = std::fs::File::create(&list).unwrap();
        long.set_len(LIST_BYTES_MAX as u64 + 1).unwrap();
        assert!(gathered(&["--works", list.to_str().unwrap()]).unwrap_err().what().contains("has more than"));
    }
}
