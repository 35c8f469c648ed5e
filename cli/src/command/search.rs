//! `colophon search`: what is registered like a file, or under these words.

mod lookalikes;
mod text;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::recognition::STANDARD_INPUT;
use crate::words::shown;

/// Arguments of `colophon search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// A file that is there, or else words: of titles, of makers, of what accounts call themselves. A file stays here: what is asked
    /// about are 64-bit codes of what it shows, plays or says. Words are sent as they are; what is called like a file is sent
    /// only with --text
    #[arg(value_name = "FILE|TEXT", required = true)]
    what: Vec<OsString>,
    /// Take it as words, even if a file is called so
    #[arg(long, conflicts_with = "file")]
    text: bool,
    /// Take it as a file, even if there is none
    #[arg(long)]
    file: bool,
    /// Of what words find, skip the first N; the first 1000 are shown
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "file")]
    after: u64,
}

/// What the names of files end in that this program reads, or of whose type it knows.
const ENDINGS: [&str; 46] = [
    "aac", "aif", "aiff", "apng", "avi", "avif", "bmp", "colophon", "epub", "flac", "flv", "gif", "heic", "heif",
    "htm", "html", "jpeg", "jpg", "jxl", "m4a", "m4v", "markdown", "md", "mka", "mkv", "mov", "mp3", "mp4", "mpeg",
    "mpg", "oga", "ogg", "ogv", "opus", "pdf", "png", "svg", "tif", "tiff", "txt", "wav", "webm", "webp", "wmv",
    "xhtml", "zip",
];

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
            if !args.text && may_be_a_name(&words) {
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
    if !args.text {
        check_no_files(&args.what)?;
    }
    let words: Option<Vec<&str>> = args.what.iter().map(|word| word.to_str()).collect();
    let words = words.map(|words| words.join(" ").trim().to_owned()).filter(|words| !words.is_empty());
    words
        .map(Sought::Text)
        .ok_or_else(|| Failure::usage("these are no words", "give words to search for, or a file that is there"))
}

/// Refuses what was meant as files, and would be sent to the register as words: several, or one that is not there.
fn check_no_files(what: &[OsString]) -> Result<(), Failure> {
    let if_words = "if words are meant, give --text: nothing was sent";
    if let [one] = what {
        if !looks_like_a_file(one) {
            return Ok(());
        }
        let what = format!("there is no file {} here", shown(&one.display().to_string()));
        return Err(Failure::usage(what, format!("check the spelling and the folder you are in; {if_words}")));
    }
    if what.iter().any(|one| looks_like_a_file(one)) || what.iter().all(|one| is_file(Path::new(one))) {
        let cure = format!("search with one file at a time; {if_words}");
        return Err(Failure::usage("these are files, and one is searched with", cure));
    }
    Ok(())
}

/// Returns whether something can hardly be meant otherwise than as a file: there is a folder in it, or it ends as files do that are read.
fn looks_like_a_file(what: &OsStr) -> bool {
    let text = what.to_string_lossy();
    let ending = text.rsplit_once('.').map(|(_, ending)| ending.trim_end());
    text.contains(std::path::MAIN_SEPARATOR)
        || ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

fn is_file(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT) || path.exists()
}

/// Returns whether words may be the name of a file, of whatever type.
fn may_be_a_name(words: &str) -> bool {
    let extension = words.rsplit_once('.').map(|(_, extension)| extension);
    let is_extension = |text: &str| (2..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    extension.is_some_and(is_extension)
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
    fn files_that_were_meant_are_not_sent_as_words() {
        for what in [&["gone.png"][..], &["gone.PNG"], &["works/gone"], &["a.png", "b.png"], &["Hills", "b.flac"]] {
            let failure = sought(&args(what)).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage, "{what:?}");
            assert!(failure.cure().ends_with("give --text: nothing was sent"), "{failure}");
            let words = SearchArgs { text: true, ..args(what) };
            assert_eq!(sought(&words).unwrap(), Sought::Text(what.join(" ")));
        }
        let desk = tempfile::tempdir().unwrap();
        let there = ["one", "two"].map(|name| desk.path().join(name));
        for path in &there {
            std::fs::write(path, "a file without an ending").unwrap();
        }
        let there: Vec<&str> = there.iter().filter_map(|path| path.to_str()).collect();
        assert!(sought(&args(&there)).is_err(), "a pattern that matched several");
        for what in ["St. Jerome", "山水", "No. 5.", "great.wave", "a .. b"] {
            assert_eq!(sought(&args(&[what])).unwrap(), Sought::Text(what.to_owned()));
        }
    }

    #[test]
    fn what_may_be_a_name_is_noticed() {
        assert!(may_be_a_name("great.wave"));
        assert!(!may_be_a_name("St. Jerome") && !may_be_a_name("山水") && !may_be_a_name("No. 5."));
    }
}
