//! What an examination can find wrong.

use colophon_ledger::replay::ReplayError;

use crate::catch_up::CatchUpError;
use crate::files::ENTRIES_FILE;
use crate::recovery::RecoveryError;
use crate::slots::SlotError;
use crate::view::Anew;
use crate::view::engine::EngineError;

/// Something that is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// No entry was ever recorded and no checkpoint signed.
    #[error("an init broke off here: no entry was ever recorded. Remove the folder and run `colophon-node init` again")]
    Unfinished,
    /// Bytes after the last whole batch.
    #[error("{bytes} bytes after the last whole batch of {ENTRIES_FILE:?} are a torn write; the next start cuts them")]
    Torn {
        /// How many.
        bytes: u64,
    },
    /// A last batch that is whole by its form and against the rules, and that nobody was shown.
    #[error(
        "the last batch of {ENTRIES_FILE:?}, from entry {first} on, is a torn write: its seal is there, and some of an entry is \
         not. No checkpoint was signed over it; the next start cuts it"
    )]
    TornBatch {
        /// The index of its first entry.
        first: u64,
    },
    /// The log's file is damaged, or its checkpoints say something else.
    #[error("{0}")]
    Log(#[from] RecoveryError),
    /// An entry or a seal is against the rules.
    #[error("the log breaks the rules of the register: {0}")]
    Rules(#[from] ReplayError),
    /// The log could not be read again.
    #[error("{0}")]
    Replay(#[from] CatchUpError),
    /// A file that can be computed from the entries is another one.
    #[error("the file {file:?} is not what the entries lead to, from byte {from} on; the next start writes it again")]
    Hint {
        /// Its name.
        file: String,
        /// The first byte that differs.
        from: u64,
    },
    /// The slots cannot be read.
    #[error("{0}")]
    Slots(#[from] SlotError),
    /// One slot is torn.
    #[error("one of the two slots is torn or damaged; the other one holds")]
    TornSlot,
    /// A checkpoint is not signed by the log's key.
    #[error("the checkpoint over {size} entries in a slot is not signed by the register's key: {why}")]
    Signature {
        /// How many entries it covers.
        size: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The cards are damaged.
    #[error(
        "the file of cards has {cut} torn bytes at its end and {zeroed} damaged ones between its records. Unless power failed \
         while they were written, a backup may have the words that they were"
    )]
    Cards {
        /// Bytes after the last whole record.
        cut: u64,
        /// Bytes between records.
        zeroed: u64,
    },
    /// The cards cannot be read.
    #[error("the cards cannot be read: {0}")]
    CardsUnreadable(String),
    /// The view is of no use.
    #[error("the view is of no use ({0}); the next start fills it again")]
    View(Anew),
    /// The view says something else than the log leads to.
    #[error(
        "the view differs from what the log leads to in {count} keys ({examples}); `colophon-node rebuild` fills it again"
    )]
    ViewDiffers {
        /// In how many keys.
        count: u64,
        /// Some of them.
        examples: String,
    },
    /// The view's engine failed.
    #[error("the view cannot be read: {0}; `colophon-node rebuild` fills it again")]
    ViewUnreadable(#[from] EngineError),
}

impl Finding {
    /// Tells whether the next start puts it right by itself: then nothing is lost.
    pub fn heals_at_start(&self) -> bool {
        match self {
            Finding::Torn { .. }
            | Finding::TornBatch { .. }
            | Finding::Hint { .. }
            | Finding::TornSlot
            | Finding::Cards { zeroed: 0, .. }
            | Finding::View(_) => true,
            Finding::Unfinished
            | Finding::Cards { .. }
            | Finding::Log(_)
            | Finding::Rules(_)
            | Finding::Replay(_)
            | Finding::Slots(_)
            | Finding::Signature { .. }
            | Finding::CardsUnreadable(_)
            | Finding::ViewDiffers { .. }
            | Finding::ViewUnreadable(_) => false,
        }
    }
}
