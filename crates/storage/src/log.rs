//! The truth: every entry, one after the other, in one file; one write and one sync a batch.
//!
//! `entries.log` is the exact concatenation of the entry bundles of c2sp.org/tlog-tiles: a big-endian u16 length and the
//! entry, again and again. `tile.0`, `tile.1`, … are the dense hashes that its tiles are cut from, and `commits` has one
//! record a batch; both are hints that are written without a sync and compared with the entries when the log is opened.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::entry::seal::{BATCH_ENTRIES_MAX, Seal};
use colophon_ledger::entry::{ENTRY_BYTES_MAX, entry_id};
use colophon_ledger::field::Digest;
use colophon_tlog::hash::{HASH_BYTES, Hash, leaf_hash};
use colophon_tlog::tile::hashes_at;
use colophon_tlog::tree::{TileHashes, Tree, TreeSize};

use crate::cards::Cards;
use crate::commits::{COMMIT_BYTES, Commit};
use crate::disk::{Disk, RealDisk};
use crate::durable;
use crate::files::{ENTRIES_FILE, Files};
use crate::lock::{DirLock, LockError};
use crate::reader::LogReader;
use crate::recovery::{BATCH_BYTES_MAX, Recovered, Recovery, RecoveryError, Unsigned, largest_signed, recover};
use crate::scan::after_batch;
use crate::slots::{Slots, read_slots};

/// How many bytes stand before an entry and say how long it is.
const LENGTH_BYTES: usize = size_of::<u16>();

