//! What is registered that looks, sounds or reads like a file.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::likeness::{Asked, Like, NOBODY_SEEKS, SHOWN_MAX, Sought, Wanted, seek};
use crate::recognition::Recognised;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::ids::short;
use crate::words::{count, shown};

pub(super) fn run(path: &Path, context: &Context) -> Result<Exit, Failure> {
    let file = shown(&path.display().to_string());
    let recognised = Recognised::read(path, &context.ui)?;
    let client = context.client().map_err(Failure::of_reading)?;
    let asked = recognised.content.as_ref().and_then(Asked::of);
    let sought = context.wait_for(seek(&client, asked.as_ref(), &Wanted::default()))?.map_err(Failure::of_reading)?;
    let lookalikes = match sought {
        Sought::Found(likes) => likes,
        Sought::NobodySeeks => {
            let cure = "ask another node of the register, or look these very bytes up with colophon verify";
            return Err(Failure::failed(NOBODY_SEEKS, cure));
        }
        Sought::NothingToSeekBy => {
            return Err(Failure::failed(
                format!("{file} has nothing by which works like it could be found"),
                "search with a picture, a text or a sound that has more in it; or look these very bytes up with colophon verify",
            ));
        }
    };
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
        let nearest = if self.lookalikes.len() >= SHOWN_MAX { ", the nearest: there may be more" } else { "" };
        sheet.heading("!", Tone::Warning, &format!("{works} like {}{nearest}", self.file));
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
