//! `seal`: an operator closes a batch and states the root of what it leads to.

use colophon_tlog::note::Note;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::{INTEGER_MAX, from_canonical};
use crate::entry::kind::kind_word;
use crate::entry::lines::{ENTRY_BYTES_MAX, Lines, SIGNATURES_MAX};
use crate::field::{Digest, EntryId, Int};
use crate::rule::RULES_VERSION;

kind_word!(SealWord, "seal");

/// The most entries of a batch, without its seal.
pub const BATCH_ENTRIES_MAX: u64 = 1_000;

/// The body of a seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The operator.
    pub by: AccountId,
    /// How many entries the batch has, without the seal.
    pub count: Int<1, BATCH_ENTRIES_MAX>,
    /// The index of its first entry.
    pub first: Int<0, INTEGER_MAX>,
    /// How many batches came before.
    pub height: Int<0, INTEGER_MAX>,
    /// The word `seal`.
    pub kind: SealWord,
    /// The entry id of the seal before; in the first batch, of the genesis.
    pub prev_seal: EntryId,
    /// The version of the rules by which the batch was judged.
    pub rules: Int<1, INTEGER_MAX>,
    /// The state root after the batch's last entry.
    pub state: Digest,
    /// The time of every entry of the batch, in milliseconds after 1970; never less than the seal's before.
    pub time_ms: Int<0, INTEGER_MAX>,
}

impl Seal {
    /// Returns the seal that a leaf is, if it is one by its form. Nothing is said about its signature.
    pub fn peek(leaf: &[u8]) -> Option<Seal> {
        // Each leaf of a log is looked at when it is opened, and few are seals.
        let text = std::str::from_utf8(leaf).ok()?;
        if !text.contains(r#""kind":"seal""#) {
            return None;
        }
        if leaf.len() > ENTRY_BYTES_MAX {
            return None;
        }
        let note = Note::parse(leaf, SIGNATURES_MAX).ok()?;
        let lines = Lines::parse(note.text()).ok()?;
        lines.genesis.and(from_canonical(lines.body).ok())
    }

    /// Returns the version of the rules that a leaf names, if it is a genesis or a seal and the version is not this one.
    ///
    /// Looked at before anything else: what newer rules allow, these may call invalid.
    pub fn other_version(leaf: &[u8]) -> Option<u64> {
        #[derive(Deserialize)]
        struct Peek {
            kind: String,
            rules: u64,
        }
        let body = std::str::from_utf8(leaf).ok()?.split('\n').nth(1)?;
        let peek: Peek = serde_json::from_str(body).ok()?;
        (matches!(&*peek.kind, "genesis" | "seal") && peek.rules != RULES_VERSION).then_some(peek.rules)
    }

    /// Returns whether the entry at `index` is in the batch that this seal closes.
    pub fn covers(&self, index: u64) -> bool {
        index.checked_sub(self.first.get()).is_some_and(|place| place < self.count.get())
    }

    /// Returns the index at which this seal must stand.
    pub fn index(&self) -> u64 {
        self.first.get() + self.count.get()
    }
}
