//! `colophon audit`: replays a whole register, with no trust in it, and reports all that it has ever claimed.

mod replayer;

use std::fmt;

use clap::Args;
use colophon_ledger::audit::Claims;
use colophon_ledger::field::{Digest, EntryId};
use serde::Serialize;

use crate::as_of;
use crate::clock;
use crate::command::audit::replayer::Replayer;
use crate::command::trust::read_vkey;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::register::trust::Trust;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::witnessed::Witnessed;
use crate::words::{count, place, time};

/// Arguments of `colophon audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The register, or any copy of it; the one of --node if it is left out
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The key of the register's log, in a file or as text, for whoever has not pinned the register
    #[arg(long, value_name = "FILE|TEXT")]
    vkey: Option<String>,
    /// Begin at the genesis again, instead of going on where the last audit of the register ended or was broken off
    #[arg(long)]
    fresh: bool,
}

pub(super) fn run(args: &AuditArgs, context: &Context) -> Result<Exit, Failure> {
    let expected = args.vkey.as_deref().map(read_vkey).transpose()?;
    let client = match &args.url {
        Some(url) => context.client_at(url, expected.as_ref(), None)?,
        None => context.client_expecting(expected.as_ref(), None)?,
    };
    let (checkpoint, _) = context.wait_for(client.newest())??;
    let trust = Trust::read(&context.home)?;
    let witnessed = match trust.policy() {
        Some(policy) => as_of::judge(policy, &checkpoint.to_string(), clock::now_ms()?)?,
        None => return Err(Failure::failed("the register was pinned and the policy is gone", "try again")),
    };
    let replayer = Replayer::take_up(&client, context, args.fresh)?;
    let Replayer { audit, .. } = context.wait_for(replayer.run(&client, &checkpoint, context))??;
    let rules = client.rules();
    let audited = Audited {
        origin: rules.register.origin.to_string(),
        genesis: rules.register.genesis,
        log_key: rules.log_key.to_string(),
        size: checkpoint.checkpoint().size.get(),
        claims: audit.claims().clone(),
        state: Digest(audit.state_root()),
        witnessed,
        now_ms: clock::now_ms()?,
    };
    context.ui.answer(&audited)?;
    context.ui.next("colophon verify FILE");
    Ok(if audited.witnessed.quorum_met { Exit::Done } else { Exit::Stale })
}

/// What an audit has found: a register that has kept to its rules, and all that it has claimed.
#[derive(Debug, Serialize)]
struct Audited {
    origin: String,
    genesis: EntryId,
    log_key: String,
    size: u64,
    #[serde(flatten)]
    claims: Claims,
    state: Digest,
    #[serde(flatten)]
    witnessed: Witnessed,
    #[serde(skip)]
    now_ms: u64,
}

impl fmt::Display for Audited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut sheet, claims) = (Sheet::new(), &self.claims);
        let replayed = format!("all {} entries of {}, from its genesis on", self.size, self.origin);
        if self.witnessed.quorum_met {
            sheet.heading("✔", Tone::Good, &format!("replayed: {replayed}"));
        } else {
            let what = format!("replayed, but not witnessed as your policy asks: {replayed}");
            sheet.heading("!", Tone::Warning, &what);
        }
        sheet.gap();
        sheet.whole("log key", &self.log_key);
        sheet.row("genesis", &self.genesis.to_string());
        sheet.row("", &format!("operator's time {}", time(claims.first_ms)));
        sheet.row("works", &claims.works.to_string());
        sheet.row("accounts", &format!("{} with a profile or new keys", claims.accounts));
        sheet.row("moves", &format!("title has moved {}", count(claims.moves, "time")));
        for (n, ((from, to), crossed)) in claims.borders.iter().enumerate() {
            let label = if n == 0 { "borders" } else { "" };
            sheet.row(label, &format!("{} → {}: {}", place(from), place(to), count(*crossed, "time")));
        }
        for (n, (kind, entries)) in claims.kinds.iter().enumerate() {
            sheet.row(if n == 0 { "entries" } else { "" }, &format!("{kind}: {entries}"));
        }
        if claims.voided > 0 {
            sheet.row("voided", &format!("{} against the rules, voided by the governors", claims.voided));
        }
        sheet.row("records", &claims.records.to_string());
        sheet.row("state root", &self.state.to_string());
        sheet.gap();
        sheet.row("as of", &format!("checkpoint {} of {}", self.size, self.origin));
        sheet.row("", &format!("operator's time {}", time(claims.last_ms)));
        sheet.row("state", "replayed by you, up to this checkpoint");
        self.witnessed.write(&mut sheet, self.now_ms);
        sheet.gap();
        sheet.items(
            "checked",
            &[
                "the log: each leaf stands in the tree that the checkpoint signs",
                "each entry: its form, its signatures by the keys of its time, every rule",
                "each seal: its place, its time, and the state root that its batch leads to",
                "that it goes on from all this machine has seen of the register",
            ],
        );
        sheet.items(
            "not checked",
            &["people's words: cards stand beside the log, and may be withdrawn", "whether what people signed is true"],
        );
        sheet.fmt(f)
    }
}

impl Answer for Audited {
    const SCHEMA: &'static str = "colophon.audit/v1";
}
