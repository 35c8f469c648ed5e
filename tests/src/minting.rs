//! Mints made in memory, ready to be submitted: for tests that need many entries fast.

use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::mint::{Creator, Creators, Files, Mint, MintWord, Training, WorkFile};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{Digest, Int};
use colophon_ledger::register::Register;
use colophon_ledger::replay::read_genesis;
use colophon_tlog::hash::sha256;
use colophon_tlog::key::SecretKey;

use crate::node::Node;

/// Somebody who mints, with a key from a seed.
#[derive(Debug, Clone)]
pub struct Minter {
    secret: SecretKey,
    account: AccountId,
    register: Register,
}

impl Minter {
    /// Returns the minter whose key comes from `name`, at the register that the running `node` serves.
    pub fn new(name: &str, node: &Node) -> Minter {
        Minter::at(name, register_of(node))
    }

    /// Returns the minter whose key comes from `name`, at a register that is known already.
    pub fn at(name: &str, register: Register) -> Minter {
        let secret = SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes());
        Minter { account: AccountId::from(&secret.public()), secret, register }
    }

    /// Returns the account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Returns the body of a mint whose file, card and thus id follow from `label`.
    pub fn body(&self, label: &str) -> (Mint, Card) {
        let words = format!(r#"{{"titles":[{{"lang":"en","text":"{label}"}}]}}"#);
        let card = Card::new(*sha256(label.as_bytes()).as_bytes(), words).expect("a small JSON object");
        let creator = Creator { account: None, role: "art".parse().expect("a role"), share_bp: int(10_000) };
        let file = WorkFile {
            bytes: int(label.len() as u64),
            c2pa: None,
            dhash: None,
            fingerprint: None,
            media_type: "text/plain".parse().expect("a media type"),
            prep: None,
            sha256: Digest(sha256(format!("file {label} of {}", self.account).as_bytes())),
        };
        let mint = Mint {
            ack_first: None,
            ack_similar: None,
            by: self.account,
            card: card.digest(),
            country: "CN".parse().expect("a country"),
            created: "2026".parse().expect("a date"),
            creators: Creators::new(vec![creator]).expect("the whole share"),
            derived_from: None,
            editions: int(1),
            files: Files::new(vec![file]).expect("one file"),
            facts: None,
            kind: MintWord::It,
            license: "LicenseRef-ARR".parse().expect("a licence"),
            made_in: None,
            source_type: "digitalCreation".parse().expect("a source type"),
            training: Training::NotAllowed,
            tree: None,
            work_kind: "digital_image".parse().expect("a kind of work"),
        };
        (mint, card)
    }

    /// Returns a signed mint, with its card.
    pub fn mint(&self, label: &str) -> (Entry, Card) {
        let (mint, card) = self.body(label);
        (self.sign(&Body::Mint(mint)), card)
    }

    /// Signs any body as this account alone.
    pub fn sign(&self, body: &Body) -> Entry {
        self.sign_with(body, &[])
    }

    /// Signs any body together with others.
    pub fn sign_with(&self, body: &Body, others: &[&Minter]) -> Entry {
        let mut draft = Draft::new(text_of(&self.register, body), None, None).expect("a text as entries have it");
        for signer in others.iter().chain([&self]) {
            draft.sign(&signer.account, signer.secret.clone()).expect("an account's own key");
        }
        draft.to_entry().expect("a signed entry")
    }

    /// Returns the register the minter mints at.
    pub fn register(&self) -> &Register {
        &self.register
    }
}

fn int<const MIN: u64, const MAX: u64>(value: u64) -> Int<MIN, MAX> {
    Int::new(value).expect("within its bounds")
}

/// Returns the register that a running node serves, from its first leaf.
pub fn register_of(node: &Node) -> Register {
    let bundle = node.get("/tile/entries/000.p/1").body;
    let genesis = bundle.get(2..).expect("a bundle begins with a length");
    read_genesis(genesis).expect("the first leaf is a genesis").0.register
}
