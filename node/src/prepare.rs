//! A register whose governors hold their keys elsewhere: prepared first, signed by each of them, begun then.
//!
//! The operator signs the genesis when it is written and not when it comes back, so a draft with another text lacks that signature.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft, DraftError, MissingError};
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::{Body, Entry, Text, genesis_text};
use colophon_ledger::field::Origin;
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::{FirstKeys, Signed};
use colophon_storage::durable::{self, Access};
use colophon_storage::view::VIEW_DIR;
use colophon_tlog::note::Signer;

use crate::governors::{Governance, Governed};
use crate::init::{
    Founded, GENESIS_DRAFT_FILE, InitError, Secrets, begin_dir, begin_log, clear, draft_of, genesis, remove, secrets_of,
};
use crate::keys::{LOG_KEY_FILE, OPERATOR_KEY_FILE, VERIFIER_KEY_FILE};

/// Why a register was not prepared, or not begun.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The folder holds no draft.
    #[error(
        "{0:?} holds no {GENESIS_DRAFT_FILE:?}: `colophon-node init DIR --origin NAME --governor ACCOUNT` prepares a register"
    )]
    NoDraft(PathBuf),
    /// The register has begun.
    #[error(
        "the register in {0:?} has begun, and nothing was changed. If {GENESIS_DRAFT_FILE:?} or \"founding\" still lie there, remove \
         them; then serve it"
    )]
    Begun(PathBuf),
    /// A draft cannot be read.
    #[error("{path:?} cannot be read: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A file is no draft, or one of another text.
    #[error("{path:?}: {error}")]
    Draft {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: DraftError,
    },
    /// A draft is of something else.
    #[error("{0:?} is not the draft of a genesis")]
    NoGenesis(PathBuf),
    /// The register is to succeed another.
    #[error("the register in {0:?} is to succeed another: run `colophon-node init {0:?} --succeeds OLD`")]
    Successor(PathBuf),
    /// The genesis names other keys than lie in the folder.
    #[error(
        "the genesis in {path:?} does not name the key in {file:?}: put back the draft, or the key, that belongs to the other"
    )]
    OtherKey {
        /// The draft.
        path: PathBuf,
        /// The file of the key.
        file: &'static str,
    },
    /// The draft has another text than was written.
    #[error(
        "the genesis in {0:?} is not the one that was written here: the operator's key has not signed it. Put back the draft that \
         init wrote, or a copy of it"
    )]
    OtherText(PathBuf),
    /// A signature in a draft does not verify, or is nobody's who signs.
    #[error(
        "{path:?} has a signature that does not hold: {error}. Nothing has been changed. If its text is not the one that init wrote, \
         put that back; else let them sign it again"
    )]
    Signature {
        /// The draft.
        path: PathBuf,
        /// Which one, and why.
        #[source]
        error: Box<Stop>,
    },
    /// Governors have not signed.
    #[error(
        "the genesis in {path:?} still lacks the signature of {lacking}. Each signs with `colophon-node govern sign {path:?} --key \
         FILE`, the draft or a copy of it; then run this again, with --signed for each copy"
    )]
    Unsigned {
        /// The draft.
        path: PathBuf,
        /// Who has not signed.
        lacking: Accounts,
    },
    /// A file cannot be written.
    #[error("{path:?} cannot be written: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// Keys, log or checkpoint cannot be made.
    #[error(transparent)]
    Init(#[from] InitError),
}

/// Accounts, told one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts(pub Vec<AccountId>);

/// A register that waits for its governors' signatures. `Display` tells its operator what to know and do.
#[derive(Debug)]
pub struct Prepared {
    /// Its folder.
    pub dir: PathBuf,
    /// Its name.
    pub origin: Origin,
    /// What its genesis says.
    pub genesis: Genesis,
    /// Where the register ended that it succeeds, if it does.
    pub old: Option<PathBuf>,
}

