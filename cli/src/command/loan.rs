//! `colophon loan`: lend a work. The borrower signs too and has it for a time; title stays.

use clap::Args;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::loan::{Loan, LoanWord};
use colophon_ledger::field::Day;

use crate::codes::account::account;
use crate::codes::date::{check_to_come, day};
use crate::command::flag::edition_of;
use crate::command::lien::{check_may_charge, tell_next};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::Lent;
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::remark;
use crate::terms::summary::{Names, Summary};
use crate::words::ids::short;

/// Arguments of `colophon loan`.
#[derive(Debug, Args)]
pub struct LoanArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// The borrower's account; they sign too
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    borrower: AccountId,
    /// The day on which it is to be back
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Day>,
    /// A remark. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &LoanArgs, context: &Context) -> Result<Exit, Failure> {
    args.until.as_ref().map_or(Ok(()), check_to_come)?;
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    check_may_charge(&desk, &facts)?;
    if args.borrower == desk.account {
        return Err(Failure::usage("this is your own account", "name the borrower's account"));
    }
    let body = Body::Loan(Loan {
        borrower: args.borrower,
        by: desk.account,
        card: card.as_ref().map(Card::digest),
        edition: edition_of(&facts)?,
        kind: LoanWord::It,
        prev: facts.state.newest,
        until: args.until.clone(),
        work,
    });
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    context
        .ui
        .note(format_args!("a loan, which stands when the borrower has signed it too; you stay the holder\n{summary}"));
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let (stage, id) = (outcome.stage, outcome.id);
    context.ui.answer(&Lent(outcome))?;
    tell_next(context, stage, &format!("the borrower: colophon accept {id}"), &short(&work));
    Ok(Exit::Done)
}
