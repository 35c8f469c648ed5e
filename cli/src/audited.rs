//! What this person has replayed of registers, and what an audit needs to go on where the last one ended or was broken off.
//!
//! ```text
//! LOG.roots            the root of a log at each seal, up to where an audit came to its end; LOG: SHA-256 of its verifier key
//! GENESIS/records      the records as of the last batch that was judged, and some that came later
//! GENESIS/roots        the root at each seal so far
//! GENESIS/stage        how far the audit has come, and what was claimed so far: JSON below its own digest
//! ```
//!
//! Lost or damaged, the audit is made again from the beginning. Whoever can write these files decides what this person takes for
//! replayed.

pub mod records;
pub mod roots;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use colophon_ledger::audit::Stage;
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::state_root::StateTree;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::{Tree, TreeSize};
use serde::{Deserialize, Serialize};

use crate::audited::records::RecordFile;
use crate::audited::roots::{RootList, root_at};
use crate::failure::Failure;
use crate::home::{Home, clear_aside, create_private_dir, private_options, read_file, replace_private_file};

/// What stands in the file of a stage. Another form of it, or of the records, gets another number.
const STAGE_FORM: &str = "colophon.audited/v1";
/// The longest file of a stage, in bytes: every country bordering on every other one takes less.
const STAGE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Returns whether this person has replayed the log that a checkpoint is of, up to it.
pub fn holds(home: &Home, log: &VerifierKey, checkpoint: &Checkpoint) -> Result<bool, Failure> {
    let path = path_of(home, log);
    let root = match File::open(&path).and_then(|file| root_at(file, checkpoint.size.get())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => found.map_err(|error| unusable(&path, &error))?,
    };
    Ok(root == Some(checkpoint.root))
}

fn path_of(home: &Home, log: &VerifierKey) -> PathBuf {
    home.audited_dir().join(format!("{}.roots", sha256(log.to_string().as_bytes())))
}

/// The directory of one register's audit. Nobody else may use it as long as this lives.
#[derive(Debug)]
pub struct AuditDir {
    home: Home,
    genesis: EntryId,
    dir: PathBuf,
    _lock: File,
}

/// An audit's files, and how far it has come.
#[derive(Debug)]
pub struct Kept {
    /// The records of the stage.
    pub records: RecordFile,
    /// The state tree of them.
    pub state: StateTree,
    /// The tree of the log so far.
    pub log: Tree,
    /// The roots so far.
    pub roots: RootList,
    /// How far the audit has come.
    pub stage: Stage,
}

/// The file of a stage.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageFile {
    form: String,
    genesis: EntryId,
    /// The roots of the subtrees of the log, left to right.
    log: Vec<Digest>,
    /// How much of the file of records counts.
    records_bytes: u64,
    stage: Stage,
    state: Digest,
}

impl AuditDir {
    /// Opens the directory of a register's audit, and makes it if it is missing.
    pub fn open(home: &Home, genesis: EntryId) -> Result<AuditDir, Failure> {
        let dir = home.audited_dir().join(genesis.to_string());
        create_private_dir(&dir)?;
        let path = dir.join("lock");
        let lock = private_options().write(true).create(true).open(&path).map_err(|error| unusable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("another audit of this register is under way ({})", path.display());
                return Err(Failure::try_again(what, "let it finish, then try again"));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
        }
        clear_aside(&dir)?;
        Ok(AuditDir { home: home.clone(), genesis, dir, _lock: lock })
    }