/// Prepares the register `origin` in `dir`: its log's and operator's keys, and the draft of its genesis, for its governors to sign.
pub fn prepare(dir: &Path, origin: &Origin, governance: &Governance) -> Result<Prepared, PrepareError> {
    let (secrets, governance) = begin_dir(dir, Some(governance))?;
    let genesis = genesis(origin, &secrets, &governance)?;
    let draft = draft_of(&genesis_text(origin, &genesis), &secrets)?;
    write_draft(dir, &draft)?;
    Ok(Prepared { dir: dir.to_owned(), origin: origin.clone(), genesis, old: None })
}

/// Begins the register that was prepared in `dir`, at `time_ms`, once each of its governors has signed the draft or one of its
/// `copies`. Durable when it returns; the draft is removed last, and whatever broke off before is begun anew.
pub fn begin(dir: &Path, copies: &[PathBuf], time_ms: u64) -> Result<Founded, PrepareError> {
    check_not_begun(dir)?;
    let path = dir.join(GENESIS_DRAFT_FILE);
    if !path.exists() {
        return Err(PrepareError::NoDraft(dir.to_owned()));
    }
    let (draft, origin, genesis) = read_genesis_draft(&path)?;
    if genesis.succeeds.is_some() {
        return Err(PrepareError::Successor(dir.to_owned()));
    }
    let secrets = secrets_of(dir).map_err(InitError::from)?;
    check_keys(&path, &origin, &genesis, &secrets)?;
    let genesis = complete(&path, draft, &genesis, copies)?;
    clear(dir)?;
    let founded = begin_log(dir, &genesis, &secrets, time_ms)?;
    remove(&path)?;
    Ok(founded)
}

/// Refuses a folder whose register has begun: nothing in it may be made anew.
pub(crate) fn check_not_begun(dir: &Path) -> Result<(), PrepareError> {
    let has_begun = [VERIFIER_KEY_FILE, VIEW_DIR].iter().any(|name| dir.join(name).exists());
    if has_begun { Err(PrepareError::Begun(dir.to_owned())) } else { Ok(()) }
}

/// Checks that the keys in the folder are those that the genesis names.
pub(crate) fn check_keys(
    path: &Path,
    origin: &Origin,
    genesis: &Genesis,
    secrets: &Secrets,
) -> Result<(), PrepareError> {
    let log_signer = Signer::new(origin.as_str(), secrets.log.clone()).map_err(InitError::from)?;
    let other = |file| PrepareError::OtherKey { path: path.to_owned(), file };
    if genesis.log_vkey != log_signer.verifier().to_string() {
        return Err(other(LOG_KEY_FILE));
    }
    if genesis.operators.as_slice() != [AccountId::from(&secrets.operator.public())] {
        return Err(other(OPERATOR_KEY_FILE));
    }
    Ok(())
}

/// Writes the draft of a genesis for its governors.
pub(crate) fn write_draft(dir: &Path, draft: &Draft) -> Result<(), PrepareError> {
    let path = dir.join(GENESIS_DRAFT_FILE);
    durable::write_new(&path, draft.to_json().as_bytes(), Access::Public)
        .map_err(|error| PrepareError::Write { path, error })
}

/// Returns the genesis once everybody has signed it, in the draft or in one of its copies. What the copies add is kept in the draft.
pub(crate) fn complete(
    path: &Path,
    mut draft: Draft,
    genesis: &Genesis,
    copies: &[PathBuf],
) -> Result<Entry, PrepareError> {
    check_as_written(path, &draft, genesis)?;
    for copy in copies {
        let signed = read_draft(copy)?;
        check_signatures(copy, &signed)?;
        draft.merge(&signed).map_err(|error| PrepareError::Draft { path: copy.clone(), error })?;
    }
    if !copies.is_empty() {
        durable::replace(path, draft.to_json().as_bytes(), Access::Public)
            .map_err(|error| PrepareError::Write { path: path.to_owned(), error })?;
    }
    let lacking = lacking(path, &draft)?;
    if !lacking.is_empty() {
        return Err(PrepareError::Unsigned { path: path.to_owned(), lacking: Accounts(lacking) });
    }
    Ok(draft.to_entry().map_err(InitError::from)?)
}

