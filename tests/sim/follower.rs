//! A follower: it takes over nothing that it has not checked, and publishes what it copied last of all.

use std::collections::BTreeMap;
use std::path::Path;

use colophon_ledger::replay::Replay;
use colophon_storage::log::Log;
use colophon_storage::slots::Slots;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree, TreeSize};

use crate::dice::Dice;
use crate::disk::SimDisk;
use crate::fact::Fact;
use crate::message::{Deeds, Died, Message, Who};
use crate::register::open_log;
use crate::roles::{QUORUM, log_signer, witness_keys};

const DIR: &str = "copy";

/// A follower and its disk.
#[derive(Debug)]
pub(crate) struct Follower {
    number: usize,
    pub(crate) disk: SimDisk,
    log_key: VerifierKey,
    witnesses: Vec<VerifierKey>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    log: Log,
    slots: Slots,
    replay: Replay,
    states: BTreeMap<u64, Hash>,
    tree: Tree,
    published: TreeSize,
    /// What it is copying.
    target: Option<SignedCheckpoint>,
}

impl Follower {
    pub(crate) fn new(number: usize) -> Follower {
        let disk = SimDisk::default();
        Log::create_on(&disk, Path::new(DIR)).expect("a disk without faults");
        let (log_key, witnesses) = (log_signer().verifier(), witness_keys());
        Follower { number, disk, log_key, witnesses, running: None }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn kill(&mut self, dice: &mut Dice) {
        self.running = None;
        self.disk.crash(dice);
    }

    pub(crate) fn start(&mut self) -> Result<(), Died> {
        let (log, replay, states, _) = open_log(&self.disk, Path::new(DIR))?;
        let slots = Slots::open_on(&self.disk, Path::new(DIR)).map_err(|_| Died)?;
        let mut tree = Tree::new();
        if log.size() > TreeSize::ZERO {
            let first = EntryIndex::new(0).expect("zero");
            let leaves = log.reader().entries(first, log.size().get()).map_err(|_| Died)?;
            for leaf in &leaves {
                tree.append(leaf_hash(leaf), &mut TileHashes::default());
            }
        }
        let published = slots.newest().published.as_ref().map_or(TreeSize::ZERO, |note| {
            let signed = SignedCheckpoint::open(note.as_bytes(), &self.log_key).expect("it was written whole");
            signed.checkpoint().size
        });
        self.running = Some(Running { log, slots, replay, states, tree, published, target: None });
        Ok(())
    }

    pub(crate) fn tick(&mut self, deeds: &mut Deeds) {
        let Some(running) = &mut self.running else { return };
        running.target = None;
        deeds.send(Who::Register, Message::AskCheckpoint);
    }

    pub(crate) fn hear(&mut self, message: Message, deeds: &mut Deeds) -> Result<(), Died> {
        let Some(running) = &mut self.running else { return Ok(()) };
        match message {
            Message::Checkpoint(note) => {
                let signed = SignedCheckpoint::open(note.as_bytes(), &self.log_key).expect("the log's own checkpoint");
                let cosigned = signed.note().verify(&self.witnesses).expect("a witnessed checkpoint");
                assert!(cosigned.len() >= QUORUM, "what is published has its quorum");
                let (size, have) = (signed.checkpoint().size, running.log.size());
                if size <= running.published {
                    return Ok(());
                }
                if size <= have {
                    // Copied before a crash that came before it was published.
                    let root = running.log.reader().root(size).map_err(|_| Died)?;
                    assert_eq!(root, signed.checkpoint().root, "a copy is a prefix of the log");
                    return running.publish(self.number, &signed, deeds);
                }
                let (first, end) = (have.get(), size.get());
                deeds.send(Who::Register, Message::AskEntries { first, end });
                running.target = Some(signed);
            }
            Message::Entries { first, entries } if first == running.log.size().get() => {
                running.take(self.number, entries, deeds)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns all leaves, and the size and state root that are published.
    pub(crate) fn at_the_end(&self) -> (Vec<Vec<u8>>, u64, Hash) {
        let running = self.running.as_ref().expect("it was started at the end");
        let (first, size) = (EntryIndex::new(0).expect("zero"), running.log.size().get());
        let leaves = running.log.reader().entries(first, size).expect("a log that can be read");
        let published = running.published.get();
        (leaves, published, running.states.get(&published).copied().unwrap_or(Hash::ZERO))
    }
}

impl Running {
    /// Takes entries over if all of them lead to the root of the checkpoint that is being copied, and each batch keeps the rules.
    fn take(&mut self, number: usize, entries: Vec<Vec<u8>>, deeds: &mut Deeds) -> Result<(), Died> {
        let Some(target) = self.target.take() else { return Ok(()) };
        let mut tree = self.tree.clone();
        for entry in &entries {
            tree.append(leaf_hash(entry), &mut TileHashes::default());
        }
        if (tree.size(), tree.root()) != (target.checkpoint().size, target.checkpoint().root) {
            // The answer to an older question.
            return Ok(());
        }
        for entry in entries {
            let applied = self.replay.leaf(entry).expect("an honest register keeps its own rules");
            if let Some(applied) = applied {
                self.states.insert(applied.next.index, applied.state_root());
                self.log.append(&applied.leaves()).map_err(|_| Died)?;
            }
        }
        self.tree = tree;
        self.publish(number, &target, deeds)
    }

    fn publish(&mut self, number: usize, signed: &SignedCheckpoint, deeds: &mut Deeds) -> Result<(), Died> {
        self.slots.write(None, Some(&signed.to_string())).map_err(|_| Died)?;
        self.published = signed.checkpoint().size;
        deeds.tell(Fact::Published { by: Who::Follower(number), note: signed.to_string() });
        Ok(())
    }
}
