//! Half-signed drafts that wait for an account. A convenience: they may be lost, and nobody has to trust them.
//!
//! One sled tree, three kinds of key: `d ID` holds the draft, `a ACCOUNT ID` finds it by each account it waits for, `t TIME ID` by its
//! age.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::DRAFT_BYTES_MAX;
use colophon_ledger::field::{Digest, EntryId};
use colophon_tlog::hash::Hash;

use crate::{durable, sled_store};

/// The name of the folder in the register's folder.
pub const DRAFTS_DIR: &str = "drafts";
/// The most drafts in all.
pub const DRAFTS_MAX: usize = 4_096;
/// The most drafts that wait for one account.
pub const DRAFTS_PER_ACCOUNT_MAX: usize = 100;
/// The most accounts one draft waits for: the maker and the creators of a mint.
pub const ACCOUNTS_MAX: usize = 17;

const CACHE_BYTES: u64 = 8 << 20;
const ID_BYTES: usize = 32;

/// Why a draft was not taken, or not found.
#[derive(Debug, thiserror::Error)]
pub enum DraftsError {
    /// Longer than a draft may be.
    #[error("the draft has {0} bytes; at most {DRAFT_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// It waits for nobody, or for too many.
    #[error("the draft waits for {0} accounts; 1 to {ACCOUNTS_MAX} are allowed")]
    Accounts(usize),
    /// As many drafts wait for this account as may.
    #[error("{DRAFTS_PER_ACCOUNT_MAX} drafts wait for the account {0} already; some must be signed or declined first")]
    AccountFull(AccountId),
    /// As many drafts wait as may.
    #[error("{DRAFTS_MAX} drafts wait already; pass this one on as a file instead")]
    Full,
    /// The folder cannot be cleared or written.
    #[error("the folder {DRAFTS_DIR:?} cannot be used: {0}")]
    Folder(#[source] io::Error),
    /// The store failed.
    #[error("the store of drafts answers: {0}")]
    Store(String),
}

impl From<sled::Error> for DraftsError {
    fn from(error: sled::Error) -> DraftsError {
        DraftsError::Store(error.to_string())
    }
}

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDraft {
    /// The id of the entry it will be.
    pub id: EntryId,
    /// When it came, in milliseconds after 1970.
    pub added_ms: u64,
    /// The accounts it waits for.
    pub accounts: Vec<AccountId>,
    /// The draft, as it came.
    pub bytes: Vec<u8>,
}

/// The drafts of a register.
#[derive(Debug)]
pub struct Drafts {
    dir: PathBuf,
    /// The store, unless it failed or there is no room for it. It is opened again when it is next written.
    db: RwLock<Option<sled::Db>>,
    /// How many there are. Held while writing.
    count: Mutex<usize>,
}

impl Drafts {
    /// Opens the drafts of the register in `dir`. A store that cannot be opened is deleted and begun anew; without room even
    /// for that, there are none until there is, and the answer says why.
    pub fn open(dir: &Path) -> (Drafts, Option<DraftsError>) {
        let drafts = Drafts { dir: dir.join(DRAFTS_DIR), db: RwLock::default(), count: Mutex::default() };
        let mut count = drafts.count.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = drafts.opened(&mut count).err();
        drop(count);
        (drafts, failed)
    }

    /// Returns the store, opening it if need be.
    fn opened(&self, count: &mut usize) -> Result<sled::Db, DraftsError> {
        if let Some(db) = self.db() {
            return Ok(db);
        }
        let (db, found) = open_store(&self.dir).or_else(|_| {
            durable::remove(&self.dir).map_err(DraftsError::Folder)?;
            durable::create_dir(&self.dir).map_err(DraftsError::Folder)?;
            open_store(&self.dir)
        })?;
        *count = found;
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = Some(db.clone());
        Ok(db)
    }

