//! `colophon flag`: say that something is wrong with a work. An authority's word blocks it; anybody else's is shown.

use std::path::PathBuf;

use clap::Args;
use colophon_client::work::WorkFacts;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::flag::{Flag, FlagWord};
use colophon_ledger::field::{Country, EntryId, Int};
use colophon_ledger::state::Ground;

use crate::codes::country::authority;
use crate::context::Context;
use crate::enrolment;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{Flagged, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{hash_of, remark, word};
use crate::words::ids::short;

/// Arguments of `colophon flag`.
#[derive(Debug, Args)]
pub struct FlagArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// What is wrong: stolen, disputed or frozen
    #[arg(long, value_name = "WHY", value_parser = word::<Ground>)]
    ground: Ground,
    /// As an authority: the country that it speaks for, or EU. Title is blocked until it is released
    #[arg(long, value_name = "CC", value_parser = authority, requires = "document")]
    country: Option<Country>,
    /// The order or the report; only its hash leaves this machine
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// A remark. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &FlagArgs, context: &Context) -> Result<Exit, Failure> {
    let sha256 = args.document.as_deref().map(|path| hash_of(path, &context.ui)).transpose()?;
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    let prev = if args.country.is_some() { Some(facts.state.newest) } else { newest_alleged(&desk, &facts)? };
    let body = Body::Flag(Flag {
        by: desk.account,
        card: card.as_ref().map(colophon_ledger::card::Card::digest),
        country: args.country.clone(),
        edition: edition_of(&facts)?,
        ground: args.ground,
        kind: FlagWord::It,
        prev,
        sha256,
        work,
    });
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    let what = if args.country.is_some() {
        "a flag by an authority: title cannot move until it, or another of its country, releases it"
    } else {
        "an allegation: everybody who looks at the work is shown it under your account's name; it blocks nothing"
    };
    context.ui.note(format_args!("{what}\n{summary}"));
    match &args.country {
        Some(country) => enrolment::warn_unless_enrolled(&desk, country)?,
        None => enrolment::warn_if_enrolled(&desk)?,
    }
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let (stage, id) = (outcome.stage, outcome.id);
    context.ui.answer(&Flagged(outcome))?;
    if stage == Stage::Recorded {
        let of = if args.country.is_some() { format!(" --of {}", short(&id)) } else { String::new() };
        context.ui.next(format_args!("to release it: colophon release {}{of}", short(&work)));
    }
    Ok(Exit::Done)
}

/// Returns an edition's number as a member of a body.
pub(super) fn edition_of<const MAX: u64>(facts: &WorkFacts) -> Result<Int<1, MAX>, Failure> {
    Int::new(facts.edition)
        .ok_or_else(|| Failure::usage(format!("{} is no edition", facts.edition), "editions are numbered from 1"))
}

/// Returns the newest entry of what I have alleged of an edition: as the register names it, or as it was made here.
pub(super) fn newest_alleged(desk: &Desk<'_>, facts: &WorkFacts) -> Result<Option<EntryId>, Failure> {
    if facts.state.allegations.is_some() {
        let certified = desk.context.wait_for(desk.client.certificate(&facts.work, facts.edition))??;
        let open = certified.provenance.alleged.open;
        if let Some(mine) = open.iter().find(|alleged| alleged.by == desk.account) {
            return Ok(Some(mine.entry));
        }
    }
    Ok(desk.history()?.newest_said(&facts.work, facts.edition))
}
