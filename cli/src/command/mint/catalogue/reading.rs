//! The files of a catalogue, read on all cores.
//!
//! Each core reads one file at a time, so all the memory this takes is the bounds of one file (see `colophon_fingerprint::picture`) for each core, and some 2 KiB for
//! each file that was read before an earlier one. They are given in the order of their rows: of two with the same content the earlier counts, on every machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use colophon_ledger::field::WorkId;
use tokio::sync::mpsc;

use super::journal::{Done, Stamp};
use super::row::Row;
use crate::failure::Failure;
use crate::recognition::Recognised;
use crate::validation::Validator;

/// How many files each core may be ahead.
const AHEAD: usize = 4;

/// A file that was read, or need not be.
#[derive(Debug)]
pub(super) enum File {
    /// Its work was brought into the register by an earlier run, and it has not changed since.
    Done(WorkId),
    /// What it is recognised by.
    Read(Box<Read>),
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Read {
    /// What it is recognised by.
    pub(super) recognised: Recognised,
    /// What is to be said of what could not be decoded.
    pub(super) notes: Vec<String>,
    /// As it was before it was read.
    pub(super) stamp: Option<Stamp>,
}

/// The readers at work. Dropping it lets each of them end after the file that it reads.
#[derive(Debug)]
pub(super) struct Readers {
    files: mpsc::Receiver<(usize, Result<File, Failure>)>,
    /// What was read before its turn, by the number of its row.
    waiting: BTreeMap<usize, Result<File, Failure>>,
    /// Whose turn it is.
    turn: usize,
    bytes: Arc<AtomicU64>,
}

/// What the readers share.
struct Shared {
    rows: Arc<Vec<Row>>,
    done: Arc<Done>,
    validator: Validator,
    next: AtomicUsize,
    bytes: Arc<AtomicU64>,
}

impl Readers {
    /// Begins to read the files of all rows, in their order.
    pub(super) fn start(rows: Arc<Vec<Row>>, done: Arc<Done>, validator: Validator) -> Result<Readers, Failure> {
        let cores = thread::available_parallelism().map_or(1, usize::from).min(rows.len().max(1));
        let bytes = Arc::new(AtomicU64::new(0));
        let shared = Arc::new(Shared { rows, done, validator, next: AtomicUsize::new(0), bytes: Arc::clone(&bytes) });
        let (sender, files) = mpsc::channel(cores * AHEAD);
        for _ in 0..cores {
            let (shared, sender) = (Arc::clone(&shared), sender.clone());
            let reader = thread::Builder::new().name("reader".to_owned()).spawn(move || shared.read_all(&sender));
            reader.map_err(|error| {
                Failure::try_again(
                    format!("this machine starts no threads: {error}"),
                    "close some programs, then try again",
                )
            })?;
        }
        Ok(Readers { files, waiting: BTreeMap::new(), turn: 0, bytes })
    }

    /// Returns the file of the next row, and the row's number; none once all have been given. Whoever stops waiting loses nothing.
    pub(super) async fn next(&mut self) -> Option<(usize, Result<File, Failure>)> {
        while !self.waiting.contains_key(&self.turn) {
            // Nothing comes any more, and a turn was missed: its reader broke down.
            let Some((number, file)) = self.files.recv().await else { break };
            self.waiting.insert(number, file);
        }
        let (number, file) = self.waiting.pop_first()?;
        self.turn = number + 1;
        Some((number, file))
    }

    /// Returns how many bytes have been read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn read_all(&self, files: &mpsc::Sender<(usize, Result<File, Failure>)>) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = self.rows.get(number) else { return };
            if files.blocking_send((number, self.read(row))).is_err() {
                return;
            }
        }
    }

    fn read(&self, row: &Row) -> Result<File, Failure> {
        let stamp = Stamp::of(&row.path);
        if let Some(work) = stamp.as_ref().and_then(|stamp| self.done.work(stamp)) {
            return Ok(File::Done(work));
        }
        let mut before = 0;
        let progress = &mut |done: u64| {
            self.bytes.fetch_add(done.saturating_sub(before), Ordering::Relaxed);
            before = done;
        };
        let (mut recognised, mut notes) = Recognised::read_file(&row.path, progress)?;
        notes.extend(recognised.validate(&row.path, &self.validator));
        Ok(File::Read(Box::new(Read { recognised, notes, stamp })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Common;
    use super::*;
    use crate::command::mint::plan::Sources;
    use crate::command::mint::sample::mint_args;
    use crate::home::Home;

    #[test]
    fn every_row_is_read_once_and_what_is_done_is_not() {
        let desk = tempfile::tempdir().unwrap();
        let common = Common { work: mint_args(&["x"]).unwrap().work, sources: Sources::default() };
        let path = |number: usize| desk.path().join(format!("{number}.txt"));
        for number in 0..40 {
            std::fs::write(path(number), format!("work {number}")).unwrap();
        }
        let work = "3".repeat(64).parse().unwrap();
        let mut done = Done::default();
        done.add(Stamp::of(&path(3)), work);
        let rows: Vec<Row> = (0..41).map(|number| common.row(None, &path(number))).collect();
        let validator = Validator::of(&Home::locate(Some(desk.path())).unwrap());
        let mut readers = Readers::start(Arc::new(rows), Arc::new(done), validator).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut seen = Vec::new();
        while let Some((number, file)) = runtime.block_on(readers.next()) {
            match (number, file) {
                (3, Ok(File::Done(found))) => assert_eq!(found, work),
                (40, Err(failure)) => assert!(failure.what().ends_with("40.txt does not exist")),
                (_, Ok(File::Read(read))) => {
                    let text = format!("work {number}");
                    assert_eq!(read.recognised.file.sha256, colophon_tlog::hash::sha256(text.as_bytes()));
                }
                (number, other) => panic!("{number}: {other:?}"),
            }
            seen.push(number);
        }
        assert_eq!(seen, (0..41).collect::<Vec<_>>());
        assert_eq!(readers.bytes(), (0..40).filter(|n| *n != 3).map(|n| format!("work {n}").len() as u64).sum::<u64>());
    }
}
