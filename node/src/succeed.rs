//! A register that goes on where a retired one ended: founded first, so that the retirement can name it; begun then, with
//! everything that the retired one had.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Applied, Batch, Position, first_batch};
use colophon_ledger::carried::CarriedRecord;
use colophon_ledger::entry::carry_account::{CarryAccount, CarryAccountWord};
use colophon_ledger::entry::carry_edition::{CarriedMint, CarryEdition, CarryEditionWord};
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::seal::BATCH_ENTRIES_MAX;
use colophon_ledger::entry::{Body, Entry, genesis_text};
use colophon_ledger::field::{Digest, Int, List, Origin, WorkId};
use colophon_ledger::governance;
use colophon_ledger::register::{Predecessor, Register};
use colophon_ledger::replay::{Replay, ReplayError, read_genesis};
use colophon_ledger::rule::{Rules, Stop};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{AccountRecord, Changes, EditionRecord, RecordKey, Records as _, Unreadable, WorkRecord};
use colophon_ledger::state_root::{Base64Hash, OtherRecord, StateTree};
use colophon_ledger::voiding::VoidLists;
use colophon_storage::backup::{BackupError, copy_cards};
use colophon_storage::durable::{self, Access};
use colophon_storage::log::Log;
use colophon_storage::published::{Published, PublishedError};
use colophon_storage::slots::Slots;
use colophon_tlog::note::Signer;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::govern::founding_of;
use crate::governors::Governance;
use crate::init::{
    Founded, GENESIS_DRAFT_FILE, InitError, Secrets, begin_dir, clear, draft_of, remove, secrets_of, write_verifier_key,
};
use crate::keyring::Keyring;
use crate::prepare::{PrepareError, Prepared, check_keys, check_not_begun, complete, lacking, read_draft, write_draft};
use crate::publisher::Publisher;
use crate::seal::Sealer;

/// What a register says of itself before it begins: the text of its genesis without the one it succeeds.
pub const FOUNDING_FILE: &str = "founding";

