//! What the fuzz targets reach of the parsers of a catalogue: nobody else calls it.

use std::path::Path;

use clap::Parser as _;
use colophon_ledger::account::AccountId;
use colophon_ledger::field::{EntryId, WorkId};

use super::super::plan::Sources;
use super::super::work_args::WorkArgs;
use super::journal::{Header, read_lines};
use super::list::read_list;
use super::row::Common;
use crate::failure::Failure;

#[derive(clap::Parser)]
struct Said {
    #[command(flatten)]
    work: WorkArgs,
}

/// Reads a list of works; returns of each its line, and all that is said about it.
pub fn list(bytes: &[u8]) -> Result<Vec<(u64, String)>, Failure> {
    let said = Said::try_parse_from(["mint"]).map_err(|error| Failure::usage(error.to_string(), "mend the options"))?;
    let common = Common { work: said.work, sources: Sources::default() };
    let find_work =
        |text: &str| text.parse::<WorkId>().map_err(|error| Failure::usage(error.to_string(), "give 64 hex digits"));
    let rows = read_list("list.csv", bytes, Path::new("art"), &common, &find_work)?;
    let told = |mut row: super::row::Row| (row.line.take().unwrap_or_default(), format!("{row:?}"));
    Ok(rows.into_iter().map(told).collect())
}

/// What is read of a journal.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadJournal {
    /// How many bytes its lines have, up to the first that cannot be read.
    pub whole_bytes: u64,
    /// What was signed and nothing was heard of, in the order of signing.
    pub open: Vec<EntryId>,
    /// The works of files that are in the register.
    pub done: Vec<WorkId>,
}

/// Reads the journal of an account at the register with this genesis.
pub fn journal(bytes: &[u8], genesis: EntryId, account: AccountId) -> Result<ReadJournal, Failure> {
    let (left, whole_bytes) = read_lines(bytes, &Header::new(genesis, account), Path::new("a.journal"))?;
    let open = left.open.iter().map(|signed| signed.draft.id()).collect();
    Ok(ReadJournal { whole_bytes, open, done: left.done.works().collect() })
}
