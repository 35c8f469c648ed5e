//! `colophon attest`: state a document about a work, an edition or an account.

use std::path::PathBuf;

use clap::Args;
use colophon_fingerprint::file::fingerprint_file;
use colophon_ledger::card::PaperWords;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::attest::{Attest, AttestWord};
use colophon_ledger::field::{Day, Digest, Int};
use colophon_ledger::state::{About, PaperRecord};

use crate::codes::date::{day, today};
use crate::codes::plain::plain;
use crate::context::Context;
use crate::enrolment;
use crate::failure::{Exit, Failure};
use crate::paper_args::{PaperArgs, Subject};
use crate::signing::outcome::{Attested, Outcome, Stage};
use crate::signing::{Desk, Plan, SigningArgs, card_of};
use crate::terms::summary::{Names, Summary};
use crate::words::ids::short;

/// Arguments of `colophon attest`.
#[derive(Debug, Args)]
pub struct AttestArgs {
    #[command(flatten)]
    paper: PaperArgs,
    /// The document's file; only its hash leaves this machine
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The document's number. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    number: Option<String>,
    /// What the document is called, or says. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// The first day on which it is valid, such as 2026-11-23
    #[arg(long, value_name = "DAY", value_parser = day)]
    valid_from: Option<Day>,
    /// The last day on which it is valid
    #[arg(long, value_name = "DAY", value_parser = day)]
    valid_to: Option<Day>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &AttestArgs, context: &Context) -> Result<Exit, Failure> {
    check_days(args)?;
    let desk = Desk::open(context, &args.signing)?;
    let subject = args.paper.subject(&desk)?;
    let document_type = &args.paper.document_type;
    let before = context.wait_for(desk.client.paper(subject.about, document_type, &desk.account))??.found();
    let plan = plan(args, &desk, &subject.about, before.as_ref())?;
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, plan.card.as_ref(), None)?;
    context.ui.note(format_args!("a document that everybody can see you stand for\n{summary}"));
    tell_whether_it_counts(args, &desk)?;
    tell_what_it_replaces(&desk, before.as_ref());
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(plan)?;
    let Outcome { stage, .. } = outcome;
    context.ui.answer(&Attested(outcome))?;
    if let (Stage::Recorded, Subject { work: Some(work), .. }) = (stage, subject) {
        context.ui.next(format_args!("colophon rules check {work} --to CC"));
    }
    Ok(Exit::Done)
}

fn check_days(args: &AttestArgs) -> Result<(), Failure> {
    match (&args.valid_from, &args.valid_to) {
        (Some(from), Some(to)) if from > to => {
            Err(Failure::usage(format!("{to} is before {from}"), "give the first valid day, and the last"))
        }
        _ => Ok(()),
    }
}

fn plan(args: &AttestArgs, desk: &Desk<'_>, about: &About, before: Option<&PaperRecord>) -> Result<Plan, Failure> {
    let words = [("--number", &args.number), ("--about", &args.about)];
    words.iter().try_for_each(|(flag, text)| text.as_ref().map_or(Ok(()), |text| plain(flag, text)))?;
    let words = PaperWords { about: args.about.clone(), number: args.number.clone() };
    let card = (words != PaperWords::default()).then(|| card_of(&words)).transpose()?;
    let total = std::fs::metadata(&args.file).ok().map(|data| data.len());
    let mut progress = desk.context.ui.progress(&format!("hashing {}", args.file.display()), total);
    let file = fingerprint_file(&args.file, &mut |done| progress.advance_to(done))?;
    let document_type = args.paper.document_type.clone();
    let (account, work, edition) = match *about {
        About::Account(account) => (Some(account), None, None),
        About::Work(work) => (None, Some(work), None),
        About::Edition(work, edition) => (None, Some(work), Int::new(edition)),
    };
    let attest = Attest {
        account,
        by: desk.account,
        card: card.as_ref().map(colophon_ledger::card::Card::digest),
        edition,
        kind: AttestWord::It,
        prev: before.map(|before| before.newest),
        sha256: Digest(file.sha256),
        document_type,
        valid_from: args.valid_from.clone(),
        valid_to: args.valid_to.clone(),
        work,
    };
    Ok(Plan { body: Body::Attest(attest), card, price: None })
}

/// Says as whose document it will count: an authority's, or a party's own word; and whether it does today.
fn tell_whether_it_counts(args: &AttestArgs, desk: &Desk<'_>) -> Result<(), Failure> {
    let document = args.paper.document_type.as_str();
    let countries = enrolment::countries(desk, &desk.account, document)?;
    let countries: Vec<String> = countries.iter().map(ToString::to_string).collect();
    let not_today = not_today(args.valid_from.as_ref(), args.valid_to.as_ref(), &today()?);
    let ui = &desk.context.ui;
    if countries.is_empty() {
        ui.warn(format_args!(
            "you are not enrolled for {document}: it counts as your own word alone, where you are a party to the transfer"
        ));
    } else {
        let counts = if not_today.is_some() { "it is stated" } else { "it counts" };
        ui.note(format_args!("{counts} as a document of {}, for which you are enrolled", countries.join(", ")));
        if args.paper.is_about_account() {
            ui.warn("it is about an account: it counts for every work that this account gives or takes");
        }
    }
    if let Some(why) = not_today {
        ui.warn(format_args!("it does not count today: {why}"));
    }
    Ok(())
}

/// Returns why a document that is valid so long does not count today.
fn not_today(from: Option<&Day>, to: Option<&Day>, today: &str) -> Option<String> {
    match (from, to) {
        (Some(from), _) if from.as_str() > today => Some(format!("it is valid from {from} on")),
        (_, Some(to)) if to.as_str() < today => Some(format!("it was valid until {to}")),
        _ => None,
    }
}

/// Says that the signer's document that stands will count no more: of each type, only the newest does.
fn tell_what_it_replaces(desk: &Desk<'_>, before: Option<&PaperRecord>) {
    if let Some(standing) = before.filter(|paper| paper.revoked.is_none()) {
        desk.context.ui.warn(format_args!(
            "it takes the place of the one that you attested before (entry {}), which counts no more then",
            short(&standing.attest)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_counts_from_its_first_day_to_its_last() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let counts = |from: Option<&str>, to: Option<&str>| {
            not_today(from.map(day).as_ref(), to.map(day).as_ref(), "2026-11-30").is_none()
        };
        assert!(counts(None, None) && counts(Some("2026-11-30"), Some("2026-11-30")));
        assert!(!counts(Some("2026-12-01"), None) && !counts(None, Some("2026-11-29")));
    }
}
