//! `colophon key rotate`: change the keys that speak for an account.

use clap::Args;
use colophon_client::account::AccountFacts;
use colophon_ledger::account::{AccountId, KeyList, KeySet, Multikey};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::rotate::{Rotate, RotateWord};
use colophon_ledger::field::Int;
use colophon_ledger::state::AccountRecord;

use super::random_key;
use crate::command::profile::prev;
use crate::context::Context;
use crate::failure::Failure;
use crate::keystore::key::{KeyName, OpenKey};
use crate::signing::outcome::{Outcome, Rotated, Stage};
use crate::signing::{Desk, Plan, SigningArgs};

/// Arguments of `colophon key rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Which key; may be left out when there is only one
    name: Option<KeyName>,
    /// The account's keys from now on, none of which it ever had; made with `key new --account`. Without it, a new key is
    /// made here and takes the place of the old one
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', requires = "threshold")]
    keys: Vec<Multikey>,
    /// How many of the keys it takes to sign
    #[arg(long, value_name = "N", requires = "keys")]
    threshold: Option<u64>,
    /// The only keys that a rotation after this one may bring: kept elsewhere, they outdo a thief of today's
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    next: Vec<Multikey>,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(mut args: RotateArgs, context: &Context) -> Result<(), Failure> {
    args.signing.key = args.name.clone().or(args.signing.key.take());
    let desk = Desk::open_as_is(context, &args.signing)?;
    let facts = desk.facts(&desk.account)?;
    let outcome =
        if args.keys.is_empty() { replace_own(&desk, &args, &facts)? } else { replace_all(&desk, &args, &facts)? };
    let stage = outcome.stage;
    context.ui.answer(&Rotated(outcome))?;
    match stage {
        Stage::Recorded => context.ui.note("the keys before it can sign nothing more; back up the new ones"),
        Stage::Waiting => context.ui.next("on the machines of the other keys: colophon inbox, then colophon accept ID"),
        Stage::File => context.ui.next("on the machines of the other keys: colophon sign FILE"),
        Stage::DryRun => {}
    }
    Ok(())
}

/// Makes a new key, which is on the disk before anybody hears of it, and puts it in the old one's place once it is recorded.
fn replace_own(desk: &Desk<'_>, args: &RotateArgs, facts: &AccountFacts) -> Result<Outcome, Failure> {
    let (keys, passphrases) = (&desk.context.keys, &desk.context.passphrases);
    let name = keys.choose(args.signing.key.as_ref())?.public.name;
    let left = keys.successor(&name, passphrases)?;
    if let Some(left) = left.as_ref().filter(|left| facts.keys.keys.contains(&left.public_part().key)) {
        desk.context.ui.note("the rotation was recorded before an interrupt: the new key is put in its place now");
        keys.install_successor(&name)?;
        return recorded_before(desk, facts, left);
    }
    check_single(facts)?;
    let successor = if let Some(left) = left {
        left
    } else {
        let made = random_key(name.clone(), Some(desk.account))?;
        keys.keep_successor(&made, passphrases)?;
        made
    };
    let body = plan(&facts.account, facts.record.as_ref(), vec![successor.public_part().key], 1, &args.next)?;
    desk.confirm(&format!("From then on the key {name} of today can sign nothing more. Go on?"))?;
    let draft = Plan::of(body).draft(&desk.client.rules().register)?;
    let outcome = desk.carry_on(draft, Some(&successor))?;
    if outcome.stage == Stage::Recorded {
        keys.install_successor(&name)?;
    }
    Ok(outcome)
}

/// Changes the account's keys to those that were named, as far as they are here; the others sign the draft.
fn replace_all(desk: &Desk<'_>, args: &RotateArgs, facts: &AccountFacts) -> Result<Outcome, Failure> {
    let threshold = args.threshold.unwrap_or(1);
    let body = plan(&facts.account, facts.record.as_ref(), args.keys.clone(), threshold, &args.next)?;
    desk.confirm("From then on the account's keys of today can sign nothing more. Go on?")?;
    desk.carry_out(Plan::of(body))
}

fn check_single(facts: &AccountFacts) -> Result<(), Failure> {
    let count = facts.keys.keys.len();
    if count > 1 {
        let cure =
            "make new ones with colophon key new NAME --account ACCOUNT, and give them all with --keys and --threshold";
        return Err(Failure::usage(format!("this account has {count} keys, and a rotation replaces them all"), cure));
    }
    Ok(())
}

