//! `colophon`: registers, transfers and checks works.

use std::process::ExitCode;

use clap::Parser as _;
use colophon_cli::command::{self, Cli};

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => command::run(cli),
        Err(error) => command::explain(&error),
    };
    ExitCode::from(exit.number())
}
