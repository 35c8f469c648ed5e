//! Many works at once: every file below a folder, or the lines of a list, in a run that can be cut off anywhere.
//!
//! ```text
//! gather -> read (all cores) -> look (the very file, works like it) -> sign -> note -> send (many a request) -> receipts
//! ```
//!
//! What is noted in the journal can be sent again. Everything before that is done again, and the register does not take a face
//! twice from one account: so no work is registered twice, wherever a run is cut off.

pub mod fuzzed;
mod gather;
mod journal;
mod list;
mod looking;
mod quotes;
mod reading;
mod report;
mod row;
mod run;
mod sending;

use std::collections::BTreeSet;
use std::sync::Arc;

use colophon_ledger::account::AccountId;
use colophon_ledger::field::Country;

use super::MintArgs;
use super::beside::{check_lying, unwritten, write};
use super::creator::CreatorArg;
use super::plan::Maker;
use super::work_args::WorkArgs;
use crate::codes::country::country;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::history::History;
use crate::sidecar::sidecar_of;
use crate::signing::Desk;
use crate::signing::delivery::known;
use crate::validation::{IS_BUILT_IN, Validator};
use crate::words::{argument, bytes, count, licence, source_type, training};

use self::gather::gather;
use self::journal::{Done, Journal, Left};
use self::looking::Looker;
use self::reading::Readers;
use self::report::{Fate, Outcome, Report};
use self::row::Row;
use self::run::{Run, Signatory, needs_others};
use self::sending::{Came, Sender, Sent};

/// What whoever presses Ctrl-C is told.
const STOPPED: &str =
    "stopped: run the same command again, and it goes on from here. Nothing is lost, and no work is registered twice";

/// Registers every work of the catalogue that can be, and tells what became of each.
pub(super) fn run(args: &MintArgs, context: &Context) -> Result<Exit, Failure> {
    check_options(args)?;
    let rows = gather(args, &History::read(&context.home)?, &context.ui)?;
    let desk = Desk::open(context, &args.signing)?;
    check_creators(&rows, &desk.account)?;
    let held_in = held_in(&rows, context)?;
    let maker = Maker::of(&desk, &args.work)?;
    let total = rows.iter().filter_map(|row| std::fs::metadata(&row.path).ok()).map(|data| data.len()).sum();
    context.ui.note(leaves(&rows, total));
    context.ui.note(said_of_all(&args.work));
    desk.confirm(&format!("Register {}?", count(rows.len() as u64, "work")))?;
    let accounts = known(context, &desk.client, vec![desk.account])?;
    let keys = if args.signing.dry_run { Vec::new() } else { desk.open_keys(&accounts)? };
    let register = desk.client.rules().register.clone();
    let signatory = Signatory { register, maker, held_in, keys, accounts };
    let stopped = (!args.signing.dry_run).then(|| context.ui.at_interrupt(STOPPED));
    let report = register_all(args, &desk, (rows, total), signatory)?;
    drop(stopped);
    context.ui.answer(&report)?;
    if let Some(first) = report.first() {
        context.ui.next(format_args!("colophon verify {}", argument(first.file.as_ref())));
    }
    Ok(report.exit())
}

/// Refuses options that are for one work.
fn check_options(args: &MintArgs) -> Result<(), Failure> {
    let one = |what: &str, cure: &str| Err(Failure::usage(format!("{what} is for one work"), cure));
    if args.signing.output.is_some() {
        return one(
            "--output",
            "leave it out: the receipts of all are kept, and --sidecar writes certificates beside the files",
        );
    }
    if args.signing.draft.is_some() {
        return one("--draft", "register works that others must sign too one by one");
    }
    if args.work.ack_first.is_some() {
        return one("--ack-first", "register that one by itself, or name it in the column ack_first of a list");
    }
    Ok(())
}

/// Refuses works that another account must sign as well: a run has one account's signatures.
fn check_creators(rows: &[Row], account: &AccountId) -> Result<(), Failure> {
    let is_other = |creator: &CreatorArg| creator.account.is_some_and(|other| other != *account);
    match rows.iter().find(|row| row.work.creators.iter().any(is_other)) {
        None => Ok(()),
        Some(row) => {
            let place = row.line.map_or_else(String::new, |line| format!("line {line}: "));
            Err(needs_others(&place))
        }
    }
}

/// Asks once for the country, if there is a work of which it is not said.
fn held_in(rows: &[Row], context: &Context) -> Result<Option<Country>, Failure> {
    if rows.iter().all(|row| row.work.country.is_some()) {
        return Ok(None);
    }
    country(&context.ui.ask("In which country are they held?", None, "--country CC")?).map(Some)
}

