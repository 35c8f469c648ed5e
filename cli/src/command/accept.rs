//! `colophon accept`: take a work on the terms of a draft or an offer.

use std::path::{Path, PathBuf};

use clap::Args;
use colophon_client::entry::EntryName;
use colophon_client::inbox::OpenOffer;
use colophon_ledger::draft::{Draft, PriceOpening};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::accept::{Accept, AcceptWord};
use colophon_ledger::field::EntryId;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::foreseen;
use crate::home::read_file;
use crate::signing::delivery::recorded;
use crate::signing::outcome::{Accepted, Outcome, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::check_free;
use crate::terms::summary::{Names, Summary};
use crate::waiting::{Waiting, check_price_is_open, check_words_are_here, find, put_before};
use crate::words::ids::short;

/// The longest file of a price's opening, in bytes.
const OPENING_BYTES_MAX: usize = 4096;

/// Arguments of `colophon accept`.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// The draft or the offer: its id, the first digits of one in my inbox, or a draft file
    #[arg(value_name = "ID|DRAFT")]
    id: String,
    /// The opening of an offer's secret price, as `colophon offer --opening` wrote it
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &AcceptArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let outcome = match find(&desk, &args.id) {
        Ok(Waiting::Draft(draft, _)) => accept_draft(&desk, *draft)?,
        Ok(Waiting::Offer(offer)) => accept_offer(&desk, &offer, args.opening.as_deref())?,
        Err(failure) => {
            let mine = desk.history()?.entry(&args.id).map(|line| line.id);
            let named = args.id.parse().ok().or(mine);
            named.map_or(Ok(None), |id| accepted_before(&desk, id))?.ok_or(failure)?
        }
    };
    let Outcome { stage, work, .. } = outcome;
    context.ui.answer(&Accepted(outcome))?;
    match (stage, work) {
        (Stage::Recorded, Some(work)) => {
            context.ui.next(format_args!("colophon certificate {} -o FILE", short(&work)));
        }
        (Stage::Waiting | Stage::File, _) => context.ui.next("the others: colophon inbox, then colophon accept ID"),
        _ => {}
    }
    Ok(Exit::Done)
}

/// Returns what came of a draft or an offer that I have accepted before.
fn accepted_before(desk: &Desk<'_>, id: EntryId) -> Result<Option<Outcome>, Failure> {
    let entry = |id| desk.context.wait_for(desk.client.entry(EntryName::Id(id)));
    let Ok(logged) = entry(id)? else { return Ok(None) };
    let body = logged.entry.body();
    let Body::Offer(terms) = body else {
        return if body.signers().contains(&desk.account) {
            recorded(desk.context, &desk.client, id)
        } else {
            Ok(None)
        };
    };
    let newest = desk.work(&terms.work, terms.edition.get())?.state.newest;
    let is_mine = |body: &Body| matches!(body, Body::Accept(accept) if accept.prev == id && accept.by == desk.account);
    match entry(newest)? {
        Ok(logged) if is_mine(logged.entry.body()) => recorded(desk.context, &desk.client, newest),
        Ok(_) | Err(_) => Ok(None),
    }
}

fn accept_draft(desk: &Desk<'_>, draft: Draft) -> Result<Outcome, Failure> {
    if let Some(outcome) = accepted_before(desk, draft.id())? {
        return Ok(outcome);
    }
    put_before(desk, &draft)?;
    desk.carry_on(draft, None)
}

fn accept_offer(desk: &Desk<'_>, offer: &OpenOffer, opening: Option<&Path>) -> Result<Outcome, Failure> {
    let OpenOffer { facts, terms, .. } = offer;
    check_free(&facts.state)?;
    let opening = opening.map(read_opening).transpose()?;
    match &opening {
        Some(opening) if !opening.opens(terms) => {
            return Err(Failure::not_verified(
                "this opening is not of the price that the offer commits to",
                "ask whoever made the offer for the right one; nothing was signed",
            ));
        }
        Some(_) => {}
        None => check_price_is_open(terms)?,
    }
    let body = Body::Offer(terms.clone());
    let card = match &terms.card {
        Some(digest) => desk.card(digest)?,
        None => None,
    };
    check_words_are_here(&body, card.as_ref())?;
    let summary = Summary::of(desk, &mut Names::default(), &body, card.as_ref(), opening.as_ref())?;
    desk.context.ui.note(format_args!("you are offered this\n{summary}"));
    foreseen::show(desk, &body, opening.as_ref().map(|opening| &opening.price))?;
    desk.confirm("Accept it?")?;
    desk.carry_out(Plan::of(Body::Accept(Accept {
        by: desk.account,
        edition: terms.edition,
        kind: AcceptWord::It,
        prev: facts.state.newest,
        work: facts.work,
    })))
}

fn read_opening(path: &Path) -> Result<PriceOpening, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("{} {why}", path.display()), "name the file that colophon offer --opening wrote")
    };
    let bytes = read_file(path, OPENING_BYTES_MAX)?.ok_or_else(|| wrong("does not exist"))?;
    serde_json::from_slice(&bytes).map_err(|_| wrong("is no opening of a price"))
}
