//! May title move here and now? What the state and the terms tell, judged by the rule sets in force at this height.
//!
//! Every record is asked for each time, so that evidence of a false answer holds all of them; what is kept from one crossing to the
//! next is the rules as they were parsed, which their digests name.

pub mod candidate;
mod in_force;
pub mod judgement;
pub mod objections;
pub mod proposed;
pub mod rehearsal;
pub mod rule_book;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use colophon_corridor::answer::{Finding, Says};
use colophon_corridor::facts::{CURRENCIES, Good, Money as Told, Party};
use colophon_corridor::paper::{Issuer, Paper};
use colophon_corridor::place::Country as Place;
use colophon_corridor::rule::{Due, Weight};
use colophon_corridor::word::{Act, Category, DocumentType, Protection};
use colophon_corridor::{Answer, Corridor, Facts, Outcome};

use crate::account::AccountId;
use crate::calendar::{Calendar, whole_days, year_of};
use crate::crossing::objections::{Objection, Objections};
use crate::deal::{Basis, Decree, Delivery, Money, Price};
use crate::facts::AgeClass;
use crate::field::{Country, Digest, EntryId, WorkId};
use crate::refusal::Refusal;
use crate::rule::{Context, Scope, Stop};
use crate::state::{
    About, AuthoritiesRecord, AuthorityRecord, Changes, CountedRecord, CrossingRecord, EditionRecord, NotedRecord,
    PaperRecord, RecordKey, Records, Unreadable, WorkRecord, write,
};

/// The version of what judges crossings, which belongs to the version of the ledger's rules.
pub const ENGINE: &str = colophon_corridor::engine::ENGINE;

/// What happens when an edition crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Title moves as both parties have signed.
    Transfer(Basis),
    /// The holder takes it elsewhere, and title stays.
    Move,
    /// Title moves by an authority's word.
    Transmit(Decree),
}

impl Deed {
    fn act(self) -> Act {
        match self {
            Deed::Transfer(_) => Act::Transfer,
            Deed::Move => Act::Move,
            Deed::Transmit(_) => Act::Transmit,
        }
    }

    /// Returns the grounds in the rules' words. A move has none: nothing is paid for it, as for a gift.
    fn basis(self) -> &'static str {
        match self {
            Deed::Transfer(basis) => basis.word(),
            Deed::Move => Basis::Gift.word(),
            Deed::Transmit(decree) => decree.word(),
        }
    }
}

/// An edition that is about to cross: to another holder, another country, or both.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// The work.
    pub work: &'a WorkId,
    /// Which edition.
    pub number: u64,
    /// The edition before.
    pub edition: &'a EditionRecord,
    /// Who gets it.
    pub to: &'a AccountId,
    /// Where it goes.
    pub to_country: &'a Country,
    /// What happens to title, and on what grounds.
    pub deed: Deed,
    /// What is handed over.
    pub delivery: Delivery,
    /// What is paid.
    pub price: Option<&'a Price>,
    /// Whether a professional of the art market takes part.
    pub professional: bool,
    /// What the edition is declared to be worth.
    pub value: Option<&'a Money>,
}

/// What counts for a crossing: documents, and their attestations.
#[derive(Debug, Default)]
struct Counted {
    papers: BTreeSet<Paper>,
    /// Each attestation, and as whose it counts.
    attests: BTreeMap<EntryId, BTreeSet<Issuer>>,
    /// Who is on whose list of sanctions.
    listed: BTreeSet<(AccountId, Place)>,
}

