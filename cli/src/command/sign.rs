//! `colophon sign`: add my signature to a draft.

use clap::Args;
use colophon_ledger::draft::Draft;
use std::path::Path;

use crate::context::Context;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::signing::delivery::known;
use crate::signing::outcome::{Outcome, SignedDraft, Stage};
use crate::signing::{Desk, SigningArgs, missing};
use crate::waiting::{Waiting, find, put_before};

/// Arguments of `colophon sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The draft: its file, which then holds my signature too, or the id of one in my inbox
    #[arg(value_name = "DRAFT|ID")]
    id: String,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &SignArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let Waiting::Draft(draft, path) = find(&desk, &args.id)? else {
        return Err(Failure::usage("this is an offer, and no draft", format!("colophon accept {}", args.id)));
    };
    put_before(&desk, &draft)?;
    let outcome = match path.filter(|_| !args.signing.dry_run && args.signing.draft.is_none()) {
        Some(path) => sign_in_place(&desk, *draft, &path)?,
        None => desk.carry_on(*draft, None)?,
    };
    let (is_complete, file) = (outcome.lacking.is_empty(), outcome.draft.clone());
    context.ui.answer(&SignedDraft(outcome))?;
    if let Some(file) = file {
        let verb = if is_complete { "submit" } else { "sign" };
        let who = if is_complete { "" } else { "the others: " };
        context.ui.next(format_args!("{who}colophon {verb} {}", crate::words::argument(&file)));
    }
    Ok(Exit::Done)
}

/// Adds my signature to the draft in the file, all at once.
fn sign_in_place(desk: &Desk<'_>, mut draft: Draft, path: &Path) -> Result<Outcome, Failure> {
    let accounts = known(desk.context, &desk.client, text_of_draft(&draft)?.body.signers())?;
    desk.sign(&mut draft, &accounts, None)?;
    desk.context.home.lock()?.write(path, draft.to_json().as_bytes())?;
    let mut outcome = Outcome::of(&draft, Stage::File)?;
    outcome.lacking = missing(&draft, &accounts)?.into_iter().map(Into::into).collect();
    outcome.draft = Some(path.to_owned());
    Ok(outcome)
}