    /// Returns the files of a new audit: empty, whatever was there before.
    pub fn begin(&self) -> Result<(RecordFile, RootList), Failure> {
        let stage = self.dir.join("stage");
        match fs::remove_file(&stage) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(&stage, &error)),
            _ => {}
        }
        let (records, roots) = (self.dir.join("records"), self.dir.join("roots"));
        let records = RecordFile::begin(&records).map_err(|error| unusable(&records, &error))?;
        let roots = RootList::begin(&roots).map_err(|error| unusable(&roots, &error))?;
        Ok((records, roots))
    }

    /// Takes up what an audit kept, if one did. All of it must fit together, or the error says what does not.
    pub fn resume(&self) -> Result<Option<Kept>, String> {
        let path = self.dir.join("stage");
        let Some(bytes) = read_file(&path, STAGE_BYTES_MAX).map_err(|failure| failure.what().to_owned())? else {
            return Ok(None);
        };
        let misfit = |name: &str, why: &dyn std::fmt::Display| format!("{}: {why}", self.dir.join(name).display());
        let file = read_stage(&bytes).filter(|file| file.genesis == self.genesis);
        let file = file.ok_or_else(|| misfit("stage", &"not as it was written"))?;
        let log = TreeSize::new(file.stage.position.index)
            .and_then(|size| Tree::from_subtrees(size, file.log.iter().map(|root| root.0).collect()));
        let log = log.ok_or_else(|| misfit("stage", &"the log has another size"))?;
        let roots = self.dir.join("roots");
        let roots = RootList::resume(&roots, file.stage.claims.batches, log.size().get(), &log.root())
            .map_err(|error| misfit("roots", &error))?;
        let records = RecordFile::resume(&self.dir.join("records"), file.records_bytes);
        let (records, state) = records.map_err(|error| misfit("records", &error))?;
        if state.root() != file.state.0 {
            return Err(misfit("records", &"they are not those that the last seal stands for"));
        }
        Ok(Some(Kept { records, state, log, roots, stage: file.stage }))
    }

    /// Keeps how far an audit has come. Durable when it returns.
    pub fn save(
        &self,
        stage: &Stage,
        state: &Hash,
        log: &Tree,
        (records, roots): (&mut RecordFile, &mut RootList),
    ) -> Result<(), Failure> {
        records.sync().map_err(|error| unusable(&self.dir.join("records"), &error))?;
        roots.sync().map_err(|error| unusable(&self.dir.join("roots"), &error))?;
        let file = StageFile {
            form: STAGE_FORM.to_owned(),
            genesis: self.genesis,
            log: log.subtree_roots().iter().copied().map(Digest).collect(),
            records_bytes: records.bytes(),
            stage: stage.clone(),
            state: Digest(*state),
        };
        let json = serde_json::to_string(&file).expect("numbers and text are JSON");
        let path = self.dir.join("stage");
        replace_private_file(&path, format!("{}\n{json}", sha256(json.as_bytes())).as_bytes())
    }

    /// Lets the roots count from now on: the audit of the log with this key has come to its end. Durable when it returns.
    pub fn finish(&self, roots: &RootList, log: &VerifierKey) -> Result<(), Failure> {
        let path = path_of(&self.home, log);
        let aside = path.with_extension(format!("aside-{}", std::process::id()));
        let put = || {
            fs::copy(roots.path(), &aside)?;
            File::open(&aside)?.sync_all()?;
            fs::rename(&aside, &path)?;
            File::open(self.home.audited_dir())?.sync_all()
        };
        put().map_err(|error| {
            // The error that is returned says more than one about the clearing up.
            let _cleared = fs::remove_file(&aside);
            unusable(&path, &error)
        })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.dir
    }
}

fn read_stage(bytes: &[u8]) -> Option<StageFile> {
    let (digest, json) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    if sha256(json.as_bytes()).to_string() != digest {
        return None;
    }
    serde_json::from_str(json).ok().filter(|file: &StageFile| file.form == STAGE_FORM)
}

