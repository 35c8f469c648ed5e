//! A register in memory: people with keys from their names, batches of one entry, certificates.

use std::collections::{BTreeMap, BTreeSet};

use colophon_ledger::account::{AccountId, AccountPrev, KeyList, Multikey};
use colophon_ledger::batch::{Applied, Batch, Closed, first_batch};
use colophon_ledger::card::Card;
use colophon_ledger::certificate::{Certificate, Format, Parts, accounts_of, records_of};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{Body, Entry, genesis_text, text_of};
use colophon_ledger::field::{Digest, EntryId, Int, List, Origin};
use colophon_ledger::governance;
use colophon_ledger::proved::{ProvedEntry, ProvedRecord};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::register::{Predecessor, Successor};
use colophon_ledger::replay::{Replay, read_genesis};
use colophon_ledger::rule::{Rules, Stop};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{
    AccountRecord, Changes, CrossingRecord, EditionRecord, RecordKey, Records, record_digest,
};
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::{Hash, leaf_hash, sha256};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Signer, VerifierKey};
use colophon_tlog::proof::{inclusion, inclusion_tiles};
use colophon_tlog::tile::{Tile, TileSet};
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree};

pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const ORIGIN: &str = "registry.example/art";
/// The name of a register that succeeds another.
pub(crate) const NEXT: &str = "next.example/art";

/// Returns the key of that name; a person's first key has the person's own name.
pub(crate) fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

pub(crate) fn multikey(name: &str) -> Multikey {
    Multikey::from(&key(name).public())
}

pub(crate) fn account(name: &str) -> AccountId {
    AccountId::of(multikey(name))
}

/// A digest that stands for the file, nonce or card of that name.
pub(crate) fn digest(name: &str) -> Digest {
    Digest(sha256(name.as_bytes()))
}

pub(crate) fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

pub(crate) fn log_signer() -> Signer {
    signer_of("the log")
}

/// Returns the signer of checkpoints whose key has that name.
pub(crate) fn signer_of(name: &str) -> Signer {
    Signer::new(ORIGIN, key(name)).unwrap()
}

/// Signs `text` as each account with each key: `(account, key)` by name.
pub(crate) fn signed(text: &str, signers: &[(&str, &str)]) -> Entry {
    let mut draft = Draft::new(text.to_owned(), None, None).unwrap();
    for (of, by) in signers {
        draft.sign(&account(of), key(by)).unwrap();
    }
    draft.to_entry().unwrap()
}

/// Returns what a genesis says, but for the register it succeeds.
fn genesis_body(origin: &str, nonce: &str, governors: &[&str], threshold: u64) -> Genesis {
    let mut accounts: Vec<_> = governors.iter().map(|name| account(name)).collect();
    accounts.sort_unstable();
    Genesis {
        by: account("operator"),
        governor_threshold: Int::new(threshold).unwrap(),
        governors: List::new(accounts).unwrap(),
        kind: GenesisWord::It,
        log_vkey: Signer::new(origin, key("the log")).unwrap().verifier().to_string(),
        nonce: digest(nonce),
        operators: List::new(vec![account("operator")]).unwrap(),
        rules: 1,
        succeeds: None,
    }
}

fn genesis(nonce: &str, governors: &[&str], threshold: u64) -> Entry {
    let body = genesis_body(ORIGIN, nonce, governors, threshold);
    let signers: Vec<_> = ["operator"].iter().chain(governors).map(|name| (*name, *name)).collect();
    signed(&genesis_text(&origin(), &body), &signers)
}

/// A register without a disk. Every entry gets a batch of its own.
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) time_ms: u64,
    pub(crate) leaves: Vec<Vec<u8>>,
    pub(crate) replay: Replay,
    pub(crate) ids: BTreeMap<String, EntryId>,
    pub(crate) cards: Vec<Card>,
    tree: Tree,
    tiles: TileHashes,
    operator_key: &'static str,
    /// The name of the key that signs checkpoints.
    pub(crate) log_key: &'static str,
}

