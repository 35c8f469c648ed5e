//! Opens a register's folder: log, keys, tables and checkpoint, each held against the others.

use std::fmt;
use std::fs;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use colophon_ledger::batch::Position;
use colophon_ledger::field::EntryId;
use colophon_ledger::governance;
use colophon_ledger::replay::{ReplayError, read_genesis};
use colophon_ledger::state::{RegisterRecord, Unreadable, UpgradeRecord};
use colophon_storage::cards::{Cards, CardsError, CardsRecovery};
use colophon_storage::catch_up::{CatchUpError, CaughtUp, Unstaged, catch_up_until, replay_beyond};
use colophon_storage::drafts::Drafts;
use colophon_storage::durable::{self, Access};
use colophon_storage::files::ENTRIES_FILE;
use colophon_storage::log::{Log, OpenError};
use colophon_storage::reader::ReadError;
use colophon_storage::recovery::{Recovery, checkpoint_in};
use colophon_storage::slots::{SlotError, Slots};
use colophon_storage::view::engine::EngineKind;
use colophon_storage::view::{Anew, VIEW_DIR, View, ViewError};
use colophon_tlog::checkpoint::CheckpointError;
use colophon_tlog::note::{Note, SIGNATURES_MAX, VerifierKey, VerifierKeyError};
use colophon_tlog::tree::{EntryIndex, TreeSize};
use tracing::{info, warn};

use crate::clock::{Clock, TIME_MS_MAX, written};
use crate::follow::copy::is_copy;
use crate::init::GENESIS_DRAFT_FILE;
use crate::keyring::{Keyring, KeyringError};
use crate::keys::{self, KeyFileError, OPERATOR_KEY_FILE, VERIFIER_KEY_FILE};
use crate::peers::{self, PeerError, Said};
use crate::publisher::{PublishError, Publisher, Ready};
use crate::register::{Parts, Register, Snapshot};
use crate::seal::Sealer;
use crate::succeed::FOUNDING_FILE;
use crate::witnesses::{Witnesses, WitnessesError};

/// How far this machine's clock may be behind the last batch, in milliseconds.
pub const CLOCK_BEHIND_MS_MAX: u64 = 60_000;
/// How many entries that were not published may be kept in memory until witnesses have cosigned them. A register that runs holds
/// three batches of at most 1 001 back.
const UNPUBLISHED_ENTRIES_MAX: u64 = 8_192;
/// After how many replayed entries it is told how far the tables are.
const PROGRESS_ENTRIES: u64 = 50_000;

