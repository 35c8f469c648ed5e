//! `colophon inbox`: what waits for my signature or my answer.

use std::fmt;

use clap::Args;
use colophon_client::inbox::OpenOffer;
use colophon_ledger::account::AccountId;
use colophon_ledger::deal::{Money, Price};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::terms::Terms;
use colophon_ledger::field::{Country, EntryId, WorkId};
use colophon_ledger::state::EditionRecord;
use serde::Serialize;

use crate::context::Context;
use crate::drafts::text_of_draft;
use crate::failure::{Exit, Failure};
use crate::keystore::key::KeyName;
use crate::signing::delivery::recorded;
use crate::signing::{Desk, SigningArgs};
use crate::terms::check_free;
use crate::terms::summary::{Names, Summary};
use crate::ui::Answer;
use crate::waiting::{CHANGED, check_draft};
use crate::words::alleged;
use crate::words::ids::short;
use crate::{drafts, enrolment};

/// Arguments of `colophon inbox`.
#[derive(Debug, Args)]
pub struct InboxArgs {
    /// Whose inbox, by the name of a key; may be left out when all keys speak for one account
    #[arg(long, value_name = "NAME")]
    key: Option<KeyName>,
}

pub(super) fn run(args: &InboxArgs, context: &Context) -> Result<Exit, Failure> {
    let signing = SigningArgs { key: args.key.clone(), ..SigningArgs::default() };
    let desk = Desk::open(context, &signing)?;
    let inbox = context.wait_for(desk.client.inbox(&desk.account))??;
    let mut names = Names::default();
    let drafts = inbox.drafts.iter().map(|draft| item_of_draft(&desk, &mut names, draft));
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
    let offers = inbox.offers.iter().map(|offer| item_of_offer(&desk, &mut names, offer));
    let offers = offers.collect::<Result<Vec<_>, _>>()?;
    let unacknowledged = drafts::kept(&context.home)?.iter().map(Draft::id).collect();
    let left = left(&desk)?;
    context.ui.answer(&Listed { account: desk.account, drafts, offers, unacknowledged, left })?;
    if inbox.dropped > 0 {
        context.ui.note(format_args!("{} more were listed that are void, or not for you", inbox.dropped));
    }
    Ok(Exit::Done)
}