/// Why a register's files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one already.
    #[error("there is a register here already; choose another folder, or remove this one if nobody was ever shown it")]
    Exists,
    /// Another process is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The files cannot be written.
    #[error("the register's files cannot be made: {0}")]
    Write(#[from] io::Error),
}

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It is not as it should be.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The leaves are no whole batch that fits behind the last one. Nothing was written.
    #[error("the leaves are no batch that fits behind the last one: {0}")]
    NotABatch(&'static str),
    /// A write failed and was taken back: the log is as it was, and the batch may be appended again later.
    #[error("there is no room for the batch, and it was taken back: {0}")]
    Full(#[source] io::Error),
    /// It is not known what is on the disk. The process must end, and opening the log again must decide.
    #[error("the log could not be synced; the process must end: {0}")]
    Fatal(#[source] io::Error),
}

/// The log, for the one thread that appends.
#[derive(Debug)]
pub struct Log {
    files: Arc<Files>,
    position: Option<Position>,
    end: u64,
    tree: Tree,
    broken: bool,
    unsigned: Option<Unsigned>,
    /// Held for as long as the log is; a log on a disk of its own needs none.
    lock: Option<DirLock>,
}

/// Batches that are checked and laid out, and only have to be written.
struct Prepared {
    bytes: Vec<u8>,
    ends: Vec<u64>,
    tree: Tree,
    hashes: TileHashes,
    /// Where the batch after the last one begins; nothing before the first.
    position: Option<Position>,
    /// How many batches came before the first of these.
    height: u64,
    commits: Vec<Commit>,
}

impl Log {
    /// Makes the files of an empty register in `dir`: those of the log, the slots and the cards. Never touches a register
    /// that has entries or a checkpoint.
    pub fn create(dir: &Path) -> Result<(), CreateError> {
        durable::create_dir(dir)?;
        let _lock = DirLock::take(dir)?;
        Log::create_on(&RealDisk, dir)
    }

    /// Makes the files of an empty register on a disk of one's own, which nobody else may use meanwhile.
    pub fn create_on(disk: &dyn Disk, dir: &Path) -> Result<(), CreateError> {
        let entries = disk.create(&dir.join(ENTRIES_FILE))?;
        let signed = read_slots(disk, dir).is_ok_and(|slots| slots.iter().any(|slot| slot.notes().next().is_some()));
        if entries.length()? > 0 || signed {
            return Err(CreateError::Exists);
        }
        Slots::create_on(disk, dir)?;
        Cards::create_on(disk, dir)?;
        entries.sync()?;
        Ok(disk.sync_dir(dir)?)
    }

    /// Opens the register in `dir` for this process alone, and puts its log in order; see [`crate::recovery`].
    pub fn open(dir: &Path) -> Result<(Log, Recovery), OpenError> {
        if !dir.join(ENTRIES_FILE).exists() {
            return Err(RecoveryError::Missing.into());
        }
        let lock = DirLock::take(dir)?;
        Ok(Log::open_on(Arc::new(RealDisk), dir, Some(lock))?)
    }

    /// Opens the register in `dir` on a disk of one's own. The lock, if there is one, is held for as long as the log is.
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, lock: Option<DirLock>) -> Result<(Log, Recovery), RecoveryError> {
        let files = Files::open(disk, dir).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RecoveryError::Missing,
            _ => RecoveryError::Read(error),
        })?;
        let Recovered { position, end, tree, recovery, unsigned } = recover(&files)?;
        let log = Log { files: Arc::new(files), position, end, tree, broken: false, unsigned, lock };
        Ok((log, recovery))
    }

    /// Returns how many entries there are.
    pub fn size(&self) -> TreeSize {
        self.tree.size()
    }

    /// Returns the root of the tree of all entries.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Returns where the next batch begins; nothing before the first.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Returns the index at which the last batch begins, if the log was opened with one over which no checkpoint was signed.
    pub fn unsigned_from(&self) -> Option<u64> {
        self.unsigned.map(|unsigned| unsigned.first)
    }

    /// Cuts the batch that [`Log::unsigned_from`] tells of, once it was found to be against the rules: power failed while it was
    /// written, so its seal is there and some of an entry is not. Does nothing if there is no such batch.
    pub fn cut_unsigned(self) -> Result<Log, RecoveryError> {
        let Some(unsigned) = self.unsigned else { return Ok(self) };
        let cut = self.files.entries.truncate(unsigned.start).and_then(|()| self.files.entries.sync());
        cut.map_err(RecoveryError::Write)?;
        let dir = self.files.dir.clone();
        Ok(Log::open_on(Arc::clone(&self.files.disk), &dir, self.lock)?.0)
    }

    /// Cuts all batches after the first `size` entries. For a copy, which can fetch them again: of what its register published it
    /// holds more than it has published itself. The register's own log is never cut like this.
    ///
    /// Refuses to cut what a checkpoint in the slots covers. A batch that would be cut in two goes whole.
    pub fn cut_to(self, size: TreeSize) -> Result<Log, RecoveryError> {
        if size == self.size() {
            return Ok(self);
        }
        let (disk, dir) = (Arc::clone(&self.files.disk), self.files.dir.clone());
        let signed = largest_signed(&*disk, &dir)?.max(size.get());
        let end = match size.get().checked_sub(1) {
            None => Some(0),
            Some(before) => {
                let ends = self.files.ends.read().unwrap_or_else(PoisonError::into_inner);
                usize::try_from(before).ok().and_then(|before| ends.get(before).copied())
            }
        };
        let end = end.filter(|_| signed == size.get());
        let end = end.ok_or(RecoveryError::Shorter { size: size.get(), end: self.end, signed })?;
        let cut = self.files.entries.truncate(end).and_then(|()| self.files.entries.sync());
        cut.map_err(RecoveryError::Write)?;
        Ok(Log::open_on(disk, &dir, self.lock)?.0)
    }

    /// Returns a reader, for any thread.
    pub fn reader(&self) -> LogReader {
        LogReader::new(Arc::clone(&self.files))
    }

    /// Appends the leaves of one batch, its seal last. Durable when it returns, and only then can readers see it.
    pub fn append(&mut self, leaves: &[Vec<u8>]) -> Result<(), AppendError> {
        self.append_all([leaves])
    }

    /// Appends several batches with one write and one sync. Durable when it returns, and only then can readers see them.
    ///
    /// Together they must not be longer than [`BATCH_BYTES_MAX`], so that what a torn write leaves is never longer either.
    pub fn append_all<'b>(
        &mut self,
        batches: impl IntoIterator<Item = &'b [Vec<u8>], IntoIter: Clone>,
    ) -> Result<(), AppendError> {
        if self.broken {
            return Err(AppendError::Fatal(io::Error::other("a write failed before")));
        }
        let (batches, mut prepared) = (batches.into_iter(), self.nothing_prepared());
        prepared.bytes.reserve_exact(batches.clone().flatten().map(|leaf| LENGTH_BYTES + leaf.len()).sum());
        for leaves in batches {
            prepared.add(leaves, self.end)?;
        }
        if prepared.bytes.len() as u64 > BATCH_BYTES_MAX {
            return Err(AppendError::NotABatch("they are too long together"));
        }
        if let Err(error) = self.write(&prepared) {
            return Err(self.take_back(error));
        }
        if let Err(error) = self.files.entries.sync() {
            self.broken = true;
            return Err(AppendError::Fatal(error));
        }
        self.unsigned = None;
        self.end += prepared.bytes.len() as u64;
        self.position = prepared.position;
        self.tree = prepared.tree;
        self.files.ends.write().unwrap_or_else(PoisonError::into_inner).extend(prepared.ends);
        Ok(())
    }

    fn nothing_prepared(&self) -> Prepared {
        Prepared {
            bytes: Vec::new(),
            ends: Vec::new(),
            tree: self.tree.clone(),
            hashes: TileHashes::default(),
            position: self.position,
            height: self.position.map_or(0, |position| position.height),
            commits: Vec::new(),
        }
    }

    /// Writes batches behind the last one, their hints first: if there is no room for those, none of it has happened yet.
    fn write(&self, prepared: &Prepared) -> io::Result<()> {
        for (level, hashes) in prepared.hashes.levels.iter().enumerate() {
            let offset = self.hashes_before(level) * HASH_BYTES as u64;
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            self.files.make_tiles(level)?.write_at(&bytes, offset)?;
        }
        let commits: Vec<u8> = prepared.commits.iter().flat_map(Commit::encode).collect();
        self.files.commits.write_at(&commits, prepared.height * COMMIT_BYTES as u64)?;
        self.files.entries.write_at(&prepared.bytes, self.end)
    }

    /// Undoes a write that failed. What it left in the hints is beyond the end, and is written over.
    fn take_back(&mut self, error: io::Error) -> AppendError {
        let undone = self.files.entries.truncate(self.end).and_then(|()| self.files.entries.sync());
        match undone {
            Ok(()) => AppendError::Full(error),
            Err(worse) => {
                self.broken = true;
                AppendError::Fatal(worse)
            }
        }
    }

    fn hashes_before(&self, level: usize) -> u64 {
        u8::try_from(level).ok().and_then(|level| hashes_at(level, self.size())).unwrap_or(0)
    }
}

