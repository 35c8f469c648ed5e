//! A small register in memory, and the certificate of a picture that was sold across a border in it.
//!
//! Writes the certificate to a file and prints the verifier key of the register's log:
//!
//! ```text
//! certificate FILE
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write as _;

use colophon_ledger::account::{AccountId, KeyList, Multikey};
use colophon_ledger::batch::{Batch, Closed, first_batch};
use colophon_ledger::card::Card;
use colophon_ledger::certificate::{Certificate, Format, Parts, accounts_of, records_of};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{Body, Entry, genesis_text, text_of};
use colophon_ledger::field::{Digest, EntryId, Int, List, Origin};
use colophon_ledger::proved::{ProvedEntry, ProvedRecord};
use colophon_ledger::replay::{Replay, read_genesis};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Records as _;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{leaf_hash, sha256};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::Signer;
use colophon_tlog::proof::inclusion;
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ORIGIN: &str = "registry.example/art";
const START_MS: u64 = 1_800_000_000_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Without a value where there must be one: the small register is far from every limit.
const SMALL: &str = "a value of this small register is out of bounds";

/// Keys, salts and digests come from their names, so that every run writes the same certificate.
fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

fn multikey(name: &str) -> Multikey {
    Multikey::from(&secret(name).public())
}

fn account(name: &str) -> AccountId {
    AccountId::of(multikey(name))
}

fn digest(name: &str) -> Digest {
    Digest(sha256(name.as_bytes()))
}

fn log_signer() -> Outcome<Signer> {
    Ok(Signer::new(ORIGIN, secret("the log"))?)
}

/// Signs a text as each account with each key, both by name.
fn sign(text: String, signers: &[(&str, &str)]) -> Outcome<Entry> {
    let mut draft = Draft::new(text, None, None)?;
    for (of, by) in signers {
        draft.sign(&account(of), secret(by))?;
    }
    Ok(draft.to_entry()?)
}

/// A register without a disk.
struct Register {
    replay: Replay,
    leaves: Vec<Vec<u8>>,
    time_ms: u64,
    cards: Vec<Card>,
}

impl Register {
    fn begin() -> Outcome<Register> {
        let body = Genesis {
            by: account("operator"),
            governor_threshold: Int::new(1).ok_or(SMALL)?,
            governors: List::new(vec![account("governor")]).ok_or(SMALL)?,
            kind: GenesisWord::It,
            log_vkey: log_signer()?.verifier().to_string(),
            nonce: digest("nonce"),
            operators: List::new(vec![account("operator")]).ok_or(SMALL)?,
            rules: 1,
            succeeds: None,
        };
        let origin: Origin = ORIGIN.parse()?;
        let entry = sign(genesis_text(&origin, &body), &[("operator", "operator"), ("governor", "governor")])?;
        let leaf = entry.to_bytes();
        let (rules, entry) = read_genesis(&leaf)?;
        let closed = first_batch(&rules, entry, START_MS);
        let replay = Replay::begin(&leaf)?;
        let mut register = Register { replay, leaves: Vec::new(), time_ms: START_MS, cards: Vec::new() };
        register.seal(closed)?;
        Ok(register)
    }

    /// Signs the seal of a batch and lets the replay judge every leaf.
    fn seal(&mut self, closed: Closed) -> Outcome<()> {
        let text = text_of(&self.replay.rules().register, &Body::Seal(closed.seal.clone()));
        let seal = sign(text, &[("operator", "operator")])?;
        for leaf in closed.sealed(seal).leaves() {
            self.leaves.push(leaf.clone());
            self.replay.leaf(leaf)?;
        }
        Ok(())
    }

    /// Records one entry in a batch of its own, a day after the one before, and returns its id.
    fn record(&mut self, body: &serde_json::Value, signers: &[(&str, &str)]) -> Outcome<EntryId> {
        let mut sorted = body.clone();
        sorted.sort_all_objects();
        let body = Body::parse(&sorted.to_string())?;
        let entry = sign(text_of(&self.replay.rules().register, &body), signers)?;
        let id = entry.id();
        self.time_ms += DAY_MS;
        let records = self.replay.records().clone();
        let mut batch = Batch::open(self.replay.rules(), &records, self.replay.position(), self.time_ms);
        batch.push(Signed::check(entry, &records)?)?;
        let closed = batch.close(account("operator"), self.replay.tree()).ok_or(SMALL)?;
        self.seal(closed)?;
        Ok(id)
    }

    fn add_card(&mut self, words: &serde_json::Value) -> Outcome<Digest> {
        let salt = sha256(words.to_string().as_bytes());
        let card = Card::new(*salt.as_bytes(), words.to_string())?;
        let digest = card.digest();
        self.cards.push(card);
        Ok(digest)
    }

