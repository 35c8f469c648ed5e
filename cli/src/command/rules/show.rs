//! `colophon rules show`: what a rule set says, rule by rule, or its text as it was published.

use std::fmt;

use clap::Args;
use colophon_client::client::Client;
use colophon_client::lookup::{self, Looked};
use colophon_client::rules::{Listed, RuleSetFacts};
use colophon_ledger::crossing::judgement::Does;
use colophon_ledger::crossing::rule_book::RuleTold;
use colophon_ledger::entry::rules::text_of;
use colophon_ledger::field::{Citation, Digest, Jurisdiction, RuleSetName};
use serde::Serialize;

use crate::as_of::AsOf;
use crate::command::rules::together;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::foreseen::ToCome;
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
    if let Some(together) = together::find(args.set.trim(), context, &client)? {
        if args.text {
            return Err(Failure::usage(
                "this is the digest of several sets together",
                "leave out --text to see which they are; then name one of them",
            ));
        }
        context.ui.answer(&together)?;
        return Ok(Exit::Done);
    }
    let Found { set, to_come, as_of } = find(args.set.trim(), context, &client)?;
    let text = text_of(&set.record.text);
    if args.text {
        context.ui.bytes(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let RuleSetFacts { digest, record, rules } = set;
    let as_of = context.as_of(&client, &as_of)?;
    let (name, citation, jurisdiction) = (record.name, record.citation, record.jurisdiction);
    context.ui.answer(&Shown { name, digest, citation, jurisdiction, to_come, rules, text, as_of })?;
    Ok(Exit::Done)
}

/// A set that was found.
struct Found {
    set: RuleSetFacts,
    /// What later batches find of its name. Empty of one that is named by its digest.
    to_come: Vec<ToCome>,
    as_of: lookup::AsOf,
}

/// Finds a set by its digest, or the one of a name that is in force; else the one that is to come.
fn find(named: &str, context: &Context, client: &Client) -> Result<Found, Failure> {
    let unknown = || {
        Failure::not_registered(
            format!("no rule set {named:?} is in force or to come"),
            "see their names with colophon rules list; one that was in force before is shown by its digest, all 64 digits, as --json prints it",
        )
    };
    if let Ok(digest) = named.parse::<Digest>() {
        return match context.wait_for(client.rule_set(&digest))?.map_err(Failure::of_reading)? {
            Looked::Found((set, as_of)) => Ok(Found { set, to_come: Vec::new(), as_of }),
            Looked::Absent(_) => Err(Failure::not_registered(
                format!("no rule set of the digest {digest} was ever published here"),
                "check the digest, and that it is of this register",
            )),
        };
    }
    let name: RuleSetName = named.to_ascii_uppercase().parse().map_err(|_| unknown())?;
    let facts = context.wait_for(client.rules_in_force())?.map_err(Failure::of_reading)?;
    let of_name: Vec<Listed> = facts.sets.into_iter().filter(|listed| listed.name == name).collect();
    let (set, to_come) = standing(of_name, facts.height).ok_or_else(unknown)?;
    Ok(Found { set, to_come, as_of: facts.as_of })
}

/// Returns the set that is in force at a height, or else the first that is to come, and what later batches find.
///
/// `of_name` are those of one name, in ascending order of heights.
fn standing(mut of_name: Vec<Listed>, height: u64) -> Option<(RuleSetFacts, Vec<ToCome>)> {
    let later = of_name.split_off(of_name.partition_point(|listed| listed.height <= height));
    let coming = |listed: &Listed| ToCome {
        name: listed.name.clone(),
        height: listed.height,
        digest: listed.set.as_ref().map(|set| set.digest),
    };
    let to_come = later.iter().map(coming).collect();
    let in_force = of_name.pop().and_then(|listed| listed.set);
    let set = in_force.or_else(|| later.into_iter().find_map(|listed| listed.set))?;
    Some((set, to_come))
}

/// A rule set.
#[derive(Serialize)]
struct Shown {
    name: RuleSetName,
    digest: Digest,
    citation: Citation,
    jurisdiction: Jurisdiction,
    /// What later batches find of this name.
    to_come: Vec<ToCome>,
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
        for set in &self.to_come {
            let comes = match set.digest {
                Some(digest) if digest == self.digest => format!("it comes into force from batch {} on", set.height),
                Some(_) => format!("another comes into force from batch {} on", set.height),
                None => format!("nothing of this name is in force from batch {} on", set.height),
            };
            sheet.row("to come", &comes);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::state::PublishedRecord;

    fn listed(height: u64, name: &str) -> Listed {
        let digest = crate::sample::digest(name);
        let record = PublishedRecord {
            citation: "Act".parse().unwrap(),
            index: 1,
            jurisdiction: "CN".parse().unwrap(),
            name: "CN-A".parse().unwrap(),
            text: Vec::new(),
        };
        Listed { name: record.name.clone(), height, set: Some(RuleSetFacts { digest, record, rules: Vec::new() }) }
    }

    #[test]
    fn the_set_in_force_is_shown_and_what_comes_after_it_told() {
        let shown = |height| {
            let all = vec![listed(3, "old"), listed(5, "new"), Listed { set: None, ..listed(9, "none") }];
            let (set, to_come) = standing(all, height)?;
            Some((set.digest, to_come.iter().map(|set| set.height).collect::<Vec<_>>()))
        };
        let [old, new] = ["old", "new"].map(crate::sample::digest);
        assert_eq!(shown(2), Some((old, vec![3, 5, 9])));
        assert_eq!(shown(3), Some((old, vec![5, 9])));
        assert_eq!(shown(8), Some((new, vec![9])));
        assert_eq!(shown(9), None);
    }
}
