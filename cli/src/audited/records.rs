//! The records of a register under audit, on disk: in memory is only where each of them stands.
//!
//! ```text
//! 32 bytes   the record's place in the state tree
//!  4 bytes   the length of its text, in big-endian order
//!            its text
//! ```
//!
//! One such frame follows the other. A record that changes is added once more, and the last one counts. Nobody is believed: the audit holds each
//! record that it reads against the state tree, and the tree of all of them against a seal when it goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use colophon_ledger::audit::Keep;
use colophon_ledger::state::{Changes, RecordKey, Records, Unreadable, record_digest};
use colophon_ledger::state_root::{StateKey, StateTree};
use colophon_tlog::hash::{HASH_BYTES, Hash};

use crate::home::private_options;

/// The bytes of a frame before its text.
const HEAD_BYTES: usize = HASH_BYTES + 4;
/// The longest text of a record, in bytes. The longest that the rules make, an account of 16 keys, has less than 2 KiB.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How many bytes wait to be written before they are.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// How many records go into the state tree at a time when they are read again.
const TREE_STEP: usize = 64 * 1024;

/// The file of records.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    /// How much of it is written.
    written: u64,
    /// What is to be written behind that.
    waiting: Vec<u8>,
    /// Where the newest frame of each record begins.
    places: BTreeMap<StateKey, u64>,
}

impl RecordFile {
    /// Begins an empty file, in the place of one that may be there.
    pub fn begin(path: &Path) -> io::Result<RecordFile> {
        let file = private_options().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(RecordFile { file, written: 0, waiting: Vec::new(), places: BTreeMap::new() })
    }

    /// Takes up the first `bytes` of a file, cuts what comes behind, and returns it with the state tree of its records.
    pub fn resume(path: &Path, bytes: u64) -> io::Result<(RecordFile, StateTree)> {
        let file = private_options().read(true).write(true).open(path)?;
        if file.metadata()?.len() < bytes {
            return Err(damaged("it is too short"));
        }
        file.set_len(bytes)?;
        let mut records = RecordFile { file, written: 0, waiting: Vec::new(), places: BTreeMap::new() };
        let tree = records.read_all(bytes)?;
        Ok((records, tree))
    }

    /// Reads every frame from the beginning on.
    fn read_all(&mut self, bytes: u64) -> io::Result<StateTree> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(WAITING_BYTES_MAX, self.file.try_clone()?);
        let (mut tree, mut step) = (StateTree::new(), Vec::new());
        while self.written < bytes {
            let (place, text) = read_frame(&mut reader)?;
            step.push((place, record_digest(&text)));
            self.places.insert(place, self.written);
            self.written += (HEAD_BYTES + text.len()) as u64;
            if step.len() == TREE_STEP {
                tree = tree.apply(step.drain(..));
            }
        }
        if self.written > bytes { Err(damaged("it ends within a record")) } else { Ok(tree.apply(step)) }
    }

    /// Returns how long the file is once everything is written.
    pub fn bytes(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Writes what waits, if it is much.
    pub fn write_much(&mut self) -> io::Result<()> {
        if self.waiting.len() > WAITING_BYTES_MAX { self.write() } else { Ok(()) }
    }

    /// Writes what waits. Durable when it returns.
    pub fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.sync_data()
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.waiting, self.written)?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    fn read_at(&self, at: u64) -> io::Result<String> {
        let (_, text) = match at.checked_sub(self.written) {
            Some(waits) => {
                let waits = usize::try_from(waits).unwrap_or(usize::MAX);
                read_frame(&mut self.waiting.get(waits..).unwrap_or_default())?
            }
            None => read_frame(&mut Reading { file: &self.file, at })?,
        };
        Ok(text)
    }
}

impl Keep for RecordFile {
    fn keep(&mut self, changes: Changes) {
        for (key, text) in changes {
            let (place, at) = (key.state_key(), self.bytes());
            let length = u32::try_from(text.len()).expect("the rules make no record of 4 GiB");
            self.waiting.extend_from_slice(place.as_hash().as_bytes());
            self.waiting.extend_from_slice(&length.to_be_bytes());
            self.waiting.extend_from_slice(text.as_bytes());
            self.places.insert(place, at);
        }
    }
}

