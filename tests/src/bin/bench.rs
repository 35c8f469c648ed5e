//! How fast the register is on this machine, beside what the machine itself can do, measured in the same run.

use std::process::ExitCode;

use clap::Parser as _;
use e2e::bench::options::Options;

fn main() -> ExitCode {
    match e2e::bench::run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the measurement broke off: {error:#}");
            ExitCode::FAILURE
        }
    }
}
