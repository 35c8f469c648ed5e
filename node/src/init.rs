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
use colophon_ledger::field::{Digest, EntryId, Int, List, Origin};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::{RULES_VERSION, Rules};
use colophon_storage::durable::{self, Access};
use colophon_storage::log::{AppendError, CreateError, Log, OpenError};
use colophon_storage::slots::{SlotError, Slots};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Signer, VerifierKey, VerifierKeyError};

use crate::keyring::Keyring;
use crate::keys::{self, GOVERNOR_KEY_FILE, KeyFileError, LOG_KEY_FILE, OPERATOR_KEY_FILE, VERIFIER_KEY_FILE};
use crate::publisher::{PublishError, Publisher};
use crate::seal::Sealer;

/// Why a register was not begun.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder holds something.
    #[error(
        "{0:?} is not empty: a register is begun in a folder that is empty or not there yet. Nothing has been changed. If \
         an earlier init broke off here, and nobody was ever shown its key, remove the folder first"
    )]
    NotEmpty(PathBuf),
    /// The folder or a file in it cannot be made.
    #[error("{path:?} cannot be made: {error}")]
    Write {
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
    /// The account that may change what the genesis lays down.
    pub governor: AccountId,
}

/// The secrets of a new register.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) log: SecretKey,
    pub(crate) operator: SecretKey,
    pub(crate) governor: SecretKey,
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
            governor: AccountId::from(&secrets.governor.public()),
        }
    }
}

/// Begins the register `origin` in `dir` at `time_ms`. Durable when it returns; `log.vkey` is written last, and a folder
/// without it is not served.
pub fn init(dir: &Path, origin: &Origin, time_ms: u64) -> Result<Founded, InitError> {
    let secrets = begin_dir(dir)?;
    Log::create(dir)?;
    let (log_signer, body) = genesis(origin, &secrets)?;
    let genesis = signed_genesis(&genesis_text(origin, &body), &secrets)?;
    let (rules, applied) = first_sealed(&genesis, secrets.operator.clone(), time_ms)?;
    let (mut log, _) = Log::open(dir)?;
    log.append(&applied.leaves())?;
    Publisher::new(Keyring::new(dir, log_signer), Slots::open(dir)?).publish(log.size(), log.root())?;
    write_verifier_key(dir, &rules.log_key)?;
    Ok(Founded::of(dir, &rules, &secrets))
}

/// Makes the folder of a new register, and its keys.
pub(crate) fn begin_dir(dir: &Path) -> Result<Secrets, InitError> {
    check_empty(dir)?;
    durable::create_dir(dir).map_err(|error| InitError::Write { path: dir.to_owned(), error })?;
    Ok(Secrets {
        log: keys::create(dir, LOG_KEY_FILE)?,
        operator: keys::create(dir, OPERATOR_KEY_FILE)?,
        governor: keys::create(dir, GOVERNOR_KEY_FILE)?,
    })
}

/// Reads the keys that [`begin_dir`] made.
pub(crate) fn secrets_of(dir: &Path) -> Result<Secrets, KeyFileError> {
    Ok(Secrets {
        log: keys::load(dir, LOG_KEY_FILE)?,
        operator: keys::load(dir, OPERATOR_KEY_FILE)?,
        governor: keys::load(dir, GOVERNOR_KEY_FILE)?,
    })
}

fn check_empty(dir: &Path) -> Result<(), InitError> {
    match fs::read_dir(dir).map(|mut found| found.next().is_some()) {
        Ok(true) => Err(InitError::NotEmpty(dir.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(InitError::Write { path: dir.to_owned(), error }),
        Ok(false) | Err(_) => Ok(()),
    }
}

/// Returns the signer of a new register's log, and what its genesis says.
pub(crate) fn genesis(origin: &Origin, secrets: &Secrets) -> Result<(Signer, Genesis), InitError> {
    let log_signer = Signer::new(origin.as_str(), secrets.log.clone())?;
    let [operator, governor] = [&secrets.operator, &secrets.governor].map(|key| AccountId::from(&key.public()));
    let alone = |account| List::new(vec![account]).expect("one account is within 1 to 16");
    let body = Genesis {
        by: operator,
        governor_threshold: Int::new(1).expect("1 is within 1 to 16"),
        governors: alone(governor),
        kind: GenesisWord::It,
        log_vkey: log_signer.verifier().to_string(),
        nonce: Digest(keys::random()?.into()),
        operators: alone(operator),
        rules: RULES_VERSION,
        succeeds: None,
    };
    Ok((log_signer, body))
}

/// Returns the genesis with this text, signed by its officers.
pub(crate) fn signed_genesis(text: &str, secrets: &Secrets) -> Result<Entry, InitError> {
    let mut draft = Draft::new(text.to_owned(), None, None)?;
    for secret in [&secrets.operator, &secrets.governor] {
        draft.sign(&AccountId::from(&secret.public()), secret.clone())?;
    }
    Ok(draft.to_entry()?)
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
        writeln!(f, "  governor      {}", self.governor)?;
        writeln!(f)?;
        writeln!(f, "Give the verifier key to everybody; it is also in {}", file(VERIFIER_KEY_FILE))?;
        let (log, operator) = (file(LOG_KEY_FILE), file(OPERATOR_KEY_FILE));
        writeln!(f, "Back up {log} and {operator}: serving needs both, and both are secret")?;
        writeln!(f, "MOVE {} OFF THIS MACHINE NOW: whoever has it", file(GOVERNOR_KEY_FILE))?;
        writeln!(f, "may change who runs the register, and serving never needs it")?;
        writeln!(f)?;
        write!(f, "Next: colophon-node serve {} --listen 127.0.0.1:8440", self.dir.display())
    }
}
