//! For which countries an account is enrolled as an authority, told before anything is signed that only such a one may sign.

use colophon_ledger::account::AccountId;
use colophon_ledger::entry::Body;
use colophon_ledger::field::Country;
use colophon_ledger::state::FLAGGING;

use crate::failure::Failure;
use crate::signing::Desk;
use crate::terms::summary::Names;

/// Returns the countries for which an account's documents of a type count as an authority's.
pub fn countries(desk: &Desk<'_>, account: &AccountId, document: &str) -> Result<Vec<Country>, Failure> {
    let facts = desk.context.wait_for(desk.client.rules_in_force())??;
    Ok(facts.countries_of(account, document).into_iter().cloned().collect())
}

/// Warns a signer who speaks for a country without being enrolled for its courts' orders: the register will not take the entry.
pub fn warn_unless_enrolled(desk: &Desk<'_>, country: &Country) -> Result<(), Failure> {
    if !countries(desk, &desk.account, FLAGGING)?.contains(country) {
        desk.context.ui.warn(format_args!(
            "you are not enrolled for {FLAGGING} of {country}: the register will refuse this. Its governors can enrol you"
        ));
    }
    Ok(())
}

/// Warns an authority that flags without naming its country: what it signs is an allegation, and blocks nothing.
pub fn warn_if_enrolled(desk: &Desk<'_>) -> Result<(), Failure> {
    let countries: Vec<String> =
        countries(desk, &desk.account, FLAGGING)?.iter().map(|country| country.as_str().to_owned()).collect();
    if let Some(first) = countries.first() {
        desk.context.ui.warn(format_args!(
            "you are enrolled for {FLAGGING} of {}: --country {first} would block title",
            countries.join(", ")
        ));
    }
    Ok(())
}

/// Returns why the register will refuse what an authority gives: its account is not enrolled for the country that it names.
pub fn objection(desk: &Desk<'_>, names: &mut Names, body: &Body) -> Result<Option<String>, Failure> {
    let Body::Transmit(given) = body else { return Ok(None) };
    if countries(desk, &given.by, FLAGGING)?.contains(&given.country) {
        return Ok(None);
    }
    let authority = names.account(desk, &given.by)?;
    Ok(Some(format!(
        "the authority {authority} is not enrolled for {FLAGGING} of {}: the register will refuse this",
        given.country
    )))
}
