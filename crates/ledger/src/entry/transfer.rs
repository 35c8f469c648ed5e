//! `transfer`: title moves in one entry that the holder and the recipient sign.

use crate::entry::terms::Terms;
use crate::rule::{Context, Stop};
use crate::state::{Changes, RecordKey, Records, write};

/// Returns what a transfer on these terms changes.
pub(crate) fn apply(terms: &Terms, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
    let edition = terms.check(context, records)?;
    let mut changes = Changes::new();
    let moved = edition.moved(context.id, terms.to, terms.to_country.clone());
    write(&mut changes, RecordKey::Edition(terms.work, terms.edition.get()), &moved);
    Ok(changes)
}
