//! What an entry would do, in plain words, for whoever is to sign it.

mod beside;

use std::collections::BTreeMap;
use std::fmt;

use colophon_client::card::CardFound;
use colophon_client::lookup::Looked;
use colophon_client::work::WorkPrefix;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::{Card, PaperWords, TermsWords, WorkWords};
use colophon_ledger::deal::Price;
use colophon_ledger::draft::PriceOpening;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::attest::Attest;
use colophon_ledger::entry::authority::EnrolAuthority;
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::entry::terms::Terms;
use colophon_ledger::field::{DocumentType, List, WorkId};
use colophon_ledger::governance::Governors;

use self::beside::{beside, told_facts};
use crate::codes::money;
use crate::failure::Failure;
use crate::register::name_of;
use crate::signing::Desk;
use crate::words::ids::short;
use crate::words::{called, count, delivery, place, price, shown, time};

/// What is known by name of the accounts and works that an entry speaks of. Names are what accounts call themselves.
#[derive(Debug, Default)]
pub struct Names {
    accounts: BTreeMap<AccountId, Option<String>>,
    titles: BTreeMap<WorkId, Option<String>>,
}

impl Names {
    /// Returns an account as it is named in a sentence; asks the register the first time.
    pub fn account(&mut self, desk: &Desk<'_>, account: &AccountId) -> Result<String, Failure> {
        if *account == desk.account {
            return Ok("you".to_owned());
        }
        if !self.accounts.contains_key(account) {
            let name = desk.context.wait_for(name_of(&desk.client, account))??;
            self.accounts.insert(*account, name);
        }
        let name = self.accounts.get(account).and_then(Option::as_deref);
        Ok(called(account, name))
    }

    /// Returns a work's title; asks the register the first time.
    pub fn title(&mut self, desk: &Desk<'_>, work: &WorkId) -> Result<String, Failure> {
        if !self.titles.contains_key(work) {
            let title = desk.context.wait_for(title_of(desk, work))??;
            self.titles.insert(*work, title);
        }
        let title = self.titles.get(work).and_then(Option::as_deref);
        Ok(title.map_or_else(|| "text withdrawn".to_owned(), |title| format!("\"{title}\"")))
    }
}

async fn title_of(desk: &Desk<'_>, work: &WorkId) -> Result<Option<String>, colophon_client::lookup::LookupError> {
    let Looked::Found(facts) = desk.client.work(&WorkPrefix::from(work), 1).await? else { return Ok(None) };
    let CardFound::Card(card) = desk.client.card(&facts.mint.card).await? else { return Ok(None) };
    Ok(first_title(&card))
}

fn first_title(card: &Card) -> Option<String> {
    let words: WorkWords = card.read().ok()?;
    words.titles.first().map(|title| shown(&title.text)).filter(|title| !title.is_empty())
}

/// Labelled lines about an entry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary(Vec<(&'static str, String)>);

