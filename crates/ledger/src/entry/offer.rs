//! `offer`: an edition is offered to one account alone, on stated terms, until a stated time.

use crate::entry::terms::Terms;
use crate::rule::{Context, Stop};
use crate::state::{Changes, EditionRecord, OfferRecord, RecordKey, Records, write};

/// Returns what an offer on these terms changes.
pub(crate) fn apply(terms: &Terms, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
    let edition = terms.check(context, records)?;
    let offer = OfferRecord {
        basis: terms.basis,
        delivery: terms.delivery,
        expires_ms: terms.expires_ms.get(),
        firm: terms.firm.is_some(),
        index: context.index,
        price: terms.price.clone(),
        professional: terms.professional,
        to: terms.to,
        to_country: terms.to_country.clone(),
        value: terms.value.clone(),
    };
    let mut changes = Changes::new();
    let offered = EditionRecord { newest: context.id, offer: Some(offer), ..edition };
    write(&mut changes, RecordKey::Edition(terms.work, terms.edition.get()), &offered);
    Ok(changes)
}