impl World {
    pub(crate) fn new() -> World {
        World::with_nonce("nonce")
    }

    pub(crate) fn with_nonce(nonce: &str) -> World {
        World::begin(&genesis(nonce, &["governor"], 1))
    }

    /// Returns a register whose acts take so many of these governors.
    pub(crate) fn with_governors(governors: &[&str], threshold: u64) -> World {
        World::begin(&genesis("nonce", governors, threshold))
    }

    /// Returns what a retirement says of the register that [`World::successor_of`] begins.
    pub(crate) fn successor() -> Successor {
        let origin: Origin = NEXT.parse().unwrap();
        Successor { founding: genesis_body(NEXT, "next", &["governor"], 1).founding(&origin), origin }
    }

    /// Returns a register that goes on where another ended.
    pub(crate) fn successor_of(predecessor: &World) -> World {
        World::successor_with(predecessor, predecessor.replay.state_root())
    }

    /// Returns a register that goes on where another ended, with the state of this root.
    pub(crate) fn successor_with(predecessor: &World, state: Hash) -> World {
        let last = predecessor.checkpoint();
        let succeeds = Predecessor {
            genesis: predecessor.rules.register.genesis,
            origin: predecessor.rules.register.origin.clone(),
            root: Digest(last.checkpoint().root),
            size: Int::new(last.checkpoint().size.get()).unwrap(),
            state: Digest(state),
        };
        let body = Genesis { succeeds: Some(succeeds), ..genesis_body(NEXT, "next", &["governor"], 1) };
        let text = genesis_text(&NEXT.parse().unwrap(), &body);
        World::begin(&signed(&text, &[("operator", "operator"), ("governor", "governor")]))
    }

    fn begin(entry: &Entry) -> World {
        let leaf = entry.to_bytes();
        let (rules, entry) = read_genesis(&leaf).unwrap();
        let time_ms = 1_000 * DAY_MS;
        let closed = first_batch(&rules, entry, time_ms);
        let mut world = World {
            replay: Replay::begin(&leaf).unwrap(),
            rules,
            time_ms,
            leaves: Vec::new(),
            ids: BTreeMap::new(),
            cards: Vec::new(),
            tree: Tree::new(),
            tiles: TileHashes::default(),
            operator_key: "operator",
            log_key: "the log",
        };
        world.seal(closed);
        world
    }

    /// Seals the batch, appends it, and lets the replay judge every leaf of it.
    fn seal(&mut self, closed: Closed) {
        let text = text_of(&self.rules.register, &Body::Seal(closed.seal.clone()));
        let seal = signed(&text, &[("operator", self.operator_key)]);
        let applied = closed.sealed(seal);
        self.append(&applied);
    }

    fn append(&mut self, applied: &Applied) {
        for leaf in applied.leaves() {
            self.tree.append(leaf_hash(&leaf), &mut self.tiles);
            self.leaves.push(leaf.clone());
            let done = self.replay.leaf(leaf).expect("what a batch made, a replay accepts");
            assert!(done.is_none_or(|done| done.state_root() == applied.state_root()));
        }
    }

    /// Puts other leaves in the log's place, as a dishonest operator could, who has its key. The replay stays as it was.
    pub(crate) fn relog(&mut self, leaves: Vec<Vec<u8>>) {
        (self.tree, self.tiles) = (Tree::new(), TileHashes::default());
        for leaf in &leaves {
            self.tree.append(leaf_hash(leaf), &mut self.tiles);
        }
        self.leaves = leaves;
    }

