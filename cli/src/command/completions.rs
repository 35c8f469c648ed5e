//! `colophon completions`: the completion script of a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::command::Cli;
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Arguments of `colophon completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell, such as bash or zsh
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "colophon", &mut script);
    context.ui.bytes(&script)?;
    Ok(Exit::Done)
}
