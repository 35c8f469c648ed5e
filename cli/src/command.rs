//! The list of commands, and what they have in common.

pub mod accept;
pub mod amend;
pub mod attest;
pub mod audit;
pub mod certificate;
pub mod completions;
pub mod decline;
pub mod flag;
pub mod history;
pub mod inbox;
pub mod key;
pub mod lien;
pub mod loan;
pub mod man;
pub mod mint;
pub mod offer;
pub mod profile;
pub mod release;
pub mod relocate;
pub mod revoke;
pub mod rules;
pub mod search;
pub mod settle;
pub mod show;
pub mod sign;
pub mod stats;
pub mod submit;
pub mod transfer;
pub mod transmit;
pub mod trust;
pub mod verify;
pub mod withdraw;

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::apart;
use crate::failure::{Exit, Failure};
use crate::home::Home;
use crate::keystore::Keystore;
use crate::passphrase::Passphrases;
use crate::sealed::Sealer;
use crate::ui::Ui;

const EXIT_CODES: &str = "\
Exit codes:
   0  done, or verified
   1  something failed
   2  the command was not given as it should be
   3  not registered
   4  verification failed
   5  verified, but stale or not witnessed as the policy asks
   6  refused by the ledger's rules
  75  try again later";
const STYLES: Styles =
    Styles::styled().header(AnsiColor::Green.on_default().bold()).usage(AnsiColor::Green.on_default().bold());

/// Registers works, hands them on, and checks who holds them.
///
/// A register of works that anybody can check and nobody can rewrite. Files never leave this machine: only their hashes do.
#[derive(Debug, Parser)]
#[command(name = "colophon", version, after_help = EXIT_CODES, styles = STYLES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Globals {
    /// Print the result as one line of JSON that names its schema
    #[arg(long, global = true)]
    json: bool,
    /// Print the result alone: no notes, no progress
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Ask nothing: what is not given is an error
    #[arg(long, global = true)]
    no_input: bool,
    /// The register to talk to
    #[arg(long, global = true, value_name = "URL", env = "COLOPHON_NODE", hide_env_values = true)]
    node: Option<String>,
    /// Where keys, policy and history are kept, instead of the XDG directories
    #[arg(long, global = true, value_name = "DIR", env = "COLOPHON_HOME", hide_env_values = true)]
    home: Option<PathBuf>,
    /// Read the passphrase from the one line of this file instead of asking
    #[arg(long, global = true, value_name = "FILE", env = "COLOPHON_PASSPHRASE_FILE", hide_env_values = true)]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// My keys, encrypted at rest with a passphrase
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Who I say I am, published
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Register a work
    Mint(Box<mint::MintArgs>),
    /// Correct or add facts of a work that I registered
    Amend(Box<amend::AmendArgs>),
    /// Check a file, a folder, a certificate or a work: who registered it, and who holds it
    Verify(verify::VerifyArgs),
    /// See what is registered like a file, or under some words
    Search(search::SearchArgs),
    /// Show the card of a work
    Show(show::EditionArgs),
    /// Show every owner, every offer and every border of a work
    History(show::EditionArgs),
    /// Write the proof to hand over with a work
    Certificate(certificate::CertificateArgs),
    /// Move a work to somebody else, with both signatures
    Transfer(transfer::TransferArgs),
    /// Offer a work to one account alone, publicly and for a time
    Offer(offer::OfferArgs),
    /// See what waits for my signature or my answer
    Inbox(inbox::InboxArgs),
    /// Take a work on the terms of a draft or an offer
    Accept(accept::AcceptArgs),
    /// Say no to a draft or an offer
    Decline(decline::DeclineArgs),
    /// Take back an offer, or void the transfers that I have half-signed
    Withdraw(withdraw::WithdrawArgs),
    /// Say that a work is stolen, disputed or frozen: as an authority, which blocks it; as anybody else, which is shown
    Flag(flag::FlagArgs),
    /// Let a work secure a debt: title stays where it is until the creditor releases it
    Lien(lien::LienArgs),
    /// Lend a work: the borrower has it for a time, title stays
    Loan(loan::LoanArgs),
    /// Take a work of mine to another country, under the rules of both
    Move(relocate::MoveArgs),
    /// As an authority: give a work to whom a court, an inheritance or a restitution gives it
    Transmit(transmit::TransmitArgs),
    /// Let go a flag, a lien or a loan, or take back what I have alleged
    Release(release::ReleaseArgs),
    /// Say that what was owed to me when title moved has been paid, or done
    Settle(settle::SettleArgs),
    /// Add my signature to a draft
    Sign(sign::SignArgs),
    /// Send a draft that has all its signatures, or an entry that was never acknowledged
    Submit(submit::SubmitArgs),
    /// The rules of the corridor, and what they ask before a work crosses a border
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// State a document about a work, an edition or an account
    Attest(attest::AttestArgs),
    /// Take back a document that I have attested
    Revoke(revoke::RevokeArgs),
    /// Count transfers and amounts, by corridor and time
    Stats(stats::StatsArgs),
    /// Which registers and witnesses I believe
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Replay a whole register and check everything it ever said
    Audit(audit::AuditArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual pages into a directory
    Man(man::ManArgs),
    /// Work on the file on standard input, for another process of this program
    #[command(name = apart::COMMAND, hide = true)]
    Apart(apart::ApartArgs),
}

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// How it talks to the person.
    pub ui: Ui,
    /// Where the person's files are.
    pub home: Home,
    /// The person's keys.
    pub keys: Keystore,
    /// Where passphrases come from.
    pub passphrases: Passphrases,
    node: Option<String>,
    /// Made when a future is first waited for, and kept: connections live on it.
    runtime: OnceCell<Runtime>,
}

