//! What a run has signed and what came of it, so that one that was cut off goes on where it was.
//!
//! ```text
//! {"format":"colophon.catalogue/v1","genesis":"fdd9…","account":"z6Mk…"}
//! {"signed":{"draft":{…},"file":{"path":"/home/ana/hills.png","bytes":48213,"modified_ns":1795466580000000000}}}
//! {"recorded":"8ed2…"}
//! {"refused":"2faed…"}
//! ```
//!
//! One file for each account at each register; lines are added and never changed. What is signed is on disk before it is sent, so
//! whatever the register may have recorded can be sent again, as it was, and gets the receipt that is there. A run that comes to
//! its end empties the file. It ends at the first line that cannot be read: what an interrupt cut short. Whoever can write it could have this
//! person send entries that they have signed, and see files passed over; lost, the works that the register has are found there.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft};
use colophon_ledger::field::{EntryId, WorkId};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::home::{Home, cannot, private_options, sync_dir};

/// The longest line: a draft, and a path of 4 KiB in which each byte may be written as six.
const LINE_BYTES_MAX: u64 = DRAFT_BYTES_MAX as u64 + 32 * 1024;
/// The most lines: two a work, for twice as many works as a list has.
const LINES_MAX: u64 = 400_000;
/// How many digits of the genesis are in the name of the file.
const GENESIS_DIGITS: usize = 16;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    format: Format,
    genesis: EntryId,
    account: AccountId,
}

impl Header {
    /// Returns the first line of the journal of an account at the register with this genesis.
    pub(super) fn new(genesis: EntryId, account: AccountId) -> Header {
        Header { format: Format::V1, genesis, account }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "colophon.catalogue/v1")]
    V1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Signed(SignedLine),
    Recorded(EntryId),
    Refused(EntryId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedLine {
    draft: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Stamp>,
}

/// A file as it was when it was read: if it still is so, it need not be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stamp {
    path: String,
    bytes: u64,
    modified_ns: u64,
}

impl Stamp {
    /// Returns the stamp of a file; none if its name is no text, or its time is before 1970.
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let path = std::path::absolute(path).ok()?.into_os_string().into_string().ok()?;
        Some(Stamp { path, bytes: metadata.len(), modified_ns: u64::try_from(modified.as_nanos()).ok()? })
    }
}

/// A signed mint, and the file that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// The mint, with all its signatures.
    pub(super) draft: Draft,
    /// Its file, when it was read.
    pub(super) stamp: Option<Stamp>,
}

/// Files whose works an earlier run brought into the register, as they were then.
#[derive(Debug, Default)]
pub(super) struct Done(HashMap<String, (Stamp, WorkId)>);

impl Done {
    /// Returns the work of a file that has not changed since.
    pub(super) fn work(&self, stamp: &Stamp) -> Option<WorkId> {
        self.0.get(&stamp.path).filter(|(then, _)| then == stamp).map(|(_, work)| *work)
    }

    /// Returns all works.
    pub(super) fn works(&self) -> impl Iterator<Item = WorkId> {
        self.0.values().map(|(_, work)| *work)
    }

    /// Adds the work of a file.
    pub(super) fn add(&mut self, stamp: Option<Stamp>, work: WorkId) {
        if let Some(stamp) = stamp {
            self.0.insert(stamp.path.clone(), (stamp, work));
        }
    }
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// What it signed and nothing was heard of, in the order of signing.
    pub(super) open: Vec<Signed>,
    /// What is in the register.
    pub(super) done: Done,
}