impl Records for RecordFile {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let Some(at) = self.places.get(&key.state_key()) else { return Ok(None) };
        self.read_at(*at).map(Some).map_err(|error| Unreadable(format!("{key}: {error}")))
    }
}

/// A file that is read from a place on, whatever others read of it.
struct Reading<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Reading<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn read_frame(from: &mut impl Read) -> io::Result<(StateKey, String)> {
    let (mut place, mut length) = ([0; HASH_BYTES], [0; 4]);
    from.read_exact(&mut place)?;
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > TEXT_BYTES_MAX {
        return Err(damaged("a record is too long"));
    }
    let mut text = vec![0; length];
    from.read_exact(&mut text)?;
    let text = String::from_utf8(text).map_err(|_| damaged("a record is no text"))?;
    Ok((StateKey::from_hash(Hash::from(place)), text))
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::field::Digest;
    use colophon_tlog::hash::sha256;

    fn key(n: u32) -> RecordKey {
        RecordKey::File(Digest(sha256(&n.to_be_bytes())))
    }

    fn changes(numbers: impl IntoIterator<Item = u32>, word: &str) -> Changes {
        numbers.into_iter().map(|n| (key(n), format!("{word} {n}"))).collect()
    }

    fn tree_of(records: &Changes) -> StateTree {
        StateTree::new().apply(records.iter().map(|(key, text)| (key.state_key(), record_digest(text))))
    }

    #[test]
    fn what_was_kept_last_is_read_back_before_and_after_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records");
        let (mut file, mut model) = (RecordFile::begin(&path).unwrap(), Changes::new());
        let steps = [changes(0..300, "first"), changes([7, 299], "second"), changes([7, 300], "third")];
        for (n, step) in steps.into_iter().enumerate() {
            model.extend(step.clone());
            file.keep(step);
            for key in (0..302).map(key) {
                assert_eq!(file.record(&key), Ok(model.get(&key).cloned()), "{key}");
            }
            if n == 1 {
                file.sync().unwrap();
            }
        }
        file.sync().unwrap();
        let bytes = file.bytes();
        // Whatever comes behind was never counted.
        file.keep(changes([1], "too late"));
        file.sync().unwrap();
        drop(file);
        let (mut again, tree) = RecordFile::resume(&path, bytes).unwrap();
        assert_eq!(tree.root(), tree_of(&model).root());
        again.keep(changes([2], "later"));
        model.extend(changes([2], "later"));
        again.sync().unwrap();
        for key in (0..302).map(key) {
            assert_eq!(again.record(&key), Ok(model.get(&key).cloned()), "{key}");
        }
        assert_eq!(RecordFile::resume(&path, again.bytes()).unwrap().1.root(), tree_of(&model).root());
    }

    #[test]
    fn what_is_no_file_of_records_is_not_taken_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records");
        let mut file = RecordFile::begin(&path).unwrap();
        file.keep(changes(0..3, "a record"));
        file.sync().unwrap();
        let (bytes, whole) = (file.bytes(), std::fs::read(&path).unwrap());
        assert!(RecordFile::resume(&path, bytes + 1).is_err(), "shorter than it was");
        assert!(RecordFile::resume(&path, bytes - 1).is_err(), "cut within a record");
        // A length that leads beyond the end, or beyond every record.
        for high in [0, 0xff] {
            let mut other = whole.clone();
            other[HASH_BYTES] = high;
            other[HASH_BYTES + 2] = 0xff;
            std::fs::write(&path, &other).unwrap();
            assert!(RecordFile::resume(&path, bytes).is_err());
        }
        let mut other = whole;
        other[HEAD_BYTES + 3] ^= 1;
        std::fs::write(&path, &other).unwrap();
        let (_, tree) = RecordFile::resume(&path, bytes).unwrap();
        assert_ne!(tree.root(), tree_of(&changes(0..3, "a record")).root());
    }

    #[test]
    fn little_waits_to_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = RecordFile::begin(&dir.path().join("records")).unwrap();
        let text = "x".repeat(TEXT_BYTES_MAX);
        for n in 0..40 {
            file.keep(Changes::from([(key(n), text.clone())]));
            file.write_much().unwrap();
            assert!(file.waiting.len() <= WAITING_BYTES_MAX);
        }
        assert!(file.written > WAITING_BYTES_MAX as u64);
        assert_eq!(file.record(&key(0)), Ok(Some(text)));
    }
}
