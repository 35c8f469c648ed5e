//! Who signed an entry: every line checked, and the lines held against the accounts it needs.

use colophon_tlog::key::{Claim, PublicKey, verify_each};
use colophon_tlog::note::{Algorithm, KeyId, SignatureLine, key_id};

use crate::account::{AccountId, KeySet, Multikey};
use crate::entry::{Body, Entry};
use crate::refusal::Refusal;
use crate::rule::Stop;
use crate::state::{Records, Unreadable};

/// An entry whose every signature line verifies, under the keys it carries along.
///
/// Whether those keys were the right ones at the entry's place is for [`Signed::check_authority`]: keys may have rotated
/// between the check, which runs on all cores, and the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    entry: Entry,
    keys: Vec<(AccountId, Multikey)>,
}

impl Signed {
    /// Checks every signature line of `entry` under the accounts' keys that `records` know.
    ///
    /// Each line by the strict rule of [`colophon_tlog::key`], never by batch verification: that accepts what a single check does
    /// not.
    pub fn check(entry: Entry, records: &impl Records) -> Result<Signed, Stop> {
        Signed::check_by(entry, records, &EachTime)
    }

    /// Does the same with the keys' points taken from `points`.
    pub fn check_by(entry: Entry, records: &impl Records, points: &impl Points) -> Result<Signed, Stop> {
        let lines = Lines::of(&entry, records, points);
        let mut verdicts = verify_each(&lines.claims(&entry).collect::<Vec<_>>()).into_iter();
        Signed::judged(entry, lines, &mut verdicts)
    }

    /// Does the same with each of many entries, in less time than one by one.
    pub fn check_each(entries: Vec<Entry>, records: &impl Records, points: &impl Points) -> Vec<Result<Signed, Stop>> {
        let lines: Vec<Lines> = entries.iter().map(|entry| Lines::of(entry, records, points)).collect();
        let claims: Vec<Claim<'_>> =
            entries.iter().zip(&lines).flat_map(|(entry, lines)| lines.claims(entry)).collect();
        let mut verdicts = verify_each(&claims).into_iter();
        entries.into_iter().zip(lines).map(|(entry, lines)| Signed::judged(entry, lines, &mut verdicts)).collect()
    }

    /// Returns an entry with the keys that made its lines. `verdicts` say of each claim of the lines whether it is good.
    fn judged(entry: Entry, lines: Lines, verdicts: &mut impl Iterator<Item = bool>) -> Result<Signed, Stop> {
        // Every verdict on this entry is taken, whatever comes of it.
        let mut maker_of = |line: &Line| {
            let verdicts = line.keys.iter().zip(verdicts.by_ref());
            verdicts.fold(None, |maker, ((key, _), good)| maker.or(good.then_some(*key)))
        };
        let good: Vec<Option<Multikey>> = lines.named.iter().map(&mut maker_of).collect();
        let mut keys = Vec::with_capacity(good.len());
        for (line, good) in lines.named.iter().zip(good) {
            let invalid = || Refusal::SignatureInvalid { account: line.account, key_id: line.key_id };
            keys.push((line.account, good.ok_or_else(invalid)?));
        }
        lines.end.map(|()| Signed { entry, keys })
    }

    /// Checks that the signatures are those the entry needs by the state of `records`: of each account as many as its
    /// threshold, each by another of its keys, and of a rotation's new keys all.
    pub fn check_authority(&self, records: &impl Records) -> Result<(), Stop> {
        for account in self.entry.body().signers() {
            let KeySet { keys, threshold } = records.key_set(&account)?;
            let new: &[Multikey] = match self.entry.body() {
                Body::Rotate(rotate) => rotate.keys.as_slice(),
                _ => &[],
            };
            let signed: Vec<&Multikey> =
                self.keys.iter().filter(|(of, _)| *of == account).map(|(_, key)| key).collect();
            let old = signed.iter().filter(|key| keys.contains(key)).count() as u64;
            if let Some(stranger) = signed.iter().find(|key| !keys.contains(key) && !new.contains(key)) {
                return Err(set(format!("{stranger} does not speak for {account}")).into());
            }
            if old != threshold {
                return Err(set(format!("{account} needs {threshold} of its keys, and {old} signed")).into());
            }
            if let Some(missing) = new.iter().find(|key| !signed.contains(key)) {
                return Err(set(format!("the new key {missing} has not signed")).into());
            }
        }
        Ok(())
    }

