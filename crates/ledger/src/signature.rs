//! Who signed an entry: every line checked, and the lines held against the accounts it needs.

use colophon_tlog::key::PublicKey;
use colophon_tlog::note::{Algorithm, SignatureLine, key_id};

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
    /// One `verify_strict` a line, never a batch: a batch accepts what a single check does not.
    pub fn check(entry: Entry, records: &impl Records) -> Result<Signed, Stop> {
        Signed::check_by(entry, records, &EachTime)
    }

    /// Does the same with the keys' points taken from `points`.
    pub fn check_by(entry: Entry, records: &impl Records, points: &impl Points) -> Result<Signed, Stop> {
        let mut keys: Vec<(AccountId, Multikey)> = Vec::with_capacity(entry.signatures().len());
        let signers = entry.body().signers();
        check_order(entry.signatures())?;
        for line in entry.signatures() {
            let signer = signers.iter().find(|signer| signer.as_str() == line.name);
            let account = *signer.ok_or_else(|| no_part(&line.name))?;
            let key = find_key(&account, line, &entry, records, points)?;
            keys.push((account, key));
        }
        Ok(Signed { entry, keys })
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

/// Returns the key that made the line, of those the account has and, in its rotation, of those it will have.
fn find_key(
    account: &AccountId,
    line: &SignatureLine,
    entry: &Entry,
    records: &impl Records,
    points: &impl Points,
) -> Result<Multikey, Stop> {
    let mut candidates = records.key_set(account)?.keys;
    if let Body::Rotate(rotate) = entry.body() {
        candidates.extend(rotate.keys.as_slice());
    }
    let mut found = false;
    for key in candidates {
        let is_named = |public: &PublicKey| key_id(account.as_str(), Algorithm::Ed25519, public) == line.key_id;
        let Some(public) = points.public(&key).filter(is_named) else { continue };
        if public.verify(entry.text().as_bytes(), &line.signature) {
            return Ok(key);
        }
        found = true;
    }
    let refusal = if found {
        Refusal::SignatureInvalid { account: *account, key_id: line.key_id }
    } else {
        set(format!("the key {} does not speak for {account}", line.key_id))
    };
    Err(refusal.into())
}

/// The keys of accounts that never rotated: what a genesis is signed by.
#[derive(Debug, Clone, Copy)]
pub struct FirstKeys;

impl Records for FirstKeys {
    fn record(&self, _: &crate::state::RecordKey) -> Result<Option<String>, Unreadable> {
        Ok(None)
    }
}