    fn db(&self) -> Option<sled::Db> {
        self.db.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of a store that has failed.
    fn or_close<T>(&self, result: Result<T, DraftsError>) -> Result<T, DraftsError> {
        if let Err(DraftsError::Store(_)) = result {
            self.db.write().unwrap_or_else(PoisonError::into_inner).take();
        }
        result
    }

    /// Keeps a draft for the accounts it waits for, in the place of the one with the same id, if any.
    pub fn put(&self, draft: &WaitingDraft) -> Result<(), DraftsError> {
        if draft.bytes.len() > DRAFT_BYTES_MAX {
            return Err(DraftsError::TooLarge(draft.bytes.len()));
        }
        if !(1..=ACCOUNTS_MAX).contains(&draft.accounts.len()) {
            return Err(DraftsError::Accounts(draft.accounts.len()));
        }
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let db = self.opened(&mut count)?;
        self.or_close(put_in(&db, draft, &mut count))
    }

    /// Returns a draft.
    pub fn get(&self, id: &EntryId) -> Result<Option<WaitingDraft>, DraftsError> {
        let Some(db) = self.db() else { return Ok(None) };
        self.or_close(get_in(&db, id))
    }

    /// Returns the drafts that wait for an account, in the order of their ids.
    pub fn list(&self, account: &AccountId) -> Result<Vec<WaitingDraft>, DraftsError> {
        let Some(db) = self.db() else { return Ok(Vec::new()) };
        self.or_close(list_in(&db, account))
    }

    /// Removes a draft, and tells whether there was one.
    pub fn remove(&self, id: &EntryId) -> Result<bool, DraftsError> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if *count == 0 {
            return Ok(false);
        }
        let Some(db) = self.db() else { return Ok(false) };
        self.or_close(remove_in(&db, id, &mut count))
    }

    /// Removes all drafts that came before a time in milliseconds after 1970, and tells how many.
    pub fn expire(&self, before_ms: u64) -> Result<usize, DraftsError> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(db) = self.db() else { return Ok(0) };
        self.or_close(expire_in(&db, before_ms, &mut count))
    }
}

fn put_in(db: &sled::Db, draft: &WaitingDraft, count: &mut usize) -> Result<(), DraftsError> {
    let old = get_in(db, &draft.id)?;
    if old.is_none() && *count >= DRAFTS_MAX {
        return Err(DraftsError::Full);
    }
    for account in &draft.accounts {
        let waits_already = old.as_ref().is_some_and(|old| old.accounts.contains(account));
        if !waits_already && db.scan_prefix(account_prefix(account)).count() >= DRAFTS_PER_ACCOUNT_MAX {
            return Err(DraftsError::AccountFull(*account));
        }
    }
    let mut batch = sled::Batch::default();
    if let Some(old) = &old {
        index_keys(old).for_each(|key| batch.remove(key));
    }
    index_keys(draft).for_each(|key| batch.insert(key, &[]));
    batch.insert(draft_key(&draft.id), encode(draft));
    db.apply_batch(batch)?;
    *count += usize::from(old.is_none());
    Ok(())
}

fn get_in(db: &sled::Db, id: &EntryId) -> Result<Option<WaitingDraft>, DraftsError> {
    let value = db.get(draft_key(id))?;
    Ok(value.and_then(|value| decode(*id, &value)))
}

fn list_in(db: &sled::Db, account: &AccountId) -> Result<Vec<WaitingDraft>, DraftsError> {
    let mut drafts = Vec::new();
    for key in db.scan_prefix(account_prefix(account)).keys() {
        if let Some(id) = last_id(&key?) {
            drafts.extend(get_in(db, &id)?);
        }
    }
    Ok(drafts)
}

fn remove_in(db: &sled::Db, id: &EntryId, count: &mut usize) -> Result<bool, DraftsError> {
    let Some(old) = get_in(db, id)? else { return Ok(false) };
    let mut batch = sled::Batch::default();
    index_keys(&old).for_each(|key| batch.remove(key));
    batch.remove(draft_key(id));
    db.apply_batch(batch)?;
    *count = count.saturating_sub(1);
    Ok(true)
}

fn expire_in(db: &sled::Db, before_ms: u64, count: &mut usize) -> Result<usize, DraftsError> {
    let mut removed = 0;
    for key in db.range(time_prefix(0)..time_prefix(before_ms)).keys() {
        if let Some(id) = last_id(&key?) {
            removed += usize::from(remove_in(db, &id, count)?);
        }
    }
    Ok(removed)
}

