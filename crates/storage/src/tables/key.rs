//! The keys of the tables in bytes: what a name of a record is under the view, and back.

use colophon_ledger::account::{AccountId, Multikey};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::state::RecordKey;
use colophon_tlog::hash::Hash;
use colophon_tlog::note::KeyId;

/// The table of entries, where a work's record stands too.
pub(super) const ENTRIES: u8 = b'e';
/// The table of all other records.
pub(super) const RECORDS: u8 = b'r';

const FILE: u8 = b'f';
const CLAIM: u8 = b'c';
const FACE: u8 = b'n';
const EDITION: u8 = b'd';
const ACCOUNT: u8 = b'a';
const KEY: u8 = b'k';
const REGISTER: u8 = b'g';

/// Returns the key under which an entry, or a work, is found.
pub(super) fn of_entry(id: &EntryId) -> Vec<u8> {
    [&[ENTRIES], &id.0.as_bytes()[..]].concat()
}

/// Returns the key under which a record is found.
pub(super) fn of_record(key: &RecordKey) -> Vec<u8> {
    let (kind, [one, two]) = match key {
        RecordKey::Work(work) => return of_entry(work),
        RecordKey::File(file) => (FILE, [file.0.as_bytes().to_vec(), Vec::new()]),
        RecordKey::Claim(file, number) => (CLAIM, [file.0.as_bytes().to_vec(), number.to_be_bytes().to_vec()]),
        RecordKey::Face(file, account) => (FACE, [file.0.as_bytes().to_vec(), account_bytes(account).to_vec()]),
        RecordKey::Edition(work, number) => (EDITION, [work.0.as_bytes().to_vec(), number.to_be_bytes().to_vec()]),
        RecordKey::Account(account) => (ACCOUNT, [account_bytes(account).to_vec(), Vec::new()]),
        RecordKey::Key(account, key) => (KEY, [account_bytes(account).to_vec(), key.to_bytes().to_vec()]),
        RecordKey::Register => (REGISTER, [Vec::new(), Vec::new()]),
    };
    [&[RECORDS, kind][..], &one, &two].concat()
}

/// Returns the name of the record that stands under a key, if it is a record's.
pub(super) fn record_at(key: &[u8]) -> Option<RecordKey> {
    let (table, rest) = key.split_first()?;
    if *table == ENTRIES {
        return Some(RecordKey::Work(digest(rest)?));
    }
    let (kind, rest) = rest.split_first().filter(|_| *table == RECORDS)?;
    if *kind == REGISTER && rest.is_empty() {
        return Some(RecordKey::Register);
    }
    let (first, last) = rest.split_first_chunk::<32>()?;
    let (file, account) = (Digest(Hash::from(*first)), || account_of(*first));
    Some(match *kind {
        FILE if last.is_empty() => RecordKey::File(file),
        CLAIM => RecordKey::Claim(file, number(last)?),
        FACE => RecordKey::Face(file, account_of(last.try_into().ok()?)),
        EDITION => RecordKey::Edition(file, number(last)?),
        ACCOUNT if last.is_empty() => RecordKey::Account(account()),
        KEY => RecordKey::Key(account(), KeyId::new(u32::from_be_bytes(last.try_into().ok()?))),
        _ => return None,
    })
}

/// Returns the key of a seal's place.
pub(super) fn of_seal(index: u64) -> Vec<u8> {
    [&b"s"[..], &index.to_be_bytes()].concat()
}

/// Returns what the keys of an edition's chain begin with.
pub(super) fn edition_prefix(work: &WorkId, edition: u64) -> Vec<u8> {
    [b"w", &work.0.as_bytes()[..], &edition.to_be_bytes()].concat()
}

/// Returns what an account's keys in a table begin with.
pub(super) fn account_prefix(table: u8, account: &AccountId) -> Vec<u8> {
    [&[table], &account_bytes(account)[..]].concat()
}

/// Returns the key of an edition in a table of accounts.
pub(super) fn account_edition(table: u8, account: &AccountId, work: &WorkId, edition: u64) -> Vec<u8> {
    [&account_prefix(table, account)[..], work.0.as_bytes(), &edition.to_be_bytes()].concat()
}

/// Returns the number that a key or value ends in.
pub(super) fn last_number(bytes: &[u8]) -> Option<u64> {
    bytes.last_chunk().map(|number| u64::from_be_bytes(*number))
}

/// Returns the edition that a key ends in.
pub(super) fn last_edition(key: &[u8]) -> Option<(WorkId, u64)> {
    let (work, edition) = key.last_chunk::<40>()?.split_first_chunk::<32>()?;
    Some((Digest(Hash::from(*work)), last_number(edition)?))
}

/// Returns a number without the zeros before it.
pub(super) fn short_number(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// Returns the number that was written without the zeros before it.
pub(super) fn number_of_short(bytes: &[u8]) -> Option<u64> {
    let wide = bytes.len() <= 8 && bytes.first() != Some(&0);
    wide.then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn digest(bytes: &[u8]) -> Option<Digest> {
    Some(Digest(Hash::from(<[u8; 32]>::try_from(bytes).ok()?)))
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

fn account_bytes(account: &AccountId) -> [u8; 32] {
    account.first_key().to_key_bytes()
}

fn account_of(key: [u8; 32]) -> AccountId {
    AccountId::of(Multikey::from_key_bytes(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record_key() -> impl Strategy<Value = RecordKey> {
        let digest = any::<[u8; 32]>().prop_map(|bytes| Digest(Hash::from(bytes)));
        let account = any::<[u8; 32]>().prop_map(account_of);
        prop_oneof![
            digest.clone().prop_map(RecordKey::Work),
            digest.clone().prop_map(RecordKey::File),
            (digest.clone(), any::<u64>()).prop_map(|(file, number)| RecordKey::Claim(file, number)),
            (digest.clone(), account.clone()).prop_map(|(file, account)| RecordKey::Face(file, account)),
            (digest, any::<u64>()).prop_map(|(work, number)| RecordKey::Edition(work, number)),
            account.clone().prop_map(RecordKey::Account),
            (account, any::<u32>()).prop_map(|(account, key)| RecordKey::Key(account, KeyId::new(key))),
            Just(RecordKey::Register),
        ]
    }

    proptest! {
        #[test]
        fn a_record_s_name_comes_back_and_no_other_has_its_key(one in record_key(), other in record_key()) {
            prop_assert_eq!(record_at(&of_record(&one)), Some(one.clone()));
            prop_assert_eq!(of_record(&one) == of_record(&other), one == other);
        }

        #[test]
        fn other_bytes_are_no_record_s_key(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for key in [bytes.clone(), [b"e", &bytes[..]].concat(), [b"rf", &bytes[..]].concat(), [b"rk", &bytes[..]].concat()] {
                if let Some(record) = record_at(&key) {
                    prop_assert_eq!(of_record(&record), key);
                }
            }
        }

        #[test]
        fn a_short_number_comes_back(number: u64) {
            prop_assert_eq!(number_of_short(&short_number(number)), Some(number));
        }
    }

    #[test]
    fn short_numbers_are_short() {
        assert_eq!((short_number(0), short_number(255), short_number(256)), (vec![], vec![255], vec![1, 0]));
        assert_eq!((number_of_short(&[0, 1]), number_of_short(&[1; 9])), (None, None));
    }
}
