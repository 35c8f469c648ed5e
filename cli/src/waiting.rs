//! What waits for a person's answer: drafts to sign and offers, found by id or as a file, and checked against what is proved.

use std::path::{Path, PathBuf};

use colophon_client::inbox::OpenOffer;
use colophon_client::work::WorkFacts;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::deal::Price;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::lien::Lien;
use colophon_ledger::entry::loan::Loan;
use colophon_ledger::entry::terms::Terms;
use colophon_ledger::entry::transmit::Transmit;
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::register::Register;
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Records as _;

use crate::drafts::{text_of_draft, unfit};
use crate::failure::Failure;
use crate::history::choose;
use crate::signing::accounts::KnownAccounts;
use crate::signing::delivery::known;
use crate::signing::{Desk, missing};
use crate::terms::check_free;
use crate::terms::summary::{Names, Summary};
use crate::words::{called, shown, time};
use crate::{clock, drafts, enrolment, foreseen};

/// How the failure of a draft that was changed begins.
pub const CHANGED: &str = "this draft was changed after";

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
    let listed = inbox.drafts.iter().map(Draft::id).chain(inbox.offers.iter().map(|offer| offer.logged.entry.id()));
    let id = match text.parse::<EntryId>() {
        Ok(id) => id,
        Err(_) => choose(text, listed.collect(), "drafts and offers in your inbox")?,
    };
    if let Some(draft) = inbox.drafts.into_iter().find(|draft| draft.id() == id) {
        return Ok(Waiting::Draft(Box::new(draft), None));
    }
    if let Some(offer) = inbox.offers.into_iter().find(|offer| offer.logged.entry.id() == id) {
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

/// Checks a draft, shows what it would do, and asks whether to sign it.
pub fn put_before(desk: &Desk<'_>, draft: &Draft) -> Result<(), Failure> {
    let accounts = check_draft(desk, draft)?;
    let body = text_of_draft(draft)?.body;
    let mut names = Names::default();
    let summary = Summary::of(desk, &mut names, &body, draft.card(), draft.price())?;
    let ui = &desk.context.ui;
    ui.note(format_args!("you are asked to sign {}\n{summary}", asked(body.kind())));
    if let Some(why) = enrolment::objection(desk, &mut names, &body)? {
        ui.warn(why);
    }
    foreseen::show(desk, &body, draft.price().map(|opening| &opening.price))?;
    let sender = body.by();
    let is_unsigned = missing(draft, &accounts)?.iter().any(|missing| missing.account == *sender);
    if is_unsigned && *sender != desk.account {
        ui.warn("the sender has not signed this draft: nothing shows that it is theirs");
    }
    desk.confirm("Sign it?")
}

/// Returns a kind of entry as it is called to whoever is asked to sign it.
fn asked(kind: &str) -> &str {
    match kind {
        "transmit" => "this transmission of title by an authority",
        "transfer" => "this transfer",
        "mint" => "this registration of a work",
        "rotate" => "this change of keys",
        "lien" => "this lien",
        "loan" => "this loan",
        "log_key" | "upgrade" | "retire" | "rules" | "authority" => "this act of the governors",
        _ => "this entry",
    }
}

/// Refuses to sign a draft that was changed after somebody signed it, that cannot become an entry any more, or whose words
/// or price are hidden from me. Returns what is proved of its signers.
pub fn check_draft(desk: &Desk<'_>, draft: &Draft) -> Result<KnownAccounts, Failure> {
    let body = text_of_draft(draft)?.body;
    check_words_are_here(&body, draft.card())?;
    let accounts = known(desk.context, &desk.client, body.signers())?;
    check_signatures(draft, &accounts)?;
    if let Body::Transfer(terms) = &body {
        if draft.price().is_none() {
            check_price_is_open(terms)?;
        }
        check_timely(desk, terms)?;
    }
    if let Body::Lien(Lien { prev, .. }) | Body::Loan(Loan { prev, .. }) | Body::Transmit(Transmit { prev, .. }) = &body
        && let Some((work, edition)) = body.edition()
    {
        check_newest(&desk.work(&work, edition)?, prev)?;
    }
    Ok(accounts)
}

/// Refuses an entry whose words are not at hand: nobody can read what they would agree to.
pub fn check_words_are_here(body: &Body, card: Option<&Card>) -> Result<(), Failure> {
    if body.card().is_none() || card.is_some() {
        return Ok(());
    }
    Err(Failure::failed(
        "it commits to words that are not here: you would agree to what you cannot read",
        "ask the sender for the whole draft; nothing was signed",
    ))
}

/// Refuses a draft with a signature that does not hold.
fn check_signatures(draft: &Draft, accounts: &KnownAccounts) -> Result<(), Failure> {
    let entry = match draft.to_entry() {
        Ok(entry) => entry,
        // A note has one signature at least: a draft that nobody has signed yet is none.
        Err(error) => return if is_unsigned(draft, accounts)? { Ok(()) } else { Err(unfit(error)) },
    };
    match Signed::check(entry, accounts) {
        Ok(_) => Ok(()),
        Err(Stop::Refused(Refusal::SignatureInvalid { account, .. })) => Err(Failure::not_verified(
            format!("{CHANGED} {} signed it; nothing was signed", called(&account, None)),
            "ask the sender for a new draft, and tell them of this one",
        )),
        Err(Stop::Refused(refusal)) => Err(Failure::refused(
            refusal.code(),
            format!("a signature on this draft does not count; nothing was signed: {}", shown(&refusal.to_string())),
            "ask the sender for a new draft",
        )),
        Err(Stop::Unreadable(error)) => Err(Failure::failed(error.to_string(), "report this")),
    }
}

fn is_unsigned(draft: &Draft, accounts: &KnownAccounts) -> Result<bool, Failure> {
    let owed = missing(draft, accounts)?;
    let owes_all = |account: &AccountId| {
        let keys = accounts.key_set(account).map(|set| set.keys).unwrap_or_default();
        owed.iter().any(|missing| missing.account == *account && missing.keys == keys)
    };
    Ok(text_of_draft(draft)?.body.signers().iter().all(owes_all))
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
    // A flag or a lien that came since voids the draft for good: its release does not bring it back.
    check_newest(&facts, &terms.prev)?;
    check_free(&facts.state)?;
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

/// Refuses a draft that something else came before.
fn check_newest(facts: &WorkFacts, prev: &EntryId) -> Result<(), Failure> {
    if facts.state.newest == *prev {
        return Ok(());
    }
    let what = "the draft is void: something has happened to this edition since it was made";
    Err(Failure::refused("prev_stale", what, "ask the sender for a new draft"))
}

/// Returns whether a time is past, by this machine's clock.
pub fn is_past(time_ms: u64) -> Result<bool, Failure> {
    let now_ms = u64::try_from(clock::now()?.as_millisecond()).unwrap_or_default();
    Ok(time_ms < now_ms)
}
