//! `colophon search`: what is registered that looks, sounds or reads like a file.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::command::Context;
use crate::failure::{Exit, Failure};
use crate::likeness::{Like, find};
use crate::recognition::Recognised;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::{count, short, shown};

/// Arguments of `colophon search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// The file. It stays here: what is asked about are 64-bit codes of what it shows, plays or says
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &SearchArgs, context: &Context) -> Result<Exit, Failure> {
    let file = shown(&args.file.display().to_string());
    let recognised = Recognised::read(&args.file, &context.ui)?;
    let client = context.client().map_err(Failure::of_reading)?;
    let lookalikes = find(context, &client, recognised.content.as_ref()).map_err(Failure::of_reading)?;
    let lookalikes = lookalikes.ok_or_else(|| {
        Failure::failed(
            format!("{file} has nothing by which works like it could be found"),
            "search with a picture that is not of one colour, a text, a sound; or look these very bytes up with colophon verify",
        )
    })?;
    let found = Found { file, lookalikes };
    context.ui.answer(&found)?;
    if let Some(nearest) = found.lookalikes.first() {
        context.ui.next(format_args!("colophon show {}", short(&nearest.work)));
    }
    Ok(Exit::Done)
}

/// What is like a file.
#[derive(Serialize)]
struct Found {
    file: String,
    lookalikes: Vec<Like>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        if self.lookalikes.is_empty() {
            sheet.heading("·", Tone::Good, &format!("nothing that the register shows is like {}", self.file));
            return sheet.fmt(f);
        }
        let works = count(self.lookalikes.len() as u64, "work");
        sheet.heading("!", Tone::Warning, &format!("{works} like {}", self.file));
        for like in &self.lookalikes {
            sheet.gap();
            like.write(&mut sheet);
        }
        sheet.fmt(f)
    }
}

impl Answer for Found {
    const SCHEMA: &'static str = "colophon.search/v1";
}
