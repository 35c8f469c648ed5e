//! `colophon man`: the manual pages.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use serde::Serialize;

use crate::command::Cli;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::ui::Answer;

/// Arguments of `colophon man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where to write the pages; made if it is not there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

#[derive(Serialize)]
struct Written {
    directory: String,
    pages: usize,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pages in {}", self.pages, self.directory)
    }
}

impl Answer for Written {
    const SCHEMA: &'static str = "colophon.man/v1";
}

pub(super) fn run(args: &ManArgs, context: &Context) -> Result<Exit, Failure> {
    let directory = &args.directory;
    let written = fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .and_then(|()| Ok(fs::read_dir(directory)?.count()));
    let pages = written.map_err(|error| {
        let what = format!("the pages could not be written to {}: {error}", directory.display());
        Failure::failed(what, "choose a directory that you may write to")
    })?;
    context.ui.answer(&Written { directory: directory.display().to_string(), pages })?;
    context.ui.next(format_args!("man -l {}", crate::words::argument(&directory.join("colophon.1"))));
    Ok(Exit::Done)
}
