//! From a plan to a signed entry: which keys sign, where the draft travels, and what is kept until it is acknowledged.

pub mod accounts;
pub mod delivery;
pub mod outcome;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use colophon_client::account::AccountFacts;
use colophon_client::card::CardFound;
use colophon_client::client::Client;
use colophon_client::lookup::Looked;
use colophon_client::work::{WorkFacts, WorkPrefix};
use colophon_ledger::account::{AccountId, KeySet};
use colophon_ledger::card::Card;
use colophon_ledger::draft::{Draft, Missing, PriceOpening};
use colophon_ledger::entry::{Body, text_of};
use colophon_ledger::field::{Digest, WorkId};
use colophon_ledger::register::Register;
use colophon_ledger::state::Records as _;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

use crate::context::Context;
use crate::drafts::{text_of_draft, unfit};
use crate::failure::Failure;
use crate::history::{History, keep_opening};
use crate::keystore::key::{KeyCard, KeyName, OpenKey};
use crate::words::shown;

use accounts::KnownAccounts;
use delivery::{hand_on, known, submit};
use outcome::{Outcome, Stage};

/// What every command that signs takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Signing")]
pub struct SigningArgs {
    /// Which of my keys signs; may be left out when all of them speak for one account
    #[arg(long, value_name = "NAME")]
    pub key: Option<KeyName>,
    /// Print exactly what would be signed, and sign nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Go on without asking
    #[arg(long, short)]
    pub yes: bool,
    /// If others must sign too: write the half-signed draft to this file instead of leaving it with the register
    #[arg(long, value_name = "FILE")]
    pub draft: Option<PathBuf>,
    /// Write the receipt to this file as well; must not be there yet
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What the entry says.
    pub body: Body,
    /// The words it commits to.
    pub card: Option<Card>,
    /// What opens its price.
    pub price: Option<PriceOpening>,
}

impl Plan {
    /// Returns a plan of a body without words and without a secret.
    pub fn of(body: Body) -> Plan {
        Plan { body, card: None, price: None }
    }

    /// Returns the draft, without a signature.
    pub fn draft(self, register: &Register) -> Result<Draft, Failure> {
        Draft::new(text_of(register, &self.body), self.card, self.price).map_err(unfit)
    }
}

/// Returns the card of these words under a fresh salt, in composed characters (NFC).
pub fn card_of<T: Serialize>(words: &T) -> Result<Card, Failure> {
    let too_much = |error: &dyn std::fmt::Display| Failure::usage(format!("{error}"), "say it in fewer words");
    let text = serde_json::to_string(words).map_err(|error| too_much(&error))?;
    Card::new(random()?, text.nfc().collect()).map_err(|error| too_much(&error))
}

/// Returns 32 random bytes.
pub fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::failed(format!("this machine gives no random numbers: {error}"), "sign on another machine")
    })?;
    Ok(bytes)
}

/// Where a person sits down to sign: their account and its keys here, and the register.
#[derive(Debug)]
pub struct Desk<'c> {
    /// What the command works with.
    pub context: &'c Context,
    /// The register.
    pub client: Arc<Client>,
    /// The account that acts.
    pub account: AccountId,
    args: &'c SigningArgs,
    keys: Vec<KeyCard>,
}

