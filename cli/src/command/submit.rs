//! `colophon submit`: send a draft that has all its signatures, or an entry whose acknowledgement never came.

use std::path::{Path, PathBuf};

use clap::Args;
use colophon_ledger::account::AccountId;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::field::EntryId;

use crate::context::Context;
use crate::drafts;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::signing::delivery::{known, recorded, submit};
use crate::signing::outcome::SubmittedDraft;
use crate::signing::{check_free, dry_run, missing};
use crate::waiting::check_register;

/// Arguments of `colophon submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The draft: its file, or the id of an entry kept here, or the first digits of it
    #[arg(value_name = "DRAFT|ID")]
    id: String,
    /// Write the receipt to this file as well; must not be there yet
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print what would be submitted, and submit nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &SubmitArgs, context: &Context) -> Result<Exit, Failure> {
    args.output.as_deref().map_or(Ok(()), check_free)?;
    let path = Path::new(&args.id);
    if let (false, false, Ok(id)) = (path.is_file(), args.dry_run, args.id.parse::<EntryId>())
        && !drafts::kept(&context.home)?.iter().any(|draft| draft.id() == id)
        && let Some(outcome) = recorded(context, &context.client()?, id)?
    {
        context.ui.answer(&SubmittedDraft(outcome))?;
        return Ok(Exit::Done);
    }
    let draft = if path.is_file() { drafts::read(path)? } else { drafts::find(&context.home, &args.id)? };
    if args.dry_run {
        context.ui.answer(&SubmittedDraft(dry_run(&draft)?))?;
        return Ok(Exit::Done);
    }
    let client = context.client()?;
    check_register(&draft, &client.rules().register)?;
    if path.is_file()
        && args.output.is_none()
        && let Some(outcome) = recorded(context, &client, draft.id())?
    {
        context.ui.answer(&SubmittedDraft(outcome))?;
        return Ok(Exit::Done);
    }
    let accounts = known(context, &client, text_of_draft(&draft)?.body.signers())?;
    // What was kept here may be in the register already, signed by keys that have changed since: it is the register's to say.
    if path.is_file() {
        check_complete(&draft, &missing(&draft, &accounts)?.iter().map(|missing| missing.account).collect::<Vec<_>>())?;
    }
    let outcome = submit(context, &client, &draft, args.output.as_deref())?;
    context.ui.answer(&SubmittedDraft(outcome))?;
    if let Body::LogKey(act) = text_of_draft(&draft)?.body {
        context.ui.note("the log has another key from here on; it is not believed here before you say so");
        context.ui.next(format!("colophon trust pin {}", act.log_vkey));
    }
    Ok(Exit::Done)
}

fn check_complete(draft: &Draft, lacking: &[AccountId]) -> Result<(), Failure> {
    let Some(first) = lacking.first() else { return Ok(()) };
    let what = format!("the draft {} still lacks signatures of {first}", draft.id());
    Err(Failure::refused("signature_set", what, "let its keys sign it first: colophon sign FILE"))
}
