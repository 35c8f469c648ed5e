//! What the rules of the corridor would answer to terms before anybody signs them: judged on this machine, from records that the register
//! proves.

use colophon_client::client::Client;
use colophon_client::crossing::{Objection, Objections};
use colophon_client::entry::EntryName;
use colophon_client::failure::Failure as _;
use colophon_client::follow::FollowError;
use colophon_client::http::HttpError;
use colophon_client::lookup::{AsOf, LookupError};
use colophon_client::rules::RulesFacts;
use colophon_ledger::account::AccountId;
use colophon_ledger::crossing::judgement::{Does, Outcome, Said};
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::crossing::rule_book::enrolled_for;
use colophon_ledger::deal::{Money, Price};
use colophon_ledger::entry::Body;
use colophon_ledger::field::{Digest, DocumentType, EntryId, Int, RuleSetName};
use colophon_ledger::state::CountedRecord;
use serde::Serialize;

use crate::clock;
use crate::context::Context;
use crate::failure::Failure;
use crate::party::Party;
use crate::register::name_of;
use crate::ruled::{Side, Subject, whose};
use crate::sheet::Sheet;
use crate::signing::Desk;
use crate::ui::Tone;
use crate::words::ids::short;
use crate::words::{self, count};

/// The most authorities that are named for one document.
const AUTHORITIES_SHOWN_MAX: usize = 8;
/// The most documents that count of which is told who attested them.
const PAPERS_SHOWN_MAX: usize = 32;

/// What the rules would answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Foreseen {
    /// Whether the edition could cross.
    pub outcome: Outcome,
    /// The digest of the rule sets in force together. None: no rules are in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Digest>,
    /// What each rule says that applies.
    pub findings: Vec<Told>,
    /// The documents that count.
    pub papers: Vec<Counted>,
    /// What later batches will find in force, or not any more.
    pub to_come: Vec<ToCome>,
}

/// What one rule says, and who could help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What it says.
    #[serde(flatten)]
    pub said: Said,
    /// The accounts that are enrolled to attest the document.
    pub attested_by: Vec<Party>,
}

/// A document that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The attestation.
    pub entry: EntryId,
    /// What it is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// Who attested it.
    pub by: Party,
    /// As whose it counts: countries for which its issuer is enrolled, `giver`, `maker`, `recipient`.
    pub of: Vec<String>,
    /// The party whose own word it is; of several, the first. None: an authority's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<Side>,
    /// What it is about: `work`, `edition`, or the account of the `giver` or the `recipient`.
    pub about: Subject,
}