impl<'c> Desk<'c> {
    /// Finds the keys and the register, and puts a new key in its place whose rotation was recorded unheard. Opens no key.
    pub fn open(context: &'c Context, args: &'c SigningArgs) -> Result<Desk<'c>, Failure> {
        let mut desk = Desk::open_as_is(context, args)?;
        if desk.pending()?.is_none() {
            return Ok(desk);
        }
        let facts = desk.facts(&desk.account)?;
        if context.keys.install_recorded(&desk.account, &facts.keys.keys)? {
            context.ui.note("the change of keys was recorded before: the new key is put in its place now; back it up");
            desk.keys = keys_of_one_account(context, args.key.as_ref())?;
        }
        Ok(desk)
    }

    /// Finds the keys as they are, and the register.
    pub fn open_as_is(context: &'c Context, args: &'c SigningArgs) -> Result<Desk<'c>, Failure> {
        [&args.output, &args.draft].into_iter().flatten().try_for_each(|path| check_free(path))?;
        let keys = keys_of_one_account(context, args.key.as_ref())?;
        let account = keys.first().expect("a choice of keys holds one at least").public.account;
        Ok(Desk { context, client: Arc::new(context.client()?), account, args, keys })
    }

    /// Returns the first key of my account here that a successor waits beside.
    fn pending(&self) -> Result<Option<&KeyName>, Failure> {
        for card in &self.keys {
            if self.context.keys.pending(&card.public.name)?.is_some() {
                return Ok(Some(&card.public.name));
            }
        }
        Ok(None)
    }

    fn no_key_speaks(&self) -> Result<Failure, Failure> {
        let cure = match self.pending()? {
            Some(name) => format!("a change of keys was begun here and is not finished: colophon key rotate {name}"),
            None => "sign with one of its present keys; colophon key list shows those that are here".to_owned(),
        };
        let what = format!("no key here speaks for {} any more", self.account);
        Ok(Failure::refused("signature_set", what, cure))
    }

    /// Returns what is proved of an account.
    pub fn facts(&self, account: &AccountId) -> Result<AccountFacts, Failure> {
        Ok(self.context.wait_for(self.client.account(account))??)
    }

    /// Returns what is proved of an edition.
    pub fn work(&self, work: &WorkId, edition: u64) -> Result<WorkFacts, Failure> {
        match self.context.wait_for(self.client.work(&WorkPrefix::from(work), edition))?? {
            Looked::Found(facts) => Ok(facts),
            Looked::Absent(_) => Err(Failure::not_registered(
                format!("there is no work {work} in this register"),
                "check the id, and that --node names the right register",
            )),
        }
    }

    /// Returns the words that a digest commits to, if the register has them still.
    pub fn card(&self, digest: &Digest) -> Result<Option<Card>, Failure> {
        match self.context.wait_for(self.client.card(digest))?? {
            CardFound::Card(card) => Ok(Some(card)),
            CardFound::Withdrawn | CardFound::Unknown => Ok(None),
        }
    }

    /// Returns the entries this person made.
    pub fn history(&self) -> Result<History, Failure> {
        History::read(&self.context.home)
    }

    /// Returns the names of my keys of this account, with what may be said of them.
    pub fn keys(&self) -> &[KeyCard] {
        &self.keys
    }

    /// Returns whether `--yes` was given.
    pub fn goes_on_unasked(&self) -> bool {
        self.args.yes
    }

    /// Returns whether anything is to be signed: not with `--dry-run`.
    pub fn signs(&self) -> bool {
        !self.args.dry_run
    }

    /// Asks whether to go on, unless `--yes` or `--dry-run` was given.
    pub fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.args.yes || self.args.dry_run || self.context.ui.confirm(question, "--yes")? {
            return Ok(());
        }
        Err(Failure::failed("nothing was signed", "run the command again if you want to after all"))
    }

    /// Signs what was planned with my keys, and submits it or hands it on to those who must sign too.
    pub fn carry_out(&self, plan: Plan) -> Result<Outcome, Failure> {
        let draft = plan.draft(&self.client.rules().register)?;
        self.carry_on(draft, None)
    }

    /// Signs a draft with my keys and `extra`, and submits it or hands it on.
    pub fn carry_on(&self, mut draft: Draft, extra: Option<&OpenKey>) -> Result<Outcome, Failure> {
        if self.args.dry_run {
            return dry_run(&draft);
        }
        let accounts = known(self.context, &self.client, text_of_draft(&draft)?.body.signers())?;
        self.sign(&mut draft, &accounts, extra)?;
        self.deliver(&draft, &accounts)
    }

    /// Adds the signatures that my account owes, as far as its keys are here.
    pub fn sign(&self, draft: &mut Draft, accounts: &KnownAccounts, extra: Option<&OpenKey>) -> Result<(), Failure> {
        let missing = missing(draft, accounts)?;
        let owed = missing.iter().find(|missing| missing.account == self.account);
        let Some(owed) = owed else {
            if text_of_draft(draft)?.body.signers().contains(&self.account) {
                return Ok(());
            }
            return Err(Failure::usage(
                format!("this entry needs no signature of {}", self.account),
                "name another key with --key NAME",
            ));
        };
        let names = keys_to_sign(owed, &self.keys);
        if names.is_empty() && extra.is_none() {
            return Err(self.no_key_speaks()?);
        }
        for name in names {
            let key = self.context.keys.open(name, &self.context.passphrases)?;
            draft.sign(&self.account, key.secret.clone()).map_err(unfit)?;
        }
        extra.map_or(Ok(()), |key| draft.sign(&self.account, key.secret.clone()).map_err(unfit))
    }

    /// Opens as many of my keys as sign for my account. Fails if they are not all here.
    pub fn open_keys(&self, accounts: &KnownAccounts) -> Result<Vec<OpenKey>, Failure> {
        let KeySet { keys, threshold } = accounts.key_set(&self.account).map_err(|error| unsaid(&error))?;
        let owed = Missing { account: self.account, count: threshold, keys, new: Vec::new() };
        let names = keys_to_sign(&owed, &self.keys);
        if names.is_empty() {
            return Err(self.no_key_speaks()?);
        }
        if (names.len() as u64) < threshold {
            let what = format!("this account signs with {threshold} keys, of which {} are here", names.len());
            return Err(Failure::usage(
                what,
                "register the works one by one: each then waits for the other signatures",
            ));
        }
        names.into_iter().map(|name| self.context.keys.open(name, &self.context.passphrases)).collect()
    }

    /// Submits a draft that has all its signatures; leaves another for those who must still sign.
    pub fn deliver(&self, draft: &Draft, accounts: &KnownAccounts) -> Result<Outcome, Failure> {
        keep_opening(&self.context.home, &self.context.home.lock()?, draft)?;
        let missing = missing(draft, accounts)?;
        if missing.is_empty() {
            return submit(self.context, &self.client, draft, self.args.output.as_deref());
        }
        hand_on(self.context, &self.client, draft, missing, self.args.draft.as_deref())
    }
}

