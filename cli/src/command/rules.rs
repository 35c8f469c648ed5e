//! `colophon rules`: the rules of the corridor, and what they ask of a work before it crosses a border.

mod check;
mod list;
mod show;
mod together;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// The commands about rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List the rule sets in force and to come, and who may attest documents
    List,
    /// Show what a rule set says, rule by rule
    Show(show::ShowArgs),
    /// Tell what the rules ask of a work that is to go to a country: which papers to get, and from whom, before anyone signs
    Check(check::CheckArgs),
}

pub(super) fn run(command: &RulesCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        RulesCommand::List => list::run(context),
        RulesCommand::Show(args) => show::run(args, context),
        RulesCommand::Check(args) => check::run(args, context),
    }
}
