//! People with keys, and the entries they sign.

use colophon_client::submit::Submission;
use colophon_ledger::account::AccountId;
use colophon_ledger::canonical::to_canonical;
use colophon_ledger::card::Card;
use colophon_ledger::entry::Entry;
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::register::Register;
use colophon_tlog::hash::sha256;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::Signer;
use serde_json::{Value, json};

/// Somebody with one key, named by a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person(pub(crate) u16);

pub(crate) const ARTIST: Person = Person(1);
pub(crate) const BUYER: Person = Person(2);
pub(crate) const THIEF: Person = Person(3);
pub(crate) const OPERATOR: Person = Person(10);
pub(crate) const GOVERNOR: Person = Person(11);

impl Person {
    pub(crate) fn secret(self) -> SecretKey {
        SecretKey::from_seed(*sha256(&self.0.to_be_bytes()).as_bytes())
    }

    pub(crate) fn account(self) -> AccountId {
        AccountId::from(&self.secret().public())
    }
}

/// Signs a text with keys, each under an account's name.
pub(crate) fn sign_text(text: &str, signers: &[(Person, Person)]) -> Entry {
    let sign =
        |(account, key): &(Person, Person)| Signer::new(account.account().as_str(), key.secret()).unwrap().sign(text);
    let mut lines: Vec<_> = signers.iter().map(sign).collect();
    lines.sort_by(|one, other| (&one.name, one.key_id).cmp(&(&other.name, other.key_id)));
    Entry::from_parts(text, lines).unwrap()
}

/// Writes a body whose members may stand in any order.
pub(crate) fn text_of(register: &Register, body: &Value) -> String {
    let mut sorted = body.clone();
    sorted.sort_all_objects();
    format!("colophon.entry/v1 {} {}\n{}\n", register.origin, register.genesis, to_canonical(&sorted))
}

/// Signs a body with the first keys of people.
pub(crate) fn signed(register: &Register, body: &Value, signers: &[Person]) -> Entry {
    let signers: Vec<(Person, Person)> = signers.iter().map(|signer| (*signer, *signer)).collect();
    sign_text(&text_of(register, body), &signers)
}

pub(crate) fn digest(of: &str) -> Digest {
    Digest(sha256(of.as_bytes()))
}

/// The card of a work with this title.
pub(crate) fn card(title: &str) -> Card {
    let text = json!({"titles": [{"lang": "zh", "text": title}]}).to_string();
    Card::new(*sha256(title.as_bytes()).as_bytes(), text).unwrap()
}

/// A mint of three editions by `maker`, whose face is the file `file`.
pub(crate) fn mint(register: &Register, maker: Person, file: &str, ack_first: Option<EntryId>) -> Submission {
    let card = card(&format!("{file} by {}", maker.0));
    let mut body = json!({
        "by": maker.account(), "card": card.digest(), "country": "CN", "created": "2026", "editions": 3,
        "creators": [{"role": "art", "share_bp": 10_000}], "kind": "mint", "license": "CC-BY-4.0",
        "files": [{"bytes": 5, "media_type": "image/png", "sha256": digest(file)}],
        "source_type": "digitalCreation", "training": "notAllowed", "work_kind": "digital_image",
    });
    if let Some(first) = ack_first {
        body["ack_first"] = json!(first);
    }
    Submission { entry: signed(register, &body, &[maker]), card: Some(card) }
}

pub(crate) fn profile(register: &Register, of: Person, prev: &str, name: &str) -> Submission {
    let card = Card::new([9; 32], json!({"name": name}).to_string()).unwrap();
    let body = json!({
        "by": of.account(), "card": card.digest(), "country": "CN", "kind": "profile", "prev": prev,
    });
    Submission { entry: signed(register, &body, &[of]), card: Some(card) }
}

/// A rotation from somebody's first key to the key of `to`.
pub(crate) fn rotate(register: &Register, of: Person, prev: &str, to: Person) -> Entry {
    let body = json!({
        "by": of.account(), "keys": [to.account()], "kind": "rotate", "prev": prev, "threshold": 1,
    });
    sign_text(&text_of(register, &body), &[(of, of), (of, to)])
}

/// Terms in CN from `by` to `to`, of the kind `transfer` or `offer`.
pub(crate) fn terms(kind: &str, by: Person, to: Person, work: EntryId, prev: EntryId, edition: u64) -> Value {
    json!({
        "basis": "gift", "by": by.account(), "delivery": "digital", "edition": edition, "expires_ms": EXPIRES_MS,
        "from_country": "CN", "kind": kind, "prev": prev, "to": to.account(), "to_country": "FR", "work": work,
    })
}

/// When terms run out: a day after the register's first batch.
pub(crate) const EXPIRES_MS: u64 = 1_800_000_000_000 + 86_400_000;
