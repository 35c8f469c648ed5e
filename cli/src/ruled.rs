//! What the rules of the corridor said when title moved: which were applied, on which documents, and what they noted.

use colophon_ledger::account::AccountId;
use colophon_ledger::card::PaperWords;
use colophon_ledger::certificate::{CountedPaper, Provenance, Standing};
use colophon_ledger::deal::{Money, Price};
use colophon_ledger::entry::attest::Attest;
use colophon_ledger::field::{Day, Digest, DocumentType, EntryId, Int};
use colophon_ledger::state::{NamedSetRecord, NotedRecord, ReceiptedRecord};
use serde::Serialize;

use crate::party::Party;
use crate::words;
use crate::words::ids;

/// What was applied when title moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruled {
    /// The digest of the rule sets that were in force together.
    pub rules: Digest,
    /// Each of them.
    pub sets: Vec<NamedSetRecord>,
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
    /// As whose it counted: countries for which its issuer was enrolled then, `giver`, `maker`, `recipient`.
    pub of: Vec<String>,
    /// The party to the crossing whose own word it is; of several, the first. None: an authority's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<Side>,
    /// What it is about.
    pub about: Subject,
    /// Its number, as its issuer says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it is or says, in its issuer's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
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
    /// Whether the newest in its place has been taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replacement_taken_back: bool,
    /// Whether its issuer has taken it back since. Title stays where it went by it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
}

/// What a document is about, of a crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The work, all editions of it.
    Work,
    /// This edition.
    Edition,
    /// The account of who gave it away, with all that it gives and takes.
    Giver,
    /// The account of who got it.
    Recipient,
}

impl Subject {
    /// Returns what an attestation is about that counted for a crossing with this giver.
    pub fn of(attest: &Attest, giver: &AccountId) -> Subject {
        match (attest.account, attest.edition) {
            (Some(account), _) if account == *giver => Subject::Giver,
            (Some(_), _) => Subject::Recipient,
            (None, Some(_)) => Subject::Edition,
            (None, None) => Subject::Work,
        }
    }

    /// Returns it in words.
    pub fn word(self) -> &'static str {
        match self {
            Subject::Work => "the work",
            Subject::Edition => "this edition",
            Subject::Giver => "the giver's account",
            Subject::Recipient => "the recipient's account",
        }
    }
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
    /// Returns whose own word a document is that counted as a document of these: a party's, unless it is an authority's too.
    pub fn of(whose: &[String]) -> Option<Side> {
        let sides = [Side::Giver, Side::Recipient, Side::Maker];
        let is_authority = countries(whose).next().is_some();
        sides.into_iter().find(|side| !is_authority && whose.iter().any(|one| one == side.word()))
    }

    /// Returns it in words.
    pub fn word(self) -> &'static str {
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
        let since = match (self.taken_back, self.replaced, self.replacement_taken_back) {
            (true, ..) => "; TAKEN BACK since",
            (false, true, true) => "; replaced since by another, which was TAKEN BACK",
            (false, true, false) => "; replaced by another since",
            (false, false, _) => "",
        };
        let number = self.number.as_deref().map(|number| format!(" no. {}", words::shown(number))).unwrap_or_default();
        let said = self.words.as_deref().map(|said| format!(", \"{}\",", words::shown(said))).unwrap_or_default();
        let whose = whose(&by, self.stated_by, &self.of);
        format!("{paper}{number}{said} {whose}; about {}{since}", self.about.word())
    }
}

/// Returns who attested a document, and for which countries; or who stated it.
pub fn whose(by: &str, stated_by: Option<Side>, of: &[String]) -> String {
    match stated_by {
        None => {
            let party = of.iter().find(|one| one.starts_with(|letter: char| letter.is_ascii_lowercase()));
            let party = party.map(|party| format!(", the {party} besides,")).unwrap_or_default();
            format!("attested by {by}{party} for {}", countries(of).collect::<Vec<_>>().join(", "))
        }
        Some(side) => format!("stated by {by}, the {}: their own word", side.word()),
    }
}

