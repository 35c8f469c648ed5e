//! `colophon revoke`: take back a document that I have attested. Title that has moved stays where it is.

use clap::Args;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::revoke::{Revoke, RevokeWord};
use colophon_ledger::field::Int;
use colophon_ledger::state::About;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::paper_args::PaperArgs;
use crate::signing::outcome::Revoked;
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};

/// Arguments of `colophon revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    paper: PaperArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &RevokeArgs, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let subject = args.paper.subject(&desk)?;
    let document_type = args.paper.document_type.clone();
    let paper = context.wait_for(desk.client.paper(subject.about, &document_type, &desk.account))??.found();
    let Some(paper) = paper.filter(|paper| paper.revoked.is_none()) else {
        let what = format!("you have attested no {document_type} about {}, or taken it back", subject.about);
        return Err(Failure::refused("nothing_attested", what, "check the work, the edition and the type"));
    };
    let (account, work, edition) = match subject.about {
        About::Account(account) => (Some(account), None, None),
        About::Work(work) => (None, Some(work), None),
        About::Edition(work, edition) => (None, Some(work), Int::new(edition)),
    };
    let (by, kind, prev) = (desk.account, RevokeWord::It, paper.newest);
    let plan = Plan::of(Body::Revoke(Revoke { account, by, edition, kind, prev, document_type, work }));
    let summary = Summary::of(&desk, &mut Names::default(), &plan.body, None, None)?;
    context
        .ui
        .note(format_args!("from then on it counts no more; title that has moved on it stays where it is\n{summary}"));
    desk.confirm("Sign it?")?;
    context.ui.answer(&Revoked(desk.carry_out(plan)?))?;
    Ok(Exit::Done)
}
