//! The register: submit, admit, order, apply, commit, publish, in the order of steps that the node keeps.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use colophon_ledger::batch::{Batch, Position, first_batch};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::{Replay, read_genesis};
use colophon_ledger::rule::{Rules, Stop};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Changes;
use colophon_ledger::state_root::StateTree;
use colophon_storage::log::Log;
use colophon_storage::slots::Slots;
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::{SignatureLine, VerifierKey};
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tree::{EntryIndex, TreeSize};
use colophon_tlog::witness::{AddCheckpoint, read_cosignatures, read_size};

use crate::dice::Dice;
use crate::disk::SimDisk;
use crate::fact::Fact;
use crate::message::{Deeds, Died, Message, Who};
use crate::roles::{EPOCH_MS, ORIGIN, QUORUM, WITNESSES, genesis, log_signer, operator, sign_seal, witness_keys};

const DIR: &str = "register";
/// How many batches may be committed and not published; then nothing is taken until the witnesses answer.
const UNPUBLISHED_BATCHES_MAX: usize = 4;
/// How long a witness may take before it is asked again.
const ASK_AGAIN_MS: u64 = 400;

/// A register and its disk.
#[derive(Debug)]
pub(crate) struct Register {
    pub(crate) disk: SimDisk,
    keys: Vec<VerifierKey>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    rules: Rules,
    log: Log,
    slots: Slots,
    records: Changes,
    tree: StateTree,
    /// The state root at each size that a batch ended at.
    states: BTreeMap<u64, Hash>,
    position: Position,
    places: BTreeMap<EntryId, u64>,
    published: Option<SignedCheckpoint>,
    pending: Option<Pending>,
    queue: Vec<(Who, Entry)>,
    /// Who waits for the checkpoint that covers an entry.
    waiting: Vec<(Who, EntryId, u64)>,
    /// What each witness is believed to have cosigned last.
    witnessed: [TreeSize; WITNESSES],
}

/// A checkpoint that is signed, on its way to the witnesses.
#[derive(Debug)]
struct Pending {
    signed: SignedCheckpoint,
    lines: BTreeMap<usize, SignatureLine>,
    asked_ms: u64,
}