/// Returns the drafts that I signed and left for others, and forgets those that nothing can come of any more.
fn left(desk: &Desk<'_>) -> Result<Vec<EntryId>, Failure> {
    let mut waiting = Vec::new();
    for draft in drafts::left(&desk.context.home)? {
        let text = text_of_draft(&draft)?;
        let is_mine = text.body.signers().contains(&desk.account);
        if !is_mine || text.genesis != Some(desk.client.rules().register.genesis) {
            continue;
        }
        if recorded(desk.context, &desk.client, draft.id())?.is_some() {
            continue;
        }
        match check_draft(desk, &draft) {
            Ok(_) => waiting.push(draft.id()),
            Err(failure) if failure.exit() == Exit::Refused => {
                drafts::forget_left(&desk.context.home, &desk.context.home.lock()?, &draft.id())?;
            }
            Err(failure) if is_void(&failure) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(waiting)
}

fn item_of_draft(desk: &Desk<'_>, names: &mut Names, draft: &Draft) -> Result<Item, Failure> {
    let body = text_of_draft(draft)?.body;
    let void = match check_draft(desk, draft) {
        Ok(_) => None,
        Err(failure) if is_void(&failure) => Some(failure.what().to_owned()),
        Err(failure) => return Err(failure),
    };
    let summary = Summary::of(desk, names, &body, draft.card(), draft.price())?;
    let money = draft.price().map(|opening| opening.price.clone());
    let blocked = if void.is_none() { enrolment::objection(desk, names, &body)? } else { None };
    let item = Item { void, blocked, ..Item::new(draft.id(), &body, money, summary) };
    // What cannot be signed any more may be about a work that there is not.
    match body.edition().filter(|_| item.void.is_none()) {
        Some((work, edition)) => Ok(item.with_standing(&desk.work(&work, edition)?.state)),
        None => Ok(item),
    }
}

/// Returns whether a draft whose check ended so cannot be signed, rather than not be checked now.
fn is_void(failure: &Failure) -> bool {
    match failure.exit() {
        Exit::Refused | Exit::NotRegistered | Exit::Failed => true,
        // A forged signature on the draft is the draft's fault; a false proof is the register's, and ends the command.
        Exit::NotVerified => failure.what().starts_with(CHANGED),
        Exit::Done | Exit::Usage | Exit::Stale | Exit::TryAgain => false,
    }
}

fn item_of_offer(desk: &Desk<'_>, names: &mut Names, offer: &OpenOffer) -> Result<Item, Failure> {
    let body = Body::Offer(offer.terms.clone());
    let card = offer.terms.card.as_ref().map(|digest| desk.card(digest)).transpose()?.flatten();
    let summary = Summary::of(desk, names, &body, card.as_ref(), None)?;
    Ok(Item::new(offer.logged.entry.id(), &body, None, summary).with_standing(&offer.facts.state))
}

/// A draft or an offer, as it is listed.
#[derive(Serialize)]
struct Item {
    id: EntryId,
    kind: &'static str,
    by: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<ItemTerms>,
    /// Why it cannot be signed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    void: Option<String>,
    /// What keeps title where it is for now: a flag, a lien, or an authority that nobody has enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<String>,
    /// How many accounts allege something about the edition.
    #[serde(skip_serializing_if = "Option::is_none")]
    alleged: Option<u64>,
    #[serde(skip)]
    summary: Summary,
}

/// The terms of a transfer or an offer, as they are listed.
#[derive(Serialize)]
struct ItemTerms {
    work: WorkId,
    edition: u64,
    from_country: Country,
    to_country: Country,
    firm: bool,
    expires_ms: u64,
    /// The price, if it is open or the draft opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    secret_price: bool,
}

impl Item {
    fn new(id: EntryId, body: &Body, opened: Option<Money>, summary: Summary) -> Item {
        let terms = match body {
            Body::Transfer(terms) | Body::Offer(terms) => Some(ItemTerms::new(terms, opened)),
            _ => None,
        };
        Item { id, kind: body.kind(), by: *body.by(), terms, void: None, blocked: None, alleged: None, summary }
    }

    /// Adds what stands on the edition that it is about.
    fn with_standing(mut self, state: &EditionRecord) -> Item {
        let burdened = self.terms.as_ref().and_then(|_| check_free(state).err());
        self.blocked = self.blocked.or_else(|| burdened.map(|burdened| burdened.what().to_owned()));
        self.alleged = state.allegations;
        self
    }
}

impl ItemTerms {
    fn new(terms: &Terms, opened: Option<Money>) -> ItemTerms {
        let (price, secret_price) = match &terms.price {
            None => (None, false),
            Some(Price::Open(money)) => (Some(money.clone()), false),
            Some(Price::Committed(_)) => (opened, true),
        };
        ItemTerms {
            work: terms.work,
            edition: terms.edition.get(),
            from_country: terms.from_country.clone(),
            to_country: terms.to_country.clone(),
            firm: terms.firm.is_some(),
            expires_ms: terms.expires_ms.get(),
            price,
            secret_price,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = short(&self.id);
        writeln!(f, "{} {id}\n{}", if self.kind == "offer" { "offer" } else { "draft" }, self.summary)?;
        if let Some(why) = &self.void {
            let why = why.trim_start_matches("the draft is void: ");
            return writeln!(f, "  VOID: {why}\n  to clear it away: colophon decline {id}");
        }
        if let Some(burdens) = &self.blocked {
            writeln!(f, "  CANNOT BE ACCEPTED NOW: {burdens}")?;
        }
        if let Some(count) = self.alleged {
            writeln!(f, "  ALLEGED: {}", alleged(count))?;
        }
        writeln!(f, "  answer with: colophon accept {id}   or: colophon decline {id}")
    }
}

#[derive(Serialize)]
struct Listed {
    account: AccountId,
    drafts: Vec<Item>,
    offers: Vec<Item>,
    /// Entries of my own that are signed and sent, and were never acknowledged.
    unacknowledged: Vec<EntryId>,
    /// Drafts that I signed, and that wait for others.
    left: Vec<EntryId>,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.drafts.is_empty() && self.offers.is_empty() {
            writeln!(f, "nothing waits for {}", self.account)?;
        }
        for item in self.drafts.iter().chain(&self.offers) {
            write!(f, "{item}")?;
        }
        for id in &self.unacknowledged {
            writeln!(f, "signed by you and not acknowledged yet: send it again with colophon submit {}", short(id))?;
        }
        self.left.iter().try_for_each(|id| writeln!(f, "signed by you, waiting for others: {}", short(id)))
    }
}

impl Answer for Listed {
    const SCHEMA: &'static str = "colophon.inbox/v1";
}
