//! The rule sets that were in force together: what "checked against rule set H" means, on a certificate or in an answer.

use std::collections::BTreeMap;
use std::fmt;

use colophon_client::client::Client;
use colophon_client::lookup::Looked;
use colophon_client::rules::RuleSetFacts;
use colophon_ledger::field::{Citation, Digest, RuleSetName};
use serde::Serialize;

use crate::as_of::AsOf;
use crate::context::Context;
use crate::failure::Failure;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::count;

/// Rule sets that were in force together.
#[derive(Serialize)]
pub(super) struct Together {
    digest: Digest,
    sets: Vec<Named>,
    as_of: AsOf,
}

/// One of them.
#[derive(Serialize)]
struct Named {
    name: RuleSetName,
    digest: Digest,
    citation: Citation,
}

/// The fewest digits of a digest that name it.
const DIGITS_MIN: usize = 8;

/// Finds the sets whose digest together is this one: of some crossing; or of those that are in force for the next batch, then by its first
/// digits too.
pub(super) fn find(named: &str, context: &Context, client: &Client) -> Result<Option<Together>, Failure> {
    if named.len() < DIGITS_MIN || named.bytes().any(|digit| !matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(None);
    }
    let facts = context.wait_for(client.rules_in_force())?.map_err(Failure::of_reading)?;
    let now = facts.in_force.filter(|now| now.to_string().starts_with(named));
    if let Some(digest) = now {
        // Of each name the newest that has begun, if it is none that withdraws.
        let begun = facts.sets.into_iter().filter(|listed| listed.height <= facts.height);
        let newest: BTreeMap<RuleSetName, _> = begun.map(|listed| (listed.name, listed.set)).collect();
        return Together::new(digest, newest.into_values().flatten(), &facts.as_of, context, client).map(Some);
    }
    let Ok(digest) = &named.parse::<Digest>() else { return Ok(None) };
    match context.wait_for(client.rules_together(digest))?.map_err(Failure::of_reading)? {
        Looked::Found((sets, as_of)) => Together::new(*digest, sets, &as_of, context, client).map(Some),
        Looked::Absent(_) => Ok(None),
    }
}

impl Together {
    fn new(
        digest: Digest,
        sets: impl IntoIterator<Item = RuleSetFacts>,
        as_of: &colophon_client::lookup::AsOf,
        context: &Context,
        client: &Client,
    ) -> Result<Together, Failure> {
        let named =
            |set: RuleSetFacts| Named { name: set.record.name, digest: set.digest, citation: set.record.citation };
        Ok(Together { digest, sets: sets.into_iter().map(named).collect(), as_of: context.as_of(client, as_of)? })
    }
}

impl fmt::Display for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let heading = format!("{} in force together", count(self.sets.len() as u64, "rule set"));
        sheet.heading("·", Tone::Good, &heading);
        sheet.whole("digest", &self.digest.to_string());
        for Named { name, digest, citation } in &self.sets {
            sheet.gap();
            sheet.text(2, name.as_str());
            sheet.row("source", citation.as_str());
            sheet.whole("digest", &digest.to_string());
        }
        sheet.gap();
        self.as_of.write(&mut sheet);
        sheet.gap();
        sheet.text(2, "the rules of each: colophon rules show DIGEST; not legal advice");
        sheet.fmt(f)
    }
}

impl Answer for Together {
    const SCHEMA: &'static str = "colophon.rules_together/v1";
}
