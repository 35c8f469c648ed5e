//! What the rules of the corridor said when title moved: which were applied, on which documents, and what they noted.

use colophon_ledger::account::AccountId;
use colophon_ledger::certificate::{CountedPaper, Provenance, Standing};
use colophon_ledger::entry::terms::{Money, Price};
use colophon_ledger::field::{Day, Digest, DocumentType, EntryId, Int};
use colophon_ledger::state::{CrossingRecord, NotedRecord, ReceiptedRecord};
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
    /// The party to the crossing whose own word it is; of several, the first. None: an authority's, enrolled for it at that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<Side>,
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
    /// Whether its issuer has attested another in its place since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
    /// Whether its issuer has taken it back since. Title stays where it went by it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
}

/// A party to a crossing, whose statements count as its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who gave the edition away.
    Giver,
    /// Who got it.
    Recipient,
    /// The maker of the work.
    Maker,
}

impl Side {
    /// Returns which party an account is, if it is one. One that is an authority besides is told as the party that it is: from a
    /// crossing's record the one cannot be told from the other.
    fn of(account: &AccountId, crossing: &CrossingRecord, maker: &AccountId) -> Option<Side> {
        let sides = [(&crossing.giver, Side::Giver), (&crossing.recipient, Side::Recipient), (maker, Side::Maker)];
        sides.into_iter().find_map(|(party, side)| (party == account).then_some(side))
    }

    fn word(self) -> &'static str {
        match self {
            Side::Giver => "giver",
            Side::Recipient => "recipient",
            Side::Maker => "maker",
        }
    }
}

impl Attested {
    /// Returns it for people: an authority attests, a party states.
    fn told(&self) -> String {
        let (paper, by) = (&self.document_type, self.by.called());
        let since = match (self.taken_back, self.replaced) {
            (true, _) => "; TAKEN BACK since",
            (false, true) => "; replaced by another since",
            (false, false) => "",
        };
        match self.stated_by {
            None => format!("{paper} attested by {by}{since}"),
            Some(side) => format!("{paper} stated by {by}, the {}: their own word{since}", side.word()),
        }
    }
}

impl Ruled {
    /// Returns what a certificate proves of the rules behind the step at an index, if any were in force.
    pub fn of(index: u64, provenance: &Provenance) -> Option<Ruled> {
        let crossing = provenance.crossings.iter().find(|crossing| crossing.index == index)?;
        let counted = provenance.papers.iter().filter(|paper| crossing.papers.contains(&paper.moment.id));
        let attested = |CountedPaper { moment, attest, standing }: &CountedPaper| Attested {
            document_type: attest.document_type.clone(),
            by: Party::of(&attest.by, provenance),
            stated_by: Side::of(&attest.by, crossing, &provenance.mint.by),
            entry: moment.id,
            sha256: attest.sha256,
            valid_from: attest.valid_from.clone(),
            valid_to: attest.valid_to.clone(),
            replaced: *standing == Standing::Replaced,
            taken_back: matches!(standing, Standing::Revoked(_)),
        };
        let papers = counted.map(attested).collect();
        Some(Ruled { rules: crossing.rules, papers, noted: crossing.noted.clone() })
    }

    /// Returns it in lines for people.
    pub fn told(&self) -> Vec<String> {
        let end = format!("checked against rule set {}; not legal advice", words::short(&self.rules));
        self.papers.iter().map(Attested::told).chain(self.noted.iter().map(noted)).chain([end]).collect()
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
    fn a_party_s_own_word_is_not_told_as_an_authority_s() {
        let [giver, recipient, maker, bureau] = ["ana", "bo", "cy", "bureau"].map(crate::sample::account);
        let digest = Digest(colophon_tlog::hash::sha256(b"a paper"));
        let crossing =
            CrossingRecord { giver, index: 9, noted: Vec::new(), papers: vec![digest], recipient, rules: digest };
        let told = |by: &AccountId| {
            let stated_by = Side::of(by, &crossing, &maker);
            let (document_type, by) = ("NAT_EXPORT_LICENCE".parse().unwrap(), Party::named(by, None));
            let (entry, sha256, valid_from, valid_to) = (digest, digest, None, None);
            let (replaced, taken_back) = (false, false);
            Attested { document_type, by, stated_by, entry, sha256, valid_from, valid_to, replaced, taken_back }.told()
        };
        for (account, word) in [(giver, "giver"), (recipient, "recipient"), (maker, "maker")] {
            let told = told(&account);
            assert!(told.starts_with("NAT_EXPORT_LICENCE stated by z6Mk"), "{told}");
            assert!(told.ends_with(&format!(", the {word}: their own word")), "{told}");
        }
        assert!(told(&bureau).starts_with("NAT_EXPORT_LICENCE attested by z6Mk"), "{}", told(&bureau));
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