/// Why a successor was not begun.
#[derive(Debug, thiserror::Error)]
pub enum SucceedError {
    /// The folder holds no founding.
    #[error("{0:?} holds no founding of a register: make one with `colophon-node init DIR --origin NAME --founding`")]
    NoFounding(PathBuf),
    /// The other register goes on.
    #[error(
        "{0} has not been retired: its governors do that first, and name this founding (`colophon-node govern retire`)"
    )]
    NotRetired(Origin),
    /// The other register names another successor, or none.
    #[error("{origin} was retired for {named}, and this is {own}")]
    Another {
        /// The retired register.
        origin: Origin,
        /// What its retirement names.
        named: String,
        /// What this one is.
        own: String,
    },
    /// The retired register's log cannot be read.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// The retired register's log is not by the rules.
    #[error("the retired register: {0}")]
    Replay(#[from] ReplayError),
    /// A record of it cannot be read.
    #[error("the retired register: {0}")]
    Unreadable(#[from] Unreadable),
    /// What is carried over is refused.
    #[error("what is carried over is refused: {0}")]
    Carry(#[from] Stop),
    /// The draft of its genesis is another's.
    #[error(
        "{0:?} is the draft of another genesis: of another founding, or of another register that ended. Remove it, and run this again"
    )]
    OtherDraft(PathBuf),
    /// Its governors' signatures cannot be gathered, or are not all there.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The register cannot be begun.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The cards cannot be copied.
    #[error(transparent)]
    Cards(#[from] BackupError),
}

/// A register that was begun, and what it has of the other.
#[derive(Debug)]
pub struct Succeeded {
    /// The register.
    pub founded: Founded,
    /// How many accounts were carried over.
    pub accounts: usize,
    /// How many editions.
    pub editions: usize,
    /// Editions that do not fit into an entry, by work and number.
    pub left: Vec<(WorkId, u64)>,
}

/// How far a successor has come.
#[derive(Debug)]
pub enum Succession {
    /// Its genesis waits for its governors, who hold their keys elsewhere.
    Prepared(Prepared),
    /// It has begun.
    Begun(Succeeded),
}

/// Founds the register `origin` in `dir`: keys, and what its genesis will say; unless governors are named, with one whose key is made
/// too. Returns the text, whose digest a retirement names.
pub fn found(dir: &Path, origin: &Origin, named: Option<&Governance>) -> Result<String, InitError> {
    let (secrets, governance) = begin_dir(dir, named)?;
    let text = genesis_text(origin, &crate::init::genesis(origin, &secrets, &governance)?);
    let path = dir.join(FOUNDING_FILE);
    durable::write_new(&path, text.as_bytes(), Access::Public).map_err(|error| InitError::Write { path, error })?;
    Ok(text)
}

/// Begins the register that was founded in `dir`, where the one in `old` ended, at `time_ms`; or writes the draft of its genesis, if
/// it is still to be signed elsewhere. Durable when it returns; whatever broke off before is begun anew.
pub fn succeed(dir: &Path, old: &Path, copies: &[PathBuf], time_ms: u64) -> Result<Succession, SucceedError> {
    let founding = fs::read_to_string(dir.join(FOUNDING_FILE)).ok().and_then(|text| founding_of(&text));
    let (origin, genesis) = founding.ok_or_else(|| SucceedError::NoFounding(dir.to_owned()))?;
    check_not_begun(dir)?;
    let predecessor = Retired::read(old)?;
    predecessor.check_names(&origin, &genesis)?;
    let genesis = Genesis { succeeds: Some(predecessor.last_words()), ..genesis };
    let secrets = secrets_of(dir).map_err(InitError::from)?;
    check_keys(&dir.join(FOUNDING_FILE), &origin, &genesis, &secrets)?;
    let Some(entry) = signed_genesis(dir, &origin, &genesis, &secrets, copies)? else {
        return Ok(Succession::Prepared(Prepared { dir: dir.to_owned(), origin, genesis, old: Some(old.to_owned()) }));
    };
    clear(dir)?;
    Log::create(dir).map_err(InitError::from)?;
    copy_cards(old, dir)?;
    let mut writer = Writer::begin(dir, &entry, &secrets, time_ms)?;
    let accounts = writer.carry_accounts(&predecessor)?;
    let (editions, left) = writer.carry_editions(&predecessor)?;
    let founded = writer.finish(dir, &origin, &secrets)?;
    Ok(Succession::Begun(Succeeded { founded, accounts, editions, left }))
}

/// Returns the genesis with every signature, or nothing where its draft was written just now for those who hold their keys elsewhere.
fn signed_genesis(
    dir: &Path,
    origin: &Origin,
    genesis: &Genesis,
    secrets: &Secrets,
    copies: &[PathBuf],
) -> Result<Option<Entry>, SucceedError> {
    let path = dir.join(GENESIS_DRAFT_FILE);
    let mut draft = draft_of(&genesis_text(origin, genesis), secrets)?;
    if path.exists() {
        draft.merge(&read_draft(&path)?).map_err(|_| SucceedError::OtherDraft(path.clone()))?;
    } else if copies.is_empty() && !lacking(&path, &draft)?.is_empty() {
        write_draft(dir, &draft)?;
        return Ok(None);
    }
    Ok(Some(complete(&path, draft, genesis, copies)?))
}

/// A retired register, all of it in memory.
struct Retired {
    published: Published,
    replay: Replay,
    mints: BTreeMap<WorkId, CarriedMint>,
}

impl Retired {
    fn read(dir: &Path) -> Result<Retired, SucceedError> {
        let read = Retired::read_knowing(dir, &VoidLists::default());
        let Err(SucceedError::Replay(ReplayError::Refused { index, .. })) = &read else { return read };
        let (mut lists, mut next) = (VoidLists::default(), 0);
        Published::of(dir)?.each_leaf::<SucceedError>(|leaf| {
            lists.leaf(next, leaf);
            next += 1;
            Ok(())
        })?;
        if lists.names(*index) { Retired::read_knowing(dir, &lists) } else { read }
    }

    /// Reads the register of which `lists` say what the governors have voided.
    fn read_knowing(dir: &Path, lists: &VoidLists) -> Result<Retired, SucceedError> {
        let published = Published::of(dir)?;
        let (mut replay, mut mints) = (None, BTreeMap::new());
        published.each_leaf::<SucceedError>(|leaf| {
            let replay = match &mut replay {
                Some(replay) => replay,
                none => {
                    let replay = none.insert(Replay::begin(leaf)?);
                    replay.learn(lists);
                    replay
                }
            };
            for (_, entry) in replay.leaf(leaf.to_vec())?.iter().flat_map(Applied::indexed) {
                let Register { origin, genesis } = replay.rules().register.clone();
                match entry.body() {
                    Body::Mint(body) => {
                        mints.insert(entry.id(), CarriedMint { body: body.clone(), genesis, origin });
                    }
                    Body::CarryEdition(carry) => mints.extend(carry.mint.clone().map(|mint| (carry.work, mint))),
                    _ => {}
                }
            }
            Ok(())
        })?;
        let replay = replay.ok_or(ReplayError::NoGenesis)?;
        Ok(Retired { published, replay, mints })
    }

    fn check_names(&self, origin: &Origin, genesis: &Genesis) -> Result<(), SucceedError> {
        let old = self.replay.rules().register.origin.clone();
        let register = governance::current(self.replay.records())?;
        let Some(register) = register.filter(|register| register.retired.is_some()) else {
            return Err(SucceedError::NotRetired(old));
        };
        let own = format!("{origin} with the founding {}", genesis.founding(origin));
        let named = register.successor.map(|next| format!("{} with the founding {}", next.origin, next.founding));
        if named.as_ref() == Some(&own) {
            return Ok(());
        }
        Err(SucceedError::Another { origin: old, named: named.unwrap_or_else(|| "no other".to_owned()), own })
    }

    fn last_words(&self) -> Predecessor {
        let Register { origin, genesis } = self.replay.rules().register.clone();
        let checkpoint = self.published.checkpoint();
        Predecessor {
            genesis,
            origin,
            root: Digest(checkpoint.root),
            size: Int::new(checkpoint.size.get()).expect("a log with a genesis has a size"),
            state: Digest(self.replay.state_root()),
        }
    }

    fn carried<T: Serialize + DeserializeOwned>(&self, key: &RecordKey) -> Result<CarriedRecord<T>, Unreadable> {
        let proof = self.replay.tree().prove(&key.state_key());
        let other =
            proof.other.map(|(key, value)| OtherRecord { key: Base64Hash(*key.as_hash()), value: Base64Hash(value) });
        let path = List::new(proof.path.into_iter().map(Base64Hash).collect()).expect("keys have 256 bits");
        Ok(CarriedRecord { other, path, record: self.replay.records().read(key)? })
    }

    /// Returns every account that has a record, holds something, or can release what stands on it.
    fn accounts(&self) -> Result<BTreeSet<AccountId>, Unreadable> {
        let records = self.replay.records();
        let mut accounts = BTreeSet::new();
        for key in records.keys() {
            match key {
                RecordKey::Account(account) => drop(accounts.insert(*account)),
                RecordKey::Edition(..) => {
                    let edition = records.read::<EditionRecord>(key)?;
                    accounts.extend(edition.iter().flat_map(EditionRecord::burdens).map(|burden| burden.of));
                    accounts.extend(edition.map(|edition| edition.holder));
                }
                RecordKey::Work(_) => accounts.extend(records.read::<WorkRecord>(key)?.map(|work| work.maker)),
                _ => {}
            }
        }
        Ok(accounts)
    }

    /// Returns every work with its number of editions, oldest first.
    fn works(&self) -> Result<Vec<(WorkId, u64)>, Unreadable> {
        let records = self.replay.records();
        let mut works = Vec::new();
        for key in records.keys() {
            let RecordKey::Work(work) = key else { continue };
            works.extend(records.read::<WorkRecord>(key)?.map(|record| (record.index, *work, record.editions)));
        }
        works.sort_unstable();
        Ok(works.into_iter().map(|(_, work, editions)| (work, editions)).collect())
    }
}

/// The new register while it is written.
struct Writer {
    rules: Rules,
    log: Log,
    sealer: Sealer,
    signer: Signer,
    records: Changes,
    tree: StateTree,
    position: Position,
    time_ms: u64,
    waiting: Vec<Body>,
}

impl Writer {
    fn begin(dir: &Path, genesis: &Entry, secrets: &Secrets, time_ms: u64) -> Result<Writer, SucceedError> {
        let (rules, entry) = read_genesis(&genesis.to_bytes())?;
        let closed = first_batch(&rules, entry, time_ms);
        let by = closed.seal.by;
        let sealer = Sealer::new(by, secrets.operator.clone()).map_err(InitError::from)?;
        let signer = Signer::new(by.as_str(), secrets.operator.clone()).map_err(InitError::from)?;
        let applied = sealer.seal(&rules, closed);
        let (mut log, _) = Log::open(dir).map_err(InitError::from)?;
        log.append(&applied.leaves()).map_err(InitError::from)?;
        let (records, tree, position) = (Changes::new(), applied.tree, applied.next);
        Ok(Writer { rules, log, sealer, signer, records, tree, position, time_ms, waiting: Vec::new() })
    }

    fn carry_accounts(&mut self, old: &Retired) -> Result<usize, SucceedError> {
        let accounts = old.accounts()?;
        let officers = [&self.rules.operators[..], &self.rules.governors].concat();
        let mut count = 0;
        for account in accounts.into_iter().filter(|account| !officers.contains(account)) {
            let proof = old.carried::<AccountRecord>(&RecordKey::Account(account))?;
            let carry = CarryAccount { account, by: self.sealer.account(), kind: CarryAccountWord::It, proof };
            self.put(Body::CarryAccount(carry))?;
            count += 1;
        }
        self.close()?;
        Ok(count)
    }

    fn carry_editions(&mut self, old: &Retired) -> Result<(usize, Vec<(WorkId, u64)>), SucceedError> {
        let (mut count, mut left) = (0, Vec::new());
        for (work, editions) in old.works()? {
            let work_proof = old.carried::<WorkRecord>(&RecordKey::Work(work))?;
            let was_carried = work_proof.record.as_ref().is_some_and(|record| record.carried.is_some());
            let mut mint = old.mints.get(&work).cloned();
            for edition in 1..=editions {
                let edition_proof = old.carried::<EditionRecord>(&RecordKey::Edition(work, edition))?;
                if was_carried && edition_proof.record.is_none() {
                    continue;
                }
                let carry = CarryEdition {
                    by: self.sealer.account(),
                    edition: Int::new(edition).expect("works have at most so many editions"),
                    edition_proof,
                    kind: CarryEditionWord::It,
                    mint: mint.clone(),
                    work,
                    work_proof: work_proof.clone(),
                };
                let body = Body::CarryEdition(Box::new(carry));
                if self.entry(&body).is_err() {
                    left.push((work, edition));
                    continue;
                }
                mint = None;
                self.put(body)?;
                count += 1;
            }
        }
        self.close()?;
        Ok((count, left))
    }

    /// Returns the signed entry of a body, if it fits into a leaf.
    fn entry(&self, body: &Body) -> Result<Entry, Stop> {
        let text = colophon_ledger::entry::text_of(&self.rules.register, body);
        Ok(Entry::from_parts(&text, vec![self.signer.sign(&text)])?)
    }

    fn put(&mut self, body: Body) -> Result<(), SucceedError> {
        self.waiting.push(body);
        if self.waiting.len() as u64 == BATCH_ENTRIES_MAX { self.close() } else { Ok(()) }
    }

    /// Applies, seals and writes what waits.
    fn close(&mut self) -> Result<(), SucceedError> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut batch = Batch::open(&self.rules, &self.records, self.position, self.time_ms);
        for body in &waiting {
            let signed = Signed::check(self.entry(body)?, batch.records())?;
            batch.push(signed)?;
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let closed = batch.close(self.sealer.account(), &self.tree).expect("a batch with entries has a seal");
        let applied = self.sealer.seal(&self.rules, closed);
        self.log.append(&applied.leaves()).map_err(InitError::from)?;
        self.records.extend(applied.changes);
        (self.tree, self.position) = (applied.tree, applied.next);
        Ok(())
    }

    /// Publishes the first checkpoint. The verifier key is written when all is done; draft and founding are removed last.
    fn finish(self, dir: &Path, origin: &Origin, secrets: &Secrets) -> Result<Founded, SucceedError> {
        let log_signer = Signer::new(origin.as_str(), secrets.log.clone()).map_err(InitError::from)?;
        let (size, root) = (self.log.size(), self.log.root());
        let slots = Slots::open(dir).map_err(InitError::from)?;
        Publisher::new(Keyring::new(dir, log_signer), slots).publish(size, root).map_err(InitError::from)?;
        write_verifier_key(dir, &self.rules.log_key)?;
        remove(&dir.join(GENESIS_DRAFT_FILE))?;
        remove(&dir.join(FOUNDING_FILE))?;
        Ok(Founded::of(dir, &self.rules, secrets))
    }
}
