//! `colophon trust`: which registers and witnesses I believe.

use std::fmt;
use std::path::Path;

use clap::{Args, Subcommand};
use colophon_client::http::{Patience, Transport};
use colophon_client::seen::SeenDir;
use colophon_ledger::field::EntryId;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::policy::{Policy, Quorum};
use serde::Serialize;

use crate::command::Context;
use crate::failure::{Exit, Failure};
use crate::home::read_file;
use crate::register::trust::{Trust, read_pinned, url_of};
use crate::sheet::Sheet;
use crate::ui::Answer;
use crate::words::shown;

/// The longest file of a verifier key, in bytes.
const VKEY_BYTES_MAX: usize = 4096;

/// The commands about trust.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Show which registers and witnesses I believe
    Show,
    /// Believe a register from now on, by its address or its log's key
    Pin(PinArgs),
}

/// Arguments of `colophon trust pin`.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// The register: its address, or the key of its log as a file or as text
    #[arg(value_name = "URL|FILE|KEY")]
    register: String,
    /// Where the register is reached, when it is given by its key
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(super) fn run(command: &TrustCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        TrustCommand::Show => show(context),
        TrustCommand::Pin(args) => pin(args, context),
    }?;
    Ok(Exit::Done)
}

/// Reads a verifier key from a file of one line, or takes the text itself for one.
pub(super) fn read_vkey(given: &str) -> Result<VerifierKey, Failure> {
    let path = Path::new(given);
    let (name, text) = if path.is_file() {
        let bytes = read_file(path, VKEY_BYTES_MAX)?.unwrap_or_default();
        (shown(given), String::from_utf8_lossy(&bytes).into_owned())
    } else {
        ("the key".to_owned(), given.to_owned())
    };
    text.trim().parse().map_err(|error| {
        let cure =
            "a key reads NAME+8 DIGITS+BASE64, as in log.vkey; copy it whole from where its operator publishes it";
        Failure::usage(format!("{name}: {error}"), cure)
    })
}

fn show(context: &Context) -> Result<(), Failure> {
    let shown = Shown::read(context)?;
    let trusts_nobody = shown.registers.is_empty();
    context.ui.answer(&shown)?;
    if trusts_nobody {
        context.ui.note("no register is believed yet; the first one that is used gets pinned");
        context.ui.next("colophon trust pin URL");
    }
    Ok(())
}

fn pin(args: &PinArgs, context: &Context) -> Result<(), Failure> {
    let is_url = args.register.starts_with("http://") || args.register.starts_with("https://");
    let origin = if is_url {
        if args.url.is_some() {
            return Err(Failure::usage("the register is given by two addresses", "leave out --url"));
        }
        context.pin(&args.register)?.rules().register.origin.to_string()
    } else {
        pin_key(&read_vkey(&args.register)?, args.url.as_deref(), context)?
    };
    let all = Shown::read(context)?;
    let register = all.registers.into_iter().find(|register| register.origin == origin);
    let register = register.ok_or_else(|| Failure::failed("the register was pinned and is gone", "try again"))?;
    context.ui.answer(&Pinned { register, policy: all.policy })?;
    context.ui.next("colophon verify FILE");
    Ok(())
}

/// Adds a key to the policy without asking anybody; its genesis is pinned when the register is first reached.
fn pin_key(key: &VerifierKey, url: Option<&str>, context: &Context) -> Result<String, Failure> {
    let url = match url {
        Some(url) => Some(Transport::new(url, Patience::default())?.address().to_owned()),
        None => None,
    };
    let lock = context.home.lock()?;
    let mut trust = Trust::read(&context.home)?;
    let known = trust.logs_of(key.name()).next();
    if let Some(known) = known.filter(|_| trust.logs_of(key.name()).all(|log| log.key != *key)) {
        return Err(Failure::not_verified(
            format!("the register {} is known here by another key: {}", key.name(), known.key),
            format!(
                "ask the operator which key is theirs; only if it was changed, replace the line in {}",
                context.home.policy_path().display()
            ),
        ));
    }
    if known.is_none() || url.is_some() {
        trust.add_log(&context.home, &lock, key, url.as_deref())?;
    }
    Ok(key.name().to_owned())
}

