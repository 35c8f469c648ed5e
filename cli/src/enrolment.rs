//! For which countries the signer is enrolled as an authority, told before anything is signed that only such a one may sign.

use colophon_ledger::encumbrance::FLAGGING;
use colophon_ledger::field::Country;

use crate::failure::Failure;
use crate::signing::Desk;

/// Returns the countries for which the signer's documents of a type count as an authority's.
pub fn countries(desk: &Desk<'_>, document: &str) -> Result<Vec<Country>, Failure> {
    let facts = desk.context.wait_for(desk.client.rules_in_force())??;
    Ok(facts.countries_of(&desk.account, document).into_iter().cloned().collect())
}

/// Warns a signer who speaks for a country without being enrolled for its courts' orders: the register will not take the entry.
pub fn warn_unless_enrolled(desk: &Desk<'_>, country: &Country) -> Result<(), Failure> {
    if !countries(desk, FLAGGING)?.contains(country) {
        desk.context.ui.warn(format_args!(
            "you are not enrolled for {FLAGGING} of {country}: the register will refuse this. Its governors can enrol you"
        ));
    }
    Ok(())
}