    /// Returns the entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Gives the entry away.
    pub fn into_entry(self) -> Entry {
        self.entry
    }
}

/// Where the point on the curve comes from that is a key. To compute one takes a sixth of the time of checking a signature, so
/// whoever checks many may remember them.
pub trait Points {
    /// Returns the key as a point on the curve, if its bytes are one that may sign: what [`Multikey::public`] returns.
    fn public(&self, key: &Multikey) -> Option<PublicKey>;
}

/// Points that are computed each time.
#[derive(Debug, Clone, Copy)]
pub struct EachTime;

impl Points for EachTime {
    fn public(&self, key: &Multikey) -> Option<PublicKey> {
        key.public()
    }
}

fn set(why: String) -> Refusal {
    Refusal::SignatureSet(why)
}

fn no_part(name: &str) -> Refusal {
    match name.parse::<AccountId>() {
        Ok(account) => set(format!("{account} has no part in this entry")),
        Err(error) => set(format!("{error}")),
    }
}

/// Signature lines stand in strictly ascending order of name and key id, so that an entry has one form and no doubles.
fn check_order(lines: &[SignatureLine]) -> Result<(), Refusal> {
    let ascending = lines.windows(2).all(|pair| match pair {
        [one, other] => (&one.name, one.key_id) < (&other.name, other.key_id),
        _ => true,
    });
    if ascending { Ok(()) } else { Err(set("the lines are not in ascending order of name and key id".to_owned())) }
}

/// A signature line with the keys that its name and key id stand for.
struct Line {
    account: AccountId,
    key_id: KeyId,
    signature: Vec<u8>,
    /// One, but for keys that were made to have the same id.
    keys: Vec<(Multikey, PublicKey)>,
}

/// The signature lines of an entry, up to the first that no key can have made.
struct Lines {
    named: Vec<Line>,
    end: Result<(), Stop>,
}

impl Lines {
    fn of(entry: &Entry, records: &impl Records, points: &impl Points) -> Lines {
        let mut named = Vec::with_capacity(entry.signatures().len());
        let end = check_order(entry.signatures()).map_err(Stop::from).and_then(|()| {
            let signers = entry.body().signers();
            for line in entry.signatures() {
                let signer = signers.iter().find(|signer| signer.as_str() == line.name);
                let account = *signer.ok_or_else(|| no_part(&line.name))?;
                named.push(Line::of(account, line, entry, records, points)?);
            }
            Ok(())
        });
        Lines { named, end }
    }

    /// Returns what is to be checked: a line and a key each.
    fn claims<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = Claim<'a>> {
        let message = entry.text().as_bytes();
        self.named.iter().flat_map(move |line| {
            line.keys.iter().map(move |(_, key)| Claim { key: *key, message, signature: &line.signature })
        })
    }
}

impl Line {
    /// Names the keys of a line: of those the account has and, in its rotation, of those it will have.
    fn of(
        account: AccountId,
        line: &SignatureLine,
        entry: &Entry,
        records: &impl Records,
        points: &impl Points,
    ) -> Result<Line, Stop> {
        let mut candidates = records.key_set(&account)?.keys;
        if let Body::Rotate(rotate) = entry.body() {
            candidates.extend(rotate.keys.as_slice());
        }
        let is_named = |public: &PublicKey| key_id(account.as_str(), Algorithm::Ed25519, public) == line.key_id;
        let named = |key: Multikey| Some((key, points.public(&key).filter(is_named)?));
        let keys: Vec<_> = candidates.into_iter().filter_map(named).collect();
        if keys.is_empty() {
            return Err(set(format!("the key {} does not speak for {account}", line.key_id)).into());
        }
        Ok(Line { account, key_id: line.key_id, keys, signature: line.signature.clone() })
    }
}

/// The keys of accounts that never rotated: what a genesis is signed by.
#[derive(Debug, Clone, Copy)]
pub struct FirstKeys;

impl Records for FirstKeys {
    fn record(&self, _: &crate::state::RecordKey) -> Result<Option<String>, Unreadable> {
        Ok(None)
    }
}
