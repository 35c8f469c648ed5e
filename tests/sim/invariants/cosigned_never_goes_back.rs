//! No witness cosigns less than before, and none knows more of the log than the register has.

use std::collections::BTreeMap;

use crate::fact::Fact;

#[derive(Debug, Default)]
pub(crate) struct CosignedNeverGoesBack(BTreeMap<usize, u64>);

impl CosignedNeverGoesBack {
    pub(crate) fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Cosigned { witness, size, .. } => {
                let last = self.0.entry(*witness).or_default();
                assert!(size >= last, "the witness {witness} cosigns {size} after {last}");
                *last = *size;
            }
            Fact::SeenFuture { witness, size } => {
                panic!("the register has lost what it had signed: the witness {witness} knows {size} entries");
            }
            Fact::Signed { .. } | Fact::Published { .. } | Fact::Acknowledged { .. } => {}
        }
    }
}
