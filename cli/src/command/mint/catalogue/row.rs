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
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy();
        TitleArg::new(None, &name).map(|title| vec![title])
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