/// Why a register cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its `init` did not come to an end.
    #[error(
        "an init broke off in {0:?}: no entry was ever recorded. Remove the folder and run `colophon-node init` again"
    )]
    Unfinished(PathBuf),
    /// Its `init` has only founded it so far.
    #[error(
        "a register is founded in {0:?}, and has not begun: once the one it is to succeed has been retired, run \
         `colophon-node init {0:?} --succeeds OLD`"
    )]
    Founded(PathBuf),
    /// Its `init` has only prepared it so far.
    #[error(
        "a register is prepared in {0:?}, and has not begun: its governors sign {GENESIS_DRAFT_FILE:?} (`colophon-node govern sign`), \
         then run `colophon-node init {0:?} --begin`"
    )]
    Prepared(PathBuf),
    /// The file of the verifier key holds another register's.
    #[error(
        "the file {VERIFIER_KEY_FILE:?} says {found:?}, and the register names {named}: it is another register's. If the rest of \
         the folder is the right one, remove that file; the next start writes it again"
    )]
    VerifierKey {
        /// What the file says.
        found: String,
        /// Which key the register names.
        named: String,
    },
    /// It is a copy of a register.
    #[error(
        "{0:?} is a copy of a register and has no keys to sign with: run `colophon-node follow` on it. To make a copy the register's          own after a loss, see \"From a copy\" in docs/operating.md"
    )]
    Copy(PathBuf),
    /// A peer knows more than the log here, or something else.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The checkpoint in the slots is not the log's.
    #[error("the checkpoint that was published last is not this log's: {0}")]
    Published(#[from] CheckpointError),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log has no entry at its beginning.
    #[error("the log is empty: an init broke off here. Remove the folder and run `colophon-node init` again")]
    Empty,
    /// An entry of the log is against the rules.
    #[error("the log is not one that these rules could have made: {0}")]
    Replay(#[from] ReplayError),
    /// The log holds an entry that the rules refuse, and nothing in it voids it.
    #[error(
        "the log breaks the rules of the register: {error}. If the file {ENTRIES_FILE:?} is not as this node wrote it, put back the \
         right one. If a fault of the node's software has put that entry there, its governors can void it: `colophon-node govern \
         upgrade DIR --void {index}`, then `colophon-node mend DIR DRAFT`. See \"An entry against the rules\" in docs/operating.md"
    )]
    Wounded {
        /// Where the entry stands.
        index: u64,
        /// Which rule it is against.
        error: ReplayError,
    },
    /// The tables cannot be brought up to the log.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    /// A key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A key cannot be used.
    #[error(transparent)]
    Note(#[from] VerifierKeyError),
    /// The log key is not the one in force.
    #[error(transparent)]
    LogKey(#[from] KeyringError),
    /// The operator's key does not speak for an operator.
    #[error(
        "the key in {OPERATOR_KEY_FILE:?} does not by itself sign for an operator of this register. Put back the right key \
         file"
    )]
    OperatorKey,
    /// The tables cannot be used.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The tables cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The tables cannot be removed to be made again.
    #[error("the folder {VIEW_DIR:?} cannot be removed: {0}")]
    RemoveView(#[source] io::Error),
    /// The cards cannot be opened.
    #[error(transparent)]
    Cards(#[from] CardsError),
    /// The code that reads them broke down.
    #[error("the cards could not be read: the code that reads them broke down")]
    BrokeDown,
    /// The checkpoints' file cannot be used.
    #[error(transparent)]
    Slots(#[from] SlotError),
    /// The checkpoint cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The witnesses cannot be asked as the policy wants it.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The register had its checkpoints cosigned, and nobody is named who is to cosign them.
    #[error(
        "{0}, and no witnesses are named: start it with `--witnesses POLICY`, as before. If it is to go on without them, which \
         everybody who asks for their cosignatures will notice, say so with `--without-witnesses`"
    )]
    Unwitnessed(Witnessed),
    /// This machine's clock is wrong, or was.
    #[error(
        "this machine's clock says {now}, and the last batch was sealed at {sealed}. Set the clock right; or, if it is right and was \
         wrong before, run `colophon-node serve --accept-clock`: every batch is then sealed at {sealed} until the clock has passed it",
        now = written(*now_ms),
        sealed = written(*sealed_ms)
    )]
    Clock {
        /// What the clock says.
        now_ms: u64,
        /// The time of the last seal.
        sealed_ms: u64,
    },
    /// This machine's clock is beyond what people can read.
    #[error("this machine's clock says {0} ms after 1970, beyond the year 9999: set the clock right")]
    FarFuture(u64),
}

/// What to do about a clock that is behind the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Refuse to start.
    Refuse,
    /// Start, and hold the time of the last batch until the clock has passed it.
    Accept,
}

/// What to do with the tables that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// Use them if they fit.
    Keep,
    /// Remove them and make them again from the log.
    Rebuild,
}

/// How the tables are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// What to do with those that are there.
    pub tables: Tables,
    /// The engine that keeps them. If none is named: the one that does already, else the default.
    pub engine: Option<EngineKind>,
}

/// A register that is ready to run.
#[derive(Debug)]
pub struct Opened {
    /// What its readers need.
    pub register: Register,
    /// What its one writer needs.
    pub writer: Writer,
    /// What signs its checkpoints.
    pub publisher: Publisher,
}

