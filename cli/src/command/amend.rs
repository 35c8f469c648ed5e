//! `colophon amend`: correct or add facts of a work that I registered. What was stated first stays visible.

use clap::Args;
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::amend::{Amend, AmendWord};
use colophon_ledger::field::{Country, Date, SourceType};

use crate::codes::country::country;
use crate::codes::date::{check_past, date};
use crate::command::mint::source_type;
use crate::context::Context;
use crate::facts::FactsArgs;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{Amended, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::remark;
use crate::terms::summary::{Names, Summary};
use crate::words::called;
use crate::words::ids::short;

/// Arguments of `colophon amend`.
#[derive(Debug, Args)]
pub struct AmendArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// When it was made: a year, a month or a day
    #[arg(long, value_name = "DATE", value_parser = date)]
    created: Option<Date>,
    /// The country it was made in
    #[arg(long, value_name = "CC", value_parser = country)]
    made_in: Option<Country>,
    /// How its bytes came about, in the words of IPTC
    #[arg(long, value_name = "TYPE", value_parser = source_type)]
    source_type: Option<SourceType>,
    #[command(flatten)]
    facts: FactsArgs,
    /// A remark, such as why. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &AmendArgs, context: &Context) -> Result<Exit, Failure> {
    args.created.as_ref().map_or(Ok(()), check_past)?;
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let record = desk.work(&work, 1)?.record;
    if record.maker != desk.account {
        let what = format!("the facts are for the maker to amend: {}", called(&record.maker, None));
        return Err(Failure::refused("not_maker", what, "name another key with --key NAME"));
    }
    let facts = args.facts.laid_over(&record.facts.clone().unwrap_or_default());
    let body = Body::Amend(Box::new(Amend {
        by: desk.account,
        card: card.as_ref().map(Card::digest),
        created: args.created.clone().filter(|created| *created != record.created),
        facts,
        kind: AmendWord::It,
        made_in: args.made_in.clone().filter(|made_in| record.made_in.as_ref() != Some(made_in)),
        prev: record.amended.as_ref().map_or(work, |amended| amended.newest),
        source_type: args.source_type.clone().filter(|source_type| *source_type != record.source_type),
        work,
    }));
    if let Body::Amend(amend) = &body
        && (&amend.created, &amend.facts, &amend.made_in, &amend.source_type) == (&None, &None, &None, &None)
    {
        return Err(Failure::usage("this amends nothing: the facts are so already", "name a fact that is to change"));
    }
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    context.ui.note(format_args!("an amendment; what was stated before stays in the register for ever\n{summary}"));
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let stage = outcome.stage;
    context.ui.answer(&Amended(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next(format_args!("colophon show {}", short(&work)));
    }
    Ok(Exit::Done)
}
