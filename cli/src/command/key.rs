//! `colophon key`: make keys, list them, show one, back one up, change them.

mod rotate;

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use colophon_ledger::account::{AccountId, Multikey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::clock;
use crate::codes::account::account;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::keystore::key::{KeyCard, KeyName, OpenKey};
use crate::keystore::{Keystore, Protection};
use crate::ui::Answer;

/// The commands about keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key, or bring one back from a backup
    New(NewArgs),
    /// List my keys
    List,
    /// Show one key: its account, to be given to whoever sends me a work
    Show(ShowArgs),
    /// Write an encrypted copy of a key to a file
    Backup(BackupArgs),
    /// Change the keys that speak for my account
    Rotate(Box<rotate::RotateArgs>),
}

/// Arguments of `colophon key new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// How to call it on this machine: 1 to 32 of a-z, 0-9 and -
    #[arg(default_value = "main")]
    name: KeyName,
    /// The account it is to speak for, when that is not its own: for one key of several, or after a rotation
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<AccountId>,
    /// Bring back a key from a file that `key backup` made
    #[arg(long, value_name = "FILE", conflicts_with_all = ["account", "no_passphrase"])]
    from: Option<PathBuf>,
    /// Keep the key unencrypted. Unsafe: whoever reads the file can sell the works
    #[arg(long)]
    no_passphrase: bool,
}

/// Arguments of `colophon key show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Which key; may be left out when there is only one
    name: Option<KeyName>,
}

/// Arguments of `colophon key backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Which key
    name: KeyName,
    /// Where to write the copy; must not be there yet
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(command: KeyCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        KeyCommand::New(args) => new(args, context),
        KeyCommand::List => list(context),
        KeyCommand::Show(args) => show(&args, context),
        KeyCommand::Backup(args) => backup(&args, context),
        KeyCommand::Rotate(args) => rotate::run(*args, context),
    }?;
    Ok(Exit::Done)
}

fn new(args: NewArgs, context: &Context) -> Result<(), Failure> {
    let card = if let Some(backup) = &args.from {
        context.keys.keep_backup(&args.name, backup, &context.passphrases)?
    } else {
        let protection = if args.no_passphrase {
            context
                .ui
                .warn("this key is unsafe: it lies unencrypted on the disk, and whoever reads it can sell the works");
            Protection::Nothing
        } else {
            Protection::Passphrase(&context.passphrases)
        };
        context.keys.keep(&random_key(args.name, args.account)?, protection)?
    };
    let name = card.public.name.clone();
    context.ui.answer(&Made(Shown::new(card, &context.keys)?))?;
    context.ui.note("lost, nobody can bring it back: keep a copy away from this machine");
    context.ui.next(format_args!("colophon key backup {name} -o {name}-backup.age"));
    Ok(())
}

fn list(context: &Context) -> Result<(), Failure> {
    let cards = context.keys.list()?.into_iter();
    let keys = cards.map(|card| Shown::new(card, &context.keys)).collect::<Result<Vec<_>, _>>()?;
    let is_empty = keys.is_empty();
    context.ui.answer(&Listed { keys })?;
    if is_empty {
        context.ui.note("there is no key here yet");
        context.ui.next("colophon key new");
    }
    Ok(())
}

fn show(args: &ShowArgs, context: &Context) -> Result<(), Failure> {
    let card = context.keys.choose(args.name.as_ref())?;
    context.ui.answer(&Showing(Shown::new(card, &context.keys)?))
}

fn backup(args: &BackupArgs, context: &Context) -> Result<(), Failure> {
    if context.keys.pending(&args.name)?.is_some() {
        let what = format!(
            "a new key waits to take the place of {0}: a backup of {0} may be of a key that is dead",
            args.name
        );
        return Err(Failure::failed(what, format!("finish the change first: colophon key rotate {}", args.name)));
    }
    let card = context.keys.back_up(&args.name, &args.output, &context.passphrases)?;
    let file = args.output.display().to_string();
    context.ui.answer(&BackedUp { file: file.clone(), key: Shown::new(card, &context.keys)? })?;
    context.ui.next(format_args!("colophon key new {} --from {file}, on the machine that is to have it", args.name));
    Ok(())
}

fn random_key(name: KeyName, account: Option<AccountId>) -> Result<OpenKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| {
        Failure::failed(format!("this machine gives no random numbers: {error}"), "make the key on another machine")
    })?;
    Ok(OpenKey::new(name, *seed, account, clock::now()?))
}

/// A key as it is shown.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    card: KeyCard,
    file: String,
    /// The key that waits to take its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<Multikey>,
}

impl Shown {
    fn new(card: KeyCard, keys: &Keystore) -> Result<Shown, Failure> {
        let file = keys.secret_path(&card).display().to_string();
        let successor = keys.pending(&card.public.name)?.map(|next| next.key);
        Ok(Shown { card, file, successor })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = &self.card.public;
        writeln!(f, "key        {}", public.name)?;
        writeln!(f, "account    {}", public.account)?;
        if public.account.first_key() != public.key {
            writeln!(f, "public key {}", public.key)?;
        }
        writeln!(f, "made       {}", public.created)?;
        writeln!(f, "protected  {}", if self.card.protected { "by a passphrase" } else { "NOT AT ALL" })?;
        if let Some(successor) = &self.successor {
            let name = &public.name;
            writeln!(f, "pending    {successor} is to take its place; finish that with colophon key rotate {name}")?;
        }
        write!(f, "file       {}", self.file)
    }
}

/// Declares an answer that is a key and nothing more.
macro_rules! key_answer {
    ($name:ident, $schema:literal) => {
        #[derive(Serialize)]
        #[serde(transparent)]
        struct $name(Shown);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl Answer for $name {
            const SCHEMA: &'static str = $schema;
        }
    };
}
key_answer!(Made, "colophon.key_new/v1");
key_answer!(Showing, "colophon.key_show/v1");

#[derive(Serialize)]
struct Listed {
    keys: Vec<Shown>,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.keys.iter().map(|key| key.card.public.name.to_string().len()).max().unwrap_or_default();
        for key in &self.keys {
            let unsafe_mark = if key.card.protected { "" } else { "  UNPROTECTED" };
            let pending = if key.successor.is_some() { "  A SUCCESSOR IS PENDING" } else { "" };
            let (name, account) = (key.card.public.name.to_string(), &key.card.public.account);
            writeln!(f, "{name:width$}  {account}{unsafe_mark}{pending}")?;
        }
        Ok(())
    }
}

impl Answer for Listed {
    const SCHEMA: &'static str = "colophon.key_list/v1";
}

#[derive(Serialize)]
struct BackedUp {
    file: String,
    key: Shown,
}

impl fmt::Display for BackedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} is backed up, encrypted, in {}", self.key.card.public.name, self.file)
    }
}

impl Answer for BackedUp {
    const SCHEMA: &'static str = "colophon.key_backup/v1";
}