impl Summary {
    /// Returns what `body` would do.
    pub fn of(
        desk: &Desk<'_>,
        names: &mut Names,
        body: &Body,
        card: Option<&Card>,
        opening: Option<&PriceOpening>,
    ) -> Result<Summary, Failure> {
        match body {
            Body::Transfer(terms) | Body::Offer(terms) => {
                let title = names.title(desk, &terms.work)?;
                let (from, to) = (names.account(desk, &terms.by)?, names.account(desk, &terms.to)?);
                Ok(of_terms(terms, card, opening, &title, &from, &to))
            }
            Body::Mint(mint) => Ok(of_mint(mint, card, &names.account(desk, &mint.by)?)),
            Body::Rotate(rotate) => {
                let keys = rotate.keys.as_slice();
                let mut lines = vec![("keys of", names.account(desk, &rotate.by)?)];
                lines.extend(keys.iter().map(|key| ("new key", key.to_string())));
                lines.push(("needs", format!("{} of {}", rotate.threshold.get(), keys.len())));
                Ok(Summary(lines))
            }
            Body::Profile(profile) => {
                let words = card.map(|card| shown(&card.text)).unwrap_or_default();
                Ok(Summary(vec![("profile of", names.account(desk, &profile.by)?), ("says", words)]))
            }
            Body::CarryAccount(carry) => Ok(Summary(vec![("carries over", carry.account.to_string())])),
            Body::CarryEdition(carry) => {
                let edition = format!("edition {} of {}", carry.edition.get(), short(&carry.work));
                Ok(Summary(vec![("carries over", edition)]))
            }
            Body::LogKey(act) => Ok(of_act(&act.governors, vec![("new log key", act.log_vkey.clone())])),
            Body::Upgrade(act) => {
                let coming = act.rules.zip(act.height);
                let rules = coming.map(|(rules, height)| {
                    ("new rules", format!("version {} from batch {} on", rules.get(), height.get()))
                });
                let voids: Vec<String> = act.voids().map(|index| index.to_string()).collect();
                let voids =
                    (!voids.is_empty()).then(|| ("voids", format!("the entries at index {}", voids.join(", "))));
                Ok(of_act(&act.governors, rules.into_iter().chain(voids).collect()))
            }
            Body::Retire(act) => {
                let mut lines = vec![("retires", "the whole register: no entry will ever follow".to_owned())];
                lines.extend(act.successor.as_ref().map(|next| ("goes on as", next.origin.to_string())));
                lines.extend(act.successor.as_ref().map(|next| ("founding", next.founding.to_string())));
                Ok(of_act(&act.governors, lines))
            }
            Body::Rules(act) => {
                let from = format!("from batch {} on", act.height.get());
                let does = if act.text.is_some() { "publishes the rules" } else { "withdraws the rules" };
                let mut lines = vec![(does, format!("{}, {from}", act.name))];
                lines.push(("law of", act.jurisdiction.to_string()));
                lines.push(("source", act.citation.to_string()));
                Ok(of_act(&act.governors, lines))
            }
            Body::Authority(act) => Ok(of_authority(act)),
            Body::Attest(attest) => Ok(of_attest(attest, card)),
            Body::Revoke(revoke) => {
                let about = revoke.about().map(|about| about.to_string()).unwrap_or_default();
                Ok(Summary(vec![("takes back", revoke.document_type.to_string()), ("about", about)]))
            }
            Body::Flag(_)
            | Body::Lien(_)
            | Body::Loan(_)
            | Body::Amend(_)
            | Body::Receipt(_)
            | Body::Move(_)
            | Body::Transmit(_)
            | Body::Release(_) => beside(desk, names, body, card),
            Body::Accept(_) | Body::Close(_) | Body::Genesis(_) | Body::Seal(_) => {
                Ok(Summary(vec![(body.kind(), body.edition().map(|(work, _)| short(&work)).unwrap_or_default())]))
            }
        }
    }
}

fn of_authority(act: &EnrolAuthority) -> Summary {
    let types = act.types.as_ref().map(|types| join(types.as_slice()));
    let does = if types.is_some() { "enrols" } else { "removes" };
    let mut lines = vec![(does, act.account.to_string()), ("for", act.country.to_string())];
    lines.extend(types.map(|types| ("documents", types)));
    of_act(&act.governors, lines)
}

fn of_attest(attest: &Attest, card: Option<&Card>) -> Summary {
    let about = attest.about().map(|about| about.to_string()).unwrap_or_default();
    let mut lines = vec![("attests", attest.document_type.to_string()), ("about", about)];
    lines.extend(attest.valid_from.as_ref().map(|day| ("valid from", day.to_string())));
    lines.extend(attest.valid_to.as_ref().map(|day| ("valid to", day.to_string())));
    lines.push(("its file", attest.sha256.to_string()));
    lines.extend(card.map(words_of_paper).unwrap_or_default());
    Summary(lines)
}

/// Returns the words about a document: what is neither its number nor what it is called stands there as it is.
fn words_of_paper(card: &Card) -> Vec<(&'static str, String)> {
    let members: BTreeMap<String, serde_json::Value> = card.read().unwrap_or_default();
    match card.read::<PaperWords>() {
        Ok(PaperWords { about, number }) if members.keys().all(|name| matches!(name.as_str(), "about" | "number")) => {
            let words = [("called", about), ("number", number)].into_iter();
            words.filter_map(|(label, text)| Some((label, shown(&text?)))).collect()
        }
        _ => vec![("says", shown(&card.text))],
    }
}

fn join(types: &[DocumentType]) -> String {
    types.iter().map(DocumentType::as_str).collect::<Vec<_>>().join(", ")
}