/// Returns what a document's card says of it; nothing where the card was withdrawn.
fn words_of(attest: &Attest, provenance: &Provenance) -> PaperWords {
    let text = attest.card.and_then(|digest| provenance.cards.get(&digest));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Lists the countries among those whose document it was.
fn countries(of: &[String]) -> impl Iterator<Item = &str> {
    of.iter().map(String::as_str).filter(|one| one.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

impl Ruled {
    /// Returns what a certificate proves of the rules behind the step at an index, if any were in force.
    pub fn of(index: u64, provenance: &Provenance) -> Option<Ruled> {
        let crossing = provenance.crossings.iter().find(|crossing| crossing.index == index)?;
        let counted = provenance.papers.iter().filter_map(|paper| {
            let counted = crossing.papers.iter().find(|counted| counted.attest == paper.moment.id)?;
            Some((paper, &counted.of))
        });
        let attested = |(CountedPaper { moment, attest, standing }, of): (&CountedPaper, &Vec<String>)| {
            let PaperWords { about: words, number } = words_of(attest, provenance);
            Attested {
                number,
                words,
                document_type: attest.document_type.clone(),
                by: Party::of(&attest.by, provenance),
                of: of.clone(),
                stated_by: Side::of(of),
                about: Subject::of(attest, &crossing.giver),
                entry: moment.id,
                sha256: attest.sha256,
                valid_from: attest.valid_from.clone(),
                valid_to: attest.valid_to.clone(),
                replaced: matches!(standing, Standing::Replaced { .. }),
                replacement_taken_back: matches!(standing, Standing::Replaced { revoked: Some(_) }),
                taken_back: matches!(standing, Standing::Revoked(_)),
            }
        };
        let papers = counted.map(attested).collect();
        let sets = provenance.corridors.get(&crossing.rules).map(|corridor| corridor.sets.clone()).unwrap_or_default();
        Some(Ruled { rules: crossing.rules, sets, papers, noted: crossing.noted.clone() })
    }

    /// Returns it in lines for people.
    pub fn told(&self) -> Vec<String> {
        let end = format!("checked against rule set {}; not legal advice", ids::short(&self.rules));
        let names: Vec<&str> = self.sets.iter().map(|set| set.name.as_str()).collect();
        let sets = (!names.is_empty()).then(|| format!("rules in force: {}", names.join(", ")));
        self.papers.iter().map(Attested::told).chain(self.noted.iter().map(noted)).chain(sets).chain([end]).collect()
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
            let (by, entry) = (words::called(by, None), ids::short(entry));
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
        let digest = Digest(colophon_tlog::hash::sha256(b"a paper"));
        let told = |of: &[&str]| {
            let of: Vec<String> = of.iter().map(ToString::to_string).collect();
            let (document_type, by) =
                ("NAT_EXPORT_LICENCE".parse().unwrap(), Party::named(&crate::sample::account("ana"), None));
            let (stated_by, about, number, words) = (Side::of(&of), Subject::Work, None, None);
            let (entry, sha256, valid_from, valid_to) = (digest, digest, None, None);
            let (replaced, replacement_taken_back, taken_back) = (false, false, false);
            Attested {
                document_type,
                by,
                of,
                stated_by,
                about,
                number,
                words,
                entry,
                sha256,
                valid_from,
                valid_to,
                replaced,
                replacement_taken_back,
                taken_back,
            }
            .told()
        };
        for word in ["giver", "recipient", "maker"] {
            let told = told(&[word]);
            assert!(told.starts_with("NAT_EXPORT_LICENCE stated by z6Mk"), "{told}");
            assert!(told.ends_with(&format!(", the {word}: their own word; about the work")), "{told}");
        }
        // One that is enrolled and a party besides attests as an authority.
        for of in [&["CN"][..], &["CN", "giver"]] {
            let told = told(of);
            assert!(told.starts_with("NAT_EXPORT_LICENCE attested by z6Mk"), "{told}");
            assert!(told.ends_with(" for CN; about the work"), "{told}");
        }
    }

    #[test]
    fn what_was_applied_is_told_and_ends_with_what_it_is_not() {
        let rules = Digest(colophon_tlog::hash::sha256(b"rules"));
        let sets = vec![NamedSetRecord { digest: rules, name: "ARR-EU".parse().unwrap() }];
        let ruled = Ruled { rules, sets, papers: Vec::new(), noted: vec![note(true), note(false)] };
        let told = ruled.told();
        assert_eq!(told[0], "owed: 2030.00 EUR; ARR_RECEIPT of maker within 60 days (ARR-EU/royalty)");
        assert_eq!(told[1], "not asked for, since nobody is enrolled: ARR_RECEIPT of maker (ARR-EU/royalty)");
        assert_eq!(told[2], "rules in force: ARR-EU");
        let receipt = ReceiptedRecord { by: crate::sample::account("ana"), entry: rules, index: 9 };
        let settled = noted(&NotedRecord { receipt: Some(receipt), ..note(true) });
        assert!(
            settled.starts_with("settled: 2030.00 EUR; ARR_RECEIPT of maker (ARR-EU/royalty), says z6Mk"),
            "{settled}"
        );
        let end = format!("checked against rule set {}; not legal advice", ids::short(&rules));
        assert_eq!(told.last(), Some(&end));
    }
}
