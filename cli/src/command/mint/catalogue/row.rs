//! One work of a catalogue, as far as it was described: a file, and what is said about it.

use std::path::{Path, PathBuf};

use colophon_ledger::field::WorkId;

use super::super::plan::Sources;
use super::super::title::TitleArg;
use super::super::work_args::WorkArgs;
use crate::failure::Failure;

/// A work that is to be registered.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its line in the list, from 1; none if it was found in a folder.
    pub(super) line: Option<u64>,
    /// Its file.
    pub(super) path: PathBuf,
    /// What is said about it.
    pub(super) work: WorkArgs,
    /// The works that it names.
    pub(super) sources: Sources,
    /// Earlier works that were acknowledged for all rows: named in those that are like them.
    pub(super) acknowledged: Vec<WorkId>,
}

impl Row {
    /// Returns its titles: if none was given, its file's name without the ending.
    pub(super) fn titles(&self) -> Result<Vec<TitleArg>, Failure> {
        if !self.work.titles.is_empty() {
            return Ok(self.work.titles.clone());
        }
        let name = self.path.file_stem().unwrap_or_default();
        let title = name.to_str().and_then(|name| TitleArg::new(None, name).ok());
        title.map(|title| vec![title]).ok_or_else(|| {
            Failure::usage(
                "no title is given, and the file's name is none: there is a line end in it, or a character that is not seen",
                "rename the file, or give its title in a list, with colophon mint --works",
            )
        })
    }

    /// Returns the file as it is named to people.
    pub(super) fn name(&self) -> String {
        crate::words::shown(&self.path.display().to_string())
    }
}

/// What holds for every row that does not say otherwise.
#[derive(Debug, Clone)]
pub(super) struct Common {
    /// What the options say.
    pub(super) work: WorkArgs,
    /// The works that they name.
    pub(super) sources: Sources,
}

impl Common {
    /// Returns the row of a file of which nothing else is said.
    pub(super) fn row(&self, line: Option<u64>, path: &Path) -> Row {
        let Common { work, sources } = self.clone();
        let Sources { derived_from, ack_first, ack_similar } = sources;
        let sources = Sources { derived_from, ack_first, ack_similar: Vec::new() };
        Row { line, path: path.to_owned(), work, sources, acknowledged: ack_similar }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::mint::sample::mint_args;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    #[test]
    fn a_file_whose_name_is_no_title_needs_one() {
        let common = Common { work: mint_args(&["x"]).unwrap().work, sources: Sources::default() };
        let titles = |name: &[u8]| common.row(None, Path::new(OsStr::from_bytes(name))).titles();
        assert!(titles("art/溪山.png".as_bytes()).is_ok());
        for name in [&b"art/two\nlines.png"[..], b"art/\xff.png", b"art/\x1b[31m.png", b"art/ .png"] {
            let failure = titles(name).unwrap_err();
            assert!(failure.what().starts_with("no title is given") && failure.cure().contains("--works"));
        }
    }
}