    /// Submits the bytes of an entry, as a node would take them, and returns its index or the refusal.
    pub(crate) fn submit_bytes(&mut self, bytes: &[u8]) -> Result<u64, Refusal> {
        let refusal = |stop| match stop {
            Stop::Refused(refusal) => refusal,
            Stop::Unreadable(unreadable) => panic!("{unreadable}"),
        };
        let entry = Entry::parse(bytes)?;
        entry.check_register(&self.rules.register)?;
        entry.check_submittable()?;
        let (rotates, id) = (matches!(entry.body(), Body::Rotate(_)), entry.id());
        let operator = *entry.body().by() == account("operator");
        let records = self.replay.records().clone();
        let tree = self.replay.tree().clone();
        let signed = Signed::check(entry, &records).map_err(refusal)?;
        let mut batch = Batch::open(&self.rules, &records, self.replay.position(), self.time_ms);
        let index = batch.push(signed).map_err(refusal)?;
        let closed = batch.close(account("operator"), &tree).unwrap();
        if rotates && operator {
            self.operator_key = "operator.2";
        }
        self.seal(closed);
        self.ids.insert("last".to_owned(), id);
        Ok(index)
    }

    /// Puts these entries into one batch.
    pub(crate) fn submit_together(&mut self, entries: Vec<Entry>) {
        let records = self.replay.records().clone();
        let mut batch = Batch::open(&self.rules, &records, self.replay.position(), self.time_ms);
        for entry in entries {
            batch.push(Signed::check(entry, &records).unwrap()).unwrap();
        }
        let closed = batch.close(account("operator"), self.replay.tree()).unwrap();
        self.seal(closed);
    }

    pub(crate) fn submit(&mut self, body: &Body, signers: &[(&str, &str)]) -> Result<u64, Refusal> {
        let entry = signed(&text_of(&self.rules.register, body), signers);
        self.submit_bytes(&entry.to_bytes())
    }

    /// Submits a body signed by the first key of each account and remembers its id under `label`.
    pub(crate) fn must(&mut self, label: &str, body: &Body, names: &[&str]) -> EntryId {
        let signers: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
        self.submit(body, &signers).unwrap();
        let id = self.ids["last"];
        self.ids.insert(label.to_owned(), id);
        id
    }

    pub(crate) fn account_prev(&self, name: &str) -> AccountPrev {
        let record: Option<AccountRecord> = self.replay.records().read(&RecordKey::Account(account(name))).unwrap();
        record.map_or(AccountPrev::Account(account(name)), |record| AccountPrev::Entry(record.newest))
    }

    /// Returns what an act of the governors follows.
    pub(crate) fn act_prev(&self) -> EntryId {
        let record = governance::current(self.replay.records()).unwrap();
        record.map_or(self.rules.register.genesis, |record| record.newest)
    }

    pub(crate) fn edition(&self, work: &EntryId) -> Option<EditionRecord> {
        self.replay.records().read(&RecordKey::Edition(*work, 1)).unwrap()
    }

    pub(crate) fn edition_prev(&self, work: &EntryId) -> EntryId {
        self.edition(work).map_or(*work, |record| record.newest)
    }

    fn judged(&self, work: &EntryId) -> u64 {
        self.edition(work).and_then(|record| record.judged).unwrap_or_default()
    }

