//! Whatever was signed, published or cosigned over one size has one root.

use std::collections::BTreeMap;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;

use crate::fact::Fact;
use crate::roles::log_signer;

#[derive(Debug, Default)]
pub(crate) struct OneRootASize(BTreeMap<u64, Hash>);

impl OneRootASize {
    pub(crate) fn note(&mut self, fact: &Fact) {
        let (size, root) = match fact {
            Fact::Signed { size, root } | Fact::Cosigned { size, root, .. } => (*size, *root),
            Fact::Published { note, .. } => {
                let signed = SignedCheckpoint::open(note.as_bytes(), &log_signer().verifier());
                let signed = signed.expect("signed by the log");
                (signed.checkpoint().size.get(), signed.checkpoint().root)
            }
            Fact::Acknowledged { .. } | Fact::SeenFuture { .. } => return,
        };
        let known = *self.0.entry(size).or_insert(root);
        assert_eq!(root, known, "two logs of the size {size}");
    }
}