/// What only the sequencer has: the log's writing end and the operator's key.
#[derive(Debug)]
pub struct Writer {
    /// The log.
    pub(crate) log: Log,
    /// Where the next batch begins.
    pub(crate) position: Position,
    /// The operator's key.
    pub(crate) sealer: Sealer,
    /// Whether the log can go on with another key.
    pub(crate) ready: Ready,
    /// What the log holds beyond what is published: it is published once the witnesses have cosigned it.
    pub(crate) unpublished: Vec<Unstaged>,
}

/// By whom checkpoints are cosigned before they are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPlan {
    /// The file of the trust policy that says so.
    pub policy: PathBuf,
    /// How long a witness has for an answer.
    pub timeout: Duration,
    /// How old the cosignatures of a checkpoint may get before it is cosigned anew.
    pub interval: Duration,
}

/// Who cosigns what is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cosigning {
    /// Nobody. Refused where witnesses did before.
    #[default]
    Nobody,
    /// Nobody any more: the operator has said that the register goes on without the witnesses it had.
    NobodyAnyMore,
    /// The witnesses of a plan.
    Witnesses(WitnessPlan),
    /// Nothing is signed or published: what is beyond the published checkpoint stays as it is.
    NothingPublished,
}

/// What tells that a register has its checkpoints cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witnessed {
    /// The published checkpoint has cosignatures.
    Published(TreeSize),
    /// A checkpoint was signed and is not published: it waits for its quorum.
    Pending(TreeSize),
}

impl fmt::Display for Witnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Witnessed::Published(size) => {
                write!(f, "the published checkpoint over {size} entries was cosigned by witnesses")
            }
            Witnessed::Pending(size) => {
                write!(f, "the checkpoint over {size} entries is signed, and waits for a quorum of witnesses")
            }
        }
    }
}

/// Who else knows the register.
#[derive(Debug, Clone, Copy)]
pub struct Others<'o> {
    /// By whom checkpoints are cosigned.
    pub cosigning: &'o Cosigning,
    /// What other nodes show of it.
    pub peers: &'o [Said],
}

/// Opens the register in `dir` among others: not if a peer shows what the log here does not bear out. Batches that were not
/// published yet are for the sequencer to hand over, if witnesses have to cosign them; only for more than
/// `UNPUBLISHED_ENTRIES_MAX` entries this waits for the witnesses.
pub fn open_among(
    dir: &Path,
    clock: Clock,
    behind: Behind,
    keeping: Keeping,
    others: &Others<'_>,
) -> Result<Opened, StartError> {
    if is_copy(dir) {
        return Err(StartError::Copy(dir.to_owned()));
    }
    if dir.join(FOUNDING_FILE).exists() {
        return Err(StartError::Founded(dir.to_owned()));
    }
    if dir.join(GENESIS_DRAFT_FILE).exists() {
        return Err(StartError::Prepared(dir.to_owned()));
    }
    if is_unfinished(dir) {
        return Err(StartError::Unfinished(dir.to_owned()));
    }
    let (log, recovery) = Log::open(dir)?;
    tell_recovery(&recovery);
    let unsigned_from = log.unsigned_from();
    match open_over(dir, log, (clock.clone(), behind), keeping, others) {
        Err(StartError::CatchUp(CatchUpError::Replay(error))) if is_torn(&error, unsigned_from) => {
            warn!("Cut the last batch, which nobody was shown: power failed while it was written ({error})");
            let log = Log::open(dir)?.0.cut_unsigned().map_err(OpenError::from)?;
            open_over(dir, log, (clock, behind), keeping, others)
        }
        Err(StartError::CatchUp(CatchUpError::Replay(error @ ReplayError::Refused { index, .. }))) => {
            Err(StartError::Wounded { index, error })
        }
        opened => opened,
    }
}

