//! What this person made, one line an entry, written once a register has acknowledged it.
//!
//! ```text
//! history   {"id":"5f1c…","kind":"mint","work":"5f1c…","edition":1,"time":"2026-11-23T20:43:00Z","index":7,"receipt":"…/5f1c….receipt"}
//! ```
//!
//! A command that signs takes a shortened id only if it is one in here (or one that it has just listed): a prefix of
//! anything else could have been made to measure by a stranger.

use std::collections::BTreeSet;
use std::path::PathBuf;

use colophon_client::submit::Submitted;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_tlog::receipt::Receipt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::home::{Home, HomeLock, read_file};

/// The longest history, in bytes; a line has about 400.
pub const HISTORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The fewest digits by which something in the history is named.
pub const PREFIX_CHARS_MIN: usize = 8;

/// One acknowledged entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Its id.
    pub id: EntryId,
    /// Its kind.
    pub kind: String,
    /// The work it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkId>,
    /// The edition it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<u64>,
    /// When it was acknowledged, by this machine's clock.
    pub time: Timestamp,
    /// Its place in the log.
    pub index: u64,
    /// The file with its receipt.
    pub receipt: PathBuf,
}

/// The entries this person made, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    lines: Vec<HistoryLine>,
}

impl History {
    /// Reads the history of `home`. A line that an interrupt cut short is passed over.
    pub fn read(home: &Home) -> Result<History, Failure> {
        let bytes = read_file(&home.history_path(), HISTORY_BYTES_MAX)?.unwrap_or_default();
        Ok(History::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> History {
        let lines = bytes.split(|byte| *byte == b'\n');
        History { lines: lines.filter_map(|line| serde_json::from_slice(line).ok()).collect() }
    }

    /// Returns the newest flag or release of mine of an edition, as far as it was made here.
    pub fn newest_said(&self, work: &WorkId, edition: u64) -> Option<EntryId> {
        let is_said = |line: &&HistoryLine| {
            matches!(line.kind.as_str(), "flag" | "release")
                && line.work == Some(*work)
                && line.edition == Some(edition)
        };
        self.lines.iter().rev().find(is_said).map(|line| line.id)
    }

    /// Returns the work that `text` names: a whole id, or the beginning of the id of a work in this history.
    pub fn work(&self, text: &str) -> Result<WorkId, Failure> {
        if let Ok(work) = text.parse() {
            return Ok(work);
        }
        choose(text, self.lines.iter().filter_map(|line| line.work).collect(), "works of this history")
    }

    /// Returns the newest line of the entry that `text` names: a whole id, or the beginning of one in this history.
    pub fn entry(&self, text: &str) -> Option<&HistoryLine> {
        let is_prefix = text.len() >= PREFIX_CHARS_MIN;
        let mut found = self.lines.iter().filter(|line| is_prefix && line.id.to_string().starts_with(text));
        let first = found.next()?;
        found.all(|line| line.id == first.id).then_some(first)
    }
}

/// Returns the only one of `known` that begins with `text`. `what` says what they are.
pub fn choose(text: &str, mut known: Vec<Digest>, what: &str) -> Result<Digest, Failure> {
    known.sort_unstable();
    known.dedup();
    let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex || text.len() < PREFIX_CHARS_MIN {
        return Err(Failure::usage(
            format!("{text:?} is not an id, nor the beginning of one"),
            format!("give 64 hex digits, or {PREFIX_CHARS_MIN} or more of the first digits of one of the {what}"),
        ));
    }
    let mut found = known.into_iter().filter(|id| id.to_string().starts_with(text));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Failure::usage(format!("several {what} begin with {text}"), "give more digits")),
        (None, _) => Err(Failure::usage(
            format!("{text} is not the beginning of one of the {what}"),
            "give all 64 digits: what gets signed is named in full, so that nobody can slip in another that looks like it",
        )),
    }
}

/// Writes the receipt of an acknowledged entry and its line in the history, and returns where the receipt is. Both are durable when this returns.
pub fn acknowledge(home: &Home, lock: &HomeLock, submitted: &Submitted, time: Timestamp) -> Result<PathBuf, Failure> {
    acknowledge_all(home, lock, std::slice::from_ref(submitted), time)?;
    Ok(receipt_path(home, &submitted.id))
}

