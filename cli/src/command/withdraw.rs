//! `colophon withdraw`: take back an offer, or void the transfers that I have half-signed.

use clap::Args;
use colophon_client::work::WorkFacts;
use colophon_ledger::account::AccountId;
use colophon_ledger::edition::{OfferStanding, standing};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::close::{Close, CloseWord};
use colophon_ledger::field::{EntryId, Int, WorkId};

use crate::clock;
use crate::context::Context;
use crate::drafts;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::signing::accounts::KnownAccounts;
use crate::signing::outcome::{Stage, Withdrawn};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::not_holder;
use crate::words::ids::short;
use crate::words::{called, time};

/// Arguments of `colophon withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// The work, the offer or the half-signed transfer: its id, or the first digits of one in my history
    #[arg(value_name = "WORK|ID")]
    id: String,
    /// Which edition, when a work is named
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &WithdrawArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let (work, edition) = find(&desk, args)?;
    let facts = desk.work(&work, edition)?;
    if facts.state.holder != desk.account {
        return Err(not_holder(&facts.state.holder));
    }
    check_offer(&desk, &facts)?;
    let what = match &facts.state.offer {
        Some(offer) => format!("this takes back the offer to {}", called(&offer.to, None)),
        None => "this voids every transfer of the edition that you have half-signed".to_owned(),
    };
    context.ui.note(what);
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan::of(close(desk.account, &facts)?))?;
    let stage = outcome.stage;
    context.ui.answer(&Withdrawn(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next(format_args!("colophon show {}", short(&work)));
    }
    Ok(Exit::Done)
}

/// Returns the edition that is meant: a work's, or that of an offer or a draft.
fn find(desk: &Desk<'_>, args: &WithdrawArgs) -> Result<(WorkId, u64), Failure> {
    let history = desk.history()?;
    if let Some(line) = history.entry(&args.id).filter(|line| line.kind == "offer") {
        return line.work.zip(line.edition).ok_or_else(|| {
            Failure::failed("the history does not say which edition that offer is of", "give the work")
        });
    }
    let id = history.work(&args.id)?;
    match desk.work(&id, args.edition) {
        Err(failure) if failure.exit() == Exit::NotRegistered => of_draft(desk, &id)?.ok_or(failure),
        found => found.map(|facts| (facts.work, args.edition)),
    }
}

/// Returns the edition that a half-signed draft is about, if there is one of this id.
fn of_draft(desk: &Desk<'_>, id: &EntryId) -> Result<Option<(WorkId, u64)>, Failure> {
    let kept = drafts::kept(&desk.context.home)?.into_iter().find(|draft| draft.id() == *id);
    let Some(draft) = kept.or(desk.context.wait_for(desk.client.draft(id))?.ok()) else { return Ok(None) };
    Ok(text_of_draft(&draft)?.body.edition())
}

fn check_offer(desk: &Desk<'_>, facts: &WorkFacts) -> Result<(), Failure> {
    let Some(offer) = facts.state.offer.as_ref().filter(|offer| offer.firm) else { return Ok(()) };
    let mut accounts = KnownAccounts::default();
    for account in [&facts.state.holder, &offer.to] {
        accounts.add(&desk.facts(account)?);
    }
    let now_ms = u64::try_from(clock::now()?.as_millisecond()).unwrap_or_default();
    if standing(&accounts, &facts.state.holder, offer, now_ms) == Ok(OfferStanding::Stands) {
        let what = format!("the offer to {} is firm until {}", called(&offer.to, None), time(offer.expires_ms));
        return Err(Failure::refused("offer_firm", what, "wait until then: a firm offer cannot be taken back"));
    }
    Ok(())
}

/// Returns the entry by which `by` closes what is open of an edition.
pub(super) fn close(by: AccountId, facts: &WorkFacts) -> Result<Body, Failure> {
    let edition = Int::new(facts.edition)
        .ok_or_else(|| Failure::usage(format!("{} is no edition", facts.edition), "editions are numbered from 1"))?;
    Ok(Body::Close(Close { by, edition, kind: CloseWord::It, prev: facts.state.newest, work: facts.work }))
}