impl Register {
    pub(crate) fn new() -> Register {
        let disk = SimDisk::default();
        let dir = Path::new(DIR);
        Log::create_on(&disk, dir).expect("a disk without faults");
        let (mut log, _) = Log::open_on(Arc::new(disk.clone()), dir, None).expect("an empty log");
        let (rules, entry) = read_genesis(&genesis().to_bytes()).expect("a genesis by the rules");
        let closed = first_batch(&rules, entry, EPOCH_MS);
        let seal = sign_seal(&rules, &Body::Seal(closed.seal.clone()));
        log.append(&closed.sealed(seal).leaves()).expect("a disk without faults");
        Register { disk, keys: witness_keys(), running: None }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn kill(&mut self, dice: &mut Dice) {
        self.running = None;
        self.disk.crash(dice);
    }

    /// Starts as every start does: the log is put in order, replayed, and held against the slots.
    pub(crate) fn start(&mut self, now_ms: u64, deeds: &mut Deeds) -> Result<(), Died> {
        let mut running = Running::open(&self.disk)?;
        // What was signed goes out again in the same bytes.
        if let Some(pending) = &mut running.pending {
            pending.asked_ms = now_ms;
        }
        running.ask_witnesses(deeds);
        self.running = Some(running);
        Ok(())
    }

    pub(crate) fn tick(&mut self, now_ms: u64, deeds: &mut Deeds) -> Result<(), Died> {
        let Some(running) = &mut self.running else { return Ok(()) };
        running.commit(now_ms, deeds)?;
        running.begin_pending(now_ms, deeds)?;
        if let Some(pending) = running.pending.as_mut().filter(|pending| now_ms >= pending.asked_ms + ASK_AGAIN_MS) {
            pending.asked_ms = now_ms;
            running.ask_witnesses(deeds);
        }
        Ok(())
    }

    pub(crate) fn hear(&mut self, now_ms: u64, from: Who, message: Message, deeds: &mut Deeds) -> Result<(), Died> {
        let Some(running) = &mut self.running else { return Ok(()) };
        match message {
            Message::Submit(entry) => {
                let entry = Entry::parse(&entry).expect("people send entries");
                running.queue.push((from, entry));
            }
            Message::WitnessReply { status, body } => {
                let Who::Witness(witness) = from else { return Ok(()) };
                running.hear_witness(witness, status, &body, &self.keys[witness], deeds)?;
                running.publish(deeds)?;
                running.begin_pending(now_ms, deeds)?;
            }
            Message::AskCheckpoint => {
                let published = running.published.as_ref().map(|signed| Message::Checkpoint(signed.to_string()));
                deeds.sent.extend(published.map(|message| (from, message)));
            }
            Message::AskEntries { first, end } if end <= running.published_size() && first < end => {
                let index = EntryIndex::new(first).expect("a small index");
                let entries = running.log.reader().entries(index, end - first).expect("a log that can be read");
                deeds.send(from, Message::Entries { first, entries });
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
        let published = running.published_size();
        (leaves, published, running.states[&published])
    }
}

impl Running {
    fn open(disk: &SimDisk) -> Result<Running, Died> {
        let (log, replay, states, places) = open_log(disk, Path::new(DIR))?;
        let slots = Slots::open_on(disk, Path::new(DIR)).map_err(|_| Died)?;
        let log_key = log_signer().verifier();
        let open = |note: &Option<String>| {
            note.as_ref().map(|note| SignedCheckpoint::open(note.as_bytes(), &log_key).expect("it was written whole"))
        };
        let published = open(&slots.newest().published);
        let pending = open(&slots.newest().pending).filter(|pending| {
            published.as_ref().is_none_or(|published| pending.checkpoint().size > published.checkpoint().size)
        });
        Ok(Running {
            rules: replay.rules().clone(),
            log,
            slots,
            records: replay.records().clone(),
            tree: replay.tree().clone(),
            states,
            position: replay.position(),
            places,
            published,
            pending: pending.map(|signed| Pending { signed, lines: BTreeMap::new(), asked_ms: 0 }),
            queue: Vec::new(),
            waiting: Vec::new(),
            witnessed: [TreeSize::ZERO; WITNESSES],
        })
    }

    fn published_size(&self) -> u64 {
        self.published.as_ref().map_or(0, |signed| signed.checkpoint().size.get())
    }

    /// Takes all that waits as one batch.
    fn commit(&mut self, now_ms: u64, deeds: &mut Deeds) -> Result<(), Died> {
        let unpublished = self.states.range(self.published_size() + 1..).count();
        if self.queue.is_empty() || unpublished >= UNPUBLISHED_BATCHES_MAX {
            return Ok(());
        }
        let mut batch = Batch::open(&self.rules, &self.records, self.position, EPOCH_MS + now_ms);
        for (who, entry) in std::mem::take(&mut self.queue) {
            let id = entry.id();
            let taken = match self.places.get(&id) {
                Some(index) => Ok(*index),
                None => Signed::check(entry, batch.records()).and_then(|signed| batch.push(signed)),
            };
            match taken {
                Ok(index) | Err(Stop::Refused(Refusal::Repeated { index })) => self.waiting.push((who, id, index)),
                Err(Stop::Refused(_)) => deeds.send(who, Message::Refused { id }),
                Err(Stop::Unreadable(error)) => panic!("records in memory cannot be read: {error}"),
            }
        }
        if !batch.entries().is_empty() {
            let closed = batch.close(operator(), &self.tree).expect("a batch of entries");
            let seal = sign_seal(&self.rules, &Body::Seal(closed.seal.clone()));
            let applied = closed.sealed(seal);
            self.log.append(&applied.leaves()).map_err(|_| Died)?;
            self.places.extend(applied.indexed().map(|(index, entry)| (entry.id(), index)));
            self.states.insert(applied.next.index, applied.state_root());
            self.records.extend(applied.changes);
            (self.tree, self.position) = (applied.tree, applied.next);
        }
        // What was there before is answered at once.
        self.answer_waiting(deeds);
        Ok(())
    }

    /// Signs the newest size, unless one is on its way. It is on the disk before any witness hears of it.
    fn begin_pending(&mut self, now_ms: u64, deeds: &mut Deeds) -> Result<(), Died> {
        let size = self.log.size();
        if self.pending.is_some() || size.get() <= self.published_size() {
            return Ok(());
        }
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: self.log.root() };
        let signed = checkpoint.sign(&log_signer()).expect("a checkpoint");
        let published = self.published.as_ref().map(ToString::to_string);
        self.slots.write(Some(&signed.to_string()), published.as_deref()).map_err(|_| Died)?;
        deeds.tell(Fact::Signed { size: size.get(), root: self.log.root() });
        self.pending = Some(Pending { signed, lines: BTreeMap::new(), asked_ms: now_ms });
        self.ask_witnesses(deeds);
        Ok(())
    }

    fn ask_witnesses(&self, deeds: &mut Deeds) {
        (0..WITNESSES).for_each(|witness| self.ask(witness, deeds));
    }

    fn ask(&self, witness: usize, deeds: &mut Deeds) {
        let Some(pending) = self.pending.as_ref().filter(|pending| !pending.lines.contains_key(&witness)) else {
            return;
        };
        let (old, new) = (self.witnessed[witness], pending.signed.checkpoint().size);
        if old <= new {
            let proof = self.log.reader().consistency(old, new).expect("a log that can be read");
            let request = AddCheckpoint::new(old, proof, &pending.signed).expect("a request within its limits");
            deeds.send(Who::Witness(witness), Message::AddCheckpoint(request.to_string().into_bytes()));
        }
    }

    fn hear_witness(
        &mut self,
        witness: usize,
        status: u16,
        body: &str,
        key: &VerifierKey,
        deeds: &mut Deeds,
    ) -> Result<(), Died> {
        let Some(pending) = &mut self.pending else { return Ok(()) };
        match status {
            200 => {
                // A late reply to an earlier checkpoint verifies under none of this one's bytes, and is nothing.
                if let Ok(lines) = read_cosignatures(body.as_bytes(), &pending.signed, std::slice::from_ref(key)) {
                    self.witnessed[witness] = pending.signed.checkpoint().size;
                    pending.lines.extend(lines.into_iter().map(|line| (witness, line)));
                }
            }
            409 => {
                let size = read_size(body.as_bytes()).expect("a size");
                if size > self.log.size() {
                    deeds.tell(Fact::SeenFuture { witness, size: size.get() });
                    return Err(Died);
                }
                if self.witnessed[witness] != size {
                    self.witnessed[witness] = size;
                    self.ask(witness, deeds);
                }
            }
            _ => panic!("a witness answers {status} {body:?}"),
        }
        Ok(())
    }

    /// Publishes what enough witnesses have cosigned, and gives those who wait their receipts.
    fn publish(&mut self, deeds: &mut Deeds) -> Result<(), Died> {
        let Some(pending) = self.pending.take_if(|pending| pending.lines.len() >= QUORUM) else { return Ok(()) };
        let lines: Vec<SignatureLine> = pending.lines.into_values().collect();
        let published = pending.signed.with_lines(&lines).expect("a note within its limits");
        self.slots.write(Some(&pending.signed.to_string()), Some(&published.to_string())).map_err(|_| Died)?;
        deeds.tell(Fact::Published { by: Who::Register, note: published.to_string() });
        self.published = Some(published);
        self.answer_waiting(deeds);
        Ok(())
    }

    fn answer_waiting(&mut self, deeds: &mut Deeds) {
        let published = self.published_size();
        let (covered, rest) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, _, index)| *index < published);
        self.waiting = rest;
        for (who, id, index) in covered {
            let receipt = self.receipt(index).to_string();
            deeds.send(who, Message::Recorded { id, receipt });
        }
    }

