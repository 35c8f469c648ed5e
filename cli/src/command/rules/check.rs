//! `colophon rules check`: what the rules ask of a work that is to go to a country, before anyone signs.

use std::fmt;

use clap::{Args, value_parser};
use colophon_client::card::CardFound;
use colophon_client::lookup::Looked;
use colophon_client::work::{WorkFacts, WorkPrefix};
use colophon_ledger::account::AccountId;
use colophon_ledger::card::WorkWords;
use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::judgement::Outcome;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::deal::{Basis, Delivery, Money, Price};
use colophon_ledger::field::{Country, WorkId};
use colophon_tlog::key::SecretKey;
use serde::Serialize;

use crate::as_of::AsOf;
use crate::codes::account::account;
use crate::codes::country::country;
use crate::codes::money::money;
use crate::command::show::work;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::foreseen::Foreseen;
use crate::sheet::Sheet;
use crate::signing::random;
use crate::terms::{warn_unless_free, word};
use crate::ui::Answer;
use crate::words::ids::short;
use crate::words::{self, delivery, place, shown};

/// Arguments of `colophon rules check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The work: its id, or 8 or more of its first digits
    #[arg(value_name = "WORK", value_parser = work)]
    work: WorkPrefix,
    /// The country it is to go to, such as FR
    #[arg(long, value_name = "CC", value_parser = country)]
    to: Country,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u64).range(1..))]
    edition: u64,
    /// Who is to get it, if that is known: rules may ask for what this account states, or what is stated about it
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    recipient: Option<AccountId>,
    /// On what grounds: sale, auction, gift, donation, exchange or return
    #[arg(long, default_value = "sale", value_parser = word::<Basis>)]
    basis: Basis,
    /// How it is handed over: digital, physical or rights
    #[arg(long, default_value = "digital", value_parser = word::<Delivery>)]
    delivery: Delivery,
    /// What is paid, such as "1250.00 EUR". It is sent to the register, which is asked; leave it out if it is a secret
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true, value_parser = money)]
    price: Option<Money>,
    /// A professional of the art market takes part: a dealer, an auction house, a gallery. Laws on resale royalties ask for it
    #[arg(long)]
    professional: bool,
    /// What it is declared to be worth, such as "20000.00 EUR", where a law asks for that and the price is none or a secret
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true, value_parser = money)]
    value: Option<Money>,
}

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    let found = context.wait_for(client.work(&args.work, args.edition))?.map_err(Failure::of_reading)?;
    let Looked::Found(WorkFacts { work, mint, state, .. }) = found else {
        return Err(Failure::not_registered(
            format!("the work {} is not registered in {}", args.work, client.rules().register.origin),
            "check the id, and that it is of this register",
        ));
    };
    // Without a recipient the question is put for one whom nobody knows: an account made up for it, about which nothing was ever said.
    let unknown = || Ok::<_, Failure>(AccountId::from(&SecretKey::from_seed(random()?).public()));
    let to = args.recipient.map_or_else(unknown, Ok)?;
    let proposed = Proposed {
        work,
        edition: args.edition,
        to,
        to_country: args.to.clone(),
        deed: Deed::Transfer(args.basis),
        delivery: args.delivery,
        price: args.price.clone().map(Price::Open),
        professional: args.professional,
        value: args.value.clone(),
    };
    let is_free = warn_unless_free(&state, &context.ui);
    let (answer, as_of) = Foreseen::of(context, &client, &proposed).map_err(Failure::of_reading)?;
    let title = match context.wait_for(client.card(&mint.card))?? {
        CardFound::Card(card) => card.read::<WorkWords>().ok().and_then(|words| words.titles.into_iter().next()),
        CardFound::Withdrawn | CardFound::Unknown => None,
    };
    let checked = Checked {
        work,
        edition: args.edition,
        from_country: state.country,
        to_country: args.to.clone(),
        basis: args.basis,
        delivery: args.delivery,
        price: args.price.clone(),
        recipient: args.recipient,
        answer,
        as_of: context.as_of(&client, &as_of)?,
        title: title.map(|title| shown(&title.text)),
    };
    context.ui.answer(&checked)?;
    tell_next(&checked, is_free, context);
    Ok(if checked.answer.outcome == Outcome::Allow { Exit::Done } else { Exit::Refused })
}

fn tell_next(checked: &Checked, is_free: bool, context: &Context) {
    let (work, to) = (short(&checked.work), &checked.to_country);
    let missing = checked.answer.findings.iter().find(|told| !told.attested_by.is_empty());
    match (checked.answer.outcome, missing.and_then(|told| told.said.document.as_ref())) {
        // What keeps title where it is has been told of before.
        (Outcome::Allow, _) if !is_free => {}
        (Outcome::Allow, _) => {
            context.ui.next(format_args!("colophon transfer {work} --to ACCOUNT --to-country {to}"));
        }
        (_, Some(document)) => {
            let work = checked.work;
            context.ui.next(format_args!("the authority: colophon attest {work} --type {document} --file FILE"));
        }
        (_, None) => {}
    }
}

/// What the rules ask.
#[derive(Serialize)]
struct Checked {
    work: WorkId,
    edition: u64,
    from_country: Country,
    to_country: Country,
    basis: Basis,
    delivery: Delivery,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<AccountId>,
    #[serde(flatten)]
    answer: Foreseen,
    as_of: AsOf,
    #[serde(skip)]
    title: Option<String>,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let title = self.title.as_ref().map_or_else(|| "text withdrawn".to_owned(), |title| format!("\"{title}\""));
        sheet.row("work", &format!("{title}, edition {} ({})", self.edition, short(&self.work)));
        sheet.row("from", &place(&self.from_country));
        sheet.row("to", &place(&self.to_country));
        sheet.row("basis", &format!("{}, handed over {}", self.basis.word(), delivery(self.delivery)));
        let price = self.price.clone().map_or_else(|| "not told".to_owned(), |price| words::price(&Price::Open(price)));
        sheet.row("price", &price);
        match &self.recipient {
            Some(account) => sheet.whole("recipient", account.as_str()),
            None => sheet.row("recipient", "not told: as if nothing were known of them"),
        }
        sheet.gap();
        self.answer.write(&mut sheet);
        sheet.gap();
        self.as_of.write(&mut sheet);
        sheet.row("judged", "on this machine, from records and rule texts that the register proves");
        sheet.gap();
        sheet.text(2, &self.answer.checked());
        sheet.fmt(f)
    }
}

impl Answer for Checked {
    const SCHEMA: &'static str = "colophon.rules_check/v1";
}
