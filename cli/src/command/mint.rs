//! `colophon mint`: register a work.

mod beside;
#[doc(hidden)]
pub mod catalogue;
mod creator;
mod files;
mod known;
mod plan;
#[cfg(test)]
mod sample;
mod title;
mod vocabulary;
mod work_args;

use std::path::{Path, PathBuf};

use clap::{Args, value_parser};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::field::{Digest, WorkId};

use crate::codes::country::country;
use crate::context::Context;
use crate::drafts;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::likeness::{Asked, Wanted, find};
use crate::register::name_of;
use crate::signing::delivery::submit;
use crate::signing::outcome::{Minted, Outcome, Stage};
use crate::signing::{Desk, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::validation::Validator;
use crate::words::argument;
use crate::words::ids::short;

use self::files::{Hashed, hash};
use self::known::{
    Said, Standing, like_others, registered_and_like, registered_before, registered_by_others, unacknowledged,
};
use self::plan::{Maker, Sources, plan};
use self::title::TitleArg;
use self::work_args::WorkArgs;

pub(super) use self::vocabulary::source_type;

/// What `--help` says of a list.
const LIST_HELP: &str = "\
Register the works of a list: CSV in UTF-8, under a header that names the columns. - reads standard input

Columns, of which only file must be there: file (from where the list lies, or a whole path), title, lang, title:LANG \
(a title in another language), creators (NAME:ROLE:SHARE%, with ; between them), work_kind, created, made_in, country, \
license, training, source_type, editions, about, derived_from, ack_first, ack_similar (works, with ; between them); and the \
facts that laws ask for, as the options of these names: category, protection, age, died, fcs, hs, cpc, ebops, human, \
ai_label. What a cell does not say, the options given here say. A work without a title is called by its file's name";

/// Arguments of `colophon mint`.
#[derive(Debug, Args)]
pub struct MintArgs {
    /// The work's files: the first is its face, the one people recognise. One folder may follow. `-` reads a file from
    /// standard input. Folders alone are a catalogue: every file below them is a work of its own
    #[arg(required_unless_present = "works", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Register each of the files, and every file below the folders, as a work of its own
    #[arg(long)]
    each: bool,
    /// Register the works of a list: CSV in UTF-8, under a header that names the columns
    #[arg(long, value_name = "LIST.csv", conflicts_with_all = ["files", "each"], long_help = LIST_HELP)]
    works: Option<PathBuf>,
    /// How many works of a catalogue one request carries
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u64).range(1..=1000))]
    at_once: u64,
    /// Write the work's certificate beside the face, as FILE.colophon, where verify finds it without asking anybody
    // Here, for what stands behind the options of a work comes under the heading of its last ones.
    #[arg(long)]
    sidecar: bool,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

impl MintArgs {
    /// Returns whether many works are asked for: by a list, by `--each`, or as folders without a face.
    fn is_catalogue(&self) -> bool {
        self.works.is_some() || self.each || self.files.iter().all(|path| path.is_dir())
    }
}

pub(super) fn run(args: &MintArgs, context: &Context) -> Result<Exit, Failure> {
    if args.is_catalogue() { catalogue::run(args, context) } else { one(args, context) }
}

/// Registers one work.
fn one(args: &MintArgs, context: &Context) -> Result<Exit, Failure> {
    let sidecar = beside::place(args)?;
    let hashed = hash(&args.files, &context.ui, &Validator::of(&context.home))?;
    let desk = Desk::open(context, &args.signing)?;
    if let Some(outcome) = settle_earlier(&desk, args, hashed.face())? {
        let certified = beside::add(&desk, &outcome, sidecar.as_deref());
        return tell(args, context, outcome, certified);
    }
    let sources = Sources::of(&args.work, &desk.history()?)?;
    check_face(&desk, hashed.face(), sources.ack_first)?;
    check_likes(&desk, &hashed, &sources)?;
    let maker = Maker::of(&desk, &args.work)?;
    let titles = titles(args, context)?;
    let held_in = match &args.work.country {
        Some(given) => given.clone(),
        None => country(&context.ui.ask("In which country is it held?", None, "--country CC")?)?,
    };
    let plan = plan(&args.work, &hashed, &maker, &sources, titles, held_in)?;
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, plan.card.as_ref(), None)?;
    context.ui.note(format_args!("to be registered\n{summary}"));
    context.ui.note(leaves(&hashed));
    let outcome = desk.carry_out(plan)?;
    let certified = beside::add(&desk, &outcome, sidecar.as_deref());
    tell(args, context, outcome, certified)
}

