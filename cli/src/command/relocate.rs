//! `colophon move`: take a work to another country; title stays.

use clap::Args;
use colophon_ledger::card::Card;
use colophon_ledger::deal::{Delivery, Money};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::relocate::{MoveWord, Relocate};
use colophon_ledger::field::Country;

use crate::codes::country::country;
use crate::codes::money::money;
use crate::command::flag::edition_of;
use crate::command::lien::check_may_charge;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::foreseen;
use crate::signing::outcome::{Relocated, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{remark, word};
use crate::words::ids::short;

/// Arguments of `colophon move`.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// The country it goes to, such as FR
    #[arg(long, value_name = "CC", value_parser = country)]
    to_country: Country,
    /// What crosses the border: digital, physical or rights
    #[arg(long, default_value = "digital", value_parser = word::<Delivery>)]
    delivery: Delivery,
    /// What it is declared to be worth, such as "20000.00 EUR", where a law asks for that
    #[arg(long, value_name = "MONEY", value_parser = money)]
    value: Option<Money>,
    /// A remark. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &MoveArgs, context: &Context) -> Result<Exit, Failure> {
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    check_may_charge(&desk, &facts)?;
    if facts.state.country == args.to_country {
        return Err(Failure::usage(format!("it is in {} already", args.to_country), "name another country"));
    }
    let body = Body::Move(Relocate {
        by: desk.account,
        card: card.as_ref().map(Card::digest),
        delivery: args.delivery,
        edition: edition_of(&facts)?,
        from_country: facts.state.country.clone(),
        kind: MoveWord::It,
        prev: facts.state.newest,
        to_country: args.to_country.clone(),
        value: args.value.clone(),
        work,
    });
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    context.ui.note(format_args!("a move to another country, under the rules of both; you stay the holder\n{summary}"));
    foreseen::check(&desk, &body)?;
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let stage = outcome.stage;
    context.ui.answer(&Relocated(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next(format_args!("colophon show {}", short(&work)));
    }
    Ok(Exit::Done)
}
