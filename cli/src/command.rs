//! The list of commands.

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

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::apart;
use crate::context::{Context, Globals};
use crate::failure::Exit;
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
    #[command(name = apart::process::COMMAND, hide = true)]
    Apart(apart::ApartArgs),
}

/// Runs a command to its end, failure told and all.
pub fn run(cli: Cli) -> Exit {
    let Cli { globals, command } = cli;
    if let Command::Apart(args) = &command {
        return apart::run(args);
    }
    let ui = globals.ui();
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