impl Prepared {
    /// Checks a batch and lays it out behind those before. `start` is where the first of them will begin in the file.
    fn add(&mut self, leaves: &[Vec<u8>], start: u64) -> Result<(), AppendError> {
        let position = match (self.position, leaves.first().and_then(|leaf| entry_id(leaf))) {
            (Some(position), _) => position,
            (None, Some(genesis)) => beginning(Digest(genesis)),
            (None, None) => return Err(AppendError::NotABatch("the first entry is no note")),
        };
        let (seal, entries) = leaves.split_last().ok_or(AppendError::NotABatch("it is empty"))?;
        if entries.len() as u64 > BATCH_ENTRIES_MAX || entries.iter().any(|entry| Seal::peek(entry).is_some()) {
            return Err(AppendError::NotABatch("it has too many entries, or a seal among them"));
        }
        let sealed = Seal::peek(seal).zip(entry_id(seal).map(Digest));
        let next = sealed.and_then(|(seal, id)| after_batch(&position, entries.len() as u64, &seal, id));
        self.position = Some(next.ok_or(AppendError::NotABatch("its last entry is no seal that fits"))?);
        for leaf in leaves {
            let length =
                u16::try_from(leaf.len()).ok().filter(|length| (1..=ENTRY_BYTES_MAX).contains(&usize::from(*length)));
            let length = length.ok_or(AppendError::NotABatch("an entry is empty or too long"))?;
            self.bytes.extend(length.to_be_bytes());
            self.bytes.extend(leaf);
            self.ends.push(start + self.bytes.len() as u64);
            self.tree.append(leaf_hash(leaf), &mut self.hashes);
        }
        self.commits.push(Commit {
            height: position.height,
            first: position.index,
            count: leaves.len() as u64,
            end: start + self.bytes.len() as u64,
            root: self.tree.root(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lying::LyingDisk;
    use crate::sample::{batches, entry, seal};
    use colophon_tlog::tile::{Bundle, Tile};
    use colophon_tlog::tree::EntryIndex;
    use proptest::prelude::*;

    fn dir() -> &'static Path {
        Path::new("/register")
    }

    fn size(size: u64) -> TreeSize {
        TreeSize::new(size).unwrap()
    }

    fn open(disk: &LyingDisk) -> (Log, Recovery) {
        Log::open_on(Arc::new(disk.clone()), dir(), None).unwrap()
    }

    fn fresh() -> (LyingDisk, Log) {
        let disk = LyingDisk::default();
        Log::create_on(&disk, dir()).unwrap();
        let (log, recovery) = open(&disk);
        assert_eq!(recovery, Recovery::default());
        (disk, log)
    }

    /// Checks everything a reader can ask of a log that holds exactly these leaves.
    fn check_reader(reader: &LogReader, leaves: &[Vec<u8>]) {
        let count = leaves.len() as u64;
        assert_eq!(reader.size(), size(count));
        let (mut tree, mut hashes) = (Tree::new(), TileHashes::default());
        for leaf in leaves {
            tree.append(leaf_hash(leaf), &mut hashes);
        }
        assert_eq!(reader.root(size(count)).unwrap(), tree.root());
        for (level, hashes) in hashes.levels.iter().enumerate() {
            for (index, tile) in hashes.chunks(256).enumerate() {
                let tile_there = Tile::at(u8::try_from(level).unwrap(), index as u64, size(count)).unwrap();
                let bytes: Vec<u8> = tile.iter().flat_map(|hash| *hash.as_bytes()).collect();
                assert_eq!(reader.tile(&tile_there).unwrap(), bytes);
            }
        }
        for index in 0..count.div_ceil(256) {
            let bundle = Bundle::at(index, size(count)).unwrap();
            let bytes = reader.bundle(&bundle).unwrap();
            let first = usize::try_from(index).unwrap() * 256;
            let expected: Vec<&[u8]> = leaves.iter().skip(first).take(256).map(Vec::as_slice).collect();
            assert_eq!(bundle.split(&bytes).unwrap(), expected);
        }
        for (index, leaf) in leaves.iter().enumerate() {
            assert_eq!(reader.entry(EntryIndex::new(index as u64).unwrap()).unwrap(), *leaf);
        }
    }

    #[test]
    fn what_is_appended_is_read_back_by_bundle_tile_and_proof() {
        let (disk, mut log) = fresh();
        let reader = log.reader();
        let mut leaves = Vec::new();
        for batch in batches(&[1, 254, 3, 300, 1]) {
            log.append(&batch).unwrap();
            leaves.extend(batch);
            check_reader(&reader, &leaves);
        }
        let (again, recovery) = open(&disk);
        assert_eq!(recovery, Recovery { entries: 564, batches: 5, ..Recovery::default() });
        assert_eq!((again.root(), again.position()), (log.root(), log.position()));
        check_reader(&again.reader(), &leaves);
        for index in [0, 255, 256, 563] {
            let index = EntryIndex::new(index).unwrap();
            let leaf = leaf_hash(&leaves[usize::try_from(index.get()).unwrap()]);
            let proof = reader.inclusion(index, log.size()).unwrap();
            colophon_tlog::proof::verify_inclusion(&leaf, index, log.size(), &proof, &log.root()).unwrap();
        }
        let (old, proof) = (reader.root(size(257)).unwrap(), reader.consistency(size(257), log.size()).unwrap());
        colophon_tlog::proof::verify_consistency(size(257), log.size(), &old, &log.root(), &proof).unwrap();
    }

    #[test]
    fn nothing_beyond_the_end_can_be_read() {
        let (_, mut log) = fresh();
        let reader = log.reader();
        assert_eq!(reader.root(TreeSize::ZERO).unwrap(), log.root());
        for batch in batches(&[1, 300]) {
            log.append(&batch).unwrap();
        }
        let index = |index| EntryIndex::new(index).unwrap();
        assert_eq!(reader.entries(index(0), 303).unwrap().len(), 303);
        assert!(reader.entries(index(0), 304).is_err());
        assert!(reader.entry(index(303)).is_err());
        assert!(reader.entries(index((u64::MAX >> 1) - 1), 4_096).is_err());
        assert!(matches!(reader.entries(index(0), 4_097), Err(crate::reader::ReadError::TooMany(4_097))));
        for path in ["tile/0/001.p/48", "tile/0/002.p/1", "tile/1/000.p/2", "tile/2/000.p/1", "tile/7/000"] {
            assert!(reader.tile(&Tile::parse(path).unwrap()).is_err(), "{path}");
        }
        for path in ["tile/entries/001.p/48", "tile/entries/001", "tile/entries/x999/x999/x999/999"] {
            assert!(reader.bundle(&Bundle::parse(path).unwrap()).is_err(), "{path}");
        }
        assert_eq!(reader.tile(&Tile::parse("tile/0/001.p/7").unwrap()).unwrap().len(), 7 * 32);
    }

    #[test]
    fn leaves_that_are_no_batch_are_not_appended() {
        let (_, mut log) = fresh();
        let good = batches(&[2, 2, 2]);
        log.append(&good[0]).unwrap();
        let position = log.position().unwrap();
        let [first, second, third] = [0, 1, 2].map(|place| good[1][place].clone());
        for bad in [
            vec![],
            vec![third.clone()],
            vec![first.clone(), second.clone()],
            vec![first.clone(), third.clone()],
            vec![third.clone(), second.clone(), third.clone()],
            vec![first.clone(), third.clone(), third.clone()],
            vec![first.clone(), vec![], third.clone()],
            vec![first.clone(), vec![b'x'; ENTRY_BYTES_MAX + 1], third.clone()],
            good[0].clone(),
            good[2].clone(),
            vec![first.clone(), second, seal(&Position { time_ms: 0, prev_seal: Digest(Hash::ZERO), ..position }, 2)],
        ] {
            assert!(matches!(log.append(&bad), Err(AppendError::NotABatch(_))));
        }
        log.append(&[first, vec![b'x'; ENTRY_BYTES_MAX], third]).unwrap();
        assert_eq!(log.size(), size(6));
    }

    #[test]
    fn a_batch_takes_a_thousand_entries_and_no_more() {
        let (disk, mut log) = fresh();
        log.append(&batches(&[1])[0]).unwrap();
        let position = log.position().unwrap();
        let mut leaves: Vec<_> = (2..1_003).map(entry).collect();
        leaves.push(seal(&position, 1_000));
        assert!(matches!(log.append(&leaves), Err(AppendError::NotABatch(_))));
        leaves.remove(0);
        log.append(&leaves).unwrap();
        assert_eq!(open(&disk).1, Recovery { entries: 1_003, batches: 2, ..Recovery::default() });
    }

    #[test]
    fn batches_appended_together_are_the_same_log() {
        let (together, mut log) = fresh();
        let all = batches(&[1, 300, 1, 7]);
        log.append_all(all.iter().map(Vec::as_slice)).unwrap();
        let (one_by_one, mut other) = fresh();
        for batch in &all {
            other.append(batch).unwrap();
        }
        assert_eq!((log.root(), log.position()), (other.root(), other.position()));
        check_reader(&log.reader(), &all.concat());
        for disk in [together, one_by_one] {
            let (entries, batches) = (313, 4);
            assert_eq!(open(&disk).1, Recovery { entries, batches, ..Recovery::default() });
        }
        // One of them is none: nothing is written.
        let (_, mut log) = fresh();
        assert!(matches!(log.append_all([&all[0][..], &all[2]]), Err(AppendError::NotABatch(_))));
        assert_eq!(log.size(), TreeSize::ZERO);
        log.append_all(all.iter().map(Vec::as_slice)).unwrap();
    }

    #[test]
    fn batches_together_are_no_longer_than_one_can_be() {
        let (_, mut log) = fresh();
        let long = |position, index: u64| {
            let (mut leaves, next) = crate::sample::batch(position, 600);
            for leaf in leaves.iter_mut().take(600).skip(usize::from(index == 0)) {
                *leaf = vec![b'x'; ENTRY_BYTES_MAX];
            }
            (leaves, next)
        };
        let (first, next) = long(None, 0);
        let (second, _) = long(Some(next), 601);
        assert!(matches!(log.append_all([&first[..], &second]), Err(AppendError::NotABatch(_))));
        log.append(&first).unwrap();
        log.append(&second).unwrap();
    }

    #[test]
    fn a_copy_is_cut_to_what_it_has_published_and_no_further() {
        let dir = tempfile::tempdir().unwrap();
        Log::create(dir.path()).unwrap();
        let (mut log, _) = Log::open(dir.path()).unwrap();
        let all = batches(&[1, 300, 5]);
        log.append_all(all.iter().take(2).map(Vec::as_slice)).unwrap();
        let published = crate::sample::checkpoint(303, log.root());
        Slots::open(dir.path()).unwrap().write(Some(&published), Some(&published)).unwrap();
        let (root, position) = (log.root(), log.position());
        log.append(&all[2]).unwrap();
        let log = log.cut_to(size(303)).unwrap();
        assert_eq!((log.size(), log.root(), log.position()), (size(303), root, position));
        check_reader(&log.reader(), &all[..2].concat());
        let mut log = log.cut_to(size(303)).unwrap();
        log.append(&all[2]).unwrap();
        assert!(matches!(log.cut_to(size(2)), Err(RecoveryError::Shorter { signed: 303, .. })));
        let (log, _) = Log::open(dir.path()).unwrap();
        assert_eq!(log.size(), size(309), "nothing was cut");
    }

    #[test]
    fn a_register_is_made_once_and_opened_by_one_process() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("art");
        assert!(matches!(Log::open(&dir), Err(OpenError::Recovery(RecoveryError::Missing))));
        Log::create(&dir).unwrap();
        Log::create(&dir).unwrap();
        let (mut log, _) = Log::open(&dir).unwrap();
        assert!(matches!(Log::open(&dir), Err(OpenError::Lock(LockError::Held { .. }))));
        assert!(matches!(Log::create(&dir), Err(CreateError::Lock(_))));
        for batch in batches(&[1, 300]) {
            log.append(&batch).unwrap();
        }
        let mut slots = Slots::open(&dir).unwrap();
        slots.write(Some(&crate::sample::checkpoint(303, log.root())), None).unwrap();
        drop(log);
        assert!(matches!(Log::create(&dir), Err(CreateError::Exists)));
        assert_eq!(Log::open(&dir).unwrap().1, Recovery { entries: 303, batches: 2, ..Recovery::default() });
        std::fs::write(dir.join(ENTRIES_FILE), "").unwrap();
        assert!(matches!(Log::create(&dir), Err(CreateError::Exists)), "a checkpoint was signed");
        assert!(matches!(Log::open(&dir), Err(OpenError::Recovery(RecoveryError::Shorter { .. }))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_log_closed_between_any_batches_is_the_same_log(counts in proptest::collection::vec(1_u64..90, 1..8)) {
            let (disk, mut log) = fresh();
            let mut leaves = Vec::new();
            for batch in batches(&counts) {
                log.append(&batch).unwrap();
                leaves.extend(batch);
                let root = log.root();
                let (reopened, recovery) = open(&disk);
                prop_assert_eq!((recovery.cut_bytes, recovery.healed.len()), (0, 0));
                log = reopened;
                prop_assert_eq!(log.root(), root);
            }
            check_reader(&log.reader(), &leaves);
        }
    }
}
