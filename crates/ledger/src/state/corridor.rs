//! The records of the corridor: rule sets, who attests what they ask for, and what they said when title moved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::field::{Citation, Country, Digest, DocumentType, EntryId, Jurisdiction, Line, RuleSetName};

/// The rule sets that are in force or to come. Those that others have replaced are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleListRecord {
    /// Each, in ascending order of names and heights.
    pub sets: Vec<RuleSetRecord>,
}

/// From when on a rule set is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSetRecord {
    /// Its digest, under which its text stands. Left out, nothing of this name is in force from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The height of the first batch that it judges.
    pub height: u64,
    /// Its name.
    pub name: RuleSetName,
}

impl RuleListRecord {
    /// Puts a set in its place in the list that a batch at `height` leads to, in which what no later batch asks for is left out.
    pub fn put(&mut self, set: RuleSetRecord, height: u64) {
        self.sets.retain(|other| (&other.name, other.height) != (&set.name, set.height));
        self.sets.push(set);
        self.sets.sort_unstable_by(|one, other| (&one.name, one.height).cmp(&(&other.name, other.height)));
        let begun = |set: &RuleSetRecord| set.height <= height;
        let sets = std::mem::take(&mut self.sets);
        let over = |n: usize| sets.get(n + 1).is_some_and(|next| next.name == sets[n].name && begun(next));
        let withdrawn = |n: usize| begun(&sets[n]) && sets[n].digest.is_none();
        for n in (0..sets.len()).filter(|n| !over(*n) && !withdrawn(*n)) {
            // A withdrawal of what is in force neither now nor by then withdraws nothing.
            let ends = |last: &RuleSetRecord| last.name == sets[n].name && last.digest.is_some();
            if sets[n].digest.is_some() || self.sets.last().is_some_and(ends) {
                self.sets.push(sets[n].clone());
            }
        }
    }

    /// Counts the names of the sets that are in force or to come.
    pub fn names(&self) -> usize {
        self.sets.chunk_by(|one, other| one.name == other.name).count()
    }

    /// Lists the sets in force at a height, in ascending order of their names.
    pub fn in_force(&self, height: u64) -> Vec<NamedSetRecord> {
        let mut newest: BTreeMap<&RuleSetName, Option<Digest>> = BTreeMap::new();
        newest.extend(self.sets.iter().filter(|set| set.height <= height).map(|set| (&set.name, set.digest)));
        let named = |(name, digest): (&RuleSetName, Option<Digest>)| {
            Some(NamedSetRecord { digest: digest?, name: name.clone() })
        };
        newest.into_iter().filter_map(named).collect()
    }
}

/// A rule set as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedRecord {
    /// The law or decision that it states.
    pub citation: Citation,
    /// The index of the `rules` that published it last.
    pub index: u64,
    /// Whose law it is.
    pub jurisdiction: Jurisdiction,
    /// Its name.
    pub name: RuleSetName,
    /// Its text, line by line.
    pub text: Vec<Line>,
}

/// Which types of documents somebody is enrolled to attest, for each country.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthoritiesRecord {
    /// Each country with such an account, in ascending order.
    pub countries: Vec<CountryRecord>,
}

/// What the authorities of one country attest together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountryRecord {
    /// The country.
    pub country: Country,
    /// The types of documents, in ascending order.
    pub types: Vec<DocumentType>,
}

/// The authorities of one country.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityRecord {
    /// Each, in ascending order of accounts.
    pub accounts: Vec<EnrolledRecord>,
}

/// One authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolledRecord {
    /// Its account.
    pub account: AccountId,
    /// The types of documents that count when it attests them, in ascending order.
    pub types: Vec<DocumentType>,
}

/// What the rules said when title to an edition moved, and what has come of it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossingRecord {
    /// Who gave the edition away.
    pub giver: AccountId,
    /// The index of the transfer or acceptance.
    pub index: u64,
    /// What the rules noted, in ascending order of their ids.
    pub noted: Vec<NotedRecord>,
    /// The documents that counted, in ascending order of their attestations.
    pub papers: Vec<CountedRecord>,
    /// Who got it.
    pub recipient: AccountId,
    /// The digest of the rule sets in force together.
    pub rules: Digest,
}

/// A document that counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedRecord {
    /// Its attestation.
    pub attest: EntryId,
    /// Whose document it was, in ascending order: countries for which its issuer was enrolled, and `giver`, `maker` or `recipient`.
    pub of: Vec<String>,
}

/// The rule sets that were in force together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorridorRecord {
    /// Each, in ascending order of names.
    pub sets: Vec<NamedSetRecord>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSetRecord {
    /// Its digest, under which its text stands.
    pub digest: Digest,
    /// Its name.
    pub name: RuleSetName,
}

/// What one rule noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotedRecord {
    /// How much is owed, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// Of which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Of whom the document is: a country, a region, a party, or `origin`.
    pub of: String,
    /// Whether the document is owed. Otherwise the rule asks for it before title moves, and nobody is enrolled to attest it.
    pub owed: bool,
    /// The receipt for what was owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptedRecord>,
    /// The rule's id.
    pub rule: String,
    /// What the document is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// Within how many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
}

/// A receipt for what was owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptedRecord {
    /// Who gave it.
    pub by: AccountId,
    /// The entry.
    pub entry: EntryId,
    /// Its index.
    pub index: u64,
}
