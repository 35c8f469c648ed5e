//! What a node has told, held against its directory: read here by other code than the node's own.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use colophon_ledger::card::Card;
use colophon_ledger::entry::Entry;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{Hash, leaf_hash, sha256};
use colophon_tlog::note::VerifierKey;
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tree::{TileHashes, Tree};

use crate::minting::Minter;
use crate::node::{Answer, Node};

const SLOT_BYTES: usize = 256 * 1024;
const SLOT_MAGIC: &[u8] = b"colophon.slot/v1\n";

/// Everything a register has ever told anybody that binds it.
#[derive(Debug, Clone)]
pub struct Told {
    log: VerifierKey,
    entries: BTreeMap<u64, Acknowledged>,
    checkpoints: BTreeMap<u64, (Hash, String)>,
}

/// An entry that a node said it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its id.
    pub id: String,
    /// The hash of its leaf.
    pub leaf: Hash,
}

/// Both slots of a register, those that are whole, as pairs of generation and checkpoint.
pub type SlotsRead = Vec<(u64, Vec<String>)>;

impl Told {
    /// Returns an empty record of what the register says whose log key is `log`.
    pub fn new(log: VerifierKey) -> Told {
        Told { log, entries: BTreeMap::new(), checkpoints: BTreeMap::new() }
    }

    /// Notes an answer that acknowledges `entry`. Its receipt must prove it, and fit everything told before.
    pub fn acknowledged(&mut self, entry: &Entry, answer: &serde_json::Value) {
        let (index, there, checkpoint) = read_receipt(entry, answer, &self.log);
        let told = self.entries.entry(index).or_insert_with(|| there.clone());
        assert_eq!(*told, there, "index {index} was given to two entries");
        self.published(&checkpoint);
    }

    /// Notes a checkpoint, as signed. The same size must always have come with the same bytes, but for the cosignatures: a
    /// signature that leaves twice over one tree is made of the same text with the same key.
    pub fn published(&mut self, checkpoint: &str) {
        let signed = SignedCheckpoint::open(checkpoint.as_bytes(), &self.log).expect("a checkpoint signed by the log");
        let (size, root) = (signed.checkpoint().size.get(), signed.checkpoint().root);
        let own = signed.note().signatures().iter().filter(|line| line.name == self.log.name());
        let own: Vec<String> = own.map(ToString::to_string).collect();
        let own = [signed.note().text(), &own.join("\n")].concat();
        let told = self.checkpoints.entry(size).or_insert_with(|| (root, own.clone()));
        assert_eq!(told.1, own, "two checkpoints over {size} entries were signed, in different bytes");
    }

    /// Returns the acknowledged entries by index.
    pub fn entries(&self) -> &BTreeMap<u64, Acknowledged> {
        &self.entries
    }

    /// Returns how many different checkpoints were told.
    pub fn checkpoints(&self) -> usize {
        self.checkpoints.len()
    }

    /// Holds a register's directory against all that was told: each acknowledged entry is under its index, the tree extends
    /// each checkpoint, and so do both slots. What the slots hold counts as told from here on. Returns the number of whole entries.
    pub fn check_dir(&mut self, dir: &Path, when: &str) -> u64 {
        let leaves = read_leaves(dir);
        for (index, there) in &self.entries {
            let found = usize::try_from(*index).ok().and_then(|index| leaves.get(index));
            assert_eq!(found, Some(&there.leaf), "{when}: {} was acknowledged at {index} and is not there", there.id);
        }
        let slots = read_slots(dir);
        assert!(!slots.is_empty(), "{when}: no slot is whole");
        for note in slots.iter().flat_map(|(_, notes)| notes) {
            self.published(note);
        }
        let mut tree = Tree::new();
        let mut checkpoints = self.checkpoints.iter().peekable();
        for leaf in &leaves {
            tree.append(*leaf, &mut TileHashes::default());
            while let Some((size, (root, note))) = checkpoints.next_if(|(size, _)| **size <= tree.size().get()) {
                assert_eq!(
                    (*size, *root),
                    (tree.size().get(), tree.root()),
                    "{when}: not a prefix of the log:\n{note}"
                );
            }
        }
        assert!(checkpoints.next().is_none(), "{when}: the log is shorter than a checkpoint that was told");
        leaves.len() as u64
    }

    /// Asks the node for the entry at each of these indices, all of them acknowledged.
    pub fn check_served(&mut self, node: &Node, indices: &[u64], when: &str) {
        self.check_served_by(node, indices, when, |path| node.get(path));
    }

