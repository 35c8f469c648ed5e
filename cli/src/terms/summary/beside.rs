//! What an entry beside a sale would do: a flag, a lien, a loan, a release, a receipt, an amendment, a move, an authority's word.

use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::amend::Amend;
use colophon_ledger::entry::flag::Flag;
use colophon_ledger::entry::lien::Lien;
use colophon_ledger::entry::loan::Loan;
use colophon_ledger::entry::receipt::Receipt;
use colophon_ledger::entry::release::Release;
use colophon_ledger::entry::relocate::Relocate;
use colophon_ledger::entry::transmit::Transmit;
use colophon_ledger::facts::WorkFacts;
use colophon_ledger::field::WorkId;

use super::{Names, Summary};
use crate::codes::money;
use crate::failure::Failure;
use crate::signing::Desk;
use crate::words::ids::short;
use crate::words::{delivery, place, shown};

/// Returns what such an entry would do; of another, its kind.
pub(super) fn beside(desk: &Desk<'_>, names: &mut Names, body: &Body, card: Option<&Card>) -> Result<Summary, Failure> {
    match body {
        Body::Flag(flag) => of_flag(desk, names, flag, card),
        Body::Lien(lien) => of_lien(desk, names, lien, card),
        Body::Loan(loan) => of_loan(desk, names, loan, card),
        Body::Amend(amend) => of_amend(desk, names, amend, card),
        Body::Receipt(receipt) => of_receipt(desk, names, receipt, card),
        Body::Move(relocate) => of_relocate(desk, names, relocate, card),
        Body::Transmit(transmit) => of_transmit(desk, names, transmit, card),
        Body::Release(release) => of_release(desk, names, release),
        other => Ok(Summary(vec![(other.kind(), String::new())])),
    }
}

fn of_flag(desk: &Desk<'_>, names: &mut Names, flag: &Flag, card: Option<&Card>) -> Result<Summary, Failure> {
    let does = if flag.blocks() { "blocks title" } else { "alleges" };
    let mut lines = vec![(does, flag.ground.word().to_owned())];
    lines.push(("of the work", of_edition(names, desk, &flag.work, flag.edition.get())?));
    lines.extend(flag.country.as_ref().map(|country| ("speaks for", place(country))));
    lines.extend(flag.sha256.map(|digest| ("its file", digest.to_string())));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    Ok(Summary(lines))
}

fn of_lien(desk: &Desk<'_>, names: &mut Names, lien: &Lien, card: Option<&Card>) -> Result<Summary, Failure> {
    let mut lines = vec![("lien on", of_edition(names, desk, &lien.work, lien.edition.get())?)];
    lines.push(("given by", names.account(desk, &lien.by)?));
    lines.push(("creditor", names.account(desk, &lien.creditor)?));
    lines.extend(lien.sha256.map(|digest| ("its file", digest.to_string())));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    lines.push(("meanwhile", "title cannot move until the creditor releases it".to_owned()));
    Ok(Summary(lines))
}

fn of_loan(desk: &Desk<'_>, names: &mut Names, loan: &Loan, card: Option<&Card>) -> Result<Summary, Failure> {
    let mut lines = vec![("loan of", of_edition(names, desk, &loan.work, loan.edition.get())?)];
    lines.push(("lent by", names.account(desk, &loan.by)?));
    lines.push(("borrower", names.account(desk, &loan.borrower)?));
    lines.extend(loan.until.as_ref().map(|day| ("back by", day.to_string())));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    Ok(Summary(lines))
}

fn of_amend(desk: &Desk<'_>, names: &mut Names, amend: &Amend, card: Option<&Card>) -> Result<Summary, Failure> {
    let mut lines = vec![("amends", format!("{} ({})", names.title(desk, &amend.work)?, short(&amend.work)))];
    lines.extend(amend.created.as_ref().map(|date| ("created", date.to_string())));
    lines.extend(amend.made_in.as_ref().map(|country| ("made in", place(country))));
    lines.extend(amend.source_type.as_ref().map(|source| ("source", source.to_string())));
    lines.extend(amend.facts.as_ref().map(|facts| ("facts", told_facts(facts))));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    Ok(Summary(lines))
}

fn of_receipt(desk: &Desk<'_>, names: &mut Names, receipt: &Receipt, card: Option<&Card>) -> Result<Summary, Failure> {
    let mut lines = vec![("receipt for", format!("{}, crossing {}", receipt.rule, receipt.crossing.get()))];
    lines.push(("of the work", of_edition(names, desk, &receipt.work, receipt.edition.get())?));
    lines.extend(receipt.country.as_ref().map(|country| ("speaks for", place(country))));
    lines.extend(receipt.sha256.map(|digest| ("its file", digest.to_string())));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    Ok(Summary(lines))
}

fn of_relocate(
    desk: &Desk<'_>,
    names: &mut Names,
    relocate: &Relocate,
    card: Option<&Card>,
) -> Result<Summary, Failure> {
    let mut lines = vec![("moves", of_edition(names, desk, &relocate.work, relocate.edition.get())?)];
    lines.push(("from", place(&relocate.from_country)));
    lines.push(("to", format!("{}, {}", place(&relocate.to_country), delivery(relocate.delivery))));
    lines.extend(relocate.value.as_ref().map(|value| ("worth", format!("{}, as declared", money::Shown(value)))));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    Ok(Summary(lines))
}

fn of_transmit(
    desk: &Desk<'_>,
    names: &mut Names,
    transmit: &Transmit,
    card: Option<&Card>,
) -> Result<Summary, Failure> {
    let mut lines = vec![("gives", of_edition(names, desk, &transmit.work, transmit.edition.get())?)];
    lines.push(("to", format!("{}, in {}", names.account(desk, &transmit.to)?, place(&transmit.to_country))));
    lines.push(("by", transmit.basis.word().replace('_', " ")));
    lines.push(("authority", format!("{}, of {}", names.account(desk, &transmit.by)?, place(&transmit.country))));
    lines.push(("its file", transmit.sha256.to_string()));
    lines.extend(card.map(|card| ("says", shown(&card.text))));
    Ok(Summary(lines))
}

fn of_release(desk: &Desk<'_>, names: &mut Names, release: &Release) -> Result<Summary, Failure> {
    let what = release.of.as_ref().map_or_else(|| "what I alleged".to_owned(), short);
    let work = of_edition(names, desk, &release.work, release.edition.get())?;
    Ok(Summary(vec![("releases", what), ("of the work", work)]))
}

/// Returns facts as they stand in an entry.
pub(super) fn told_facts(facts: &WorkFacts) -> String {
    serde_json::to_string(facts).unwrap_or_default()
}

fn of_edition(names: &mut Names, desk: &Desk<'_>, work: &WorkId, edition: u64) -> Result<String, Failure> {
    Ok(format!("{}, edition {edition} ({})", names.title(desk, work)?, short(work)))
}
