//! `colophon release`: let go a flag, a lien or a loan that protects me, or take back what I have alleged.

use clap::Args;
use colophon_client::work::WorkFacts;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::release::{Release, ReleaseWord};
use colophon_ledger::field::EntryId;
use colophon_ledger::state::{Burden, EncumbranceRecord};

use crate::command::flag::{edition_of, newest_alleged};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{Released, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::words::ids::short;

/// Arguments of `colophon release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// The entry of the flag, the lien or the loan, or its first digits. May be left out when there is one that I can release
    #[arg(long, value_name = "ENTRY")]
    of: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &ReleaseArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    let of = chosen(&desk, &facts, args.of.as_deref())?;
    let prev = match of {
        Some(_) => facts.state.newest,
        None => newest_alleged(&desk, &facts)?.ok_or_else(|| nothing(&facts))?,
    };
    let edition = edition_of(&facts)?;
    let body = Body::Release(Release { by: desk.account, edition, kind: ReleaseWord::It, of, prev, work });
    let summary = Summary::of(&desk, &mut Names::default(), &body, None, None)?;
    context.ui.note(format_args!("a release\n{summary}"));
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan::of(body))?;
    let stage = outcome.stage;
    context.ui.answer(&Released(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next(format_args!("colophon show {}", short(&work)));
    }
    Ok(Exit::Done)
}

/// Returns the entry that is to be let go: the one that was named, or the only one that protects me. None: what I have alleged.
fn chosen(desk: &Desk<'_>, facts: &WorkFacts, named: Option<&str>) -> Result<Option<EntryId>, Failure> {
    let burdens = facts.state.burdens();
    if let Some(named) = named {
        let named = named.trim().to_ascii_lowercase();
        let begins = |burden: &&EncumbranceRecord| named.len() >= 8 && burden.entry.to_string().starts_with(&named);
        return burdens.iter().find(begins).map(|burden| Some(burden.entry)).ok_or_else(|| nothing(facts));
    }
    let is_mine = |burden: &&EncumbranceRecord| match burden.kind {
        Burden::Flag | Burden::Lien => burden.of == desk.account,
        Burden::Loan => facts.state.holder == desk.account,
    };
    let mine: Vec<EntryId> = burdens.iter().filter(is_mine).map(|burden| burden.entry).collect();
    match mine.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => {
            let list: Vec<String> = several.iter().map(short).collect();
            Err(Failure::usage(
                format!("there are {} that you can release: {}", several.len(), list.join(", ")),
                "say which with --of ENTRY",
            ))
        }
    }
}

fn nothing(facts: &WorkFacts) -> Failure {
    let burdens = facts.state.burdens();
    let standing: Vec<String> = burdens.iter().map(ToString::to_string).collect();
    let what = match standing.as_slice() {
        [] => "nothing stands on this edition, and you have alleged nothing about it here".to_owned(),
        _ => format!("none of what stands on this edition is that: it is {}", standing.join("; ")),
    };
    Failure::refused("nothing_to_release", what, "see colophon show WORK")
}
