//! The entries of a file one after the other, as far as it can be cut into entries.

use std::io;

use colophon_ledger::entry::ENTRY_BYTES_MAX;

use crate::disk::DiskFile;

const LENGTH_BYTES: usize = 2;
const CHUNK_BYTES: usize = 1 << 20;

/// Reads a file of entries from its beginning to its end.
pub(crate) struct Leaves<'a> {
    file: &'a dyn DiskFile,
    len: u64,
    /// Where the buffer begins in the file.
    offset: u64,
    buffer: Vec<u8>,
    /// Where the next entry begins in the buffer.
    at: usize,
}

impl<'a> Leaves<'a> {
    /// Begins to read a file that is `len` bytes long.
    pub(crate) fn of(file: &'a dyn DiskFile, len: u64) -> Leaves<'a> {
        Leaves { file, len, offset: 0, buffer: Vec::new(), at: 0 }
    }

    /// Returns the next entry and the offset after it, or nothing where the bytes to come are no whole entry.
    pub(crate) fn next(&mut self) -> io::Result<Option<(&[u8], u64)>> {
        if self.buffer.len() - self.at < LENGTH_BYTES + ENTRY_BYTES_MAX {
            self.refill()?;
        }
        let Some((length, rest)) = self.buffer.get(self.at..).and_then(<[u8]>::split_first_chunk) else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=ENTRY_BYTES_MAX).contains(&length) {
            return Ok(None);
        }
        let Some(leaf) = rest.get(..length) else { return Ok(None) };
        self.at += LENGTH_BYTES + length;
        Ok(Some((leaf, self.offset + self.at as u64)))
    }

    fn refill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.at);
        self.offset += self.at as u64;
        self.at = 0;
        let held = self.buffer.len();
        let to_come = self.len.saturating_sub(self.offset + held as u64);
        let count = usize::try_from(to_come).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        self.buffer.resize(held + count, 0);
        self.file.read_at(&mut self.buffer[held..], self.offset + held as u64)
    }
}
