//! Records on their way through a replay, on disk: in memory is only where each of them stands.
//!
//! The file has no name, so that nothing is left behind however the process ends. What cannot be written is told at the next record
//! that is asked for.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, remove_file};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::sync::atomic::{AtomicU64, Ordering};

use colophon_ledger::audit::Keep;
use colophon_ledger::state::{Changes, RecordKey, Records, Unreadable};
use colophon_ledger::state_root::StateKey;

/// How many bytes wait to be written before they are.
const WAITING_BYTES_MAX: usize = 1024 * 1024;

/// The records.
#[derive(Debug)]
pub(super) struct Scratch {
    file: File,
    /// How much of it is written.
    written: u64,
    /// What is to be written behind that.
    waiting: Vec<u8>,
    /// Where the newest text of each record begins, and its length.
    places: BTreeMap<StateKey, (u64, u32)>,
    failed: Option<String>,
}

impl Scratch {
    /// Begins without records.
    pub(super) fn new() -> io::Result<Scratch> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("colophon-rehearsal-{}-{number}", std::process::id()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        remove_file(&path)?;
        Ok(Scratch { file, written: 0, waiting: Vec::new(), places: BTreeMap::new(), failed: None })
    }

    fn read(&self, at: u64, length: u32) -> io::Result<String> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        match at.checked_sub(self.written) {
            Some(waits) => {
                let from = usize::try_from(waits).map_err(io::Error::other)?;
                let found = self.waiting.get(from..).and_then(|rest| rest.get(..bytes.len()));
                bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
            None => self.file.read_exact_at(&mut bytes, at)?,
        }
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}

impl Keep for Scratch {
    fn keep(&mut self, changes: Changes) {
        for (key, text) in changes {
            let at = self.written + self.waiting.len() as u64;
            let length = u32::try_from(text.len()).expect("the rules make no record of 4 GiB");
            self.waiting.extend_from_slice(text.as_bytes());
            self.places.insert(key.state_key(), (at, length));
        }
        if self.waiting.len() > WAITING_BYTES_MAX {
            match self.file.write_all_at(&self.waiting, self.written) {
                Ok(()) => {
                    self.written += self.waiting.len() as u64;
                    self.waiting.clear();
                }
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
    }
}

impl Records for Scratch {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        if let Some(why) = &self.failed {
            return Err(Unreadable(format!("the file for temporary records: {why}")));
        }
        let Some((at, length)) = self.places.get(&key.state_key()) else { return Ok(None) };
        self.read(*at, *length).map(Some).map_err(|error| Unreadable(format!("{key}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::field::Digest;
    use colophon_tlog::hash::sha256;

    #[test]
    fn the_newest_text_of_a_record_counts_wherever_it_is() {
        let mut scratch = Scratch::new().unwrap();
        let key = |number: u32| RecordKey::Work(Digest(sha256(&number.to_be_bytes())));
        let long = "x".repeat(1_000);
        for round in 0..3 {
            for number in 0..1_500 {
                scratch.keep(Changes::from([(key(number), format!("{number} {round} {long}"))]));
            }
        }
        assert!(scratch.written > 0 && !scratch.waiting.is_empty(), "some is on the disk, and some is not");
        for number in 0..1_500 {
            assert_eq!(scratch.record(&key(number)).unwrap(), Some(format!("{number} 2 {long}")));
        }
        assert_eq!(scratch.record(&key(1_500)), Ok(None));
    }
}
