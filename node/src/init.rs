//! Begins a register: keys, genesis, the first batch and the first checkpoint.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Applied, first_batch};
use colophon_ledger::draft::{Draft, DraftError};
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{Entry, genesis_text};
use colophon_ledger::field::{Digest, EntryId, List, Origin};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::{RULES_VERSION, Rules};
use colophon_storage::durable::{self, Access};
use colophon_storage::files::{ENTRIES_FILE, tile_file_name};
use colophon_storage::log::{AppendError, CreateError, Log, OpenError};
use colophon_storage::slots::{SlotError, Slots};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Signer, VerifierKey, VerifierKeyError};
use colophon_tlog::tile::LEVEL_MAX;

use crate::governors::{Governance, Governed};
use crate::keyring::Keyring;
use crate::keys::{self, GOVERNOR_KEY_FILE, KeyFileError, LOG_KEY_FILE, OPERATOR_KEY_FILE, VERIFIER_KEY_FILE};
use crate::publisher::{PublishError, Publisher};
use crate::seal::Sealer;

/// The genesis of a register that is prepared, while its governors sign it.
pub const GENESIS_DRAFT_FILE: &str = "genesis.draft";

/// Why a register was not begun.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder holds something.
    #[error(
        "{0:?} is not empty: a register is begun in a folder that is empty or not there yet. Nothing has been changed. If \
         an earlier init broke off here, and nobody was ever shown its key, remove the folder first"
    )]
    NotEmpty(PathBuf),
    /// The folder holds a register that is prepared.
    #[error(
        "a register is prepared in {0:?} already: its governors sign {GENESIS_DRAFT_FILE:?} (`colophon-node govern sign`), then run \
         `colophon-node init {0:?} --begin`. Nothing has been changed"
    )]
    Prepared(PathBuf),
    /// The folder or a file in it cannot be made.
    #[error("{path:?} cannot be made: {error}")]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A file of an attempt that broke off cannot be removed.
    #[error("{path:?} cannot be removed: {error}")]
    Remove {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The origin cannot be the name of a key.
    #[error(transparent)]
    Note(#[from] VerifierKeyError),
    /// The genesis is not as the rules want it.
    #[error("the genesis: {0}")]
    Genesis(#[from] DraftError),
    /// The genesis is not as the rules want it.
    #[error("the genesis: {0}")]
    Refused(#[from] Refusal),
    /// The log's files cannot be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The log cannot be opened again.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The first batch cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The checkpoints' file cannot be used.
    #[error(transparent)]
    Slots(#[from] SlotError),
    /// The first checkpoint cannot be signed.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// A register that has just begun. `Display` tells its operator what to know and do.
#[derive(Debug)]
pub struct Founded {
    /// Its folder.
    pub dir: PathBuf,
    /// Its name.
    pub origin: Origin,
    /// The entry id of its genesis.
    pub genesis: EntryId,
    /// The key that signs its checkpoints.
    pub log_key: VerifierKey,
    /// The account that seals its batches.
    pub operator: AccountId,
    /// The accounts that may change what the genesis lays down.
    pub governors: Vec<AccountId>,
    /// How many of them an act takes.
    pub threshold: u64,
    /// Whether the key of one of them lies in the folder.
    pub has_governor_key: bool,
}

/// The secrets of a new register that lie in its folder.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) log: SecretKey,
    pub(crate) operator: SecretKey,
    /// Nothing where the governors hold their keys elsewhere.
    pub(crate) governor: Option<SecretKey>,
}

impl Founded {
    /// Returns what there is to say of a register that has just begun.
    pub(crate) fn of(dir: &Path, rules: &Rules, secrets: &Secrets) -> Founded {
        Founded {
            dir: dir.to_owned(),
            origin: rules.register.origin.clone(),
            genesis: rules.register.genesis,
            log_key: rules.log_key.clone(),
            operator: AccountId::from(&secrets.operator.public()),
            governors: rules.governors.clone(),
            threshold: rules.governor_threshold,
            has_governor_key: secrets.governor.is_some(),
        }
    }
}

/// Begins the register `origin` in `dir` at `time_ms`, with one governor whose key is made too. Durable when it returns.
pub fn init(dir: &Path, origin: &Origin, time_ms: u64) -> Result<Founded, InitError> {
    let (secrets, governance) = begin_dir(dir, None)?;
    let body = genesis(origin, &secrets, &governance)?;
    let draft = draft_of(&genesis_text(origin, &body), &secrets)?;
    begin_log(dir, &draft.to_entry()?, &secrets, time_ms)
}

/// Makes the folder of a new register, and its keys; unless governors are named, the key of one too.
pub(crate) fn begin_dir(dir: &Path, named: Option<&Governance>) -> Result<(Secrets, Governance), InitError> {
    check_empty(dir)?;
    durable::create_dir(dir).map_err(|error| InitError::Write { path: dir.to_owned(), error })?;
    let (log, operator) = (keys::create(dir, LOG_KEY_FILE)?, keys::create(dir, OPERATOR_KEY_FILE)?);
    if let Some(governance) = named {
        return Ok((Secrets { log, operator, governor: None }, governance.clone()));
    }
    let governor = keys::create(dir, GOVERNOR_KEY_FILE)?;
    let governance = Governance::alone(AccountId::from(&governor.public()));
    Ok((Secrets { log, operator, governor: Some(governor) }, governance))
}

/// Reads the keys that [`begin_dir`] made. A governor's may have been moved away meanwhile.
pub(crate) fn secrets_of(dir: &Path) -> Result<Secrets, KeyFileError> {
    let has_governor = dir.join(GOVERNOR_KEY_FILE).exists();
    Ok(Secrets {
        log: keys::load(dir, LOG_KEY_FILE)?,
        operator: keys::load(dir, OPERATOR_KEY_FILE)?,
        governor: has_governor.then(|| keys::load(dir, GOVERNOR_KEY_FILE)).transpose()?,
    })
}

fn check_empty(dir: &Path) -> Result<(), InitError> {
    if dir.join(GENESIS_DRAFT_FILE).exists() {
        return Err(InitError::Prepared(dir.to_owned()));
    }
    match fs::read_dir(dir).map(|mut found| found.next().is_some()) {
        Ok(true) => Err(InitError::NotEmpty(dir.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(InitError::Write { path: dir.to_owned(), error }),
        Ok(false) | Err(_) => Ok(()),
    }
}

/// Returns what the genesis of a new register says.
pub(crate) fn genesis(origin: &Origin, secrets: &Secrets, governance: &Governance) -> Result<Genesis, InitError> {
    let log_signer = Signer::new(origin.as_str(), secrets.log.clone())?;
    let operator = AccountId::from(&secrets.operator.public());
    Ok(Genesis {
        by: operator,
        governor_threshold: governance.threshold,
        governors: governance.governors.clone(),
        kind: GenesisWord::It,
        log_vkey: log_signer.verifier().to_string(),
        nonce: Digest(keys::random()?.into()),
        operators: List::new(vec![operator]).expect("one account is within 1 to 16"),
        rules: RULES_VERSION,
        succeeds: None,
    })
}

/// Returns the genesis with this text, signed by those of its officers whose keys lie in the folder.
pub(crate) fn draft_of(text: &str, secrets: &Secrets) -> Result<Draft, InitError> {
    let mut draft = Draft::new(text.to_owned(), None, None)?;
    let officers = draft.parts()?.body.signers();
    for secret in [Some(&secrets.operator), secrets.governor.as_ref()].into_iter().flatten() {
        let account = AccountId::from(&secret.public());
        if officers.contains(&account) {
            draft.sign(&account, secret.clone())?;
        }
    }
    Ok(draft)
}

/// Writes the log that begins with this genesis, and its first checkpoint. Durable when it returns; `log.vkey` is written last, and
/// a folder without it is not served.
pub(crate) fn begin_log(dir: &Path, genesis: &Entry, secrets: &Secrets, time_ms: u64) -> Result<Founded, InitError> {
    Log::create(dir)?;
    let (rules, applied) = first_sealed(genesis, secrets.operator.clone(), time_ms)?;
    let log_signer = Signer::new(rules.register.origin.as_str(), secrets.log.clone())?;
    let (mut log, _) = Log::open(dir)?;
    log.append(&applied.leaves())?;
    Publisher::new(Keyring::new(dir, log_signer), Slots::open(dir)?).publish(log.size(), log.root())?;
    write_verifier_key(dir, &rules.log_key)?;
    Ok(Founded::of(dir, &rules, secrets))
}

/// Removes what an attempt that broke off has left: nobody was ever shown it.
pub(crate) fn clear(dir: &Path) -> Result<(), InitError> {
    let tiles = (0..=LEVEL_MAX).map(tile_file_name);
    let names = [ENTRIES_FILE, "slots", "cards.log", "commits"].into_iter().map(str::to_owned).chain(tiles);
    names.map(|name| dir.join(name)).try_for_each(|path| remove(&path))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), InitError> {
    durable::remove(path).map_err(|error| InitError::Remove { path: path.to_owned(), error })
}

fn first_sealed(genesis: &Entry, operator: SecretKey, time_ms: u64) -> Result<(Rules, Applied), InitError> {
    let (rules, genesis) = colophon_ledger::replay::read_genesis(&genesis.to_bytes()).map_err(|error| {
        // Reading back what was just made cannot need newer rules: any other answer is the rules' own.
        InitError::Refused(Refusal::BodyInvalid(error.to_string()))
    })?;
    let closed = first_batch(&rules, genesis, time_ms);
    let sealer = Sealer::new(closed.seal.by, operator)?;
    let applied = sealer.seal(&rules, closed);
    Ok((rules, applied))
}

/// Writes the verifier key for everybody: the last of a new register's files.
pub(crate) fn write_verifier_key(dir: &Path, key: &VerifierKey) -> Result<(), InitError> {
    let path = dir.join(VERIFIER_KEY_FILE);
    durable::write_new(&path, format!("{key}\n").as_bytes(), Access::Public)
        .map_err(|error| InitError::Write { path, error })
}

impl fmt::Display for Founded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = |name: &str| self.dir.join(name).display().to_string();
        writeln!(f, "The register {} begins in {}", self.origin, self.dir.display())?;
        writeln!(f, "  genesis       {}", self.genesis)?;
        writeln!(f, "  verifier key  {}", self.log_key)?;
        writeln!(f, "  operator      {}", self.operator)?;
        write!(f, "{}", Governed { governors: &self.governors, threshold: self.threshold })?;
        writeln!(f)?;
        writeln!(f, "Give the verifier key to everybody; it is also in {}", file(VERIFIER_KEY_FILE))?;
        let (log, operator) = (file(LOG_KEY_FILE), file(OPERATOR_KEY_FILE));
        writeln!(f, "Back up {log} and {operator}: serving needs both, and both are secret")?;
        if self.has_governor_key {
            writeln!(f, "MOVE {} OFF THIS MACHINE NOW: whoever has it", file(GOVERNOR_KEY_FILE))?;
            writeln!(f, "may change who runs the register, and serving never needs it")?;
        }
        writeln!(f)?;
        write!(f, "Next: colophon-node serve {} --listen 127.0.0.1:8440", self.dir.display())
    }
}