/// Refuses a file that is there already, before anything is signed.
pub fn check_free(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    Err(Failure::usage(format!("{} is there already", path.display()), "choose another name, or move it away first"))
}

/// Returns whose signatures a draft lacks.
pub fn missing(draft: &Draft, accounts: &KnownAccounts) -> Result<Vec<Missing>, Failure> {
    draft.missing(accounts).map_err(|error| unsaid(&error))
}

fn unsaid(error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(
        format!("it cannot be said who must sign: {}", shown(&error.to_string())),
        "ask whoever made the draft for another",
    )
}

/// Returns what a dry run shows.
pub fn dry_run(draft: &Draft) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::of(draft, Stage::DryRun)?;
    outcome.text = Some(draft.text().to_owned());
    outcome.card = draft.card().map(|card| card.text.clone());
    Ok(outcome)
}

/// Returns the keys that sign what is owed: of the present ones as many as are missing, of a rotation's new ones all.
fn keys_to_sign<'k>(owed: &Missing, keys: &'k [KeyCard]) -> Vec<&'k KeyName> {
    let of = |card: &&KeyCard, list: &[_]| list.contains(&card.public.key);
    let count = usize::try_from(owed.count).unwrap_or(usize::MAX);
    let present = keys.iter().filter(|card| of(card, &owed.keys)).take(count);
    let new = keys.iter().filter(|card| of(card, &owed.new));
    present.chain(new).map(|card| &card.public.name).collect()
}

/// Returns the keys of the account that acts: that of the key that was named, or of all keys if they have but one. The
/// named one comes first.
fn keys_of_one_account(context: &Context, name: Option<&KeyName>) -> Result<Vec<KeyCard>, Failure> {
    let mut keys = context.keys.list()?;
    let account = match (name, keys.first()) {
        (Some(name), _) => context.keys.card(name)?.public.account,
        (None, Some(first)) if keys.iter().all(|key| key.public.account == first.public.account) => {
            first.public.account
        }
        _ => {
            return context.keys.choose(None).map(|key| vec![key]).map_err(|failure| match keys.len() {
                0 => failure,
                _ => Failure::usage(failure.what(), "say which with --key NAME"),
            });
        }
    };
    keys.retain(|key| key.public.account == account);
    keys.sort_by_key(|key| Some(&key.public.name) != name);
    Ok(keys)
}
