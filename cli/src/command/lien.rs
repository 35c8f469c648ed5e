//! `colophon lien`: let a work secure a debt, with the creditor's signature.

use std::path::PathBuf;

use clap::Args;
use colophon_client::work::WorkFacts;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::edition::{OfferStanding, standing};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::lien::{Lien, LienWord};
use colophon_ledger::state::{Burden, Listed};

use crate::clock;
use crate::codes::account::account;
use crate::command::flag::edition_of;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::signing::accounts::KnownAccounts;
use crate::signing::outcome::{Charged, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{hash_of, not_holder, remark};
use crate::words::ids::short;
use crate::words::{called, time};

/// Arguments of `colophon lien`.
#[derive(Debug, Args)]
pub struct LienArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// The creditor's account; they sign too, and they alone can release it
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    creditor: AccountId,
    /// The contract; only its hash leaves this machine
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// A remark. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &LienArgs, context: &Context) -> Result<Exit, Failure> {
    let sha256 = args.document.as_deref().map(|path| hash_of(path, &context.ui)).transpose()?;
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    check_may_charge(&desk, &facts)?;
    if args.creditor == desk.account {
        return Err(Failure::usage("this is your own account", "name the creditor's account"));
    }
    let body = Body::Lien(Lien {
        by: desk.account,
        card: card.as_ref().map(Card::digest),
        creditor: args.creditor,
        edition: edition_of(&facts)?,
        kind: LienWord::It,
        prev: facts.state.newest,
        sha256,
        work,
    });
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    context.ui.note(format_args!("a lien, which stands when the creditor has signed it too\n{summary}"));
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let (stage, id) = (outcome.stage, outcome.id);
    context.ui.answer(&Charged(outcome))?;
    tell_next(context, stage, &format!("the creditor: colophon accept {id}"), &short(&work));
    Ok(Exit::Done)
}

/// Refuses to charge, lend or move what another holds, what is flagged, or what somebody was offered, before anybody signs.
pub(super) fn check_may_charge(desk: &Desk<'_>, facts: &WorkFacts) -> Result<(), Failure> {
    if facts.state.holder != desk.account {
        return Err(not_holder(&facts.state.holder));
    }
    let flags: Vec<_> = facts.state.burdens().iter().filter(|burden| burden.kind == Burden::Flag).cloned().collect();
    if !flags.is_empty() {
        let what = format!("the edition is {}", Listed(flags));
        return Err(Failure::refused("encumbered", what, "have it released by whom it names"));
    }
    let Some(offer) = &facts.state.offer else { return Ok(()) };
    let mut accounts = KnownAccounts::default();
    for account in [&facts.state.holder, &offer.to] {
        accounts.add(&desk.facts(account)?);
    }
    if standing(&accounts, &facts.state.holder, offer, clock::now_ms()?) == Ok(OfferStanding::Stands) {
        let what = format!("an offer to {} stands until {}", called(&offer.to, None), time(offer.expires_ms));
        let cure = if offer.firm { "it is firm: wait until then" } else { "withdraw it first: colophon withdraw WORK" };
        return Err(Failure::refused("offer_stands", what, cure));
    }
    Ok(())
}

/// Says who signs next, and how to void what is half-signed.
pub(super) fn tell_next(context: &Context, stage: Stage, waiting: &str, work: &str) {
    match stage {
        Stage::Waiting => {
            context.ui.next(waiting);
            context.ui.note(format_args!("to void it before that: colophon withdraw {work}"));
        }
        Stage::File => context.ui.next("send the file to who must sign too, for colophon accept FILE"),
        Stage::DryRun | Stage::Recorded => {}
    }
}
