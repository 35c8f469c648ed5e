//! `colophon mint`: register a work.

mod creator;
mod files;
mod plan;
mod title;
mod vocabulary;

use std::path::{Path, PathBuf};

use clap::Args;
use colophon_client::account::AccountFacts;
use colophon_client::lookup::Looked;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::field::{Country, Date, Digest, License, SourceType, WorkId, WorkKind};

use crate::codes::country::country;
use crate::codes::date::date;
use crate::codes::licence::licence;
use crate::command::Context;
use crate::drafts;
use crate::failure::{Exit, Failure};
use crate::home::create_shared_file;
use crate::likeness::{Like, find};
use crate::recognition::STANDARD_INPUT;
use crate::register::name_of;
use crate::sidecar::sidecar_of;
use crate::signing::delivery::submit;
use crate::signing::outcome::{Minted, Outcome, Stage};
use crate::signing::{Desk, SigningArgs, check_free, text_of_draft};
use crate::terms::summary::{Names, Summary};
use crate::words::{called, short};

use self::creator::{CreatorArg, creator};
use self::files::{Hashed, hash};
use self::plan::{Maker, Sources, plan};
use self::title::TitleArg;

/// Arguments of `colophon mint`.
#[derive(Debug, Args)]
pub struct MintArgs {
    /// The work's files: the first is its face, the one people recognise. One folder may follow. `-` reads a file from
    /// standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Its title, or `LANG:TEXT` with a language tag, as in zh:雾中山; up to 8
    #[arg(long = "title", value_name = "TEXT")]
    titles: Vec<TitleArg>,
    /// The country it is held in, such as CN
    #[arg(long, value_name = "CC", value_parser = country)]
    country: Option<Country>,
    /// Who made it: `NAME[:ROLE[:SHARE%[:ACCOUNT]]]`, with a MARC role such as aut; up to 16. One named by account signs too
    #[arg(long = "creator", value_name = "CREATOR", value_parser = creator)]
    creators: Vec<CreatorArg>,
    /// What sort of work it is, such as photograph; by default what the face looks like
    #[arg(long, value_name = "KIND", value_parser = vocabulary::work_kind)]
    work_kind: Option<WorkKind>,
    /// When it was made: a year, a month or a day. By default this year
    #[arg(long, value_name = "DATE", value_parser = date)]
    created: Option<Date>,
    /// The country it was made in
    #[arg(long, value_name = "CC", value_parser = country)]
    made_in: Option<Country>,
    /// The licence it is published under: an SPDX id, or a rights statement
    #[arg(long, value_name = "ID", default_value = "LicenseRef-ARR", value_parser = licence)]
    license: License,
    /// Whether machines may be trained on it: allowed, notAllowed or constrained
    #[arg(long, default_value = "notAllowed", value_parser = vocabulary::training)]
    training: colophon_ledger::entry::mint::Training,
    /// How its bytes came about, in the words of IPTC, such as digitalCapture for a photograph
    #[arg(long, value_name = "TYPE", default_value = "digitalCreation", value_parser = vocabulary::source_type)]
    source_type: SourceType,
    /// How many editions there are
    #[arg(long, value_name = "N", default_value_t = 1)]
    editions: u64,
    /// A few words about it. They go into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// A work in this register that it is derived from; up to 16
    #[arg(long = "derived-from", value_name = "WORK")]
    derived_from: Vec<String>,
    /// The work under which another account registered the face first: knowingly register it again
    #[arg(long, value_name = "WORK")]
    ack_first: Option<String>,
    /// An earlier work in this register that it is knowingly like; up to 16. The entry says so for ever
    #[arg(long = "ack-similar", value_name = "WORK")]
    ack_similar: Vec<String>,
    /// Write the work's certificate beside the face, as FILE.colophon, where verify finds it without asking anybody
    #[arg(long)]
    sidecar: bool,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &MintArgs, context: &Context) -> Result<Exit, Failure> {
    let sidecar = sidecar(args)?;
    let hashed = hash(&args.files, &context.ui)?;
    let desk = Desk::open(context, &args.signing)?;
    if let Some(outcome) = settle_earlier(&desk, args, hashed.face())? {
        write_sidecar(&desk, &outcome, sidecar.as_deref())?;
        return tell(args, context, outcome);
    }
    let sources = sources(&desk, args)?;
    check_face(&desk, hashed.face(), sources.ack_first)?;
    check_likes(&desk, &hashed, &sources)?;
    let maker = maker(&desk, args)?;
    let titles = titles(args, context)?;
    let held_in = match &args.country {
        Some(given) => given.clone(),
        None => country(&context.ui.ask("In which country is it held?", None, "--country CC")?)?,
    };
    let plan = plan(args, &hashed, &maker, &sources, titles, held_in)?;
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, plan.card.as_ref(), None)?;
    context.ui.note(format_args!("to be registered\n{summary}"));
    context.ui.note(leaves(&hashed));
    let outcome = desk.carry_out(plan)?;
    write_sidecar(&desk, &outcome, sidecar.as_deref())?;
    tell(args, context, outcome)
}

/// Returns where the certificate is to be written, if it is; a file that is there already is refused before anything is read.
fn sidecar(args: &MintArgs) -> Result<Option<PathBuf>, Failure> {
    if !args.sidecar {
        return Ok(None);
    }
    let face = args.files.iter().find(|path| !path.is_dir()).filter(|path| *path != Path::new(STANDARD_INPUT));
    let face = face.ok_or_else(|| {
        Failure::usage("standard input has no file beside which a certificate could lie", "save it as a file first")
    })?;
    let path = sidecar_of(face);
    check_free(&path)?;
    Ok(Some(path))
}

