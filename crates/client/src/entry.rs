//! Asks for an entry with its receipt, and checks both.

use std::fmt;

use colophon_ledger::entry::Entry;
use colophon_ledger::field::EntryId;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::{NOTE_BYTES_MAX, VerifierKey};
use colophon_tlog::receipt::{Receipt, ReceiptError};

use crate::answer::EntryAnswer;
use crate::client::Client;
use crate::follow::Standing;
use crate::http::HttpError;
use crate::lookup::{LookupError, refused};
use crate::security::SecurityError;

/// An entry as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryName {
    /// By the digest of its text.
    Id(EntryId),
    /// By its place in the log.
    Index(u64),
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EntryName::Id(id) => id.fmt(f),
            EntryName::Index(index) => index.fmt(f),
        }
    }
}

/// An entry that is shown to stand in the log. Whether its rule was kept is the operator's word, or a certificate's to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEntry {
    /// The entry, as recorded.
    pub entry: Entry,
    /// Its place in the log.
    pub index: u64,
    /// The receipt that shows it.
    pub receipt: Receipt,
    /// The checkpoint in the receipt.
    pub checkpoint: SignedCheckpoint,
    /// Whether a newer checkpoint has been seen.
    pub standing: Standing,
}

impl Client {
    /// Asks for an entry.
    pub async fn entry(&self, name: EntryName) -> Result<LoggedEntry, LookupError> {
        let path = format!("v1/entries/{name}");
        let not_known = |error: HttpError| {
            if error.is_not_found() { LookupError::NotKnown(format!("entry {name}")) } else { error.into() }
        };
        let question = self.asking().await?;
        let EntryAnswer { id, index, entry } =
            self.transport().get_json(&path, EntryAnswer::BYTES_MAX).await.map_err(not_known)?;
        let fits = match name {
            EntryName::Id(asked) => asked == id,
            EntryName::Index(asked) => asked == index,
        };
        if !fits {
            return Err(SecurityError::other(format!("entry {name}"), format!("entry {id} at index {index}")).into());
        }
        let receipt = self.transport().get(&format!("{path}/receipt"), NOTE_BYTES_MAX).await.map_err(not_known)?;
        let (receipt, checkpoint) = check_receipt(&receipt, index, entry.as_bytes(), self.log_key())?;
        let parsed = Entry::parse(entry.as_bytes()).map_err(refused(index))?;
        if parsed.id() != id {
            return Err(SecurityError::other(format!("entry {name}"), format!("entry {}", parsed.id())).into());
        }
        parsed.check_register(&self.rules().register).map_err(refused(index))?;
        let standing = self.follow_as_asked(question, &checkpoint).await?;
        Ok(LoggedEntry { entry: parsed, index, receipt, checkpoint, standing })
    }
}

/// Reads a receipt that must show `leaf` at `index` of the log whose key is `log`. Its checkpoint is still to be followed.
pub(crate) fn check_receipt(
    receipt: &[u8],
    index: u64,
    leaf: &[u8],
    log: &VerifierKey,
) -> Result<(Receipt, SignedCheckpoint), SecurityError> {
    let receipt = Receipt::parse(receipt).map_err(SecurityError::Receipt)?;
    if receipt.index.get() != index {
        let given = format!("a receipt for index {}", receipt.index);
        return Err(SecurityError::other(format!("index {index}"), given));
    }
    let checkpoint = receipt.verify(&leaf_hash(leaf), log).map_err(|error| match error {
        ReceiptError::Checkpoint(error) => SecurityError::Checkpoint(error),
        error => SecurityError::Receipt(error),
    })?;
    Ok((receipt, checkpoint))
}
