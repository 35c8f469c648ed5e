//! Where a signed entry goes: to the register, into its inbox, or into a file.

use std::path::Path;

use colophon_client::client::Client;
use colophon_client::entry::{EntryName, LoggedEntry};
use colophon_client::failure::{Class, Failure as _};
use colophon_client::lookup::LookupError;
use colophon_client::submit::{SubmitError, Submitted};
use colophon_ledger::account::AccountId;
use colophon_ledger::draft::{Draft, Missing};
use colophon_ledger::entry::Body;
use colophon_ledger::field::EntryId;

use crate::clock;
use crate::context::Context;
use crate::drafts::{self, unfit};
use crate::failure::Failure;
use crate::history::{acknowledge, receipt_of};
use crate::home::create_file;
use crate::words::ids::short;

use super::accounts::KnownAccounts;
use super::outcome::{Outcome, Stage};

/// Returns what is proved of these accounts.
pub fn known(context: &Context, client: &Client, accounts: Vec<AccountId>) -> Result<KnownAccounts, Failure> {
    let mut known = KnownAccounts::default();
    for account in accounts {
        known.add(&context.wait_for(client.account(&account))??);
    }
    Ok(known)
}

/// Submits a draft that has all its signatures, and writes its receipt, to `output` as well if that is given.
///
/// Until the register has acknowledged the entry, it is kept: submitting it again is safe, for its id stays the same.
pub fn submit(context: &Context, client: &Client, draft: &Draft, output: Option<&Path>) -> Result<Outcome, Failure> {
    let home = &context.home;
    let entry = draft.to_entry().map_err(unfit)?;
    drafts::keep(home, &home.lock()?, draft)?;
    let submitted = match context.wait_for(client.submit(&entry, draft.card()))? {
        Ok(submitted) => submitted,
        Err(SubmitError::Problem(problem)) if problem.class() == Class::Refusal => {
            drafts::forget(home, &home.lock()?, &draft.id())?;
            return Err(problem.into());
        }
        Err(error) => return Err(unacknowledged(&error.into(), draft)),
    };
    let lock = home.lock()?;
    let receipt = acknowledge(home, &lock, &submitted, clock::now()?)?;
    drafts::forget(home, &lock, &draft.id())?;
    drop(lock);
    if let Body::Rotate(rotate) = submitted.entry.body() {
        context.keys.install_recorded(&rotate.by, rotate.keys.as_slice())?;
    }
    if let Some(output) = output {
        create_file(output, receipt_of(&submitted).to_string().as_bytes())?;
    }
    let mut outcome = Outcome::of(draft, Stage::Recorded)?;
    outcome.index = Some(submitted.index);
    outcome.repeated = Some(submitted.repeated);
    outcome.receipt = Some(output.map_or(receipt, Path::to_owned));
    Ok(outcome)
}

/// Returns what came of an entry that is in the register already, and keeps its receipt; none if it is not there.
pub fn recorded(context: &Context, client: &Client, id: EntryId) -> Result<Option<Outcome>, Failure> {
    let logged = match context.wait_for(client.entry(EntryName::Id(id)))? {
        Ok(logged) => logged,
        Err(LookupError::NotKnown(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut outcome = Outcome::of_logged(&logged);
    let LoggedEntry { entry, index, receipt, checkpoint, .. } = logged;
    let lock = context.home.lock()?;
    let submitted = Submitted { id, index, repeated: true, receipt, checkpoint, entry };
    outcome.receipt = Some(acknowledge(&context.home, &lock, &submitted, clock::now()?)?);
    drafts::forget(&context.home, &lock, &id)?;
    drop(lock);
    if let Body::Rotate(rotate) = submitted.entry.body() {
        let facts = context.wait_for(client.account(&rotate.by))??;
        context.keys.install_recorded(&rotate.by, &facts.keys.keys)?;
    }
    Ok(Some(outcome))
}

/// Leaves a draft with the register for those who must still sign, or writes it to `file` if that is given.
pub fn hand_on(
    context: &Context,
    client: &Client,
    draft: &Draft,
    missing: Vec<Missing>,
    file: Option<&Path>,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::of(draft, Stage::File)?;
    outcome.lacking = missing.into_iter().map(Into::into).collect();
    if let Some(path) = file {
        create_file(path, draft.to_json().as_bytes())?;
        outcome.draft = Some(path.to_owned());
    } else {
        let left = context.wait_for(client.leave_draft(draft))??;
        outcome.stage = Stage::Waiting;
        outcome.until_ms = Some(left.until_ms);
    }
    drafts::remember_left(&context.home, &context.home.lock()?, draft)?;
    Ok(outcome)
}

fn unacknowledged(failure: &Failure, draft: &Draft) -> Failure {
    let cure = format!(
        "{}; the entry is signed and kept, and it is safe to send it again: colophon submit {}",
        failure.cure(),
        short(&draft.id())
    );
    Failure::new(failure.exit(), failure.what(), cure)
}
