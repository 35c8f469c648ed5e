//! Work on a stranger's file by another process of this program, where a thread is not enough: what it takes of memory cannot be
//! bounded in this one, and an abort, or a stack that overflows, would end the command.
//!
//! The file is its standard input. Before it reads a byte of it, the process gives up what it could do harm with: it may open
//! nothing any more, so neither a file nor a connection, may write no file, and has bounds of memory and time. What it finds it says
//! as one line of JSON.

pub mod content;
pub(crate) mod process;

use std::io::{self, Write as _};
#[cfg(feature = "c2pa")]
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::failure::Exit;
#[cfg(feature = "c2pa")]
use crate::validation::judge;

/// Arguments of the hidden command.
#[derive(Debug, Args)]
pub struct ApartArgs {
    #[command(subcommand)]
    work: Work,
}

/// What is done with the file on standard input.
#[derive(Debug, Subcommand)]
enum Work {
    /// Say what a document is recognised by
    Document,
    /// Judge the Content Credentials in it
    #[cfg(feature = "c2pa")]
    Credentials {
        /// The file of trusted certificates (PEM)
        trust: Option<PathBuf>,
    },
}

/// Does the work, in the process that was started for it.
pub fn run(args: &ApartArgs) -> Exit {
    let line = match &args.work {
        Work::Document => said(&content::of_document()),
        #[cfg(feature = "c2pa")]
        Work::Credentials { trust } => said(&judge::judge(trust.as_deref())),
    };
    match io::stdout().write_all(line.as_bytes()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}

fn said<T: Serialize>(said: &T) -> String {
    serde_json::to_string(said).expect("what is said is strings")
}