/// Says what leaves this machine, what stays, and which words can be taken back.
fn leaves(hashed: &Hashed) -> String {
    let folder = if hashed.tree.is_some() { " and the root hash of the folder" } else { "" };
    format!(
        "leaves this machine: {} with size and type, {}{folder}; what stands above; your account. The files stay here.\n\
         for ever: hashes and codes, dates, countries, shares. Erasable later: titles, names, what you say about it",
        crate::words::count(hashed.files.len() as u64, "file hash").replace("hashs", "hashes"),
        crate::recognition::told(&hashed.files),
    )
}

/// Says what came of it. It ends as its certificate does.
fn tell(args: &MintArgs, context: &Context, outcome: Outcome, certified: Exit) -> Result<Exit, Failure> {
    let Outcome { stage, id, .. } = outcome;
    context.ui.answer(&Minted(outcome))?;
    let face = args.files.first().map_or(Path::new("FILE"), PathBuf::as_path);
    match stage {
        Stage::Recorded => {
            context.ui.next(format_args!("colophon verify {}", argument(face)));
            context.ui.next(format_args!("colophon transfer {} --to ACCOUNT --to-country CC", short(&id)));
        }
        Stage::Waiting => context.ui.next(format_args!("the others named by account: colophon accept {id}")),
        Stage::File => context.ui.next("send the file to the others named by account, for colophon sign FILE"),
        Stage::DryRun => {}
    }
    Ok(certified)
}

/// Submits an earlier mint of this face that was signed and never acknowledged: it may be in the register already, and a
/// second one would then be refused. One that the register does not take is forgotten.
fn settle_earlier(desk: &Desk<'_>, args: &MintArgs, face: Digest) -> Result<Option<Outcome>, Failure> {
    if args.signing.dry_run {
        return Ok(None);
    }
    let register = &desk.client.rules().register;
    let is_it = |draft: &Draft| {
        let is_of_face =
            |mint: &colophon_ledger::entry::mint::Mint| mint.by == desk.account && mint.files.face() == face;
        let text = text_of_draft(draft).ok().filter(|text| text.genesis == Some(register.genesis));
        text.is_some_and(|text| matches!(&text.body, Body::Mint(mint) if is_of_face(mint)))
    };
    let Some(draft) = drafts::kept(&desk.context.home)?.into_iter().find(is_it) else { return Ok(None) };
    desk.context.ui.note("an earlier mint of this file was signed and never acknowledged: it is sent again, as it was");
    match submit(desk.context, &desk.client, &draft, args.signing.output.as_deref()) {
        Ok(outcome) => Ok(Some(outcome)),
        Err(failure) if failure.exit() == Exit::Refused => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Refuses a face that another account registered first, unless that is acknowledged, and one that is mine already.
fn check_face(desk: &Desk<'_>, face: Digest, ack_first: Option<WorkId>) -> Result<(), Failure> {
    let looked = desk.context.wait_for(desk.client.file(&face, 1))??;
    match Standing::of(&looked, &desk.account, ack_first) {
        Standing::Free => Ok(()),
        Standing::Mine(work) => Err(registered_before(&work)),
        Standing::Taken(first) => {
            let name = desk.context.wait_for(name_of(&desk.client, &first.record.maker))??;
            Err(registered_by_others(first, name.as_deref(), ack_first.is_some(), Said::ByOption))
        }
    }
}

/// Shows what was registered earlier that is like the face, or the first file beside it that has a code where the face has none, and goes
/// on only if each work of others that is near enough to be taken for the same is acknowledged.
fn check_likes(desk: &Desk<'_>, hashed: &Hashed, sources: &Sources) -> Result<(), Failure> {
    let asked = hashed.files.iter().find_map(|file| file.content.as_ref()).and_then(Asked::of);
    let wanted = Wanted { own: Some(desk.account), ..Wanted::default() };
    let likes = find(desk.context, &desk.client, asked.as_ref(), &wanted)?.unwrap_or_default();
    let (open, told) = unacknowledged(&likes, &desk.account, sources);
    for like in told {
        desk.context.ui.note(registered_and_like(like));
    }
    if open.is_empty() { Ok(()) } else { Err(like_others(&open, Said::ByOption)) }
}

fn titles(args: &MintArgs, context: &Context) -> Result<Vec<TitleArg>, Failure> {
    if args.work.titles.is_empty() {
        let answer = context.ui.ask("What is its title?", None, "--title TEXT")?;
        return answer.parse().map(|title| vec![title]);
    }
    Ok(args.work.titles.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_no_fact_that_laws_ask_for() {
        let command = MintArgs::augment_args(clap::Command::new("mint"));
        let heading = |name: &str| {
            let argument = command.get_arguments().find(|argument| argument.get_id().as_str() == name);
            argument.unwrap().get_help_heading().map(ToOwned::to_owned)
        };
        assert_eq!((heading("sidecar"), heading("works")), (None, None));
        assert_eq!(heading("category").as_deref(), Some("Facts that laws ask for"));
    }
}
