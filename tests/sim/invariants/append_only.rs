//! Whatever was published is the beginning of whatever is published later, by whomever.

use std::collections::BTreeMap;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::tree::{TileHashes, Tree};

use crate::fact::{End, Fact};
use crate::message::Who;
use crate::roles::{QUORUM, log_signer, witness_keys};

#[derive(Debug, Default)]
pub(crate) struct AppendOnly {
    roots: BTreeMap<u64, Hash>,
    newest: BTreeMap<Who, u64>,
}

impl AppendOnly {
    /// Nobody publishes less than before, nor anything without its quorum.
    pub(crate) fn note(&mut self, fact: &Fact) {
        let Fact::Published { by, note } = fact else { return };
        let signed = SignedCheckpoint::open(note.as_bytes(), &log_signer().verifier()).expect("signed by the log");
        let witnesses = witness_keys();
        let cosigned = signed.note().verify(&witnesses).expect("cosigned");
        assert!(cosigned.len() >= QUORUM, "{by:?} publishes what {} witnesses cosigned", cosigned.len());
        let (size, root) = (signed.checkpoint().size.get(), signed.checkpoint().root);
        let newest = self.newest.entry(*by).or_default();
        assert!(size >= *newest, "{by:?} publishes {size} after {newest}");
        *newest = size;
        self.roots.insert(size, root);
    }

    pub(crate) fn at_the_end(&self, end: &End) {
        let mut tree = Tree::new();
        let mut roots = self.roots.iter().peekable();
        for leaf in &end.leaves {
            tree.append(leaf_hash(leaf), &mut TileHashes::default());
            if let Some((size, root)) = roots.next_if(|(size, _)| **size == tree.size().get()) {
                assert_eq!(
                    *root,
                    tree.root(),
                    "the log that was published at {size} is not the beginning of the last one"
                );
            }
        }
        assert!(roots.next().is_none(), "the log ends before what was published");
    }
}