impl Crossing<'_> {
    /// Returns the edition after it has crossed, and what the rules noted, if they let it.
    ///
    /// In a certificate neither rules nor documents are at hand: there the records that the state proves say what came of it.
    pub(crate) fn pass(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let mut changes = Changes::new();
        let (country, newest) = (self.to_country.clone(), context.id);
        let mut crossed = EditionRecord { country, newest, offer: None, ..self.edition.clone() };
        if self.deed != Deed::Move {
            (crossed.holder, crossed.since_ms) = (*self.to, context.time_ms);
            crossed.transfers += 1;
        }
        if context.scope == Scope::Whole
            && let Some(now) = in_force::read(context.height, records)?
            && let Some(corridor) = &now.corridor
        {
            let record = self.judge(corridor, context, records)?;
            let named = RecordKey::Corridor(record.rules);
            if !records.holds(&named)? {
                write(&mut changes, named, &now.record());
            }
            let judged = self.edition.judged.unwrap_or_default() + 1;
            (crossed.judged, crossed.rules) = (Some(judged), Some(record.rules));
            write(&mut changes, RecordKey::Crossing(*self.work, self.number, judged), &record);
        }
        write(&mut changes, RecordKey::Edition(*self.work, self.number), &crossed);
        Ok(changes)
    }

    fn judge(
        &self,
        corridor: &Corridor,
        context: &Context<'_>,
        records: &impl Records,
    ) -> Result<CrossingRecord, Stop> {
        let (facts, papers) = self.facts(context.time_ms, records)?;
        let answer = corridor.judge(&facts);
        let rules = Digest(corridor.digest().into());
        if answer.outcome() != Outcome::Allow {
            return Err(refusal(&answer, rules).into());
        }
        let noted = answer.findings.iter().filter_map(noted).collect();
        let (giver, recipient) = (self.edition.holder, *self.to);
        Ok(CrossingRecord { giver, index: context.index, noted, papers, recipient, rules })
    }

    /// Returns what is known about the crossing, and the documents that count for it.
    fn facts(&self, time_ms: u64, records: &impl Records) -> Result<(Facts, Vec<CountedRecord>), Stop> {
        let name = RecordKey::Work(*self.work);
        let work: WorkRecord = records.read(&name)?.ok_or_else(|| Unreadable(format!("{name} is not there")))?;
        let today = Calendar::at(time_ms);
        let (from, to) = (place(&self.edition.country)?, place(self.to_country)?);
        let enrolled: AuthoritiesRecord = records.read(&RecordKey::Authorities)?.unwrap_or_default();
        let Counted { papers, attests, listed } = self.papers(&work, &enrolled, &today, records)?;
        let party = |account: &AccountId, country: Place| Party {
            account: account.to_string(),
            country,
            maker: *account == work.maker,
            listed: listed.iter().filter(|(of, _)| of == account).map(|(_, by)| *by).collect(),
        };
        let facts = Facts {
            act: self.deed.act(),
            from,
            to,
            basis: word(self.deed.basis())?,
            delivery: word(self.delivery.word())?,
            giver: party(&self.edition.holder, from),
            recipient: party(self.to, to),
            work: self.good(&work, &today)?,
            professional: self.professional,
            price: price_told(self.price),
            value: self.value.map(money).unwrap_or_default(),
            papers,
            enrolled: enrolled_types(&enrolled)?,
            year: u16::try_from(today.year).unwrap_or(u16::MAX),
            held_days: Some(u32::try_from(whole_days(self.edition.since_ms, time_ms)).unwrap_or(u32::MAX)),
            licence: None,
        };
        let counted = |(attest, of): (EntryId, BTreeSet<Issuer>)| CountedRecord {
            attest,
            // In the order of the words, not of the issuers.
            of: of.iter().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect(),
        };
        Ok((facts, attests.into_iter().map(counted).collect()))
    }

    /// Returns the cultural facts of the work, as its maker has stated them last.
    fn good(&self, work: &WorkRecord, today: &Calendar) -> Result<Good, Refusal> {
        // So many whole years lie between the year in which it was made and this one.
        let older_than = today.year.saturating_sub(year_of(&work.created)).saturating_sub(1);
        let facts = *work.facts.clone().unwrap_or_default();
        let older_than = older_than.max(facts.age.map_or(0, AgeClass::older_than));
        Ok(Good {
            id: self.work.to_string(),
            category: facts.category.map_or(Ok(Category::None), |category| word(category.as_str()))?,
            protection: facts.protection.map_or(Ok(Protection::None), |protection| word(protection.as_str()))?,
            source: word(work.source_type.as_str())?,
            older_than: u32::try_from(older_than).unwrap_or(u32::MAX),
            origin: work.made_in.as_ref().map(place).transpose()?,
            maker_died: facts.died.and_then(|year| u16::try_from(year.get()).ok()),
        })
    }

    /// Gathers the documents that count here and now: about the edition, its work or a party, by who is enrolled or is a party,
    /// valid today, and not revoked.
    fn papers(
        &self,
        work: &WorkRecord,
        enrolled: &AuthoritiesRecord,
        today: &Calendar,
        records: &impl Records,
    ) -> Result<Counted, Stop> {
        let (giver, recipient) = (self.edition.holder, *self.to);
        let mut found = Counted::default();
        let all = [
            About::Edition(*self.work, self.number),
            About::Work(*self.work),
            About::Account(giver),
            About::Account(recipient),
        ];
        let mut abouts = Vec::new();
        for about in all {
            // Nearly always nothing was ever said.
            if records.holds(&RecordKey::Notes(about))? {
                abouts.push(about);
            }
        }
        if abouts.is_empty() {
            return Ok(found);
        }
        for issuer in issuers(work, &giver, &recipient, enrolled, records)? {
            for about in &abouts {
                found.add(about, &issuer, today, records)?;
            }
        }
        Ok(found)
    }
}

/// An account whose documents of one type count, and as whose.
struct Attesting {
    account: AccountId,
    document: DocumentType,
    issuer: Issuer,
}