/// Tells whether the log breaks the rules only in a last batch over which no checkpoint was signed: a torn write, of which the
/// seal is there.
pub(crate) fn is_torn(error: &ReplayError, unsigned_from: Option<u64>) -> bool {
    error.broken_at().zip(unsigned_from).is_some_and(|(index, first)| index >= first)
}

/// Opens everything that goes with a log.
fn open_over(
    dir: &Path,
    log: Log,
    (clock, behind): (Clock, Behind),
    keeping: Keeping,
    others: &Others<'_>,
) -> Result<Opened, StartError> {
    let position = log.position().ok_or(StartError::Empty)?;
    let first = EntryIndex::new(0).ok_or(StartError::Empty)?;
    let (rules, _) = read_genesis(&log.reader().entry(first)?)?;
    check_clock(&clock, position.time_ms, behind)?;
    let operator_key = keys::load(dir, OPERATOR_KEY_FILE)?;
    let slots = Slots::open(dir)?;
    let published = match others.cosigning {
        Cosigning::Nobody => {
            check_unwitnessed(&slots)?;
            None
        }
        Cosigning::NobodyAnyMore => None,
        Cosigning::Witnesses(_) => held_back_from(&slots, log.size(), 1..=UNPUBLISHED_ENTRIES_MAX),
        Cosigning::NothingPublished => held_back_from(&slots, log.size(), 0..=u64::MAX),
    };
    let shown = published.as_ref().map_or(log.size(), |(_, shown)| *shown);
    // The cards are read while the tables are: with many of either, this is what a start waits for.
    let (view, cards) = thread::scope(|scope| {
        let cards = scope.spawn(|| open_cards(dir));
        let view = open_view(dir, keeping, (&log, shown), &rules.register.genesis);
        (view, cards.join().unwrap_or(Err(StartError::BrokeDown)))
    });
    let (view, caught_up) = view?;
    let cards = cards?;
    let unpublished = replay_beyond(&view, &log.reader(), &caught_up)?;
    let log_key = governance::log_key(&rules, &view)?;
    check_verifier_key(dir, &log_key, &rules.log_key)?;
    tell_standing(governance::current(&view)?.as_ref());
    let operator = Sealer::find(&rules, &view, &operator_key)?.ok_or(StartError::OperatorKey)?;
    peers::check(others.peers, &log_key, &log)?;
    let mut publisher = Publisher::new(Keyring::open(dir, &log_key)?, slots);
    if let Cosigning::Witnesses(WitnessPlan { policy, timeout, interval }) = others.cosigning {
        let witnesses = Witnesses::read(policy, &log_key, *timeout)?;
        publisher = publisher.with_witnesses(witnesses, log.reader(), *interval);
    }
    let (size, root) = (shown, log.reader().root(shown)?);
    let checkpoint = match &published {
        Some((note, _)) if matches!(others.cosigning, Cosigning::NothingPublished) => note.clone(),
        Some((note, _)) => {
            let (held, of) = (log.size().get() - size.get(), log.size());
            info!("The last {held} of {of} entries were not published: they are shown once a quorum has cosigned them");
            publisher.begin_behind(note)?
        }
        None => publisher.begin(size, root)?,
    };
    let ready = publisher.ready();
    let CaughtUp { tree, position: Position { time_ms, .. }, .. } = caught_up;
    let snapshot = Snapshot { checkpoint, size, root, tree, time_ms, sealed_by: operator };
    let (drafts, failed) = Drafts::open(dir);
    if let Some(error) = failed {
        warn!("No drafts can be kept for now: {error}");
    }
    let (reader, standing) = (log.reader(), publisher.standing());
    let register = Register::new(Parts { rules, log: reader, cards, drafts, clock, standing, view, snapshot });
    let sealer = Sealer::new(operator, operator_key)?;
    Ok(Opened { register, writer: Writer { log, position, sealer, ready, unpublished }, publisher })
}

