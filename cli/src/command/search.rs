//! `colophon search`: what is registered like a file, or under these words.

mod lookalikes;
mod text;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::command::Context;
use crate::failure::{Exit, Failure};
use crate::recognition::STANDARD_INPUT;
use crate::words::shown;

/// Arguments of `colophon search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// A file that is there, or else words: of titles, of makers, of what accounts call themselves. A file stays here: what is asked
    /// about are 64-bit codes of what it shows, plays or says. Words are sent as they are
    #[arg(value_name = "FILE|TEXT", required = true)]
    what: Vec<OsString>,
    /// Take it as words, even if a file is called so
    #[arg(long, conflicts_with = "file")]
    text: bool,
    /// Take it as a file, even if there is none
    #[arg(long)]
    file: bool,
    /// Of what words find, skip the first N
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "file")]
    after: u64,
}

/// What is searched with.
#[derive(Debug, PartialEq, Eq)]
enum Sought {
    File(PathBuf),
    Text(String),
}

pub(super) fn run(args: &SearchArgs, context: &Context) -> Result<Exit, Failure> {
    match sought(args)? {
        Sought::File(_) if args.after > 0 => {
            Err(Failure::usage("--after is for words, and this is a file", "leave it out, or give --text"))
        }
        Sought::File(path) => lookalikes::run(&path, context),
        Sought::Text(words) => {
            if !args.text && looks_like_a_path(&words) {
                context.ui.note(format_args!("there is no file {} here: it is taken as words", shown(&words)));
            }
            text::run(&words, args.after, context)
        }
    }
}

fn sought(args: &SearchArgs) -> Result<Sought, Failure> {
    let one_file = match &args.what[..] {
        [one] if !args.text => Some(Path::new(one)).filter(|path| args.file || is_file(path)),
        _ => None,
    };
    if let Some(path) = one_file {
        return Ok(Sought::File(path.to_owned()));
    }
    if args.file {
        return Err(Failure::usage("--file takes one file", "search with one file at a time"));
    }
    let words: Option<Vec<&str>> = args.what.iter().map(|word| word.to_str()).collect();
    let words = words.map(|words| words.join(" ").trim().to_owned()).filter(|words| !words.is_empty());
    words
        .map(Sought::Text)
        .ok_or_else(|| Failure::usage("these are no words", "give words to search for, or a file that is there"))
}

fn is_file(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT) || path.exists()
}

/// Returns whether words look as if a file was meant.
fn looks_like_a_path(words: &str) -> bool {
    let extension = words.rsplit_once('.').map(|(_, extension)| extension);
    let is_extension = |text: &str| (2..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    words.contains(std::path::MAIN_SEPARATOR) || extension.is_some_and(is_extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(what: &[&str]) -> SearchArgs {
        SearchArgs { what: what.iter().map(Into::into).collect(), text: false, file: false, after: 0 }
    }

    #[test]
    fn what_is_there_is_a_file_and_everything_else_is_words() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("hills.txt");
        std::fs::write(&path, "hills").unwrap();
        let there = path.to_str().unwrap();
        let of = |args: &SearchArgs| sought(args).unwrap();
        assert_eq!(of(&args(&[there])), Sought::File(path.clone()));
        assert_eq!(of(&args(&["-"])), Sought::File("-".into()));
        assert_eq!(of(&SearchArgs { text: true, ..args(&[there]) }), Sought::Text(there.to_owned()));
        assert_eq!(of(&SearchArgs { file: true, ..args(&["gone.png"]) }), Sought::File("gone.png".into()));
        assert_eq!(of(&args(&["溪山", " mist "])), Sought::Text("溪山  mist".to_owned()));
        assert!(sought(&args(&[" "])).is_err());
        assert!(sought(&SearchArgs { file: true, ..args(&["a.png", "b.png"]) }).is_err());
    }

    #[test]
    fn a_file_that_was_meant_is_noticed() {
        assert!(looks_like_a_path("hills.png") && looks_like_a_path("works/hills"));
        assert!(!looks_like_a_path("St. Jerome") && !looks_like_a_path("山水") && !looks_like_a_path("No. 5."));
    }
}