/// The journal of a run, held by no other run meanwhile.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal of an account at the register with this genesis, and returns what an earlier run left in it.
    pub(super) fn open(home: &Home, genesis: EntryId, account: &AccountId) -> Result<(Journal, Left), Failure> {
        let digits: String = genesis.to_string().chars().take(GENESIS_DIGITS).collect();
        let path = home.catalogues_dir().join(format!("{digits}-{account}.journal"));
        drop(home.lock()?);
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            let what = format!("{} is no file: nothing can be noted in it", path.display());
            return Err(Failure::failed(what, "move it away"));
        }
        let file = private_options().read(true).append(true).create(true).open(&path);
        let file = file.map_err(|error| cannot("write", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = "another catalogue of this account is being registered from here";
                return Err(Failure::try_again(what, "let it finish, then run the command again"));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &path, &error)),
        }
        let mut journal = Journal { file, path };
        let left = journal.read(&Header::new(genesis, *account))?;
        Ok((journal, left))
    }

    /// Notes what has been signed. Durable when it returns: only then may it be sent.
    pub(super) fn signed(&mut self, all: &[Signed]) -> Result<(), Failure> {
        let line = |Signed { draft, stamp }: &Signed| {
            let draft = serde_json::to_value(draft).expect("a draft is strings and integers");
            Line::Signed(SignedLine { draft, file: stamp.clone() })
        };
        self.append(all.iter().map(line))
    }

    /// Notes what is in the register, and what it refused.
    pub(super) fn settled(&mut self, recorded: &[EntryId], refused: &[EntryId]) -> Result<(), Failure> {
        let recorded = recorded.iter().map(|id| Line::Recorded(*id));
        self.append(recorded.chain(refused.iter().map(|id| Line::Refused(*id))))
    }

    /// Empties the journal: the run has come to its end.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.file.set_len(0).and_then(|()| self.file.sync_data()).map_err(|error| cannot("write", &self.path, &error))
    }

    fn append(&mut self, lines: impl Iterator<Item = Line>) -> Result<(), Failure> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&json(&line));
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| cannot("write", &self.path, &error))
    }

    /// Reads what is left in it. The first line that cannot be read is cut off with all behind it.
    fn read(&mut self, header: &Header) -> Result<Left, Failure> {
        let (left, whole_bytes) = read_lines(BufReader::new(&self.file), header, &self.path)?;
        let begins = whole_bytes == 0;
        let cut = self.file.set_len(whole_bytes).and_then(|()| {
            if begins {
                (&self.file).write_all(json(header).as_bytes())?;
            }
            self.file.sync_all()?;
            self.path.parent().map_or(Ok(()), sync_dir)
        });
        cut.map_err(|error| cannot("write", &self.path, &error))?;
        Ok(left)
    }
}

/// Reads the journal at `path` to its end or to the first line that cannot be read; returns what it says, and how many bytes that is.
pub(super) fn read_lines(mut reader: impl BufRead, header: &Header, path: &Path) -> Result<(Left, u64), Failure> {
    let (mut reading, mut line, mut whole_bytes) = (Reading::default(), Vec::new(), 0);
    for number in 0.. {
        line.clear();
        let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        let read = read.map_err(|error| cannot("read", path, &error))?;
        let is_whole = line.ends_with(b"\n");
        if number == 0 && is_whole && serde_json::from_slice::<Header>(&line).ok().as_ref() != Some(header) {
            return Err(Failure::failed(
                format!("{} is no journal of this account that this software can read", path.display()),
                "finish with the software that wrote it, or move the file away: what the register has is found there",
            ));
        }
        if number == LINES_MAX {
            let what = format!("{} has more than {LINES_MAX} lines", path.display());
            return Err(Failure::failed(what, "move it away: what the register has is found there"));
        }
        if !is_whole || (number > 0 && reading.take(&line).is_none()) {
            break;
        }
        whole_bytes += read as u64;
    }
    Ok((reading.left(), whole_bytes))
}

/// What has been read of a journal.
#[derive(Default)]
struct Reading {
    signed: BTreeMap<EntryId, (u64, Signed)>,
    /// How many have been signed.
    count: u64,
    done: Done,
}

impl Reading {
    fn take(&mut self, line: &[u8]) -> Option<()> {
        match serde_json::from_slice(line).ok()? {
            Line::Signed(SignedLine { draft, file }) => {
                let draft = Draft::parse(draft.to_string().as_bytes()).ok()?;
                self.signed.insert(draft.id(), (self.count, Signed { draft, stamp: file }));
                self.count += 1;
            }
            Line::Recorded(id) => {
                let (_, signed) = self.signed.remove(&id)?;
                self.done.add(signed.stamp, id);
            }
            Line::Refused(id) => drop(self.signed.remove(&id)?),
        }
        Some(())
    }

    fn left(self) -> Left {
        let mut open: Vec<(u64, Signed)> = self.signed.into_values().collect();
        open.sort_by_key(|(number, _)| *number);
        Left { open: open.into_iter().map(|(_, signed)| signed).collect(), done: self.done }
    }
}

