//! Signs the checkpoint of what the log holds, and makes it binding before anybody sees it.

use colophon_storage::slots::{SlotError, Slots};
use colophon_tlog::checkpoint::{Checkpoint, CheckpointError};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::Signer;
use colophon_tlog::tree::TreeSize;

/// Why a checkpoint was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It cannot be signed.
    #[error(transparent)]
    Sign(#[from] CheckpointError),
    /// It cannot be written down.
    #[error(transparent)]
    Slots(#[from] SlotError),
}

/// The log's key and the slots that its checkpoints stand in.
#[derive(Debug)]
pub struct Publisher {
    signer: Signer,
    slots: Slots,
}

impl Publisher {
    /// Returns the publisher of a log.
    pub fn new(signer: Signer, slots: Slots) -> Publisher {
        Publisher { signer, slots }
    }

    /// Returns the checkpoint of a log that durably holds `size` entries with this root. It binds once this returns.
    ///
    /// No witness is asked, so it is pending and published at once. Signatures are deterministic: the same log always
    /// gets the same bytes.
    pub fn publish(&mut self, size: TreeSize, root: Hash) -> Result<String, PublishError> {
        let origin = self.signer.verifier().name().to_owned();
        let note = Checkpoint { origin, size, root }.sign(&self.signer)?.to_string();
        self.slots.write(Some(&note), Some(&note))?;
        Ok(note)
    }
}
