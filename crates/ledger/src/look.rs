//! Leaves looked at before their turn, on any core: the slow part of a replay, apart from its order.

use crate::batch::Batch;
use crate::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use crate::entry::{Body, Entry};
use crate::refusal::Refusal;
use crate::rule::Stop;
use crate::signature::{Points, Signed};
use crate::state::{RecordKey, Records};

/// A leaf with what could be found out about it before its turn: that it is an entry, and that its signatures verify.
///
/// Whatever was not found out, or was judged by keys that are not those of its turn, is looked at again in order. So it makes no
/// difference when, or by which records, a leaf was looked at.
#[derive(Debug, Clone)]
pub struct Looked {
    leaf: Vec<u8>,
    closes: bool,
    signed: Option<Signed>,
}

impl Looked {
    /// Looks at a leaf, by the keys that `records` know of at any time before its turn.
    pub fn at(leaf: Vec<u8>, records: &impl Records) -> Looked {
        let signed = Entry::parse(&leaf).ok().and_then(|entry| Signed::check(entry, records).ok());
        Looked::of(leaf, signed)
    }

    /// Looks at many leaves, with the keys' points taken from `points`; in less time than one by one.
    pub fn at_each(leaves: Vec<Vec<u8>>, records: &impl Records, points: &impl Points) -> Vec<Looked> {
        let parsed: Vec<Option<Entry>> = leaves.iter().map(|leaf| Entry::parse(leaf).ok()).collect();
        let are_entries: Vec<bool> = parsed.iter().map(Option::is_some).collect();
        let mut checked = Signed::check_each(parsed.into_iter().flatten().collect(), records, points).into_iter();
        let mut signed = |is_entry: bool| is_entry.then(|| checked.next()).flatten().and_then(Result::ok);
        leaves.into_iter().zip(are_entries).map(|(leaf, is_entry)| Looked::of(leaf, signed(is_entry))).collect()
    }

    fn of(leaf: Vec<u8>, signed: Option<Signed>) -> Looked {
        let closes = match &signed {
            Some(signed) => matches!(signed.entry().body(), Body::Seal(_)),
            None => Seal::peek(&leaf).is_some(),
        };
        Looked { leaf, closes, signed }
    }

    /// Takes a leaf as it is, to be looked at when it has its turn.
    pub fn later(leaf: Vec<u8>) -> Looked {
        Looked::of(leaf, None)
    }

    /// Looks once more, by other records, at those leaves whose signatures did not verify by those known before.
    #[must_use]
    pub fn again_each(mut leaves: Vec<Looked>, records: &impl Records, points: &impl Points) -> Vec<Looked> {
        let unverified = leaves.iter_mut().filter(|looked| !looked.is_verified());
        let again = unverified.map(|looked| std::mem::take(&mut looked.leaf)).collect();
        let mut again = Looked::at_each(again, records, points).into_iter();
        let mut looked = |looked: Looked| if looked.is_verified() { Some(looked) } else { again.next() };
        leaves.into_iter().filter_map(&mut looked).collect()
    }

    /// Returns whether it is an entry whose signatures verify, by some keys that its signers had.
    pub fn is_verified(&self) -> bool {
        self.signed.is_some()
    }

    /// Returns the leaf.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// Returns whether the leaf is a seal by its form.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Returns the records that the entry's rule will ask for, as far as the leaf was looked at.
    pub(crate) fn asks_for(&self) -> Vec<RecordKey> {
        let entry = self.signed.as_ref().map(Signed::entry);
        entry.map_or_else(Vec::new, Entry::asks_for)
    }

    /// Applies the entry to the batch whose turn it is.
    pub(crate) fn push<R: Records>(self, batch: &mut Batch<'_, R>) -> Result<u64, Stop> {
        if let Some(signed) = self.signed {
            match batch.push(signed) {
                // By the keys of another time, perhaps.
                Err(Stop::Refused(Refusal::SignatureSet(_))) => {}
                done => return done,
            }
        }
        let entry = Entry::parse(&self.leaf)?;
        batch.check_place(&entry)?;
        let signed = Signed::check(entry, batch.records())?;
        batch.push(signed)
    }

    /// Returns the entry, its signatures not looked at.
    pub(crate) fn entry(&self) -> Result<Entry, Refusal> {
        self.signed.as_ref().map_or_else(|| Entry::parse(&self.leaf), |signed| Ok(signed.entry().clone()))
    }

    /// Checks the signatures by the keys of its turn.
    pub(crate) fn check_signatures(self, records: &impl Records) -> Result<(), Stop> {
        if let Some(signed) = self.signed
            && signed.check_authority(records).is_ok()
        {
            return Ok(());
        }
        Signed::check(Entry::parse(&self.leaf)?, records)?.check_authority(records)
    }
}

/// A batch goes on for longer than one may: the leaf at this index should be its seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the leaf at index {0} should be a seal")]
pub struct NoSeal(pub u64);

/// Cuts a log into its batches.
#[derive(Debug)]
pub struct Batches {
    next: u64,
    waiting: Vec<Looked>,
}

impl Batches {
    /// Begins at the index of a batch's first entry.
    pub fn from(index: u64) -> Batches {
        Batches { next: index, waiting: Vec::new() }
    }

    /// Takes the next leaf. If it closes a batch, returns all leaves of the batch.
    pub fn leaf(&mut self, looked: Looked) -> Result<Option<Vec<Looked>>, NoSeal> {
        let (index, closes) = (self.next, looked.closes());
        self.next += 1;
        self.waiting.push(looked);
        if closes {
            return Ok(Some(self.take()));
        }
        if self.waiting.len() as u64 > BATCH_ENTRIES_MAX { Err(NoSeal(index)) } else { Ok(None) }
    }

    /// Returns the leaves after the last seal, and forgets them.
    pub fn take(&mut self) -> Vec<Looked> {
        std::mem::take(&mut self.waiting)
    }

    /// Returns whether the last leaf taken has closed a batch.
    pub fn is_at_seal(&self) -> bool {
        self.waiting.is_empty()
    }
}