/// Says what leaves this machine, what stays, and which words can be taken back.
fn leaves(rows: &[Row], total: u64) -> String {
    let validated = if IS_BUILT_IN { " and were found to be" } else { " (they are not validated)" };
    format!(
        "{}, {} of files\n\
         leaves this machine: of each file its hash, size and type, and codes of its bytes and of what it shows or says, from which nothing can be seen; \
         what its Content Credentials are called{validated}; what is said about it; your account. The files stay here.\n\
         for ever: hashes and codes, dates, countries, shares. Erasable later: titles, names, what you say about it",
        count(rows.len() as u64, "work"),
        bytes(total),
    )
}

/// Says what stands in each mint unless a list says otherwise.
fn said_of_all(work: &WorkArgs) -> String {
    let created = work.created.as_ref().map_or_else(|| "this year".to_owned(), ToString::to_string);
    format!(
        "of each is said, unless a list says otherwise: made {created}; {}; {}; AI training {}",
        source_type(&work.source_type),
        licence(&work.license),
        training(work.training)
    )
}

fn register_all(
    args: &MintArgs,
    desk: &Desk<'_>,
    (rows, total): (Vec<Row>, u64),
    signatory: Signatory,
) -> Result<Report, Failure> {
    let (context, at_once) = (desk.context, usize::try_from(args.at_once).unwrap_or(1));
    let rows = Arc::new(rows);
    let (mut done, mut sender) = (Done::default(), None);
    if !args.signing.dry_run {
        let (journal, left) = Journal::open(&context.home, signatory.register.genesis, &desk.account)?;
        let mut found = Sender::new(Arc::clone(&desk.client), &context.home, journal, at_once);
        done = send_left(desk, &mut found, left)?;
        sender = Some(found);
    }
    let own: BTreeSet<_> = done.works().collect();
    let looker = Looker { client: Arc::clone(&desk.client), account: desk.account, own: Arc::new(own) };
    let progress = context.ui.progress("reading", Some(total));
    let readers = Readers::start(Arc::clone(&rows), Arc::new(done), Validator::of(&context.home))?;
    let run = Run::new(Arc::clone(&rows), looker, signatory, (sender, at_once), progress);
    let (mut fates, sender, stopped) = context.wait_for(run.run(readers))?;
    if let Some(sender) = sender.filter(|_| stopped.is_none()) {
        sender.into_journal().finish()?;
    }
    if args.sidecar && !args.signing.dry_run {
        match stopped {
            None => write_sidecars(desk, &rows, &mut fates),
            Some(_) => context.ui.warn("no certificates are written yet: the next run of the same command writes them"),
        }
    }
    Ok(Report::new(fates, stopped))
}

/// Sends what an earlier run had signed and nothing was heard of, as it was; returns all that is done by now.
fn send_left(desk: &Desk<'_>, sender: &mut Sender<'_>, left: Left) -> Result<Done, Failure> {
    let Left { open, mut done } = left;
    if open.is_empty() {
        return Ok(done);
    }
    let ui = &desk.context.ui;
    ui.note(format_args!(
        "an earlier run was cut off: {} signed then and never acknowledged, sent again as they were",
        count(open.len() as u64, "mint")
    ));
    let Sent { settled, stopped } = desk.context.wait_for(sender.send(open))?;
    for (signed, came) in settled {
        if let Came::Recorded(submitted) = came {
            done.add(signed.stamp, submitted.id);
        }
    }
    stopped.map_or(Ok(done), Err)
}

/// Writes the certificate of each registered work beside its file, where its own does not lie yet. What is not written is told of its work: the
/// works are registered. A register that is away is not asked again.
fn write_sidecars(desk: &Desk<'_>, rows: &[Row], fates: &mut [Fate]) {
    let mut progress = desk.context.ui.counting("writing certificates");
    progress.expect(rows.len() as u64);
    let mut away = None::<Failure>;
    for (number, (row, fate)) in (1..).zip(rows.iter().zip(fates)) {
        let path = sidecar_of(&row.path);
        if let Some(work) = fate.work.filter(|_| matches!(fate.outcome, Outcome::Registered | Outcome::ThereBefore)) {
            let written = match path.symlink_metadata() {
                Ok(_) => check_lying(&work, &path),
                Err(_) => away.take().map_or_else(|| write(desk, &work, &path), Err),
            };
            if let Err(failure) = written {
                fate.lacks_certificate(&unwritten(&failure, &work, &path));
                if failure.is_away() {
                    away = Some(failure);
                }
            }
        }
        progress.advance_to(number);
    }
}