/// Lists whose documents count: those of the parties, and of every authority for what it is enrolled.
fn issuers(
    work: &WorkRecord,
    giver: &AccountId,
    recipient: &AccountId,
    enrolled: &AuthoritiesRecord,
    records: &impl Records,
) -> Result<Vec<Attesting>, Stop> {
    let parties = [(giver, Issuer::Giver), (recipient, Issuer::Recipient), (&work.maker, Issuer::Maker)];
    let mut all = Vec::new();
    for (account, issuer) in parties {
        let own = DocumentType::ALL.iter().map(|document| Attesting { account: *account, document: *document, issuer });
        all.extend(own);
    }
    for record in &enrolled.countries {
        let name = RecordKey::Authority(record.country.clone());
        let authority: AuthorityRecord = records.read(&name)?.unwrap_or_default();
        let issuer = Issuer::Country(place(&record.country)?);
        for one in &authority.accounts {
            for document in &one.types {
                all.push(Attesting { account: one.account, document: word(document.as_str())?, issuer });
            }
        }
    }
    Ok(all)
}

impl Counted {
    /// Adds the newest document of this type by this account about this, if it counts today.
    fn add(&mut self, about: &About, by: &Attesting, today: &Calendar, records: &impl Records) -> Result<(), Stop> {
        let document = by.document.as_str().parse().expect("the corridor's words are document types");
        let paper: Option<PaperRecord> = records.read(&RecordKey::Paper(*about, document, by.account))?;
        let counts = |paper: &PaperRecord| {
            paper.revoked.is_none() && today.is_within(paper.valid_from.as_ref(), paper.valid_to.as_ref())
        };
        if let Some(paper) = paper.filter(counts) {
            self.papers.insert(Paper { document: by.document, issuer: by.issuer });
            self.attests.entry(paper.attest).or_default().insert(by.issuer);
            if let (About::Account(of), DocumentType::SanctionListing, Issuer::Country(country)) =
                (about, by.document, by.issuer)
            {
                self.listed.insert((*of, country));
            }
        }
        Ok(())
    }
}

fn refusal(answer: &Answer, rules: Digest) -> Refusal {
    let objections = answer.findings.iter().filter(|finding| finding.weight > Weight::Note).map(|finding| {
        let wanted = match &finding.says {
            Says::Needs(wanted) => Some(*wanted),
            Says::Unattested(_) | Says::Bars(_) | Says::Owes { .. } | Says::Fails(_) => None,
        };
        Objection {
            rule: finding.rule.clone(),
            holds: finding.weight == Weight::Hold,
            document: wanted.map(|wanted| wanted.document.to_string()),
            of: wanted.map(|wanted| wanted.of.to_string()),
            because: finding.because.clone(),
            cite: finding.cite.clone(),
            cure: finding.cure(),
        }
    });
    let objections = Box::new(Objections { rules, objections: objections.collect() });
    match answer.outcome() {
        Outcome::Hold => Refusal::CrossingHeld(objections),
        Outcome::Allow | Outcome::Refuse => Refusal::CrossingRefused(objections),
    }
}

/// Returns what the register keeps of a rule's note.
fn noted(finding: &Finding) -> Option<NotedRecord> {
    let (wanted, due, within_days, owed) = match &finding.says {
        Says::Owes { closed_by, due, within_days } => (closed_by, *due, *within_days, true),
        Says::Unattested(wanted) => (wanted, None, None, false),
        Says::Needs(_) | Says::Bars(_) | Says::Fails(_) => return None,
    };
    Some(NotedRecord {
        amount: due.map(|Due { amount, .. }| amount),
        currency: due.map(|Due { currency, .. }| currency.to_owned()),
        of: wanted.of.to_string(),
        owed,
        receipt: None,
        rule: finding.rule.clone(),
        document_type: wanted.document.as_str().parse().expect("the corridor's words are document types"),
        within_days: within_days.map(u64::from),
    })
}

fn enrolled_types(all: &AuthoritiesRecord) -> Result<BTreeSet<(DocumentType, Place)>, Refusal> {
    let mut types = BTreeSet::new();
    for record in &all.countries {
        for document in &record.types {
            types.insert((word(document.as_str())?, place(&record.country)?));
        }
    }
    Ok(types)
}

fn price_told(price: Option<&Price>) -> Told {
    let Some(Price::Open(open)) = price else { return Told::new() };
    money(open)
}

/// Returns an amount as rules know it; nothing of a currency that they do not.
fn money(open: &Money) -> Told {
    let currency = CURRENCIES.into_iter().find(|known| *known == open.currency.as_str());
    currency.map(|currency| BTreeMap::from([(currency, open.amount.get())])).unwrap_or_default()
}

fn place(country: &Country) -> Result<Place, Refusal> {
    word(country.as_str())
}

/// Reads a word as the rules know it. What they cannot know, they cannot judge, and it does not pass.
fn word<T: std::str::FromStr<Err: fmt::Display>>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|error: T::Err| Refusal::CrossingUnknown(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RULES_VERSION;

    #[test]
    fn this_version_of_the_rules_judges_with_this_engine() {
        assert_eq!((RULES_VERSION, ENGINE), (1, "corridor/1 cedar/4.14.1"));
    }
}
