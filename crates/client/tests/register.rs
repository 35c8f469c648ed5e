//! A true register in memory, made by the ledger's own rules, with every moment of its past.

use std::collections::BTreeMap;

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Applied, Batch, Position, first_batch};
use colophon_ledger::card::Card;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::read_genesis;
use colophon_ledger::rule::{Rules, Stop};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{Changes, Records as _};
use colophon_ledger::state_root::StateTree;
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::{Hash, leaf_hash, sha256};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Algorithm, Signer, VerifierKey};
use colophon_tlog::proof::{inclusion, root};
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree, TreeSize};
use serde_json::json;

use crate::people::{
    ARTIST, BUYER, GOVERNOR, OPERATOR, Person, THIEF, digest, mint, profile, sign_text, signed, terms,
};

pub(crate) const ORIGIN: &str = "registry.example/art";
pub(crate) const TIME_MS: u64 = 1_800_000_000_000;

/// The state after a batch.
#[derive(Clone)]
pub(crate) struct Moment {
    pub(crate) size: u64,
    pub(crate) records: Changes,
    pub(crate) tree: StateTree,
}

#[derive(Clone)]
pub(crate) struct TrueRegister {
    pub(crate) rules: Rules,
    pub(crate) leaves: Vec<Vec<u8>>,
    /// The hashes of each tile level.
    pub(crate) levels: Vec<Vec<Hash>>,
    pub(crate) moments: Vec<Moment>,
    pub(crate) cards: BTreeMap<Digest, Card>,
    pub(crate) places: BTreeMap<EntryId, u64>,
    tree: Tree,
    position: Position,
    log: Signer,
}

fn log_of(seed: u8) -> Signer {
    Signer::new(ORIGIN, SecretKey::from_seed([seed; 32])).unwrap()
}

/// The key of the log that `seed` stands for.
pub(crate) fn log_key(seed: u8) -> VerifierKey {
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, SecretKey::from_seed([seed; 32]).public()).unwrap()
}

impl TrueRegister {
    /// Begins a register of the common name, with a log key and a nonce of its own.
    pub(crate) fn begin(seed: u8) -> TrueRegister {
        let mut body = json!({
            "by": OPERATOR.account(), "governor_threshold": 1, "governors": [GOVERNOR.account()], "kind": "genesis",
            "log_vkey": log_key(seed).to_string(), "nonce": digest(&seed.to_string()),
            "operators": [OPERATOR.account()], "rules": 1,
        });
        body.sort_all_objects();
        let text = format!("colophon.genesis/v1 {ORIGIN}\n{}\n", colophon_ledger::canonical::to_canonical(&body));
        let genesis = sign_text(&text, &[(OPERATOR, OPERATOR), (GOVERNOR, GOVERNOR)]);
        let (rules, genesis) = read_genesis(&genesis.to_bytes()).unwrap();
        let closed = first_batch(&rules, genesis.clone(), TIME_MS);
        let mut register = TrueRegister {
            position: colophon_ledger::batch::beginning(genesis.id()),
            rules,
            leaves: Vec::new(),
            levels: Vec::new(),
            moments: Vec::new(),
            cards: BTreeMap::new(),
            places: BTreeMap::new(),
            tree: Tree::new(),
            log: log_of(seed),
        };
        let seal = register.seal(&Body::Seal(closed.seal.clone()));
        register.add(closed.sealed(seal));
        register
    }

    fn seal(&self, body: &Body) -> Entry {
        sign_text(&text_of(&self.rules.register, body), &[(OPERATOR, OPERATOR)])
    }

    fn plant(&mut self, leaf: Vec<u8>) {
        let mut emitted = TileHashes::default();
        self.tree.append(leaf_hash(&leaf), &mut emitted);
        for (level, hashes) in emitted.levels.into_iter().enumerate() {
            self.levels.resize_with(self.levels.len().max(level + 1), Vec::new);
            self.levels[level].extend(hashes);
        }
        self.leaves.push(leaf);
    }

    fn add(&mut self, applied: Applied) {
        for leaf in applied.leaves() {
            let id = Entry::parse(&leaf).unwrap().id();
            self.places.entry(id).or_insert(self.leaves.len() as u64);
            self.plant(leaf);
        }
        let mut records = self.moments.last().map_or_else(Changes::new, |moment| moment.records.clone());
        records.extend(applied.changes);
        self.moments.push(Moment { size: self.leaves.len() as u64, records, tree: applied.tree });
        self.position = applied.next;
    }

    /// Takes entries as one batch. Returns for each its index, or why it was refused.
    pub(crate) fn submit(&mut self, entries: &[Entry]) -> Vec<Result<u64, Refusal>> {
        let rules = self.rules.clone();
        let moment = self.moments.last().unwrap().clone();
        let mut batch = Batch::open(&rules, &moment.records, self.position, self.position.time_ms + 1000);
        let mut push = |entry: &Entry| match self.places.get(&entry.id()) {
            Some(index) => Err(Refusal::Repeated { index: *index }),
            None => {
                Signed::check(entry.clone(), batch.records()).and_then(|signed| batch.push(signed)).map_err(refusal)
            }
        };
        let results: Vec<_> = entries.iter().map(&mut push).collect();
        if results.iter().any(Result::is_ok) {
            let closed = batch.close(OPERATOR.account(), &moment.tree).unwrap();
            let seal = self.seal(&Body::Seal(closed.seal.clone()));
            self.add(closed.sealed(seal));
        }
        results
    }