    /// As [`Told::check_served`], where `get` is how the node is asked for an entry.
    pub fn check_served_by(&mut self, node: &Node, indices: &[u64], when: &str, get: impl Fn(&str) -> Answer) {
        for index in indices {
            let there = self.entries.get(index).expect("an acknowledged index");
            let answer = get(&format!("/v1/entries/{}", there.id));
            assert_eq!(answer.status, 200, "{when}: {} was acknowledged and is gone: {answer:?}", there.id);
            let answer = answer.json();
            assert_eq!(answer["index"].as_u64(), Some(*index), "{when}: {} has moved", there.id);
            let entry = answer["entry"].as_str().expect("an entry");
            assert_eq!(leaf_hash(entry.as_bytes()), there.leaf, "{when}: {} has changed", there.id);
        }
        self.published(node.get("/checkpoint").text());
    }
}

/// Reads an answer that acknowledges `entry`: returns its index, what it was given, and the checkpoint it came with.
fn read_receipt(entry: &Entry, answer: &serde_json::Value, log: &VerifierKey) -> (u64, Acknowledged, String) {
    let text = answer["receipt"].as_str().unwrap_or_else(|| panic!("no receipt in {answer}"));
    let receipt = Receipt::parse(text.as_bytes()).expect("a receipt in its form");
    let leaf = leaf_hash(&entry.to_bytes());
    receipt.verify(&leaf, log).expect("a receipt that proves the entry");
    assert_eq!(answer["index"].as_u64(), Some(receipt.index.get()), "{answer}");
    (receipt.index.get(), Acknowledged { id: entry.id().to_string(), leaf }, receipt.checkpoint)
}

/// Returns the body that submits an entry with its card.
pub fn submission(entry: &Entry, card: &Card) -> String {
    serde_json::json!({"entry": String::from_utf8_lossy(&entry.to_bytes()), "card": card}).to_string()
}

/// Submits so many entries of a minter's a request, each request a batch by its number, and sees that they are taken.
pub fn submit_batches(node: &Node, minter: &Minter, batches: Range<usize>, entries_each: usize) {
    for batch in batches {
        let mints: Vec<String> = (0..entries_each)
            .map(|number| minter.mint(&format!("work {number} of batch {batch}")))
            .map(|(entry, card)| submission(&entry, &card))
            .collect();
        let body = format!("{{\"entries\":[{}]}}", mints.join(","));
        assert_eq!(node.post("/v1/entries/many", "application/json", body).status, 200);
    }
}

/// Submits an entry with its card, and returns the answer, or nothing if the connection broke.
pub fn submit(node: &Node, entry: &Entry, card: &Card) -> Option<Answer> {
    node.try_post("/v1/entries", "application/json", submission(entry, card)).ok()
}

/// Returns the hash of each leaf of `entries.log`, as far as it can be cut into entries.
pub fn read_leaves(dir: &Path) -> Vec<Hash> {
    let bytes = std::fs::read(dir.join("entries.log")).expect("the file of entries");
    let mut rest = &bytes[..];
    let mut leaves = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((leaf, after)) = after.split_at_checked(length).filter(|(leaf, _)| !leaf.is_empty()) else { break };
        leaves.push(leaf_hash(leaf));
        rest = after;
    }
    leaves
}

/// Returns the slots that are whole, the older one first.
pub fn read_slots(dir: &Path) -> SlotsRead {
    let bytes = std::fs::read(dir.join("slots")).expect("the file of slots");
    let mut slots: SlotsRead = bytes.chunks(SLOT_BYTES).filter_map(read_slot).collect();
    slots.sort();
    slots
}

fn read_slot(region: &[u8]) -> Option<(u64, Vec<String>)> {
    let (generation, rest) = region.strip_prefix(SLOT_MAGIC)?.split_first_chunk()?;
    let (pending, rest) = rest.split_first_chunk()?;
    let (published, notes) = rest.split_first_chunk()?;
    let [pending, published] =
        [*pending, *published].map(|bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(0));
    let head = SLOT_MAGIC.len() + 16;
    let end = head + pending + published;
    if region.get(end..end + 32)? != sha256(&region[..end]).as_bytes() {
        return None;
    }
    let notes = [&notes[..pending], &notes[pending..pending + published]];
    let notes = notes.iter().filter(|note| !note.is_empty()).map(|note| String::from_utf8_lossy(note).into_owned());
    Some((u64::from_be_bytes(*generation), notes.collect()))
}
