//! The keys of the tables in bytes: what a name of a record is under the view, and back.

use colophon_ledger::account::{AccountId, Multikey};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::state::{About, RecordKey};
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
const RULE_LIST: u8 = b'l';
const RULE_SET: u8 = b's';
const AUTHORITIES: u8 = b'u';
const AUTHORITY: u8 = b'y';
const NOTES: u8 = b'o';
const NOTE: u8 = b't';
const PAPER: u8 = b'p';
const CROSSING: u8 = b'x';
const CORRIDOR: u8 = b'h';
const ALLEGATIONS: u8 = b'q';
const ALLEGATION: u8 = b'z';

const OF_ACCOUNT: u8 = b'a';
const OF_EDITION: u8 = b'd';
const OF_WORK: u8 = b'w';

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
        RecordKey::RuleList => (RULE_LIST, [Vec::new(), Vec::new()]),
        RecordKey::RuleSet(digest) => (RULE_SET, [digest.0.as_bytes().to_vec(), Vec::new()]),
        RecordKey::Authorities => (AUTHORITIES, [Vec::new(), Vec::new()]),
        RecordKey::Authority(country) => (AUTHORITY, [country.as_str().as_bytes().to_vec(), Vec::new()]),
        RecordKey::Notes(about) => (NOTES, [about_bytes(about), Vec::new()]),
        RecordKey::Note(about, number) => (NOTE, [about_bytes(about), number.to_be_bytes().to_vec()]),
        RecordKey::Paper(about, document, account) => {
            let rest = [&account_bytes(account)[..], document.as_str().as_bytes()].concat();
            (PAPER, [about_bytes(about), rest])
        }
        RecordKey::Crossing(work, number, count) => {
            let rest = [number.to_be_bytes(), count.to_be_bytes()].concat();
            (CROSSING, [work.0.as_bytes().to_vec(), rest])
        }
        RecordKey::Corridor(digest) => (CORRIDOR, [digest.0.as_bytes().to_vec(), Vec::new()]),
        RecordKey::Allegations(work, number) => {
            (ALLEGATIONS, [work.0.as_bytes().to_vec(), number.to_be_bytes().to_vec()])
        }
        RecordKey::Allegation(work, number, account) => {
            let rest = [&number.to_be_bytes()[..], &account_bytes(account)].concat();
            (ALLEGATION, [work.0.as_bytes().to_vec(), rest])
        }
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
    match *kind {
        REGISTER if rest.is_empty() => return Some(RecordKey::Register),
        RULE_LIST if rest.is_empty() => return Some(RecordKey::RuleList),
        AUTHORITIES if rest.is_empty() => return Some(RecordKey::Authorities),
        AUTHORITY => return Some(RecordKey::Authority(text(rest)?)),
        NOTES | NOTE | PAPER => return note_at(*kind, rest),
        _ => {}
    }
    let (first, last) = rest.split_first_chunk::<32>()?;
    let (file, account) = (Digest(Hash::from(*first)), || account_of(*first));
    Some(match *kind {
        FILE if last.is_empty() => RecordKey::File(file),
        CLAIM => RecordKey::Claim(file, number(last)?),
        FACE => RecordKey::Face(file, account_of(last.try_into().ok()?)),
        EDITION => RecordKey::Edition(file, number(last)?),
        RULE_SET if last.is_empty() => RecordKey::RuleSet(file),
        CROSSING => {
            let (edition, count) = last.split_first_chunk::<8>()?;
            RecordKey::Crossing(file, u64::from_be_bytes(*edition), number(count)?)
        }
        CORRIDOR if last.is_empty() => RecordKey::Corridor(file),
        ALLEGATIONS => RecordKey::Allegations(file, number(last)?),
        ALLEGATION => {
            let (edition, account) = last.split_first_chunk::<8>()?;
            RecordKey::Allegation(file, u64::from_be_bytes(*edition), account_of(account.try_into().ok()?))
        }
        ACCOUNT if last.is_empty() => RecordKey::Account(account()),
        KEY => RecordKey::Key(account(), KeyId::new(u32::from_be_bytes(last.try_into().ok()?))),
        _ => return None,
    })
}

