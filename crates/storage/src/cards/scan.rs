//! What opening the file of cards does: find every record, finish erasures, clear what is no record.

use std::collections::HashMap;
use std::io;

use colophon_ledger::field::Digest;

use crate::cards::record::{Content, HEAD_BYTES, MARK, Place, decode_head, read_body};
use crate::disk::DiskFile;

const SEARCH_BYTES: usize = 1 << 16;

/// What opening the file found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CardsRecovery {
    /// How many cards are kept.
    pub kept: u64,
    /// How many have been withdrawn.
    pub withdrawn: u64,
    /// Bytes cut off after the last whole record.
    pub cut_bytes: u64,
    /// Bytes between records that were no record and have been zeroed.
    pub zeroed_bytes: u64,
}

/// Going through the file.
pub(super) struct Scan<'a> {
    file: &'a dyn DiskFile,
    len: u64,
    repair: bool,
    /// Where the next record begins; in the end, the end of the last.
    pub(super) offset: u64,
    /// Where each card is.
    pub(super) places: HashMap<Digest, Place>,
    /// What was found and done.
    pub(super) recovery: CardsRecovery,
}

impl<'a> Scan<'a> {
    /// Goes through the records from `offset` on. What is found wrong is put right only if `repair` says so.
    pub(super) fn run(file: &'a dyn DiskFile, offset: u64, repair: bool) -> io::Result<Scan<'a>> {
        let len = file.length()?;
        let mut scan = Scan { file, len, repair, offset, places: HashMap::new(), recovery: CardsRecovery::default() };
        let mut gap = None;
        while scan.offset < len {
            if let Some(end) = scan.record()? {
                if let Some(start) = gap.take() {
                    scan.zero(start)?;
                }
                scan.offset = end;
            } else {
                gap.get_or_insert(scan.offset);
                scan.offset = scan.next_mark()?;
            }
        }
        if let Some(start) = gap {
            if repair {
                file.truncate(start)?;
                file.sync()?;
            }
            scan.recovery.cut_bytes = len - start;
            scan.offset = start;
        }
        Ok(scan)
    }
    /// Takes in the record at `offset` and returns where it ends, or nothing if there is no whole one.
    fn record(&mut self) -> io::Result<Option<u64>> {
        if self.len - self.offset < HEAD_BYTES as u64 {
            return Ok(None);
        }
        let mut head = [0; HEAD_BYTES];
        self.file.read_at(&mut head, self.offset)?;
        let Some((digest, text_bytes)) = decode_head(&head) else { return Ok(None) };
        let place = Place { offset: self.offset + HEAD_BYTES as u64, text_bytes, kept: true };
        let end = place.offset + place.body_bytes() as u64;
        if end > self.len {
            return Ok(None);
        }
        let kept = match read_body(self.file, place)? {
            Content::Card(card) if card.digest() == digest => true,
            Content::Withdrawn => false,
            Content::Card(_) | Content::Nothing => return Ok(None),
        };
        if !kept {
            self.finish_erasure(place, end)?;
        }
        self.recovery.kept += u64::from(kept);
        self.recovery.withdrawn += u64::from(!kept);
        self.places.insert(digest, Place { kept, ..place });
        Ok(Some(end))
    }

    fn finish_erasure(&mut self, place: Place, end: u64) -> io::Result<()> {
        let mut body = vec![0; place.body_bytes()];
        self.file.read_at(&mut body, place.offset)?;
        if body.iter().any(|byte| *byte != 0) { self.overwrite(place.offset, end) } else { Ok(()) }
    }

    /// Zeroes the gap from `start` to the record at `offset`, unless it is zeros already.
    fn zero(&mut self, start: u64) -> io::Result<()> {
        let end = self.offset;
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
        self.file.read_at(&mut bytes, start)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        self.recovery.zeroed_bytes += end - start;
        self.overwrite(start, end)
    }

    fn overwrite(&self, start: u64, end: u64) -> io::Result<()> {
        if !self.repair {
            return Ok(());
        }
        self.file.write_at(&vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)], start)?;
        self.file.sync()
    }

    /// Returns where the next mark after `offset` stands, or the end of the file.
    fn next_mark(&self) -> io::Result<u64> {
        let mut from = self.offset + 1;
        while from < self.len {
            let count = usize::try_from(self.len - from).unwrap_or(usize::MAX).min(SEARCH_BYTES);
            let mut bytes = vec![0; count];
            self.file.read_at(&mut bytes, from)?;
            if let Some(place) = bytes.windows(MARK.len()).position(|window| window == MARK) {
                return Ok(from + place as u64);
            }
            if from + count as u64 == self.len {
                break;
            }
            from += (count - MARK.len() + 1) as u64;
        }
        Ok(self.len)
    }
}