    fn crossings(&self, work: &EntryId) -> Vec<CrossingRecord> {
        let key = |count| RecordKey::Crossing(*work, 1, count);
        (1..=self.judged(work)).map(|count| self.replay.records().read(&key(count)).unwrap().unwrap()).collect()
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn vkey() -> VerifierKey {
        log_signer().verifier()
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        let origin = self.rules.register.origin.to_string();
        let signer = Signer::new(&origin, key(self.log_key)).unwrap();
        Checkpoint { origin, size: self.tree.size(), root: self.tree.root() }.sign(&signer).unwrap()
    }

    pub(crate) fn tile_set(&self, wanted: &[Tile]) -> TileSet {
        let mut set = TileSet::new();
        for tile in wanted {
            let start = usize::try_from(tile.index * 256).unwrap();
            let width = usize::try_from(tile.width.get()).unwrap();
            let hashes = self.tiles.levels[usize::from(tile.level)][start..start + width].to_vec();
            set.insert_hashes(tile.level, tile.index, hashes);
        }
        set
    }

    pub(crate) fn proof(&self, index: u64) -> Vec<Hash> {
        let place = EntryIndex::new(index).unwrap();
        let tiles = self.tile_set(&inclusion_tiles(place, self.tree.size()));
        inclusion(place, self.tree.size(), &tiles).unwrap()
    }

    pub(crate) fn prove(&self, index: u64) -> ProvedEntry {
        ProvedEntry::new(&self.leaves[usize::try_from(index).unwrap()], index, &self.proof(index)).unwrap()
    }

    fn is_rekeyed(&self) -> bool {
        Signer::new(self.rules.register.origin.as_str(), key(self.log_key)).unwrap().verifier() != self.rules.log_key
    }

    fn body(&self, index: u64) -> Body {
        Entry::parse(&self.leaves[usize::try_from(index).unwrap()]).unwrap().body().clone()
    }

    /// Returns the indices of the entries that a certificate of the edition carries.
    pub(crate) fn certificate_indices(&self, work: EntryId) -> BTreeSet<u64> {
        let papers: BTreeSet<u64> = self.said_of_papers(&work).into_values().flatten().collect();
        let belongs = |index: &u64| {
            let body = self.body(*index);
            let brings_mint =
                |body: &Body| matches!(body, Body::CarryEdition(it) if it.work == work && it.mint.is_some());
            let amends = matches!(&body, Body::Amend(amend) if amend.work == work);
            let is_of_work =
                amends || self.id_at(*index) == work || body.edition() == Some((work, 1)) || brings_mint(&body);
            *index == 0 || is_of_work || papers.contains(index) || (self.is_rekeyed() && body.is_act())
        };
        let mut indices: BTreeSet<u64> = (0..self.size()).filter(belongs).collect();
        loop {
            let accounts: BTreeSet<AccountId> =
                indices.iter().flat_map(|index| accounts_of(&self.body(*index))).collect();
            let of_account = |index: &u64| match self.body(*index) {
                Body::Profile(profile) => accounts.contains(&profile.by),
                Body::Rotate(rotate) => accounts.contains(&rotate.by),
                Body::CarryAccount(carry) => accounts.contains(&carry.account),
                _ => false,
            };
            let mut more: BTreeSet<u64> = (0..self.size()).filter(of_account).collect();
            let seal_of = |index: &u64| (*index..self.size()).find(|index| matches!(self.body(*index), Body::Seal(_)));
            more.extend(indices.iter().chain(&more.clone()).filter_map(seal_of));
            more.insert(self.size() - 1);
            let before = indices.len();
            indices.extend(more);
            if indices.len() == before {
                return indices;
            }
        }
    }

    pub(crate) fn certificate(&self, work: EntryId) -> Certificate {
        let indices = self.certificate_indices(work);
        let accounts: BTreeSet<AccountId> = indices.iter().flat_map(|index| accounts_of(&self.body(*index))).collect();
        let digests: BTreeSet<Digest> = indices.iter().filter_map(|index| self.body(*index).card()).collect();
        let mut cards: Vec<Card> = self.cards.iter().filter(|card| digests.contains(&card.digest())).cloned().collect();
        cards.sort_by_key(Card::digest);
        Certificate {
            cards,
            checkpoint: self.checkpoint().to_string(),
            edition: 1,
            entries: indices.into_iter().map(|index| self.prove(index)).collect(),
            format: Format::V1,
            records: self.certificate_keys(&work, accounts).iter().map(|key| self.proved_record(key)).collect(),
            work,
        }
    }

    /// Returns a certificate of a dishonest operator, who has sealed these records in the place of those that the entries lead to.
    /// With it go the records that an edition of these crossings asks for.
    pub(crate) fn certificate_of_lies(
        &mut self,
        work: EntryId,
        lies: &Changes,
        alleged: bool,
        crossings: &[CrossingRecord],
    ) -> Certificate {
        let tree = self.replay.tree().clone();
        let tree = tree.apply(lies.iter().map(|(key, text)| (key.state_key(), record_digest(text))));
        let Some(Body::Seal(mut seal)) = self.size().checked_sub(1).map(|last| self.body(last)) else {
            panic!("the log ends on a seal")
        };
        seal.state = Digest(tree.root());
        let seal = signed(&text_of(&self.rules.register, &Body::Seal(seal)), &[("operator", self.operator_key)]);
        let honest = &self.leaves[..self.leaves.len() - 1];
        self.relog(honest.iter().cloned().chain([seal.to_bytes()]).collect());
        let bodies = self.certificate_indices(work).into_iter().map(|index| self.body(index));
        let accounts = bodies.flat_map(|body| accounts_of(&body)).collect();
        let corridors = crossings.iter().map(|crossing| crossing.rules).collect();
        let judged = crossings.len() as u64;
        let parts = Parts { accounts, rekeyed: false, alleged, judged, papers: BTreeSet::new(), corridors };
        let record = |key: &RecordKey| lies.get(key).cloned().or_else(|| self.replay.records().record(key).unwrap());
        let keys = records_of(&work, 1, parts);
        let records = keys.iter().map(|key| ProvedRecord::new(key, record(key), &tree)).collect();
        Certificate { records, ..self.certificate(work) }
    }

    fn certificate_keys(&self, work: &EntryId, accounts: BTreeSet<AccountId>) -> Vec<RecordKey> {
        let alleged = self.edition(work).is_some_and(|edition| edition.allegations.is_some());
        let papers = self.said_of_papers(work).into_keys().collect();
        let corridors = self.crossings(work).into_iter().map(|crossing| crossing.rules).collect();
        let (rekeyed, judged) = (self.is_rekeyed(), self.judged(work));
        records_of(work, 1, Parts { accounts, rekeyed, alleged, judged, papers, corridors })
    }

    /// Returns where something is said of each document that counted, from the first that did on.
    fn said_of_papers(&self, work: &EntryId) -> BTreeMap<RecordKey, BTreeSet<u64>> {
        let papers = self.crossings(work).into_iter().flat_map(|crossing| crossing.papers);
        let counted: BTreeSet<EntryId> = papers.map(|paper| paper.attest).collect();
        let mut said: BTreeMap<RecordKey, BTreeSet<u64>> = BTreeMap::new();
        for index in 0..self.size() {
            let name = match self.body(index) {
                Body::Attest(attest) => attest.record_key().unwrap(),
                Body::Revoke(revoke) => revoke.record_key().unwrap(),
                _ => continue,
            };
            if said.contains_key(&name) || counted.contains(&self.id_at(index)) {
                said.entry(name).or_default().insert(index);
            }
        }
        said
    }

    fn id_at(&self, index: u64) -> EntryId {
        Entry::parse(&self.leaves[usize::try_from(index).unwrap()]).unwrap().id()
    }

    pub(crate) fn proved_record(&self, key: &RecordKey) -> ProvedRecord {
        let record = self.replay.records().record(key).unwrap();
        ProvedRecord::new(key, record, self.replay.tree())
    }

    pub(crate) fn rotate(&mut self, name: &str, keys: &[&str], threshold: u64) -> EntryId {
        let body = crate::rules::rotate_body(self.account_prev(name), name, keys, threshold, None);
        let signers: Vec<_> = [name].iter().chain(keys).map(|key| (name, *key)).collect();
        self.submit(&body, &signers).unwrap();
        self.ids["last"]
    }
}

/// Returns a list of keys by their names.
pub(crate) fn key_list(names: &[&str]) -> KeyList {
    KeyList::new(names.iter().map(|name| multikey(name)).collect()).unwrap()
}
