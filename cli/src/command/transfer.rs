//! `colophon transfer`: move a work to somebody else, with both signatures in one entry.

use clap::Args;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::terms::TermsWord;

use crate::context::Context;
use crate::drafts;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::foreseen;
use crate::signing::outcome::{Outcome, Stage, Transferred};
use crate::signing::{Desk, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{TermsArgs, draw_up};
use crate::waiting::is_past;
use crate::words::count;
use crate::words::ids::short;

/// Arguments of `colophon transfer`.
#[derive(Debug, Args)]
pub struct TransferArgs {
    #[command(flatten)]
    terms: TermsArgs,
    /// Until when the recipient may sign: a day, a time or a span
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, default_value = "30 days")]
    expires: String,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &TransferArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let (plan, work) = draw_up(&desk, &args.terms, TermsWord::Transfer, false, &args.expires)?;
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, plan.card.as_ref(), plan.price.as_ref())?;
    context.ui.note(format_args!("a transfer, which takes effect when the recipient has signed it too\n{summary}"));
    foreseen::show(&desk, &plan.body, args.terms.price.as_ref())?;
    tell_of_earlier(&desk, &plan.body)?;
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

/// Says how many transfers of the same edition I have signed before that others can still complete.
fn tell_of_earlier(desk: &Desk<'_>, body: &Body) -> Result<(), Failure> {
    let Body::Transfer(terms) = body else { return Ok(()) };
    let mut earlier = 0;
    for draft in drafts::left(&desk.context.home)? {
        if let Body::Transfer(left) = text_of_draft(&draft)?.body {
            let is_same = (left.by, left.work, left.edition) == (terms.by, terms.work, terms.edition);
            earlier += u64::from(is_same && left.prev == terms.prev && !is_past(left.expires_ms.get())?);
        }
    }
    if earlier > 0 {
        let (count, work) = (count(earlier, "earlier half-signed transfer"), short(&terms.work));
        desk.context.ui.warn(format_args!(
            "{count} of this edition can still be completed: whoever signs first gets it. To void them first: colophon withdraw {work} --edition {}",
            terms.edition.get()
        ));
    }
    Ok(())
}