/// Returns the rotation to be signed, or the refusal that the register would answer with.
fn plan(
    account: &AccountId,
    record: Option<&AccountRecord>,
    keys: Vec<Multikey>,
    threshold: u64,
    next: &[Multikey],
) -> Result<Body, Failure> {
    let list = |keys: Vec<Multikey>| {
        KeyList::new(keys).ok_or_else(|| Failure::usage("a list of keys has 1 to 16, each once", "check the list"))
    };
    let most = keys.len() as u64;
    let keys = list(keys)?;
    let threshold = Int::new(threshold).filter(|_| threshold <= most).ok_or_else(|| {
        Failure::usage(format!("{threshold} of {most} keys cannot sign"), format!("give --threshold 1 to {most}"))
    })?;
    if let Some(promised) = record.and_then(|record| record.next)
        && keys.commitment() != promised
    {
        let what = "the rotation before this one has named the only keys that may come now, and these are others";
        return Err(Failure::refused("next_mismatch", what, "give those keys with --keys"));
    }
    let present = record.map_or_else(|| KeySet::first_of(account), AccountRecord::key_set).keys;
    if let Some(reused) = keys.as_slice().iter().find(|key| present.contains(*key)) {
        let what = format!("{reused} is a key of this account already");
        return Err(Failure::refused(
            "key_reused",
            what,
            "make a new one with colophon key new NAME --account ACCOUNT",
        ));
    }
    let next = if next.is_empty() { None } else { Some(list(next.to_vec())?.commitment()) };
    Ok(Body::Rotate(Rotate { by: *account, keys, kind: RotateWord::It, next, prev: prev(account, record), threshold }))
}

/// Returns what came of a rotation that was recorded before this command began.
fn recorded_before(desk: &Desk<'_>, facts: &AccountFacts, key: &OpenKey) -> Result<Outcome, Failure> {
    let chain = desk.context.wait_for(desk.client.account_chain(facts))??;
    let public = key.public_part().key;
    let brings = |body: &Body| matches!(body, Body::Rotate(rotate) if rotate.keys.as_slice().contains(&public));
    let logged = chain.iter().rev().find(|logged| brings(logged.entry.body())).ok_or_else(|| {
        Failure::not_verified("the register knows the new key and shows no rotation to it", "do not use this register")
    })?;
    Ok(Outcome::of_logged(logged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use colophon_tlog::key::SecretKey;

    fn key(seed: u8) -> Multikey {
        Multikey::from(&SecretKey::from_seed([seed; 32]).public())
    }

    #[test]
    fn a_list_of_keys_has_its_limits() {
        let account = AccountId::of(key(1));
        let plan = |keys, threshold| plan(&account, None, keys, threshold, &[]);
        let keys: Vec<Multikey> = (2..=17).map(key).collect();
        assert!(plan(keys.clone(), 16).is_ok());
        for (keys, threshold) in
            [((2..=18).map(key).collect(), 1), (vec![key(2), key(2)], 1), (keys.clone(), 17), (keys, 0)]
        {
            assert_eq!(plan(keys, threshold).unwrap_err().exit(), Exit::Usage);
        }
        assert_eq!(plan(vec![key(1)], 1).unwrap_err().code(), "key_reused");
    }

    #[test]
    fn a_promised_list_must_come() {
        let account = AccountId::of(key(1));
        let promised = KeyList::new(vec![key(2), key(3)]).unwrap().commitment();
        let newest = promised;
        let keys = vec![key(1)];
        let record =
            AccountRecord { carried: None, keys, newest, next: Some(promised), rotated: Some(5), threshold: 1 };
        assert!(plan(&account, Some(&record), vec![key(3), key(2)], 1, &[]).is_ok());
        assert_eq!(plan(&account, Some(&record), vec![key(4)], 1, &[]).unwrap_err().code(), "next_mismatch");
        let Body::Rotate(rotate) = plan(&account, None, vec![key(2)], 1, &[key(3), key(4)]).unwrap() else {
            panic!("a rotation")
        };
        assert_eq!(rotate.next, Some(KeyList::new(vec![key(4), key(3)]).unwrap().commitment()));
    }
}