fn open_store(dir: &Path) -> Result<(sled::Db, usize), DraftsError> {
    let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES);
    let db = sled_store::open(&config).map_err(|error| DraftsError::Store(error.to_string()))?;
    let mut count = 0;
    for key in db.scan_prefix(b"d").keys() {
        key?;
        count += 1;
    }
    Ok((db, count))
}

fn draft_key(id: &EntryId) -> Vec<u8> {
    [b"d", &id.0.as_bytes()[..]].concat()
}

fn account_prefix(account: &AccountId) -> Vec<u8> {
    [b"a", account.as_str().as_bytes()].concat()
}

fn time_prefix(time_ms: u64) -> Vec<u8> {
    [&b"t"[..], &time_ms.to_be_bytes()].concat()
}

/// Returns the keys under which a draft is found, all of which end in its id.
fn index_keys(draft: &WaitingDraft) -> impl Iterator<Item = Vec<u8>> {
    let prefixes = draft.accounts.iter().map(account_prefix).chain([time_prefix(draft.added_ms)]);
    prefixes.map(|prefix| [&prefix[..], draft.id.0.as_bytes()].concat())
}

fn last_id(key: &[u8]) -> Option<EntryId> {
    key.last_chunk::<ID_BYTES>().map(|id| Digest(Hash::from(*id)))
}

/// Writes a draft as its time, its accounts with a space after each, a newline, and its bytes.
fn encode(draft: &WaitingDraft) -> Vec<u8> {
    let mut value = draft.added_ms.to_be_bytes().to_vec();
    for account in &draft.accounts {
        value.extend(account.as_str().as_bytes());
        value.push(b' ');
    }
    value.push(b'\n');
    value.extend(&draft.bytes);
    value
}

