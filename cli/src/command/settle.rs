//! `colophon settle`: say that what was owed to me when title moved has been paid, or done.

use std::path::PathBuf;

use clap::Args;
use colophon_client::certificate::Certified;
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::receipt::{Receipt, ReceiptWord};
use colophon_ledger::field::{Country, Int};

use crate::codes::country::authority;
use crate::context::Context;
use crate::due::Due;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{Settled, Stage};
use crate::signing::{Desk, Plan, SigningArgs};
use crate::terms::summary::{Names, Summary};
use crate::terms::{hash_of, remark};
use crate::words::ids::short;

/// Arguments of `colophon settle`.
#[derive(Debug, Args)]
pub struct SettleArgs {
    /// The work: its id, or the first digits of one in my history
    work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    edition: u64,
    /// The rule that noted it, such as ARR-EU/royalty. May be left out when one thing alone is outstanding
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Which crossing of the edition it was, counted from 1; if left out, the first that leaves it outstanding
    #[arg(long, value_name = "N")]
    crossing: Option<u64>,
    /// As an authority enrolled for what closes it, such as a collecting society: the country that it speaks for, or EU
    #[arg(long, value_name = "CC", value_parser = authority)]
    country: Option<Country>,
    /// The paper that shows it; only its hash leaves this machine
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// A remark. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &SettleArgs, context: &Context) -> Result<Exit, Failure> {
    let sha256 = args.document.as_deref().map(|path| hash_of(path, &context.ui)).transpose()?;
    let card = remark(args.note.as_deref())?;
    let desk = Desk::open(context, &args.signing)?;
    let work = desk.history()?.work(&args.work)?;
    // Asked for first: that there is no such edition is proved here, while a certificate is merely refused.
    desk.work(&work, args.edition)?;
    let certified = desk.context.wait_for(desk.client.certificate(&work, args.edition))??;
    let due = chosen(&certified, args)?;
    let body = Body::Receipt(Receipt {
        by: desk.account,
        card: card.as_ref().map(Card::digest),
        country: args.country.clone(),
        crossing: Int::new(due.crossing).ok_or_else(|| nothing(&certified))?,
        edition: Int::new(args.edition)
            .ok_or_else(|| Failure::usage(format!("{} is no edition", args.edition), "editions are numbered from 1"))?,
        kind: ReceiptWord::It,
        rule: due.rule.parse().map_err(|_| nothing(&certified))?,
        sha256,
        work,
    });
    let summary = Summary::of(&desk, &mut Names::default(), &body, card.as_ref(), None)?;
    context.ui.note(format_args!("a receipt: {} has been paid, or done\n{summary}", due.told()));
    desk.confirm("Sign it?")?;
    let outcome = desk.carry_out(Plan { body, card, price: None })?;
    let stage = outcome.stage;
    context.ui.answer(&Settled(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next(format_args!("colophon show {}", short(&work)));
    }
    Ok(Exit::Done)
}

/// Returns what is outstanding and meant: by its rule, or the only thing there is.
fn chosen(certified: &Certified, args: &SettleArgs) -> Result<Due, Failure> {
    let mut due = Due::outstanding(&certified.provenance);
    due.retain(|due| args.rule.as_ref().is_none_or(|rule| *rule == due.rule));
    due.retain(|due| args.crossing.is_none_or(|crossing| crossing == due.crossing));
    let rules: Vec<&str> = due.iter().map(|due| due.rule.as_str()).collect();
    match rules.as_slice() {
        [] => Err(nothing(certified)),
        [first, rest @ ..] if rest.iter().any(|rule| rule != first) => Err(Failure::usage(
            format!("several things are outstanding: {}", rules.join(", ")),
            "say which with --rule RULE",
        )),
        _ => Ok(due.remove(0)),
    }
}

fn nothing(certified: &Certified) -> Failure {
    let due = Due::outstanding(&certified.provenance);
    let list: Vec<String> = due.iter().map(|due| format!("{} (crossing {})", due.rule, due.crossing)).collect();
    let what = if list.is_empty() {
        "nothing is outstanding of this edition".to_owned()
    } else {
        format!("nothing of the kind is outstanding of this edition, but {}", list.join(", "))
    };
    Failure::refused("nothing_owed", what, "see colophon show WORK")
}
