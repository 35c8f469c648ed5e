//! `colophon show`: the card of a work.

use std::fmt;

use clap::{Args, value_parser};
use colophon_client::certificate::Certified;
use colophon_client::client::Client;
use colophon_client::lookup::Looked;
use colophon_client::work::WorkPrefix;
use colophon_tlog::policy::Policy;
use serde::Serialize;

use crate::as_of::{AsOf, Backing};
use crate::audited;
use crate::clock;
use crate::context::Context;
use crate::dossier::Dossier;
use crate::failure::{Exit, Failure};
use crate::likeness::introduce;
use crate::party::own_accounts;
use crate::register::trust::Trust;
use crate::sheet::Sheet;
use crate::ui::Answer;
use crate::words::ids::short;
use crate::words::time;

/// Which edition of which work.
#[derive(Debug, Args)]
pub struct EditionArgs {
    /// The work: its id, or 8 or more of its first digits
    #[arg(value_name = "WORK", value_parser = work)]
    work: WorkPrefix,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u64).range(1..))]
    edition: u64,
}

/// Returns a work typed as its id or the beginning of it; capitals are taken for small letters.
pub(super) fn work(text: &str) -> Result<WorkPrefix, Failure> {
    text.trim().to_ascii_lowercase().parse().map_err(|_| {
        Failure::usage(
            format!("{text:?} is not a work's id"),
            "an id is 64 digits of 0-9 and a-f, of which the first 8 will do; look a file up with colophon verify FILE",
        )
    })
}

impl EditionArgs {
    /// Asks for the newest certificate of the edition, verified.
    pub(super) fn certified(&self, context: &Context, client: &Client) -> Result<Certified, Failure> {
        let work = match context.wait_for(client.work(&self.work, self.edition))?.map_err(Failure::of_reading)? {
            Looked::Found(facts) => facts.work,
            Looked::Absent(as_of) => {
                let checkpoint = as_of.checkpoint.checkpoint();
                let moment = format!("checkpoint {}, operator's time {}", checkpoint.size, time(as_of.time_ms()));
                let what = format!("the work {} is not registered in {}", self.work, checkpoint.origin);
                return Err(Failure::not_registered(
                    format!("{what}; this is proved, as of {moment}"),
                    "check the id, and that it is of this register",
                ));
            }
        };
        context.wait_for(client.certificate(&work, self.edition))?.map_err(Failure::of_reading)
    }
}

/// Returns the card of a certificate and the moment it is about, the register having been asked.
pub(super) fn card_of(certified: &Certified, context: &Context) -> Result<Card, Failure> {
    let now_ms = clock::now_ms()?;
    let trust = Trust::read(&context.home)?;
    let of_log = || Policy::of_log(&certified.provenance.log_key);
    let policy = trust.policy().cloned().map_or_else(of_log, Ok);
    let policy =
        policy.map_err(|error| Failure::failed(format!("the log's key: {error}"), "report this as a fault"))?;
    let mut card = Dossier::of(&certified.provenance, now_ms);
    card.mark_own(&own_accounts(&context.keys));
    let provenance = &certified.provenance;
    let audited = audited::holds(&context.home, &provenance.log_key, provenance.checkpoint.checkpoint())?;
    let backing = Backing { policy: &policy, audited, online: true, now_ms };
    Ok(Card { card, as_of: AsOf::new(provenance, backing)? })
}

pub(super) fn run(args: &EditionArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    let mut card = card_of(&args.certified(context, &client)?, context)?;
    if !card.card.acknowledges_similar.is_empty() {
        card.card.introduced = introduce(context, &client, &card.card.acknowledges_similar)?;
    }
    context.ui.answer(&card)?;
    context.ui.next(format_args!("colophon history {}", short(&card.card.work)));
    Ok(Exit::Done)
}

/// The card of an edition.
#[derive(Serialize)]
pub(super) struct Card {
    pub(super) card: Dossier,
    pub(super) as_of: AsOf,
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        self.card.write(&mut sheet);
        sheet.gap();
        self.card.write_particulars(&mut sheet);
        sheet.gap();
        self.as_of.write(&mut sheet);
        sheet.fmt(f)
    }
}

impl Answer for Card {
    const SCHEMA: &'static str = "colophon.show/v1";
}
