//! `colophon history`: every owner, every offer and every border of an edition.

use std::fmt;

use colophon_ledger::card::Title;
use colophon_ledger::field::WorkId;
use serde::Serialize;

use crate::as_of::AsOf;
use crate::command::show::{Card, EditionArgs, card_of};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::sheet::Sheet;
use crate::story::Story;
use crate::ui::Answer;
use crate::words::ids::short;

pub(super) fn run(args: &EditionArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    let timeline = Timeline::from(card_of(&args.certified(context, &client)?, context)?);
    context.ui.answer(&timeline)?;
    context.ui.next(format_args!("colophon certificate {} -o FILE", short(&timeline.work)));
    Ok(Exit::Done)
}

/// What has happened to an edition.
#[derive(Serialize)]
struct Timeline {
    work: WorkId,
    edition: u64,
    editions: u64,
    titles: Option<Vec<Title>>,
    story: Story,
    as_of: AsOf,
    #[serde(skip)]
    title: String,
}

impl From<Card> for Timeline {
    fn from(Card { card, as_of }: Card) -> Timeline {
        let title = card.title();
        let (work, edition, editions) = (card.work, card.edition, card.editions);
        Timeline { work, edition, editions, titles: card.titles, story: card.story, as_of, title }
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        sheet.text(2, &self.title);
        sheet.row("work", &self.work.to_string());
        sheet.row("edition", &format!("{} of {}", self.edition, self.editions));
        sheet.gap();
        self.story.write(&mut sheet);
        sheet.gap();
        self.as_of.write(&mut sheet);
        sheet.fmt(f)
    }
}

impl Answer for Timeline {
    const SCHEMA: &'static str = "colophon.history/v1";
}