    /// Takes entries that must be taken.
    pub(crate) fn must(&mut self, entries: &[Entry]) {
        for result in self.submit(entries) {
            result.unwrap();
        }
    }

    /// The height of the next batch.
    pub(crate) fn height(&self) -> u64 {
        self.position.height
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn moment(&self, size: u64) -> &Moment {
        self.moments.iter().find(|moment| moment.size == size).expect("a batch ends there")
    }

    fn tiles(&self, size: u64) -> TileSet {
        let mut tiles = TileSet::new();
        for (level, hashes) in self.levels.iter().enumerate() {
            let there = usize::try_from(size >> (8 * level)).unwrap();
            for (index, chunk) in hashes[..there].chunks(256).enumerate() {
                tiles.insert_hashes(u8::try_from(level).unwrap(), index as u64, chunk.to_vec());
            }
        }
        tiles
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        root(TreeSize::new(size).unwrap(), &self.tiles(size)).unwrap()
    }

    pub(crate) fn sign(&self, size: u64, root: Hash) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: TreeSize::new(size).unwrap(), root };
        checkpoint.sign(&self.log).unwrap()
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        self.sign(size, self.root(size))
    }

    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion(EntryIndex::new(index).unwrap(), TreeSize::new(size).unwrap(), &self.tiles(size)).unwrap()
    }

    pub(crate) fn receipt(&self, index: u64, size: u64) -> Receipt {
        let checkpoint = self.checkpoint(size).to_string();
        let proof = self.inclusion(index, size);
        Receipt { extra: None, index: EntryIndex::new(index).unwrap(), proof, checkpoint }
    }

    /// The log with as many small leaves that are no entries as make it this long.
    pub(crate) fn followed_by(mut self, size: u64) -> TrueRegister {
        (self.size()..size).for_each(|index| self.plant(format!("leaf {index}").into_bytes()));
        self
    }

    /// The same log, but for a newest seal that names other rules.
    pub(crate) fn under_rules(&self, version: u64) -> TrueRegister {
        let mut other = TrueRegister { tree: Tree::new(), levels: Vec::new(), leaves: Vec::new(), ..self.clone() };
        let newest = Entry::parse(self.leaves.last().unwrap()).unwrap();
        let text = newest.text().replace(r#""rules":1"#, &format!(r#""rules":{version}"#));
        let seal = sign_text(&text, &[(OPERATOR, OPERATOR)]).to_bytes();
        let before = self.leaves.len() - 1;
        self.leaves[..before].iter().cloned().chain([seal]).for_each(|leaf| other.plant(leaf));
        other
    }

    pub(crate) fn mint(&mut self, maker: Person, file: &str, ack_first: Option<EntryId>) -> EntryId {
        let mint = mint(&self.rules.register, maker, file, ack_first);
        self.keep(mint.card);
        self.must(std::slice::from_ref(&mint.entry));
        mint.entry.id()
    }

    pub(crate) fn keep(&mut self, card: Option<Card>) {
        self.cards.extend(card.map(|card| (card.digest(), card)));
    }

    pub(crate) fn first_entry_of(&self, account: &AccountId) -> String {
        let record = colophon_ledger::state::RecordKey::Account(*account);
        let found: Option<colophon_ledger::state::AccountRecord> =
            self.moments.last().unwrap().records.read(&record).unwrap();
        found.map_or_else(|| account.to_string(), |record| record.newest.to_string())
    }
}

fn refusal(stop: Stop) -> Refusal {
    match stop {
        Stop::Refused(refusal) => refusal,
        Stop::Unreadable(unreadable) => panic!("{unreadable}"),
    }
}

/// A register in which the artist has published a profile and registered three works, of which the first has come to the
/// buyer and the second is on offer to him; and a thief has registered the first work's file again.
pub(crate) struct Story {
    pub(crate) register: TrueRegister,
    pub(crate) given: EntryId,
    pub(crate) offered: EntryId,
    pub(crate) offer: EntryId,
    pub(crate) stolen: EntryId,
    pub(crate) untouched: EntryId,
}

impl Story {
    pub(crate) fn tell(seed: u8) -> Story {
        let mut register = TrueRegister::begin(seed);
        let name = register.rules.register.clone();
        let artist = profile(&name, ARTIST, ARTIST.account().as_str(), "Lin");
        register.keep(artist.card);
        register.must(&[artist.entry]);
        let given = register.mint(ARTIST, "hills", None);
        let offered = register.mint(ARTIST, "river", None);
        let untouched = register.mint(ARTIST, "stone", None);
        let stolen = register.mint(THIEF, "hills", Some(given));
        let gift = terms("transfer", ARTIST, BUYER, given, given, 1);
        register.must(&[signed(&name, &gift, &[ARTIST, BUYER])]);
        let offer = signed(&name, &terms("offer", ARTIST, BUYER, offered, offered, 2), &[ARTIST]);
        register.must(std::slice::from_ref(&offer));
        Story { register, given, offered, offer: offer.id(), stolen, untouched }
    }
}

/// A log of `size` leaves or a few more, of which nobody asks more than that it grows.
pub(crate) fn long_register(seed: u8, size: u64) -> TrueRegister {
    let mut register = TrueRegister::begin(seed);
    let name = register.rules.register.clone();
    let mut number = 0;
    while register.size() < size {
        let batch: Vec<Entry> = (0..100)
            .map(|_| {
                number += 1;
                mint(&name, ARTIST, &format!("file {number}"), None).entry
            })
            .collect();
        register.must(&batch);
    }
    register
}

/// Some bytes that belong nowhere.
pub(crate) fn other_hash() -> Hash {
    sha256(b"other")
}