/// A set that comes into force, or goes out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToCome {
    /// Its name.
    pub name: RuleSetName,
    /// The first batch that finds it so.
    pub height: u64,
    /// Its digest. None: from then on nothing of this name is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Foreseen {
    /// Asks for what a crossing is judged by, and judges it. Returns the moment that it is about, too.
    pub fn of(context: &Context, client: &Client, proposed: &Proposed) -> Result<(Foreseen, AsOf), LookupOrFailure> {
        let now_ms = clock::now_ms()?;
        let answer = context.wait_for(client.foresee(proposed, now_ms))??;
        let to_come = answer.to_come.into_iter();
        let to_come = to_come.map(|set| ToCome { name: set.name, height: set.height, digest: set.digest }).collect();
        let Some(judgement) = answer.judgement else {
            let (findings, papers) = (Vec::new(), Vec::new());
            let none = Foreseen { outcome: Outcome::Allow, rules: None, findings, papers, to_come };
            return Ok((none, answer.as_of));
        };
        let mut people = People { context, client, authorities: None };
        let findings = judgement.findings.into_iter().map(|said| people.told(said)).collect::<Result<_, _>>()?;
        let papers = judgement.papers.iter().take(PAPERS_SHOWN_MAX);
        let papers = papers.map(|paper| people.counted(paper, &proposed.to));
        let papers = papers.collect::<Result<_, _>>()?;
        Ok((
            Foreseen { outcome: judgement.outcome, rules: Some(judgement.rules), findings, papers, to_come },
            answer.as_of,
        ))
    }

    fn objections(&self) -> impl Iterator<Item = &Told> {
        self.findings.iter().filter(|told| matches!(told.said.does, Does::Refuses | Does::Waits))
    }

    /// Writes the answer, but for its last line.
    pub fn write(&self, sheet: &mut Sheet) {
        let (mark, tone, heading) = self.heading();
        sheet.heading(mark, tone, &heading);
        for told in &self.findings {
            sheet.gap();
            told.write(sheet);
        }
        if !self.papers.is_empty() {
            sheet.gap();
            sheet.items("counts", &self.papers.iter().map(Counted::told).collect::<Vec<_>>());
        }
        if !self.to_come.is_empty() {
            sheet.gap();
            let coming = |set: &ToCome| match set.digest {
                Some(_) => format!("{} from batch {} on", set.name, set.height),
                None => format!("nothing of the name {} from batch {} on", set.name, set.height),
            };
            sheet.items("to come", &self.to_come.iter().map(coming).collect::<Vec<_>>());
        }
    }

    fn heading(&self) -> (&'static str, Tone, String) {
        let objections = self.objections().count() as u64;
        let needs = self.objections().filter(|told| told.said.document.is_some()).count() as u64;
        match self.outcome {
            Outcome::Allow if self.rules.is_none() => {
                ("✔", Tone::Good, "no rules of the corridor are in force here: the signatures are enough".to_owned())
            }
            Outcome::Allow => ("✔", Tone::Good, "the rules in force let this pass".to_owned()),
            Outcome::Hold => ("!", Tone::Warning, format!("this waits: {} missing", papers(needs))),
            Outcome::Refuse if needs == objections => {
                ("✘", Tone::Bad, format!("the rules do not let this pass yet: {} missing", papers(needs)))
            }
            Outcome::Refuse => ("✘", Tone::Bad, "the rules do not let this pass".to_owned()),
        }
    }

    /// Returns the line that every text about an answer ends with.
    pub fn checked(&self) -> String {
        match &self.rules {
            Some(rules) => format!("checked against rule set {}; not legal advice", short(rules)),
            None => "checked against no rule set; not legal advice".to_owned(),
        }
    }

    /// Returns the failure that the register would answer with, if it would not take the entry.
    fn refusal(&self) -> Option<Failure> {
        let code = match self.outcome {
            Outcome::Allow => return None,
            Outcome::Hold => "crossing_held",
            Outcome::Refuse => "crossing_refused",
        };
        let objection = |told: &Told| {
            let Said { rule, does, because, cite, cure, .. } = told.said.clone();
            Objection { rule, holds: does == Does::Waits, because, cite, cure }
        };
        Some(Failure::crossing(
            code,
            Objections { rules: self.rules?, objections: self.objections().map(objection).collect() },
        ))
    }

    /// Returns the whole answer as it is told before something is signed.
    pub fn told(&self) -> String {
        let mut sheet = Sheet::new();
        self.write(&mut sheet);
        sheet.text(2, &self.checked());
        sheet.to_string().trim_end().to_owned()
    }
}

impl Counted {
    fn told(&self) -> String {
        let Counted { document_type, of, stated_by, about, .. } = self;
        format!("{document_type} {}; about {}", whose(&self.by.called(), *stated_by, of), about.word())
    }
}

fn papers(number: u64) -> String {
    format!("{} {}", count(number, "paper"), if number == 1 { "is" } else { "are" })
}

impl Told {
    fn write(&self, sheet: &mut Sheet) {
        let Said { because, cite, cure, does, rule, .. } = &self.said;
        let does = match does {
            Does::Refuses | Does::Waits => {
                sheet.row("to do", cure);
                for party in self.attested_by.iter().take(AUTHORITIES_SHOWN_MAX) {
                    sheet.row("whom to ask", &party.introduced());
                    sheet.whole("", party.account.as_str());
                }
                let more = self.attested_by.len().saturating_sub(AUTHORITIES_SHOWN_MAX);
                if more > 0 {
                    sheet.row("", &format!("and {more} more: colophon rules list"));
                }
                if *does == Does::Waits { "waits" } else { "refuses" }
            }
            Does::Owes => {
                sheet.row("afterwards", &self.owed());
                "notes"
            }
            Does::Unattested => {
                sheet.row("not asked", &format!("{}, since nobody is enrolled to attest it", self.paper()));
                "notes"
            }
        };
        sheet.row("because", because);
        sheet.row("source", cite);
        sheet.row("rule", &format!("{rule} {does}"));
    }

    fn paper(&self) -> String {
        let Said { document, of, .. } = &self.said;
        format!("{} of {}", document.as_deref().unwrap_or("a document"), of.as_deref().unwrap_or("somebody"))
    }

    fn owed(&self) -> String {
        let Said { amount, currency, within_days, .. } = &self.said;
        let amount = amount.and_then(Int::new).zip(currency.as_ref().and_then(|code| code.parse().ok()));
        let amount = amount.map(|(amount, currency)| words::price(&Price::Open(Money { amount, currency })));
        let amount = amount.map(|amount| format!("{amount}; ")).unwrap_or_default();
        let within = within_days.map(|days| format!(" within {}", count(days, "day"))).unwrap_or_default();
        format!("{amount}{}{within}", self.paper())
    }
}

/// Who the accounts are that an answer speaks of.
struct People<'c> {
    context: &'c Context,
    client: &'c Client,
    /// Asked for when a document is missing.
    authorities: Option<RulesFacts>,
}

