//! The register at work, with real processes, told as a story. Exits 0 only if every step was as it should be.

use std::process::ExitCode;

fn main() -> ExitCode {
    match e2e::demo::tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe story broke off: {error:#}");
            ExitCode::FAILURE
        }
    }
}