/// Writes the receipts of acknowledged entries and their lines in the history. All are durable when this returns.
pub fn acknowledge_all(home: &Home, lock: &HomeLock, all: &[Submitted], time: Timestamp) -> Result<(), Failure> {
    let receipts: Vec<(PathBuf, Vec<u8>)> = all
        .iter()
        .map(|submitted| (receipt_path(home, &submitted.id), receipt_of(submitted).to_string().into_bytes()))
        .collect();
    lock.write_all(&home.receipts_dir(), &receipts)?;
    let history = History::read(home)?;
    let there: BTreeSet<EntryId> = history.lines.iter().map(|line| line.id).collect();
    let new = all.iter().filter(|submitted| !there.contains(&submitted.id));
    let lines = new.map(|submitted| {
        let line = line_of(submitted, time, receipt_path(home, &submitted.id));
        serde_json::to_string(&line)
            .map_err(|error| Failure::failed(format!("the history cannot be written: {error}"), "report this"))
    });
    let lines = lines.collect::<Result<Vec<String>, Failure>>()?;
    if lines.is_empty() { Ok(()) } else { lock.append_lines(&home.history_path(), &lines) }
}

/// Returns the receipt of an entry with the entry itself in its line `extra`, so that it can be checked by itself. (Nothing
/// vouches for that line but the proof, which fits no other entry.)
pub fn receipt_of(submitted: &Submitted) -> Receipt {
    Receipt { extra: Some(submitted.entry.to_bytes()), ..submitted.receipt.clone() }
}

/// Keeps what opens a secret price beside the receipts: both parties may have to show it to a tax office one day. Lost, the
/// price can never be shown to be the one agreed. Durable when it returns.
pub fn keep_opening(home: &Home, lock: &HomeLock, draft: &Draft) -> Result<(), Failure> {
    let Some(opening) = draft.price() else { return Ok(()) };
    let path = receipt_path(home, &draft.id()).with_extension("price");
    let json = serde_json::to_vec(opening)
        .map_err(|error| Failure::failed(format!("the price cannot be written: {error}"), "report this"))?;
    lock.write(&path, &json)
}

fn line_of(submitted: &Submitted, time: Timestamp, receipt: PathBuf) -> HistoryLine {
    let Submitted { id, index, entry, .. } = submitted;
    let (work, edition) = match entry.body() {
        Body::Mint(_) => (Some(*id), None),
        Body::Amend(amend) => (Some(amend.work), None),
        Body::Flag(flag) => (Some(flag.work), Some(flag.edition.get())),
        Body::Receipt(receipt) => (Some(receipt.work), Some(receipt.edition.get())),
        Body::Release(release) => (Some(release.work), Some(release.edition.get())),
        body => body.edition().unzip(),
    };
    HistoryLine { id: *id, kind: entry.body().kind().to_owned(), work, edition, time, index: *index, receipt }
}

fn receipt_path(home: &Home, id: &EntryId) -> PathBuf {
    home.receipts_dir().join(format!("{id}.receipt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::hash::sha256;

    fn line(n: u8, work: &str) -> String {
        let id = Digest(sha256(&[n]));
        format!(
            r#"{{"id":"{id}","kind":"offer","work":"{work}","edition":1,"time":"2026-11-23T10:00:00Z","index":7,"receipt":"r"}}"#
        )
    }

    #[test]
    fn a_shortened_id_is_taken_from_the_history_alone() {
        let work = Digest(sha256(b"work")).to_string();
        let other = Digest(sha256(b"other")).to_string();
        let history = History::parse(format!("{}\n{}\n", line(1, &work), line(2, &work)).as_bytes());
        assert_eq!(history.work(&work[..8]).unwrap().to_string(), work);
        assert_eq!(history.work(&other).unwrap().to_string(), other);
        assert!(history.work(&other[..16]).unwrap_err().what().contains("is not the beginning of one"));
        for wrong in ["", &work[..7], "picture.png", &work.to_uppercase()[..16]] {
            assert!(history.work(wrong).is_err(), "{wrong}");
        }
        let id = Digest(sha256(&[1])).to_string();
        assert_eq!(history.entry(&id[..8]).unwrap().id.to_string(), id);
        assert!(history.entry(&id[..7]).is_none() && history.entry("").is_none());
    }

    #[test]
    fn two_that_begin_alike_are_not_guessed_between() {
        let one: Digest = format!("{}{}", "5".repeat(9), "0".repeat(55)).parse().unwrap();
        let two: Digest = format!("{}{}", "5".repeat(9), "1".repeat(55)).parse().unwrap();
        let failure = choose(&"5".repeat(8), vec![one, two, one], "works").unwrap_err();
        assert_eq!(failure.what(), "several works begin with 55555555");
        assert_eq!(choose(&format!("{}1", "5".repeat(9)), vec![one, two], "works").unwrap(), two);
    }

    #[test]
    fn a_line_cut_short_is_passed_over() {
        let work = Digest(sha256(b"work")).to_string();
        let whole = line(1, &work);
        let history = History::parse(format!("{whole}\n{}", &whole[..50]).as_bytes());
        assert_eq!(history.lines.len(), 1);
    }
}
