//! A register's keys in the wrong hands: its log gone on with whatever they like, and signed.

use std::path::Path;

use colophon_ledger::batch::Batch;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::Int;
use colophon_ledger::replay::Replay;
use colophon_ledger::signature::Signed;
use colophon_storage::slots::Slots;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::Signer;
use colophon_tlog::proof::consistency;
use colophon_tlog::tile::{Bundle, Tile, TileSet};
use colophon_tlog::tree::{TileHashes, Tree, TreeSize};

/// A log in memory, with the keys to sign anything.
#[derive(Debug)]
pub struct Forger {
    leaves: Vec<Vec<u8>>,
    tree: Tree,
    tiles: TileHashes,
    replay: Replay,
    log: SecretKey,
    operator: SecretKey,
}

impl Forger {
    /// Takes the log and the keys of the register in `dir`.
    pub fn of(dir: &Path) -> Forger {
        let leaves = read_leaves(&std::fs::read(dir.join("entries.log")).expect("the file of entries"));
        let mut forger = Forger {
            replay: Replay::begin(&leaves[0]).expect("a genesis"),
            leaves: Vec::new(),
            tree: Tree::new(),
            tiles: TileHashes::default(),
            log: read_key(&dir.join("log.key")),
            operator: read_key(&dir.join("operator.key")),
        };
        for leaf in leaves {
            forger.replay.leaf(leaf.clone()).expect("an honest log so far");
            forger.plant(leaf);
        }
        forger
    }

    /// Goes on with a batch of `good` entries, which are by the rules, and `bad` leaves, which need not be; the seal is as it would
    /// be for the good ones alone, but for their number and what `change` makes of it.
    pub fn batch(&mut self, good: &[Entry], bad: &[Vec<u8>], change: impl FnOnce(&mut Seal)) {
        let (rules, records, position) = (self.replay.rules(), self.replay.records(), self.replay.position());
        let mut batch = Batch::open(rules, records, position, position.time_ms + 1);
        for entry in good {
            batch.push(Signed::check(entry.clone(), records).expect("a good entry")).expect("a good entry");
        }
        let operator = rules.operators[0];
        let mut seal = batch.close(operator, self.replay.tree()).expect("a good entry at least").seal;
        seal.count = Int::new((good.len() + bad.len()) as u64).expect("a small number");
        change(&mut seal);
        let mut draft = Draft::new(text_of(&rules.register, &Body::Seal(seal)), None, None).expect("a seal's text");
        draft.sign(&operator, self.operator.clone()).expect("the operator's key");
        let seal = draft.to_entry().expect("a signed seal").to_bytes();
        good.iter().map(Entry::to_bytes).chain(bad.iter().cloned()).chain([seal]).for_each(|leaf| self.plant(leaf));
    }

    fn plant(&mut self, leaf: Vec<u8>) {
        let mut emitted = TileHashes::default();
        self.tree.append(leaf_hash(&leaf), &mut emitted);
        self.tiles.levels.resize_with(self.tiles.levels.len().max(emitted.levels.len()), Vec::new);
        for (level, hashes) in self.tiles.levels.iter_mut().zip(emitted.levels) {
            level.extend(hashes);
        }
        self.leaves.push(leaf);
    }

    /// Puts the log, with its signed checkpoint, into the register's directory, where nothing may run. Its own program will find a
    /// log that it seems to have written.
    pub fn write_to(&self, dir: &Path) {
        let bytes: Vec<u8> = self.leaves.iter().flat_map(|leaf| framed(leaf)).collect();
        std::fs::write(dir.join("entries.log"), bytes).expect("the file of entries");
        let note = self.checkpoint();
        let mut slots = Slots::open(dir).expect("the register's slots");
        slots.write(Some(&note), Some(&note)).expect("the register's slots");
    }

    /// Returns the size of the log.
    pub fn size(&self) -> u64 {
        self.tree.size().get()
    }

    /// Returns the signed checkpoint of the log.
    pub fn checkpoint(&self) -> String {
        let origin = self.replay.rules().register.origin.to_string();
        let signer = Signer::new(&origin, self.log.clone()).expect("the log's key");
        let checkpoint = Checkpoint { origin, size: self.tree.size(), root: self.tree.root() };
        checkpoint.sign(&signer).expect("a checkpoint").to_string()
    }

    /// Returns the proof that the log goes on from its first `old` leaves.
    pub fn consistency(&self, old: u64) -> Vec<Hash> {
        let mut tiles = TileSet::new();
        for (level, hashes) in (0..).zip(&self.tiles.levels) {
            for (index, hashes) in (0..).zip(hashes.chunks(256)) {
                tiles.insert_hashes(level, index, hashes.to_vec());
            }
        }
        let old = TreeSize::new(old).expect("a size");
        consistency(old, self.tree.size(), &tiles).expect("all tiles")
    }

    /// Returns what is answered to a path of the log, from `checkpoint` or `tile/` on.
    pub fn answer(&self, path: &str) -> Option<Vec<u8>> {
        let size: TreeSize = self.tree.size();
        if path == "checkpoint" {
            return Some(self.checkpoint().into_bytes());
        }
        let place = |index: u64, width: u64| {
            let first = usize::try_from(index * 256).ok()?;
            Some(first..first + usize::try_from(width).ok()?)
        };
        if let Ok(bundle) = Bundle::parse(path) {
            let leaves = self.leaves.get(place(bundle.index, bundle.width.get())?)?;
            return Some(leaves.iter().flat_map(|leaf| framed(leaf)).collect());
        }
        let tile = Tile::parse(path).ok().filter(|tile| tile.is_within(size))?;
        let hashes: &[Hash] = self.tiles.levels.get(usize::from(tile.level))?;
        Some(hashes.get(place(tile.index, tile.width.get())?)?.iter().flat_map(|hash| *hash.as_bytes()).collect())
    }
}

/// Returns a leaf as it stands in a bundle.
fn framed(leaf: &[u8]) -> Vec<u8> {
    let length = u16::try_from(leaf.len()).expect("a short leaf").to_be_bytes();
    [&length[..], leaf].concat()
}

fn read_key(path: &Path) -> SecretKey {
    let digits = std::fs::read_to_string(path).expect("a key file");
    let seed: Hash = digits.trim().parse().expect("a key");
    SecretKey::from_seed(*seed.as_bytes())
}

fn read_leaves(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut leaves, mut rest) = (Vec::new(), bytes);
    while let Some((length, after)) = rest.split_first_chunk() {
        let (leaf, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        leaves.push(leaf.to_vec());
        rest = after;
    }
    leaves
}