/// Checks that the operator has signed the draft of a genesis, and that no signature in it is false: then its text is the one that was
/// written.
pub fn check_as_written(path: &Path, draft: &Draft, genesis: &Genesis) -> Result<(), PrepareError> {
    let is_operator = |account: &AccountId| genesis.operators.as_slice().contains(account);
    if lacking(path, draft)?.iter().any(is_operator) {
        return Err(PrepareError::OtherText(path.to_owned()));
    }
    check_signatures(path, draft)
}

/// Checks that each signature in a draft verifies, whether or not others are missing.
fn check_signatures(path: &Path, draft: &Draft) -> Result<(), PrepareError> {
    let entry = draft.to_entry().map_err(|error| PrepareError::Draft { path: path.to_owned(), error })?;
    match Signed::check(entry, &FirstKeys) {
        Ok(_) => Ok(()),
        Err(error) => Err(PrepareError::Signature { path: path.to_owned(), error: Box::new(error) }),
    }
}

/// Returns who has not signed a draft of a genesis yet.
pub fn lacking(path: &Path, draft: &Draft) -> Result<Vec<AccountId>, PrepareError> {
    let failed = |error| match error {
        MissingError::Draft(error) => PrepareError::Draft { path: path.to_owned(), error },
        MissingError::Refused(refusal) => PrepareError::Draft { path: path.to_owned(), error: refusal.into() },
        MissingError::Unreadable(unreadable) => {
            PrepareError::Signature { path: path.to_owned(), error: Box::new(unreadable.into()) }
        }
    };
    let missing = draft.missing(&FirstKeys).map_err(failed)?;
    Ok(missing.into_iter().map(|missing| missing.account).collect())
}

fn read_genesis_draft(path: &Path) -> Result<(Draft, Origin, Genesis), PrepareError> {
    let draft = read_draft(path)?;
    match draft.parts() {
        Ok(Text { origin, body: Body::Genesis(genesis), .. }) => Ok((draft, origin, genesis)),
        Ok(_) => Err(PrepareError::NoGenesis(path.to_owned())),
        Err(refusal) => Err(PrepareError::Draft { path: path.to_owned(), error: refusal.into() }),
    }
}

pub(crate) fn read_draft(path: &Path) -> Result<Draft, PrepareError> {
    let read = |error| PrepareError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    // One byte more than a draft may have, so that a longer file is none.
    File::open(path).map_err(read)?.take(DRAFT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(read)?;
    Draft::parse(&bytes).map_err(|error| PrepareError::Draft { path: path.to_owned(), error })
}

impl fmt::Display for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts: Vec<&str> = self.0.iter().map(AccountId::as_str).collect();
        f.write_str(&accounts.join(", "))
    }
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Prepared { dir, origin, genesis, old } = self;
        let file = |name: &str| dir.join(name).display().to_string();
        let dir = dir.display();
        let next = match old {
            Some(old) => format!("colophon-node init {dir} --succeeds {}", old.display()),
            None => format!("colophon-node init {dir} --begin"),
        };
        writeln!(f, "The register {origin} is prepared in {dir}, and has not begun")?;
        writeln!(f, "  verifier key  {}", genesis.log_vkey)?;
        writeln!(f, "  operator      {}", genesis.by)?;
        let (governors, threshold) = (genesis.governors.as_slice(), genesis.governor_threshold.get());
        write!(f, "{}", Governed { governors, threshold })?;
        if governors.len() as u64 == threshold {
            writeln!(f, "Each of them is needed for every act: with one key lost, nothing can be changed any more")?;
        }
        writeln!(f)?;
        let (log, operator) = (file(LOG_KEY_FILE), file(OPERATOR_KEY_FILE));
        writeln!(f, "Back up {log} and {operator}: serving needs both, and both are secret")?;
        writeln!(f)?;
        writeln!(
            f,
            "Its genesis is in {}. Each governor reads and signs it, one after the other:",
            file(GENESIS_DRAFT_FILE)
        )?;
        writeln!(f, "  colophon-node govern sign {GENESIS_DRAFT_FILE} --key FILE")?;
        writeln!(f, "Once all have signed, put it back in its place and begin the register:")?;
        writeln!(f, "  {next}")?;
        write!(f, "If each signs a copy instead, name the copies there: --signed FILE, for each")
    }
}
