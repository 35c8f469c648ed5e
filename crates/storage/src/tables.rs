//! The tables of the view: which keys a batch of the log writes, and what they mean.
//!
//! One letter a table; numbers are big endian, so that keys stand in order:
//!
//! ```text
//! e ENTRY-ID                  index           where an entry stands
//! r RECORD-KEY                record          the state, by the text of its key
//! s INDEX                     height, time    the seals
//! w WORK EDITION INDEX        -               the chain of an edition, its mint apart
//! a ACCOUNT INDEX             -               the chain of an account: profiles and rotations
//! m ACCOUNT INDEX             work            what an account has minted
//! h ACCOUNT WORK EDITION      -               who holds an edition something has happened to
//! o ACCOUNT WORK EDITION      -               to whom an edition is offered, as long as the offer is its newest entry
//! ```

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::Applied;
use colophon_ledger::canonical::from_canonical;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::state::{EditionRecord, RecordKey, Records, Unreadable, record_digest};
use colophon_ledger::state_root::{StateKey, StateTree};
use colophon_tlog::hash::Hash;

use crate::view::engine::{Pair, Write};
use crate::view::{Reading, View, ViewError};

/// How many records are read at once when the state tree is built.
const PAGE_KEYS: usize = 10_000;

/// Returns what a batch writes. `before` are the records before the batch.
pub fn writes_of(applied: &Applied, before: &impl Records) -> Result<Vec<Write>, Unreadable> {
    let mut writes = Vec::new();
    for (index, entry) in applied.indexed() {
        write_entry(index, entry, &mut writes);
    }
    let seal = &applied.seal_body;
    writes.push((entry_key(&applied.seal.id()), Some(seal.index().to_be_bytes().to_vec())));
    let height_and_time = [seal.height.get().to_be_bytes(), seal.time_ms.get().to_be_bytes()].concat();
    writes.push((seal_key(seal.index()), Some(height_and_time)));
    for (key, record) in &applied.changes {
        if let RecordKey::Edition(work, edition) = key {
            let after = from_canonical(record).map_err(|error| Unreadable(format!("{key}: {error}")))?;
            let before = before.read(key)?;
            write_edition(work, *edition, before.as_ref(), &after, &mut writes);
        }
        writes.push((record_key(&key.to_string()), Some(record.clone().into_bytes())));
    }
    Ok(writes)
}

fn write_entry(index: u64, entry: &Entry, writes: &mut Vec<Write>) {
    writes.push((entry_key(&entry.id()), Some(index.to_be_bytes().to_vec())));
    let place = index.to_be_bytes();
    match entry.body() {
        Body::Mint(mint) => {
            let key = [&account_prefix(b'm', &mint.by)[..], &place].concat();
            writes.push((key, Some(entry.id().0.as_bytes().to_vec())));
        }
        Body::Profile(_) | Body::Rotate(_) => {
            let key = [&account_prefix(b'a', entry.body().by())[..], &place].concat();
            writes.push((key, Some(Vec::new())));
        }
        Body::Transfer(_) | Body::Offer(_) | Body::Accept(_) | Body::Close(_) => {
            if let Some((work, edition)) = entry.body().edition() {
                writes.push(([&edition_prefix(&work, edition)[..], &place].concat(), Some(Vec::new())));
            }
        }
        Body::Genesis(_) | Body::Seal(_) => {}
    }
}

fn write_edition(
    work: &WorkId,
    edition: u64,
    before: Option<&EditionRecord>,
    after: &EditionRecord,
    writes: &mut Vec<Write>,
) {
    let offered = |record: &EditionRecord| record.offer.as_ref().map(|offer| offer.to);
    let holders = (before.map(|before| before.holder), Some(after.holder));
    let recipients = (before.and_then(offered), offered(after));
    for (table, (old, new)) in [(b'h', holders), (b'o', recipients)] {
        if old == new {
            continue;
        }
        writes.extend(old.map(|old| (account_edition_key(table, &old, work, edition), None)));
        writes.extend(new.map(|new| (account_edition_key(table, &new, work, edition), Some(Vec::new()))));
    }
}

fn entry_key(id: &EntryId) -> Vec<u8> {
    [b"e", &id.0.as_bytes()[..]].concat()
}

fn record_key(text: &str) -> Vec<u8> {
    [b"r", text.as_bytes()].concat()
}

fn seal_key(index: u64) -> Vec<u8> {
    [&b"s"[..], &index.to_be_bytes()].concat()
}

fn edition_prefix(work: &WorkId, edition: u64) -> Vec<u8> {
    [b"w", &work.0.as_bytes()[..], &edition.to_be_bytes()].concat()
}

fn account_prefix(table: u8, account: &AccountId) -> Vec<u8> {
    [&[table], account.as_str().as_bytes()].concat()
}

fn account_edition_key(table: u8, account: &AccountId, work: &WorkId, edition: u64) -> Vec<u8> {
    [&account_prefix(table, account)[..], work.0.as_bytes(), &edition.to_be_bytes()].concat()
}

