//! Which work an entry brings into the register: by its mint, or carried over with its mint from the register before.

use colophon_ledger::entry::mint::Mint;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::WorkId;

/// Returns the work that an entry brings, with its mint.
pub fn minted(entry: &Entry) -> Option<(WorkId, &Mint)> {
    match entry.body() {
        Body::Mint(mint) => Some((entry.id(), mint)),
        Body::CarryEdition(carry) => carry.mint.as_ref().map(|mint| (carry.work, &mint.body)),
        _ => None,
    }
}
