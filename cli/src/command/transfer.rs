//! `colophon transfer`: move a work to somebody else, with both signatures in one entry.

use clap::Args;
use colophon_ledger::entry::terms::TermsWord;

use crate::command::Context;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{Outcome, Stage, Transferred};
use crate::signing::{Desk, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{TermsArgs, draw_up};
use crate::words::short;

/// Arguments of `colophon transfer`.
#[derive(Debug, Args)]
pub struct TransferArgs {
    #[command(flatten)]
    terms: TermsArgs,
    /// Until when the recipient may sign: a day, a time or a span
    #[arg(long, value_name = "WHEN", default_value = "30 days")]
    expires: String,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &TransferArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let (plan, work) = draw_up(&desk, &args.terms, TermsWord::Transfer, false, &args.expires)?;
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, plan.card.as_ref(), plan.price.as_ref())?;
    context.ui.note(format_args!("a transfer, which takes effect when the recipient has signed it too\n{summary}"));
    if args.terms.secret_price && args.signing.draft.is_none() {
        context.ui.note("while the draft waits in the inbox, the register's operator can read the price; with --draft FILE it stays between you two");
    }
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(plan)?;
    let Outcome { stage, id, .. } = outcome;
    context.ui.answer(&Transferred(outcome))?;
    match stage {
        Stage::Waiting => {
            context.ui.next(format_args!("the recipient: colophon accept {id}"));
            context.ui.note(format_args!("to void it before that: colophon withdraw {}", short(&work)));
        }
        Stage::File => context.ui.next("send the file to the recipient, for colophon accept FILE"),
        Stage::DryRun | Stage::Recorded => {}
    }
    Ok(Exit::Done)
}