    /// Returns the certificate of a work's first edition. Every entry of this register belongs to it.
    fn certificate(&self, work: EntryId) -> Outcome<Certificate> {
        let (mut tree, mut hashes, mut tiles) = (Tree::new(), TileHashes::default(), TileSet::new());
        self.leaves.iter().for_each(|leaf| tree.append(leaf_hash(leaf), &mut hashes));
        tiles.insert_hashes(0, 0, hashes.levels.remove(0));
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
        let mut accounts = BTreeSet::new();
        let mut entries = Vec::new();
        for (index, leaf) in (0..).zip(&self.leaves) {
            accounts.extend(accounts_of(Entry::parse(leaf)?.body()));
            let proof = inclusion(EntryIndex::new(index).ok_or(SMALL)?, tree.size(), &tiles)?;
            entries.push(ProvedEntry::new(leaf, index, &proof).ok_or("a leaf is text")?);
        }
        let mut records = Vec::new();
        for key in records_of(&work, 1, Parts { accounts, ..Parts::default() }) {
            records.push(ProvedRecord::new(&key, self.replay.records().record(&key)?, self.replay.tree()));
        }
        let mut cards = self.cards.clone();
        cards.sort_by_key(Card::digest);
        let checkpoint = checkpoint.sign(&log_signer()?)?.to_string();
        Ok(Certificate { cards, checkpoint, edition: 1, entries, format: Format::V1, records, work })
    }
}

/// What happens: two people introduce themselves, one changes her keys, and a picture goes to France and on to Japan.
fn story(register: &mut Register) -> Outcome<EntryId> {
    let (ana, bo) = (account("ana"), account("bo"));
    let card = register.add_card(&json!({"name": "Ana 安娜"}))?;
    let profile = json!({"by": ana, "card": card, "country": "CN", "kind": "profile", "prev": ana});
    let profile = register.record(&profile, &[("ana", "ana")])?;
    let card = register.add_card(&json!({"name": "Bo"}))?;
    let of_bo = json!({"by": bo, "card": card, "country": "FR", "kind": "profile", "prev": bo});
    register.record(&of_bo, &[("bo", "bo")])?;
    let keys = KeyList::new(["ana 2", "ana 3", "ana 4"].map(multikey).to_vec()).ok_or(SMALL)?;
    let rotate = json!({"by": ana, "keys": keys, "kind": "rotate", "prev": profile, "threshold": 2});
    register.record(&rotate, &[("ana", "ana"), ("ana", "ana 2"), ("ana", "ana 3"), ("ana", "ana 4")])?;
    let work =
        register.add_card(&json!({"titles": [{"lang": "zh", "text": "山水"}, {"lang": "en", "text": "Hills"}]}))?;
    let work = register.record(&mint_body(&ana, &work), &[("ana", "ana 2"), ("ana", "ana 4")])?;
    let terms = |kind: &str, by: &AccountId, to: &AccountId, from: &str, to_country: &str, prev: EntryId, days: u64| {
        json!({
            "basis": "sale", "by": by, "delivery": "digital", "edition": 1, "expires_ms": START_MS + days * DAY_MS,
            "from_country": from, "kind": kind, "prev": prev, "price": {"amount": 125_000, "currency": "EUR"},
            "to": to, "to_country": to_country, "work": work,
        })
    };
    let offer = terms("offer", &ana, &bo, "CN", "FR", work, 30);
    let offer = register.record(&offer, &[("ana", "ana 3"), ("ana", "ana 4")])?;
    let accept = json!({"by": bo, "edition": 1, "kind": "accept", "prev": offer, "work": work});
    let accept = register.record(&accept, &[("bo", "bo")])?;
    let transfer = terms("transfer", &bo, &account("cy"), "FR", "JP", accept, 30);
    register.record(&transfer, &[("bo", "bo"), ("cy", "cy")])?;
    Ok(work)
}

fn mint_body(by: &AccountId, card: &Digest) -> serde_json::Value {
    json!({
        "by": by, "card": card, "country": "CN", "created": "2026-11-23",
        "creators": [{"role": "art", "share_bp": 10_000}], "editions": 1,
        "files": [{"bytes": 48_213, "media_type": "image/png", "sha256": digest("hills.png")}],
        "kind": "mint", "license": "LicenseRef-ARR", "source_type": "digitalCreation", "training": "notAllowed",
        "work_kind": "digital_image",
    })
}

fn main() -> Outcome<()> {
    let path = std::env::args().nth(1).ok_or("usage: certificate FILE")?;
    let mut register = Register::begin()?;
    let work = story(&mut register)?;
    let certificate = register.certificate(work)?;
    let vkey = log_signer()?.verifier();
    certificate.verify(&vkey)?;
    std::fs::write(path, certificate.to_text())?;
    writeln!(std::io::stdout(), "{vkey}")?;
    Ok(())
}