impl People<'_> {
    fn told(&mut self, said: Said) -> Result<Told, LookupOrFailure> {
        let mut attested_by = Vec::new();
        let wanted = said.document.clone().zip(said.of.clone());
        if let (Does::Refuses | Does::Waits, Some((document, of))) = (said.does, wanted) {
            for country in enrolled_for(&of) {
                let enrolled: Vec<AccountId> = self.authorities()?.enrolled(&country, &document).copied().collect();
                for account in &enrolled {
                    attested_by.push(self.party(account)?);
                }
            }
        }
        Ok(Told { said, attested_by })
    }

    /// Returns who is enrolled for what; asks the register the first time.
    fn authorities(&mut self) -> Result<&RulesFacts, LookupOrFailure> {
        let facts = match self.authorities.take() {
            Some(facts) => facts,
            None => self.context.wait_for(self.client.rules_in_force())??,
        };
        Ok(self.authorities.insert(facts))
    }

    fn party(&self, account: &AccountId) -> Result<Party, LookupOrFailure> {
        Ok(Party::named(account, self.context.wait_for(name_of(self.client, account))??))
    }

    fn counted(&self, paper: &CountedRecord, recipient: &AccountId) -> Result<Counted, LookupOrFailure> {
        let id = paper.attest;
        let logged = self.context.wait_for(self.client.entry(EntryName::Id(id)))??;
        let Body::Attest(attest) = logged.entry.body() else {
            return Err(Failure::not_verified(
                format!("the document {} is said to be attested by an entry that attests none", short(&id)),
                "do not rely on this answer; tell the operator, and ask another node of the register",
            )
            .into());
        };
        let about = match attest.account {
            Some(account) if account == *recipient => Subject::Recipient,
            Some(giver) => Subject::of(attest, &giver),
            None => Subject::of(attest, recipient),
        };
        let (document_type, by) = (attest.document_type.clone(), self.party(&attest.by)?);
        let (of, stated_by) = (paper.of.clone(), Side::of(&paper.of));
        Ok(Counted { entry: id, document_type, by, of, stated_by, about })
    }
}

/// Why nothing could be foreseen: the question had no answer, or something on this machine failed.
#[derive(Debug)]
pub enum LookupOrFailure {
    /// The question had no answer that may be shown.
    Lookup(LookupError),
    /// Something else.
    Failure(Failure),
}

impl From<LookupError> for LookupOrFailure {
    fn from(error: LookupError) -> LookupOrFailure {
        LookupOrFailure::Lookup(error)
    }
}

impl From<Failure> for LookupOrFailure {
    fn from(failure: Failure) -> LookupOrFailure {
        LookupOrFailure::Failure(failure)
    }
}

impl From<LookupOrFailure> for Failure {
    fn from(error: LookupOrFailure) -> Failure {
        match error {
            LookupOrFailure::Lookup(error) => error.into(),
            LookupOrFailure::Failure(failure) => failure,
        }
    }
}

/// Shows what the rules would answer to terms that are about to be signed, if the entry has any. Silent where no rules are in force.
///
/// Nothing is decided by it: papers may still come, and the register judges by the rules of the batch that takes the entry.
pub fn show(desk: &Desk<'_>, body: &Body, paid: Option<&Money>) -> Result<(), Failure> {
    let Some(proposed) = Proposed::stated(body) else { return Ok(()) };
    if let Some(count) = desk.work(&proposed.work, proposed.edition)?.state.allegations {
        desk.context.ui.warn(format_args!("{}: colophon show {}", words::alleged(count), short(&proposed.work)));
    }
    if told(desk, &proposed)?.is_some() && matches!(proposed.price, Some(Price::Committed(_))) && paid.is_some() {
        desk.context
            .ui
            .note("the rules do not know a secret price: what depends on it was judged as if none were told");
    }
    Ok(())
}

/// Shows the same of an entry that nobody else signs: it would be sent at once, so what would be refused is not signed.
pub fn check(desk: &Desk<'_>, body: &Body) -> Result<(), Failure> {
    let Some(proposed) = Proposed::stated(body) else { return Ok(()) };
    let refusal = told(desk, &proposed)?.and_then(|foreseen| foreseen.refusal());
    refusal.filter(|_| desk.signs()).map_or(Ok(()), Err)
}