fn decode(id: EntryId, value: &[u8]) -> Option<WaitingDraft> {
    let (added_ms, rest) = value.split_first_chunk()?;
    let newline = rest.iter().position(|byte| *byte == b'\n')?;
    let (accounts, bytes) = rest.split_at_checked(newline)?;
    let accounts = std::str::from_utf8(accounts).ok()?.split_terminator(' ').map(str::parse).collect();
    Some(WaitingDraft {
        id,
        added_ms: u64::from_be_bytes(*added_ms),
        accounts: Result::ok(accounts)?,
        bytes: bytes.get(1..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::account::Multikey;

    fn opened(dir: &Path) -> Drafts {
        let (drafts, failed) = Drafts::open(dir);
        assert!(failed.is_none(), "{failed:?}");
        drafts
    }

    fn account(number: u8) -> AccountId {
        AccountId::of(Multikey::from_key_bytes([number; 32]))
    }

    fn draft(number: u32, accounts: &[u8]) -> WaitingDraft {
        WaitingDraft {
            id: Digest(colophon_tlog::hash::sha256(&number.to_be_bytes())),
            added_ms: 1_000 + u64::from(number),
            accounts: accounts.iter().map(|number| account(*number)).collect(),
            bytes: format!("draft {number}\n\n of a transfer").into_bytes(),
        }
    }

    fn ids(drafts: &[WaitingDraft]) -> Vec<EntryId> {
        drafts.iter().map(|draft| draft.id).collect()
    }

    #[test]
    fn a_draft_waits_for_each_of_its_accounts() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = opened(dir.path());
        drafts.put(&draft(1, &[1, 2])).unwrap();
        drafts.put(&draft(2, &[2])).unwrap();
        assert_eq!(drafts.list(&account(1)).unwrap(), [draft(1, &[1, 2])]);
        assert_eq!(drafts.list(&account(2)).unwrap().len(), 2);
        assert_eq!(drafts.list(&account(3)).unwrap(), []);
        drop(drafts);
        let drafts = opened(dir.path());
        assert_eq!(drafts.get(&draft(1, &[]).id).unwrap(), Some(draft(1, &[1, 2])));
        assert!(drafts.remove(&draft(1, &[]).id).unwrap());
        assert!(!drafts.remove(&draft(1, &[]).id).unwrap());
        assert_eq!(drafts.list(&account(1)).unwrap(), []);
        assert_eq!(ids(&drafts.list(&account(2)).unwrap()), [draft(2, &[]).id]);
    }

    #[test]
    fn a_store_that_is_still_held_is_waited_for_and_keeps_its_drafts() {
        let dir = tempfile::tempdir().unwrap();
        let held = opened(dir.path());
        held.put(&draft(1, &[1])).unwrap();
        let drafts = std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(200));
                drop(held);
            });
            opened(dir.path())
        });
        assert_eq!(drafts.list(&account(1)).unwrap(), [draft(1, &[1])]);
    }

    #[test]
    fn a_draft_takes_the_place_of_the_one_with_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = opened(dir.path());
        drafts.put(&draft(1, &[1, 2])).unwrap();
        let newer = WaitingDraft { added_ms: 9_000, bytes: b"with a signature".to_vec(), ..draft(1, &[2]) };
        drafts.put(&newer).unwrap();
        assert_eq!(drafts.list(&account(1)).unwrap(), []);
        assert_eq!(drafts.list(&account(2)).unwrap(), [newer]);
        assert_eq!(drafts.expire(9_000).unwrap(), 0);
        assert_eq!(drafts.expire(9_001).unwrap(), 1);
        assert_eq!(drafts.list(&account(2)).unwrap(), []);
    }

    #[test]
    fn old_drafts_go_and_younger_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = opened(dir.path());
        for number in 0..10 {
            drafts.put(&draft(number, &[1])).unwrap();
        }
        assert_eq!(drafts.expire(1_004).unwrap(), 4);
        assert_eq!(drafts.list(&account(1)).unwrap().len(), 6);
        assert_eq!(*drafts.count.lock().unwrap(), 6);
    }

    #[test]
    fn one_draft_too_many_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = opened(dir.path());
        let mut number = 0;
        for holder in 0..=40 {
            for _ in 0..DRAFTS_PER_ACCOUNT_MAX {
                if number < DRAFTS_MAX {
                    drafts.put(&draft(u32::try_from(number).unwrap(), &[holder])).unwrap();
                    number += 1;
                }
            }
        }
        assert!(matches!(drafts.put(&draft(9_999, &[200])), Err(DraftsError::Full)));
        drafts.put(&draft(0, &[200])).unwrap();
        drafts.remove(&draft(1, &[]).id).unwrap();
        assert!(
            matches!(drafts.put(&draft(9_999, &[200, 2])), Err(DraftsError::AccountFull(full)) if full == account(2))
        );
        drafts.put(&draft(9_999, &[200])).unwrap();
    }

    #[test]
    fn a_draft_too_long_or_for_too_many_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = opened(dir.path());
        let accounts: Vec<u8> = (0..=17).collect();
        drafts.put(&WaitingDraft { bytes: vec![b'x'; DRAFT_BYTES_MAX], ..draft(1, &accounts[..17]) }).unwrap();
        let longer = WaitingDraft { bytes: vec![b'x'; DRAFT_BYTES_MAX + 1], ..draft(1, &[1]) };
        assert!(matches!(drafts.put(&longer), Err(DraftsError::TooLarge(65_537))));
        assert!(matches!(drafts.put(&draft(1, &accounts)), Err(DraftsError::Accounts(18))));
        assert!(matches!(drafts.put(&draft(1, &[])), Err(DraftsError::Accounts(0))));
        assert_eq!(drafts.list(&account(16)).unwrap().len(), 1);
    }

    #[test]
    fn a_store_of_garbage_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        drop(opened(dir.path()));
        for entry in std::fs::read_dir(dir.path().join(DRAFTS_DIR)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::write(&path, vec![0xa5; 4_096]).unwrap();
            }
        }
        let drafts = opened(dir.path());
        drafts.put(&draft(1, &[1])).unwrap();
        assert_eq!(drafts.list(&account(1)).unwrap().len(), 1);
    }
}