fn json<T: Serialize>(line: &T) -> String {
    serde_json::to_string(line).expect("what is noted is strings and integers") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use colophon_ledger::account::AccountPrev;
    use colophon_ledger::entry::profile::{Profile, ProfileWord};
    use colophon_ledger::entry::{Body, text_of};
    use colophon_ledger::field::Digest;
    use colophon_ledger::register::Register;
    use colophon_tlog::hash::{Hash, sha256};
    use colophon_tlog::key::SecretKey;

    const GENESIS: EntryId = Digest(Hash::ZERO);

    fn account() -> AccountId {
        AccountId::from(&SecretKey::from_seed([7; 32]).public())
    }

    fn signed(number: u8) -> Signed {
        let body = Body::Profile(Profile {
            by: account(),
            card: Digest(sha256(&[number])),
            country: "CN".parse().unwrap(),
            kind: ProfileWord::It,
            prev: AccountPrev::Account(account()),
        });
        let register = Register { origin: "registry.example".parse().unwrap(), genesis: GENESIS };
        let mut draft = Draft::new(text_of(&register, &body), None, None).unwrap();
        draft.sign(&account(), SecretKey::from_seed([7; 32])).unwrap();
        let stamp = Stamp { path: format!("/art/{number}\"\n.png"), bytes: 1, modified_ns: u64::from(number) };
        Signed { draft, stamp: Some(stamp) }
    }

    struct Desk {
        _directory: tempfile::TempDir,
        home: Home,
    }

    impl Desk {
        fn new() -> Desk {
            let directory = tempfile::tempdir().unwrap();
            let home = Home::locate(Some(directory.path())).unwrap();
            Desk { _directory: directory, home }
        }

        fn open(&self) -> Result<(Journal, Left), Failure> {
            Journal::open(&self.home, GENESIS, &account())
        }

        fn path(&self) -> PathBuf {
            let mut files = std::fs::read_dir(self.home.catalogues_dir()).unwrap();
            files.next().unwrap().unwrap().path()
        }
    }

    /// Writes a journal of three mints, of which one is recorded and one refused.
    fn written(desk: &Desk) -> Vec<u8> {
        let (mut journal, left) = desk.open().unwrap();
        assert!(left.open.is_empty());
        let all = [signed(1), signed(2), signed(3)];
        journal.signed(&all).unwrap();
        journal.settled(&[all[1].draft.id()], &[all[0].draft.id()]).unwrap();
        std::fs::read(desk.path()).unwrap()
    }

    #[test]
    fn what_nothing_was_heard_of_is_left_and_what_is_recorded_is_known() {
        let desk = Desk::new();
        written(&desk);
        let (journal, left) = desk.open().unwrap();
        assert_eq!(left.open, [signed(3)]);
        let stamp = signed(2).stamp.unwrap();
        assert_eq!(left.done.work(&stamp), Some(signed(2).draft.id()));
        assert_eq!(left.done.work(&Stamp { modified_ns: 9, ..stamp }), None, "the file was changed since");
        assert_eq!(left.done.work(&signed(1).stamp.unwrap()), None);
        journal.finish().unwrap();
        assert!(std::fs::read(desk.path()).unwrap().is_empty());
        let (_, left) = desk.open().unwrap();
        assert_eq!((left.open.len(), left.done.works().count()), (0, 0));
    }

    #[test]
    fn wherever_it_is_cut_off_it_goes_on_from_its_last_whole_line() {
        let desk = Desk::new();
        let whole = written(&desk);
        let path = desk.path();
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (mut journal, left) = desk.open().unwrap();
            let lines = whole[..length].split(|byte| *byte == b'\n').count() - 1;
            let open = [0, 0, 1, 2, 3, 2, 1][lines];
            assert_eq!((left.open.len(), left.done.works().count()), (open, usize::from(lines >= 5)), "{length}");
            journal.signed(&[signed(9)]).unwrap();
            drop(journal);
            let (_, left) = desk.open().unwrap();
            assert_eq!(left.open.len(), open + 1, "cut at {length}");
            assert_eq!(left.open.last(), Some(&signed(9)));
        }
    }

    #[test]
    fn what_stands_behind_a_damaged_line_is_cut_off() {
        let desk = Desk::new();
        let whole = written(&desk);
        let path = desk.path();
        for place in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x15;
            std::fs::write(&path, &damaged).unwrap();
            match desk.open() {
                Ok((_, left)) => assert!(left.open.len() <= 3, "{place}"),
                Err(failure) => assert_eq!(failure.exit(), Exit::Failed),
            }
        }
    }

    #[test]
    fn two_runs_of_one_account_do_not_mix() {
        let desk = Desk::new();
        let (journal, _) = desk.open().unwrap();
        assert_eq!(desk.open().unwrap_err().exit(), Exit::TryAgain);
        drop(journal);
        desk.open().unwrap();
    }

    #[test]
    fn a_line_ends_at_its_limit() {
        let desk = Desk::new();
        written(&desk);
        let path = desk.path();
        let mut bytes = std::fs::read(&path).unwrap();
        let length = bytes.len() as u64;
        bytes.resize(bytes.len() + usize::try_from(LINE_BYTES_MAX).unwrap() + 1, b' ');
        bytes.push(b'\n');
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(desk.open().unwrap().1.open.len(), 1);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), length);
    }

    #[test]
    fn a_journal_of_another_kind_is_left_alone() {
        let desk = Desk::new();
        written(&desk);
        std::fs::write(desk.path(), "{\"format\":\"colophon.catalogue/v2\"}\n").unwrap();
        assert_eq!(desk.open().unwrap_err().exit(), Exit::Failed);
        assert!(std::fs::read_to_string(desk.path()).unwrap().contains("v2"));
    }
}