/// Returns the name of the record under a key of what hangs on something, without its table and kind.
fn note_at(kind: u8, key: &[u8]) -> Option<RecordKey> {
    let (of, key) = key.split_first()?;
    let (first, mut rest) = key.split_first_chunk::<32>()?;
    let about = match *of {
        OF_ACCOUNT => About::Account(account_of(*first)),
        OF_WORK => About::Work(Digest(Hash::from(*first))),
        OF_EDITION => {
            let (edition, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            About::Edition(Digest(Hash::from(*first)), u64::from_be_bytes(*edition))
        }
        _ => return None,
    };
    match kind {
        NOTES if rest.is_empty() => Some(RecordKey::Notes(about)),
        NOTE => Some(RecordKey::Note(about, number(rest)?)),
        PAPER => {
            let (account, document) = rest.split_first_chunk::<32>()?;
            Some(RecordKey::Paper(about, text(document)?, account_of(*account)))
        }
        _ => None,
    }
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

fn text<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn about_bytes(about: &About) -> Vec<u8> {
    match about {
        About::Account(account) => [&[OF_ACCOUNT], &account_bytes(account)[..]].concat(),
        About::Edition(work, number) => [&[OF_EDITION], &work.0.as_bytes()[..], &number.to_be_bytes()].concat(),
        About::Work(work) => [&[OF_WORK], &work.0.as_bytes()[..]].concat(),
    }
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
    use colophon_ledger::field::{Country, DocumentType};
    use proptest::prelude::*;

    fn record_key() -> impl Strategy<Value = RecordKey> {
        let digest = any::<[u8; 32]>().prop_map(|bytes| Digest(Hash::from(bytes)));
        let account = any::<[u8; 32]>().prop_map(account_of);
        let about = prop_oneof![
            account.clone().prop_map(About::Account),
            (digest.clone(), any::<u64>()).prop_map(|(work, number)| About::Edition(work, number)),
            digest.clone().prop_map(About::Work),
        ];
        prop_oneof![
            digest.clone().prop_map(RecordKey::Work),
            digest.clone().prop_map(RecordKey::File),
            (digest.clone(), any::<u64>()).prop_map(|(file, number)| RecordKey::Claim(file, number)),
            (digest.clone(), account.clone()).prop_map(|(file, account)| RecordKey::Face(file, account)),
            (digest.clone(), any::<u64>()).prop_map(|(work, number)| RecordKey::Edition(work, number)),
            account.clone().prop_map(RecordKey::Account),
            (account.clone(), any::<u32>()).prop_map(|(account, key)| RecordKey::Key(account, KeyId::new(key))),
            Just(RecordKey::Register),
            Just(RecordKey::RuleList),
            digest.clone().prop_map(RecordKey::RuleSet),
            Just(RecordKey::Authorities),
            "[A-Z]{2}".prop_map(|code| RecordKey::Authority(code.parse::<Country>().unwrap())),
            about.clone().prop_map(RecordKey::Notes),
            (about.clone(), any::<u64>()).prop_map(|(about, number)| RecordKey::Note(about, number)),
            (about, "[A-Z0-9_]{1,48}", account.clone()).prop_map(|(about, kind, by)| RecordKey::Paper(
                about,
                kind.parse::<DocumentType>().unwrap(),
                by
            )),
            (digest.clone(), any::<u64>(), any::<u64>())
                .prop_map(|(work, n, count)| RecordKey::Crossing(work, n, count)),
            digest.clone().prop_map(RecordKey::Corridor),
            (digest.clone(), any::<u64>()).prop_map(|(work, n)| RecordKey::Allegations(work, n)),
            (digest, any::<u64>(), account).prop_map(|(work, n, by)| RecordKey::Allegation(work, n, by)),
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
            for key in [bytes.clone(), [b"e", &bytes[..]].concat(), [b"rf", &bytes[..]].concat(), [b"rk", &bytes[..]].concat(), [b"rpd", &bytes[..]].concat(), [b"ro", &bytes[..]].concat(), [b"rz", &bytes[..]].concat()] {
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
