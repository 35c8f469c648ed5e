//! The tables of the view: which keys a batch of the log writes, and what they mean.
//!
//! One letter a table; numbers are big endian, so that keys stand in order:
//!
//! ```text
//! e ENTRY-ID                  index, or       where an entry stands; of a mint, which names a work,
//!                             record          the record of the work, which has the index of its mint
//! r KIND NAME                 record          the state but for the works; see `tables/key.rs`
//! s INDEX                     height, time    the seals
//! w WORK EDITION INDEX        -               the chain of an edition, its mint apart
//! a ACCOUNT INDEX             -               the chain of an account: profiles, rotations, its coming from a predecessor
//! m ACCOUNT INDEX             work            what an account has minted
//! h ACCOUNT WORK EDITION      -               who holds an edition something has happened to
//! o ACCOUNT WORK EDITION      -               to whom an edition is offered, as long as the offer is its newest entry
//! ```
//!
//! Ids and accounts stand in their 32 bytes, records made shorter as in `tables/packed.rs`. A value of the table `e` that
//! begins with 0 is an index, without the zeros before it.

mod key;
mod packed;

use std::thread;

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::Applied;
use colophon_ledger::canonical::from_canonical;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::state::{EditionRecord, RecordKey, Records, Unreadable, WorkRecord, record_digest};
use colophon_ledger::state_root::{StateKey, StateTree};
use colophon_tlog::hash::Hash;

use crate::view::engine::{EngineError, Pair, Write};
use crate::view::{Reading, View, ViewError};
use key::{ENTRIES, RECORDS, account_edition, account_prefix, edition_prefix, last_edition, last_number};

/// How many records are read at once when the state tree is built.
const PAGE_KEYS: usize = 10_000;
/// How many entries are looked at at once when works are sought by the first digits of their ids.
const SOUGHT_KEYS: usize = 64;
/// What an index begins with in the table of entries. No record does.
const INDEX: u8 = 0;

/// Returns what a batch writes. `before` are the records before the batch.
pub fn writes_of<T>(applied: &Applied<T>, before: &impl Records) -> Result<Vec<Write>, Unreadable> {
    let mut writes = Vec::new();
    for (index, entry) in applied.indexed() {
        write_entry(index, entry, &mut writes);
    }
    let seal = &applied.seal_body;
    writes.push((key::of_entry(&applied.seal.id()), Some(index_value(seal.index()))));
    let height_and_time = [seal.height.get().to_be_bytes(), seal.time_ms.get().to_be_bytes()].concat();
    writes.push((key::of_seal(seal.index()), Some(height_and_time)));
    for (key, record) in &applied.changes {
        if let RecordKey::Edition(work, edition) = key {
            let after = from_canonical(record).map_err(|error| Unreadable(format!("{key}: {error}")))?;
            let before = before.read(key)?;
            write_edition(work, *edition, before.as_ref(), &after, &mut writes);
        }
        writes.push((key::of_record(key), Some(packed::pack(record))));
    }
    Ok(writes)
}

fn write_entry(index: u64, entry: &Entry, writes: &mut Vec<Write>) {
    let place = index.to_be_bytes();
    if let Body::Mint(mint) = entry.body() {
        // That it is there, and where, is told by the record of its work.
        let key = [&account_prefix(b'm', &mint.by)[..], &place].concat();
        writes.push((key, Some(entry.id().0.as_bytes().to_vec())));
        return;
    }
    writes.push((key::of_entry(&entry.id()), Some(index_value(index))));
    match entry.body() {
        Body::Profile(_) | Body::Rotate(_) => {
            let key = [&account_prefix(b'a', entry.body().by())[..], &place].concat();
            writes.push((key, Some(Vec::new())));
        }
        Body::CarryAccount(carry) => {
            let key = [&account_prefix(b'a', &carry.account)[..], &place].concat();
            writes.push((key, Some(Vec::new())));
        }
        Body::CarryEdition(carry) => {
            writes.push(([&edition_prefix(&carry.work, carry.edition.get())[..], &place].concat(), Some(Vec::new())));
            if let Some(mint) = &carry.mint {
                let key = [&account_prefix(b'm', &mint.body.by)[..], &place].concat();
                writes.push((key, Some(carry.work.0.as_bytes().to_vec())));
            }
        }
        Body::Transfer(_)
        | Body::Offer(_)
        | Body::Accept(_)
        | Body::Close(_)
        | Body::Flag(_)
        | Body::Lien(_)
        | Body::Loan(_)
        | Body::Move(_)
        | Body::Transmit(_)
        | Body::Release(_) => {
            if let Some((work, edition)) = entry.body().edition() {
                writes.push(([&edition_prefix(&work, edition)[..], &place].concat(), Some(Vec::new())));
            }
        }
        Body::Genesis(_)
        | Body::Seal(_)
        | Body::Mint(_)
        | Body::LogKey(_)
        | Body::Upgrade(_)
        | Body::Retire(_)
        | Body::Rules(_)
        | Body::Authority(_)
        | Body::Attest(_)
        | Body::Revoke(_)
        | Body::Receipt(_)
        | Body::Amend(_) => {}
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
        writes.extend(old.map(|old| (account_edition(table, &old, work, edition), None)));
        writes.extend(new.map(|new| (account_edition(table, &new, work, edition), Some(Vec::new()))));
    }
}

