//! A node's answers about records: whatever verifies is what the story's records say.

use colophon_ledger::proved::StateAnswer;
use colophon_ledger::state::{RecordKey, Records as _};

use crate::people::{account, digest};
use crate::story::story;

/// Words of answers.
pub const WORDS: &[&str] = &[
    "\"record\":",
    "\"path\":[",
    "\"other\":",
    "\"key\":\"",
    "account/",
    "work/",
    "edition/",
    "file/",
    "null",
    "\"index\":",
    "[]",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
];

/// Reads an answer, verifies it, and holds what it shows against the truth.
pub fn check(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<StateAnswer>(data) else { return };
    let written = serde_json::to_vec(&answer).unwrap();
    assert_eq!(serde_json::from_slice::<StateAnswer>(&written).unwrap(), answer);
    let Ok(shown) = answer.verify(story().replay.rules()) else { return };
    assert_eq!(shown.checkpoint.to_string(), story().checkpoint.clone());
    for key in asked() {
        if let Ok(record) = shown.record(&key) {
            assert_eq!(Ok(record), story().replay.records().record(&key), "{key}");
        }
    }
}

/// Every record there is, and some that are not.
fn asked() -> Vec<RecordKey> {
    let absent = [
        RecordKey::Work(digest("nothing")),
        RecordKey::Account(account("nobody")),
        RecordKey::Account(account("op")),
        RecordKey::Edition(story().works[1], 1),
        RecordKey::File(digest("nothing")),
    ];
    story().replay.records().keys().cloned().chain(absent).collect()
}

/// Answers about one record, about all, and about absent ones.
pub fn seeds() -> Vec<Vec<u8>> {
    let keys = asked();
    let some = keys.iter().rev().take(3).chain(keys.first());
    let questions = some.map(std::slice::from_ref).chain([&keys[..]]);
    questions.map(|keys| serde_json::to_vec(&story().answer(keys)).unwrap()).collect()
}