/// What is believed, as it is shown.
#[derive(Serialize)]
struct Shown {
    policy: String,
    registers: Vec<Register>,
    witnesses: Vec<WitnessShown>,
    quorum: String,
}

/// A register that is believed.
#[derive(Serialize)]
struct Register {
    origin: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Its genesis, once it has been reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    genesis: Option<EntryId>,
    /// How many entries its newest checkpoint had that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<u64>,
}

/// A witness whose cosignature counts.
#[derive(Serialize)]
struct WitnessShown {
    name: String,
    key: String,
}

impl Shown {
    fn read(context: &Context) -> Result<Shown, Failure> {
        let home = &context.home;
        let trust = Trust::read(home)?;
        let seen = if home.seen_dir().is_dir() { Some(SeenDir::open(&home.seen_dir())?) } else { None };
        let mut registers = Vec::new();
        for log in trust.logs() {
            let pinned = read_pinned(home, log.key.name())?.filter(|pinned| pinned.rules().log_key == log.key);
            let last = match &seen {
                Some(seen) => seen.last(&log.key)?,
                None => None,
            };
            registers.push(Register {
                origin: log.key.name().to_owned(),
                key: log.key.to_string(),
                address: url_of(log).map(shown),
                genesis: pinned.map(|pinned| pinned.rules().register.genesis),
                seen: last.map(|last| last.checkpoint().size.get()),
            });
        }
        let witnesses = trust
            .policy()
            .map_or(&[][..], Policy::witnesses)
            .iter()
            .map(|witness| WitnessShown { name: shown(&witness.name.to_string()), key: witness.key.to_string() });
        let quorum = match trust.policy().map(Policy::quorum) {
            None | Some(Quorum::None) => "none".to_owned(),
            Some(Quorum::Member(name)) => shown(&name.to_string()),
        };
        let policy = home.policy_path().display().to_string();
        Ok(Shown { policy, registers, witnesses: witnesses.collect(), quorum })
    }
}

impl Register {
    fn write(&self, sheet: &mut Sheet) {
        sheet.row("register", &self.origin);
        sheet.whole("log key", &self.key);
        sheet.whole("address", self.address.as_deref().unwrap_or("not given"));
        match &self.genesis {
            Some(genesis) => sheet.row("genesis", &genesis.to_string()),
            None => sheet.row("genesis", "not seen yet; pinned when the register is first reached"),
        }
        if let Some(seen) = self.seen {
            let entries = if seen == 1 { "1 entry".to_owned() } else { format!("{seen} entries") };
            sheet.row("seen", &format!("{entries} so far"));
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        for register in &self.registers {
            register.write(&mut sheet);
            sheet.gap();
        }
        for (n, witness) in self.witnesses.iter().enumerate() {
            sheet.row(if n == 0 { "witnesses" } else { "" }, &witness.name);
            sheet.whole("", &witness.key);
        }
        if !self.registers.is_empty() {
            let asked = match self.quorum.as_str() {
                "none" => "the register's own signature is enough".to_owned(),
                quorum => format!("cosignatures of {quorum}"),
            };
            sheet.row("quorum", &asked);
            sheet.whole("policy", &self.policy);
        }
        sheet.fmt(f)
    }
}

impl Answer for Shown {
    const SCHEMA: &'static str = "colophon.trust_show/v1";
}

/// A register that was just pinned, or had been.
#[derive(Serialize)]
struct Pinned {
    #[serde(flatten)]
    register: Register,
    policy: String,
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        sheet.text(0, &format!("believed from now on, and by no other key: {}", self.register.origin));
        self.register.write(&mut sheet);
        sheet.whole("policy", &self.policy);
        sheet.fmt(f)
    }
}

impl Answer for Pinned {
    const SCHEMA: &'static str = "colophon.trust_pin/v1";
}