fn index_value(index: u64) -> Vec<u8> {
    [&[INDEX], &key::short_number(index)[..]].concat()
}

/// Returns the record in a value, if that is what it is.
fn record_in(value: &[u8]) -> Option<String> {
    (value.first() != Some(&INDEX)).then(|| packed::unpack(value)).flatten()
}

/// Returns the index in a value of the table of entries.
fn index_in(value: &[u8]) -> Option<u64> {
    match value.split_first()? {
        (&INDEX, index) => key::number_of_short(index),
        _ => from_canonical::<WorkRecord>(&packed::unpack(value)?).ok().map(|record| record.index),
    }
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
        Ok(self.reading.get(&key::of_entry(id))?.and_then(|value| index_in(&value)))
    }

    /// Returns a record's text.
    pub fn record(&self, key: &RecordKey) -> Result<Option<String>, ViewError> {
        Ok(self.reading.get(&key::of_record(key))?.and_then(|value| record_in(&value)))
    }

    /// Returns up to `limit` works whose id begins with these hex digits.
    pub fn works_beginning(&self, digits: &str, limit: usize) -> Result<Vec<WorkId>, ViewError> {
        let bytes: Vec<Option<u8>> = digits.as_bytes().chunks_exact(2).map(byte_of).collect();
        let Some(bytes) = bytes.into_iter().collect::<Option<Vec<u8>>>() else { return Ok(Vec::new()) };
        let prefix = [&[ENTRIES], &bytes[..]].concat();
        let (mut works, mut after) = (Vec::new(), None);
        loop {
            let pairs = self.reading.prefix(&prefix, after.as_deref(), SOUGHT_KEYS)?;
            let found = pairs.iter().filter(|(_, value)| value.first() != Some(&INDEX));
            let found = found.filter_map(|(key, _)| match key::record_at(key) {
                Some(RecordKey::Work(work)) if work.to_string().starts_with(digits) => Some(work),
                _ => None,
            });
            works.extend(found.take(limit - works.len()));
            match pairs.last() {
                Some((last, _)) if works.len() < limit => after = Some(last.clone()),
                _ => return Ok(works),
            }
        }
    }

    /// Returns the seal of the batch that holds the entry at `index`, or is there itself.
    pub fn seal_of(&self, index: u64) -> Result<Option<SealPlace>, ViewError> {
        let after = index.checked_sub(1).map(key::of_seal);
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

    /// Returns the editions with an offer to this account. It may have run out, or be void.
    pub fn offered(
        &self,
        account: &AccountId,
        after: Option<(WorkId, u64)>,
        limit: usize,
    ) -> Result<Vec<(WorkId, u64)>, ViewError> {
        self.editions(b'o', account, after, limit)
    }

    /// Builds the tree of all records, one thread for the works and one for the rest.
    pub fn state_tree(&self) -> Result<StateTree, ViewError> {
        let (works, others) = thread::scope(|scope| {
            let works = scope.spawn(|| self.in_state(ENTRIES));
            let others = self.in_state(RECORDS);
            (works.join().unwrap_or(Err(ViewError::Engine(EngineError::Panicked))), others)
        });
        let mut records = others?;
        records.extend(works?);
        Ok(StateTree::new().apply(records))
    }

    /// Returns the places and digests of the records in a table.
    fn in_state(self, table: u8) -> Result<Vec<(StateKey, Hash)>, ViewError> {
        let (mut records, mut after): (_, Option<Vec<u8>>) = (Vec::new(), None);
        loop {
            let pairs = self.reading.prefix(&[table], after.as_deref(), PAGE_KEYS)?;
            let Some((last, _)) = pairs.last() else { return Ok(records) };
            after = Some(last.clone());
            records.extend(pairs.iter().filter_map(in_state));
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
        let after = after.map(|(work, edition)| account_edition(table, account, &work, edition));
        let pairs = self.reading.prefix(&account_prefix(table, account), after.as_deref(), limit)?;
        Ok(pairs.iter().filter_map(|(key, _)| last_edition(key)).collect())
    }
}

/// Returns a record's place in the state tree and its digest. Of the table of entries, only works are records.
///
/// A key or value that is damaged gets a place or digest that no record has: the tree gets another root than the seal's.
fn in_state((key, value): &Pair) -> Option<(StateKey, Hash)> {
    if key.first() == Some(&ENTRIES) && value.first() == Some(&INDEX) {
        return None;
    }
    let name = key::record_at(key).map(|key| key.to_string()).unwrap_or_default();
    Some((StateKey::of(&name), record_digest(&record_in(value).unwrap_or_default())))
}

/// Returns the byte of two lower-case hex digits.
fn byte_of(digits: &[u8]) -> Option<u8> {
    let hex = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let digits = std::str::from_utf8(digits).ok().filter(|_| hex)?;
    u8::from_str_radix(digits, 16).ok()
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
        assert_eq!(tables.works_beginning(&digits[..9], 10).unwrap(), [work]);
        let other = if digits.as_bytes()[8] == b'0' { '1' } else { '0' };
        assert_eq!(tables.works_beginning(&format!("{}{other}", &digits[..8]), 10).unwrap(), []);
        assert_eq!(tables.works_beginning("", 10).unwrap().len(), 2);
        assert_eq!(tables.works_beginning("", 1).unwrap().len(), 1);
        assert_eq!(tables.works_beginning("", 0).unwrap(), []);
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
