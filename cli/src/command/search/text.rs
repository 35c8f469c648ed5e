//! Works and accounts with these words in their titles and names: the node says where to look, each is proved before it is shown.

use std::fmt;

use colophon_client::client::Client;
use colophon_client::lookup::LookupError;
use colophon_client::search::{PLACE_MAX, SearchHint, TEXT_BYTES_MAX};
use colophon_ledger::card::Title;
use colophon_ledger::field::WorkId;
use serde::Serialize;

use crate::clock;
use crate::context::Context;
use crate::dossier::Dossier;
use crate::failure::{Exit, Failure};
use crate::party::Party;
use crate::register::name_of;
use crate::sheet::Sheet;
use crate::story::When;
use crate::ui::{Answer, Tone};
use crate::words::ids::short;
use crate::words::shown;

pub(super) fn run(words: &str, after: u64, context: &Context) -> Result<Exit, Failure> {
    if words.len() > TEXT_BYTES_MAX {
        return Err(Failure::usage(
            format!("the words have {} bytes; at most {TEXT_BYTES_MAX} are searched for", words.len()),
            "give fewer words",
        ));
    }
    if after >= PLACE_MAX as u64 {
        let what = format!("of what words find, the first {PLACE_MAX} are shown, and no more");
        return Err(Failure::usage(what, "give more words, which find fewer"));
    }
    let client = context.client().map_err(Failure::of_reading)?;
    let found = match context.wait_for(client.search(words, after))? {
        Err(LookupError::NotKnown(_)) => {
            return Err(Failure::failed(
                "this node does not search by words",
                "ask another node of the register, or search with a file",
            ));
        }
        found => found.map_err(Failure::of_reading)?,
    };
    let mut hits = Vec::new();
    for hint in &found.hits {
        hits.extend(prove(context, &client, hint).map_err(Failure::of_reading)?);
    }
    let more = found.next.is_none() && found.count > PLACE_MAX as u64;
    let found = Found { text: shown(words), count: found.count, hits, next: found.next, is_cut: more };
    context.ui.answer(&found)?;
    if let Some(next) = found.next.filter(|next| *next < PLACE_MAX as u64) {
        context.ui.next(format_args!("colophon search --text --after {next} {}", quoted(words)));
    } else if let Some(work) = found.hits.iter().find_map(Hit::work) {
        context.ui.next(format_args!("colophon show {}", short(&work)));
    }
    Ok(Exit::Done)
}

/// Asks for the proof of what the node says it found. Nothing, where an account has no name that can be shown.
fn prove(context: &Context, client: &Client, hint: &SearchHint) -> Result<Option<Hit>, Failure> {
    match hint {
        SearchHint::Work { work } => {
            let provenance = context.wait_for(client.certificate(work, 1))??.provenance;
            Ok(Some(Hit::Work(FoundWork::of(&Dossier::of(&provenance, clock::now_ms()?)))))
        }
        SearchHint::Account { account } => {
            let name = context.wait_for(name_of(client, account))??;
            Ok(name.map(|name| Hit::Account { account: Party::named(account, Some(name)) }))
        }
    }
}

/// Returns words as they are typed in a shell.
fn quoted(words: &str) -> String {
    format!("'{}'", shown(words).replace('\'', r"'\''"))
}

/// What words found.
#[derive(Serialize)]
struct Found {
    text: String,
    /// How many there are in all, as the node says.
    count: u64,
    hits: Vec<Hit>,
    /// How many to skip for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
    /// Whether there are more, and no way to them.
    #[serde(skip)]
    is_cut: bool,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Hit {
    Work(FoundWork),
    Account { account: Party },
}

/// A work, as its certificate proves it.
#[derive(Serialize)]
struct FoundWork {
    work: WorkId,
    /// None: the words were withdrawn.
    titles: Option<Vec<Title>>,
    /// The creators' names, as the maker says.
    creators: Vec<String>,
    maker: Party,
    registered: When,
    /// The titles in one line.
    #[serde(skip)]
    title: String,
}

impl FoundWork {
    fn of(card: &Dossier) -> FoundWork {
        FoundWork {
            work: card.work,
            titles: card.titles.clone(),
            creators: card.creators.iter().filter_map(|creator| creator.name.clone()).collect(),
            maker: card.maker.clone(),
            registered: card.registered.clone(),
            title: card.title(),
        }
    }
}

impl Hit {
    fn work(&self) -> Option<WorkId> {
        match self {
            Hit::Work(found) => Some(found.work),
            Hit::Account { .. } => None,
        }
    }

    fn write(&self, sheet: &mut Sheet) {
        match self {
            Hit::Work(found) => {
                sheet.row("work", &found.work.to_string());
                sheet.row("", &found.title);
                if !found.creators.is_empty() {
                    sheet.row("", &format!("by {}, as the maker says", found.creators.join(", ")));
                }
                sheet.row("", &format!("registered {}, by {}", found.registered.time, found.maker.introduced()));
            }
            Hit::Account { account } => {
                sheet.row("account", account.account.as_str());
                sheet.row("", &account.introduced());
            }
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        if self.hits.is_empty() {
            sheet.heading("·", Tone::Good, &format!("nothing that the register shows has the words {}", self.text));
            return sheet.fmt(f);
        }
        let shown = self.hits.len() as u64;
        let more = if self.count > shown { format!(", {shown} of them here") } else { String::new() };
        let heading = format!("{} found with the words {}{more}", self.count.max(shown), self.text);
        sheet.heading("·", Tone::Good, &heading);
        for hit in &self.hits {
            sheet.gap();
            hit.write(&mut sheet);
        }
        sheet.gap();
        if self.is_cut {
            sheet.text(2, &format!("These are the last of the {PLACE_MAX} that are shown: more words find fewer."));
        }
        sheet.text(2, "What is shown of each is proved. That there are no others is the register's word.");
        sheet.fmt(f)
    }
}

impl Answer for Found {
    const SCHEMA: &'static str = "colophon.search_text/v1";
}
