//! `colophon trust`: which registers and witnesses I believe.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use colophon_client::http::{Patience, Transport};
use colophon_client::pinned::Pinned as ClientPinned;
use colophon_client::register::FirstUse;
use colophon_client::seen::SeenDir;
use colophon_ledger::field::EntryId;
use colophon_tlog::note::{Algorithm, VerifierKey};
use colophon_tlog::policy::{POLICY_BYTES_MAX, Policy, Quorum, REPLAYED_GROUP};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::read_file;
use crate::register::trust::{Trust, read_pinned, read_policy, url_of};
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
    /// Believe the witnesses of a policy file from now on, and its registers too
    Import(ImportArgs),
}

/// Arguments of `colophon trust import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The policy file (C2SP tlog-policy). Its witnesses, groups and quorum take the place of those believed so far; its
    /// registers are added to them. A register that is known here by another key is taken by this one only if the file names both,
    /// or the register shows that its governors have changed it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show what would be believed, and change nothing
    #[arg(long)]
    dry_run: bool,
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
        TrustCommand::Import(args) => import(args, context),
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
    let key: VerifierKey = text.trim().parse().map_err(|error| {
        let cure =
            "a key reads NAME+8 DIGITS+BASE64, as in log.vkey; copy it whole from where its operator publishes it";
        Failure::usage(format!("{name}: {error}"), cure)
    })?;
    if key.algorithm() != Algorithm::Ed25519 {
        let what = format!("{name}: the key of {} is a witness's, not a log's", key.name());
        let cure = "give the key in the register's log.vkey; witnesses are believed by a policy file, with colophon trust import FILE";
        return Err(Failure::usage(what, cure));
    }
    Ok(key)
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
    let trust = Trust::read(&context.home)?;
    let other = trust.logs_of(key.name()).find(|log| log.key != *key);
    let other = other.filter(|_| trust.logs_of(key.name()).all(|log| log.key != *key));
    let address = url.as_deref().or_else(|| other.and_then(url_of));
    if let (Some(_), Some(address), Some(pinned)) = (other, address, read_pinned(&context.home, key.name())?) {
        // Known by another key: taken only if the register itself shows that its governors have changed it.
        context.rekey(&Transport::new(address, Patience::default())?, &pinned, key)?;
        return Ok(key.name().to_owned());
    }
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

/// Takes over a policy file, as somebody has published it for others or handed it on.
fn import(args: &ImportArgs, context: &Context) -> Result<(), Failure> {
    let name = shown(&args.file.display().to_string());
    let text = read_file(&args.file, POLICY_BYTES_MAX)?
        .ok_or_else(|| Failure::usage(format!("{name} does not exist"), "check the path"))?;
    let rekeyed = rekeyed(&read_policy(&text, &name)?, context)?;
    let proved: Vec<&VerifierKey> = rekeyed.iter().map(|(_, met)| &met.pinned.rules().log_key).collect();
    let lock = context.home.lock()?;
    let merged = Trust::read(&context.home)?.with_policy(&text, &name, &proved)?;
    if !args.dry_run {
        merged.keep(&context.home, &lock)?;
        for (known, met) in rekeyed {
            context.keep_rekeyed(&lock, &known, met)?;
        }
    }
    drop(lock);
    context.ui.answer(&Imported { dry_run: args.dry_run, shown: Shown::of(&merged, context)? })?;
    if !args.dry_run {
        context.ui.next("colophon verify FILE --max-age \"1 day\"");
    }
    Ok(())
}

/// Meets each register that a policy names by another key than the one that is known here, and by no other: the register itself must
/// show that its governors have given it to the log. Those that cannot be met are left to be refused.
fn rekeyed(given: &Policy, context: &Context) -> Result<Vec<(ClientPinned, FirstUse)>, Failure> {
    let trust = Trust::read(&context.home)?;
    let mut rekeyed = Vec::new();
    for log in trust.known_otherwise(given) {
        let Some(known) = read_pinned(&context.home, log.key.name())? else { continue };
        let transport = Transport::new(url_of(log).unwrap_or(known.address()), Patience::default())?;
        let met = context.meet_by(&transport, &known, &log.key)?;
        rekeyed.push((known, met));
    }
    Ok(rekeyed)
}

/// What is believed, as it is shown.
#[derive(Serialize)]
struct Shown {
    policy: String,
    registers: Vec<Register>,
    witnesses: Vec<WitnessShown>,
    groups: Vec<GroupShown>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Whether it is in the group `replayed`: it replays the state before it cosigns.
    replays: bool,
}

/// Witnesses and groups of which so many must have cosigned.
#[derive(Serialize)]
struct GroupShown {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

impl Shown {
    fn read(context: &Context) -> Result<Shown, Failure> {
        Shown::of(&Trust::read(&context.home)?, context)
    }

    fn of(trust: &Trust, context: &Context) -> Result<Shown, Failure> {
        let home = &context.home;
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
        let replaying = trust.policy().map_or_else(Vec::new, |policy| policy.witnesses_of(REPLAYED_GROUP));
        let witnesses = trust.policy().map_or(&[][..], Policy::witnesses).iter().map(|witness| WitnessShown {
            name: shown(&witness.name.to_string()),
            key: witness.key.to_string(),
            address: witness.url.as_ref().map(|url| shown(&url.to_string())),
            replays: replaying.contains(&witness),
        });
        let groups = trust.policy().map_or(&[][..], Policy::groups).iter().map(|group| GroupShown {
            name: shown(&group.name.to_string()),
            threshold: group.threshold,
            members: group.members.iter().map(|member| shown(&member.to_string())).collect(),
        });
        let quorum = match trust.policy().map(Policy::quorum) {
            None | Some(Quorum::None) => "none".to_owned(),
            Some(Quorum::Member(name)) => shown(&name.to_string()),
        };
        let policy = home.policy_path().display().to_string();
        Ok(Shown { policy, registers, witnesses: witnesses.collect(), groups: groups.collect(), quorum })
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
            let replays = if witness.replays { ", which replays the state" } else { "" };
            sheet.row(if n == 0 { "witnesses" } else { "" }, &format!("{}{replays}", witness.name));
            sheet.whole("", &witness.key);
        }
        if !self.registers.is_empty() {
            sheet.row("quorum", &self.asked());
            sheet.whole("policy", &self.policy);
        }
        sheet.fmt(f)
    }
}

impl Shown {
    /// Returns what is asked of a checkpoint, in words: each group with how many of whom it takes.
    fn asked(&self) -> String {
        match self.quorum.as_str() {
            "none" => "the register's own signature is enough".to_owned(),
            quorum => format!("cosignatures of {}", self.named(quorum)),
        }
    }

    fn named(&self, name: &str) -> String {
        let Some(group) = self.groups.iter().find(|group| group.name == name) else { return name.to_owned() };
        let members: Vec<String> = group.members.iter().map(|member| self.named(member)).collect();
        let how_many = match group.threshold {
            all if all == members.len() => "all".to_owned(),
            1 => "any".to_owned(),
            some => some.to_string(),
        };
        format!("{how_many} of ({})", members.join(", "))
    }
}

impl Answer for Shown {
    const SCHEMA: &'static str = "colophon.trust_show/v1";
}

/// What is believed after a policy file was taken over.
#[derive(Serialize)]
struct Imported {
    dry_run: bool,
    #[serde(flatten)]
    shown: Shown,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = if self.dry_run { "this would be believed; nothing was changed" } else { "believed from now on" };
        writeln!(f, "{heading}")?;
        self.shown.fmt(f)
    }
}

impl Answer for Imported {
    const SCHEMA: &'static str = "colophon.trust_import/v1";
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