/// Refuses to publish without witnesses what waits for them, or what follows a checkpoint that they have cosigned.
fn check_unwitnessed(slots: &Slots) -> Result<(), StartError> {
    let newest = slots.newest();
    let size = |note: &Option<String>| note.as_deref().and_then(|note| Some(checkpoint_in(note).ok()?.size));
    let is_cosigned =
        |note: &str| Note::parse(note.as_bytes(), SIGNATURES_MAX).is_ok_and(|note| note.signatures().len() > 1);
    if newest.published.as_deref().is_some_and(is_cosigned) {
        return size(&newest.published).map_or(Ok(()), |size| Err(StartError::Unwitnessed(Witnessed::Published(size))));
    }
    let waits = newest.published.is_some() && newest.pending != newest.published;
    let pending = size(&newest.pending).filter(|_| waits);
    pending.map_or(Ok(()), |size| Err(StartError::Unwitnessed(Witnessed::Pending(size))))
}

/// Returns the checkpoint that is published and its size, if the log holds by so many entries more as `of` has in it.
fn held_back_from(slots: &Slots, size: TreeSize, of: RangeInclusive<u64>) -> Option<(String, TreeSize)> {
    let note = slots.newest().published.clone()?;
    // Held against the log when that was opened.
    let shown = checkpoint_in(&note).ok()?.size;
    let held = size.get().checked_sub(shown.get())?;
    of.contains(&held).then_some((note, shown))
}

/// Tells whether an init broke off before anything was recorded: the log is empty, and the key file that init writes last
/// is not there.
fn is_unfinished(dir: &Path) -> bool {
    let empty = fs::metadata(dir.join(ENTRIES_FILE)).is_ok_and(|found| found.len() == 0);
    empty && !dir.join(VERIFIER_KEY_FILE).exists()
}

pub(crate) fn tell_recovery(recovery: &Recovery) {
    let Recovery { entries, batches, cut_bytes, healed, torn_slot } = recovery;
    info!(log.entries = entries, log.batches = batches, "Opened the log: {entries} entries in {batches} batches");
    if *cut_bytes > 0 {
        info!(log.cut_bytes = cut_bytes, "Cut {cut_bytes} bytes of a torn write after the last whole batch");
    }
    for (file, from) in healed {
        info!(file.name = file, "Wrote {file} again from byte {from} on");
    }
    if *torn_slot {
        warn!("One of the two slots is torn or damaged; the other one holds, and the damaged one is written over");
    }
}

pub(crate) fn open_cards(dir: &Path) -> Result<Cards, StartError> {
    let (cards, CardsRecovery { kept, withdrawn, cut_bytes, zeroed_bytes }) = Cards::open(dir)?;
    info!(cards.kept = kept, cards.withdrawn = withdrawn, "Opened the cards: {kept} kept, {withdrawn} withdrawn");
    if cut_bytes > 0 {
        warn!(
            cards.cut_bytes = cut_bytes,
            "Cut {cut_bytes} bytes after the last whole card. Unless power failed while they were written, they were a card, and a \
             backup may still have it"
        );
    }
    if zeroed_bytes > 0 {
        warn!(
            cards.zeroed_bytes = zeroed_bytes,
            "The file of cards was damaged: {zeroed_bytes} bytes between its cards are lost. A backup may still have them"
        );
    }
    Ok(cards)
}

/// Tells what the governors have changed that asks something of the operator.
fn tell_standing(register: Option<&RegisterRecord>) {
    let Some(register) = register else { return };
    if register.retired.is_some() {
        info!("The register has been retired: it is served to be read, and takes nothing");
    }
    if let Some(UpgradeRecord { height, rules }) = register.upgrade {
        warn!(
            upgrade.height = height,
            upgrade.rules = rules,
            "From batch {height} on rules version {rules} is in force: install software that knows it before"
        );
    }
}

