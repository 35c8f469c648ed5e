//! `colophon rules show`: what a rule set says, rule by rule, or its text as it was published.

use std::fmt;

use clap::Args;
use colophon_client::client::Client;
use colophon_client::lookup::{self, Looked};
use colophon_client::rules::RuleSetFacts;
use colophon_ledger::crossing::judgement::Does;
use colophon_ledger::crossing::rule_book::RuleTold;
use colophon_ledger::entry::rules::text_of;
use colophon_ledger::field::{Citation, Digest, Jurisdiction, RuleSetName};
use serde::Serialize;

use crate::as_of::AsOf;
use crate::command::Context;
use crate::command::rules::together;
use crate::failure::{Exit, Failure};
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::count;

/// Arguments of `colophon rules show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The set: its name, if it is in force or to come, or its digest; or the digest of all that were in force together
    #[arg(value_name = "NAME|DIGEST")]
    set: String,
    /// Print its text as it was published, in Cedar, and nothing else
    #[arg(long)]
    text: bool,
}

pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    if let Ok(digest) = args.set.trim().parse::<Digest>()
        && let Some(together) = together::find(&digest, context, &client)?
    {
        context.ui.answer(&together)?;
        return Ok(Exit::Done);
    }
    let (set, as_of) = find(args.set.trim(), context, &client)?;
    let text = text_of(&set.record.text);
    if args.text {
        context.ui.bytes(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let RuleSetFacts { digest, record, rules } = set;
    let as_of = context.as_of(&client, &as_of)?;
    let (name, citation, jurisdiction) = (record.name, record.citation, record.jurisdiction);
    context.ui.answer(&Shown { name, digest, citation, jurisdiction, rules, text, as_of })?;
    Ok(Exit::Done)
}

/// Finds a set by its digest, or the newest of a name.
fn find(named: &str, context: &Context, client: &Client) -> Result<(RuleSetFacts, lookup::AsOf), Failure> {
    let unknown = || {
        Failure::not_registered(
            format!("no rule set {named:?} is in force or to come"),
            "see their names with colophon rules list; one that was in force before is shown by its digest",
        )
    };
    if let Ok(digest) = named.parse::<Digest>() {
        return match context.wait_for(client.rule_set(&digest))?.map_err(Failure::of_reading)? {
            Looked::Found(found) => Ok(found),
            Looked::Absent(_) => Err(Failure::not_registered(
                format!("no rule set of the digest {digest} was ever published here"),
                "check the digest, and that it is of this register",
            )),
        };
    }
    let name: RuleSetName = named.to_ascii_uppercase().parse().map_err(|_| unknown())?;
    let facts = context.wait_for(client.rules_in_force())?.map_err(Failure::of_reading)?;
    let of_name = facts.sets.into_iter().filter(|listed| listed.name == name);
    let newest = of_name.filter_map(|listed| listed.set).next_back();
    newest.map(|set| (set, facts.as_of)).ok_or_else(unknown)
}

/// A rule set.
#[derive(Serialize)]
struct Shown {
    name: RuleSetName,
    digest: Digest,
    citation: Citation,
    jurisdiction: Jurisdiction,
    rules: Vec<RuleTold>,
    text: String,
    as_of: AsOf,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        sheet.heading("·", Tone::Good, &format!("{}, {}", self.name, count(self.rules.len() as u64, "rule")));
        sheet.row("source", self.citation.as_str());
        sheet.row("law of", self.jurisdiction.as_str());
        sheet.whole("digest", &self.digest.to_string());
        for rule in &self.rules {
            sheet.gap();
            write_rule(rule, &mut sheet);
        }
        sheet.gap();
        self.as_of.write(&mut sheet);
        sheet.row("text", "as it is under the digest; the Cedar itself: --text");
        sheet.gap();
        sheet.text(2, "which crossings a rule is for, its text says; not legal advice");
        sheet.fmt(f)
    }
}

fn write_rule(rule: &RuleTold, sheet: &mut Sheet) {
    let does = match rule.does {
        Does::Refuses => "refuses",
        Does::Waits => "waits",
        Does::Owes | Does::Unattested => "notes",
    };
    sheet.text(2, &format!("{} {does}", rule.rule));
    sheet.row("because", &rule.because);
    if let (Some(document), Some(of)) = (&rule.document, &rule.of) {
        let verb = if rule.does == Does::Owes { "owed" } else { "asks for" };
        let within = rule.within_days.map(|days| format!(" within {}", count(u64::from(days), "day")));
        sheet.row(verb, &format!("{document} of {}{}", whose(of), within.unwrap_or_default()));
    }
    if let Some(royalty) = &rule.royalty {
        sheet.row("share", royalty);
    }
    if let Some(cure) = &rule.cure {
        sheet.row("helps", cure);
    }
    sheet.row("source", &rule.cite);
    sheet.row("compared", &rule.checked);
}

fn whose(of: &str) -> &str {
    match of {
        "from" => "the country where the work is",
        "to" => "the country where it goes",
        "origin" => "the country where it was made",
        other => other,
    }
}

impl Answer for Shown {
    const SCHEMA: &'static str = "colophon.rules_show/v1";
}