impl Context {
    fn new(globals: Globals, ui: Ui) -> Result<Context, Failure> {
        let home = Home::locate(globals.home.as_deref())?;
        let keys = Keystore::new(&home, Sealer::from_env()?);
        let node = globals.node.filter(|node| !node.is_empty());
        let passphrases = Passphrases::new(globals.passphrase_file, ui.clone());
        Ok(Context { ui, home, keys, passphrases, node, runtime: OnceCell::new() })
    }

    /// Returns the URL of the register, without a slash at its end.
    pub fn node(&self) -> Result<&str, Failure> {
        let node = self.node.as_deref().map(|node| node.trim_end_matches('/'));
        node.ok_or_else(|| Failure::usage("no register is named", "give --node URL, or set COLOPHON_NODE"))
    }

    /// Waits for a future, such as a register's answer.
    pub fn wait_for<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime.block_on(future));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Failure::try_again(
                format!("this machine gives no network events: {error}"),
                "close some programs, then try again",
            )
        })?;
        Ok(self.runtime.get_or_init(|| runtime).block_on(future))
    }
}

/// Runs a command to its end, failure told and all.
pub fn run(cli: Cli) -> Exit {
    let Cli { globals, command } = cli;
    if let Command::Apart(args) = &command {
        return apart::run(args);
    }
    let ui = Ui::new(globals.json, globals.quiet, globals.no_input);
    let done = Context::new(globals, ui.clone()).and_then(|context| match command {
        Command::Key(command) => key::run(command, &context),
        Command::Profile(command) => profile::run(command, &context),
        Command::Mint(args) => mint::run(&args, &context),
        Command::Amend(args) => amend::run(&args, &context),
        Command::Verify(args) => verify::run(&args, &context),
        Command::Search(args) => search::run(&args, &context),
        Command::Show(args) => show::run(&args, &context),
        Command::History(args) => history::run(&args, &context),
        Command::Certificate(args) => certificate::run(&args, &context),
        Command::Transfer(args) => transfer::run(&args, &context),
        Command::Offer(args) => offer::run(&args, &context),
        Command::Inbox(args) => inbox::run(&args, &context),
        Command::Accept(args) => accept::run(&args, &context),
        Command::Decline(args) => decline::run(&args, &context),
        Command::Withdraw(args) => withdraw::run(&args, &context),
        Command::Flag(args) => flag::run(&args, &context),
        Command::Lien(args) => lien::run(&args, &context),
        Command::Loan(args) => loan::run(&args, &context),
        Command::Move(args) => relocate::run(&args, &context),
        Command::Transmit(args) => transmit::run(&args, &context),
        Command::Release(args) => release::run(&args, &context),
        Command::Settle(args) => settle::run(&args, &context),
        Command::Sign(args) => sign::run(&args, &context),
        Command::Submit(args) => submit::run(&args, &context),
        Command::Rules(command) => rules::run(&command, &context),
        Command::Attest(args) => attest::run(&args, &context),
        Command::Revoke(args) => revoke::run(&args, &context),
        Command::Stats(args) => stats::run(&args, &context),
        Command::Trust(command) => trust::run(&command, &context),
        Command::Audit(args) => audit::run(&args, &context),
        Command::Completions(args) => completions::run(&args, &context),
        Command::Man(args) => man::run(&args, &context),
        Command::Apart(args) => Ok(apart::run(&args)),
    });
    done.unwrap_or_else(|failure| ui.failure(&failure))
}

/// Answers a command line that clap does not take as a command: help, version, or what is wrong with it.
pub fn explain(error: &clap::Error) -> Exit {
    let is_json = std::env::args_os().any(|arg| arg == "--json");
    Ui::new(is_json, false, true).explain(error)
}