fn of_act(governors: &Governors, mut lines: Vec<(&'static str, String)>) -> Summary {
    lines.extend(governors.as_slice().iter().map(|account| ("governor", account.to_string())));
    Summary(lines)
}

fn of_terms(
    terms: &Terms,
    card: Option<&Card>,
    opening: Option<&PriceOpening>,
    title: &str,
    from: &str,
    to: &str,
) -> Summary {
    let paid = match (&terms.price, opening) {
        (None, _) => "nothing is paid".to_owned(),
        (Some(Price::Committed(_)), Some(opening)) => {
            format!("{}, known to the parties alone", money::Shown(&opening.price))
        }
        (Some(known), _) => price(known),
    };
    let mut lines = vec![
        ("work", format!("{title}, edition {} ({})", terms.edition.get(), short(&terms.work))),
        ("from", format!("{from}, in {}", place(&terms.from_country))),
        ("to", format!("{to}, in {}", place(&terms.to_country))),
        ("basis", format!("{}, handed over {}", terms.basis.word(), delivery(terms.delivery))),
        ("price", paid),
    ];
    lines.extend(terms.value.as_ref().map(|value| ("worth", format!("{}, as declared", money::Shown(value)))));
    lines.extend(terms.professional.map(|_| ("through", "a professional of the art market".to_owned())));
    let papers = terms.documents.iter().flat_map(List::as_slice);
    lines.extend(papers.map(|paper| ("paper", format!("{} {}", paper.document_type, paper.sha256))));
    lines.extend(card.map(words_of_terms).unwrap_or_default());
    let firm = if terms.firm.is_some() { ", firm" } else { "" };
    lines.push(("stands", format!("until {}{firm}", time(terms.expires_ms.get()))));
    Summary(lines)
}

/// Returns all words about a transfer or an offer: what is no remark and no number of a paper stands there as it is.
fn words_of_terms(card: &Card) -> Vec<(&'static str, String)> {
    let whole = || vec![("words", shown(&card.text))];
    let Ok(TermsWords { note, document_numbers }) = card.read::<TermsWords>() else { return whole() };
    let members: BTreeMap<String, serde_json::Value> = card.read().unwrap_or_default();
    if !members.keys().all(|name| matches!(name.as_str(), "note" | "document_numbers")) {
        return whole();
    }
    let note = note.iter().map(|note| ("note", shown(note)));
    note.chain(document_numbers.iter().map(|number| ("number", shown(number)))).collect()
}

fn of_mint(mint: &Mint, card: Option<&Card>, maker: &str) -> Summary {
    let title = card.and_then(first_title).map_or_else(|| "without a title".to_owned(), |title| format!("\"{title}\""));
    let mut lines = vec![
        ("work", format!("{title}, a {} of {}", mint.work_kind, mint.created)),
        ("maker", format!("{maker}, who holds every edition at first")),
        ("held in", place(&mint.country)),
        ("editions", count(mint.editions.get(), "edition")),
        ("face", mint.files.face().to_string()),
    ];
    let names = card.and_then(|card| card.read::<WorkWords>().ok()).map(|words| words.names).unwrap_or_default();
    for (number, creator) in mint.creators.as_slice().iter().enumerate() {
        let name = names.get(number).map_or_else(|| "no name".to_owned(), |name| shown(name));
        let share = creator.share_bp.get();
        let account = creator.account.map(|account| format!(", {account}")).unwrap_or_default();
        lines.push(("creator", format!("{name}, {}, {}.{:02} %{account}", creator.role, share / 100, share % 100)));
    }
    lines.extend(mint.facts.as_ref().map(|facts| ("facts", told_facts(facts))));
    lines.push(("licence", format!("{}, training {}", mint.license, training(mint))));
    Summary(lines)
}

fn training(mint: &Mint) -> &'static str {
    use colophon_ledger::entry::mint::Training;
    match mint.training {
        Training::Allowed => "allowed",
        Training::NotAllowed => "not allowed",
        Training::Constrained => "on request",
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        let mut lines = self.0.iter().peekable();
        while let Some((label, text)) = lines.next() {
            write!(f, "  {label:width$}  {text}")?;
            if lines.peek().is_some() {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
