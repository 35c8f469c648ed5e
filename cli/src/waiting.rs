//! What waits for a person's answer: drafts to sign and offers, found by id or as a file, and checked against what is proved.

use std::path::{Path, PathBuf};

use colophon_client::inbox::OpenOffer;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::terms::{Price, Terms};
use colophon_ledger::entry::{Body, Register};
use colophon_ledger::field::EntryId;

use crate::clock;
use crate::drafts;
use crate::failure::Failure;
use crate::history::choose;
use crate::signing::{Desk, text_of_draft};
use crate::words::{called, time};

/// Something that waits.
#[derive(Debug)]
pub enum Waiting {
    /// A draft, with the file it came from.
    Draft(Box<Draft>, Option<PathBuf>),
    /// An offer in the register.
    Offer(Box<OpenOffer>),
}

/// Returns what `text` names: a draft file, or something in my inbox by its id or the beginning of it.
pub fn find(desk: &Desk<'_>, text: &str) -> Result<Waiting, Failure> {
    let path = Path::new(text);
    if path.is_file() {
        let draft = drafts::read(path)?;
        check_register(&draft, &desk.client.rules().register)?;
        return Ok(Waiting::Draft(Box::new(draft), Some(path.to_owned())));
    }
    let inbox = desk.context.wait_for(desk.client.inbox(&desk.account))??;
    let listed = inbox.drafts.iter().map(Draft::id).chain(inbox.offers.iter().map(|offer| offer.facts.state.newest));
    let id = match text.parse::<EntryId>() {
        Ok(id) => id,
        Err(_) => choose(text, listed.collect(), "drafts and offers in your inbox")?,
    };
    if let Some(draft) = inbox.drafts.into_iter().find(|draft| draft.id() == id) {
        return Ok(Waiting::Draft(Box::new(draft), None));
    }
    if let Some(offer) = inbox.offers.into_iter().find(|offer| offer.facts.state.newest == id) {
        return Ok(Waiting::Offer(Box::new(offer)));
    }
    let draft = desk.context.wait_for(desk.client.draft(&id))??;
    Ok(Waiting::Draft(Box::new(draft), None))
}

/// Refuses a draft for another register.
pub fn check_register(draft: &Draft, register: &Register) -> Result<(), Failure> {
    let text = text_of_draft(draft)?;
    let cure = "name its register with --node URL";
    if text.origin != register.origin {
        let what = format!("the draft is for the register {}, and this is {}", text.origin, register.origin);
        return Err(Failure::refused("wrong_origin", what, cure));
    }
    if text.genesis != Some(register.genesis) {
        let what = format!("the draft is for another register that is called {} too", register.origin);
        return Err(Failure::refused("wrong_genesis", what, cure));
    }
    Ok(())
}

/// Refuses to sign a draft that cannot become an entry any more, or whose price is hidden from me.
pub fn check_draft(desk: &Desk<'_>, draft: &Draft) -> Result<(), Failure> {
    let Body::Transfer(terms) = text_of_draft(draft)?.body else { return Ok(()) };
    if draft.price().is_none() {
        check_price_is_open(&terms)?;
    }
    check_timely(desk, &terms)
}

/// Refuses terms whose price is committed to: without its opening nobody knows what they agree to.
pub fn check_price_is_open(terms: &Terms) -> Result<(), Failure> {
    match terms.price {
        Some(Price::Committed(_)) => Err(Failure::failed(
            "the price is committed to and not opened: you would agree to an amount you cannot see",
            "ask the sender for the price's opening; nothing was signed",
        )),
        Some(Price::Open(_)) | None => Ok(()),
    }
}

/// Refuses a transfer that the register would refuse, because something has happened since it was drafted.
fn check_timely(desk: &Desk<'_>, terms: &Terms) -> Result<(), Failure> {
    let cure = "ask the sender for a new draft";
    let facts = desk.work(&terms.work, terms.edition.get())?;
    if facts.state.newest != terms.prev {
        let what = "the draft is void: something has happened to this edition since it was made";
        return Err(Failure::refused("prev_stale", what, cure));
    }
    if facts.state.holder != terms.by {
        let what = format!("{} does not hold this edition", called(&terms.by, None));
        return Err(Failure::refused("not_holder", what, cure));
    }
    let expires_ms = terms.expires_ms.get();
    if is_past(expires_ms)? {
        return Err(Failure::refused("expired", format!("the draft ran out at {}", time(expires_ms)), cure));
    }
    Ok(())
}

/// Returns whether a time is past, by this machine's clock.
pub fn is_past(time_ms: u64) -> Result<bool, Failure> {
    let now_ms = u64::try_from(clock::now()?.as_millisecond()).unwrap_or_default();
    Ok(time_ms < now_ms)
}
