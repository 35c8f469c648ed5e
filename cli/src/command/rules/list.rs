//! `colophon rules list`: the rule sets in force and to come, and who may attest documents.

use std::fmt;

use colophon_client::rules::{Listed, RulesFacts};
use colophon_ledger::field::{Citation, Country, Digest, DocumentType, Jurisdiction, RuleSetName};
use serde::Serialize;

use crate::as_of::AsOf;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::party::Party;
use crate::register::name_of;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::{count, place};

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    let facts = context.wait_for(client.rules_in_force())?.map_err(Failure::of_reading)?;
    let mut authorities = Vec::new();
    for (country, record) in &facts.authorities {
        for enrolled in &record.accounts {
            let name = context.wait_for(name_of(&client, &enrolled.account))??;
            let account = Party::named(&enrolled.account, name);
            authorities.push(Authority { country: country.clone(), account, types: enrolled.types.clone() });
        }
    }
    let sets = (0..facts.sets.len()).map(|place| Set::of(&facts, place)).collect();
    let as_of = context.as_of(&client, &facts.as_of)?;
    let answer = RuleList { in_force: facts.in_force, height: facts.height, sets, authorities, as_of };
    context.ui.answer(&answer)?;
    if let Some(set) = answer.sets.first() {
        context.ui.next(format_args!("colophon rules show {}", set.name));
    }
    Ok(Exit::Done)
}

/// The rules of a register.
#[derive(Serialize)]
struct RuleList {
    /// The digest of the sets in force together. None: no rules are in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<Digest>,
    /// The height of the next batch, of which "in force" is said.
    height: u64,
    sets: Vec<Set>,
    authorities: Vec<Authority>,
    as_of: AsOf,
}

/// A rule set.
#[derive(Serialize)]
struct Set {
    name: RuleSetName,
    standing: Standing,
    /// The first batch that it judges.
    height: u64,
    /// None: from then on nothing of this name is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jurisdiction: Option<Jurisdiction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citation: Option<Citation>,
}

/// How a rule set stands for the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    InForce,
    ToCome,
    /// Another of its name has taken its place.
    Replaced,
    Withdrawn,
}

/// An account that may attest documents.
#[derive(Serialize)]
struct Authority {
    country: Country,
    account: Party,
    types: Vec<DocumentType>,
}

impl Set {
    fn of(facts: &RulesFacts, place: usize) -> Set {
        let Listed { name, height, set } = &facts.sets[place];
        let next = facts.sets.get(place + 1).filter(|next| next.name == *name && next.height <= facts.height);
        let standing = match (set, next) {
            _ if *height > facts.height => Standing::ToCome,
            (_, Some(next)) if next.set.is_some() => Standing::Replaced,
            (None, _) | (_, Some(_)) => Standing::Withdrawn,
            (Some(_), None) => Standing::InForce,
        };
        Set {
            name: name.clone(),
            standing,
            height: *height,
            digest: set.as_ref().map(|set| set.digest),
            rules: set.as_ref().map(|set| set.rules.len()),
            jurisdiction: set.as_ref().map(|set| set.record.jurisdiction.clone()),
            citation: set.as_ref().map(|set| set.record.citation.clone()),
        }
    }

    fn stands(&self) -> String {
        match (self.standing, self.digest) {
            (Standing::InForce, _) => format!("in force since batch {}", self.height),
            (Standing::ToCome, Some(_)) => format!("to come, from batch {} on", self.height),
            (Standing::ToCome, None) => format!("to be withdrawn from batch {} on", self.height),
            (Standing::Replaced, _) => "replaced by another of its name".to_owned(),
            (Standing::Withdrawn, Some(_)) => "withdrawn".to_owned(),
            (Standing::Withdrawn, None) => format!("withdrawn since batch {}", self.height),
        }
    }
}

impl fmt::Display for RuleList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let in_force = self.sets.iter().filter(|set| set.standing == Standing::InForce).count() as u64;
        let heading = match in_force {
            0 => "no rules of the corridor are in force here".to_owned(),
            sets => format!("{} of the corridor in force", count(sets, "rule set")),
        };
        sheet.heading("·", Tone::Good, &heading);
        for set in &self.sets {
            sheet.gap();
            sheet.text(2, &format!("{}, {}", set.name, set.stands()));
            if let Some(citation) = &set.citation {
                sheet.row("source", citation.as_str());
            }
            if let Some(jurisdiction) = &set.jurisdiction {
                sheet.row("law of", jurisdiction.as_str());
            }
            if let Some(rules) = set.rules {
                sheet.row("rules", &rules.to_string());
            }
            if let Some(digest) = &set.digest {
                sheet.whole("digest", &digest.to_string());
            }
        }
        for authority in &self.authorities {
            sheet.gap();
            sheet.text(2, &format!("authority of {}: {}", place(&authority.country), authority.account.introduced()));
            sheet.whole("account", authority.account.account.as_str());
            let types: Vec<&str> = authority.types.iter().map(DocumentType::as_str).collect();
            sheet.row("attests", &types.join(", "));
        }
        sheet.gap();
        self.as_of.write(&mut sheet);
        if let Some(digest) = &self.in_force {
            sheet.whole("together", &digest.to_string());
        }
        sheet.gap();
        sheet.text(2, "which crossings a rule is for, its text says; not legal advice");
        sheet.fmt(f)
    }
}

impl Answer for RuleList {
    const SCHEMA: &'static str = "colophon.rules_list/v1";
}