/// Tells what was foreseen, and returns it. Nothing where no rules are in force, or the node cannot say.
fn told(desk: &Desk<'_>, proposed: &Proposed) -> Result<Option<Foreseen>, Failure> {
    let ui = &desk.context.ui;
    let foreseen = match Foreseen::of(desk.context, &desk.client, proposed) {
        Ok((foreseen, _)) => foreseen,
        Err(LookupOrFailure::Lookup(LookupError::Follow(FollowError::Http(error)))) if cannot_say(&error) => {
            ui.warn(format_args!(
                "what the rules ask of this cannot be said before: {}",
                words::shown(&error.to_string())
            ));
            ui.note(error.cure());
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if foreseen.rules.is_none() {
        return Ok(None);
    }
    if ui.is_quiet() && foreseen.outcome != Outcome::Allow {
        let (_, _, heading) = foreseen.heading();
        ui.warn(format_args!("{heading}; {}", foreseen.checked()));
    }
    ui.note(foreseen.told());
    Ok(Some(foreseen))
}

/// Returns whether a node has no answer to what the rules ask, and would still take the entry.
fn cannot_say(error: &HttpError) -> bool {
    error.is_not_found() || matches!(error, HttpError::Problem(problem) if problem.code == "crossing_too_large")
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::hash::sha256;

    fn said(does: Does) -> Said {
        let needs = matches!(does, Does::Refuses | Does::Waits);
        Said {
            amount: (!needs).then_some(203_000),
            because: "relics leave only with a licence".to_owned(),
            cite: "Act on Relics, section 5".to_owned(),
            cure: "get NAT_EXPORT_LICENCE by an authority enrolled for CN".to_owned(),
            currency: (!needs).then(|| "EUR".to_owned()),
            document: Some(if needs { "NAT_EXPORT_LICENCE" } else { "ARR_RECEIPT" }.to_owned()),
            does,
            of: Some(if needs { "CN" } else { "maker" }.to_owned()),
            rule: "LAW/licence".to_owned(),
            within_days: (!needs).then_some(60),
        }
    }

    fn foreseen(outcome: Outcome, does: &[Does]) -> Foreseen {
        let told = |does: &Does| Told { said: said(*does), attested_by: Vec::new() };
        let rules = Some(Digest(sha256(b"rules")));
        let findings = does.iter().map(told).collect();
        Foreseen { outcome, rules, findings, papers: Vec::new(), to_come: Vec::new() }
    }

    #[test]
    fn a_person_reads_which_paper_is_missing_whose_it_is_and_on_what_ground() {
        let told = foreseen(Outcome::Refuse, &[Does::Refuses]).told();
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        assert_eq!(lines[0], "✘ the rules do not let this pass yet: 1 paper is missing");
        assert!(lines.contains(&"to do         get NAT_EXPORT_LICENCE by an authority enrolled for CN"), "{told}");
        assert!(lines.contains(&"source        Act on Relics, section 5"), "{told}");
        assert!(lines.contains(&"rule          LAW/licence refuses"), "{told}");
        let end = format!("checked against rule set {}; not legal advice", short(&Digest(sha256(b"rules"))));
        assert_eq!(lines.last(), Some(&&*end));
    }

    #[test]
    fn what_is_owed_and_what_nobody_attests_do_not_stand_in_the_way() {
        let told = foreseen(Outcome::Allow, &[Does::Owes, Does::Unattested]).told();
        assert!(told.starts_with("✔ the rules in force let this pass"), "{told}");
        assert!(told.contains("afterwards    2030.00 EUR; ARR_RECEIPT of maker within 60 days"), "{told}");
        assert!(told.contains("not asked     ARR_RECEIPT of maker, since nobody is enrolled to attest it"), "{told}");
    }

    #[test]
    fn what_would_be_refused_fails_as_the_register_would_say_it() {
        assert_eq!(foreseen(Outcome::Allow, &[Does::Owes]).refusal(), None);
        let held = foreseen(Outcome::Hold, &[Does::Owes, Does::Waits]).refusal().unwrap();
        assert_eq!((held.exit(), held.code()), (crate::failure::Exit::Refused, "crossing_held"));
        assert!(held.cure().starts_with("get NAT_EXPORT_LICENCE by an authority enrolled for CN"), "{held}");
        let objections = &held.objections().unwrap().objections;
        assert_eq!((objections.len(), objections[0].holds), (1, true), "what is owed afterwards is no objection");
        let refused = foreseen(Outcome::Refuse, &[Does::Refuses, Does::Waits]).refusal().unwrap();
        assert_eq!((refused.code(), refused.objections().unwrap().objections.len()), ("crossing_refused", 2));
    }

    #[test]
    fn what_no_paper_helps_is_not_called_missing() {
        let mut barred = foreseen(Outcome::Refuse, &[Does::Refuses, Does::Waits]);
        assert!(barred.told().contains("yet: 2 papers are missing"), "{}", barred.told());
        barred.findings[0].said.document = None;
        assert!(barred.told().starts_with("✘ the rules do not let this pass\n"), "{}", barred.told());
        let none = Foreseen { rules: None, ..foreseen(Outcome::Allow, &[]) };
        assert!(none.told().ends_with("checked against no rule set; not legal advice"), "{}", none.told());
    }
}