/// Writes the verifier key again if its file is lost, or has the one from before: the register names it.
pub(crate) fn check_verifier_key(dir: &Path, named: &VerifierKey, first: &VerifierKey) -> Result<(), StartError> {
    let path = dir.join(VERIFIER_KEY_FILE);
    let found = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).unwrap_or_default();
    if found.is_empty() || (named != first && found == first.to_string()) {
        match durable::replace(&path, format!("{named}\n").as_bytes(), Access::Public) {
            Ok(()) => info!("Wrote {VERIFIER_KEY_FILE} again: it was lost, and the register names the key"),
            Err(error) => warn!("The lost file {VERIFIER_KEY_FILE} cannot be written again: {error}"),
        }
        return Ok(());
    }
    if found != named.to_string() {
        return Err(StartError::VerifierKey { found, named: named.to_string() });
    }
    Ok(())
}

pub(crate) fn check_clock(clock: &Clock, sealed_ms: u64, behind: Behind) -> Result<(), StartError> {
    let now_ms = clock.now_ms();
    if now_ms > TIME_MS_MAX {
        return Err(StartError::FarFuture(now_ms));
    }
    if now_ms.saturating_add(CLOCK_BEHIND_MS_MAX) >= sealed_ms {
        return Ok(());
    }
    if behind == Behind::Refuse {
        return Err(StartError::Clock { now_ms, sealed_ms });
    }
    warn!(
        clock.now_ms = now_ms,
        seal.time_ms = sealed_ms,
        "The clock is behind the last batch: every batch is sealed at {sealed_ms} until it has passed that"
    );
    Ok(())
}

/// Opens the tables and brings them up to what is to be shown of the log. Ones that do not lead to the log's own state root are
/// made again.
pub(crate) fn open_view(
    dir: &Path,
    keeping: Keeping,
    (log, shown): (&Log, TreeSize),
    genesis: &EntryId,
) -> Result<(View, CaughtUp), StartError> {
    let kind = keeping.engine.or_else(|| View::kind_in(dir)).unwrap_or_default();
    if keeping.tables == Tables::Rebuild {
        remove_view(dir)?;
    }
    let reader = log.reader();
    let (view, anew) = View::open(dir, kind, &genesis.0, shown.get())?;
    match anew {
        Some(why @ Anew::InMemory(_)) => warn!("The tables are made from the log: {why}"),
        Some(why) => info!(view.engine = %kind, "The tables are made from the log, with {kind}: {why}"),
        None => info!(view.engine = %kind, "The tables are kept by {kind}"),
    }
    let view = match catch_up_until(&view, &reader, shown.get(), progress(shown)) {
        Err(CatchUpError::ViewDiffers(_)) => {
            warn!("The tables do not fit the log; they are made again");
            drop(view);
            remove_view(dir)?;
            View::open(dir, kind, &genesis.0, shown.get())?.0
        }
        Err(error) if view.is_failing() => in_memory(&error)?,
        caught_up => return Ok((view, caught_up?)),
    };
    match catch_up_until(&view, &reader, shown.get(), progress(shown)) {
        Err(error) if view.is_failing() => {
            let view = in_memory(&error)?;
            let caught_up = catch_up_until(&view, &reader, shown.get(), progress(shown))?;
            Ok((view, caught_up))
        }
        caught_up => Ok((view, caught_up?)),
    }
}

/// Returns empty tables that no full disk stops.
fn in_memory(why: &CatchUpError) -> Result<View, StartError> {
    warn!("The tables are in memory until the next start: {why}");
    Ok(View::in_memory()?)
}

/// Returns what tells of the progress, once in a while.
fn progress(size: TreeSize) -> impl FnMut(u64) {
    let mut told = 0;
    move |reflected| {
        if reflected >= told + PROGRESS_ENTRIES {
            told = reflected;
            info!(
                log.entries = size.get(),
                view.entries = reflected,
                "The tables reflect {reflected} of {size} entries"
            );
        }
    }
}

pub(crate) fn remove_view(dir: &Path) -> Result<(), StartError> {
    durable::remove(&dir.join(VIEW_DIR)).map_err(StartError::RemoveView)
}