fn last_number(bytes: &[u8]) -> Option<u64> {
    bytes.last_chunk().map(|number| u64::from_be_bytes(*number))
}

fn last_edition(key: &[u8]) -> Option<(WorkId, u64)> {
    let (work, edition) = key.last_chunk::<40>()?.split_first_chunk::<32>()?;
    Some((Digest(Hash::from(*work)), last_number(edition)?))
}

/// A seal, as the view knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealPlace {
    /// Its index.
    pub index: u64,
    /// How many batches came before.
    pub height: u64,
    /// The time of its batch, in milliseconds after 1970.
    pub time_ms: u64,
}

/// Reads the tables at one moment. Lists go on after the last item of the page before.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    reading: &'a Reading<'a>,
}

impl<'a> Tables<'a> {
    /// Reads the tables as `reading` holds them.
    pub fn of(reading: &'a Reading<'a>) -> Tables<'a> {
        Tables { reading }
    }

    /// Returns where an entry stands.
    pub fn index_of(&self, id: &EntryId) -> Result<Option<u64>, ViewError> {
        Ok(self.reading.get(&entry_key(id))?.and_then(|value| last_number(&value)))
    }

    /// Returns a record's text.
    pub fn record(&self, key: &RecordKey) -> Result<Option<String>, ViewError> {
        Ok(self.reading.get(&record_key(&key.to_string()))?.and_then(|value| String::from_utf8(value).ok()))
    }

    /// Returns up to `limit` works whose id begins with these hex digits.
    pub fn works_beginning(&self, digits: &str, limit: usize) -> Result<Vec<WorkId>, ViewError> {
        let pairs = self.reading.prefix(&record_key(&format!("work/{digits}")), None, limit)?;
        let work = |(key, _): &Pair| std::str::from_utf8(key).ok()?.strip_prefix("rwork/")?.parse().ok();
        Ok(pairs.iter().filter_map(work).collect())
    }

    /// Returns the seal of the batch that holds the entry at `index`, or is there itself.
    pub fn seal_of(&self, index: u64) -> Result<Option<SealPlace>, ViewError> {
        let after = index.checked_sub(1).map(seal_key);
        let pairs = self.reading.prefix(b"s", after.as_deref(), 1)?;
        let place = |(key, value): &Pair| {
            let (height, time_ms) = value.split_first_chunk()?;
            let height = u64::from_be_bytes(*height);
            Some(SealPlace { index: last_number(key)?, height, time_ms: last_number(time_ms)? })
        };
        Ok(pairs.first().and_then(place))
    }

    /// Returns the indices of an edition's chain, its mint apart.
    pub fn edition_chain(
        &self,
        work: &WorkId,
        edition: u64,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, ViewError> {
        self.indices(&edition_prefix(work, edition), after, limit)
    }

    /// Returns the indices of an account's profiles and rotations.
    pub fn account_chain(&self, account: &AccountId, after: Option<u64>, limit: usize) -> Result<Vec<u64>, ViewError> {
        self.indices(&account_prefix(b'a', account), after, limit)
    }

    /// Returns what an account has minted: indices and works.
    pub fn minted(
        &self,
        account: &AccountId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, WorkId)>, ViewError> {
        let pairs = self.numbered(&account_prefix(b'm', account), after, limit)?;
        let minted = |(key, value): &Pair| {
            let work = value.first_chunk::<32>()?;
            Some((last_number(key)?, Digest(Hash::from(*work))))
        };
        Ok(pairs.iter().filter_map(minted).collect())
    }

    /// Returns the editions an account holds, of those that something has happened to. Of the works it has minted it holds
    /// every other edition besides.
    pub fn held(
        &self,
        account: &AccountId,
        after: Option<(WorkId, u64)>,
        limit: usize,
    ) -> Result<Vec<(WorkId, u64)>, ViewError> {
        self.editions(b'h', account, after, limit)
    }

    /// Returns the editions whose newest entry is an offer to this account. It may have run out, or be void.
    pub fn offered(
        &self,
        account: &AccountId,
        after: Option<(WorkId, u64)>,
        limit: usize,
    ) -> Result<Vec<(WorkId, u64)>, ViewError> {
        self.editions(b'o', account, after, limit)
    }

    /// Builds the tree of all records.
    pub fn state_tree(&self) -> Result<StateTree, ViewError> {
        let mut tree = StateTree::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let pairs = self.reading.prefix(b"r", after.as_deref(), PAGE_KEYS)?;
            let Some((last, _)) = pairs.last() else { return Ok(tree) };
            after = Some(last.clone());
            // A key or record that is not text leads to another root than the seal's, and so to a new view.
            tree = tree.apply(pairs.iter().map(|(key, record)| {
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                (StateKey::of(&text(key.get(1..).unwrap_or_default())), record_digest(&text(record)))
            }));
        }
    }

    fn indices(self, prefix: &[u8], after: Option<u64>, limit: usize) -> Result<Vec<u64>, ViewError> {
        Ok(self.numbered(prefix, after, limit)?.iter().filter_map(|(key, _)| last_number(key)).collect())
    }

    fn numbered(self, prefix: &[u8], after: Option<u64>, limit: usize) -> Result<Vec<Pair>, ViewError> {
        let after = after.map(|after| [prefix, &after.to_be_bytes()].concat());
        self.reading.prefix(prefix, after.as_deref(), limit)
    }

    fn editions(
        self,
        table: u8,
        account: &AccountId,
        after: Option<(WorkId, u64)>,
        limit: usize,
    ) -> Result<Vec<(WorkId, u64)>, ViewError> {
        let after = after.map(|(work, edition)| account_edition_key(table, account, &work, edition));
        let pairs = self.reading.prefix(&account_prefix(table, account), after.as_deref(), limit)?;
        Ok(pairs.iter().filter_map(|(key, _)| last_edition(key)).collect())
    }
}

