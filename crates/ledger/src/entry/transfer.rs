//! `transfer`: title moves in one entry that the holder and the recipient sign.

use crate::crossing::{Crossing, Deed};
use crate::entry::terms::Terms;
use crate::rule::{Context, Stop};
use crate::state::{Changes, Records};

/// Returns what a transfer on these terms changes.
pub(crate) fn apply(terms: &Terms, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
    let edition = terms.check(context, records)?;
    let crossing = Crossing {
        work: &terms.work,
        number: terms.edition.get(),
        edition: &edition,
        to: &terms.to,
        to_country: &terms.to_country,
        deed: Deed::Transfer(terms.basis),
        delivery: terms.delivery,
        price: terms.price.as_ref(),
        professional: terms.professional.is_some(),
        value: terms.value.as_ref(),
    };
    crossing.pass(context, records)
}
