//! `colophon decline`: say no to a draft or an offer.

use std::fmt;

use clap::Args;
use colophon_client::draft::decline_note;
use colophon_ledger::field::EntryId;
use serde::Serialize;

use crate::command::withdraw::close;
use crate::context::Context;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::Outcome;
use crate::signing::{Desk, Plan, SigningArgs};
use crate::ui::Answer;
use crate::waiting::{Waiting, find};
use crate::words::ids::short;

/// Arguments of `colophon decline`.
#[derive(Debug, Args)]
pub struct DeclineArgs {
    /// The draft or the offer: its id, or the first digits of one in my inbox
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &DeclineArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let declined = match find(&desk, &args.id)? {
        Waiting::Draft(_, Some(path)) => {
            let what = format!("{} is a file: nobody waits for an answer to it", path.display());
            return Err(Failure::usage(what, "leave it unsigned, and tell whoever sent it"));
        }
        Waiting::Draft(draft, None) => {
            let signers = text_of_draft(&draft)?.body.signers();
            if !signers.contains(&desk.account) {
                return Err(Failure::usage("this draft does not wait for you", "see colophon inbox"));
            }
            desk.confirm(&format!("Decline the draft {}?", short(&draft.id())))?;
            decline_draft(&desk, draft.id(), args.signing.dry_run)?
        }
        Waiting::Offer(offer) => {
            let id = offer.logged.entry.id();
            desk.confirm(&format!("Decline the offer {}?", short(&id)))?;
            let outcome = desk.carry_out(Plan::of(close(desk.account, &offer.facts)?))?;
            Declined { id, what: "offer", note: None, close: Some(outcome) }
        }
    };
    context.ui.answer(&declined)?;
    Ok(Exit::Done)
}

/// Tells the register's node that I will not sign. Nothing of it comes into the log.
fn decline_draft(desk: &Desk<'_>, id: EntryId, dry_run: bool) -> Result<Declined, Failure> {
    let register = &desk.client.rules().register;
    let card = desk.keys().first().expect("a desk has one key at least");
    let mut answer = Declined { id, what: "draft", note: None, close: None };
    let key = desk.context.keys.open(&card.public.name, &desk.context.passphrases)?;
    let note = decline_note(register, &id, &desk.account, key.secret.clone());
    if dry_run {
        answer.note = Some(note.text().to_owned());
    } else {
        desk.context.wait_for(desk.client.decline_draft(&id, &note))??;
    }
    Ok(answer)
}

#[derive(Serialize)]
struct Declined {
    id: EntryId,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<Outcome>,
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.note, &self.close) {
            (Some(note), _) => write!(f, "this would be signed\n{note}"),
            (None, Some(outcome)) => write!(f, "declined the offer {}\n{outcome}", self.id),
            (None, None) => write!(f, "declined the {} {}", self.what, self.id),
        }
    }
}

impl Answer for Declined {
    const SCHEMA: &'static str = "colophon.decline/v1";
}
