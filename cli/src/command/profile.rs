//! `colophon profile set`: say who I am, published.

use clap::{Args, Subcommand};
use colophon_client::account::AccountFacts;
use colophon_ledger::account::{AccountId, AccountPrev};
use colophon_ledger::card::ProfileWords;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::profile::{Profile, ProfileWord};
use colophon_ledger::field::Country;
use colophon_ledger::state::AccountRecord;

use crate::codes::country::country;
use crate::codes::person::{isni, orcid};
use crate::codes::plain::plain;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::signing::outcome::{ProfileSet, Stage};
use crate::signing::{Desk, Plan, SigningArgs, card_of};
use crate::words::place;

/// The commands about profiles.
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// Publish what I call myself and where I am seated
    Set(SetArgs),
}

/// Arguments of `colophon profile set`. What is not given stays as it was.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// What I call myself
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// The country I am seated in, such as CN
    #[arg(long, value_name = "CC", value_parser = country)]
    country: Option<Country>,
    /// My website; "" takes it away
    #[arg(long, value_name = "URL")]
    website: Option<String>,
    /// My ORCID iD
    #[arg(long, value_parser = orcid)]
    orcid: Option<String>,
    /// My ISNI
    #[arg(long, value_parser = isni)]
    isni: Option<String>,
    /// A few words about me; "" takes them away
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(command: ProfileCommand, context: &Context) -> Result<Exit, Failure> {
    let ProfileCommand::Set(args) = command;
    let desk = Desk::open(context, &args.signing)?;
    let facts = desk.facts(&desk.account)?;
    let (before, seat) = newest(&desk, &facts)?;
    let (words, country) = complete(&args, before, seat, context)?;
    let plan = plan(&facts, &words, country.clone())?;
    context.ui.note(format_args!("to be published: the name \"{}\", seated in {}", words.name, place(&country)));
    context.ui.note("the words stay erasable; your account and the country stay for ever");
    let outcome = desk.carry_out(plan)?;
    let stage = outcome.stage;
    context.ui.answer(&ProfileSet(outcome))?;
    if stage == Stage::Recorded {
        context.ui.next("colophon mint FILE --title TEXT --country CC");
    }
    Ok(Exit::Done)
}

/// Returns the words and the seat of the newest profile, as far as there are any.
fn newest(desk: &Desk<'_>, facts: &AccountFacts) -> Result<(Option<ProfileWords>, Option<Country>), Failure> {
    let Some(logged) = desk.context.wait_for(desk.client.newest_profile(facts))?? else { return Ok((None, None)) };
    let Body::Profile(profile) = logged.entry.body() else { return Ok((None, None)) };
    let words = desk.card(&profile.card)?.and_then(|card| card.read().ok());
    Ok((words, Some(profile.country.clone())))
}

/// Returns the profile as it is to be: what was given, else what was there, else what is answered.
fn complete(
    args: &SetArgs,
    before: Option<ProfileWords>,
    seat: Option<Country>,
    context: &Context,
) -> Result<(ProfileWords, Country), Failure> {
    let before = before.unwrap_or_default();
    let name = match &args.name {
        Some(name) => name.clone(),
        None if !before.name.is_empty() => before.name.clone(),
        None => context.ui.ask("What do you call yourself?", None, "--name TEXT")?,
    };
    if name.trim().is_empty() {
        return Err(Failure::usage("the name is empty", "give --name TEXT"));
    }
    plain("--name", &name)?;
    args.about.iter().flat_map(|about| about.lines()).try_for_each(|line| plain("--about", line))?;
    let country = match (&args.country, seat) {
        (Some(given), _) => given.clone(),
        (None, Some(seat)) => seat,
        (None, None) => country(&context.ui.ask("In which country are you seated?", None, "--country CC")?)?,
    };
    Ok((merge(args, before, name.trim().to_owned()), country))
}

fn merge(args: &SetArgs, before: ProfileWords, name: String) -> ProfileWords {
    let newer = |given: &Option<String>, before: Option<String>| {
        given.clone().or(before).filter(|text| !text.trim().is_empty())
    };
    ProfileWords {
        about: newer(&args.about, before.about),
        isni: newer(&args.isni, before.isni),
        name,
        orcid: newer(&args.orcid, before.orcid),
        website: newer(&args.website, before.website),
    }
}

fn plan(facts: &AccountFacts, words: &ProfileWords, country: Country) -> Result<Plan, Failure> {
    let card = card_of(words)?;
    let body = Body::Profile(Profile {
        by: facts.account,
        card: card.digest(),
        country,
        kind: ProfileWord::It,
        prev: prev(&facts.account, facts.record.as_ref()),
    });
    Ok(Plan { body, card: Some(card), price: None })
}

/// Returns what the next profile or rotation of an account with this record follows.
pub(super) fn prev(account: &AccountId, record: Option<&AccountRecord>) -> AccountPrev {
    record.map_or(AccountPrev::Account(*account), |record| AccountPrev::Entry(record.newest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        set: SetArgs,
    }

    #[test]
    fn what_is_not_given_stays_and_what_is_empty_goes() {
        let before = ProfileWords {
            about: Some("paints".to_owned()),
            website: Some("https://ana.example".to_owned()),
            name: "Ana".to_owned(),
            ..ProfileWords::default()
        };
        let args = Typed::try_parse_from(["set", "--website", "", "--orcid", "0000-0002-1825-0097"]).unwrap().set;
        let words = merge(&args, before, "Lin Ana".to_owned());
        assert_eq!((words.about.as_deref(), words.website), (Some("paints"), None));
        assert_eq!(words.orcid.as_deref(), Some("https://orcid.org/0000-0002-1825-0097"));
    }
}
