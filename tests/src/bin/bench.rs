//! How fast the register is on this machine, beside what the machine itself can do, measured in the same run.

use std::process::ExitCode;

fn main() -> ExitCode {
    match e2e::bench::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the measurement broke off: {error:#}");
            ExitCode::FAILURE
        }
    }
}
