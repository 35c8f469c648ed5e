//! The answers of a node, as they stand in JSON. Nothing in them is checked here.

use colophon_ledger::account::AccountId;
use colophon_ledger::field::{EntryId, WorkId};
use colophon_ledger::proved::{ProvedEntry, StateAnswer};
use serde::Deserialize;

/// What a node says of itself: whether it is a copy.
#[derive(Deserialize)]
pub(crate) struct HealthAnswer {
    #[serde(default)]
    pub(crate) follows: Option<serde_json::Value>,
}

/// The answer about a work.
#[derive(Deserialize)]
pub(crate) struct WorkAnswer {
    #[serde(flatten)]
    pub(crate) state: StateAnswer,
    pub(crate) work: WorkId,
    pub(crate) edition: u64,
    pub(crate) mint: ProvedEntry,
}

/// The answer about a file.
#[derive(Deserialize)]
pub(crate) struct FileAnswer {
    #[serde(flatten)]
    pub(crate) state: StateAnswer,
    pub(crate) known: bool,
}

/// The answer about lookalikes.
#[derive(Deserialize)]
pub(crate) struct LookalikesAnswer {
    pub(crate) lookalikes: Vec<LookalikeAnswer>,
}

/// A work that is said to be alike.
#[derive(Deserialize)]
pub(crate) struct LookalikeAnswer {
    pub(crate) work: WorkId,
    pub(crate) file: usize,
    pub(crate) index: u64,
    pub(crate) distance: u32,
    pub(crate) code: usize,
}

/// The answer about an account.
#[derive(Deserialize)]
pub(crate) struct AccountAnswer {
    #[serde(flatten)]
    pub(crate) state: StateAnswer,
    #[serde(default)]
    pub(crate) held: Vec<HeldAnswer>,
    #[serde(default)]
    pub(crate) minted: Vec<WorkId>,
}

/// An edition that an account is said to hold.
#[derive(Deserialize)]
pub(crate) struct HeldAnswer {
    pub(crate) work: WorkId,
    pub(crate) edition: u64,
}

/// The answer about an entry.
#[derive(Deserialize)]
pub(crate) struct EntryAnswer {
    pub(crate) id: EntryId,
    pub(crate) index: u64,
    pub(crate) entry: String,
}

impl EntryAnswer {
    /// The most bytes of an answer with one entry in it: each byte of 16 KiB may be written as six.
    pub(crate) const BYTES_MAX: usize = 128 * 1024;
}

/// The answer about what waits for an account.
#[derive(Deserialize)]
pub(crate) struct InboxAnswer {
    #[serde(default)]
    pub(crate) drafts: Vec<serde_json::Value>,
    #[serde(default)]
    pub(crate) offers: Vec<OfferAnswer>,
}

/// An offer that is said to be open.
#[derive(Deserialize)]
pub(crate) struct OfferAnswer {
    pub(crate) work: WorkId,
    pub(crate) edition: u64,
    pub(crate) offer: EntryId,
}

/// The answer to an entry that was submitted alone.
#[derive(Deserialize)]
pub(crate) struct SubmitAnswer {
    #[serde(flatten)]
    pub(crate) place: PlaceAnswer,
    pub(crate) entry: String,
}

/// Where an entry that was submitted has come to stand.
#[derive(Deserialize)]
pub(crate) struct PlaceAnswer {
    pub(crate) id: EntryId,
    pub(crate) index: u64,
    pub(crate) repeated: bool,
    pub(crate) receipt: String,
}

/// The answer to many entries, in their order.
#[derive(Deserialize)]
pub(crate) struct ManyAnswer {
    pub(crate) results: Vec<OneOfMany>,
}

/// The answer to one of many entries.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOfMany {
    Problem { problem: serde_json::Value },
    Place(PlaceAnswer),
}

/// The answer to a draft.
#[derive(Deserialize)]
pub(crate) struct DraftAnswer {
    pub(crate) id: EntryId,
    pub(crate) to: Vec<AccountId>,
    pub(crate) until_ms: u64,
}