pub(crate) fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(
        format!("{}: {error}", path.display()),
        "check the disk; if the file is damaged, delete it and audit again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::audit::{Claims, Keep as _};
    use colophon_ledger::batch::beginning;
    use colophon_ledger::state::{Changes, RecordKey, Records as _};
    use colophon_tlog::key::SecretKey;
    use colophon_tlog::note::Algorithm;
    use colophon_tlog::tree::TileHashes;

    fn key(seed: u8) -> VerifierKey {
        VerifierKey::new("registry.example", Algorithm::Ed25519, SecretKey::from_seed([seed; 32]).public()).unwrap()
    }

    fn checkpoint(size: u64, root: Hash) -> Checkpoint {
        Checkpoint { origin: "registry.example".to_owned(), size: TreeSize::new(size).unwrap(), root }
    }

    fn home() -> (tempfile::TempDir, Home) {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        (directory, home)
    }

    fn genesis() -> EntryId {
        Digest(sha256(b"genesis"))
    }

    fn root(size: u64) -> Hash {
        sha256(&size.to_be_bytes())
    }

    #[test]
    fn exactly_what_was_replayed_is_held() {
        let (_directory, home) = home();
        assert!(!holds(&home, &key(1), &checkpoint(2, root(2))).unwrap());
        let sizes: Vec<u64> = (1..200).map(|n| n * 3 - 1).collect();
        let dir = AuditDir::open(&home, genesis()).unwrap();
        let (_, mut roots) = dir.begin().unwrap();
        for size in &sizes {
            roots.add(*size, &root(*size)).unwrap();
        }
        roots.sync().unwrap();
        assert!(!holds(&home, &key(1), &checkpoint(2, root(2))).unwrap(), "an audit under way counts for nothing");
        dir.finish(&roots, &key(1)).unwrap();
        for size in 0..620 {
            let held = holds(&home, &key(1), &checkpoint(size, root(size))).unwrap();
            assert_eq!(held, sizes.contains(&size), "{size}");
            assert!(!holds(&home, &key(1), &checkpoint(size, root(size + 1))).unwrap());
            assert!(!holds(&home, &key(2), &checkpoint(size, root(size))).unwrap());
        }
        // One that begins anew and comes to no end takes nothing away.
        drop(dir.begin().unwrap());
        assert!(holds(&home, &key(1), &checkpoint(2, root(2))).unwrap());
        assert_eq!(fs::read_dir(home.audited_dir()).unwrap().count(), 2);
    }

    /// Keeps a stage after `seals` batches of two entries, each of which made a record.
    fn keep_stage(dir: &AuditDir, seals: u64) -> (Changes, Tree) {
        let (mut records, mut roots) = dir.begin().unwrap();
        let (mut log, mut all) = (Tree::new(), Changes::new());
        for n in 0..seals {
            let changes = Changes::from([(RecordKey::File(Digest(root(n))), format!("record {n}"))]);
            all.extend(changes.clone());
            records.keep(changes);
            log.append(root(n), &mut TileHashes::default());
            log.append(root(n), &mut TileHashes::default());
            roots.add(log.size().get(), &log.root()).unwrap();
        }
        let mut stage = Stage { position: beginning(genesis()), claims: Claims::default() };
        (stage.position.index, stage.claims.batches) = (log.size().get(), seals);
        let state = tree_of(&all).root();
        dir.save(&stage, &state, &log, (&mut records, &mut roots)).unwrap();
        // What an interrupted audit did after it was last kept.
        records.keep(Changes::from([(RecordKey::Register, "later".to_owned())]));
        records.sync().unwrap();
        roots.add(log.size().get() + 1, &root(0)).unwrap();
        roots.sync().unwrap();
        (all, log)
    }

    fn tree_of(records: &Changes) -> StateTree {
        let digest = colophon_ledger::state::record_digest;
        StateTree::new().apply(records.iter().map(|(key, text)| (key.state_key(), digest(text))))
    }

    #[test]
    fn an_audit_is_taken_up_where_it_was_last_kept() {
        let (_directory, home) = home();
        let dir = AuditDir::open(&home, genesis()).unwrap();
        assert!(dir.resume().unwrap().is_none());
        let (all, log) = keep_stage(&dir, 21);
        assert!(AuditDir::open(&home, genesis()).is_err(), "two audits of one register at a time");
        let kept = dir.resume().unwrap().unwrap();
        assert_eq!((kept.log, kept.state.root()), (log, tree_of(&all).root()));
        assert_eq!((kept.stage.position.index, kept.stage.claims.batches), (42, 21));
        assert_eq!(kept.records.record(&RecordKey::Register), Ok(None));
        for (key, text) in all {
            assert_eq!(kept.records.record(&key), Ok(Some(text)));
        }
        dir.finish(&kept.roots, &key(1)).unwrap();
        assert!(holds(&home, &key(1), &checkpoint(42, dir.resume().unwrap().unwrap().log.root())).unwrap());
        assert!(!holds(&home, &key(1), &checkpoint(43, root(0))).unwrap());
    }

    #[test]
    fn whatever_is_damaged_is_not_taken_up() {
        let (_directory, home) = home();
        let dir = AuditDir::open(&home, genesis()).unwrap();
        for name in ["stage", "roots", "records"] {
            keep_stage(&dir, 3);
            dir.resume().unwrap().unwrap();
            let path = dir.path().join(name);
            let whole = fs::read(&path).unwrap();
            // Of the roots only the last is looked at here: a false one is never the root of a checkpoint.
            let from = if name == "roots" { whole.len() - 40 } else { 0 };
            for place in (from..whole.len()).step_by(7) {
                let mut other = whole.clone();
                other[place] ^= 0x10;
                fs::write(&path, &other).unwrap();
                assert!(dir.resume().is_err(), "{name} at {place}");
            }
            fs::write(&path, &whole[..whole.len() / 2]).unwrap();
            assert!(dir.resume().is_err(), "{name} cut");
            fs::write(&path, &whole).unwrap();
            dir.resume().unwrap().unwrap();
        }
        fs::remove_file(dir.path().join("records")).unwrap();
        assert!(dir.resume().is_err(), "records gone");
    }
}