impl Records for Reading<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        Tables::of(self).record(key).map_err(|error| Unreadable(error.to_string()))
    }
}

/// The records as they are whenever one is asked for: for the one thread that stages, and so knows that none changes.
impl Records for View {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        self.reading().record(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Register, account};

    #[test]
    fn every_table_tells_the_story() {
        let dir = tempfile::tempdir().unwrap();
        let mut register = Register::begin(dir.path());
        let work = register.story();
        let reading = register.view.reading();
        let tables = Tables::of(&reading);
        // 0 genesis, 1 seal, 2 profile, 3 mint, 4 mint, 5 seal, 6 offer, 7 seal, 8 accept, 9 profile, 10 seal, 11 and 12
        // transfers, 13 seal, 14 offer, 15 seal.
        assert_eq!(reading.size(), 16);
        assert_eq!(tables.index_of(&work).unwrap(), Some(3));
        assert_eq!(tables.index_of(&Digest(Hash::ZERO)).unwrap(), None);
        assert_eq!(tables.edition_chain(&work, 1, None, 10).unwrap(), [6, 8, 11, 12, 14]);
        assert_eq!(tables.edition_chain(&work, 1, Some(8), 2).unwrap(), [11, 12]);
        assert_eq!(tables.edition_chain(&work, 2, None, 10).unwrap(), [0; 0]);
        assert_eq!(tables.account_chain(&account("ana"), None, 10).unwrap(), [2]);
        assert_eq!(tables.account_chain(&account("bo"), None, 10).unwrap(), [9]);
        assert_eq!(tables.minted(&account("ana"), None, 10).unwrap(), [(3, work)]);
        assert_eq!(tables.minted(&account("ana"), Some(3), 10).unwrap(), []);
        for (name, held) in [("ana", 0), ("bo", 0), ("cy", 0), ("dee", 1)] {
            assert_eq!(tables.held(&account(name), None, 10).unwrap(), vec![(work, 1); held], "{name}");
        }
        assert_eq!(tables.held(&account("dee"), Some((work, 1)), 10).unwrap(), []);
        assert_eq!(tables.offered(&account("ana"), None, 10).unwrap(), [(work, 1)]);
        assert_eq!(tables.offered(&account("bo"), None, 10).unwrap(), []);
    }

    #[test]
    fn seals_and_works_are_found_by_what_people_know_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut register = Register::begin(dir.path());
        let work = register.story();
        let reading = register.view.reading();
        let tables = Tables::of(&reading);
        for (index, seal, height) in [(0, 1, 0), (1, 1, 0), (2, 5, 1), (5, 5, 1), (11, 13, 4), (15, 15, 5)] {
            let place = tables.seal_of(index).unwrap().unwrap();
            assert_eq!((place.index, place.height), (seal, height), "of {index}");
        }
        let times: Vec<u64> = [1, 5].map(|index| tables.seal_of(index).unwrap().unwrap().time_ms).to_vec();
        assert_eq!(times[0] + 1_000, times[1]);
        assert_eq!(tables.seal_of(16).unwrap(), None);
        let digits = work.to_string();
        assert_eq!(tables.works_beginning(&digits[..8], 10).unwrap(), [work]);
        assert_eq!(tables.works_beginning(&digits, 10).unwrap(), [work]);
        assert_eq!(tables.works_beginning("", 10).unwrap().len(), 2);
        assert_eq!(tables.works_beginning("", 1).unwrap().len(), 1);
        assert_eq!(tables.works_beginning("zz", 10).unwrap(), []);
    }

    #[test]
    fn the_state_tree_is_built_again_from_the_records() {
        let dir = tempfile::tempdir().unwrap();
        let mut register = Register::begin(dir.path());
        let work = register.story();
        let reading = register.view.reading();
        assert_eq!(Tables::of(&reading).state_tree().unwrap().root(), register.tree.root());
        let record: EditionRecord = reading.read(&RecordKey::Edition(work, 1)).unwrap().unwrap();
        assert_eq!((record.holder, record.transfers), (account("dee"), 3));
        assert_eq!(register.view.record(&RecordKey::Edition(work, 2)).unwrap(), None);
    }
}
