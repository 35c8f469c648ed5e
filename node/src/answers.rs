//! Answers that prove themselves: records under the newest seal, entries under its checkpoint.

use std::collections::BTreeMap;

use colophon_ledger::proved::{ProvedEntry, ProvedError, ProvedRecord, StateAnswer};
use colophon_ledger::state::{RecordKey, Records, Unreadable};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_storage::view::ViewError;
use colophon_tlog::tree::EntryIndex;

use crate::receipts::Receipts;
use crate::register::{Moment, Snapshot};

/// Why an answer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The tables cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The records cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The tables say something else than the published state.
    #[error("the tables do not match the published state: {0}")]
    Damaged(#[from] ProvedError),
    /// An entry that the tables point at is not what it should be.
    #[error("the entry at index {0} is not what the tables say")]
    Entry(u64),
}

/// Returns a record, or its absence, with its proof under the newest seal's state root.
///
/// The tables are not trusted: the proof is checked before anybody sees it.
pub fn proved_record(moment: &Moment<'_>, key: &RecordKey) -> Result<ProvedRecord, AnswerError> {
    let tree = &moment.snapshot.tree;
    let proved = ProvedRecord::new(key, moment.reading.record(key)?, tree);
    proved.verify(&tree.root())?;
    Ok(proved)
}

/// Returns an entry of the snapshot with its inclusion proof.
pub fn proved_entry(log: &LogReader, snapshot: &Snapshot, index: u64) -> Result<ProvedEntry, AnswerError> {
    let mut proved = proved_entries(log, snapshot, &[index])?;
    proved.pop().ok_or(AnswerError::Entry(index))
}

/// Returns entries of the snapshot with their inclusion proofs, in the order of `indices`.
pub fn proved_entries(log: &LogReader, snapshot: &Snapshot, indices: &[u64]) -> Result<Vec<ProvedEntry>, AnswerError> {
    let within = |index: &u64| {
        EntryIndex::new(*index).filter(|index| snapshot.size.holds(*index)).ok_or(AnswerError::Entry(*index))
    };
    let indices = indices.iter().map(within).collect::<Result<Vec<_>, _>>()?;
    let receipts = Receipts::for_entries(log, snapshot, indices.iter().copied())?;
    let prove = |index: EntryIndex| {
        let proof = receipts.receipt(index)?.proof;
        ProvedEntry::new(&log.entry(index)?, index.get(), &proof).ok_or(AnswerError::Entry(index.get()))
    };
    indices.into_iter().map(prove).collect()
}

/// Gathers records for one answer, each once.
#[derive(Debug)]
pub struct Gathered<'m> {
    moment: &'m Moment<'m>,
    records: BTreeMap<String, ProvedRecord>,
}

impl<'m> Gathered<'m> {
    /// Returns a gathering that begins with the record of the account that made the newest seal, by which that is judged.
    pub fn new(moment: &'m Moment<'m>) -> Result<Gathered<'m>, AnswerError> {
        let mut gathered = Gathered { moment, records: BTreeMap::new() };
        gathered.add(&RecordKey::Account(moment.snapshot.sealed_by))?;
        Ok(gathered)
    }

    /// Adds a record, and returns its text if it is there.
    pub fn add(&mut self, key: &RecordKey) -> Result<Option<String>, AnswerError> {
        let proved = proved_record(self.moment, key)?;
        let text = proved.record.clone();
        self.records.insert(proved.key.clone(), proved);
        Ok(text)
    }

    /// Returns what was added of a record before.
    pub fn known(&self, key: &RecordKey) -> Option<&ProvedRecord> {
        self.records.get(&key.to_string())
    }

    /// Adds a record, and returns it as its type if it is there.
    pub fn read<T>(&mut self, key: &RecordKey) -> Result<Option<T>, AnswerError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        self.add(key)?;
        Ok(self.moment.reading.read(key)?)
    }

    /// Returns the answer: the checkpoint, the seal it ends on, and the records in the order of their names.
    pub fn into_answer(self, log: &LogReader) -> Result<StateAnswer, AnswerError> {
        let snapshot = &self.moment.snapshot;
        let seal = proved_entry(log, snapshot, snapshot.size.get().saturating_sub(1))?;
        let records = self.records.into_values().collect();
        Ok(StateAnswer { checkpoint: snapshot.checkpoint.clone(), seal, records })
    }
}