/// Writes the certificate beside the face, once the work is recorded.
fn write_sidecar(desk: &Desk<'_>, outcome: &Outcome, path: Option<&Path>) -> Result<(), Failure> {
    let Some((path, work)) = path.zip(outcome.work).filter(|_| outcome.stage == Stage::Recorded) else { return Ok(()) };
    let certified = desk.context.wait_for(desk.client.certificate(&work, 1))??;
    create_shared_file(path, certified.text.as_bytes())?;
    desk.context.ui.note(format_args!("its certificate is in {}: hand both over together", path.display()));
    Ok(())
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

fn tell(args: &MintArgs, context: &Context, outcome: Outcome) -> Result<Exit, Failure> {
    let Outcome { stage, id, .. } = outcome;
    context.ui.answer(&Minted(outcome))?;
    let face = args.files.first().map_or(Path::new("FILE"), PathBuf::as_path);
    match stage {
        Stage::Recorded => {
            context.ui.next(format_args!("colophon verify {}", face.display()));
            context.ui.next(format_args!("colophon transfer {} --to ACCOUNT --to-country CC", short(&id)));
        }
        Stage::Waiting => context.ui.next(format_args!("the others named by account: colophon accept {id}")),
        Stage::File => context.ui.next("send the file to the others named by account, for colophon sign FILE"),
        Stage::DryRun => {}
    }
    Ok(Exit::Done)
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

fn sources(desk: &Desk<'_>, args: &MintArgs) -> Result<Sources, Failure> {
    let history = desk.history()?;
    let derived_from = args.derived_from.iter().map(|text| history.work(text)).collect::<Result<Vec<_>, _>>()?;
    let ack_first = args.ack_first.as_ref().map(|text| history.work(text)).transpose()?;
    let ack_similar = args.ack_similar.iter().map(|text| history.work(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Sources { derived_from, ack_first, ack_similar })
}

/// Refuses a face that another account registered first, unless that is acknowledged, and one that is mine already.
fn check_face(desk: &Desk<'_>, face: Digest, ack_first: Option<WorkId>) -> Result<(), Failure> {
    let Looked::Found(facts) = desk.context.wait_for(desk.client.file(&face, 1))?? else { return Ok(()) };
    let Some(first) = facts.registrations.first() else { return Ok(()) };
    if first.record.maker == desk.account {
        if !facts.face {
            return Ok(());
        }
        let what = format!("you have registered this very file before, as the work {}", first.work);
        return Err(Failure::refused("face_repeated", what, format!("colophon show {}", short(&first.work))));
    }
    if ack_first == Some(first.work) {
        return Ok(());
    }
    let name = desk.context.wait_for(name_of(&desk.client, &first.record.maker))??;
    let maker = called(&first.record.maker, name.as_deref());
    let what = format!("this very file was first registered by another account, {maker}, as the work {}", first.work);
    let code = if ack_first.is_some() { "ack_first_wrong" } else { "ack_first_missing" };
    let cure = format!(
        "look at it with colophon show {}; to register it again knowingly, with that claim named for ever, add --ack-first {}",
        short(&first.work),
        first.work
    );
    Err(Failure::refused(code, what, cure))
}

/// Shows what was registered earlier that is like the face, and goes on only if each work of others that is near enough to
/// be taken for the same is acknowledged.
fn check_likes(desk: &Desk<'_>, hashed: &Hashed, sources: &Sources) -> Result<(), Failure> {
    let Some(face) = hashed.files.first() else { return Ok(()) };
    let likes = find(desk.context, &desk.client, face.content.as_ref())?.unwrap_or_default();
    let known = |like: &Like| {
        like.maker.account == desk.account
            || Some(like.work) == sources.ack_first
            || sources.ack_similar.contains(&like.work)
    };
    let (open, told): (Vec<&Like>, Vec<&Like>) = likes.iter().partition(|like| like.is_alarm() && !known(like));
    for like in told {
        desk.context.ui.note(format_args!(
            "registered before and like it: {} (work {})",
            like.told(),
            short(&like.work)
        ));
    }
    if open.is_empty() {
        return Ok(());
    }
    let works: Vec<String> = open.iter().map(|like| format!("{} (work {})", like.told(), like.work)).collect();
    let flags: Vec<String> = open.iter().map(|like| format!("--ack-similar {}", like.work)).collect();
    let what = format!("it is like what others have registered before: {}", works.join("; "));
    let cure = format!(
        "look with colophon show WORK; to register it knowingly, with what it is like named for ever, add {}",
        flags.join(" ")
    );
    Err(Failure::refused("ack_similar_missing", what, cure))
}

/// Returns who registers the work, with the name to stand in the card.
fn maker(desk: &Desk<'_>, args: &MintArgs) -> Result<Maker, Failure> {
    let facts: AccountFacts = desk.facts(&desk.account)?;
    let mut name = None;
    if args.creators.is_empty() {
        if facts.record.is_some() {
            name = desk.context.wait_for(name_of(&desk.client, &desk.account))??;
        }
        let ui = &desk.context.ui;
        if name.is_none() && ui.may_ask() && !args.signing.yes {
            name = Some(ui.ask("What is the maker called?", None, "--creator NAME")?);
        }
        if name.is_none() {
            ui.note("no name of the maker is published with it: colophon profile set, or --creator NAME, gives one");
        }
    }
    Ok(Maker { account: desk.account, name })
}

fn titles(args: &MintArgs, context: &Context) -> Result<Vec<TitleArg>, Failure> {
    if args.titles.is_empty() {
        let answer = context.ui.ask("What is its title?", None, "--title TEXT")?;
        return answer.parse().map(|title| vec![title]);
    }
    Ok(args.titles.clone())
}
