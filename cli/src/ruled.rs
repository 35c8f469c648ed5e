//! What the rules of the corridor said when title moved: which were applied, on which documents, and what they noted.

use colophon_ledger::certificate::{Moment, Provenance};
use colophon_ledger::entry::attest::Attest;
use colophon_ledger::entry::terms::{Money, Price};
use colophon_ledger::field::{Day, Digest, DocumentType, EntryId, Int};
use colophon_ledger::state::{NotedRecord, ReceiptedRecord};
use serde::Serialize;

use crate::party::Party;
use crate::words;

/// What was applied when title moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruled {
    /// The digest of the rule sets that were in force together.
    pub rules: Digest,
    /// The documents that counted.
    pub papers: Vec<Attested>,
    /// What the rules noted.
    pub noted: Vec<NotedRecord>,
}

/// A document that counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// What it is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// Who attested it.
    pub by: Party,
    /// Which party that is, if it is one: `giver`, `recipient` or `maker`. Else it counted as an enrolled authority's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<&'static str>,
    /// The attestation.
    pub entry: EntryId,
    /// SHA-256 of its file.
    pub sha256: Digest,
    /// The first day on which it was valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// The last day on which it was valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
}

impl Ruled {
    /// Returns what a certificate proves of the rules behind the step at an index, if any were in force.
    pub fn of(index: u64, provenance: &Provenance) -> Option<Ruled> {
        let crossing = provenance.crossings.iter().find(|crossing| crossing.index == index)?;
        let counted = provenance.papers.iter().filter(|(moment, _)| crossing.papers.contains(&moment.id));
        let parties =
            [("giver", crossing.giver), ("recipient", crossing.recipient), ("maker", provenance.record.maker)];
        let attested = |(moment, attest): &(Moment, Attest)| Attested {
            document_type: attest.document_type.clone(),
            by: Party::of(&attest.by, provenance),
            party: parties.iter().find(|(_, account)| *account == attest.by).map(|(party, _)| *party),
            entry: moment.id,
            sha256: attest.sha256,
            valid_from: attest.valid_from.clone(),
            valid_to: attest.valid_to.clone(),
        };
        let papers = counted.map(attested).collect();
        Some(Ruled { rules: crossing.rules, papers, noted: crossing.noted.clone() })
    }

    /// Returns it in lines for people.
    pub fn told(&self) -> Vec<String> {
        let paper = |paper: &Attested| match paper.party {
            None => format!("{} attested by {}", paper.document_type, paper.by.called()),
            // Whatever it calls itself.
            Some(party) => format!("{} stated by {}, the {party} itself", paper.document_type, paper.by.called()),
        };
        let end = format!("checked against rule set {}; not legal advice", words::short(&self.rules));
        self.papers.iter().map(paper).chain(self.noted.iter().map(noted)).chain([end]).collect()
    }
}

/// Returns an amount in words for people.
pub fn money_of(amount: Option<u64>, currency: Option<&str>) -> Option<String> {
    let (amount, currency) = amount.and_then(Int::new).zip(currency.and_then(|code| code.parse().ok()))?;
    Some(words::price(&Price::Open(Money { amount, currency })))
}

fn noted(note: &NotedRecord) -> String {
    let NotedRecord { of, rule, document_type, .. } = note;
    if !note.owed {
        return format!("not asked for, since nobody is enrolled: {document_type} of {of} ({rule})");
    }
    let amount =
        money_of(note.amount, note.currency.as_deref()).map(|amount| format!("{amount}; ")).unwrap_or_default();
    let within = note.within_days.map(|days| format!(" within {}", words::count(days, "day"))).unwrap_or_default();
    match &note.receipt {
        None => format!("owed: {amount}{document_type} of {of}{within} ({rule})"),
        Some(ReceiptedRecord { by, entry, .. }) => {
            let (by, entry) = (words::called(by, None), words::short(entry));
            format!("settled: {amount}{document_type} of {of} ({rule}), says {by} in the entry {entry}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(owed: bool) -> NotedRecord {
        NotedRecord {
            amount: owed.then_some(203_000),
            currency: owed.then(|| "EUR".to_owned()),
            of: "maker".to_owned(),
            owed,
            receipt: None,
            rule: "ARR-EU/royalty".to_owned(),
            document_type: "ARR_RECEIPT".parse().unwrap(),
            within_days: owed.then_some(60),
        }
    }

    #[test]
    fn what_a_party_says_itself_is_told_as_that_whatever_it_calls_itself() {
        let sample = crate::sample::Sample::minted();
        let paper = |party| Attested {
            document_type: "AI_LABEL_ATTEST".parse().unwrap(),
            by: Party::of(&crate::sample::account("ana"), sample.provenance()),
            party,
            entry: Digest(colophon_tlog::hash::sha256(b"entry")),
            sha256: Digest(colophon_tlog::hash::sha256(b"file")),
            valid_from: None,
            valid_to: None,
        };
        let rules = Digest(colophon_tlog::hash::sha256(b"rules"));
        let ruled = Ruled { rules, papers: vec![paper(None), paper(Some("giver"))], noted: Vec::new() };
        let told = ruled.told();
        assert!(told[0].starts_with("AI_LABEL_ATTEST attested by \"Ana Lu\""), "{told:?}");
        assert!(told[1].starts_with("AI_LABEL_ATTEST stated by \"Ana Lu\""), "{told:?}");
        assert!(told[1].ends_with(", the giver itself"), "{told:?}");
    }

    #[test]
    fn what_was_applied_is_told_and_ends_with_what_it_is_not() {
        let rules = Digest(colophon_tlog::hash::sha256(b"rules"));
        let ruled = Ruled { rules, papers: Vec::new(), noted: vec![note(true), note(false)] };
        let told = ruled.told();
        assert_eq!(told[0], "owed: 2030.00 EUR; ARR_RECEIPT of maker within 60 days (ARR-EU/royalty)");
        assert_eq!(told[1], "not asked for, since nobody is enrolled: ARR_RECEIPT of maker (ARR-EU/royalty)");
        let receipt = ReceiptedRecord { by: crate::sample::account("ana"), entry: rules, index: 9 };
        let settled = noted(&NotedRecord { receipt: Some(receipt), ..note(true) });
        assert!(
            settled.starts_with("settled: 2030.00 EUR; ARR_RECEIPT of maker (ARR-EU/royalty), says z6Mk"),
            "{settled}"
        );
        let end = format!("checked against rule set {}; not legal advice", words::short(&rules));
        assert_eq!(told.last(), Some(&end));
    }
}
