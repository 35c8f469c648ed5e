//! What must hold whatever happens: one file for each.

mod acknowledged_stays;
mod append_only;
mod copies_are_the_log;
mod cosigned_never_goes_back;
mod heals;
mod one_holder;
mod one_root_a_size;

use crate::fact::{End, Fact};

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    append_only: append_only::AppendOnly,
    acknowledged_stays: acknowledged_stays::AcknowledgedStays,
    cosigned_never_goes_back: cosigned_never_goes_back::CosignedNeverGoesBack,
    one_root_a_size: one_root_a_size::OneRootASize,
}

impl Invariants {
    /// Holds what happened against all that happened before.
    pub(crate) fn note(&mut self, fact: &Fact) {
        self.append_only.note(fact);
        self.acknowledged_stays.note(fact);
        self.cosigned_never_goes_back.note(fact);
        self.one_root_a_size.note(fact);
    }

    /// Holds how everything ended against all that happened.
    pub(crate) fn at_the_end(&self, end: &End) {
        self.append_only.at_the_end(end);
        self.acknowledged_stays.at_the_end(end);
        copies_are_the_log::at_the_end(end);
        one_holder::at_the_end(end);
        heals::at_the_end(end);
    }
}