    fn receipt(&self, index: u64) -> Receipt {
        let checkpoint = self.published.as_ref().expect("it covers the entry");
        let index = EntryIndex::new(index).expect("a small index");
        let proof = self.log.reader().inclusion(index, checkpoint.checkpoint().size).expect("a log that can be read");
        Receipt { extra: None, index, proof, checkpoint: checkpoint.to_string() }
    }
}

/// A log with what its entries lead to.
pub(crate) type Opened = (Log, Replay, BTreeMap<u64, Hash>, BTreeMap<EntryId, u64>);

/// Opens a log and replays it. A last batch that nobody signed and that breaks the rules was torn, and is cut.
pub(crate) fn open_log(disk: &SimDisk, dir: &Path) -> Result<Opened, Died> {
    let (mut log, _) = Log::open_on(Arc::new(disk.clone()), dir, None).map_err(|_| Died)?;
    if log.size() == TreeSize::ZERO {
        let replay = Replay::begin(&genesis().to_bytes()).expect("a genesis by the rules");
        return Ok((log, replay, BTreeMap::new(), BTreeMap::new()));
    }
    loop {
        let all = EntryIndex::new(0).map(|first| log.reader().entries(first, log.size().get()));
        let leaves = all.expect("zero").map_err(|_| Died)?;
        match replay_all(&leaves) {
            Ok((replay, states, places)) => return Ok((log, replay, states, places)),
            Err(index) => {
                assert!(log.unsigned_from().is_some_and(|first| index >= first), "a signed batch breaks the rules");
                log = log.cut_unsigned().map_err(|_| Died)?;
            }
        }
    }
}

type Replayed = (Replay, BTreeMap<u64, Hash>, BTreeMap<EntryId, u64>);

/// Replays leaves, or says at which one they break the rules.
fn replay_all(leaves: &[Vec<u8>]) -> Result<Replayed, u64> {
    let broken = |error: colophon_ledger::replay::ReplayError| error.broken_at().expect("a rule that is broken");
    let mut replay = Replay::begin(&leaves[0]).map_err(broken)?;
    let (mut states, mut places) = (BTreeMap::new(), BTreeMap::new());
    for leaf in leaves {
        if let Some(applied) = replay.leaf(leaf.clone()).map_err(broken)? {
            states.insert(applied.next.index, applied.state_root());
            places.extend(applied.indexed().map(|(index, entry)| (entry.id(), index)));
        }
    }
    Ok((replay, states, places))
}
