//! `colophon offer`: offer a work to one account alone, publicly and for a time.

use std::path::PathBuf;

use clap::Args;
use colophon_ledger::entry::terms::TermsWord;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::foreseen;
use crate::home::create_file;
use crate::signing::outcome::{Offered, Outcome, Stage};
use crate::signing::{Desk, SigningArgs, check_free};
use crate::terms::summary::{Names, Summary};
use crate::terms::{TermsArgs, draw_up};
use crate::words::ids::short;

/// Arguments of `colophon offer`.
#[derive(Debug, Args)]
pub struct OfferArgs {
    #[command(flatten)]
    terms: TermsArgs,
    /// Until when the offer stands: a day, a time or a span, such as "30 days"
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    until: String,
    /// Bind myself: the offer cannot be withdrawn before it runs out
    #[arg(long)]
    firm: bool,
    /// Of a secret price: write what opens it to this file, for the recipient alone; must not be there yet
    #[arg(long, value_name = "FILE", requires = "secret_price")]
    opening: Option<PathBuf>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &OfferArgs, context: &Context) -> Result<Exit, Failure> {
    check_opening(args)?;
    let desk = Desk::open(context, &args.signing)?;
    let (plan, work) = draw_up(&desk, &args.terms, TermsWord::Offer, args.firm, &args.until)?;
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, plan.card.as_ref(), plan.price.as_ref())?;
    context.ui.note(format_args!("an offer to one account alone: meanwhile nobody else can get the work\n{summary}"));
    foreseen::show(&desk, &plan.body, args.terms.price.as_ref())?;
    if args.firm {
        context.ui.note("it is firm: once recorded, you cannot take it back before it runs out");
    }
    desk.confirm("Sign it?")?;
    if let (Some(path), Some(opening), false) = (&args.opening, &plan.price, args.signing.dry_run) {
        let opening = serde_json::to_vec(opening)
            .map_err(|error| Failure::failed(format!("the opening cannot be written: {error}"), "report this"))?;
        create_file(path, &opening)?;
        context
            .ui
            .note(format_args!("give {} to the recipient, for colophon accept ID --opening FILE", path.display()));
    }
    let outcome = desk.carry_out(plan)?;
    let Outcome { stage, id, .. } = outcome;
    context.ui.answer(&Offered(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next(format_args!("the recipient: colophon accept {id}"));
        if !args.firm {
            context.ui.note(format_args!("to take it back: colophon withdraw {}", short(&work)));
        }
    }
    Ok(Exit::Done)
}

/// A secret price that nobody can open would never be accepted: an offer, unlike a draft, does not carry its opening.
fn check_opening(args: &OfferArgs) -> Result<(), Failure> {
    match &args.opening {
        None if args.terms.secret_price => Err(Failure::usage(
            "a secret price needs an opening, and an offer does not carry one",
            "add --opening FILE, and give that file to the recipient",
        )),
        Some(path) => check_free(path),
        None => Ok(()),
    }
}
