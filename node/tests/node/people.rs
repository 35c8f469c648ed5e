//! People with keys from their names, and what they sign.

use colophon_ledger::account::{AccountId, AccountPrev, KeyList, Multikey};
use colophon_ledger::card::Card;
use colophon_ledger::deal::{Basis, Delivery};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::accept::{Accept, AcceptWord};
use colophon_ledger::entry::close::{Close, CloseWord};
use colophon_ledger::entry::mint::{Creator, Creators, Files, Mint, MintWord, Training, WorkFile};
use colophon_ledger::entry::profile::{Profile, ProfileWord};
use colophon_ledger::entry::rotate::{Rotate, RotateWord};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, text_of};
use colophon_ledger::field::{Digest, EntryId, Int, WorkId};
use colophon_ledger::register::Register;
use colophon_tlog::hash::sha256;
use colophon_tlog::key::SecretKey;

/// The time of all tests, in milliseconds after 1970.
pub(crate) const NOW_MS: u64 = 1_795_000_000_000;
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(crate) fn digest(text: &str) -> Digest {
    Digest(sha256(text.as_bytes()))
}

pub(crate) fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

pub(crate) fn multikey(name: &str) -> Multikey {
    Multikey::from(&key(name).public())
}

pub(crate) fn account(name: &str) -> AccountId {
    AccountId::of(multikey(name))
}

/// A body and whose keys sign it: pairs of account and key.
pub(crate) struct Signing<'a> {
    pub(crate) body: Body,
    pub(crate) signers: Vec<(&'a str, &'a str)>,
}

impl<'a> Signing<'a> {
    /// Signs with each person's first key.
    pub(crate) fn of(body: Body, signers: &[&'a str]) -> Signing<'a> {
        Signing { body, signers: signers.iter().map(|name| (*name, *name)).collect() }
    }

    pub(crate) fn draft(self, register: &Register) -> Draft {
        let mut draft = Draft::new(text_of(register, &self.body), None, None).unwrap();
        for (name, secret) in self.signers {
            draft.sign(&account(name), key(secret)).unwrap();
        }
        draft
    }

    /// Returns the entry as it is submitted.
    pub(crate) fn note(self, register: &Register) -> String {
        String::from_utf8(self.draft(register).to_entry().unwrap().to_bytes()).unwrap()
    }

    pub(crate) fn id(&self, register: &Register) -> EntryId {
        colophon_ledger::entry::entry_id_of_text(&text_of(register, &self.body))
    }
}

pub(crate) fn card(title: &str) -> Card {
    Card::new([7; 32], format!(r#"{{"titles":[{{"lang":"en","text":"{title}"}}]}}"#)).unwrap()
}

/// A work of two editions with one file.
pub(crate) fn mint(by: &str, face: &str) -> Mint {
    let creator = Creator { account: None, role: "art".parse().unwrap(), share_bp: Int::new(10_000).unwrap() };
    let file = WorkFile {
        bytes: Int::new(7).unwrap(),
        c2pa: None,
        dhash: None,
        fingerprint: None,
        media_type: "image/png".parse().unwrap(),
        prep: None,
        sha256: digest(face),
    };
    Mint {
        ack_first: None,
        ack_similar: None,
        by: account(by),
        card: card(face).digest(),
        country: "CN".parse().unwrap(),
        created: "2026".parse().unwrap(),
        creators: Creators::new(vec![creator]).unwrap(),
        derived_from: None,
        editions: Int::new(2).unwrap(),
        files: Files::new(vec![file]).unwrap(),
        facts: None,
        kind: MintWord::It,
        license: "CC-BY-4.0".parse().unwrap(),
        made_in: None,
        source_type: "digitalCreation".parse().unwrap(),
        training: Training::NotAllowed,
        tree: None,
        work_kind: "digital_image".parse().unwrap(),
    }
}

pub(crate) fn minting<'a>(by: &'a str, face: &str) -> Signing<'a> {
    Signing::of(Body::Mint(mint(by, face)), &[by])
}

/// A gift of the first edition from CN to FR.
pub(crate) fn terms(kind: TermsWord, (by, to): (&str, &str), work: WorkId, prev: EntryId) -> Terms {
    Terms {
        basis: Basis::Gift,
        by: account(by),
        card: None,
        delivery: Delivery::Digital,
        documents: None,
        edition: Int::new(1).unwrap(),
        expires_ms: Int::new(NOW_MS + 30 * DAY_MS).unwrap(),
        firm: None,
        professional: None,
        value: None,
        from_country: "CN".parse().unwrap(),
        kind,
        prev,
        price: None,
        to: account(to),
        to_country: "FR".parse().unwrap(),
        work,
    }
}

pub(crate) fn transfer(parties: (&str, &str), work: WorkId, prev: EntryId) -> Body {
    Body::Transfer(terms(TermsWord::Transfer, parties, work, prev))
}

pub(crate) fn offer(parties: (&str, &str), work: WorkId, prev: EntryId) -> Body {
    Body::Offer(terms(TermsWord::Offer, parties, work, prev))
}

pub(crate) fn accept(by: &str, work: WorkId, prev: EntryId) -> Body {
    Body::Accept(Accept { by: account(by), edition: Int::new(1).unwrap(), kind: AcceptWord::It, prev, work })
}

pub(crate) fn close(by: &str, work: WorkId, prev: EntryId) -> Body {
    Body::Close(Close { by: account(by), edition: Int::new(1).unwrap(), kind: CloseWord::It, prev, work })
}

pub(crate) fn profile(by: &str, prev: Option<EntryId>) -> Body {
    Body::Profile(Profile {
        by: account(by),
        card: card(by).digest(),
        country: "CN".parse().unwrap(),
        kind: ProfileWord::It,
        prev: prev.map_or(AccountPrev::Account(account(by)), AccountPrev::Entry),
    })
}

pub(crate) fn rotate(by: &str, keys: &[&str], prev: Option<EntryId>) -> Rotate {
    Rotate {
        by: account(by),
        keys: KeyList::new(keys.iter().map(|name| multikey(name)).collect()).unwrap(),
        kind: RotateWord::It,
        next: None,
        prev: prev.map_or(AccountPrev::Account(account(by)), AccountPrev::Entry),
        threshold: Int::new(1).unwrap(),
    }
}
