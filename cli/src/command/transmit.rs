//! `colophon transmit`: as an authority, give a work to whom a court, an inheritance or a restitution gives it.

use std::path::PathBuf;

use clap::Args;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::deal::{Decree, Delivery, Money};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::transmit::{Transmit, TransmitWord};
use colophon_ledger::field::Country;

use crate::codes::account::account;
use crate::codes::country::{authority, country};
use crate::codes::money::money;
use crate::command::flag::edition_of;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{Stage, Transmitted};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{hash_of, remark, word};
use crate::words::ids::short;
use crate::{enrolment, foreseen};

/// Arguments of `colophon transmit`.
#[derive(Debug, Args)]
pub struct TransmitArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// The recipient's account; they sign too
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    to: AccountId,
    /// The country it goes to; by default it stays where it is
    #[arg(long, value_name = "CC", value_parser = country)]
    to_country: Option<Country>,
    /// On what grounds: `court_order`, inheritance or restitution
    #[arg(long, value_parser = word::<Decree>)]
    basis: Decree,
    /// The country for which I speak, or EU, as an authority that governors have enrolled for `COURT_ORDER`
    #[arg(long, value_name = "CC", value_parser = authority)]
    country: Country,
    /// The order or the certificate; only its hash leaves this machine
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    /// What is handed over: digital, physical or rights
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

pub(super) fn run(args: &TransmitArgs, context: &Context) -> Result<Exit, Failure> {
    let sha256 = hash_of(&args.document, &context.ui)?;
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    if facts.state.holder == args.to {
        return Err(Failure::refused("same_holder", "they hold it already", "name whom it goes to"));
    }
    let body = Body::Transmit(Transmit {
        basis: args.basis,
        by: desk.account,
        card: card.as_ref().map(Card::digest),
        country: args.country.clone(),
        delivery: args.delivery,
        edition: edition_of(&facts)?,
        from_country: facts.state.country.clone(),
        kind: TransmitWord::It,
        prev: facts.state.newest,
        sha256,
        to: args.to,
        to_country: args.to_country.clone().unwrap_or_else(|| facts.state.country.clone()),
        value: args.value.clone(),
        work,
    });
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    context.ui.note(format_args!(
        "title by an authority's word, without the holder's; it takes effect when the recipient has signed it too\n{summary}"
    ));
    enrolment::warn_unless_enrolled(&desk, &args.country)?;
    foreseen::show(&desk, &body, None)?;
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let (stage, id) = (outcome.stage, outcome.id);
    context.ui.answer(&Transmitted(outcome))?;
    match stage {
        Stage::Waiting => context.ui.next(format_args!("the recipient: colophon accept {id}")),
        Stage::File => context.ui.next("send the file to the recipient, for colophon accept FILE"),
        Stage::Recorded => context.ui.next(format_args!("colophon show {}", short(&work))),
        Stage::DryRun => {}
    }
    Ok(Exit::Done)
}
